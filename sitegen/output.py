"""The output directory: what an earlier build left there, and how it becomes what this one wants, file by file.

The manifest in the directory lists the site's files with a digest of each one's content: the same site has the same
manifest, on every machine. What the files were made from is remembered in the store's cache, and counts only as long
as the directory's manifest is the one it was remembered with.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from runstore.errors import StoreError
from runstore.format.layout import StoreLayout
from runstore.format.records import write_atomically
from sitegen import urls
from sitegen.planned import PlannedFile
from sitegen.tree import folders

Digests = dict[str, str]


@dataclass(slots=True)
class Part:
    """A part of the site: a digest of all that it was made from, and of what each of its files was made from.

    `notes` are lines to remember with it: what of it could not be made, or what other parts show of it.
    """

    digest: str
    files: Digests = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Output:
    """The output directory during one build. `written` and `removed` are paths relative to it."""

    def __init__(self, path: Path, store: StoreLayout) -> None:
        """Looks at the directory. Raises `StoreError` when it holds something else than a site, or is the store's."""
        self.path = path
        self.written: list[str] = []
        self.removed: list[str] = []
        self.unchanged = 0
        _check(path, store)
        self._memory = store.site_memory(urls.place_digest(path))
        self._contents, self._manifest = _read_manifest(path)
        self._parts = self._recall()
        self._after: dict[str, Part] = {}
        self._present = _present(path)
        self._journal: IO[bytes] | None = None
        self._folders: set[str] = set()

    def begin(self) -> None:
        """Makes the directory a site's, so that a build that is cut short can be taken up."""
        self.path.mkdir(parents=True, exist_ok=True)
        if not (self.path / urls.MANIFEST).is_file():
            write_atomically(self.path / urls.MANIFEST, _dump(self._contents))

    def keep(self, name: str, digest: str) -> bool:
        """Whether a part is already what it would become; it is then kept as it is."""
        part = self._parts.get(name)
        if part is None or part.digest != digest or not self._present.issuperset(part.files):
            return False
        self._after[name] = part
        self.unchanged += len(part.files)
        return True

    def put(self, name: str, digest: str, files: Iterable[PlannedFile], notes: list[str] | None = None) -> None:
        """Makes those files of a part whose inputs changed or that are gone; `notes` fills on the way."""
        self.start(name, digest, notes)
        for file in files:
            self.add(name, file)

    def start(self, name: str, digest: str, notes: list[str] | None = None) -> None:
        """Begins a part that gets its files by `add`: several can be under way."""
        self._after[name] = Part(digest, notes=[] if notes is None else notes)

    def add(self, name: str, file: PlannedFile) -> None:
        """Makes a file of a part that was begun, if its inputs changed or it is gone."""
        before = self._parts.get(name, Part(""))
        self._after[name].files[file.path] = file.digest
        if before.files.get(file.path) == file.digest and file.path in self._present:
            self.unchanged += 1
        elif self._write(file.path, file.make(), file.immutable):
            self.written.append(file.path)
        else:
            self.unchanged += 1

    def fresh(self, name: str) -> Digests:
        """Those files of a part, as the last build left it, that are there; with what each was made from."""
        part = self._parts.get(name, Part(""))
        return {path: digest for path, digest in part.files.items() if path in self._present}

    def digest_of(self, path: str) -> str | None:
        """The SHA-256 (24 hex digits) of a file of the site as it was made or kept; None where there is none."""
        return self._contents.get(path)

    def earlier(self, name: str) -> list[str]:
        """The notes of a part as the last build left it."""
        return self._parts[name].notes if name in self._parts else []

    def read(self, path: str) -> bytes | None:
        """A file of the site; None where there is none."""
        try:
            return (self.path / path).read_bytes() if path in self._present else None
        except OSError:
            return None

    def paths(self) -> list[str]:
        """The files of all parts so far."""
        return [path for part in self._after.values() for path in part.files]

    def notes(self, name: str) -> list[str]:
        """The notes of a part: the same in every build that keeps the part as it is."""
        return self._after[name].notes

    def finish(self) -> None:
        """Removes the files of the site that no part has any more, and remembers this build."""
        wanted = {path for part in self._after.values() for path in part.files}
        for path in sorted(self._contents.keys() - wanted):
            self._announce(path)
            self._remove(path)
            del self._contents[path]
        manifest = _dump(self._contents)
        if not _holds(self.path / urls.MANIFEST, manifest):
            write_atomically(self.path / urls.MANIFEST, manifest)
        if self._journal is not None:
            self._journal.close()
        (self.path / urls.JOURNAL).unlink(missing_ok=True)
        self._remember(manifest)

    def _announce(self, path: str) -> None:
        """Called before a file is changed: a build that is cut short leaves a site that the next one knows to mend."""
        if self._journal is None:
            self._memory.unlink(missing_ok=True)
            self._journal = (self.path / urls.JOURNAL).open("ab", buffering=0)
        if path not in self._contents:
            self._journal.write(f"{path}\n".encode())

    def _write(self, path: str, content: bytes | Path, immutable: bool) -> bool:
        """Puts bytes or a copy of a file in place; False when that is what is there already."""
        target = self.path / path
        if isinstance(content, bytes):
            if path in self._present and _holds(target, content):
                self._contents[path] = _digest(content)
                return False
            self._announce(path)
            self._contents[path] = _digest(content)
            self._make_folder(path)
            if path in self._present:
                write_atomically(target, content)
            else:
                _create(target, content)
            return True
        # A log may be long, and grow meanwhile: what was copied is what counts.
        self._announce(path)
        self._make_folder(path)
        beside = target.with_name(f"{target.name}.tmp")
        beside.unlink(missing_ok=True)
        _copy(content, beside, immutable)
        self._contents[path] = _file_digest(beside)
        if path in self._present and _file_digest(target) == self._contents[path]:
            beside.unlink()
            return False
        beside.replace(target)
        self._present.add(path)
        return True

    def _make_folder(self, path: str) -> None:
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            self._folders.add(folder)
            try:
                os.mkdir(f"{self.path}/{folder}")
            except (FileExistsError, FileNotFoundError):
                os.makedirs(self.path / folder, exist_ok=True)

    def _remove(self, path: str) -> None:
        root = self.path.resolve()
        target = (self.path / path).resolve()
        # The manifest lies in a folder that anybody may write; it never names a way out of it.
        if not target.is_relative_to(root) or not target.is_file():
            return
        target.unlink()
        self.removed.append(path)
        for folder in target.parents:
            if folder == root or any(folder.iterdir()):
                return
            folder.rmdir()

    def _recall(self) -> dict[str, Part]:
        """What the files in the directory were made from; nothing when it is not the site that this was said of."""
        try:
            memory = json.loads(self._memory.read_bytes())
            if memory["manifest"] != self._manifest:
                return {}
            return {
                name: Part(str(part["digest"]), dict(part["files"]), [str(note) for note in part["notes"]])
                for name, part in memory["parts"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}

    def _remember(self, manifest: bytes) -> None:
        if self._after == self._parts and not self.written and not self.removed:
            return
        memory = {"manifest": _digest(manifest), "parts": self._after}
        try:
            if self._memory.parent.parent.is_symlink() or self._memory.parent.is_symlink():
                return  # A store may come from strangers: this would be written wherever the link leads.
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._memory, json.dumps(memory, default=_as_json).encode())
        except OSError:
            pass  # On a disk that cannot be written the next build makes everything again, and writes what differs.


