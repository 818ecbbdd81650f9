"""The files of a run, as W&B's Api shows them."""

import fnmatch
import hashlib
import html
import mimetypes
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Any

from runstore.api.errors import NotFoundError
from runstore.api.views import Shown
from runstore.errors import NoFileError, UsageError
from runstore.format.layout import make_below
from runstore.format.run_layout import RunLayout, is_fleeting
from runstore.reading.store import RunRecord
from runstore.remote.arriving import refuse_change


class File(Shown):
    """One file of a run. A file that the script saved has the name it was saved under, others their path in the run."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._path = path

    @property
    def size(self) -> int:
        """Bytes."""
        return self._path.lstat().st_size

    @property
    def sizeBytes(self) -> int:  # noqa: N802 - W&B's name
        return self.size

    @property
    def updated_at(self) -> str:
        return datetime.fromtimestamp(self._path.lstat().st_mtime, UTC).isoformat(timespec="seconds")

    @property
    def mimetype(self) -> str:
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @property
    def md5(self) -> str:
        with self._open() as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()

    @property
    def url(self) -> str:
        return self._path.absolute().as_uri()

    direct_url = url

    @property
    def path_uri(self) -> str:
        return self.url

    def _open(self) -> BufferedReader:
        descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise UsageError(f"{self._path}: found no plain file; remove what is there")
        return open(descriptor, "rb")

    def download(self, root: str = ".", replace: bool = False, exist_ok: bool = False, api: Any = None) -> Any:
        """Copies the file to `root/name` and returns it open for reading, as text.

        One that is there is replaced with `replace`, left with `exist_ok`, else it raises `ValueError`.
        """
        target = Path(root) / self.name
        if target.exists() and not replace:
            if exist_ok:
                return target.open(encoding="utf-8", errors="surrogateescape")
            raise ExistsError(f"{target}: is there already; pass replace=True or exist_ok=True")
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            with self._open() as source, beside.open("xb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
            os.replace(beside, target)
        finally:
            beside.unlink(missing_ok=True)
        return target.open(encoding="utf-8", errors="surrogateescape")

    def delete(self) -> None:
        """Removes the file from the run."""
        refuse_change(self._path)
        self._path.unlink()

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """A link to the file as a piece of HTML."""
        return f'<a href="{html.escape(self.url)}">{html.escape(self.name)}</a>'

    def __repr__(self) -> str:
        return f"<File {self.name}>"


class ExistsError(UsageError, ValueError):
    """A file that would be overwritten."""


def list_files(run: RunRecord, names: Iterable[str] | None = None, pattern: str | None = None) -> list[File]:
    """The files of a run by name; those called one of `names`, or that match `pattern` (as W&B: % and * stand for any
    text). Raises `UsageError` when both are given."""
    if names is not None and pattern is not None:
        raise UsageError("files() takes names or pattern, found both; leave one out")
    found = _files(run.layout)
    if names is not None:
        wanted = {names} if isinstance(names, str) else set(names)
        found = [file for file in found if file.name in wanted]
    if pattern is not None:
        glob = pattern.replace("%", "*")
        found = [file for file in found if fnmatch.fnmatchcase(file.name, glob)]
    return found


def find_file(run: RunRecord, name: str) -> File:
    """The file of this name. Raises `NotFoundError`."""
    alias = {"wandb-summary.json": run.layout.summary_json.name, "wandb-metadata.json": run.layout.provenance_json.name}
    wanted = PurePosixPath(alias.get(name, name)).as_posix()
    for file in _files(run.layout):
        if file.name == wanted:
            return file
    raise NotFoundError(f"{run.project}/{run.id}: found no file {name!r}; run.files() lists those there are")


def _files(layout: RunLayout) -> list[File]:
    found: dict[str, File] = {}
    for name, path in _walk(layout.path):
        found[name] = File(name, path)
    saved = layout.files_dir.name + "/"
    for name in [name for name in found if name.startswith(saved)]:
        plain = name.removeprefix(saved)
        if plain not in found:
            file = found.pop(name)
            found[plain] = File(plain, file._path)
    return [found[name] for name in sorted(found)]


def _walk(root: Path) -> Iterator[tuple[str, Path]]:
    """The plain files below a run's directory; links are not followed, signs of the moment are left out."""
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if _is_plain(path) and not (Path(folder) == root and is_fleeting(name)):
                yield path.relative_to(root).as_posix(), path


def _is_plain(path: Path) -> bool:
    """Whether it is a file, and no link; not when a live run has removed it since."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def keep_file(run: RunRecord, path: str, root: str) -> File:
    """Copies a file into the run under its path below `root`. Raises `UsageError` or `OSError`."""
    source, base = Path(os.path.abspath(path)), Path(os.path.abspath(root))
    try:
        name = source.relative_to(base).as_posix()
    except ValueError:
        raise UsageError(f"{path}: lies outside of root={root!r}; pass a root that holds it") from None
    if not source.is_file():
        raise NoFileError(f"{path}: there is no such file; pass the path of one")
    target = run.layout.files_dir / name
    refuse_change(target)
    make_below(run.layout.path, target.parent)
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    shutil.copyfile(source, beside)
    os.replace(beside, target)
    return File(name, target)
