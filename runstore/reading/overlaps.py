"""The frames of a project's histories with the rows that count: what attempts took back or logged again is left out."""

from collections.abc import Collection, Mapping, Sequence

import polars as pl

from runstore.reading.ndjson import PREFIX


def without_hidden(frames: Sequence[pl.DataFrame], ceilings: Mapping[tuple[int, int], float]) -> list[pl.DataFrame]:
    """Frames (`run`, `place`, `step`, …) without the rows above a highest step of some histories, by run and place."""
    if not ceilings:
        return list(frames)
    limits = pl.DataFrame(
        {
            "run": [run for run, _ in ceilings],
            "place": [place for _, place in ceilings],
            "_ceiling": list(ceilings.values()),
        },
        schema={"run": pl.UInt32, "place": pl.UInt32, "_ceiling": pl.Float64},
    )
    kept = []
    for frame in frames:
        marked = frame.join(limits, on=["run", "place"], how="left", maintain_order="left")
        counts = pl.col("_ceiling").is_null() | (pl.col("step") <= pl.col("_ceiling"))
        kept.append(marked.filter(counts).drop("_ceiling"))
    return kept


def without_repeated(frames: Sequence[pl.DataFrame], attempts: Mapping[int, Collection[int]]) -> list[pl.DataFrame]:
    """Frames in which of the values that several attempts logged of one key at one step the last attempt's is left.

    `attempts` are the places of the attempts of those runs whose attempts overlap.
    """
    if not attempts:
        return list(frames)
    owners = [(run, place) for run, places in attempts.items() for place in places]
    mine = pl.DataFrame(
        {"run": [run for run, _ in owners], "place": [place for _, place in owners]},
        schema={"run": pl.UInt32, "place": pl.UInt32},
    )
    last = _last_places(frames, mine)
    return [_without(frame, mine, last) for frame in frames]


def _last_places(frames: Sequence[pl.DataFrame], mine: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """For each key the last attempt that logged it, by run and step."""
    found: dict[str, list[pl.DataFrame]] = {}
    for frame in frames:
        rows = frame.join(mine, on=["run", "place"], how="semi")
        for key in _keys(rows) if rows.height else ():
            places = rows.filter(pl.col(key).is_not_null()).select("run", "step", "place")
            if places.height:
                found.setdefault(key, []).append(places)
    return {
        key: pl.concat(parts).group_by("run", "step").agg(pl.col("place").max().alias("_last"))
        for key, parts in found.items()
    }


def _without(frame: pl.DataFrame, mine: pl.DataFrame, last: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    if not frame.join(mine, on=["run", "place"], how="semi").height:
        return frame
    marked = frame.join(mine.with_columns(_own=True), on=["run", "place"], how="left", maintain_order="left")
    keys = _keys(frame)
    for key in keys:
        if key in last:
            marked = marked.join(last[key], on=["run", "step"], how="left", maintain_order="left")
            beaten = pl.col("_own").is_not_null() & (pl.col("_last") > pl.col("place"))
            marked = marked.with_columns(pl.when(beaten).then(None).otherwise(pl.col(key)).alias(key)).drop("_last")
    if not keys:
        return marked.drop("_own")
    empty = pl.col("_own").is_not_null() & pl.all_horizontal(pl.col(keys).is_null())
    return marked.filter(~empty).drop("_own")


def _keys(frame: pl.DataFrame) -> list[str]:
    return [name for name in frame.columns if name.startswith(PREFIX)]
