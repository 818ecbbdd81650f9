"""What earlier writers left of a run, for the one that takes it up: the step, the time, the values to go on from.

A run is taken up by a new attempt (after a crash, after its end, at an earlier step) or by a rank that joins it while
others write. Each has files of its own; nobody ever writes to a file of another.
"""

import math
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from runstore.errors import StoreError, UsageError
from runstore.format import records, values
from runstore.format.host import hostname
from runstore.format.layout import StoreLayout, make_below
from runstore.format.metrics import Metric, load_metrics
from runstore.format.records import RunMeta
from runstore.format.run_layout import (
    RunLayout,
    WriterLayout,
    is_attempt,
    is_heartbeat,
    is_packed,
    packed_name,
    scan_run,
    written_by,
)
from runstore.reading.rows import decode_line, number
from runstore.reading.states import derive_state
from runstore.reading.stitching import all_rows, ceilings, step_of, whole_lines

_MOMENT = re.compile(r"^(?P<run>.+)\?_step=(?P<step>\d{1,15})$", re.DOTALL)
_TAIL = 1 << 20


@dataclass(frozen=True, slots=True)
class Moment:
    """A step of a run: `<run id>?_step=<step>`."""

    run: str
    step: int


def parse_moment(text: str, argument: str) -> Moment:
    """The moment that an argument names. Raises `UsageError`."""
    match = _MOMENT.match(str(text).strip())
    if match is None:
        raise UsageError(f"{argument} is {text!r}, expected '<run id>?_step=<number>', such as 'ans3bsax?_step=123'")
    return Moment(match["run"], int(match["step"]))


@dataclass(frozen=True, slots=True)
class Beginning:
    """How one writer begins: at which step and run time, with which summary.

    `rows` are lines of the history that `summary` does not know yet, in the order they count; `history` gives every
    line so far, `nested` the paths of keys that were joined by dots, `metrics` what was defined. `facts` go into the
    writer's provenance. `primary` is False for a rank that joins a run which another process leads.
    """

    step: int = 0
    runtime: float = 0.0
    summary: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[bytes, ...] = ()
    history: Callable[[], Iterable[bytes]] = tuple
    nested: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    resumed: bool = False
    primary: bool = True
    shared: bool = False
    unfinished: "Unfinished | None" = None


@dataclass(frozen=True, slots=True)
class Past:
    """A run as its earlier writers left it. `tracked` is how long they worked on it, in seconds; `missing` says that it
    never came to the step that is gone back to."""

    meta: RunMeta
    config: dict[str, Any]
    step: int
    runtime: float
    tracked: float
    summary: dict[str, Any]
    rows: tuple[bytes, ...]
    history: Callable[[], Iterable[bytes]]
    nested: dict[str, tuple[str, ...]]
    metrics: tuple[Metric, ...]
    alive: bool
    missing: str = ""

    def beginning(self, **facts: Any) -> Beginning:
        """How the next attempt begins; `facts` say more of it."""
        return Beginning(
            step=self.step,
            runtime=self.runtime,
            summary=self.summary,
            rows=self.rows,
            history=self.history,
            nested=self.nested,
            metrics=self.metrics,
            resumed=True,
            facts={"starting_step": self.step, "starting_runtime": self.runtime, "tracked": self.tracked, **facts},
        )


def read_past(layout: RunLayout, upto: int | None = None) -> Past:
    """What there is of a run; with `upto` only its rows up to that step, and a summary of nothing but these.

    Raises `StoreError` for a config that cannot be read: going on would lose it.
    """
    try:
        scanned = scan_run(layout.path)
        provenances = read_provenances(scanned.files)
        last = _summary(layout.summary_json)
        summary = {} if upto is not None else last
        found = _Rows(summary)
        histories = layout.histories()
        ceiling = ceilings(provenances, (_writer(path) for path in histories))
        limit = math.inf if upto is None else upto
        for path in reversed(histories):
            if is_attempt(_writer(path)):
                found.read(path, min(ceiling[_writer(path)], limit))
            elif upto is None:
                found.glance(path)
    except OSError as error:
        raise records.unreadable(layout.path, error) from None
    total = _tracked(layout, provenances, [stat.st_mtime for path, stat in scanned.files if is_heartbeat(path.name)])
    tracked = max(total, found.longest)
    return Past(
        meta=_meta(layout),
        config=records.load_config(layout.config_yaml),
        step=(upto if upto is not None else found.last_step) + 1,
        runtime=tracked if upto is None else found.longest,
        tracked=tracked,
        summary=summary,
        rows=found.lines(),
        history=partial(_lines, [(path, min(ceiling[_writer(path)], limit)) for path in histories]),
        nested={".".join(path): path for path, _ in values.flatten(last) if len(path) > 1},
        metrics=_metrics(layout),
        alive=_alive(layout, [path for path, _ in scanned.files if is_heartbeat(path.name)]),
        missing="" if upto is None else found.short_of(upto),
    )


