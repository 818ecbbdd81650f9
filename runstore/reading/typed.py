"""What a run logged beside numbers: its typed values (`_type`), row by row.

The catalogue knows of these only which types there are; the values themselves are read from the histories when somebody
wants them, since few pages change at a time.
"""

import math
from dataclasses import dataclass
from typing import Any

from runstore.format.run_layout import is_attempt
from runstore.reading.beside import rows_of, writer_files
from runstore.reading.rows import flatten
from runstore.reading.stitching import ceilings, step_of
from runstore.reading.store import RunRecord


@dataclass(frozen=True, slots=True)
class TypedValue:
    """One typed value as a row says it. `step` is the row's, or the line's number where the row has none."""

    key: str
    step: float
    writer: str
    stub: dict[str, Any]


def typed_values(run: RunRecord) -> list[TypedValue]:
    """Every typed value of a run that counts, by step, in writing order within one.

    Of what attempts log under one key at one step the last counts; ranks, which log beside each other, are all kept.
    """
    if not run.kinds:
        return []
    histories = writer_files(run, "history")
    ceiling = ceilings(run.provenances, (writer for writer, _ in histories))
    found: dict[tuple[str, float, str], TypedValue] = {}
    for writer, path in histories:
        for line, row in rows_of(path, b'"_type"'):
            step = step_of(row, line)
            at = step if math.isfinite(step) else float(line)
            for key, value in flatten(row) if at <= ceiling[writer] else ():
                if isinstance(value, dict) and "_type" in value:
                    place = (key, at, "" if is_attempt(writer) else writer)
                    found.pop(place, None)
                    found[place] = TypedValue(key, at, writer, value)
    return sorted(found.values(), key=lambda value: value.step)
