"""The files of one run, and of each of its writers: which there may be, and which there are."""

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from runstore.format.names import MAX_RUN_ID, check_name

_WRITTEN = re.compile(
    r"^(?P<stem>history|system|output|lines|alerts|lineage|provenance|config|summary|changes|requirements)"
    r"(?:\.(?P<writer>[^.]+))?\.(?P<ending>jsonl|json|log|yaml|patch|txt|parquet)$"
)
_PART = re.compile(r"^output-(?P<number>[1-9][0-9]{0,8})(?:\.(?P<writer>[^.]+))?\.log$")
# Thousands of runs have files of the same names.
_REMEMBERED = 1024
_TEMPORARY = re.compile(r"^\..+\.[0-9a-f]{8}\.tmp$")
_ENDINGS = {
    "history": "jsonl",
    "system": "jsonl",
    "output": "log",
    "lines": "jsonl",
    "alerts": "jsonl",
    "lineage": "jsonl",
    "provenance": "json",
    "config": "yaml",
    "summary": "json",
    "changes": "patch",
    "requirements": "txt",
}
_LINES, _PACK = ".jsonl", ".parquet"
# What `runstore archive` packs: files of lines that nobody writes any more.
_PACKED = frozenset({"history", "system"})
# What a run says stands in these: one that is no file, or is a link, is missing from what its readers see.
_RUN_FILES = frozenset(
    {
        *("run.yaml", "state.json", "metrics.yaml", "changes.patch", "requirements.txt"),
    }
)
_RUN_DIRS = frozenset({"media", "files", "code"})


@dataclass(frozen=True, slots=True)
class RunLayout:
    """The files of one run."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def run_yaml(self) -> Path:
        return self.path / "run.yaml"

    @property
    def config_yaml(self) -> Path:
        return self.path / "config.yaml"

    @property
    def summary_json(self) -> Path:
        return self.path / "summary.json"

    @property
    def system_jsonl(self) -> Path:
        return self.path / "system.jsonl"

    @property
    def output_log(self) -> Path:
        return self.path / "output.log"

    @property
    def provenance_json(self) -> Path:
        return self.path / "provenance.json"

    @property
    def changes_patch(self) -> Path:
        return self.path / "changes.patch"

    @property
    def requirements_txt(self) -> Path:
        return self.path / "requirements.txt"

    @property
    def state_json(self) -> Path:
        return self.path / "state.json"

    @property
    def heartbeat(self) -> Path:
        return self.path / "heartbeat"

    @property
    def metrics_yaml(self) -> Path:
        """What `define_metric` said of the run's metrics."""
        return self.path / "metrics.yaml"

    @property
    def stop_request(self) -> Path:
        """Somebody asks the run to stop: there from then until it did."""
        return self.path / "stop"

    @property
    def code_dir(self) -> Path:
        """The main script or notebook as it was run."""
        return self.path / "code"

    @property
    def media_dir(self) -> Path:
        return self.path / "media"

    @property
    def files_dir(self) -> Path:
        return self.path / "files"

    def writer(self, name: str | None = None) -> "WriterLayout":
        """The files of one writer: None for the first attempt, "2", "3", … for later ones, or a rank's name."""
        if name is None:
            return WriterLayout(self.path, "")
        return WriterLayout(self.path, check_name("the writer", name, MAX_RUN_ID).replace(".", "-"))

    def history(self, writer: str | None = None) -> Path:
        """The history file of one writer; see `writer`."""
        return self.writer(writer).history

    def has_history(self) -> bool:
        """Whether the history of the first attempt is there, packed or not."""
        path = self.history()
        return os.path.isfile(path) or os.path.isfile(path.with_suffix(_PACK))

    def histories(self) -> list[Path]:
        """The history files there are, packed or not: the first attempt's, later ones' by number, others by name."""
        return [path for path, _ in scan_run(self.path).files if is_history(path.name)]


