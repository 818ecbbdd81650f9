"""A directory of event files as one run: its files one after another, by name, as TensorBoard reads them.

A program that is stopped and begins again at an earlier step writes a new file; what the first one wrote from that step
on is void. The rules are those of TensorBoard's EventAccumulator: in files of version 2 a `SessionLog` with START says
so, for all tags; in older ones an event whose step lies behind does, for its own tags.

A directory is read twice: `survey` checks every byte, and finds out what is void and how it begins and ends; `rows`
then reads what counts, holding as many rows at a time as wait for more values of their step.
"""

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from runstore.events import wire
from runstore.events.event import Event
from runstore.events.frames import Damage, Frames
from runstore.events.logged import NOTHING, Plugins
from runstore.events.scalars import Scalars

NAME: Final = "tfevents"
_PROFILE: Final = ".profile-empty"
_WAITING_ROWS: Final = 20_000
_PIECE_FLUSHED: Final = 4
_RESERVED: Final = frozenset({"_step", "_runtime", "_timestamp"})
_VERSION_2: Final = 2.0


def is_event_file(path: Path) -> bool:
    """Whether a file is one that TensorBoard would read, by its name. A link is none here: it may lead anywhere."""
    return NAME in path.name and not path.name.endswith(_PROFILE) and path.is_file() and not path.is_symlink()


@dataclass(frozen=True, slots=True)
class Restart:
    """From event `number` on (they count through all files) what came before it at `step` and later is void; with
    `tags` only of these."""

    number: int
    step: int
    tags: frozenset[str] | None = None


@dataclass(slots=True)
class Survey:
    """What a directory's event files say as a whole. Times are epoch s, None where there is no event.

    `ends` are the files with the end of what is whole in each, `damaged` the offsets of records in them that are not.
    """

    ends: dict[Path, int] = field(default_factory=dict)
    damaged: dict[Path, frozenset[int]] = field(default_factory=dict)
    restarts: list[Restart] = field(default_factory=list)
    digest: str = ""
    first_record: bytes = b""
    started: float | None = None
    ended: float | None = None
    events: int = 0
    graph: bytes = b""


def survey(files: list[Path], lose: Callable[[str], None], plugins: Plugins) -> Survey:
    """Reads all that is whole; what is not is told to `lose` in a line a place. Raises `OSError`."""
    found = Survey()
    digest = hashlib.sha256()
    judge = _Judge(found, plugins)
    for path in files:
        content = hashlib.sha256()
        frames = Frames(path, seen=content.update)
        for batch in frames.batches():
            if batch and not found.first_record:
                found.first_record = batch[0]
            judge.look(batch)
        found.ends[path] = frames.offset
        found.damaged[path] = frozenset(each.offset for each in frames.damage)
        digest.update(f"{path.name}\0{frames.offset}\0{content.hexdigest()}\n".encode("utf-8", "backslashreplace"))
        for line in _damage_lines(frames):
            lose(line)
    found.digest = digest.hexdigest()
    return found


def _damage_lines(frames: Frames) -> Iterator[str]:
    damage = list(frames.damage)
    if not frames.broken and (rest := frames.rest()) > 0:
        damage.append(Damage(frames.offset, rest, "the record that begins here is not whole"))
    for each in damage:
        yield f"{frames.path}: at byte {each.offset:,} {each.lost:,} bytes are lost: {each.why}"


class _Judge:
    """Looks at every event for what concerns the whole run."""

    def __init__(self, found: Survey, plugins: Plugins) -> None:
        self._found = found
        self._plugins = plugins
        self._scalars = Scalars()
        self._version = 0.0
        self._last_step = -1

    def look(self, batch: list[bytes]) -> None:
        """Takes some events. Of scalars in files of version 2 only the last one's time matters."""
        found, scalars = self._found, self._scalars
        for data in batch:
            number = found.events
            found.events += 1
            if self._version < _VERSION_2 or not scalars.knows(data):
                self._look_closely(number, data)
        if batch and (last := scalars.point(batch[-1])) is not None:
            self._note_time(last[1])

    def _look_closely(self, number: int, data: bytes) -> None:
        point = self._scalars.point(data)
        if point is not None:
            self._note_time(point[1])
            self._note_step(number, point[0], (point[2],))
            return
        try:
            event = self._scalars.learn(data)
        except wire.WireError:
            return  # It is told when the rows are read.
        self._note(number, event)

    def _note(self, number: int, event: Event) -> None:
        if event.version:
            self._version = _version(event.version)
        self._note_time(event.wall_time)
        if event.graph:
            self._found.graph = event.graph
        if self._version >= _VERSION_2:
            if event.restart:
                self._found.restarts.append(Restart(number, event.step))
        else:
            self._note_step(number, event.step, tuple(value.tag for value in event.values))
        for value in event.values:
            if value.plugin is not None and value.plugin.name == "hparams":
                self._plugins.logged(value)

    def _note_time(self, moment: float) -> None:
        if math.isfinite(moment) and moment > 0:
            found = self._found
            found.started = moment if found.started is None or moment < found.started else found.started
            found.ended = moment if found.ended is None or moment > found.ended else found.ended

    def _note_step(self, number: int, step: int, tags: tuple[str, ...]) -> None:
        if step < self._last_step and tags:
            self._found.restarts.append(Restart(number, step, frozenset(tags)))
        else:
            self._last_step = step


