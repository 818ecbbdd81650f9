"""What a run says of itself: who it is, where it lies, what it was begun with."""

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from runstore.errors import UsageError
from runstore.format.values import well_formed
from runstore.recording.config import Config
from runstore.recording.disabled import NoRecorder
from runstore.recording.recorder import Recorder
from runstore.recording.summary import Summary
from runstore.settings import RunSettings, split_tags


class ConfigStatic(Mapping[str, Any]):
    """A config to look at: by item or attribute, never to be changed."""

    def __init__(self, config: Mapping[str, Any] | Config) -> None:
        self.__dict__["_values"] = {key: config[key] for key in config.keys()}  # noqa: SIM118 - a Config is no Mapping

    def __getitem__(self, key: str) -> Any:
        return self.__dict__["_values"][key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__["_values"])

    def __len__(self) -> int:
        return len(self.__dict__["_values"])

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(f"the config has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        raise UsageError(f"config_static.{name} is to be read only; set run.config[{name!r}]")

    def __repr__(self) -> str:
        return repr(self.__dict__["_values"])


_OF_INIT: Final = frozenset({"id", "group", "job_type", "project", "entity"})


def _instead(name: str, unknown: bool) -> str:
    if unknown:
        return f"write run.config[{name!r}] or run.summary[{name!r}]"
    return f"pass {name}= to runstore.init" if name in _OF_INIT else "it is to be read only"


class RunFacts:
    """What `Run` says of itself."""

    def __init__(self, recorder: Recorder | NoRecorder, *, project: str, entity: str) -> None:
        self._recorder = recorder
        self._project = project
        self._entity = entity
        self._started = time.time()

    def __setattr__(self, name: str, value: Any) -> None:
        known = getattr(type(self), name, None)
        if not name.startswith("_") and (known is None or (isinstance(known, property) and known.fset is None)):
            raise AttributeError(f"run.{name} cannot be set; {_instead(name, known is None)}")
        super().__setattr__(name, value)

    @property
    def config(self) -> Config:
        """The run's inputs."""
        return self._recorder.config

    @property
    def summary(self) -> Summary:
        """The last value of each key, and what the script sets itself."""
        return self._recorder.summary

    @property
    def id(self) -> str:
        return self._recorder.meta.id

    @property
    def name(self) -> str:
        return self._recorder.meta.name

    @name.setter
    def name(self, name: str) -> None:
        self._recorder.edit(name=well_formed(str(name)))

    @property
    def notes(self) -> str:
        return self._recorder.meta.notes

    @notes.setter
    def notes(self, notes: str) -> None:
        self._recorder.edit(notes=well_formed(str(notes)))

    @property
    def tags(self) -> tuple[str, ...]:
        return self._recorder.meta.tags

    @tags.setter
    def tags(self, tags: Iterable[str]) -> None:
        self._recorder.edit(tags=split_tags(tags))

    @property
    def group(self) -> str:
        return self._recorder.meta.group

    @property
    def job_type(self) -> str:
        return self._recorder.meta.job_type

    @property
    def project(self) -> str:
        return self._project

    @property
    def entity(self) -> str:
        return self._entity

    @property
    def path(self) -> str:
        """The run's path: `entity/project/id`, without the first when there is no entity."""
        return "/".join(part for part in (self._entity, self._project, self.id) if part)

    @property
    def dir(self) -> str:
        """A directory for the script's own files, kept with the run."""
        return str(self._recorder.files_dir())

    @property
    def sync_dir(self) -> str:
        """The directory with all of the run's files, "" for a disabled run."""
        return "" if self.disabled else str(self._recorder.path)

    @property
    def url(self) -> str | None:
        """The run's page on the site at the setting `base_url`; without that its directory, as an address."""
        return self._address("runs", self.id) or (None if self.disabled else Path(self._recorder.path).as_uri())

    @property
    def project_url(self) -> str | None:
        """The same of the run's project."""
        return self._address() or (None if self.disabled else Path(self._recorder.path).parent.parent.as_uri())

    @property
    def sweep_url(self) -> str | None:
        """The page of the sweep that the run is a trial of, its project's directory without a site; None without
        a sweep."""
        if self.sweep_id is None:
            return None
        return self._address("sweeps", self.sweep_id) or self.project_url

    def _address(self, *parts: str) -> str | None:
        """A page of the site, where there is one."""
        base = self.settings.base_url
        if not base or self.disabled:
            return None
        from urllib.parse import quote

        return "/".join([base.rstrip("/"), *(quote(part, safe="") for part in (self._project, *parts)), ""])

    def get_url(self) -> str | None:
        """`url`, as older scripts ask for it."""
        return self.url

    def get_project_url(self) -> str | None:
        """`project_url`, as older scripts ask for it."""
        return self.project_url

    def get_sweep_url(self) -> str | None:
        """`sweep_url`, as older scripts ask for it."""
        return self.sweep_url

    def project_name(self) -> str:
        """`project`, as older scripts ask for it."""
        return self.project

    @property
    def settings(self) -> RunSettings:
        """The settings that the run began with."""
        return self._recorder.settings

    @property
    def config_static(self) -> ConfigStatic:
        """The config as it is now, by item and attribute, to be read only."""
        return ConfigStatic(self.config)

    @property
    def starting_step(self) -> int:
        """The step that this process began at: 0, or behind the last one of the run that it goes on with."""
        return self._recorder.beginning.step

    @property
    def offline(self) -> bool:
        """Whether the run was begun with mode="offline", which is the same as "online"."""
        return self.settings.mode == "offline"

    @property
    def step(self) -> int:
        """The number of the row that the next `log` writes to."""
        return self._recorder.step

    @property
    def start_time(self) -> float:
        """When the run began, in seconds of the epoch."""
        return self._started

    @property
    def resumed(self) -> bool:
        """Whether the run goes on with an earlier one."""
        return self._recorder.beginning.resumed

    @property
    def sweep_id(self) -> str | None:
        """The sweep that the run is a trial of."""
        return self._recorder.meta.sweep or None

    @property
    def disabled(self) -> bool:
        """Whether the run leaves nothing on the disk."""
        return isinstance(self._recorder, NoRecorder)
