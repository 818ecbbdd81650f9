"""A store as the world may see it: what stays in is not in it, so that no page, data file or search can tell of it.

Private projects are left out whole. Of the others' runs their records lose what `project.yaml` does not let out by
name, and files that nobody may read are no longer among theirs.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from runstore.format.records import ProjectMeta, Publishable, RunMeta
from runstore.format.run_layout import output_part, written_by
from runstore.reading.problems import Problem
from runstore.reading.store import Project, RunRecord, Store
from sitegen.redaction import HOST, PATH, Names, Redaction

_OPEN_FACTS: Final = (
    *("os", "python", "runstore", "cpu", "cpu_count", "cpu_count_logical", "memory_gb", "gpu", "started"),
    *("starting_step", "rewound_to", "forked_from", "tracked", "ended"),
)
"""What of a run's provenance tells of no person or place."""
_CLOSED_FACTS: Final[Mapping[str, Publishable]] = {
    "host": "host",
    "user": "user",
    "email": "email",
    "executable": "paths",
    "cwd": "paths",
    "environment": "environment",
    "container": "environment",
    "slurm": "environment",
    "batch": "environment",
}
"""What lets out the rest, fact by fact; what is named nowhere stays in."""
_OPEN_GIT: Final = ("commit", "branch", "dirty", "untracked", "submodules")
_CLOSED_FILES: Final[Mapping[str, Publishable]] = {
    "output": "logs",
    "lines": "logs",
    "changes": "patches",
    "requirements": "environment",
}
# They hold as text what the record has without what stays in.
_RAW_FILES: Final = frozenset({"config", "summary", "provenance"})
_HOMES: Final = re.compile(r"(?:^|[/\\])(?:home|Users|export/home)[/\\]([^/\\\s:\"']+)")


def public_store(store: Store, today: Store | None = None) -> Store:
    """The store without what stays in it. Its `disclosure` says that it is no whole one.

    Of a store as it was once, `today` is what is public of it now: that decides, whatever its files said then.
    """
    ruling = {project.name: project.meta for project in (today or store).projects}
    public = [project for project in store.projects if _is_public(ruling.get(project.name))]
    hosts, users = _known_names(store, today)
    named = frozenset(project.name for project in public)

    def telling(allowed: frozenset[Publishable]) -> Redaction:
        names = Names.of(() if "host" in allowed else hosts, () if "user" in allowed else users)
        return Redaction(allowed, names, named)

    let_out = [frozenset(ruling[project.name].publish) for project in public]
    # What belongs to no project shows what all of them do.
    shared = telling(frozenset.intersection(*let_out) if let_out else frozenset())
    projects = [_public_project(project, telling(own)) for project, own in zip(public, let_out, strict=True)]
    return replace(
        store,
        meta=replace(store.meta, entity=store.meta.entity if shared.lets(store.meta.entity) else ""),
        projects=tuple(projects),
        problems=tuple(_told(each, shared) for each in store.problems if each.path.partition("/")[0] in named),
        disclosure=shared,
    )


def _is_public(meta: ProjectMeta | None) -> bool:
    return meta is not None and meta.visibility == "public"


def _known_names(store: Store, today: Store | None) -> tuple[set[str], set[str]]:
    """The names of hosts and users that the store's runs recorded, private projects' too."""
    hosts, users = set[str](), set[str]()
    for facts in _provenances(store):
        hosts |= set(_hosts(facts))
        users |= set(_users(facts))
    if today is not None and isinstance(today.disclosure, Redaction):
        for name, shown in today.disclosure.names.shown.items():
            (hosts if shown == HOST else users).add(name)
    return hosts, users


def _provenances(store: Store) -> Iterator[Mapping[str, Any]]:
    for project in store.projects:
        for run in project.runs:
            yield run.provenance
            yield from (facts for facts in run.provenances.values() if facts != run.provenance)


