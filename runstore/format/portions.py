"""Which files of a store a reader needs, where it takes a copy of them: all, some projects', those with numbers."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from runstore.format.run_layout import is_heartbeat, output_part, written_by

_RUNS: Final = "runs"
_OBJECTS: Final = "objects"
_ATTACHED: Final = frozenset({"media", "files", "code"})
_UNNUMBERED: Final = frozenset({"output", "lines", "system", "changes", "requirements", "alerts"})


@dataclass(frozen=True, slots=True)
class Portion:
    """A part of a store: `projects` by name, None for all; with `numbers_only` without what artifacts hold, and of
    runs without media, files, code, logs, patches and system metrics."""

    projects: frozenset[str] | None = None
    numbers_only: bool = False

    @classmethod
    def of(cls, projects: Collection[str] | None, *, numbers_only: bool) -> "Portion":
        return cls(None if projects is None else frozenset(projects), numbers_only)

    @property
    def name(self) -> str:
        """A word for this portion that can be part of a file's name, and is no other's."""
        told = repr((None if self.projects is None else sorted(self.projects), self.numbers_only))
        return hashlib.sha256(told.encode("utf-8", "backslashreplace")).hexdigest()[:12]

    def lacks(self, parts: Sequence[str]) -> bool:
        """Whether the file at this path in the store, given by its parts, is none of it.

        Caches and the trash never are, nor heartbeats and requests to stop: they are signs of a moment.
        """
        first = parts[0]
        if len(parts) > 1 and (first.startswith(".") or self._lacks_folder(first)):
            return True
        if len(parts) < 4 or parts[1] != _RUNS:
            return False
        return self._lacks_of_run(parts[3], is_file=len(parts) == 4)

    def _lacks_folder(self, name: str) -> bool:
        if name == _OBJECTS:
            return self.numbers_only
        # Reports at the top are about several projects.
        return self.projects is not None and name not in self.projects and name != "reports"

    def _lacks_of_run(self, name: str, *, is_file: bool) -> bool:
        if is_file and (is_heartbeat(name) or name == "stop"):
            return True
        if not self.numbers_only:
            return False
        written = written_by(name)
        return (
            name in _ATTACHED
            or (written is not None and written[0] in _UNNUMBERED)
            or (is_file and output_part(name) is not None)
        )
