"""Which run here an imported one is, and what was written of it the last time.

`provenance.json` of an imported run says `"imported": {"from": …, "id": …, "digest": …, "fields": …, "files": …}`: the
tracker, the run's identity there, the digest of what was read, what run.yaml said then, and the SHA-256 of config.yaml
and summary.json as they were written. So a second import knows what is new at the source, and what was edited here.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from runstore.errors import StoreError, UsageError
from runstore.format.names import check_run_id
from runstore.format.records import RunMeta, read_json_object
from runstore.format.run_layout import RunLayout
from runstore.format.values import well_formed
from runstore.importers.sources import ImportedRun

MARK: Final = "imported"
FIELDS: Final = ("name", "group", "job_type", "tags", "notes")
"""What of run.yaml follows the source, as long as nobody edits it here."""
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_LENGTH: Final = 10
_LONGEST_TAG: Final = 64


@dataclass(frozen=True, slots=True)
class Mark:
    """What an import noted of a run."""

    kind: str
    source: str
    digest: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def dump(self) -> dict[str, Any]:
        return {
            "from": self.kind,
            "id": self.source,
            "digest": self.digest,
            "fields": dict(self.fields),
            "files": dict(self.files),
        }

    def is_of(self, run: ImportedRun) -> bool:
        return (self.kind, self.source) == (run.kind, run.source)


def id_of(run: ImportedRun) -> str:
    """The id that a run has here: its own where that may name a run, else one made of tracker and identity there."""
    try:
        if run.id:
            return check_run_id(run.id)
    except UsageError:
        pass  # Some trackers have ids that no directory may have.
    return derived_id(run.kind, run.source)


def derived_id(kind: str, source: str) -> str:
    """Ten digits and small letters that are the same each time."""
    number = int.from_bytes(hashlib.sha256(f"{kind}\0{source}".encode("utf-8", "backslashreplace")).digest())
    return "".join(_DIGITS[number // len(_DIGITS) ** place % len(_DIGITS)] for place in range(_ID_LENGTH))


def mark_of(layout: RunLayout) -> Mark | None:
    """What the last import noted of a run that is here; None for one that was not imported. Raises `StoreError`."""
    found = read_json_object(layout.provenance_json).get(MARK)
    if not isinstance(found, dict):
        return None
    parts = [found.get(key) for key in ("from", "id", "digest")]
    if not all(isinstance(part, str) for part in parts):
        raise StoreError(
            f"{layout.provenance_json}: {MARK} is {str(found)[:60]!r}, expected from, id and digest; restore the file"
        )
    fields, files = found.get("fields"), found.get("files")
    kind, source, digest = map(str, parts)
    known = fields if isinstance(fields, dict) else {}
    return Mark(kind, source, digest, known, files if isinstance(files, dict) else {})


def meta_of(run: ImportedRun, run_id: str) -> RunMeta:
    """What run.yaml says of a run that was not here before."""
    return RunMeta(
        id=run_id,
        name=well_formed(run.name) or run_id,
        created=iso(run.created),
        group=well_formed(run.group),
        job_type=well_formed(run.job_type),
        tags=_tags(run),
        notes=well_formed(run.notes),
        sweep=well_formed(run.sweep),
    )


def fields_of(meta: RunMeta) -> dict[str, Any]:
    """The fields of run.yaml that follow the source, as JSON has them."""
    said = asdict(meta)
    return {name: list(said[name]) if name == "tags" else said[name] for name in FIELDS}


def merged(here: RunMeta, there: RunMeta, before: Mapping[str, Any]) -> RunMeta:
    """What run.yaml is to say: a field that was edited here since the last import, `before`, stays; others follow."""
    ours, theirs = fields_of(here), fields_of(there)
    follows = {name: theirs[name] for name in FIELDS if name in before and ours[name] == before[name]}
    if "tags" in follows:
        follows["tags"] = tuple(follows["tags"])
    return replace(here, created=here.created or there.created, **follows)


def iso(moment: float | None) -> str:
    """A time (epoch s) as run.yaml spells it; "" where it is not known, or none that a calendar has."""
    if moment is None:
        return ""
    try:
        found = datetime.fromtimestamp(moment, UTC)
    except (OverflowError, ValueError, OSError):
        return ""
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _tags(run: ImportedRun) -> tuple[str, ...]:
    clean = [well_formed(str(tag)).strip() for tag in run.tags]
    for tag in clean:
        if len(tag) > _LONGEST_TAG:
            run.problems.lose(f"{run.where}: the tag {tag[:20]}… is cut to {_LONGEST_TAG} characters")
    return tuple(dict.fromkeys(tag[:_LONGEST_TAG].strip() for tag in clean if tag))
