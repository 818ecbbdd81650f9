"""A build whose parts are compiled by workers: which parts to ask for, and taking what comes back, in order.

What a worker cannot do (it is gone, sees another state of the store, has another version) is compiled here, and said
once; so the site is the same whoever made its parts.
"""

import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from runstore.reading.problems import Problem
from sitegen.compiling import MadePart, Refused, Site, Task, Told, Wanted, compile_parts
from sitegen.executors import Workers
from sitegen.extras import PublicSite
from sitegen.looks import Progress
from sitegen.output import Output
from sitegen.overviews import Overviews
from sitegen.plan import ProjectPlan, run_part

_MOST_RUNS: Final = 100
_TASKS_EACH: Final = 4
_AHEAD: Final = 2

Here = Callable[[ProjectPlan, Wanted], None]
"""Compiles a part in this process."""


@dataclass(slots=True)
class Spread:
    """The workers of one build. `remarks` fills with what they could not do."""

    workers: Workers
    site: Site
    remarks: list[str] = field(default_factory=list)

    @classmethod
    def over(cls, workers: Workers, root: Path, public: PublicSite | None, release: str) -> "Spread":
        return cls(workers, Site(root.resolve(), public, release, secrets.token_hex(8)))

    def each(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, list[MadePart] | None]]:
        """What becomes of each task, in order; None for one that is to be done here. A few are under way at a time:
        what was made waits in memory until it is taken."""
        waiting: deque[tuple[Task, Future[list[MadePart] | Refused]]] = deque()
        for task in tasks:
            waiting.append((task, self._submitted(task)))
            if len(waiting) >= _AHEAD * self.workers.count:
                yield self._result(*waiting.popleft())
        while waiting:
            yield self._result(*waiting.popleft())

    def _submitted(self, task: Task) -> "Future[list[MadePart] | Refused]":
        try:
            return self.workers.executor.submit(compile_parts, task)
        except Exception as error:  # A pool whose process was killed takes no task any more.
            failed: Future[list[MadePart] | Refused] = Future()
            failed.set_exception(error)
            return failed

    def _result(self, task: Task, future: "Future[list[MadePart] | Refused]") -> tuple[Task, list[MadePart] | None]:
        try:
            found = future.result()
        except (Exception, CancelledError) as error:  # Whatever an executor raises when a worker is lost.
            found = Refused(f"a worker was lost ({type(error).__name__}: {error})")
        if isinstance(found, Refused):
            remark = f"{self.workers.name}: parts are compiled here: {' '.join(found.why.split())}"
            if remark not in self.remarks:
                self.remarks.append(remark)
            return task, None
        return task, found


def put_histories(plans: Sequence[ProjectPlan], output: Output, spread: Spread, here: Here) -> None:
    """Makes the data files of those chunks of all projects in which a run changed."""
    by_name = {plan.project.name: plan for plan in plans}
    for task, made in spread.each(_stale_chunks(plans, output, spread.site)):
        plan = by_name[task.project]
        _take(made, task, plan, output, here)
        for chunk in plan.histories.chunks:
            if made is not None and chunk.number == task.wanted[0].key:
                plan.histories.recall(chunk, output.notes(chunk.name))


def put_projects(
    plans: Sequence[ProjectPlan], output: Output, spread: Spread, here: Here, progress: Progress
) -> list[Problem]:
    """Makes the pages of the projects, of their sweeps and of their runs; returns what could not be drawn."""
    by_name = {plan.project.name: plan for plan in plans}
    for task, made in spread.each(_stale_pages(plans, output, spread)):
        plan = by_name[task.project]
        _take(made, task, plan, output, here)
        if task.kind == "runs":
            progress(task.project, int(task.wanted[-1].key) + 1, len(plan.project.runs))
    return [problem for plan in plans for problem in _problems(plan, output)]


def _take(made: list[MadePart] | None, task: Task, plan: ProjectPlan, output: Output, here: Here) -> None:
    if made is None:
        for wanted in task.wanted:
            here(plan, wanted)
    for part in made or ():
        output.put(part.name, part.digest, (file.planned() for file in part.files), list(part.notes))


def _stale_chunks(plans: Sequence[ProjectPlan], output: Output, site: Site) -> Iterator[Task]:
    for plan in plans:
        for chunk in plan.histories.chunks:
            if output.keep(chunk.name, chunk.digest):
                plan.histories.recall(chunk, output.notes(chunk.name))
            else:
                wanted = (Wanted(chunk.name, chunk.digest, chunk.number),)
                yield Task(site, "chunk", plan.project.name, wanted)


def _stale_pages(plans: Sequence[ProjectPlan], output: Output, spread: Spread) -> Iterator[Task]:
    for plan in plans:
        chunks = {chunk.number: tuple(output.notes(chunk.name)) for chunk in plan.histories.chunks}
        name = plan.project.name
        if not output.keep(plan.name, plan.digest):
            told = tuple(Overviews(plan.histories).tell())
            wanted = _wanted(plan.name, plan.digest, 0, output)
            yield Task(spread.site, "project", name, (wanted,), chunks, told)
        sweeps = [each for each in plan.sweeps.plans if not output.keep(each.name, each.digest)]
        for sweep in sweeps:
            wanted = _wanted(sweep.name, sweep.digest, sweep.sweep.id, output)
            yield Task(spread.site, "sweep", name, (wanted,))
        yield from _stale_runs(plan, output, spread, chunks)


def _stale_runs(plan: ProjectPlan, output: Output, spread: Spread, chunks: dict[int, Told]) -> Iterator[Task]:
    """The runs that changed, in batches; each knows what is told of the chunks of its own runs."""
    stale = [run for run in plan.runs() if not output.keep(run.name, run.digest)]
    size = max(1, min(_MOST_RUNS, len(stale) // (_TASKS_EACH * spread.workers.count)))
    for first in range(0, len(stale), size):
        batch = stale[first : first + size]
        own = {number: chunks[number] for number in {plan.histories.chunk_of(run.number) for run in batch}}
        wanted = tuple(_wanted(run.name, run.digest, run.number, output) for run in batch)
        yield Task(spread.site, "runs", plan.project.name, wanted, own)


def _wanted(name: str, digest: str, key: int | str, output: Output) -> Wanted:
    fresh = output.fresh(name)
    return Wanted(name, digest, key, fresh, {path: output.digest_of(path) or "" for path in fresh})


def _problems(plan: ProjectPlan, output: Output) -> Iterator[Problem]:
    for sweep in plan.sweeps.plans:
        yield from sweep.sweep.problems
    for number, run in enumerate(plan.project.runs):
        if noted := output.notes(run_part(run)):
            # Asked for the few that have some: a plan of each has its digest made anew.
            yield from plan.run(number).problems(noted)
