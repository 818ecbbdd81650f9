"""What a person reads, or a program, of a publication: what went out, what stayed in and why, and what was found."""

from collections.abc import Iterator
from typing import Any

from runstore.cli.words import counted
from runstore.format.records import Publishable
from sitegen.publishing.folder import Mirrored
from sitegen.publishing.outline import ProjectOutline, words
from sitegen.publishing.publish import Prepared, Target

Sent = Mirrored | bool | None


def as_lines(found: Prepared, target: Target, sent: Sent) -> Iterator[str]:
    """The summary, a line at a time."""
    yield from _outgoing(found, target)
    yield from _staying(found)
    for each in found.idle:
        yield f"--allow {each.kind}:{each.file} allows nothing that was found; leave it out"
    yield from _ending(found, target, sent)


def _outgoing(found: Prepared, target: Target) -> Iterator[str]:
    runs = sum(project.runs for project in found.public)
    verb = "would go out" if target.dry_run or found.blocking else "goes out"
    size = f"{found.size / 1e6:.1f} MB"
    yield f"{verb}: {counted(len(found.public), 'project')}, {counted(runs, 'run')}, {found.files} files, {size}"
    for project in found.public:
        lets = f", with {words(project.publish)}" if project.publish else ""
        yield f"  {project.name}: {counted(project.runs, 'run')}{lets}"


def _staying(found: Prepared) -> Iterator[str]:
    yield "stays in:"
    for project in found.projects:
        if not project.public:
            yield f"  {project.name}: {counted(project.runs, 'run')}; {project.why}"
    alike: dict[tuple[Publishable, ...], list[str]] = {}
    for project in found.public:
        alike.setdefault(project.kept, []).append(project.name)
    for kept, names in alike.items():
        if kept:
            yield f"  of {', '.join(names)}: {words(kept)}; let out by name in publish of project.yaml"


def _ending(found: Prepared, target: Target, sent: Sent) -> Iterator[str]:
    if found.blocking:
        yield f"found {counted(len(found.blocking), 'possible secret')}, so nothing was published:"
        for finding in found.blocking:
            yield f"  {finding}"
        yield "take each out of the store and change it where it is used; of what is no secret say --allow KIND:FILE"
    elif target.dry_run:
        yield "no secret found; nothing was published, as --dry-run wants it"
    elif isinstance(sent, Mirrored):
        yield f"{target}: {sent.written} files written, {sent.unchanged} unchanged, {sent.removed} removed"
    else:
        yield f"{target}: pushed" if sent else f"{target}: has this very site already"


def as_values(found: Prepared, target: Target, sent: Sent) -> dict[str, Any]:
    """The summary for programs."""
    return {
        "published": sent is not None,
        "changed": sent if isinstance(sent, bool) else bool(sent and (sent.written or sent.removed)),
        "target": None if target.dry_run else str(target),
        "files": found.files,
        "bytes": found.size,
        "projects": [_described(project) for project in found.projects],
        "secrets": [
            {
                "file": each.file,
                "line": each.line,
                "kind": each.kind,
                "begins": each.shown,
                "source": each.source,
            }
            for each in found.blocking
        ],
    }


def _described(project: ProjectOutline) -> dict[str, Any]:
    return project.describe() | ({} if project.public else {"why": project.why})
