"""References: files of an artifact that stay where they are. Their address is recorded, with what is known of them."""

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from runstore.artifacts import blobs
from runstore.artifacts.errors import ArtifactError, ContentError
from runstore.artifacts.manifest import FileEntry
from runstore.artifacts.names import check_path
from runstore.format.locate import is_store

MOST_OBJECTS: Final = 10_000_000
_TIMEOUT_SECONDS: Final = 60.0
_BLOCK: Final = 1 << 20
_TOOLS: Final = {
    "s3": "aws s3 cp {ref} {target}",
    "gs": "gcloud storage cp {ref} {target}",
    "az": "azcopy copy {ref} {target}",
    "abfs": "azcopy copy {ref} {target}",
    "hf": "huggingface-cli download, then copy the file to {target}",
}


def entries_for(ref: str, name: str | None, *, checksum: bool, max_objects: int | None) -> list[FileEntry]:
    """What `add_reference` records: an entry a file for `file://`, else one for the address, unseen.

    Raises `ArtifactError` for what is no address, or leads to no file.
    """
    parts = urlsplit(ref)
    if not parts.scheme:
        raise ArtifactError(f"the reference {ref!r} is no address; write file:///path, s3://bucket/key or https://…")
    if parts.scheme == "file":
        return _local_entries(ref, name, checksum=checksum, most=MOST_OBJECTS if max_objects is None else max_objects)
    return [FileEntry(check_path(name or _default_name(ref)), ref=ref)]


def _default_name(ref: str) -> str:
    """The last part of an address' path, else its host."""
    parts = urlsplit(ref)
    return PurePosixPath(unquote(parts.path)).name or parts.netloc or "reference"


def local_path(ref: str) -> str:
    """The path that a `file://` address means. Raises `ArtifactError` for one on another host."""
    parts = urlsplit(ref)
    if parts.netloc not in ("", "localhost"):
        raise ArtifactError(f"{ref}: names a file on the host {parts.netloc!r}; write file:// and an absolute path")
    return unquote(parts.path)


def _local_entries(ref: str, name: str | None, *, checksum: bool, most: int) -> list[FileEntry]:
    path = local_path(ref)
    if os.path.isfile(path):
        return [_local_entry(path, ref, check_path(name or os.path.basename(path)), checksum=checksum)]
    if not os.path.isdir(path):
        raise ArtifactError(f"{ref}: there is no such file or directory; correct the path")
    if not checksum:
        return [FileEntry(check_path(name or os.path.basename(path.rstrip("/")) or "root"), ref=ref)]
    found: list[FileEntry] = []
    for file, inside in walk(path, stores=False):
        if len(found) >= most:
            raise ArtifactError(f"{ref}: holds more than {most:,} files; raise max_objects, or add a part of it")
        inner = "/".join(part for part in (name, inside) if part)
        found.append(_local_entry(file, f"{ref.rstrip('/')}/{inside}", check_path(inner), checksum=True))
    return found


def walk(folder: str, *, stores: bool = True) -> Iterator[tuple[str, str]]:
    """The files below a directory by name, links followed: the path of each, and its place below `folder` with `/`.

    A directory that is met again inside itself is left out, without `stores` one that is a store too. Raises `OSError`.
    """
    seen: set[tuple[int, int]] = set()

    def fail(error: OSError) -> None:
        raise error

    for path, folders, names in os.walk(folder, followlinks=True, onerror=fail):
        place = os.stat(path)
        if (place.st_dev, place.st_ino) in seen:
            folders.clear()
            continue
        seen.add((place.st_dev, place.st_ino))
        folders[:] = sorted(name for name in folders if stores or not is_store(os.path.join(path, name)))
        for name in sorted(names):
            file = os.path.join(path, name)
            yield file, os.path.relpath(file, folder).replace(os.sep, "/")


def _local_entry(path: str, ref: str, name: str, *, checksum: bool) -> FileEntry:
    if not checksum:
        return FileEntry(name, ref=ref)
    try:
        sha256, size = blobs.hash_file(path)
    except OSError as error:
        raise blobs.unreadable_source(path, error) from None
    return FileEntry(name, sha256, size, ref)


def fetch(entry: FileEntry, target: str) -> None:
    """Copies what a reference leads to to `target`: files of this machine, and the web's.

    Raises `ContentError` when it is not there or not what was recorded, `ArtifactError` with the tool that helps for
    other addresses, `OSError` for the target.
    """
    scheme = urlsplit(entry.ref).scheme
    copy = {"file": _copy_file, "http": _copy_web, "https": _copy_web}.get(scheme)
    if copy is None:
        way = _TOOLS.get(scheme, "the tool that knows such addresses, to {target}").format(ref=entry.ref, target=target)
        raise ArtifactError(
            f"{entry.ref}: is a reference that Runstore does not fetch; use {way}, "
            "or download(allow_missing_references=True) for the rest"
        )
    _fetch_with(copy, entry, target)


def _fetch_with(copy: Callable[[str, str], None], entry: FileEntry, target: str) -> None:
    folder, name = os.path.split(target)
    beside = os.path.join(folder, f".{name[:80]}.{secrets.token_hex(4)}.tmp")
    try:
        copy(entry.ref, beside)
        if entry.sha256 and (found := blobs.hash_file(beside)[0]) != entry.sha256:
            raise ContentError(
                f"{entry.ref}: found other content (sha256 {found[:12]}…) than when the reference was added "
                f"({entry.sha256[:12]}…); restore that, or add the reference anew"
            )
        os.chmod(beside, 0o666 & ~blobs.umask())
        os.replace(beside, target)
    finally:
        if os.path.lexists(beside):
            os.unlink(beside)


def _copy_file(ref: str, target: str) -> None:
    path = local_path(ref)
    if not os.path.isfile(path):
        raise ContentError(f"{ref}: there is no such file any more; restore it, or allow_missing_references=True")
    blobs.copy_hashing(path, target)


def _copy_web(ref: str, target: str) -> None:
    # Not at the top: few artifacts need the web's library.
    from http.client import HTTPException
    from urllib.request import Request, urlopen

    try:
        request = Request(ref, headers={"User-Agent": "runstore"})  # noqa: S310 - http and https only
        with urlopen(request, timeout=_TIMEOUT_SECONDS) as answer, open(target, "xb") as file:  # noqa: S310
            while block := answer.read(_BLOCK):
                file.write(block)
    except (OSError, HTTPException, ValueError) as error:
        raise ContentError(f"{ref}: cannot be fetched ({error}); check the address and the network") from None
