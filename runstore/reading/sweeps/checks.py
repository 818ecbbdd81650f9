"""Whether every record of a sweep is as the format says: each is read, and held against its schema."""

from collections.abc import Iterator
from pathlib import Path

from runstore.format.checking import mistakes
from runstore.format.sweep_layout import SweepLayout, record_names, sealed_shards, shard_name, shards
from runstore.format.sweep_records import BadRecordError, load_values
from runstore.format.sweep_schema import SWEEP_SCHEMAS
from runstore.reading.sweeps.files import read_bytes
from runstore.reading.sweeps.reader import mend, open_sweep

_MOST = 20


def check_sweep(layout: SweepLayout) -> Iterator[tuple[Path, int, str]]:
    """What is wrong with a sweep's records: the file, the line (0 for the whole file), and what to say of it."""
    reader = open_sweep(layout)
    yield from ((path, 0, problem) for path, problem in sorted(reader.problems.items()))
    for path, kind in _records(layout):
        if path in reader.problems:
            continue
        told = 0
        for number, line in enumerate((read_bytes(path) or b"").splitlines(), 1):
            for problem in _line(line, kind):
                told += 1
                if told <= _MOST:
                    yield path, number, problem


def _line(line: bytes, kind: str) -> Iterator[str]:
    try:
        values = load_values(line, kind)
    except BadRecordError as error:
        yield f"found {error}, expected {'an' if kind == 'outcome' else 'a'} {kind}; {mend(kind)}"
        return
    for mistake in mistakes(values, SWEEP_SCHEMAS[f"sweep-{kind}"]):
        place = f"{mistake.place}: " if mistake.place else ""
        yield f"{place}found {mistake.found}, expected {mistake.expected}; restore the file from git"


def _records(layout: SweepLayout) -> Iterator[tuple[Path, str]]:
    for shard in sealed_shards(layout.sealed_dir):
        yield layout.sealed(shard), "trial"
    for folder, kind in ((layout.claims_dir, "claim"), (layout.done_dir, "outcome")):
        for shard in shards(folder):
            for inner in (folder / shard_name(shard), layout.sealing(folder, shard)):
                yield from ((inner / name, kind) for name in record_names(inner))
    for folder, kind in ((layout.stop_dir, "verdict"), (layout.control_dir, "control")):
        yield from ((folder / name, kind) for name in record_names(folder))
