"""What of a store goes out, and what stays in it and why: the list that a person reads before publishing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from runstore.format.records import PUBLISHABLE, Publishable
from runstore.reading.store import Project, Store

WORDS: Final[Mapping[Publishable, str]] = {
    "host": "host names",
    "user": "user names",
    "email": "e-mail addresses",
    "address": "IP addresses",
    "paths": "absolute paths",
    "remote": "git remotes",
    "environment": "environments and requirements",
    "logs": "console logs",
    "patches": "patches",
    "files": "stored files",
    "code": "stored code",
}
"""What each word of `publish` lets out."""

_OTHER_KEYS: Final = ("title:", "description:", "views:", "publish:")
"""How the mistakes of `project.yaml` begin that say nothing of whether a project is public."""


@dataclass(frozen=True, slots=True)
class ProjectOutline:
    """One project: whether it goes out, how many runs it has, and what its `publish` lets out of them.

    `mistake` is what is wrong with its file where that leaves open whether it goes out; then it does not.
    """

    name: str
    public: bool
    runs: int
    publish: tuple[Publishable, ...]
    mistake: str = ""

    @property
    def kept(self) -> tuple[Publishable, ...]:
        return tuple(part for part in PUBLISHABLE if part not in self.publish)

    @property
    def why(self) -> str:
        """Why it stays in, "" for one that goes out."""
        if self.public:
            return ""
        return self.mistake or "it is private; write visibility: public in its project.yaml to publish it"

    def describe(self) -> dict[str, Any]:
        return {
            "project": self.name,
            "public": self.public,
            "runs": self.runs,
            "lets_out": list(self.publish),
            "keeps": list(self.kept) if self.public else ["everything"],
        }


def outline(store: Store) -> tuple[ProjectOutline, ...]:
    """Every project of the store, by name."""
    found = (_outlined(project) for project in store.projects)
    return tuple(sorted(found, key=lambda each: each.name))


def _outlined(project: Project) -> ProjectOutline:
    meta, public = project.meta, project.meta.visibility == "public"
    return ProjectOutline(project.name, public, len(project.runs), meta.publish, "" if public else _mistake(project))


def _mistake(project: Project) -> str:
    """What keeps its visibility from being understood: another word there, or a file that cannot be read."""
    name = project.layout.project_yaml.name
    own = (each for each in project.problems if each.path.endswith(f"/{name}"))
    return next((str(each) for each in own if not each.message.startswith(_OTHER_KEYS)), "")


def words(parts: Iterable[Publishable]) -> str:
    return ", ".join(WORDS[part] for part in parts)