@dataclass(frozen=True, slots=True)
class WriterLayout:
    """The files of a run that one of its writers, and nobody else, writes. `name` is "" for the first attempt."""

    path: Path
    name: str

    def _file(self, stem: str) -> Path:
        return self.path / ".".join(part for part in (stem, self.name, _ENDINGS[stem]) if part)

    @property
    def history(self) -> Path:
        return self._file("history")

    @property
    def system(self) -> Path:
        return self._file("system")

    @property
    def output(self) -> Path:
        return self._file("output")

    def output_part(self, number: int) -> Path:
        """Where a long console log goes on: part 1 is `output` itself."""
        if number == 1:
            return self.output
        return self.output.with_name(self.output.name.replace("output", f"output-{number}", 1))

    @property
    def lines(self) -> Path:
        """When the lines of the console log were written, and by which stream."""
        return self._file("lines")

    @property
    def alerts(self) -> Path:
        return self._file("alerts")

    @property
    def lineage(self) -> Path:
        """The artifacts that went in and out, one line a use."""
        return self._file("lineage")

    @property
    def provenance(self) -> Path:
        return self._file("provenance")

    @property
    def changes(self) -> Path:
        """The uncommitted changes of the first attempt; a later one's where they were others."""
        return self._file("changes")

    @property
    def requirements(self) -> Path:
        """The packages of the first attempt; a later one's where they were others."""
        return self._file("requirements")

    @property
    def config(self) -> Path:
        """The run's own for attempts; a rank's is merged into it by readers."""
        return RunLayout(self.path).config_yaml if is_attempt(self.name) else self._file("config")

    @property
    def summary(self) -> Path:
        """The run's own for attempts; a rank's is merged into it by readers."""
        return RunLayout(self.path).summary_json if is_attempt(self.name) else self._file("summary")

    @property
    def heartbeat(self) -> Path:
        return self.path / ".".join(part for part in ("heartbeat", self.name) if part)


@lru_cache(_REMEMBERED)
def written_by(name: str) -> tuple[str, str] | None:
    """What a file in a run's directory holds ("history", "system", …), packed or not, and its writer's name, "" for the
    first attempt; None for a file that is no writer's own."""
    match = _WRITTEN.match(name)
    if match is None:
        return None
    stem, ending = match.group("stem"), match.group("ending")
    if ending != _ENDINGS[stem] and not (stem in _PACKED and f".{ending}" == _PACK):
        return None
    return stem, match.group("writer") or ""


@lru_cache(_REMEMBERED)
def packed_name(name: str) -> str | None:
    """What the pack of a run's file of lines is called; None for a file that is not packed."""
    if (written_by(name) or ("",))[0] not in _PACKED or not name.endswith(_LINES):
        return None
    return name.removesuffix(_LINES) + _PACK


@lru_cache(_REMEMBERED)
def unpacked_name(name: str) -> str | None:
    """What the file is called that a run's pack was made of; None for a file that is no pack."""
    return name.removesuffix(_PACK) + _LINES if is_packed(name) else None


def is_packed(name: str) -> bool:
    """Whether a file of this name in a run's directory is the pack of one that was archived."""
    return name.endswith(_PACK) and written_by(name) is not None


@lru_cache(_REMEMBERED)
def output_part(name: str) -> tuple[str, int] | None:
    """The writer and the number (from 2 on) of a file that a long console log goes on in; None for any other file."""
    match = _PART.match(name)
    return (match.group("writer") or "", int(match.group("number"))) if match else None


def is_temporary(name: str) -> bool:
    """Whether a file of this name is what `records.write_atomically` writes before it renames it."""
    return _TEMPORARY.match(name) is not None


def belongs_to_run(name: str, *, directory: bool) -> bool:
    """Whether something of this name, directly in a run's directory, is a file or directory of the run."""
    if directory:
        return name in _RUN_DIRS
    return name in _RUN_FILES or written_by(name) is not None or output_part(name) is not None or is_fleeting(name)


@lru_cache(_REMEMBERED)
def is_fleeting(name: str) -> bool:
    """Whether a file of this name in a run's directory is a sign of the moment (a heartbeat, a request) or hidden."""
    return name.startswith((".", "heartbeat.")) or name in ("heartbeat", "stop")


def is_heartbeat(name: str) -> bool:
    """Whether a file of this name in a run's directory is the heartbeat of one of its writers."""
    return name == "heartbeat" or name.startswith("heartbeat.")


