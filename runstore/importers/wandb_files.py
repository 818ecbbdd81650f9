"""The folder `files` of a W&B run: what lies there, as far as it may be taken."""

import base64
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runstore.format.copying import open_plain
from runstore.format.run_layout import RunLayout
from runstore.importers.sources import ImportedFile, Problems

_MEDIA: Final = "media"
_OURS: Final = RunLayout(Path())
_CARRIED: Final = frozenset(
    {
        *(_OURS.output_log.name, _OURS.requirements_txt.name, _OURS.config_yaml.name),  # W&B calls these as we do.
        *("diff.patch", "wandb-summary.json", "wandb-metadata.json"),
    }
)
"""What has a place of its own here."""
_MOST_TEXT: Final = 256 << 20


def other_files(folders: list[Path], problems: Problems) -> Iterator[ImportedFile]:
    """The files that the run saved. `run.save` leaves links to the script's own files: one is followed where it leads
    below the directory that the run was started in, and nowhere else."""
    for folder in folders:
        for path, place in _walk(folder):
            if place in _CARRIED or place.startswith(f"{_MEDIA}/"):
                continue
            if path.is_symlink() and not _is_ours(path, folder):
                problems.lose(f"{path}: is a link to a file outside the run's working directory, and left out")
                continue
            yield ImportedFile(place, path.resolve() if path.is_symlink() else path)


def media_files(folders: list[Path]) -> Iterator[ImportedFile]:
    """The media, below `media/` as they are here."""
    for folder in folders:
        for path, place in _walk(folder / _MEDIA):
            if not path.is_symlink():
                yield ImportedFile(place, path)


def text_file(folders: list[Path], name: str) -> bytes:
    """The newest file of this name; b"" where there is none."""
    for folder in reversed(folders):
        path = folder / name
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= _MOST_TEXT:
            return path.read_bytes()
    return b""


def logged_file(local: str, md5: str) -> Path:
    """The file that a log names on this machine, with the MD5 (in base64) that it had. Raises `OSError` with the reason
    where that is not there any more.

    A log may be a stranger's: a file is taken only where it has the digest that the log says, so nobody gets at one
    that he does not know already.
    """
    if not local:
        raise OSError("it is on W&B's server only")
    with open(open_plain(Path(local)), "rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).digest()
    if base64.b64encode(digest).decode() != md5:
        raise OSError(f"{local} has changed since")
    return Path(local)


def contents_of(folder: Path) -> str:
    """A digest of which files there are, how large, and when each was changed."""
    found = hashlib.sha256()
    for path, place in _walk(folder):
        try:
            stat = path.stat()
        except OSError:
            continue  # A link to what is gone.
        found.update(f"{place}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode("utf-8", "backslashreplace"))
    return found.hexdigest()


def _walk(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file below, by name, with its place; directories behind links are left out."""
    if folder.is_symlink():
        return
    for here, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(here, name)
            if path.is_file():
                yield path, path.relative_to(folder).as_posix()


def _is_ours(link: Path, files: Path) -> bool:
    """Whether a link leads to a file below the directory that holds `wandb/`."""
    try:
        return link.resolve().is_relative_to(files.resolve().parents[2])
    except (OSError, IndexError, RuntimeError):
        return False