def _writer(path: Path) -> str:
    return (written_by(path.name) or ("", ""))[1]


def read_provenances(files: list[tuple[Path, os.stat_result]]) -> dict[str, dict[str, Any]]:
    found = {}
    for path, _ in files:
        stem, writer = written_by(path.name) or ("", "")
        if stem == "provenance":
            try:
                found[writer] = records.read_json_object(path)
            except StoreError:
                continue  # It says where the run came from: nothing to go on with is lost.
    return found


def _summary(path: Path) -> dict[str, Any]:
    try:
        return records.read_json_object(path)
    except StoreError:
        return {}  # The rows say it all again, but for what the script assigned.


def _metrics(layout: RunLayout) -> tuple[Metric, ...]:
    try:
        return load_metrics(layout.metrics_yaml)
    except StoreError:
        return ()  # The script defines them again.


def _lines(histories: list[tuple[Path, float]]) -> Iterator[bytes]:
    """Every row of these histories as a line, those behind a history's highest step left out."""
    for path, ceiling in histories:
        try:
            for at, line in enumerate(whole_lines(path)):
                rows = decode_line(line)[0]
                for row in rows:
                    if "_step" in row and step_of(row, at) <= ceiling:
                        yield line if len(rows) == 1 and line.startswith(b"{") else values.dump_line(row)
        except OSError:
            continue  # It was read when the run began; a disk that fails now must not reach the script.


def _meta(layout: RunLayout) -> RunMeta:
    try:
        return records.load_run(layout.run_yaml)
    except StoreError:
        return RunMeta(id=layout.id)


def _tracked(layout: RunLayout, provenances: Mapping[str, Mapping[str, Any]], beats: list[float]) -> float:
    """How long the run was worked on, as far as its last attempt, its end and its heartbeats tell."""
    attempts = [writer for writer in provenances if is_attempt(writer)]
    if not attempts:
        return 0.0
    last = provenances[max(attempts, key=lambda writer: int(writer or "1"))]
    try:
        state = records.load_state(layout.state_json)
    except StoreError:
        state = None
    started = records.parse_time(str(last.get("started")))
    ended = records.parse_time(state.finished) if state is not None else None
    end = ended if ended is not None else max(beats, default=0.0)
    before = number(last.get("tracked")) or 0.0
    return before + (max(end - started, 0.0) if started is not None else 0.0)


def _alive(layout: RunLayout, beats: list[Path]) -> bool:
    """Whether a process still writes the run."""
    try:
        state = records.load_state(layout.state_json)
    except StoreError:
        return False
    if state is None or state.state != "running":
        return False
    return any(derive_state(state, records.load_heartbeat(beat), _mtime(beat)) == "running" for beat in beats)


def _mtime(path: Path) -> float | None:
    try:
        return path.lstat().st_mtime
    except OSError:
        return None


class _Rows:
    """The rows that a summary lacks, gathered from histories, the last one first.

    A history is read from its end back to where the summary was saved: `_runtime` only grows. Without a summary, and
    up to a given step, it is read whole. Of rows with the same keys the one at the highest step says it all.
    """

    def __init__(self, summary: Mapping[str, Any]) -> None:
        step, known = number(summary.get("_step")), number(summary.get("_runtime"))
        self._known = known if step is not None else None
        self._files: list[list[tuple[float, dict[str, Any]]]] = []
        self.last_step = int(step) if step is not None and math.isfinite(step) else -1
        self.longest = self._known or 0.0
        self._cut = False

    def read(self, path: Path, ceiling: float) -> None:
        """Takes the rows of an attempt's history up to `ceiling`. Raises `OSError`."""
        whole = self._known is None or ceiling < math.inf
        rows = all_rows(path) if whole else _rows_of(_tail(path, self._known or 0.0))
        shapes: dict[tuple[str, ...], tuple[float, dict[str, Any]]] = {}
        for at, row in rows:
            step = row.get("_step")
            if type(step) is not int:
                step = step_of(row, at)
                if not math.isfinite(step):
                    continue
            if step > ceiling:
                self._cut = True
                continue
            if None in row.values():
                row = {key: value for key, value in row.items() if value is not None}
            if (shape := tuple(row)) not in shapes or shapes[shape][0] <= step:
                shapes[shape] = step, row
        self._note(list(shapes.values()))

    def glance(self, path: Path) -> None:
        """Takes but the step and the time of a rank's last row: its values are in a summary of its own."""
        rows = [row for line in _tail(path, math.inf, with_known=True) for row in decode_line(line)[0]]
        self._note([(step_of(row, 0), {}) for row in rows if math.isfinite(step_of(row, 0))])

    def _note(self, rows: list[tuple[float, dict[str, Any]]]) -> None:
        self._files.append(rows)
        self.last_step = max([self.last_step, *(int(step) for step, _ in rows)])
        runtimes = (number(row.get("_runtime")) for _, row in rows)
        self.longest = max([self.longest, *(one for one in runtimes if one is not None and math.isfinite(one))])

    def short_of(self, step: int) -> str:
        """What is to be said where no row was ever logged at `step` or behind it; else ""."""
        if self._cut or self.last_step >= step:
            return ""
        last = f"its last step is {self.last_step}" if self.last_step >= 0 else "it has no row"
        return f"never came to step {step}: {last}; check the step, if that is not meant"

    def lines(self) -> tuple[bytes, ...]:
        """The rows as lines by their steps, of equal steps those of later attempts last."""
        rows = [item for file in reversed(self._files) for item in file if item[1]]
        rows.sort(key=lambda item: item[0])
        return tuple(values.dump_line({**row, "_step": int(step)}) for step, row in rows)


