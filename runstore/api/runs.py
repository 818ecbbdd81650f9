"""Runs as W&B's Api shows them: what they say, their histories and files, and changing them."""

import copy
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runstore.api import artifacts, drawn, history
from runstore.api.errors import Unsupported
from runstore.api.files import File, find_file, keep_file, list_files
from runstore.api.pages import Pages
from runstore.api.source import Source
from runstore.api.views import ConsoleLogLine, Shown, SummaryView, User, console_lines, nest
from runstore.errors import UsageError
from runstore.format import records, yaml12
from runstore.format.values import dump_line, plain
from runstore.manage import edit, trash
from runstore.manage.stopping import request_stop
from runstore.reading.columns import runs_frame
from runstore.reading.query import Filter, select
from runstore.reading.store import RunRecord
from runstore.remote.arriving import refuse_change
from runstore.settings import split_tags

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

    from runstore.api.sweeps import Sweep


class Run(Shown):
    """One run. `name`, `tags`, `notes`, `group`, `job_type`, `config`, `summary` may be changed: `update()` keeps it.

    What it shows is as of when it was asked for; `load(force=True)` looks again.
    """

    def __init__(self, source: Source, record: RunRecord) -> None:
        self._source = source
        self._take(record)

    def _take(self, record: RunRecord) -> None:
        self._record = record
        self.name = record.name
        self.tags: list[str] = list(record.meta.tags)
        self.notes: str = record.meta.notes
        self.group: str | None = record.meta.group or None
        self.job_type: str | None = record.meta.job_type or None
        self._config: dict[str, Any] | None = None
        self._summary: SummaryView | None = None

    @property
    def id(self) -> str:
        return self._record.id

    @property
    def project(self) -> str:
        return self._record.project

    @property
    def entity(self) -> str:
        return self._source.entity

    @property
    def path(self) -> list[str]:
        """`[entity, project, id]`."""
        return [self.entity, self.project, self.id]

    @property
    def dir(self) -> str:
        """The run's directory in the store."""
        return str(self._record.layout.path)

    @property
    def url(self) -> str:
        """The address of the run's directory."""
        return self._record.layout.path.absolute().as_uri()

    @property
    def storage_id(self) -> str:
        return f"{self.project}/{self.id}"

    @property
    def display_name(self) -> str:
        return self.name

    @display_name.setter
    def display_name(self, name: str) -> None:
        self.name = name

    @property
    def description(self) -> str:
        return self.notes

    @property
    def jobType(self) -> str | None:  # noqa: N802 - W&B's name
        return self.job_type

    @property
    def state(self) -> str:
        """running, finished, failed, killed or crashed."""
        return self._record.state

    @property
    def exit_code(self) -> int | None:
        return self._record.exit_code

    @property
    def created_at(self) -> str | None:
        """ISO 8601 in UTC."""
        return _iso(self._record.created)

    createdAt = created_at  # noqa: N815 - W&B's name

    @property
    def heartbeat_at(self) -> str | None:
        """When it was last known to live."""
        return _iso(self._record.last_sign)

    heartbeatAt = heartbeat_at  # noqa: N815 - W&B's name
    updated_at = heartbeat_at

    @property
    def runtime(self) -> float | None:
        """Seconds from start to end."""
        return self._record.runtime

    @property
    def config(self) -> dict[str, Any]:
        """The run's config, nested. What changes here `update()` keeps."""
        if self._config is None:
            self._config = copy.deepcopy(dict(self._record.config))
        return self._config

    @property
    def rawconfig(self) -> dict[str, Any]:
        return self.config

    @property
    def json_config(self) -> str:
        """The config as W&B's JSON text: `{key: {"value": …}}`."""
        values = {key: {"value": value} for key, value in self.config.items()}
        return dump_line(plain(values, other=str)).decode().rstrip("\n")

    @property
    def summary(self) -> SummaryView:
        """The last value of each key."""
        if self._summary is None:
            self._summary = SummaryView(nest(self._record.summary) | self._axes(), self._save_summary)
        return self._summary

    @property
    def summary_metrics(self) -> dict[str, Any]:
        """The same as a plain dict."""
        return dict(self.summary)

    @property
    def summaryMetrics(self) -> dict[str, Any]:  # noqa: N802 - W&B's name
        return self.summary_metrics

    def _axes(self) -> dict[str, Any]:
        found = {"_step": self.lastHistoryStep, "_runtime": self._record.tracked, "_timestamp": self._record.last_sign}
        said = self._source.written_summary(self._record)
        if said.get("_step") == self._record.last_step:
            found |= {key: said[key] for key in ("_runtime", "_timestamp") if isinstance(said.get(key), int | float)}
        return {key: value for key, value in found.items() if value is not None and value != -1}

    @property
    def metadata(self) -> dict[str, Any]:
        """How the run was started, and on what machine."""
        return dict(self._record.provenance)

    @property
    def commit(self) -> str | None:
        git = self._record.provenance.get("git")
        return str(git["commit"]) if isinstance(git, dict) and git.get("commit") else None

    @property
    def system_metrics(self) -> dict[str, Any]:
        """The last sample of the machine."""
        latest: dict[str, Any] = {}
        for row in history.system_rows(self._record):
            latest |= row
        return {key: value for key, value in latest.items() if not key.startswith("_")}

    systemMetrics = system_metrics  # noqa: N815 - W&B's name

    @property
    def history_keys(self) -> dict[str, Any]:
        """The keys that were logged, and the last step."""
        return {"keys": {key: {} for key in self._record.summary}, "lastStep": self.lastHistoryStep}

    @property
    def lastHistoryStep(self) -> int:  # noqa: N802 - W&B's name
        """The highest step, -1 without rows."""
        return -1 if self._record.last_step is None else int(self._record.last_step)

    @property
    def user(self) -> User:
        return User(str(self._record.provenance.get("user") or ""), self.entity)

    @property
    def username(self) -> str:
        return self.user.username

    @property
    def sweep_name(self) -> str | None:
        """The id of the sweep that it is a trial of."""
        return self._record.meta.sweep or None

    @property
    def sweep(self) -> "Sweep | None":
        found: Sweep | None = None
        if self.sweep_name is not None:
            found = self._source.open_sweep(self.project, self.sweep_name)
        return found

    @property
    def read_only(self) -> bool:
        return False

    def history(
        self,
        samples: int = 500,
        keys: list[str] | None = None,
        x_axis: str = "_step",
        pandas: bool = True,
        stream: str = "default",
        format: history.Format | None = None,  # noqa: A002 - as in `Runs.histories`
    ) -> Any:
        """At most `samples` rows of the history, every key's extremes among them, the same ones each time.

        A frame of pandas, of Polars where pandas is not installed, or with `pandas=False` a list of dicts; `format`
        ("pandas", "polars", "default" for dicts) says so outright. With `keys` only rows that have them all count.
        """
        rows = history.sampled(self._record, samples, keys, x_axis, stream)
        return history.shaped(rows, format or ("pandas" if pandas else "default"))

    def scan_history(
        self,
        keys: list[str] | None = None,
        page_size: int = 1000,
        min_step: int = 0,
        max_step: int | None = None,
        use_cache: bool = True,
    ) -> Iterator[dict[str, Any]]:
        """Every row as it was logged, from `min_step` to before `max_step`; with `keys` those that have them all."""
        return history.scan(self._record, keys, min_step or None, max_step)

    beta_scan_history = scan_history

    def files(self, names: Sequence[str] | None = None, pattern: str | None = None, per_page: int = 50) -> Pages[File]:
        """The run's files; those called one of `names`, or that match `pattern`."""
        return _pages(lambda: list_files(self._record, names, pattern), per_page)

    def file(self, name: str) -> File:
        """One file: `file("model.pt").download()`. Raises `ValueError` when the run has none of this name."""
        return find_file(self._record, name)

    def upload_file(self, path: str, root: str = ".") -> File:
        """Copies a file into the run, under its path below `root`."""
        return keep_file(self._record, path, root)

    def console_logs(self, *, per_page: int = 1000, last: int | None = None) -> Pages[ConsoleLogLine]:
        """The lines of the console log, or the `last` ones."""
        return _pages(lambda: console_lines(self._record, last), per_page)

    def logged_artifacts(self, per_page: int = 100) -> Pages[Any]:
        """The artifacts that the run logged."""
        return _pages(lambda: artifacts.of_run(self._source, self._record, "output"), per_page)

    def used_artifacts(self, per_page: int = 100) -> Pages[Any]:
        """The artifacts that the run used."""
        return _pages(lambda: artifacts.of_run(self._source, self._record, "input"), per_page)

    def use_artifact(self, artifact: Any, use_as: str | None = None) -> Any:
        """Notes that this run used an artifact that was logged."""
        return artifacts.note_use(self._record, artifact, "input", use_as or "")

    def log_artifact(
        self, artifact: Any, aliases: Collection[str] | None = None, tags: Collection[str] | None = None
    ) -> Any:
        """Logs a draft, or notes that this run logged an artifact that is in the store."""
        return artifacts.log(self._source, self._record, artifact, aliases or (), tags or ())

    def update(self) -> None:
        """Writes what was changed of name, tags, notes, group, job type, config and summary to the store.

        Raises `UsageError` where config or summary of a live run were changed: its own process writes those.
        """
        self._check_live()
        change = edit.Change(
            name=None if self.name == self._record.name else str(self.name or ""),
            group=str(self.group or ""),
            job_type=str(self.job_type or ""),
            notes=str(self.notes or ""),
            tags=split_tags(self.tags),
        )
        edit.edit(self._record, change)
        if self._config is not None and self._config != self._record.config:
            self._write(self._record.layout.config_yaml, yaml12.dump(plain(self._config, finite=False, other=str)))
        if self._summary is not None and self._summary_changed():
            self._save_summary(dict(self._summary))
        self.load(force=True)

    save = update

    def _summary_changed(self) -> bool:
        return dict(self._summary or {}) != nest(self._record.summary) | self._axes()

    def _check_live(self) -> None:
        changed = (self._config is not None and self._config != self._record.config) or (
            self._summary is not None and self._summary_changed()
        )
        if changed and self._source.run(self.project, self.id).state == "running":
            raise UsageError(
                f"{self.storage_id} is running: its own process writes config and summary; wait_until_finished() first"
            )

    def _save_summary(self, values: dict[str, Any]) -> None:
        if self._source.run(self.project, self.id).state == "running":
            raise UsageError(f"{self.storage_id} is running: its own process writes the summary; set it there")
        self._write(self._record.layout.summary_json, dump_line(plain(values, other=str)))
        self._summary = None
        self.load(force=True)

    def _write(self, path: Any, data: bytes | str) -> None:
        refuse_change(path)
        try:
            records.write_atomically(path, data if isinstance(data, bytes) else data.encode())
        except OSError as error:
            raise edit.unwritable(path, error) from None

    def load(self, force: bool = False) -> dict[str, Any]:
        """What the run says, as a dict. With `force` the store is looked at again, changes not kept are dropped."""
        if force:
            self._take(self._source.run(self.project, self.id))
        return {"id": self.id, "name": self.name, "state": self.state, "config": self.config, "tags": self.tags}

    load_full_data = load

    def delete(self, delete_artifacts: bool = False) -> None:
        """Puts the run into the trash; its id can never be used again, unless `runstore restore` brings it back.

        With `delete_artifacts` the versions that it logged go there too. Raises `UsageError` while the run is live.
        """
        logged = artifacts.of_run(self._source, self._record, "output") if delete_artifacts else []
        trash.delete(self._source.layout, self._source.run(self.project, self.id))
        for artifact in logged:
            artifact.delete(delete_aliases=True)

    def stop(self) -> None:
        """Asks the run to end, on whatever machine it runs. Raises `UsageError` when it has ended."""
        record = self._source.run(self.project, self.id)
        if record.state != "running":
            raise UsageError(f"{self.storage_id} has ended ({record.state}); there is nothing to stop")
        refuse_change(record.layout.path)
        request_stop(record.layout, edit.author())

    def wait_until_finished(self) -> None:
        """Returns when the run has ended."""
        while self._source.run(self.project, self.id).state == "running":
            time.sleep(0.5)
        self.load(force=True)

    def update_state(self, state: str) -> bool:
        """Says of a run that crashed that it failed. True; raises `UsageError` for anything else.

        How a live run stands its own process says: `stop()` asks it to end.
        """
        record = self._source.run(self.project, self.id)
        if state != "failed":
            raise UsageError(
                f"{self.storage_id}: found the state {state!r}, expected 'failed'; to go on with the run call "
                f"runstore.init(id={self.id!r}, resume='must')"
            )
        if record.state != "crashed":
            raise UsageError(
                f"{self.storage_id} is {record.state}, and only a run that crashed can be said to have failed; "
                "stop() asks one that runs to end"
            )
        ended = records.RunState("failed", None, _iso(record.last_sign or record.created) or "")
        self._write(record.layout.state_json, records.dump_state(ended))
        self.load(force=True)
        return True

    create = Unsupported("runstore.init(project=…, id=…) creates runs")
    download_history_exports = Unsupported("run.scan_history() has every row, and `runstore export` writes Parquet")

    def chart(self, *keys: str, samples: int = 500) -> "alt.VConcatChart":
        """Charts of keys over the step, one below the other, to look at and to change: Altair's own, with what is
        sampled of the history as their data. Raises `ValueError` for a key without numbers.
        """
        return drawn.charts([self._record], keys, samples)

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """Name and state, a chart for each number, summary and config as a piece of HTML."""
        return drawn.run_html(self._record, height, hidden)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and (self.project, self.id) == (other.project, other.id)

    def __hash__(self) -> int:
        return hash((self.project, self.id))

    def __repr__(self) -> str:
        return f"<Run {'/'.join(part for part in self.path if part)} ({self.state})>"


