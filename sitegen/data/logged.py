"""What the runs of a project logged beside numbers, as the project's page lists it: which keys, of which kind, by whom.

Summaries tell, so that no history is read for it; what a run logged at its steps, its own `panels.js` says.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final

from runstore.reading.rows import flatten
from runstore.reading.store import RunRecord
from sitegen import urls
from sitegen.data.attached import FRAMED, PLOTLY, TABLE
from sitegen.data.shards import named_shard
from sitegen.data.stubs import text

MAX_KEYS: Final = 5_000
MAX_GROUPS: Final = 50


def logged_keys(runs: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """Each key of media or tables, in order, with `place` (media | tables), `kind`, and the indices of its `runs`."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for number, run in enumerate(runs):
        for key, value in flatten(run.summary) if run.kinds else ():
            if not isinstance(value, dict) or "_type" not in value:
                continue
            place = "tables" if value["_type"] == TABLE else "media"
            kind = text(value["_type"], 40).removesuffix("-file")
            entry = found.setdefault((key, place), {"key": key, "place": place, "kind": kind, "runs": []})
            entry["runs"].append(number)
    return [found[each] for each in sorted(found)][:MAX_KEYS]


def logged_payload(
    project: str, runs: Sequence[RunRecord], *, plotly: bool
) -> tuple[dict[str, Any] | None, list[tuple[str, bytes]]]:
    """What the table of runs says of the media, None where there are none, and the data file that it leads to.

    `plotly`: whether its script is part of the site.
    """
    keys = logged_keys(runs)
    if not keys:
        return None, []
    kinds = {kind for run in runs for kind in run.kinds}
    root = urls.up(urls.project_page(project))
    payload = {
        "runs": [entry["runs"] for entry in keys],
        "stamps": [_stamp(run) for run in runs],
        "frame": urls.href(urls.static_file(urls.FRAME), root) if kinds & FRAMED else None,
        "plotly": urls.href(urls.static_file(urls.PLOTLY), root) if plotly and PLOTLY in kinds else None,
    }
    name, content = named_shard("l", payload)
    heads = [{**entry, "runs": len(entry["runs"]), "groups": _groups(runs, entry["runs"])} for entry in keys]
    return {"name": name, "shard": f"data/{name}.js", "keys": heads}, [(name, content)]


def _groups(runs: Sequence[RunRecord], places: Sequence[int]) -> list[str] | None:
    """The groups of some runs, so that a group's page knows what is not there; None for too many of them."""
    groups = sorted({runs[place].meta.group for place in places})
    return groups if len(groups) <= MAX_GROUPS else None


def _stamp(run: RunRecord) -> str:
    """Changes whenever the run's list of panels may, so that no page takes an older one for it."""
    if not run.kinds:
        return ""
    # By what is in the store, not by when: the same store makes the same site on every machine.
    known = json.dumps([sorted(run.files.items()), run.rows, run.summary], default=str)
    return hashlib.blake2b(known.encode(), digest_size=4).hexdigest()
