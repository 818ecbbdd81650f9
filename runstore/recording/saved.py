"""Files that a script keeps with its run (`save`), and gets back from a run (`restore`)."""

import glob as globbing
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from runstore.errors import BadTypeError, BadValueError, UsageError
from runstore.format.copying import Fingerprint, copy_file
from runstore.format.run_layout import RunLayout
from runstore.recording.parts import Desk, Part

_POLICIES: Final = ("live", "now", "end")
_REMOTE: Final = ("gs://", "s3://")


@dataclass(slots=True)
class _Kept:
    """A file that is kept: where it comes from, and what it was when it was last copied."""

    source: Path
    policy: str
    copied: Fingerprint | None = None


class SavedFiles(Part):
    """The run's `files/`. Safe for threads."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._lock = threading.RLock()
        self._kept: dict[Path, _Kept] = {}
        self._off = not desk.on_disk

    def save(
        self,
        glob_str: str | bytes | os.PathLike[str] | None = None,
        base_path: str | os.PathLike[str] | None = None,
        policy: str = "live",
        glob: bool = True,
    ) -> list[str]:
        """Copies what `glob_str` matches now into the run; gives the copies' paths, sorted.

        What lies below `base_path` keeps its place: without one that is the working directory, and of an absolute path
        the directory two levels up. A directory is copied with what is in it, but for the store. `live` files are
        copied again when they changed, and at the end; `end` files at the end only. Without arguments nothing
        happens, as older scripts expect. Raises `ValueError` for a path that leaves `base_path`, an empty one or an
        unknown policy, `TypeError` for no path.
        """
        if glob_str is None or self._off:
            return []
        if policy not in _POLICIES:
            raise BadValueError(f"save: policy is {policy!r}, expected live, now or end")
        text = _text(glob_str)
        if text.startswith(_REMOTE):
            self.desk.warn(f"save: {text} is in a cloud's storage, not a file here; download it first")
            return []
        pattern, base = Path(os.path.abspath(text)), self._base(text, base_path)
        relative = _below(pattern, base)
        found = globbing.glob(str(base / relative)) if glob else [str(base / relative)]
        sources = [file for path in sorted(found) for file in _files(Path(path)) if self._is_wanted(file, pattern)]
        if not sources:
            self.desk.trouble.warn_once(f"save {text}", f"save: nothing found at {text!r}{_hint(pattern, glob)}")
        targets = {Path(source).relative_to(base): Path(source) for source in sources}
        with self._lock:
            kept = [self._keep(source, place, policy) for place, source in targets.items()]
        return sorted(path for path in kept if path)

    def restore(
        self, name: str, run_path: str | None = None, replace: bool = False, root: str | None = None
    ) -> IO[str] | None:
        """Brings a file of this run, or of the run at `run_path` (`id`, `project/id` or `entity/project/id`), to `root`
        (this run's `dir` without one), and opens it. One that is there already is left as it is, unless `replace`.

        None in a disabled run. Raises `ValueError` when there is no such run or file, `UsageError` for a name that
        leads elsewhere.
        """
        if not isinstance(name, str | os.PathLike) or not os.fspath(name):
            raise BadTypeError(f"restore: found {name!r}, expected the name of a file, such as 'model.pt'")
        folder = Path(root) if root is not None else self.desk.run.files_dir
        target = Path(os.path.abspath(folder / name))
        if os.path.isabs(name) or not target.is_relative_to(os.path.abspath(folder)):
            raise UsageError(f"restore: {name!r} leads out of {folder}; name a file of the run")
        if target.is_file() and not replace:
            return target.open(encoding="utf-8")
        if self._off:
            return None
        source = find_file(self._run_at(run_path), name)
        if source is None:
            raise BadValueError(f"File {name} not found in {run_path or self.desk.run.id}.")
        if source != target:
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_file(source, target)
        return target.open(encoding="utf-8")

    def beat(self) -> None:
        with self._lock:
            for place, kept in self._kept.items():
                if kept.policy == "live" and not self._off:
                    self._copy(place, kept)

    def end(self) -> None:
        with self._lock:
            for place, kept in self._kept.items():
                if kept.policy != "now" and not self._off:
                    self._copy(place, kept)

    def detach(self) -> None:
        self._lock = threading.RLock()
        self._off = True

    def _base(self, text: str, base_path: str | os.PathLike[str] | None) -> Path:
        if base_path is not None:
            if globbing.has_magic(_text(base_path)) and not os.path.isdir(base_path):
                raise BadValueError(f"save: base_path is {_text(base_path)!r}, expected a directory without wildcards")
            return Path(os.path.abspath(base_path))
        if not os.path.isabs(text):
            return Path.cwd()
        base = Path(os.path.abspath(text)).parent.parent
        if globbing.has_magic(str(base)):
            raise BadValueError(f"save: {text!r} has wildcards high up; pass base_path= to say which folders are kept")
        return base

    def _is_wanted(self, source: Path, pattern: Path) -> bool:
        """Whether a file that was found is meant: the store is no part of what is around it, nor the run of itself."""
        if source.is_relative_to(os.path.abspath(self.desk.run.path)):
            return source.is_relative_to(os.path.abspath(self.desk.run.files_dir)) and self._names_store(pattern)
        return self._names_store(pattern) or not source.is_relative_to(os.path.abspath(self.desk.store.root))

    def _names_store(self, pattern: Path) -> bool:
        return pattern.is_relative_to(os.path.abspath(self.desk.store.root))

    def _keep(self, source: Path, place: Path, policy: str) -> str:
        """Copies one file; its path in the run, or "" when it may not be there."""
        files = self.desk.run.files_dir
        if source.is_relative_to(os.path.abspath(files)):
            return str(source)  # It is where it belongs.
        target = files / place
        if not _is_inside(target, files):
            self.desk.warn(f"save: {place} is left out: a link in {files} leads elsewhere")
            return ""
        kept = self._kept[target] = _Kept(source, policy)
        if policy != "end":
            self._copy(target, kept)
        return str(target)

    def _copy(self, target: Path, kept: _Kept) -> None:
        """Copies a file anew, if it changed."""
        try:
            now = Fingerprint.of(kept.source)
            if now == kept.copied and target.exists():
                return
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_file(kept.source, target)
            kept.copied = now
        except FileNotFoundError:
            return  # The script has removed it: the copy stays.
        except OSError as error:
            self.desk.trouble.failed(target, error)
            return
        self.desk.trouble.recovered(target)

    def _run_at(self, run_path: str | None) -> RunLayout:
        if run_path is None:
            return self.desk.run
        if not isinstance(run_path, str) or not run_path.strip("/"):
            raise BadTypeError(f"restore: run_path is {run_path!r}, expected id, project/id or entity/project/id")
        *before, run_id = [part for part in run_path.strip("/").split("/") if part]
        before = before[:-1] if before[-1:] == ["runs"] else before
        if len(before) > 2:
            raise BadValueError(f"restore: run_path is {run_path!r}, expected id, project/id or entity/project/id")
        project = self.desk.store.project(before[-1]) if before else self.desk.project
        layout = project.run(run_id)
        if not layout.path.is_dir():
            raise BadValueError(f"restore: there is no run {run_path!r} in {self.desk.store.root}")
        return layout


def find_file(run: RunLayout, name: str) -> Path | None:
    """The file that a run has by this name: its own, W&B's name for one of those, or one of `files/`. Links are not
    followed."""
    if name == "wandb-metadata.json":
        name = run.provenance_json.name
    else:
        name = {"wandb-summary.json": run.summary_json.name, "diff.patch": run.changes_patch.name}.get(name, name)
    for path in (run.files_dir / name, run.path / name):
        if path.is_file() and not path.is_symlink() and _is_inside(path, run.path):
            return path
    return None


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether `path` is below `folder` also when links are followed."""
    try:
        return path.parent.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False


def _text(path: Any) -> str:
    try:
        text = os.fsdecode(path)
    except TypeError:
        raise BadTypeError(f"save: found {path!r}, expected a path or pattern") from None
    if not text:
        raise BadValueError("save: found an empty text, expected a path or pattern; '.' is the working directory")
    return text


def _below(pattern: Path, base: Path) -> Path:
    try:
        return pattern.relative_to(base)
    except ValueError:
        raise BadValueError(f"save: {pattern} lies outside {base}; pass a base_path= that both are below") from None


def _files(path: Path) -> list[Path]:
    """The file itself, or the files in a directory and those in it."""
    if path.is_dir():
        return sorted(inner for inner in path.rglob("*") if inner.is_file())
    return [path] if path.is_file() else []


def _hint(pattern: Path, glob: bool) -> str:
    if glob and pattern.exists():
        return ", but there is a file of this very name: pass glob=False"
    return "" if glob or not globbing.has_magic(str(pattern)) else "; pass glob=True for a pattern"
