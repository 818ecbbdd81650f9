"""The artifacts that a run logs and uses: stored at once, and a line for each that says so."""

import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from runstore.artifacts import downloading, names, policy, publishing
from runstore.artifacts.artifact import Artifact, unwritten
from runstore.artifacts.collection import Version, find_version, read_collection
from runstore.artifacts.host import Host, using
from runstore.artifacts.lineage import INPUT, OUTPUT, Direction, dump_line
from runstore.artifacts.manifest import Head, new_id, now
from runstore.artifacts.publishing import Release
from runstore.errors import BadTypeError, BadValueError, RunstoreError, StoreError, UsageError
from runstore.format.layout import StoreLayout
from runstore.recording.linefile import Lines
from runstore.recording.parts import Desk, Part

MODEL_REGISTRY = "model-registry"
"""The project that `link_model` links into."""

Publish = Callable[[Release], Version]


class Lineage(Part):
    """What goes in and out of one run. Safe for threads; trouble with the disk is said, and tried again later.

    A mistake of the script's is raised: `ValueError` for a name, type or file that cannot be used, `UsageError` after
    the run has ended.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._lock = threading.RLock()
        self._lines: Lines | None = None
        self._waiting: list[tuple[Artifact, Callable[[], None]]] = []
        self._off = False
        self._over = False
        self._policy_applied = False

    @property
    def host(self) -> Host:
        """This run, as drafts know the one that they belong to."""
        desk = self.desk
        return Host(desk.store, desk.project.name, self.log_artifact, on_disk=desk.on_disk and not self._off)

    def log_artifact(
        self,
        artifact_or_path: Artifact | str | os.PathLike[str],
        name: str | None = None,
        type: str | None = None,  # noqa: A002 - W&B's name
        aliases: Iterable[str] | None = None,
        tags: Iterable[str] | None = None,
    ) -> Artifact:
        """Stores an artifact as an output of the run; see `Run.log_artifact`."""
        return self._log(artifact_or_path, name, type, aliases, tags, self._publish)

    def _log(
        self,
        artifact_or_path: Any,
        name: str | None,
        kind: str | None,
        aliases: Iterable[str] | None,
        tags: Iterable[str] | None,
        publish: Publish,
        *,
        input_too: bool = False,
    ) -> Artifact:
        self._check_running("log_artifact")
        wanted, words = names.check_aliases(aliases), names.check_tags(tags)
        artifact = self._prepare(artifact_or_path, name, kind)
        if not artifact.is_draft():
            return self._log_known(artifact, wanted, words)
        artifact.finalize()
        directions: tuple[Direction, ...] = (OUTPUT, INPUT) if input_too else (OUTPUT,)
        if not self.desk.on_disk or self._off:
            artifact.become(self._nowhere(artifact, wanted, words), on_disk=False)
            return artifact
        release = artifact.release(wanted, words, self.desk.run.id, self.desk.step())

        def store() -> None:
            self._note(directions, self._become(artifact, publish(release)))

        self._try(artifact, store)
        return artifact

    def _try(self, artifact: Artifact, store: Callable[[], None]) -> None:
        """Stores an artifact, or says why not and keeps it for another try."""
        try:
            store()
        except (OSError, StoreError) as error:
            self._failed(artifact, error)

            def again() -> None:
                try:
                    store()
                except OSError as problem:
                    raise unwritten(self.desk.store, problem) from None
                self._settle(artifact)

            with self._lock:
                self._waiting.append((artifact, again))
            artifact.waits(again)

    def _become(self, artifact: Artifact, version: Version) -> Version:
        artifact.become(version, self._open_run)
        artifact.waits(None)
        return version

    def _settle(self, artifact: Artifact) -> None:
        with self._lock:
            self._waiting = [waiting for waiting in self._waiting if waiting[0] is not artifact]
        self.desk.trouble.recovered(self._place(artifact))

    def _failed(self, artifact: Artifact, error: Exception) -> None:
        place = self._place(artifact)
        if isinstance(error, OSError):
            self.desk.trouble.failed(place, error)
        else:
            self.desk.trouble.warn_once(f"artifact {place}", f"the artifact {artifact.name} is not stored: {error}")

    def _place(self, artifact: Artifact) -> Path:
        return self.desk.project.artifact(artifact.name.partition(":")[0]).path

    def _log_known(self, artifact: Artifact, aliases: tuple[str, ...], tags: tuple[str, ...]) -> Artifact:
        """Notes a version that some run logged before as an output of this one too."""
        return self._use(artifact, OUTPUT, aliases, tags)

    def _publish(self, release: Release) -> Version:
        self._apply_policy()
        return publishing.publish(self.desk.store, self.desk.project.name, release)

    def _prepare(self, given: Any, name: str | None, kind: str | None) -> Artifact:
        """The artifact that is to be logged: the one given, or a new one of a file, a directory or an address."""
        if isinstance(given, Artifact):
            return given
        if not isinstance(given, str | os.PathLike):
            raise BadTypeError(
                f"log_artifact takes an Artifact or the path of files, found a {type(given).__name__}; "
                "make a runstore.Artifact of it"
            )
        path = os.fspath(given)
        default = names.safe_name(f"run-{self.desk.run.id}-{os.path.basename(path.rstrip('/'))}")
        artifact = Artifact(name or default, kind or "unspecified")
        with using(self.host):
            if os.path.isfile(path):
                artifact.add_file(path)
            elif os.path.isdir(path):
                artifact.add_dir(path)
            elif "://" in path:
                artifact.add_reference(path)
            else:
                raise BadValueError(f"{path}: is no file, directory or address such as s3://bucket/key; correct it")
        return artifact

    def use_artifact(
        self,
        artifact_or_name: str | Artifact,
        type: str | None = None,  # noqa: A002 - W&B's name
        aliases: Iterable[str] | None = None,
        use_as: str | None = None,
    ) -> Artifact:
        """Notes an artifact as an input of the run, and gives it; see `Run.use_artifact`."""
        self._check_running("use_artifact")
        wanted = names.check_aliases(aliases)
        if isinstance(artifact_or_name, Artifact):
            artifact = artifact_or_name
        elif isinstance(artifact_or_name, str):
            artifact = self._find(artifact_or_name, type)
        else:
            raise BadValueError(
                f"use_artifact takes a name such as 'model:latest' or an Artifact, found {artifact_or_name!r}"
            )
        if type is not None and type != artifact.type:
            raise BadValueError(f"{artifact.name} has the type {artifact.type!r}, expected {type!r}; correct the type")
        if artifact.is_draft():
            return self._log(artifact, None, None, wanted, None, self._publish, input_too=True)
        return self._use(artifact, INPUT, wanted, (), use_as or artifact.use_as or "")

    def _find(self, text: str, kind: str | None) -> Artifact:
        spec = names.parse_spec(text)
        if self.desk.on_disk:
            return Artifact.of(find_version(self.desk.store, spec, self.desk.project.name), self._open_run)
        try:
            project = self.desk.settings.project or self.desk.project.name
            return Artifact.of(
                find_version(StoreLayout(self.desk.settings.store_root()), spec, project), self._open_run
            )
        except RunstoreError as error:
            self.desk.warn(f"{error}; this run is disabled: it goes on with an empty artifact")
            empty = Artifact(spec.name, kind or "unspecified")
            empty.become(self._nowhere(empty, (), ()), on_disk=False)
            return empty

    def _use(
        self,
        artifact: Artifact,
        direction: Direction,
        aliases: tuple[str, ...],
        tags: tuple[str, ...],
        use_as: str = "",
    ) -> Artifact:
        version = artifact.stored_version
        if version is None or not self.desk.on_disk or self._off:
            return artifact
        try:
            if aliases or tags:
                version = publishing.label(version, aliases, tags)
                artifact.become(version, self._open_run)
        except (OSError, StoreError) as error:
            self._failed(artifact, error)
        self._note((direction,), version, use_as)
        return artifact

    def upsert_artifact(
        self,
        artifact_or_path: Artifact | str | os.PathLike[str],
        name: str | None = None,
        type: str | None = None,  # noqa: A002 - W&B's name
        aliases: Iterable[str] | None = None,
        distributed_id: str | None = None,
    ) -> Artifact:
        """Adds files to a version that several runs make together; see `Run.upsert_artifact`."""
        self._check_running("upsert_artifact")
        shared = self._shared_id("upsert_artifact", distributed_id)
        artifact = self._prepare(artifact_or_path, name, type)
        artifact.distributed_id = shared
        artifact.finalize()
        wanted = names.check_aliases(aliases)
        if not self.desk.on_disk or self._off or not artifact.is_draft():
            return artifact
        release = artifact.release(wanted, (), self.desk.run.id, self.desk.step())

        def store() -> None:
            publishing.add_part(self.desk.store, self.desk.project.name, release, shared)
            artifact.waits(None)

        self._try(artifact, store)
        return artifact

    def finish_artifact(
        self,
        artifact_or_path: Artifact | str | os.PathLike[str],
        name: str | None = None,
        type: str | None = None,  # noqa: A002 - W&B's name
        aliases: Iterable[str] | None = None,
        distributed_id: str | None = None,
    ) -> Artifact:
        """Makes a version of what runs have gathered; see `Run.finish_artifact`."""
        self._check_running("finish_artifact")
        shared = self._shared_id("finish_artifact", distributed_id)

        def publish(release: Release) -> Version:
            self._apply_policy()
            return publishing.finish_parts(self.desk.store, self.desk.project.name, release, shared)

        return self._log(artifact_or_path, name, type, aliases, None, publish)

    def _shared_id(self, call: str, given: str | None) -> str:
        found = given if given is not None else self.desk.settings.run_group
        if not found:
            raise BadTypeError(f"{call} needs a distributed_id, or a run with a group; pass one")
        return str(found)

    def link_artifact(self, artifact: Artifact, target_path: str, aliases: Iterable[str] | None = None) -> Artifact:
        """Links a version into a collection; see `Run.link_artifact`."""
        self._check_running("link_artifact")
        project, name = names.parse_target(target_path)
        wanted = names.check_aliases(aliases)
        if not isinstance(artifact, Artifact):
            raise BadTypeError(f"link_artifact takes an Artifact, found a {type(artifact).__name__}; log one first")
        if artifact.is_draft():
            self.log_artifact(artifact)
        version = artifact.stored_version
        if version is None:
            return artifact
        place = project or self.desk.project.name
        try:
            self._apply_policy()
            return Artifact.of(publishing.link(version, place, name, wanted), self._open_run)
        except (OSError, StoreError) as error:
            self._failed(artifact, error)
            return artifact

    def log_model(
        self, path: str | os.PathLike[str], name: str | None = None, aliases: Iterable[str] | None = None
    ) -> None:
        """Logs files as an artifact of type `model`."""
        self.log_artifact(path, name, "model", aliases)

    def use_model(self, name: str) -> str:
        """The path of a model's file, or of its directory; see `Run.use_model`."""
        artifact = self.use_artifact(name)
        if self.desk.on_disk and "model" not in artifact.type.lower():
            # As in W&B, whose scripts catch this.
            raise AssertionError(
                f"{artifact.name} has the type {artifact.type!r}, expected a model; use use_artifact()"
            )
        entries = list(artifact.manifest.entries)
        folder = artifact.download()
        return downloading.place_in(folder, entries[0]) if len(entries) == 1 else folder

    def link_model(
        self,
        path: str | os.PathLike[str],
        registered_model_name: str,
        name: str | None = None,
        aliases: Iterable[str] | None = None,
    ) -> Artifact | None:
        """Logs a model and links it into the registry; see `Run.link_model`."""
        names.check_name(registered_model_name)
        wanted = names.check_aliases(aliases)
        found = self._collection(name).type if name and self.desk.on_disk else ""
        if found and "model" not in found.lower():
            raise AssertionError(f"{name} has the type {found!r}, expected a model; choose another name")
        artifact = self.log_artifact(path, name, found or "model")
        return self.link_artifact(artifact, f"{MODEL_REGISTRY}/{registered_model_name}", wanted)

    def _collection(self, name: str) -> Any:
        return read_collection(self.desk.store, self.desk.project, name)

    def _open_run(self, project: str, run: str) -> Any:
        """A run of this store as the Api shows it."""
        from runstore.api.client import Api  # Not at the top: it brings what reads a store.

        return Api(self.desk.store.root).run(f"{project}/{run}")

    def _nowhere(self, artifact: Artifact, aliases: tuple[str, ...], tags: tuple[str, ...]) -> Version:
        """A version that no disk holds: of a disabled run, or of a forked child."""
        release = replace(artifact.release(aliases, tags), contents={})
        head = Head(
            id=new_id(),
            name=release.name,
            type=release.type,
            created=now(),
            digest=publishing.digest_of(release.entries),
            description=release.description,
            metadata=release.metadata,
            tags=tags,
            ttl=release.ttl,
        )
        store, project = StoreLayout(Path(os.devnull)), self.desk.project
        return Version(store, project.name, 0, head, (names.LATEST, *aliases), project.artifact(head.name).manifest(0))

    def _note(self, directions: tuple[Direction, ...], version: Version, use_as: str = "") -> None:
        """Writes that the run logged or used a version."""
        with self._lock:
            if self._lines is None:
                self._lines = self.desk.open_lines(self.desk.writer.lineage)
            for direction in directions:
                self._lines.append(dump_line(direction, version, self.desk.project.name, time.time(), use_as))

    def _apply_policy(self) -> None:
        """Once a run: the store may be of today, and its policy of yesterday."""
        if self._policy_applied:
            return
        self._policy_applied = True
        try:
            policy.apply(self.desk.store)
        except (OSError, StoreError) as error:
            self.desk.trouble.warn_once("artifact policy", f"what git does with artifacts is left as it is ({error})")

    def _check_running(self, call: str) -> None:
        if self._over:
            self._refuse(call)
        if self._off:
            self.desk.trouble.warn_once(
                "artifacts in a child",
                f"{call}: this forked child does not record run {self.desk.run.id}; call runstore.init() here",
            )

    def _refuse(self, call: str) -> NoReturn:
        raise UsageError(f"run {self.desk.run.id} has ended; call {call} before finish()")

    def beat(self) -> None:
        """Tries again what the disk refused."""
        with self._lock:
            waiting, lines = list(self._waiting), self._lines
            if lines is not None:
                lines.restore()
                lines.retry()
        for artifact, again in waiting:
            try:
                again()
            except RunstoreError as error:
                self._failed(artifact, error)

    def end(self) -> None:
        """Tries once more, and says what is lost."""
        self.beat()
        with self._lock:
            self._over = True
            if self._lines is not None:
                self._lines.sync()
                self._lines.close()
            for artifact, _ in self._waiting:
                self.desk.warn(f"the artifact {artifact.name} could not be stored; log it again from another run")

    def detach(self) -> None:
        self._lock = threading.RLock()
        self._off = True
        self._waiting = []
