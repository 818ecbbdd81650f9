"""What a report can speak of: the projects it reads, with their run sets, metrics, logged keys and sweeps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from runstore.format.sections import Section, meant, shown
from runstore.reading.columns import Columns
from runstore.reading.store import Project
from sitegen.data.sweeps import Sweep
from sitegen.histories import Histories
from sitegen.reports.figures.settings import Known
from sitegen.reports.mistakes import FollowsError, Mistakes, ReportError
from sitegen.reports.runsets import DEFAULT, RunSet, RunSetSpec, line_of, read_set, resolve

Keys = Mapping[str, tuple[str, ...]]
"""Keys of what was logged beside numbers, by place: media, tables."""


@dataclass(frozen=True)
class Subject:
    """A project that reports may be about: its runs, and what of them is asked for only by some reports.

    `metrics` are the keys of its charts, `histories` their points, `sweeps` its sweeps by id.
    """

    project: Project
    histories: Histories = field(repr=False)
    find_logged: Callable[[], Keys] = field(repr=False)
    sweeps: Mapping[str, Sweep] = field(default_factory=dict, repr=False)

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        return tuple(metric.key for metric in self.histories.metrics())

    @cached_property
    def logged(self) -> Keys:
        return self.find_logged()

    @cached_property
    def columns(self) -> Columns:
        return Columns(self.project.runs)

    def known(self, sweep: Sweep | None = None) -> Known:
        """What a panel over its runs may name."""
        parameters = [each.name for each in sweep.config.parameters] if sweep else []
        return Known(self.columns, self.metrics, self.logged, parameters)


class RunSets:
    """The run sets of one report: those of its front matter by name, and those that its blocks state."""

    def __init__(self, specs: Mapping[str, RunSetSpec], subjects: Mapping[str, Subject], usual: str) -> None:
        """`usual` is the project of sets that name none, "" for a report outside of one."""
        self.subjects, self.usual = subjects, usual
        self._projects = {name: subject.project for name, subject in subjects.items()}
        self._specs = {DEFAULT: RunSetSpec(), **specs}
        self._found: dict[str, RunSet | ReportError] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._specs)

    def check(self, mistakes: Mistakes) -> None:
        """Notes what is wrong with the sets of the front matter, used or not, and was not noted as they were read."""
        for name, spec in self._specs.items():
            found = self._resolved(name)
            if spec.line and not spec.broken and isinstance(found, ReportError):
                mistakes.add(found.line or spec.line, str(found))

    def named(self, name: str) -> RunSet:
        """A run set by its name. Raises `ReportError`, and of one that the front matter has wrong `FollowsError`."""
        if name not in self._specs:
            mend = meant(name, self._specs) or f"there are: {', '.join(self._specs)}"
            raise ReportError(f"found no run set {name!r}; {mend}, or state one: runs: {{filter: …}}")
        found = self._resolved(name)
        if isinstance(found, ReportError):
            raise self._unusable(name, found)
        return found

    def _resolved(self, name: str) -> RunSet | ReportError:
        if name not in self._found:
            try:
                self._found[name] = resolve(self._specs[name], self._projects, self.usual)
            except ReportError as error:
                self._found[name] = error
        return self._found[name]

    def _unusable(self, name: str, error: ReportError) -> ReportError:
        """What to say where a set is used that cannot be: only one that nobody wrote is not told of elsewhere."""
        spec = self._specs[name]
        if not spec.line:
            return ReportError(str(error), error.line)
        return FollowsError(f"the run set {name!r} has a mistake in line {spec.broken or error.line or spec.line}")

    def there(self) -> dict[str, RunSet]:
        """The sets that have runs, by name."""
        found = {name: self._resolved(name) for name in self._specs}
        return {name: each for name, each in found.items() if isinstance(each, RunSet)}

    def unusable(self) -> dict[str, ReportError]:
        """The other sets, by name: what to say where one is used."""
        found = {name: self._resolved(name) for name in self._specs}
        return {name: self._unusable(name, each) for name, each in found.items() if isinstance(each, ReportError)}

    def of(self, section: Section) -> tuple[RunSet, ...]:
        """The sets that `runs:` of a block names or states; the default where it says nothing. Raises `ReportError`."""
        value = section.get("runs", DEFAULT)
        if isinstance(value, Mapping):
            spec = read_set(section.section("runs"), DEFAULT)
            return (resolve(spec, self._projects, self.usual),)
        names = [value] if isinstance(value, str) else _names(value, section)
        try:
            found = tuple(self.named(name) for name in names)
        except FollowsError as error:
            raise FollowsError(str(error), line_of(section)) from None
        except ReportError as error:
            raise section.source.error((*section.path, "runs"), str(error)) from None
        if len({each.project.name for each in found}) > 1:
            section.fail("runs", "run sets of several projects", "those of one", "give each project a block of its own")
        return found

    def over(self, section: Section, sweep: Sweep | None) -> tuple[RunSet, ...]:
        """The runs of a block: of a sweep all of its own, where it does not say which. Raises `ReportError`."""
        if sweep is None:
            return self.of(section)
        if "runs" not in section:
            if not sweep.runs:
                section.fail("sweep", f"the sweep {sweep.id}, which has no runs yet", "one that has", "start an agent")
            return (RunSet(sweep.name, sweep.project, tuple(sweep.runs)),)
        found = self.of(section)
        name = sweep.project.name
        if found[0].project.name != name:
            section.fail("runs", f"runs of {found[0].project.name}", f"some of {name}, as the sweep is", "leave it out")
        return found

    def subject(self, found: RunSet) -> Subject:
        """The project that a set's runs are of."""
        return self.subjects[found.project.name]

    def sweep(self, section: Section) -> Sweep:
        """The sweep that a block names, of the block's project or of the report's. Raises `ReportError`."""
        project, _, name = str(section.text("sweep")).rpartition("/")
        known = self.subjects[project or self.usual].sweeps if (project or self.usual) in self.subjects else {}
        by_name = {**{sweep.name: sweep for sweep in known.values()}, **known}
        if name in by_name:
            return by_name[name]
        mend = meant(name, by_name) or (f"there are: {', '.join(list(known)[:8])}" if known else "the project has none")
        return section.fail("sweep", f"no sweep {name!r}", "the id of one", mend)


def _names(value: Any, section: Section) -> list[str]:
    if not isinstance(value, list | tuple) or not value or not all(isinstance(each, str) for each in value):
        section.fail(
            "runs", shown(value), "the name of a run set, several, or one as a mapping", "write runs: {filter: …}"
        )
    if len(set(value)) < len(value):
        section.fail("runs", "a run set twice", "each once", "take one out")
    return list(value)
