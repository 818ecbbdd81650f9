"""MLflow's SQLite database, read by the columns it has: each version of MLflow adds some."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from runstore.errors import UsageError
from runstore.importers.mlflow_store import LoggedModel, Point, StoredRun, moment_of, number_of, unclamped
from runstore.importers.sources import Problems

_NEEDED: Final = {"runs": {"run_uuid"}, "experiments": {"experiment_id"}}
_READ: Final = {
    "experiments": ("experiment_id", "name", "lifecycle_stage"),
    "runs": (
        *("run_uuid", "name", "source_name", "user_id", "status", "start_time", "end_time", "source_version"),
        *("lifecycle_stage", "artifact_uri", "experiment_id"),
    ),
    "metrics": ("key", "value", "timestamp", "run_uuid", "step", "is_nan"),
    "params": ("key", "value", "run_uuid"),
    "tags": ("key", "value", "run_uuid"),
}
"""What is read of the tables that every version has."""
_INPUTS: Final = """
    select d.name, d.digest, d.dataset_source_type, d.dataset_source, t.value
    from inputs i join datasets d on d.dataset_uuid = i.source_id
    left join input_tags t on t.input_uuid = i.input_uuid and t.name = 'mlflow.data.context'
    where i.source_type = 'DATASET' and i.destination_type = 'RUN' and i.destination_id = ? order by d.name, d.digest
"""
_MODELS: Final = """
    select model_id, name, artifact_location, creation_timestamp_ms, model_type
    from logged_models where source_run_id = ? order by model_id
"""
_COUNTED: Final = {"trace_info": "a trace of MLflow", "registered_models": "a registered model of MLflow"}


@dataclass(frozen=True)
class _Database:
    """A database that is only read, with the columns that its tables have."""

    path: Path

    def ask(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of a query. Raises `UsageError` where the database cannot be read."""
        try:
            with closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
                connection.text_factory = lambda data: data.decode("utf-8", "replace")
                connection.execute("pragma trusted_schema = off")
                yield from connection.execute(query, values)
        except (sqlite3.Error, OverflowError) as error:
            raise UsageError(
                f"{self.path}: cannot be read as a database of MLflow in SQLite ({error}); pass mlflow.db, or a copy"
            ) from None

    @cached_property
    def columns(self) -> dict[str, set[str]]:
        tables = [str(name) for (name,) in self.ask("select name from sqlite_master where type = 'table'")]
        return {name: self._columns(name) for name in tables}

    def _columns(self, table: str) -> set[str]:
        return {str(name) for (name,) in self.ask("select name from pragma_table_info(?)", table)}

    def rows(self, table: str, condition: str = "1", *values: Any) -> Iterator[dict[str, Any]]:
        """Rows of a table in `_READ`; a column that this version lacks is None."""
        names = _READ[table]
        has = self.columns.get(table, set())
        shown = ", ".join(f'"{name}"' if name in has else "null" for name in names)
        if has:
            for row in self.ask(f"select {shown} from {table} where {condition}", *values):  # noqa: S608 - our names
                yield dict(zip(names, row, strict=True))


def runs(path: Path, problems: Problems) -> Iterator[StoredRun]:
    """The runs of a database, oldest first. Raises `UsageError` for one that is none of MLflow's.

    What this version of MLflow has not is told to `problems`, and what is there is read.
    """
    database = _Database(path)
    for table, needed in _NEEDED.items():
        if not needed <= database.columns.get(table, set()):
            raise UsageError(f"{path}: found no table {table} with {', '.join(needed)}, expected a database of MLflow")
    _tell_version(database, problems)
    experiments = {row["experiment_id"]: row for row in database.rows("experiments")}
    for row in database.rows("runs", "1 order by start_time, run_uuid" if _has(database, "start_time") else "1"):
        experiment = experiments.get(row["experiment_id"], {})
        if "deleted" in (row["lifecycle_stage"], experiment.get("lifecycle_stage")):
            problems.leave_out("a run that was deleted in MLflow")
        else:
            yield _run(database, row, str(experiment.get("name") or row["experiment_id"]))


