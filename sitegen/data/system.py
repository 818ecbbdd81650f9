"""A run's system metrics, as the charts of its page read them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from runstore.archive.opening import open_lines
from runstore.reading.beside import writer_files
from runstore.reading.ndjson import Block, parse
from runstore.reading.store import RunRecord
from sitegen.data import sensors
from sitegen.data.series import make_series, metric_rows
from sitegen.data.shards import has_times, run_payload, times_payload


def system_files(run: RunRecord) -> list[Path]:
    """The files of a run's system metrics, one a writer, in their order."""
    return [path for _, path in writer_files(run, "system") if run.files[path.name]]


def system_data(run: RunRecord) -> dict[str, Any]:
    """The payload of `system.js`: each metric over the run's time, those of a metric's own moments sharing them.

    Samples have no step: they follow each other by their runtime.
    """
    frames = []
    for frame in parse(_blocks(system_files(run))).frames:
        step = pl.coalesce("runtime", pl.col("line").cast(pl.Float64)).alias("step")
        frames.append(
            frame.with_columns(pl.col("source").alias("place"), pl.lit(0, pl.UInt32).alias("run"), step).drop("source")
        )
    times: list[dict[str, Any]] = []
    places: dict[tuple[bytes, bytes], int] = {}
    metrics = []
    for key, rows in metric_rows(frames):
        series = make_series(rows)
        place = None
        if any(has_times(series)):
            moments = (series.runtime.tobytes(), series.timestamp.tobytes())
            if moments not in places:
                places[moments] = len(times)
                times.append(times_payload(series))
            place = places[moments]
        section, title = sensors.named(key)
        metrics.append({"key": key, "section": section, "title": title, **run_payload(series, place)})
    metrics.sort(key=lambda metric: sensors.place(metric["key"]))
    return {"times": times, "metrics": metrics}


def _blocks(paths: list[Path]) -> Iterator[Block]:
    for number, path in enumerate(paths):
        try:
            with open_lines(path) as file:
                data = file.read()
        except OSError:
            continue
        # A torn last line is left for the next look.
        whole = data[: data.rfind(b"\n") + 1]
        if whole:
            yield Block(number, 0, whole)
