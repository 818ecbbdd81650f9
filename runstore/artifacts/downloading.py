"""Files of an artifact brought to a directory: what is there already and the same is left alone."""

import os
from collections.abc import Iterable

from runstore.artifacts import blobs, references
from runstore.artifacts.blobs import Blobs
from runstore.artifacts.errors import ArtifactError, ContentError
from runstore.artifacts.manifest import FileEntry
from runstore.artifacts.names import check_path
from runstore.errors import StoreError
from runstore.format.layout import StoreLayout
from runstore.remote import arriving
from runstore.settings import in_force


def default_root(name: str) -> str:
    """Where `model:v3` goes when the script names no directory."""
    return os.path.join(in_force().artifact_dir or os.path.join(".", "artifacts"), name)


def place_in(root: str, path: str) -> str:
    """The path of an artifact's file below `root`. Raises `ArtifactError` for one that would leave it."""
    return os.path.join(root, *check_path(path).split("/"))


def download(
    store: StoreLayout, entries: Iterable[FileEntry], root: str, *, allow_missing_references: bool = False
) -> None:
    """Brings entries to `root`. Raises `ContentError` for what is damaged or gone, `StoreError` for the disk."""
    made: set[str] = set()
    for entry in entries:
        target = place_in(root, entry.path)
        try:
            folder = os.path.dirname(target)
            if folder not in made:
                os.makedirs(folder, exist_ok=True)
                made.add(folder)
            if not is_same(target, entry):
                _fetch(store, entry, target)
        except OSError as error:
            raise StoreError(
                f"{target}: cannot be written ({error.strerror or error}); download(root=…) to another place"
            ) from None
        except (ArtifactError, ContentError):
            if not (allow_missing_references and entry.ref):
                raise


def _fetch(store: StoreLayout, entry: FileEntry, target: str) -> None:
    if entry.ref:
        references.fetch(entry, target)
    else:
        arriving.ensure(store.root, store.blob(entry.sha256))
        Blobs(store).fetch(entry.sha256, entry.size, target)


def is_same(target: str, entry: FileEntry) -> bool:
    """Whether the file at `target` is what the entry says, as far as that is known. Raises `OSError`."""
    if not entry.sha256 or os.path.islink(target):
        return False
    try:
        if entry.size is not None and os.stat(target).st_size != entry.size:
            return False
        return blobs.hash_file(target)[0] == entry.sha256
    except FileNotFoundError:
        return False


def remove_others(entries: Iterable[FileEntry], root: str) -> None:
    """Removes what lies below `root` and is none of these. Links are removed, not followed. Raises `StoreError`."""
    wanted = {os.path.normpath(place_in(root, entry.path)) for entry in entries}
    try:
        for path, folders, names in os.walk(root):
            links = [name for name in folders if os.path.islink(os.path.join(path, name))]
            for name in (*names, *links):
                file = os.path.join(path, name)
                if os.path.normpath(file) not in wanted:
                    os.unlink(file)
    except OSError as error:
        raise StoreError(f"{error.filename}: cannot be removed ({error.strerror}); check its permissions") from None


def compare(entries: dict[str, FileEntry], root: str) -> int:
    """Checks that a directory holds just these; how many references were not looked at. Raises `ContentError`."""
    try:
        for file, inside in references.walk(root):
            if inside not in entries:
                raise ContentError(f"{file}: is no file of the artifact; remove it, or checkout(root)")
        for path, entry in entries.items():
            if not entry.ref and not is_same(place_in(root, path), entry):
                raise ContentError(f"{place_in(root, path)}: is missing or not as it was logged; download() it again")
    except OSError as error:
        raise ContentError(f"{error.filename}: cannot be read ({error.strerror}); check its permissions") from None
    return sum(1 for entry in entries.values() if entry.ref)