def _version(text: str) -> float:
    """The number in `brain.Event:2`."""
    try:
        return float(text.rpartition("brain.Event:")[2])
    except ValueError:
        return 0.0


class Void:
    """Says of each event whether a later restart took it back."""

    def __init__(self, restarts: list[Restart]) -> None:
        self._restarts = restarts
        self._at = 0
        self.until = restarts[0].number if restarts else math.inf
        """Up to this event the limits stay as they are."""
        self.limit = math.inf
        """From this step on everything is void."""
        self._tag_limits: dict[str, float] = {}
        self._set_limits()

    @property
    def by_tag(self) -> bool:
        return bool(self._tag_limits)

    def limit_of(self, tag: str) -> float:
        return min(self.limit, self._tag_limits.get(tag, math.inf))

    def advance(self, number: int) -> None:
        """Goes on to event `number`: restarts that it is, or that lie behind it, take back nothing more."""
        while self._at < len(self._restarts) and self._restarts[self._at].number <= number:
            self._at += 1
        self.until = self._restarts[self._at].number if self._at < len(self._restarts) else math.inf
        self._set_limits()

    def _set_limits(self) -> None:
        left = self._restarts[self._at :]
        self.limit = min((each.step for each in left if each.tags is None), default=math.inf)
        self._tag_limits = {}
        for each in left:
            for tag in each.tags or ():
                self._tag_limits[tag] = min(each.step, self._tag_limits.get(tag, math.inf))


def rows(found: Survey, plugins: Plugins, left_out: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """The rows that count, one a step. Values of a step that come much later than the others get a row of their own,
    and so does a second value of one tag at one step. Raises `OSError`."""
    waiting = _Waiting(found.started or 0.0)
    scalars, void = Scalars(), Void(found.restarts)
    number = 0
    for path, end in found.ends.items():
        frames = Frames(path, until=end, known=found.damaged[path])
        for batch in frames.batches():
            for data in batch:
                if number >= void.until:
                    void.advance(number)
                number += 1
                point = scalars.point(data)
                if point is not None:
                    step, moment, tag, value = point
                    if step < void.limit and not (void.by_tag and step >= void.limit_of(tag)):
                        waiting.add(step, moment, tag, value)
                    continue
                _take_event(data, scalars, void, waiting, plugins, left_out)
            yield from waiting.overdue()
    yield from waiting.all()


def _take_event(
    data: bytes, scalars: Scalars, void: Void, waiting: "_Waiting", plugins: Plugins, left_out: Callable[[str], None]
) -> None:
    try:
        event = scalars.learn(data)
    except wire.WireError as error:
        left_out(f"an event that cannot be read ({error})")
        return
    if event.unused:
        left_out(event.unused)
    for value in event.values:
        if event.step < void.limit_of(value.tag) and (made := plugins.logged(value)) is not NOTHING:
            waiting.add(event.step, event.wall_time, value.tag, made)


class _Waiting:
    """Rows that more values may come for, by step."""

    def __init__(self, started: float) -> None:
        self._started = started
        self._rows: dict[int, dict[str, Any]] = {}
        self._full: list[tuple[int, dict[str, Any]]] = []

    def add(self, step: int, moment: float, tag: str, value: Any) -> None:
        row = self._rows.get(step)
        if tag in _RESERVED or not tag:
            tag = f"tag/{tag}"
        if row is None:
            row = self._rows[step] = {}
        elif tag in row:
            self._full.append((step, row))
            row = self._rows[step] = {}
        row[tag] = value
        row["_timestamp"] = moment

    def overdue(self) -> Iterator[dict[str, Any]]:
        """The rows of the lowest steps, where more wait than may."""
        if len(self._rows) > _WAITING_ROWS or len(self._full) > _WAITING_ROWS:
            steps = sorted(self._rows)
            yield from self._taken(steps[: len(steps) - _WAITING_ROWS // _PIECE_FLUSHED])

    def all(self) -> Iterator[dict[str, Any]]:
        yield from self._taken(sorted(self._rows))

    def _taken(self, steps: list[int]) -> Iterator[dict[str, Any]]:
        full, self._full = self._full, []
        if full:
            rows = sorted(full + [(step, self._rows.pop(step)) for step in steps], key=lambda each: each[0])
        else:
            rows = [(step, self._rows.pop(step)) for step in steps]
        started = self._started
        for step, row in rows:
            moment = row.pop("_timestamp")
            row["_step"] = step
            row["_runtime"] = max(moment - started, 0.0)
            row["_timestamp"] = moment
            yield row