def _hosts(facts: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(host := facts.get("host"), str):
        yield host
    slurm = facts.get("slurm")
    nodes = slurm.get("job_nodelist") if isinstance(slurm, dict) else None
    if isinstance(nodes, str) and "[" not in nodes:
        yield from nodes.split(",")


def _users(facts: Mapping[str, Any]) -> Iterator[str]:
    """Who ran it, and whose home directories its paths lie in."""
    git = facts.get("git")
    author = git.get("author") if isinstance(git, dict) else None
    named = (facts.get("user"), author, author.get("name") if isinstance(author, dict) else None)
    yield from (name for name in named if isinstance(name, str))
    for fact in ("cwd", "executable", "program", "command"):
        found = facts.get(fact)
        for text in found if isinstance(found, list) else [found]:
            if isinstance(text, str):
                yield from _HOMES.findall(text)


def _public_project(project: Project, tell: Redaction) -> Project:
    return replace(
        project,
        meta=_public_meta(project.meta, tell),
        runs=tuple(_public_run(run, tell) for run in project.runs),
        problems=tuple(_told(each, tell) for each in project.problems),
        disclosure=tell,
    )


def _public_meta(meta: ProjectMeta, tell: Redaction) -> ProjectMeta:
    return replace(
        meta,
        title=tell.text(meta.title),
        description=tell.text(meta.description),
        views=tuple(tell.value(view) for view in meta.views),
    )


def _told(problem: Problem, tell: Redaction) -> Problem:
    return Problem(problem.path, problem.line, tell.text(problem.message))


def _public_run(run: RunRecord, tell: Redaction) -> RunRecord:
    meta, config, summary = _run_meta(run.meta, tell), tell.value(run.config), _summary(run.summary, tell)
    files = {name: size for name, size in run.files.items() if _is_open(name, tell)}
    attempts = run.attempts
    if not tell.allows("host"):
        attempts = tuple(replace(each, host="") if each.host else each for each in attempts)
    facts = _facts(run.provenance, tell)
    problems = tuple(_told(each, tell) for each in run.problems)
    known: list[Any] = [run.digest, sorted(tell.allowed), facts, problems, meta]
    known += [config if config is not run.config else None, summary if summary is not run.summary else None]
    if any(_reads_texts(name) for name in files):
        known.append(tell.digest)
    return replace(
        run,
        meta=meta,
        config=config,
        summary=summary,
        provenance=facts,
        provenances={
            writer: facts if each == run.provenance else _facts(each, tell) for writer, each in run.provenances.items()
        },
        attempts=attempts,
        files=files,
        problems=problems,
        digest=hashlib.blake2b(repr(known).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest(),
        disclosure=tell,
    )


def _run_meta(meta: RunMeta, tell: Redaction) -> RunMeta:
    """How a run is filed; its id and its sweep's are names of directories, and stay."""
    return replace(
        meta,
        name=tell.text(meta.name),
        group=tell.text(meta.group),
        job_type=tell.text(meta.job_type),
        tags=tuple(map(tell.text, meta.tags)),
        notes=tell.text(meta.notes),
    )


def _summary(summary: Mapping[str, Any], tell: Redaction) -> Mapping[str, Any]:
    """The values alone: keys are the names of metrics, which the histories have too."""
    told = {key: tell.value(value) for key, value in summary.items()}
    return summary if all(told[key] is value for key, value in summary.items()) else told


def _is_open(name: str, tell: Redaction) -> bool:
    """Whether a file in a run's directory may be read by who makes the pages."""
    if output_part(name):
        return tell.allows("logs")
    stem = (written_by(name) or ("", ""))[0]
    if not stem:
        return False
    part = _CLOSED_FILES.get(stem)
    return stem not in _RAW_FILES if part is None else tell.allows(part)


def _reads_texts(name: str) -> bool:
    """Whether texts of such a file are told, which change with the names that are known."""
    return (written_by(name) or ("output", ""))[0] in ("alerts", "lineage", "output", "requirements")


def _facts(facts: Mapping[str, Any], tell: Redaction) -> dict[str, Any]:
    """Where a run comes from, as far as that may be told."""
    told = {name: tell.value(facts[name]) for name in _OPEN_FACTS if name in facts}
    told |= {
        name: tell.value(facts[name]) for name, part in _CLOSED_FACTS.items() if name in facts and tell.allows(part)
    }
    if isinstance(program := facts.get("program"), str):
        told["program"] = _script(program, tell)
    if "command" in facts:
        told["command"] = _command(facts["command"], told.get("program"), tell)
    if isinstance(git := facts.get("git"), dict):
        open_git = (
            *_OPEN_GIT,
            *(("remote",) if tell.allows("remote") else ()),
            *(("author",) if tell.allows("user") else ()),
        )
        told["git"] = {name: tell.value(git[name]) for name in open_git if name in git}
    return told


def _command(command: Any, program: str | None, tell: Redaction) -> Any:
    """The command line: its program and script by their names alone, other paths not at all."""
    if not isinstance(command, list):
        return tell.value(command)
    words = [str(word) for word in command]
    told = [tell.text(word) for word in words]
    for at in (at for at, word in enumerate(told) if word == PATH):
        name = _script(words[at], tell)
        if at == 0 or name == program or name.endswith((".py", ".pyw", ".sh")):
            told[at] = name
    return told


def _script(path: str, tell: Redaction) -> str:
    """A program by its name alone, unless paths may be told."""
    absolute = path.startswith(("/", "~", "\\\\")) or path[1:3] in (":\\", ":/")
    if tell.allows("paths") or not absolute:
        return tell.text(path)
    return tell.text(path.replace("\\", "/").rpartition("/")[2])
