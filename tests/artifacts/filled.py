"""Short ways to an artifact with files, and to what a store holds."""

from pathlib import Path

import runstore
from runstore.artifacts.artifact import Artifact
from runstore.artifacts.collection import Collection, read_collection
from runstore.format.layout import StoreLayout


def filled(name: str = "model", kind: str = "model", **texts: str) -> Artifact:
    """A draft with a file for each text, `x` as `x.txt`."""
    artifact: Artifact = runstore.Artifact(name, kind)
    for key, text in (texts or {"x": "some text"}).items():
        with artifact.new_file(f"{key}.txt") as file:
            file.write(text)
    return artifact


def collection(store: StoreLayout, name: str = "model", project: str = "p") -> Collection:
    return read_collection(store, store.project(project), name)


def blobs(store: StoreLayout) -> list[Path]:
    """The blobs that a store has."""
    return sorted(path for path in store.objects_dir.glob("*/*") if not path.name.startswith("."))
