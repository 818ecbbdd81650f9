"""What a benchmark found, beside its bar: one way to say it for all of them.

    def main() -> None:
        report.run("Logging", measure)      # measure() -> list[Measure]

prints a table, and keeps the numbers with `--json PATH`.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Measure:
    """One number and the most it may be. Without a bar it is there to compare with.

    `unit` is "×" for a ratio to the baseline run beside it, else "s", "ms", "µs", "MB", …
    """

    name: str
    value: float
    unit: str
    bar: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """`ok`, `MISSED`, or "" without a bar."""
        if self.bar is None:
            return ""
        return "ok" if self.value <= self.bar else "MISSED"


def table(measures: Iterable[Measure]) -> list[str]:
    """A line a measure, in columns: name, value, bar, verdict, note."""
    rows = [
        (
            each.name,
            f"{_number(each.value)} {each.unit}",
            "" if each.bar is None else f"≤ {_number(each.bar)} {each.unit}",
            each.verdict,
            each.note,
        )
        for each in measures
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    return [
        f"{name:<{widths[0]}}  {value:>{widths[1]}}  {bar:>{widths[2]}}  {verdict:<{widths[3]}}  {note}".rstrip()
        for name, value, bar, verdict, note in rows
    ]


def print_table(measures: Iterable[Measure]) -> None:
    for line in table(measures):
        print(line, flush=True)


def missed(measures: Iterable[Measure]) -> list[Measure]:
    """Those that are over their bar."""
    return [each for each in measures if each.verdict == "MISSED"]


def save(measures: Sequence[Measure], path: Path) -> None:
    path.write_text(json.dumps([asdict(each) for each in measures], indent=2, ensure_ascii=False), encoding="utf-8")


def load(path: Path) -> list[Measure]:
    return [Measure(**values) for values in json.loads(path.read_text(encoding="utf-8"))]


def run(title: str, measure: Callable[[], list[Measure]]) -> None:
    """A benchmark's main program: measures, prints, and keeps the numbers where `--json` says."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--json", type=Path, metavar="PATH", help="keep the numbers in this file")
    arguments = parser.parse_args()
    found = measure()
    print_table(found)
    if arguments.json is not None:
        save(found, arguments.json)


def _number(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
