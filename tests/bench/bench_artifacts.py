"""What storing an artifact costs, beside `sha256sum` and `cp`: `python -m tests.bench.bench_artifacts [--json PATH]`.

One file of 1 GB, and 10,000 of 4 kB, both on the disk of the temporary directory and in the page cache. A ratio is
the time that `sha256sum` and `cp` take one after the other (for many files: through `find` and `cp -r`), divided
into ours; the median of the turns. `sync` goes before each, so that nobody writes what another left behind.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import runstore
from runstore.artifacts import lineage
from runstore.artifacts.artifact import Artifact
from runstore.artifacts.collection import read_collection
from runstore.format.layout import StoreLayout
from runstore.recording.run import Run
from tests.bench import report
from tests.bench.report import Measure

LARGE_BYTES = 1_000_000_000
SMALL_FILES = 10_000
SMALL_BYTES = 4096
TURNS = 3
VERSIONS = 1_000
_BLOCK = 1 << 20
_LIST = """
import sys, time
from pathlib import Path
from runstore.artifacts.collection import read_collections
from runstore.format.layout import StoreLayout
begun = time.perf_counter()
read_collections(StoreLayout(Path(sys.argv[1])))
print(time.perf_counter() - begun)
"""


def main() -> None:
    report.run("What storing artifacts costs", measure)


def measure() -> list[Measure]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        return [*measure_large(place), *measure_small(place), *measure_many(place)]


def measure_large(place: Path) -> list[Measure]:
    source = place / "large.bin"
    with source.open("wb") as file:
        for _ in range(LARGE_BYTES // _BLOCK):
            file.write(os.urandom(_BLOCK))
    turns = []
    for number in range(TURNS):
        base = _timed(lambda: _shell(f"sha256sum {source} && cp {source} {place}/copy"))
        (place / "copy").unlink()
        turns.append((base, _time_logging(place / f"store{number}", lambda draft: draft.add_file(source))))
    source.unlink()
    base, ours = (median(column) for column in zip(*turns, strict=True))
    speed = median(base / ours for base, ours in turns)
    return [
        Measure("sha256sum and cp, 1 GB", base, "s"),
        Measure("log an artifact of 1 GB", ours / base, "×", 1 / 0.7, f"{ours:.2f} s, {speed:.0%} of their speed"),
    ]


def measure_small(place: Path) -> list[Measure]:
    source = place / "small"
    source.mkdir()
    for file in range(SMALL_FILES):
        (source / str(file)).write_bytes(os.urandom(SMALL_BYTES))
    turns = []
    for number in range(TURNS):
        base = _timed(lambda: _shell(f"find {source} -type f -exec sha256sum {{}} + && cp -r {source} {place}/copy"))
        shutil.rmtree(place / "copy")
        turns.append((base, _time_logging(place / f"small{number}", lambda draft: draft.add_dir(source))))
    base, ours = (median(column) for column in zip(*turns, strict=True))
    return [
        Measure("sha256sum and cp, 10,000 × 4 kB", base, "s"),
        Measure("log an artifact of 10,000 × 4 kB", ours / base, "×", None, f"{ours:.2f} s"),
    ]


def measure_many(place: Path) -> list[Measure]:
    """Names with a thousand versions, used by a thousand runs."""
    run = _begin(place / "many")
    for number in range(VERSIONS):
        draft = Artifact("many", "model")
        draft.add_reference(f"s3://bucket/{number}")
        last = _timed(partial(run.log_artifact, draft), settle=False)
    run.finish()
    store = StoreLayout(place / "many")
    [line] = store.root.glob("bench/runs/*/lineage.jsonl")
    for number in range(VERSIONS):
        folder = store.project("bench").run(f"run{number}").path
        folder.mkdir(parents=True)
        (folder / "lineage.jsonl").write_bytes(line.read_bytes().splitlines(keepends=True)[number])
    [version] = [each for each in read_collection(store, store.project("bench"), "many").versions if each.number == 500]
    listed = float(_python(_LIST, str(store.root)))
    return [
        Measure("log version 1,000", 1000 * last, "ms"),
        Measure("read 1,000 versions", 1000 * listed, "ms"),
        Measure("used_by over 1,000 runs", 1000 * _timed(lambda: lineage.used_by(version), settle=False), "ms"),
    ]


def _time_logging(store: Path, fill: Callable[[Artifact], object]) -> float:
    run = _begin(store)

    def log() -> None:
        draft: Artifact = runstore.Artifact("bench", "dataset")
        fill(draft)
        run.log_artifact(draft)

    try:
        return _timed(log)
    finally:
        run.finish(quiet=True)
        shutil.rmtree(store)


def _begin(store: Path) -> Run:
    settings = {"silent": True, "console": "off", "disable_git": True}
    run = runstore.init(project="bench", dir=store, settings=settings)
    time.sleep(0.5)  # The facts beside the run are gathered by then.
    return run


def _timed(work: Callable[[], object], *, settle: bool = True) -> float:
    if settle:
        os.sync()
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _python(code: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def _shell(command: str) -> None:
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