def _copy(source: Path, target: Path, immutable: bool) -> None:
    """Copies a file, or gives it a second name where that is as good and the file system can."""
    if immutable:
        try:
            os.link(source, target, follow_symlinks=False)
            return
        except OSError:
            pass  # Another disk, or a file system without links.
    shutil.copyfile(source, target, follow_symlinks=False)


def _check(out: Path, store: StoreLayout) -> None:
    root, target = store.root.resolve(), out.resolve()
    if target == root or target in root.parents or target.is_relative_to(root):
        raise StoreError(f"{out}: the site would be mixed with the store {store.root}; choose another -o")
    if out.exists() and not out.is_dir():
        raise StoreError(f"{out}: found a file, expected a directory for the site; choose another -o")
    if out.is_dir() and any(out.iterdir()) and not (out / urls.MANIFEST).is_file():
        raise StoreError(f"{out}: holds files that are not a site of runstore; empty it or choose another -o")


def _present(out: Path) -> set[str]:
    """The files there are below `out`, relative to it."""
    if not out.is_dir():
        return set()
    return {f"{folder}{entry.name}" for folder, _, files in folders(os.fspath(out)) for entry in files}


def _read_manifest(out: Path) -> tuple[Digests, str]:
    """The site's files as the last build left them, and those that one which was cut short had begun to write.

    With them a digest of the manifest, "" where it does not tell of all of them.
    """
    begun: Digests = {}
    try:
        begun = dict.fromkeys((out / urls.JOURNAL).read_text(encoding="utf-8", errors="replace").splitlines(), "")
    except OSError:
        pass
    try:
        manifest = (out / urls.MANIFEST).read_bytes()
        files = {str(path): str(content) for path, content in json.loads(manifest)["files"].items()}
        return begun | files, "" if begun else _digest(manifest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return begun, ""


def _dump(contents: Digests) -> bytes:
    # One file a line, by the encoder that is written in C: the one that indents is not.
    return json.dumps({"files": dict(sorted(contents.items()))}, separators=(",\n", ": ")).encode() + b"\n"


def _as_json(part: Part) -> dict[str, object]:
    return {"digest": part.digest, "files": part.files, "notes": part.notes}


def _create(path: str | Path, content: bytes) -> None:
    """Writes a file. A file object would ask the system twice as often, for each of thousands of files."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)


def _digest(content: bytes) -> str:
    """What the manifest says of a file."""
    return hashlib.sha256(content).hexdigest()[:24]


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:24]
