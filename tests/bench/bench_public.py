"""What a site for the world costs beside a plain one: `python -m tests.bench.bench_public [--json PATH]`.

Both are built of the same store of 1,000 runs, in turns, from what an earlier build has read, each into an empty
directory; then once more after one run changed. Every run says who ran it and where, in its provenance, config and
notes. The scanner looks through the public site and, for what a site may be at its worst, through text that is full of
keys that may have a secret behind them. All times are of the processor, threads included: what else the machine does
does not count.
"""

import json
import random
import time
from pathlib import Path
from statistics import median

from sitegen import urls
from sitegen.build import build_site
from sitegen.extras import PublicSite
from sitegen.publishing.secrets import scan
from tests.bench import report
from tests.bench.report import Measure
from tests.bench.sizes import large_store

TURNS = 5
_MB = 1e6


def main() -> None:
    report.run("What a public site costs", measure)


def measure() -> list[Measure]:
    with large_store(1000, 1000, 5) as store:
        _people(store)
        return [*_builds(store), *_scans(store.parent / "public0")]


def _people(store: Path) -> None:
    """Says of every run who ran it, on one of a hundred hosts, and where."""
    (store / "bench" / "project.yaml").write_text("visibility: public\n")
    for number, folder in enumerate(sorted((store / "bench" / "runs").iterdir())):
        host, user = f"node-{number % 100:03d}.cluster.example", f"user{number % 7}"
        facts = {
            "host": host,
            "user": user,
            "cwd": f"/home/{user}/project",
            "command": ["/opt/venv/bin/python", f"/home/{user}/project/train.py", "--lr", "0.1"],
        }
        (folder / "provenance.json").write_text(json.dumps(facts))
        with (folder / "config.yaml").open("a") as file:
            file.write(f"\ndata: /scratch/{user}/imagenet\nnode: {host}\nmodel: resnet-50\nschedule: cosine\n")


def _builds(store: Path) -> list[Measure]:
    build_site(store, store.parent / "warm")
    plain, public = [], []
    for turn in range(TURNS):
        plain.append(_timed(store, store.parent / f"plain{turn}", None))
        public.append(_timed(store, store.parent / f"public{turn}", PublicSite()))
    again: dict[str, list[float]] = {"plain0": [], "public0": []}
    for turn in range(TURNS):
        for name, seconds in again.items():
            (store / "bench/runs/run00007/run.yaml").write_text(f"name: turn {turn} of {name}\n")
            seconds.append(_timed(store, store.parent / name, PublicSite() if name == "public0" else None))
    first, changed = median(public) / median(plain), median(again["public0"]) / median(again["plain0"])
    return [
        Measure("public build / plain build", first, "×", 1.2, f"{median(public):.2f} s"),
        Measure("the same after one run changed", changed, "×", 1.2, f"{median(again['public0']):.2f} s"),
    ]


def _timed(store: Path, out: Path, public: PublicSite | None) -> float:
    begun = time.process_time()
    build_site(store, out, public=public)
    return time.process_time() - begun


def _scans(site: Path) -> list[Measure]:
    files = [
        (path.relative_to(site).as_posix(), path.read_bytes())
        for path in sorted(site.rglob("*"))
        if path.is_file() and urls.STATIC not in path.parts
    ]
    worst = [("log", b"".join(b"step %d: next token: <%d>, secret of 3 models\n" % (n, n) for n in range(200_000)))]
    numbers = [("numbers", json.dumps([random.Random(1).random() for _ in range(500_000)]).encode())]
    return [
        _scanned("scanner, a public site", files, 1.0),
        _scanned("scanner, numbers", numbers, 1.0),
        _scanned("scanner, at every line a key", worst, None),
    ]


def _scanned(name: str, files: list[tuple[str, bytes]], bar: float | None) -> Measure:
    size = sum(len(data) for _, data in files) / _MB
    seconds = []
    for _ in range(TURNS):
        begun = time.process_time()
        scan(files)
        seconds.append(time.process_time() - begun)
    return Measure(f"{name}, 100 MB", 100 * median(seconds) / size, "s", bar, f"{size / median(seconds):.0f} MB/s")


if __name__ == "__main__":
    main()
