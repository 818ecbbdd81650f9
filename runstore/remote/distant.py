"""A tree that fsspec reaches: the one room that knows fsspec, and in which a foreign library's trouble becomes a line.

Object stores write a file by one PUT, which nobody sees half of; where files can be renamed (SSH) it is written beside
and renamed. What fsspec remembers of listings is forgotten before each look.
"""

import datetime
import hashlib
import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeVar
from urllib.parse import unquote

from runstore.errors import RunstoreError, StoreError
from runstore.format.carried import Carried, carried, refusal
from runstore.format.host import hostname
from runstore.format.layout import STORE_DIR, STORE_FILE
from runstore.remote.addresses import Address
from runstore.remote.trees import File, GoneError, Listing

_VERSIONS: Final = ("ETag", "etag", "md5Hash", "blob_id", "Content-MD5", "mtime", "LastModified", "updated", "created")
_TIMES: Final = ("mtime", "LastModified", "last_modified", "modified", "updated", "created")
_READ_ONLY: Final = frozenset({"hf", "http"})
_RENAMES: Final = frozenset({"sftp"})
_FLAT: Final = frozenset({"s3", "gs", "hf"})
"""Those that list all below a place at once."""
_AT_ONCE: Final = 8
_DEEPEST: Final = 64
_LONGEST: Final = 200
_CHATTY: Final = ("asyncssh", "aiobotocore", "botocore", "paramiko", "s3fs", "sshfs", "asyncio")
_T = TypeVar("_T")


class RemoteTree:
    """The tree below an address. Raises `StoreError` for a protocol that is unknown or not installed."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._fs, self._root = _connected(address)
        self._renames = address.protocol in _RENAMES
        self._made: set[str] = set()

    @property
    def where(self) -> str:
        return self.address.shown

    @property
    def identity(self) -> str:
        return f"{self.address.url.partition('://')[0]}://{self._root}"

    @property
    def grows(self) -> bool:
        return self._renames

    @property
    def writable(self) -> bool:
        return self.address.protocol not in _READ_ONLY

    @property
    def concurrent(self) -> bool:
        """Whether several threads may ask at once."""
        return bool(self._fs.async_impl) or self.address.protocol in ("memory", "file")

    def enter_store(self) -> None:
        """Goes down into `experiments/` where the store is there."""
        if not self._there(STORE_FILE) and self._there(f"{STORE_DIR}/{STORE_FILE}"):
            self._root = self._key(STORE_DIR)

    def _there(self, path: str) -> bool:
        return bool(self._ask("be looked at", lambda: self._fs.exists(self._key(path))))

    def files(self) -> Listing:
        self._fs.invalidate_cache()
        found = self._ask("be listed", self._listed)
        files: dict[str, File] = {}
        left_out: list[str] = []
        for key, info in found.items():
            path = self._path(key)
            if path is None or (wrong := refusal(path)):
                left_out.append(f"{key if path is None else path!r} {'lies elsewhere' if path is None else wrong}")
            elif (what := carried(path)) is not None:
                if info.get("type", "file") != "file" or info.get("islink"):
                    left_out.append(f"{path} is a link, which is not followed")
                else:
                    files[path] = self._file(what, key, info)
        return Listing(*_without_clashes(files, left_out))

    def _listed(self) -> Mapping[str, Mapping[str, Any]]:
        """What lies below the root, by key; nothing where there is no root yet."""
        try:
            if self.address.protocol in _FLAT:
                found: Mapping[str, Mapping[str, Any]] = self._fs.find(self._root, detail=True)
                return found
            top = self._fs.ls(self._root, detail=True)
        except FileNotFoundError:
            return {}
        return dict(self._walked(top))

    def _walked(self, level: list[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """What is no directory, level by level. fsspec's own walk takes a directory that it cannot list for empty."""
        with ThreadPoolExecutor(_AT_ONCE if self.concurrent else 1) as pool:
            depth = 0
            while level and depth < _DEEPEST:
                folders = dict.fromkeys(info["name"].rstrip("/") for info in level if info["type"] == "directory")
                files = (info for info in level if info["type"] != "directory")
                yield from ((info["name"], info) for info in files if info["name"] not in folders)
                wanted = [name for name in folders if depth or not name.rpartition("/")[2].startswith(".")]
                level = [info for found in pool.map(self._inside, wanted) for info in found]
                depth += 1

    def _inside(self, folder: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self._fs.ls(folder, detail=True)
        return [info for info in found if info["name"].startswith(f"{folder}/")]

    def _path(self, key: str) -> str | None:
        """What lies at a key, from the tree's root."""
        root = self._root.rstrip("/") + "/"
        if not key.startswith(root):
            return None
        path = key[len(root) :]
        return unquote(path) if self.address.protocol == "http" else path

    def _key(self, path: str) -> str:
        return f"{self._root.rstrip('/')}/{path}"

    def _file(self, what: Carried, key: str, info: Mapping[str, Any]) -> File:
        if info.get("size") is None:  # A web server lists names alone.
            info = self._ask("be looked at", lambda: self._fs.info(key))
        version = next((str(info[name]) for name in _VERSIONS if info.get(name)), "")
        modified = next((_epoch(info[name]) for name in _TIMES if info.get(name)), None)
        return File(what, int(info.get("size") or 0), version, modified, key)

    def check(self) -> None:
        self._fs.invalidate_cache()
        if not self._ask("be looked at", lambda: self._fs.ls(self._root, detail=False)):
            raise StoreError(f"{self.where}: is empty now; try again when it is back")

    def read(self, file: File, start: int, end: int) -> bytes:
        if start >= end:
            return b""
        return bytes(self._ask("be read", lambda: self._fs.cat_file(file.key, start=start, end=end), file.path))

    def fetch(self, file: File, target: Path) -> None:
        target.touch()
        if file.size:
            self._ask("be read", lambda: self._fs.get_file(file.key, str(target)), file.path)

    def path_of(self, file: File) -> Path | None:
        return None

    @contextmanager
    def draft(self, what: Carried, modified: float | None) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="runstore-") as folder:
            path = Path(folder) / "file"
            yield path
            self.put(what, path, modified)

    def begin(self, what: Carried, data: bytes) -> None:
        key = self._key(what.path)
        folder, _, name = key.rpartition("/")
        self._ask("be written", lambda: self._begin(folder, name, data), what.path)

    def _begin(self, folder: str, name: str, data: bytes) -> None:
        if not self._renames or self._fs.exists(folder):
            self._fs.pipe_file(f"{folder}/{name}", data)
            return
        beside = _beside(folder)
        self._fs.makedirs(beside, exist_ok=True)
        self._fs.pipe_file(f"{beside}/{name}", data)
        self._fs.mv(beside, folder)

    def put(self, what: Carried, source: Path, modified: float | None) -> None:
        self._ask("be written", lambda: self._put(self._key(what.path), str(source)), what.path)

    def _put(self, key: str, source: str) -> None:
        if not self._renames:
            self._fs.put_file(source, key)
            return
        self._make(key)
        beside = _beside(key)
        self._fs.put_file(source, beside)
        self._fs.mv(beside, key)

    def _make(self, key: str) -> None:
        folder = key.rpartition("/")[0]
        if folder not in self._made:
            self._fs.makedirs(folder, exist_ok=True)
            self._made.add(folder)

    def grow(self, file: File, at: int, blocks: Iterable[bytes], modified: float | None) -> None:
        self._ask("be written", lambda: self._grow(file.key, at, blocks), file.path)

    def _grow(self, key: str, at: int, blocks: Iterable[bytes]) -> None:
        with self._fs.open(key, "r+b") as out:
            out.seek(at)
            for block in blocks:
                out.write(block)

    def look(self, what: Carried) -> File:
        key = self._key(what.path)
        self._fs.invalidate_cache()
        return self._file(what, key, self._ask("be looked at", lambda: self._fs.info(key), what.path))

    def remove(self, file: File) -> None:
        self._ask("be removed", lambda: self._fs.rm_file(file.key), file.path)
        if self._renames:
            self._remove_empty(PurePosixPath(file.key), file.path.count("/"))

    def _remove_empty(self, key: PurePosixPath, depth: int) -> None:
        for folder in list(key.parents)[:depth]:
            try:
                self._fs.rmdir(str(folder))
            except Exception:  # Whatever the library says of a directory that is not empty.
                return
            self._made.discard(str(folder))

    def _ask(self, what: str, call: Callable[[], _T], path: str = "") -> _T:
        """What a library answers. What it raises, of whatever class, becomes one line."""
        place = f"{self.where}/{path}" if path else self.where
        try:
            return call()
        except RunstoreError:
            raise
        except FileNotFoundError:
            if path and what != "be written":
                raise GoneError(f"{place}: is not there any more; try again") from None
            raise StoreError(f"{place}: there is no such place; {self.address.mend}") from None
        except ImportError as error:
            raise _missing(self.address, error) from None
        except Exception as error:  # A library's own classes have no root in common.
            raise StoreError(f"{place}: cannot {what} ({_reason(error)}); {self.address.mend}") from None


