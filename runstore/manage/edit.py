"""Changing what a run is called and how it is filed, in `run.yaml` alone; what else stands there stays.

The process of a live run reads that file again before it writes it, so both may change it.
"""

import getpass
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from runstore.errors import StoreError, UsageError
from runstore.format import yaml12
from runstore.format.layout import StoreLayout, make_below
from runstore.format.names import check_project_name
from runstore.format.records import RunMeta, load_config, write_atomically
from runstore.format.values import well_formed
from runstore.remote.arriving import refuse_change

if TYPE_CHECKING:
    from runstore.reading.store import RunRecord

EDITABLE: Final = ("name", "group", "job_type", "tags", "notes", "sweep")
"""The fields of `run.yaml` that may change."""


@dataclass(frozen=True, slots=True)
class Change:
    """What to change of a run; None leaves a field as it is. `tags` replaces them all."""

    name: str | None = None
    group: str | None = None
    job_type: str | None = None
    notes: str | None = None
    sweep: str | None = None
    tags: tuple[str, ...] | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("tags", "add_tags", "remove_tags"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else clean_tags(value))

    def of(self, meta: RunMeta) -> dict[str, Any]:
        """The fields of a run that would become others, with their new values."""
        tags = list(meta.tags if self.tags is None else self.tags)
        tags = [tag for tag in dict.fromkeys([*tags, *self.add_tags]) if tag not in self.remove_tags]
        wanted = {field.name: getattr(self, field.name) for field in fields(self) if field.name in EDITABLE}
        wanted["tags"] = tags
        now = {name: getattr(meta, name) for name in EDITABLE} | {"tags": list(meta.tags)}
        return {name: value for name, value in wanted.items() if value is not None and value != now[name]}


def clean_tags(tags: Iterable[str] | str) -> tuple[str, ...]:
    """Tags without surrounding spaces, each once, in order. Raises `UsageError` for an empty or far too long one."""
    if not isinstance(tags, Iterable):
        raise UsageError(f"tags is {tags!r}, expected a list of them")
    found = dict.fromkeys(well_formed(str(tag)).strip() for tag in ([tags] if isinstance(tags, str) else tags))
    for tag in found:
        if not tag or len(tag) > 64:
            raise UsageError(f"a tag has {len(tag)} characters, expected 1 to 64")
    return tuple(found)


def edit(run: "RunRecord", change: Change) -> dict[str, Any]:
    """Changes one run; what became another. Raises `StoreError` when its file cannot be read or written."""
    refuse_change(run.layout.path)
    changed = change.of(run.meta)
    if changed:
        write_fields(run, changed)
    return changed


def write_fields(run: "RunRecord", changed: Mapping[str, Any]) -> None:
    """Sets fields of a run's `run.yaml`; others stay, whoever wrote them. Raises `StoreError`."""
    path = run.layout.run_yaml
    values = load_config(path)
    values.setdefault("id", run.id)
    values |= {name: well_formed(value) if isinstance(value, str) else value for name, value in changed.items()}
    try:
        write_atomically(path, yaml12.dump(values).encode())
    except OSError as error:
        raise unwritable(path, error) from None


def move_to_project(run: "RunRecord", store: StoreLayout, project: str) -> None:
    """Moves a run that has ended to another project, made if need be. Raises `UsageError` or `StoreError`."""
    target = store.project(check_project_name(project))
    if target.name == run.project:
        return
    refuse_running(run, "moved to another project")
    new = target.run(run.id)
    if os.path.lexists(new.path) or os.path.lexists(target.deleted(run.id)):
        raise UsageError(f"{new.path}: project {project!r} has, or had, a run {run.id!r}; move that one first")
    try:
        make_below(store.root, target.runs_dir)
        os.rename(run.layout.path, new.path)
    except OSError as error:
        raise unwritable(new.path, error) from None


def refuse_running(run: "RunRecord", what: str) -> None:
    """Raises `UsageError` when the run is live: its process would go on writing where it began."""
    if run.state == "running":
        raise UsageError(
            f"{run.project}/{run.id} is running and cannot be {what}; stop it first: runstore stop {run.id}"
        )


def unwritable(path: os.PathLike[str], error: OSError) -> StoreError:
    """The error for a file or directory that the system does not let us change."""
    return StoreError(f"{os.fspath(path)}: cannot be written ({error.strerror or error}); check its permissions")


def author() -> str:
    """Who does this: the name of the user, "" when the system knows none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""