@lru_cache(_REMEMBERED)
def is_history(name: str) -> bool:
    """Whether a file of this name in a run's directory holds rows of its history, packed or not."""
    return (written_by(name) or ("",))[0] == "history"


def is_attempt(writer: str) -> bool:
    """Whether a writer is an attempt (the first, "2", "3", …), one after another, and no rank beside others."""
    return not writer or writer.isdecimal()


def writer_order(writer: str) -> tuple[int, int, str]:
    """Sorts writers as their files are merged: first attempt, attempts by number, ranks by name."""
    if not writer:
        return (0, 0, writer)
    return (1, int(writer), writer) if writer.isdecimal() else (2, 0, writer)


@lru_cache(_REMEMBERED)
def history_order(name: str) -> tuple[int, int, str]:
    """Sorts history files as their rows are merged."""
    return writer_order((written_by(name) or ("", ""))[1])


@dataclass(frozen=True, slots=True)
class RunScan:
    """What lies directly in a run's directory.

    `files` are the plain files with their stat, histories first and in merging order. `odd` says by name what stands
    in the place of a file or directory of the run: a link, which could lead anywhere and is not followed, a pipe, …
    """

    files: list[tuple[Path, os.stat_result]]
    odd: dict[str, str]


def scan_run(path: Path) -> RunScan:
    """Looks into a run's directory, without opening anything. A file that goes meanwhile, as those do that a live run
    is about to rename, is left out. Raises `OSError`."""
    found, odd = scan_names(path)
    return RunScan([(path / name, stat) for name, stat in found.items()], odd)


def scan_names(path: Path) -> tuple[dict[str, os.stat_result], dict[str, str]]:
    """The same by name: the files with their stat, and what is odd. Thousands of runs are looked into."""
    found: dict[str, os.stat_result] = {}
    odd: dict[str, str] = {}
    with os.scandir(os.fspath(path)) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    found[entry.name] = entry.stat(follow_symlinks=False)
            elif wrong := _wrong_kind(entry):
                odd[entry.name] = wrong
    for name in [name for name in found if unpacked_name(name) in found]:
        del found[name]  # It was being made, or undone: the lines count.
    ordered = sorted(found, key=_scanned_order)
    return {name: found[name] for name in ordered}, dict(sorted(odd.items()))


@lru_cache(_REMEMBERED)
def _scanned_order(name: str) -> tuple[bool, tuple[int, int, str]]:
    return not is_history(name), history_order(name)


def is_as_stamped(path: Path, stamps: Mapping[str, Sequence[int]]) -> bool:
    """Whether the plain files directly in a run's directory, but for fleeting ones, are those of `stamps`.

    These have size, mtime (ns) and inode by name. False where anything stands that `scan_run` has to tell of. Raises
    `OSError`.

    Thousands of runs are asked at every look: nothing is made of what the system says, only compared.
    """
    seen = 0
    with os.scandir(os.fspath(path)) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                known = stamps.get(entry.name)
                if known is None:
                    if is_fleeting(entry.name):
                        continue
                    return False
                try:
                    found = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    return False
                if found.st_mtime_ns != known[1] or found.st_size != known[0] or found.st_ino != known[2]:
                    return False
                seen += 1
            elif _wrong_kind(entry):
                return False
    return seen == len(stamps)


def _wrong_kind(entry: os.DirEntry[str]) -> str:
    """What stands where a file or a directory of a run belongs, "" when nothing of the run does."""
    if entry.name in _RUN_DIRS:
        return linked("directory") if entry.is_symlink() else ""
    if entry.name not in _RUN_FILES and written_by(entry.name) is None:
        return ""
    if entry.is_symlink():
        return linked("file")
    found = "a directory" if entry.is_dir(follow_symlinks=False) else "a pipe, socket or device"
    return f"found {found}, expected a file; move it elsewhere"


def linked(expected: str) -> str:
    """What is wrong with a link in a store. Where it leads is left out: that may be nobody else's business."""
    return f"found a link, which is not followed, expected a {expected}; copy the {expected} itself here"