def _pages(find: Callable[[], Sequence[Any]], per_page: int) -> Pages[Any]:
    return Pages(find, lambda each: each, per_page)


def _iso(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Runs(Pages[Run]):
    """Runs that a filter holds for, in order; each becomes a `Run` when it is looked at."""

    def __init__(
        self,
        source: Source,
        project: str,
        filters: Filter = None,
        order: str | None = "+created_at",
        per_page: int = 50,
    ) -> None:
        self._source = source
        self.project = project
        self.filters = filters or {}
        self.order = order or "+created_at"
        runs: Sequence[RunRecord]
        if project:
            runs = source.project(project).runs
        else:
            runs = [run for each in source.look().projects for run in each.runs]
        self._records = select(list(reversed(runs)), filters, self.order)
        super().__init__(lambda: self._records, lambda run: Run(source, run), per_page)

    @property
    def entity(self) -> str:
        return self._source.entity

    def frame(self, columns: Sequence[str] | None = None) -> "pl.DataFrame":
        """The runs as a Polars frame, one row a run, with these columns or all of config and summary."""
        return runs_frame(self._records, columns)

    def histories(
        self,
        samples: int = 500,
        keys: list[str] | None = None,
        x_axis: str = "_step",
        format: history.Format = "default",  # noqa: A002 - W&B's name
        stream: str = "default",
    ) -> Any:
        """The sampled histories of all these runs together, a column or key `run_id` says whose a row is."""
        rows = [
            row | {"run_id": run.id}
            for run in self._records
            for row in history.sampled(run, samples, keys, x_axis, stream)
        ]
        found = history.shaped(rows, format)
        return found if format == "default" else found[sorted(found.columns)]

    def chart(self, *keys: str, samples: int = 500) -> "alt.VConcatChart":
        """Charts of keys over the step with a line for each run; see `Run.chart`."""
        return drawn.charts(self._records, keys, samples)

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """A piece of HTML: charts of the numbers that most runs have, with lines of the first runs, and all in a table,
        as `frame()` gives it."""
        return drawn.runs_html(self.project or "all projects", self._records, height, hidden)

    def _repr_html_(self) -> str:
        return self.to_html()

    def upgrade_to_full(self) -> None:
        """Nothing: every run is whole from the start."""

    def __repr__(self) -> str:
        return f"<Runs {self.project or 'of all projects'} ({len(self)})>"
