"""Two branches' versions of a run's or a project's small file merged by what they mean, not by their lines.

Three versions are compared key by key: what one side changed counts, tags are a set, views are known by their names, a
run's end beats its going on, and of two summaries the values of the one that logged last count. Where both sides mean
something else by the same key there is a conflict, which only a person can settle.
"""

import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from runstore.errors import StoreError
from runstore.format import lenient, yaml12
from runstore.format.records import parse_time
from runstore.format.run_layout import RunLayout, written_by
from runstore.format.values import dump_line
from runstore.format.yaml12 import YamlError

_MISSING: Final = object()
_SETS: Final = frozenset({"tags", "publish"})
_VIEWS: Final = "views"
_RUNNING: Final = "running"
_LAST: Final = ("_timestamp", "_step", "_runtime")
"""What says which of two summaries was logged to last, the first that both have."""
_LABELS: Final = ("ours", "base", "theirs")


@dataclass(frozen=True, slots=True)
class Conflict:
    """A key that both sides have changed, each to a value of its own."""

    key: str
    ours: Any
    theirs: Any

    def __str__(self) -> str:
        return f"{self.key} is {_short(self.ours)} on one side and {_short(self.theirs)} on the other; choose one"


@dataclass(frozen=True, slots=True)
class Merged:
    """The text of a merged file, with git's markers where there are conflicts. `by_lines`: it could not be read, and
    was merged as any text is."""

    text: bytes
    conflicts: tuple[Conflict, ...] = ()
    by_lines: bool = False

    @property
    def is_clean(self) -> bool:
        return not self.conflicts and not (self.by_lines and b"\n=======\n" in b"\n" + self.text)


@dataclass(slots=True)
class _Values:
    """The merged values as each side would have them: they differ where there is a conflict."""

    ours: dict[str, Any] = field(default_factory=dict)
    base: dict[str, Any] = field(default_factory=dict)
    theirs: dict[str, Any] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)

    def agree(self, key: str, value: Any) -> None:
        for side in (self.ours, self.base, self.theirs):
            side[key] = value

    def differ(self, key: str, base: Any, ours: Any, theirs: Any) -> None:
        for side, value in ((self.ours, ours), (self.base, base), (self.theirs, theirs)):
            if value is not _MISSING:
                side[key] = value


_Decide = Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any] | None]


def merge_files(base: Path, ours: Path, theirs: Path, name: str) -> Merged:
    """The merged text of three versions of the file that is called `name` in the store. Raises `OSError`, and
    `StoreError` where git is missing."""
    texts = [path.read_bytes() for path in (base, ours, theirs)]
    load, dump = _formats(name)
    try:
        values = [load(text) for text in texts]
    except (ValueError, YamlError):
        values = []
    if len(values) != 3 or not all(isinstance(value, dict) for value in values):
        text, _ = _by_lines(texts[1], texts[0], texts[2])
        return Merged(text, by_lines=True)
    merged = _merged(values[0], values[1], values[2], _decider(name), "")
    if merged.conflicts:
        text, _ = _by_lines(dump(merged.ours), dump(merged.base), dump(merged.theirs))
        return Merged(text, tuple(merged.conflicts))
    return Merged(_as_written(merged.ours, texts, values, load) or dump(merged.ours))


def _as_written(
    merged: dict[str, Any], texts: Sequence[bytes], values: Sequence[dict[str, Any]], load: Callable[[bytes], Any]
) -> bytes | None:
    """A text that says this already, with the comments of whoever wrote it: a side's own, or both sides' lines."""
    for at in (1, 2):
        if values[at] == merged and list(values[at]) == list(merged):
            return texts[at]
    text, clean = _by_lines(texts[1], texts[0], texts[2])
    try:
        return text if clean and load(text) == merged else None
    except (ValueError, YamlError):
        return None


def _formats(name: str) -> tuple[Callable[[bytes], Any], Callable[[dict[str, Any]], bytes]]:
    """What reads and writes a file of this name."""
    if name.endswith(".json"):
        return _load_json, lambda values: dump_line(values).rstrip(b"\n")
    return _load_yaml, lambda values: yaml12.dump(values).encode()


def _load_json(text: bytes) -> Any:
    return lenient.loads(text) if text.strip() else {}


def _load_yaml(text: bytes) -> Any:
    found = yaml12.load(text)
    return {} if found is None else found


def _decider(name: str) -> _Decide:
    """What settles by meaning which side of a file counts where both changed a key; None where only a person can."""
    plain = PurePosixPath(name).name
    if plain == RunLayout(Path()).state_json.name:
        return _later_end
    if (written_by(plain) or ("",))[0] == "summary":
        return _last_logged
    return lambda _ours, _theirs: None


