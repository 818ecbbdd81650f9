"""Places that a person names, a directory or an address, opened as trees to read a store from or to write one to."""

from pathlib import Path

from runstore.errors import StoreError
from runstore.format.layout import STORE_DIR, StoreLayout
from runstore.format.locate import existing_store, is_url
from runstore.remote.addresses import Address
from runstore.remote.distant import RemoteTree
from runstore.remote.local import LocalTree
from runstore.remote.trees import Tree


def to_read(place: str) -> Tree:
    """The tree of the store at a place. Raises `StoreError` where there is none, or it cannot be reached."""
    tree = _tree(place)
    if isinstance(tree, LocalTree):
        return LocalTree(existing_store(tree.root).root)
    tree.enter_store()
    return tree


def to_write(place: str) -> Tree:
    """The tree that a store is copied to: one that is there, or an empty place for a new one. Raises `StoreError`."""
    tree = _tree(place)
    if isinstance(tree, LocalTree):
        return LocalTree(_target(tree.root))
    if not tree.writable:
        raise StoreError(f"{tree.where}: can be read and not written; copy to s3://, gs://, sftp:// or a directory")
    return tree


def refuse_overlap(source: Tree, target: Tree) -> None:
    """Raises `StoreError` where one tree lies in the other, or is it."""
    one, other = (f"{tree.identity.rstrip('/')}/" for tree in (source, target))
    if one.startswith(other) or other.startswith(one):
        raise StoreError(f"{target.where}: lies in {source.where}, or is it, or holds it; name another place")


def _tree(place: str) -> LocalTree | RemoteTree:
    if not is_url(place):
        return LocalTree(Path(place).expanduser())
    address = Address.of(place)
    return LocalTree(Path(address.path)) if address.protocol == "file" else RemoteTree(address)


def _target(root: Path) -> Path:
    """Where in a directory the store lies, or will."""
    for layout in (StoreLayout(root), StoreLayout(root / STORE_DIR)):
        if layout.store_yaml.is_file():
            return layout.root
    try:
        empty = not any(root.iterdir())
        known = empty or bool(StoreLayout(root).projects())
    except FileNotFoundError:
        return root
    except OSError as error:
        raise StoreError(f"{root}: cannot be looked into ({error.strerror}); name a directory") from None
    if not known:
        raise StoreError(f"{root}: holds files and no store; name a store's directory, or one that is new or empty")
    return root
