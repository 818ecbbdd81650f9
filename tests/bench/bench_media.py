"""What large values cost: `python -m tests.bench.bench_media [--json PATH]`.

A table of 100,000 rows and 10 columns, made of lists of Python's values and logged, beside `write_parquet` of a Polars
frame of the same data; an image of a megapixel, beside zlib's compression of its bytes; a file logged by its path,
beside its SHA-256 and a copy.
"""

import hashlib
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy
import polars

import runstore
from tests.bench import report
from tests.bench.report import Measure

ROWS = 100_000
TURNS = 5
FILE_BYTES = 256 << 20


def main() -> None:
    report.run("What large values cost", measure)


def measure() -> list[Measure]:
    with tempfile.TemporaryDirectory() as folder:
        run = runstore.init(project="bench", dir=Path(folder) / "experiments", settings={"silent": True})
        try:
            return [*_measure_table(run, Path(folder)), *_measure_image(run), *_measure_file(run, Path(folder))]
        finally:
            run.finish()


def _measure_table(run: Any, folder: Path) -> list[Measure]:
    generator = numpy.random.default_rng(0)
    names = [f"c{at}" for at in range(10)]
    frame = polars.DataFrame(
        {
            **{name: generator.random(ROWS) for name in names[:5]},
            **{name: generator.integers(0, 1000, ROWS) for name in names[5:8]},
            "c8": [f"sample {at}" for at in range(ROWS)],
            "c9": generator.random(ROWS) > 0.5,
        }
    )
    rows = [list(row) for row in frame.rows()]
    base = min(_took(lambda: frame.write_parquet(folder / "t.parquet")) for _ in range(TURNS))
    polars.DataFrame(rows[:10], schema=names, orient="row")
    made, logged = [], []
    for at in range(TURNS):
        rows[0][0] = float(at)  # Another content each time: equal ones are kept once.
        begun = time.perf_counter()
        table = runstore.Table(columns=names, data=rows)
        ready = time.perf_counter()
        run.log({"table": table})
        made.append(ready - begun)
        logged.append(time.perf_counter() - ready)
    whole = min(map(sum, zip(made, logged, strict=True)))  # What else the machine does only adds to it.
    added = runstore.Table(columns=names)
    adding = _took(lambda: [added.add_data(*row) for row in rows])
    return [
        Measure("Table of 100,000 x 10, made and logged", whole, "s", 1, f"logging alone {min(logged):.2f} s"),
        Measure("  over write_parquet of the same frame", whole / base, "×", note=f"that takes {base:.3f} s"),
        Measure("  filled by add_data, a row", adding / ROWS * 1e6, "µs"),
    ]


def _measure_image(run: Any) -> list[Measure]:
    _, x = numpy.mgrid[:1000, :1000]
    noise = numpy.random.default_rng(0).normal(0, 4, (1000, 1000))
    picture = numpy.stack([128 + 100 * numpy.sin(x / 50 + at) + noise for at in range(3)], axis=-1).clip(0, 255)
    array = picture.astype(numpy.uint8)
    base = median(_took(lambda: zlib.compress(array.tobytes(), 6)) for _ in range(TURNS))
    found = []
    for at in range(TURNS):
        array[0, 0] = at
        found.append(_took(lambda: run.log({"image": runstore.Image(array)})))
    note = f"{1000 * median(found):.0f} ms"
    return [Measure("Image of 1000 x 1000 x 3, over zlib of its bytes", median(found) / base, "×", 2.5, note)]


def _measure_file(run: Any, folder: Path) -> list[Measure]:
    path, copy = folder / "film.mp4", folder / "copy"
    path.write_bytes(os.urandom(1 << 20) * (FILE_BYTES >> 20))
    turns = []
    for at in range(TURNS):
        with path.open("r+b") as file:
            file.write(bytes([at]))
        copy.unlink(missing_ok=True)
        base = _took(lambda: (_digest(path), shutil.copyfile(path, copy)))
        turns.append((base, _took(lambda: run.log({"film": runstore.Video(path)}))))
    ratio = median(ours / base for base, ours in turns)
    return [Measure("Video of 256 MB by path, over SHA-256 and a copy", ratio, "×", 1.5)]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _took(call: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