def _connected(address: Address) -> tuple[Any, str]:
    from fsspec.core import url_to_fs  # Not at the top: stores are mostly here.

    for name in _CHATTY:  # What goes wrong is said in a line of ours.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        found, root = url_to_fs(address.url)
    except ImportError as error:
        raise _missing(address, error) from None
    except ValueError as error:
        raise StoreError(
            f"{address}: cannot be opened ({_reason(error)}); write s3://, gs://, hf:// or sftp://"
        ) from None
    except Exception as error:  # SSH connects at once, and has errors of its own.
        raise StoreError(f"{address}: cannot be reached ({_reason(error)}); {address.mend}") from None
    return found, str(root)


def _missing(address: Address, error: ImportError) -> StoreError:
    found = " ".join(str(error).split())[:_LONGEST]
    return StoreError(f"{address}: needs a package that is not installed ({found}); pip install '{address.package}'")


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:_LONGEST]}" if text else type(error).__name__


def _without_clashes(files: dict[str, File], left_out: list[str]) -> tuple[dict[str, File], tuple[str, ...]]:
    """Object stores may have a file where a directory has to be: it is left out."""
    folders = {str(parent) for path in files for parent in PurePosixPath(path).parents}
    for path in [path for path in files if path in folders]:
        del files[path]
        left_out.append(f"{path} is a file, and a directory too")
    return files, tuple(left_out)


def _beside(key: str) -> str:
    """A temporary name that is the same when a copy that was killed is made again, so that nothing stays behind."""
    folder, _, name = key.rpartition("/")
    digest = hashlib.sha256(f"{hostname()}\0{key}".encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{folder}/.{name[:100]}.{digest}.tmp"


def _epoch(value: Any) -> float | None:
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime.datetime):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=datetime.UTC)).timestamp()
