"""What a test of a disk found, and what follows from it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

Verdict = Literal["ok", "no", "note"]

LEASE_BEATS: Final = 10
"""A lease is this many heartbeats long."""

OLD_BEATS: Final = 2
"""So many heartbeats may be late before what an observer sees is old."""

DEFAULT_HEARTBEAT: Final = 30.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried. `needed`: sweeps cannot work where the verdict is `no`.

    `delay`: the longest time (s) until the other side saw what was written, where that was the question.
    """

    what: str
    verdict: Verdict
    text: str
    needed: bool = False
    delay: float | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What holds on a disk."""

    place: str
    findings: Sequence[Finding] = field(default_factory=tuple)

    @property
    def works(self) -> bool:
        """Whether sweeps can work here."""
        return not any(each.needed and each.verdict == "no" for each in self.findings)

    @property
    def smallest_heartbeat(self) -> int:
        """The shortest `heartbeat` (s) with which nobody alive is taken for dead here."""
        slowest = max((each.delay for each in self.findings if each.delay is not None), default=0.0)
        return max(1, math.ceil(slowest / (LEASE_BEATS - OLD_BEATS)))

    def advice(self) -> list[str]:
        """The last lines for a person: whether sweeps work here, and with which lease."""
        if not self.works:
            failed = ", ".join(each.what for each in self.findings if each.needed and each.verdict == "no")
            return [f"Sweeps cannot work on {self.place}: {failed}. Keep the store on another disk."]
        least = self.smallest_heartbeat
        heartbeat = max(least, int(DEFAULT_HEARTBEAT))
        fits = "the default" if least <= DEFAULT_HEARTBEAT else "longer than the default; write it into sweep.yaml"
        return [
            f"Sweeps work on {self.place}.",
            f"A lease of {LEASE_BEATS * heartbeat} s is safe: `heartbeat: {heartbeat}`, {fits}; "
            f"the shortest that is safe here is `heartbeat: {least}`.",
        ]