def _rows_of(lines: Iterable[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    for at, line in enumerate(lines):
        for row in decode_line(line)[0]:
            yield at, row


def _tail(path: Path, known: float, *, with_known: bool = False) -> list[bytes]:
    """The lines behind the last row whose `_runtime` is at most `known`, or that one too; all when there is none."""
    found: list[bytes] = []
    if is_packed(path.name):
        lines = list(whole_lines(path))
        kept = next((at for at in reversed(range(len(lines))) if _is_known(lines[at], known)), None)
        return lines if kept is None else lines[kept + (not with_known) :]
    with path.open("rb", buffering=0) as file:
        end = os.fstat(file.fileno()).st_size
        carry = b""
        while end > 0:
            start = max(0, end - _TAIL)
            lines = (os.pread(file.fileno(), end - start, start) + carry).split(b"\n")
            carry, end = (lines[0], start) if start else (b"", 0)
            for line in reversed(lines[1:] if start else lines):
                if _is_known(line, known):
                    return [*([line] if with_known else []), *reversed(found)]
                found.append(line)
    return found[::-1]


def _is_known(line: bytes, known: float) -> bool:
    """Whether a line has a row whose `_runtime` is at most `known`."""
    runtimes = [number(row.get("_runtime")) for row in decode_line(line)[0]]
    return any(runtime is not None and runtime <= known for runtime in runtimes)


def claim_attempt(layout: RunLayout) -> WriterLayout:
    """The files of the run's next attempt, which nobody else has. Raises `OSError`."""
    taken = [found[1] for path, _ in scan_run(layout.path).files if (found := written_by(path.name)) is not None]
    attempts = [int(writer or "1") for writer in taken if is_attempt(writer)]
    number = max(attempts, default=0) + 1
    while not _claim(writer := layout.writer(None if number == 1 else str(number))):
        number += 1
    return writer


def clear_dead(layout: RunLayout) -> None:
    """Removes the heartbeats of earlier writers whose processes are gone. Raises `OSError` when it cannot look."""
    for path, _ in scan_run(layout.path).files:
        if is_heartbeat(path.name):
            beat = records.load_heartbeat(path)
            if derive_state(records.RunState(), beat, _mtime(path)) != "running":
                path.unlink(missing_ok=True)


def claim_rank(layout: RunLayout, label: str) -> WriterLayout:
    """The files of a rank that is called `label`, or nearly so. Raises `OSError`, `UsageError` for an odd label."""
    name = f"rank{label}" if label.isdecimal() else label
    number = 1
    while not _claim(writer := layout.writer(name if number == 1 else f"{name}-{number}")):
        number += 1
    return writer


def claim_lead(layout: RunLayout) -> WriterLayout | None:
    """The files of a run's first writer, None when somebody has them. Raises `OSError`."""
    writer = layout.writer()
    return writer if _claim(writer) else None


def _claim(writer: WriterLayout) -> bool:
    if os.path.lexists(writer.history.with_name(packed_name(writer.history.name) or "")):
        return False  # It was archived: a new file would stand before its rows.
    try:
        os.close(os.open(writer.history, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
    except FileExistsError:
        return False
    return True


class Unfinished:
    """Remembers, beside the store, which run of this script on this machine has not finished yet."""

    def __init__(self, store: StoreLayout, project: str) -> None:
        import hashlib  # Not at the top: it links OpenSSL, which most runs never need.

        main = sys.modules.get("__main__")
        script = os.path.abspath(getattr(main, "__file__", None) or os.getcwd())
        key = "\0".join((hostname(), project, script)).encode(errors="surrogateescape")
        self._store = store
        self._path = store.unfinished(hashlib.sha256(key).hexdigest()[:32])

    def recall(self) -> str | None:
        """The run's id, None when there is none."""
        try:
            found = records.read_json_object(self._path).get("run_id")
        except StoreError:
            return None
        return found if isinstance(found, str) and found else None

    def remember(self, run_id: str) -> None:
        """Keeps the id. A place that cannot be written keeps none: the next run is a new one."""
        try:
            make_below(self._store.root, self._path.parent)
            records.write_atomically(self._path, orjson.dumps({"run_id": run_id}))
        except (OSError, StoreError):
            return

    def forget(self) -> None:
        """Keeps no id: the run finished."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            return
