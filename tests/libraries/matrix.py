"""The documentation's table of integrations, made by the tests: which library logged what here, and by which way.

Each test of a library ends with `training.record("lightning", "native")`. What stands in the store then is held
against the table's row; `python -m tests.libraries.matrix --write` runs these tests and writes the table anew.
"""

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from runstore.api.runs import Run
from tests.libraries import environments

ROOT: Final = Path(__file__).resolve().parent.parent.parent
PAGE: Final = ROOT / "site" / "docs" / "integrations.md"
Way = Literal["native", "import wandb"]
_NOTE_TO: Final = "RUNSTORE_TEST_MATRIX"
_NOTES: Final = os.environ.get(_NOTE_TO)  # Read now: tests run without Runstore's variables.
_HEAD: Final = "| Library | Version | Way | Logged in the test |\n| --- | --- | --- | --- |\n"
_EVALUATION: Final = re.compile(
    r"(^|[/_. -])(eval|val|valid|validation|validate|test)([/_. \d-]|$)|accuracy|^best_", re.I
)
_SUMMARY: Final = re.compile(r"num_param|total_param|n_param|parameters|model_summary|architecture", re.I)
_MEDIA: Final = {
    "image-file": "images",
    "gallery": "images",
    "images/separated": "images",
    "table-file": "tables",
    "plot": "charts",
    "plotly-file": "plots",
    "html-file": "pages",
    "histogram": "histograms",
    "video-file": "videos",
    "audio-file": "audio",
}
_BY_KEY: Final = {"gradients/": "gradients", "parameters/": "gradients", "graph_": "model summary"}
_ORDER: Final = (
    *("loss", "evaluation", "config", "model summary", "gradients"),
    *("images", "tables", "charts", "plots", "histograms", "videos", "audio", "pages"),
)


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """What a library was seen to log."""

    library: str
    way: str
    version: str
    logged: str

    def __str__(self) -> str:
        way = "`import wandb`" if self.way == "import wandb" else self.way
        return f"| {self.library} | {self.version} | {way} | {self.logged} |"


def record(library: str, way: Way, runs: Sequence[Run]) -> None:
    """Compares a row with the page's; notes it instead where the table is being written."""
    row = Row(library, way, environments.version("training", library), ", ".join(logged(runs)))
    if _NOTES is not None:
        (Path(_NOTES) / f"{library} {way}.json").write_text(json.dumps(asdict(row)))
        return
    assert row in rows_of_the_page(), f"{PAGE.name} has not {row}; run: python -m tests.libraries.matrix --write"


def logged(runs: Iterable[Run]) -> list[str]:
    """Kinds of what runs have logged: losses, evaluation, config, media by their types, artifacts by theirs."""
    found: set[str] = set()
    artifacts: set[str] = set()
    for run in runs:
        found |= {kind for key, value in run.summary_metrics.items() for kind in _kinds(key, value)}
        found |= {"config"} if run.config else set()
        found |= {"model summary"} if any(_SUMMARY.search(key) for key in run.config) else set()
        artifacts |= {f"artifacts ({each.type})" for each in run.logged_artifacts()}
    return [*(each for each in _ORDER if each in found), *sorted(artifacts)]


def _kinds(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and isinstance(kind := value.get("_type"), str):
        yield next((name for start, name in _BY_KEY.items() if key.startswith(start)), _MEDIA.get(kind, kind))
    elif isinstance(value, Mapping):
        for inner, each in value.items():
            yield from _kinds(f"{key}.{inner}", each)
    elif _EVALUATION.search(key):
        yield "evaluation"
    elif "loss" in key.lower():
        yield "loss"
    elif _SUMMARY.search(key):
        yield "model summary"


def rows_of_the_page() -> list[Row]:
    """The rows that stand in the documentation."""
    found = []
    for line in _table().splitlines()[2:]:
        library, version, way, what = (cell.strip() for cell in line.strip().strip("|").split("|"))
        found.append(Row(library, way.strip("`"), version, what))
    return found


def rows_that_tests_record() -> set[tuple[str, str]]:
    """Library and way of every `record("…", "…")` in the tests."""
    found = set()
    for path in _tests():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "record":
                values = [each.value for each in node.args[:2] if isinstance(each, ast.Constant)]
                if len(values) == 2:
                    found.add((values[0], values[1]))
    return found


def _tests() -> list[Path]:
    return [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if "training.record(" in path.read_text()]


def _table() -> str:
    text = PAGE.read_text(encoding="utf-8")
    return text[text.index(_HEAD) :].split("\n\n")[0]


def write(tests: Sequence[str]) -> int:
    """Runs the tests that record, or some, and puts what they saw into the page. Returns pytest's exit code."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-q", *(tests or map(str, _tests()))]
        code = subprocess.call(command, cwd=ROOT, env={**os.environ, _NOTE_TO: folder})
        seen = [Row(**json.loads(path.read_bytes())) for path in Path(folder).glob("*.json")]
    known = rows_that_tests_record()
    rows = {(row.library, row.way): row for row in [*rows_of_the_page(), *seen] if (row.library, row.way) in known}
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(text.replace(_table(), _HEAD + "\n".join(map(str, sorted(rows.values())))), encoding="utf-8")
    return code


if __name__ == "__main__":
    if sys.argv[1:2] != ["--write"]:
        sys.exit("expected: python -m tests.libraries.matrix --write [TESTS]")
    sys.exit(write(sys.argv[2:]))
