"""Which run a process writes, and as which of its writers: a new one, the next attempt of one that is there, a copy,
or a rank among others."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from runstore.errors import StoreError, UsageError
from runstore.format.layout import DEFAULT_PROJECT, ProjectLayout, StoreLayout, link_among, make_below, refuse_links
from runstore.format.records import RunMeta, create_store, load_run
from runstore.format.run_layout import RunLayout
from runstore.recording.naming import generate_id, generate_name
from runstore.recording.recorder import Place
from runstore.recording.resuming import (
    Beginning,
    Moment,
    Past,
    Unfinished,
    claim_attempt,
    claim_lead,
    claim_rank,
    clear_dead,
    parse_moment,
    read_past,
)
from runstore.recording.state import utc_now
from runstore.settings import RunSettings

_TRIES = 10


@dataclass(frozen=True, slots=True)
class Opened:
    """A run that this process may write: its files, who it is, how this writer begins, and its config so far. `made`
    is True for one that was not there before."""

    place: Place
    meta: RunMeta
    beginning: Beginning
    config: Mapping[str, Any] = field(default_factory=dict)
    made: bool = False

    def give_back(self) -> None:
        """Removes what was made for a writer that does not come to be: the new run, or its part in an older one."""
        import shutil  # Not at the top: no other run needs it.

        if self.made:
            shutil.rmtree(self.place.run.path, ignore_errors=True)
            return
        for path in (self.place.writer.history, self.place.writer.output):
            with suppress(OSError):
                path.unlink()


def open_run(wish: RunSettings, warn: Callable[[str], None]) -> Opened:
    """The run that the settings ask for, its directory made and its writer's name claimed.

    Raises `UsageError` for settings that cannot be met, `StoreError` where nothing can be written.
    """
    rewind, fork = _moments(wish)
    store = StoreLayout(wish.store_root())
    project = store.project(wish.project or DEFAULT_PROJECT)
    if wish.run_id:
        project.run(wish.run_id)
    refuse_links(store.root, project.runs_dir)
    _make_ready(store, wish.entity or "")
    opener = _Opener(store, project, wish, warn)
    with _told(project):
        if fork is not None:
            return opener.fork(fork)
        if rewind is not None:
            return opener.rewind(rewind)
        return opener.join() if wish.mode == "shared" else opener.resume_or_make()


_ready: dict[str, int] = {}


def _make_ready(store: StoreLayout, entity: str) -> None:
    """Creates the store, or what it lacks; once while its own file stays as it is: a process may record thousands of
    runs."""
    root, path = str(store.root), str(store.store_yaml)
    try:
        if os.stat(path).st_mtime_ns == _ready.get(root):
            return
    except OSError:
        pass  # It is missing, or create_store says what is wrong.
    create_store(store, entity)
    with suppress(OSError):
        _ready[root] = os.stat(path).st_mtime_ns


def _moments(wish: RunSettings) -> tuple[Moment | None, Moment | None]:
    given = [name for name in ("resume", "resume_from", "fork_from") if getattr(wish, name)]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} exclude each other; give one of them")
    rewind = parse_moment(wish.resume_from, "resume_from") if wish.resume_from else None
    fork = parse_moment(wish.fork_from, "fork_from") if wish.fork_from else None
    if rewind is not None and wish.run_id and wish.run_id != rewind.run:
        raise UsageError(f"resume_from goes back in run {rewind.run!r}, but id is {wish.run_id!r}; leave id out")
    if fork is not None and wish.run_id == fork.run:
        raise UsageError(
            f"fork_from and id name the same run {fork.run!r}; give another id or none, or use resume_from to go back"
        )
    return rewind, fork


@contextmanager
def _told(project: ProjectLayout) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(
            f"{error.filename or project.runs_dir}: cannot create a run here ({reason}); pass dir= or set RUNSTORE_DIR"
        ) from None


@dataclass(frozen=True, slots=True)
class _Opener:
    store: StoreLayout
    project: ProjectLayout
    wish: RunSettings
    warn: Callable[[str], None]

    def resume_or_make(self) -> Opened:
        """A run as `resume` says."""
        wish = self.wish
        unfinished = Unfinished(self.store, self.project.name) if wish.resume == "auto" else None
        if not wish.run_id and unfinished is not None and (recalled := self._recall(unfinished)) is not None:
            return self._with(recalled, unfinished)
        if not wish.run_id:
            if wish.resume == "must":
                raise UsageError("resume='must' needs to know which run; pass id= or set RUNSTORE_RUN_ID")
            return self._with(self._new(self._make_empty()), unfinished)
        layout = self.project.run(wish.run_id)
        self._refuse_taken(layout)
        if not layout.path.is_dir():
            if wish.resume == "must":
                raise UsageError(
                    f"{layout.path}: resume='must', but there is no run {layout.id!r} in project "
                    f"{self.project.name!r}; check id, project and dir, or pass resume='allow'"
                )
            if self._make(layout):
                return self._with(self._new(layout), unfinished)
        if wish.resume is None or wish.resume == "never":
            raise UsageError(
                f"{layout.path}: the run id {layout.id!r} exists in project {self.project.name!r}; "
                "pass resume='allow' to go on with it, or choose another id, or leave id out"
            )
        return self._with(self._go_on(layout, read_past(layout)), unfinished)

    def rewind(self, moment: Moment) -> Opened:
        """An attempt that goes on behind an earlier step of its run."""
        layout = self._existing(moment.run, "resume_from")
        past = read_past(layout, moment.step)
        self._warn_of_missing(moment, past)
        return self._go_on(layout, past, rewound_to=moment.step)

    def fork(self, moment: Moment) -> Opened:
        """A new run that begins with another one's rows."""
        from runstore.recording.forking import copy_rows, note_origin

        parent = self._existing(moment.run, "fork_from")
        past = read_past(parent, moment.step)
        self._warn_of_missing(moment, past)
        layout = self._make_empty()
        try:
            copy_rows(parent, layout, moment.step)
            note_origin(layout, moment.run, moment.step)
            place = Place(self.store, self.project, layout, claim_attempt(layout))
        except BaseException:
            import shutil  # Not at the top: no other run needs it.

            shutil.rmtree(layout.path, ignore_errors=True)
            raise
        beginning = replace(past.beginning(), resumed=False)
        beginning = replace(beginning, facts={**beginning.facts, "tracked": 0.0})
        return Opened(place, self._meta(layout), beginning, past.config, made=True)

    def _warn_of_missing(self, moment: Moment, past: Past) -> None:
        if past.missing:
            self.warn(f"run {moment.run} {past.missing}")

    def join(self) -> Opened:
        """One of several processes that write a run together: the first, or the one that is told to, leads."""
        layout = self.project.run(self.wish.run_id or generate_id())
        self._refuse_taken(layout)
        make_below(self.store.root, self.project.runs_dir)
        layout.path.mkdir(exist_ok=True)
        told = self.wish.origin("x_primary") != "default"
        label = self.wish.x_label or ""
        facts = {"label": label} if label else {}
        if (not told or self.wish.x_primary) and (lead := claim_lead(layout)) is not None:
            place = Place(self.store, self.project, layout, lead)
            return Opened(place, self._meta(layout), Beginning(shared=True, facts=facts))
        if told and self.wish.x_primary:
            opened = self._go_on(layout, read_past(layout), quiet=True, **facts)
            return replace(opened, beginning=replace(opened.beginning, shared=True))
        rank = os.environ.get("RANK", "")
        name = label or (f"rank{rank}" if rank.isdecimal() else f"rank-{generate_id(4)}")
        place = Place(self.store, self.project, layout, claim_rank(layout, name))
        return Opened(place, self._led(layout), Beginning(shared=True, primary=False, facts=facts))

    def _led(self, layout: RunLayout) -> RunMeta:
        """Who the run is, as the process that leads it has written; before it has, the id is its name."""
        try:
            return load_run(layout.run_yaml) if layout.run_yaml.exists() else new_meta(self.wish, layout.id, layout.id)
        except (StoreError, OSError):
            return new_meta(self.wish, layout.id, layout.id)

    def _recall(self, unfinished: Unfinished) -> Opened | None:
        """The run that did not finish the last time; None when it is gone, or still going on."""
        run_id = unfinished.recall()
        try:
            layout = self.project.run(run_id) if run_id else None
        except UsageError:
            return None
        if layout is None or not layout.path.is_dir():
            return None
        if self.project.deleted(layout.id).exists() or link_among(self.store.root, layout.path) is not None:
            return None
        past = read_past(layout)
        return None if past.alive else self._go_on(layout, past)

    def _go_on(self, layout: RunLayout, past: Past, *, quiet: bool = False, **facts: Any) -> Opened:
        if past.alive and not quiet:
            self.warn(f"run {layout.id} is still written by a process; this one goes on beside it, in files of its own")
        clear_dead(layout)
        place = Place(self.store, self.project, layout, claim_attempt(layout))
        wish, old = self.wish, past.meta
        meta = replace(
            old,
            name=wish.name or old.name or layout.id,
            created=old.created or utc_now(),
            group=wish.run_group or old.group,
            job_type=wish.job_type or old.job_type,
            tags=old.tags if wish.tags is None else wish.tags,
            notes=wish.notes or old.notes,
            sweep=old.sweep or wish.sweep_id or "",
        )
        return Opened(place, meta, past.beginning(**facts), past.config)

    def _existing(self, run_id: str, argument: str) -> RunLayout:
        layout = self.project.run(run_id)
        self._refuse_taken(layout)
        if not layout.path.is_dir():
            raise UsageError(
                f"{layout.path}: {argument} names run {run_id!r}, which is not in project {self.project.name!r}; "
                "check the id, project and dir"
            )
        return layout

    def _refuse_taken(self, layout: RunLayout) -> None:
        """Raises where a run of this id was deleted, or lies behind a link."""
        if self.project.deleted(layout.id).exists():
            raise UsageError(
                f"{layout.path}: the run id {layout.id!r} was deleted from project {self.project.name!r} and can never "
                "be used again; choose another id"
            )
        refuse_links(self.store.root, layout.path)
        for folder in (layout.media_dir, layout.files_dir, layout.code_dir):
            refuse_links(layout.path, folder)

    def _make_empty(self) -> RunLayout:
        """A new run's directory: of the id that was asked for, which must be free, or of a random one."""
        if self.wish.run_id:
            layout = self.project.run(self.wish.run_id)
            self._refuse_taken(layout)
            if not self._make(layout):
                raise UsageError(f"{layout.path}: the run id {layout.id!r} exists; choose another, or leave id out")
            return layout
        for _ in range(_TRIES):
            layout = self.project.run(generate_id())
            if not self.project.deleted(layout.id).exists() and self._make(layout):
                return layout
        raise StoreError(f"{self.project.runs_dir}: found no free run id in {_TRIES} attempts; pass id=")

    def _make(self, layout: RunLayout) -> bool:
        """Makes the run's directory; False when somebody did that before."""
        try:
            layout.path.mkdir()
        except FileExistsError:
            return False
        except FileNotFoundError:
            make_below(self.store.root, self.project.runs_dir)
            return self._make(layout)
        return True

    def _new(self, layout: RunLayout) -> Opened:
        place = Place(self.store, self.project, layout, claim_attempt(layout))
        return Opened(place, self._meta(layout), Beginning(), made=True)

    def _meta(self, layout: RunLayout) -> RunMeta:
        return new_meta(self.wish, layout.id, generate_name(len(os.listdir(self.project.runs_dir))))

    def _with(self, opened: Opened, unfinished: Unfinished | None) -> Opened:
        return replace(opened, beginning=replace(opened.beginning, unfinished=unfinished))


def new_meta(wish: RunSettings, run_id: str, name: str) -> RunMeta:
    """Who a new run is; `name` where the settings give none."""
    return RunMeta(
        id=run_id,
        name=wish.name or name,
        created=utc_now(),
        group=wish.run_group or "",
        job_type=wish.job_type or "",
        tags=wish.tags or (),
        notes=wish.notes or "",
        sweep=wish.sweep_id or "",
    )