def _later_end(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A run that has ended says more than one that goes on; of two ends the later one is the run's."""
    running = [side.get("state") == _RUNNING for side in (ours, theirs)]
    if running[0] != running[1]:
        return theirs if running[0] else ours
    ends = [parse_time(str(side.get("finished") or "")) for side in (ours, theirs)]
    return _greater(ends, ours, theirs)


def _last_logged(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for key in _LAST:
        found = [side.get(key) for side in (ours, theirs)]
        if all(type(value) in (int, float) for value in found):
            return _greater(found, ours, theirs)
    return None


def _greater(ranks: Sequence[Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if None in ranks or ranks[0] == ranks[1]:
        return None
    return ours if ranks[0] > ranks[1] else theirs


def _merged(
    base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any], decide: _Decide, place: str
) -> _Values:
    merged = _Values()
    winner = decide(ours, theirs)
    for key in dict.fromkeys([*ours, *theirs]):
        sides = (base.get(key, _MISSING), ours.get(key, _MISSING), theirs.get(key, _MISSING))
        name = f"{place}{key}"
        if (value := _simple(*sides)) is not None:
            if value[0] is not _MISSING:
                merged.agree(key, value[0])
        elif key in _SETS and not place and all(isinstance(side, list) for side in sides[1:]):
            merged.agree(key, _as_set(*(side if isinstance(side, list) else [] for side in sides)))
        elif key == _VIEWS and not place and all(_named(side) for side in sides[1:]):
            _merge_views(merged, *(side if _named(side) else [] for side in sides))
        elif isinstance(sides[1], dict) and isinstance(sides[2], dict) and "_type" not in {**sides[1], **sides[2]}:
            inner = _merged(sides[0] if isinstance(sides[0], dict) else {}, *sides[1:], _same(winner, ours), f"{name}.")
            merged.differ(key, inner.base, inner.ours, inner.theirs)
            merged.conflicts += inner.conflicts
        elif winner is not None:
            if key in winner:
                merged.agree(key, winner[key])
        else:
            merged.differ(key, *sides)
            merged.conflicts.append(Conflict(name, *sides[1:]))
    return merged


def _same(winner: Mapping[str, Any] | None, ours: Mapping[str, Any]) -> _Decide:
    """Inside a value the side counts that counts for the whole."""
    if winner is None:
        return lambda _ours, _theirs: None
    return (lambda own, _theirs: own) if winner is ours else (lambda _ours, other: other)


def _simple(base: Any, ours: Any, theirs: Any) -> tuple[Any] | None:
    """The value where at most one side changed it, or both alike."""
    if _equal(ours, theirs) or _equal(base, theirs):
        return (ours,)
    return (theirs,) if _equal(base, ours) else None


def _equal(one: Any, other: Any) -> bool:
    """Equal and of one type: 1 is no 1.0 and no True."""
    return one is other or (type(one) is type(other) and repr(one) == repr(other))


def _as_set(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
    """What either side has added, without what either has taken away; in the order of ours."""
    kept = [item for item in ours if item in theirs or item not in base]
    return [*kept, *(item for item in theirs if item not in base and item not in kept)]


def _named(views: Any) -> bool:
    """Whether a value is a list of mappings, each with a name of its own."""
    if not isinstance(views, list) or not all(isinstance(view, dict) for view in views):
        return False
    names = [view.get("name") for view in views]
    return all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


def _merge_views(merged: _Values, base: list[Any], ours: list[Any], theirs: list[Any]) -> None:
    """Views by their names, each key by key."""
    named = [{view["name"]: view for view in views} for views in (base, ours, theirs)]
    found = _merged(named[0], named[1], named[2], _nobody, "view ")
    merged.differ(_VIEWS, list(found.base.values()), list(found.ours.values()), list(found.theirs.values()))
    merged.conflicts += found.conflicts


def _nobody(_ours: Mapping[str, Any], _theirs: Mapping[str, Any]) -> None:
    return None


def _by_lines(ours: bytes, base: bytes, theirs: bytes) -> tuple[bytes, bool]:
    """Three texts merged as git merges any, and whether that left no conflict. Raises `StoreError` without git."""
    with tempfile.TemporaryDirectory(prefix="runstore-") as folder:
        paths = [Path(folder) / label for label in _LABELS]
        for path, text in zip(paths, (ours, base, theirs), strict=True):
            path.write_bytes(text if text.endswith(b"\n") or not text else text + b"\n")
        labels = [part for label in _LABELS for part in ("-L", label)]
        try:
            done = subprocess.run(
                ["git", "merge-file", "-p", *labels, *map(str, paths)], capture_output=True, check=False
            )
        except OSError as error:
            raise StoreError(f"git cannot be run ({error.strerror}); install it") from None
    return done.stdout, done.returncode == 0


def _short(value: Any) -> str:
    if value is _MISSING:
        return "taken out"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
