"""What of a store the next commit changes: so much a hook can check before each one."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from runstore.format.layout import ProjectLayout, StoreLayout
from runstore.reading.repository import Repository

_FILTER = "--diff-filter=ACMRT"


@dataclass(frozen=True, slots=True)
class Staged:
    """The runs that the index changes, by project, and the artifact versions as (project, name, version)."""

    runs: dict[str, set[str]] = field(default_factory=dict)
    versions: set[tuple[str, str, str]] = field(default_factory=set)


def staged(store: StoreLayout) -> Staged:
    """What is in git's index of the store and not in its last commit. Raises `StoreError` outside of git."""
    found = Staged()
    with Repository(store.root) as repository:
        options = ("--cached", "--name-only", "-z", "--no-renames", _FILTER)
        names = repository.ask("diff", *options, "--", str(repository.path.resolve()))
        inside = f"{repository.prefix}/" if repository.prefix else ""
        for name in names.split(b"\0"):
            _note(found, os.fsdecode(name).removeprefix(inside).split("/"))
    return found


def _note(found: Staged, parts: list[str]) -> None:
    match parts:
        case [project, "runs", run, _, *_]:
            found.runs.setdefault(project, set()).add(run)
        case [project, "artifacts", name, version, _, *_]:
            found.versions.add((project, name, version))
        case [project, name] if name == ProjectLayout(Path(project)).project_yaml.name:
            found.runs.setdefault(project, set())
        case _:
            return
