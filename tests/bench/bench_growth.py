"""How everything grows, and what breaks first: `python -m tests.bench.bench_growth [--json PATH] [--picture SVG]`.

Runs: stores of 300 to 30,000 small runs are read, listed and built, each in a process of its own. History: one run's
rows are made more, from 10 MB to 1 GB. Agents: a sweep at which 10 to 10,000 agents work, as their heartbeats and
claims say; one more agent takes trials. Where the two largest sizes of each curve lead, at 1,000,000 runs, 1 TB and
10,000 agents, is in its last line.

It takes about a quarter of an hour and 15 GB of disk.
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from runstore.format.layout import StoreLayout
from runstore.format.sweep_records import Beat, Claim, Process
from runstore.reading.sweeps import open_sweep
from sweeps.config.sweep import parse_sweep
from sweeps.controller import Controller
from tests.bench import report
from tests.bench.make_store import make_store
from tests.bench.report import Measure
from tests.sweep_stores import write_record

ROOT = Path(__file__).resolve().parents[2]
RUNS = (300, 1_000, 3_000, 10_000, 30_000)
HISTORY_MB = (10, 100, 1_000)
AGENTS = (10, 100, 1_000, 10_000)
FAR = {"runs": 1e6, "MB": 1e6, "agents": 1e4}
"""What the curves are followed to: a million runs, a terabyte, ten thousand agents."""

_READ = """
import sys, time
begun = time.perf_counter()
from pathlib import Path
from runstore.reading.store import read_store
store = read_store(Path(sys.argv[1]))
print(time.perf_counter() - begun, sum(len(each.runs) for each in store.projects))
"""


@dataclass(frozen=True, slots=True)
class Curve:
    """What was measured at sizes: `unit` of the values, `of` of the sizes."""

    name: str
    of: str
    unit: str
    sizes: Sequence[float]
    values: Sequence[float]

    @property
    def exponent(self) -> float:
        """How it grows between the two largest sizes: 1 is in proportion."""
        (size, value), (larger, more) = list(zip(self.sizes, self.values, strict=True))[-2:]
        return math.log(max(more, 1e-9) / max(value, 1e-9)) / math.log(larger / size)

    def at(self, far: float) -> float:
        """Where it leads. What grows slower than in proportion has a constant part that is still felt: it goes on in a
        line. What grows faster goes on so."""
        (size, value), (larger, more) = list(zip(self.sizes, self.values, strict=True))[-2:]
        if self.exponent > 1:
            return more * (far / larger) ** self.exponent
        return more + (more - value) / (larger - size) * (far - larger)


def main() -> None:
    parser = argparse.ArgumentParser(description="How everything grows")
    parser.add_argument("--json", type=Path, metavar="PATH", help="keep the numbers in this file")
    parser.add_argument("--picture", type=Path, metavar="SVG", help="draw the curves into this file")
    parser.add_argument("--most", type=float, default=math.inf, metavar="N", help="leave out sizes above this")
    given = parser.parse_args()
    curves = measure(given.most)
    found = [measure_ for curve in curves for measure_ in as_measures(curve)]
    report.print_table(found)
    if given.json:
        report.save(found, given.json)
    if given.picture:
        draw(curves, given.picture)


def measure(most: float = math.inf) -> list[Curve]:
    return [
        *of_runs([size for size in RUNS if size <= most]),
        *of_history([size for size in HISTORY_MB if size <= most]),
        *of_agents([size for size in AGENTS if size <= most]),
    ]


def as_measures(curve: Curve) -> list[Measure]:
    points = [
        Measure(f"{curve.name}, {size:,} {curve.of}", value, curve.unit)
        for size, value in zip(curve.sizes, curve.values, strict=True)
    ]
    far = FAR[curve.of]
    note = f"grows as n^{curve.exponent:.2f} at last"
    return [*points, Measure(f"… at {far:,.0f} {curve.of}", curve.at(far), curve.unit, note=note)]


# Runs


def of_runs(sizes: Sequence[int]) -> list[Curve]:
    rows = [_one_store(size) for size in sizes]
    units = {
        "read a store": "s",
        "read it again": "s",
        "build its site": "s",
        "build it again, one run new": "s",
        "build, memory": "MB",
        "files of the store": "",
        "files of the site": "",
        "first load of the project page": "MB",
    }
    return [Curve(name, "runs", unit, sizes, [row[name] for row in rows]) for name, unit in units.items()]


def _one_store(runs: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="runstore-bench-") as folder:
        store, out = Path(folder) / "experiments", Path(folder) / "site"
        make_store(store, runs, 20, 5)
        cold, _ = _child(sys.executable, "-c", _READ, str(store))
        warm, _ = _child(sys.executable, "-c", _READ, str(store))
        shutil.rmtree(store / ".cache", ignore_errors=True)
        build = [sys.executable, "-m", "runstore", "build", str(store), "-o", str(out)]
        first, megabytes = _child(*build)
        newest = store / "bench" / "runs" / "newest"
        shutil.copytree(store / "bench" / "runs" / f"run{runs - 1:05d}", newest)
        again, _ = _child(*build)
        page = out / "bench"
        loaded = [page / "index.html", page / "data" / "runs.js"]
        return {
            "read a store": cold,
            "read it again": warm,
            "build its site": first,
            "build it again, one run new": again,
            "build, memory": megabytes,
            "files of the store": float(_files(store)),
            "files of the site": float(_files(out)),
            "first load of the project page": sum(path.stat().st_size for path in loaded) / 1e6,
        }


def _files(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))


# History


def of_history(sizes: Sequence[int]) -> list[Curve]:
    rows = [_one_history(size) for size in sizes]
    units = {"build": "s", "build, memory": "MB", "archive": "s", "archived": "MB"}
    return [Curve(f"{name}, history", "MB", unit, sizes, [row[name] for row in rows]) for name, unit in units.items()]


def _one_history(megabytes: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="runstore-bench-") as folder:
        store, out = Path(folder) / "experiments", Path(folder) / "site"
        runs, steps = 10, 1_000
        make_store(store, runs, steps, 10)
        for number in range(runs):
            _grow(store / "bench" / "runs" / f"run{number:05d}" / "history.jsonl", megabytes * 1_000_000 // runs)
        seconds, memory = _child(sys.executable, "-m", "runstore", "build", str(store), "-o", str(out))
        packing, _ = _child(sys.executable, "-m", "runstore", "archive", "--store", str(store), "--all", "--yes")
        left = sum(path.stat().st_size for path in (store / "bench").rglob("*") if path.is_file()) / 1e6
        return {"build": seconds, "build, memory": memory, "archive": packing, "archived": left}


def _grow(path: Path, size: int) -> None:
    """Adds rows to a history until it has so many bytes; steps go on, values are those of the first rows, moved."""
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    step = len(rows)
    with path.open("ab") as file:
        while file.tell() < size:
            lines = []
            for row in rows:
                moved = {key: value * (1 + step * 1e-9) for key, value in row.items() if not key.startswith("_")}
                lines.append(
                    json.dumps(moved | {"_step": step, "_runtime": step * 0.5, "_timestamp": 1.79e9 + step * 0.5})
                )
                step += 1
            file.write(("\n".join(lines) + "\n").encode())


# Agents


def of_agents(sizes: Sequence[int]) -> list[Curve]:
    rows = [_one_sweep(size) for size in sizes]
    units = {"open a sweep": "s", "take the first trial": "ms", "take a trial": "ms", "status": "s"}
    return [Curve(name, "agents", unit, sizes, [row[name] for row in rows]) for name, unit in units.items()]


def _one_sweep(agents: int) -> dict[str, float]:
    """A sweep with so many agents, each on a machine of its own and at work; what it costs one that comes."""
    with tempfile.TemporaryDirectory(prefix="runstore-bench-") as folder:
        layout = StoreLayout(Path(folder) / "experiments").project("bench").sweep("s1")
        values = {"method": "random", "parameters": {"lr": {"min": 0.0, "max": 1.0}}}
        Controller.create(layout, parse_sweep(values), "method: random\n")
        for number in range(agents):
            process = Process(f"node{number}", 100 + number, f"boot-{number}", 1.0)
            name, run = f"node{number}-{100 + number}", f"{number:08x}"
            write_record(layout.claim(number), Claim(number, run, name, {"lr": 0.5}, process=process))
            write_record(layout.agent(name), Beat(name, 3, "running", process, number, run=run))
        begun = time.perf_counter()
        controller = Controller.open(layout)
        opened = time.perf_counter() - begun
        taking = []
        for _ in range(7):
            begun = time.perf_counter()
            controller.next("here", 1, Process())
            taking.append(time.perf_counter() - begun)
        status, _ = _child(sys.executable, "-m", "runstore", "sweep", "status", str(layout.path), "--json")
        assert len(open_sweep(layout).state.trials) > agents
        return {
            "open a sweep": opened,
            "take the first trial": taking[0] * 1e3,
            "take a trial": median(taking) * 1e3,
            "status": status,
        }


def _child(*command: str) -> tuple[float, float]:
    """Seconds of wall time of a process, and its peak memory in MB."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return seconds, usage.ru_maxrss / 1000


def draw(curves: Sequence[Curve], path: Path) -> None:
    """The curves of seconds, in logarithms, one chart for each of what grows."""
    import altair as alt
    import vl_convert

    shown = [curve for curve in curves if curve.unit in ("s", "ms")]
    values = [
        {"of": curve.of, "name": curve.name, "size": size, "seconds": value / (1000 if curve.unit == "ms" else 1)}
        for curve in shown
        for size, value in zip(curve.sizes, curve.values, strict=True)
    ]
    charts = [
        alt.Chart(alt.Data(values=[each for each in values if each["of"] == of]))
        .mark_line(point=True)
        .encode(
            x=alt.X("size:Q", scale=alt.Scale(type="log"), title=of),
            y=alt.Y("seconds:Q", scale=alt.Scale(type="log"), title="s"),
            color=alt.Color("name:N", title=None, legend=alt.Legend(orient="bottom", columns=1)),
        )
        .properties(width=240, height=200)
        for of in dict.fromkeys(curve.of for curve in shown)
    ]
    spec = alt.hconcat(*charts).resolve_scale(color="independent").to_dict()
    path.write_text(vl_convert.vegalite_to_svg(spec), encoding="utf-8")


if __name__ == "__main__":
    main()