def _has(database: _Database, column: str) -> bool:
    return column in database.columns["runs"]


def _tell_version(database: _Database, problems: Problems) -> None:
    missing = [
        f"{table}.{name}" for table, names in _READ.items() for name in names if not _there(database, table, name)
    ]
    if missing:
        known = "alembic_version" in database.columns
        version = next(database.ask("select version_num from alembic_version"), ("unknown",))[0] if known else "unknown"
        problems.lose(
            f"{database.path}: its schema has the version {version} and lacks {', '.join(missing)}; what is there is "
            "read, and `mlflow db upgrade` makes a newer one of a copy"
        )
    for table, name in _COUNTED.items():
        if table in database.columns:
            problems.leave_out(name, int(next(database.ask(f"select count(*) from {table}"))[0]))  # noqa: S608 - our names


def _there(database: _Database, table: str, name: str) -> bool:
    return name in database.columns.get(table, set())


def _run(database: _Database, row: dict[str, Any], experiment: str) -> StoredRun:
    run_id = _word(row["run_uuid"])
    params, tags = (
        {_word(each["key"]): _word(each["value"]) for each in database.rows(table, "run_uuid = ? order by key", run_id)}
        for table in ("params", "tags")
    )
    datasets, models = tuple(_datasets(database, run_id)), tuple(_models(database, run_id))
    content = hashlib.sha256(
        repr((row, experiment, params, tags, datasets, models)).encode("utf-8", "backslashreplace")
    )
    for point in _points(database, run_id, Problems()):
        content.update(repr((point.key, point.value, point.time, point.step)).encode("utf-8", "backslashreplace"))
    return StoredRun(
        id=run_id,
        where=f"{database.path}, run {run_id}",
        experiment=_word(row["experiment_id"]),
        experiment_name=experiment,
        name=_word(row["name"]),
        status=_word(row["status"]),
        started=moment_of(row["start_time"]),
        ended=moment_of(row["end_time"]),
        user=_word(row["user_id"]),
        program=_word(row["source_name"]),
        commit=_word(row["source_version"]),
        address=_word(row["artifact_uri"]),
        params=params,
        tags=tags,
        datasets=datasets,
        models=models,
        digest=content.hexdigest(),
        points=lambda problems: _points(database, run_id, problems),
    )


def _points(database: _Database, run_id: str, problems: Problems) -> Iterator[Point]:
    order = "step, timestamp, rowid" if _there(database, "metrics", "step") else "timestamp, rowid"
    for row in database.rows("metrics", f"run_uuid = ? order by {order}", run_id):
        key, moment, step = _word(row["key"]), number_of(row["timestamp"]), row["step"] or 0
        value = float("nan") if row["is_nan"] else number_of(row["value"])
        if value is None or moment is None or not isinstance(step, int):
            problems.lose(f"{database.path}, run {run_id}: {key} has a row without number, time or step; it is lost")
        else:
            yield Point(key, unclamped(value), moment / 1000, step)


def _datasets(database: _Database, run_id: str) -> Iterator[dict[str, str]]:
    if {"inputs", "datasets", "input_tags"} <= set(database.columns):
        for row in database.ask(_INPUTS, run_id):
            facts = zip(("name", "digest", "source_type", "source", "context"), row, strict=True)
            yield {key: str(value) for key, value in facts if value}


def _models(database: _Database, run_id: str) -> Iterator[LoggedModel]:
    if "logged_models" in database.columns:
        for model, name, address, made, kind in database.ask(_MODELS, run_id):
            yield LoggedModel(_word(model), _word(name), _word(address), moment_of(made), _word(kind))


def _word(value: Any) -> str:
    return "" if value is None else str(value)
