"""The numbers of drawings, made without a browser, against those that the page's own scripts come to."""

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from runstore.reading.store import read_store
from sitegen.drawings.drawing import Drawing, Table
from sitegen.drawings.panels import drawings
from sitegen.plan import plan_site
from tests.browser.chromium import Open
from tests.sites import build
from tests.stores import START, write_file, write_run, write_store

PANELS: tuple[dict[str, Any], ...] = (
    {"type": "line", "metrics": ["acc"]},
    {"type": "line", "metrics": ["acc", "loss"], "agg": "median", "shade": "ci", "smooth": 0.5},
    {"type": "line", "metrics": ["loss"], "group": ["none"], "ylog": True, "x": "_runtime"},
    {"type": "line", "metrics": ["acc"], "x": "loss", "smoother": "gauss", "smooth": 0.6},
    {"type": "line", "pattern": "^(acc|loss)$", "x_range": [3, 9], "shade": "minmax"},
    {"type": "bar", "column": "acc", "errors": "interval", "order": "down"},
    {"type": "bar", "column": "acc", "value": "max", "line": "median", "errors": "minmax", "group": ["none"]},
    {"type": "scatter", "x": "config.lr", "y": "acc", "z": "config.width", "xlog": True, "pareto": "min-max"},
    {"type": "scatter", "x": "config.width", "y": "loss", "means": True},
    {"type": "histogram", "column": "acc"},
    {"type": "histogram", "column": "config.width", "bins": 10, "group": ["config.kind", "config.width"]},
    {"type": "box", "column": "acc"},
    {"type": "scalar", "column": "acc", "of": "std"},
    {"type": "parallel", "columns": ["config.kind", "config.lr", "acc"], "log": ["config.lr"]},
    {"type": "importance", "column": "acc"},
)
SETS = {
    "grouped": {"filter": "summary.acc > 0", "group": "config.kind", "order": "-summary.acc"},
    "single": {"ids": ["r3", "r1", "r2", "r9", "r8", "r7", "r6", "r5", "r4"], "rename": {"r3": "the third"}},
    "wide": {"filter": "config.width >= 64"},
}
TABLES = """async (at) => {
  const begun = () => runstore.report.grids().find(({ root }) => root.dataset.grid === String(at));
  document.querySelector(`[data-grid="${at}"]`).scrollIntoView();
  while (!begun()?.panels) await new Promise((resolve) => setTimeout(resolve, 20));
  const grid = begun();
  await grid.panels.settled();
  await grid.panels.drawAll();
  const context = () => grid.lines.context();
  return Promise.all(grid.panels.panels.map(async (panel, k) => {
    const { kind, set } = GRID(at).panels[k];
    if (kind === "line") return panel.chart.drawn.length ? runstore.plotFiles.rows(panel.chart) : null;
    return runstore.kinds[kind].table(set, context());
  }));
}"""


def _write(root: Path) -> Path:
    write_store(root)
    chooser = random.Random(3)
    for number in range(40):
        lr, width = 10 ** chooser.uniform(-4, -1), chooser.choice([32, 64, 128, 256])
        kind = chooser.choice(["alpha", "beta", "gamma 10", "gamma 9"])
        best = 0.6 + 0.05 * math.log10(lr * 1e4) + width / 2000 + chooser.gauss(0, 0.01)
        rows = [
            {
                "_step": step,
                "_runtime": step * 0.5 + number / 10,
                "_timestamp": START + step,
                "acc": best * (1 - 0.5**step),
                **({"loss": 1 / (step + 1) + chooser.random() / 100} if step % 2 == 0 else {}),
            }
            for step in range(12 + number % 3)
        ]
        config = {
            "lr": lr,
            "width": width,
            "kind": kind,
            "seed": number,
            "note": f"only {number}",
            "flag": number % 2 > 0,
        }
        created = {"name": f"run {number}", "created": f"2026-10-01T00:{number:02}:00Z"}
        summary = {key: value for key, value in rows[-1].items() if key[0] != "_"}
        ends = {"state": "finished"}
        write_run(root, "p", f"r{number}", rows, config, created, ends, {"summary.json": {"loss": 0.5, **summary}})
    write_file(root / "p" / "reports" / "all.md", _report())
    return root


def _report() -> str:
    blocks = [f"```panels\n{json.dumps({'runs': runs, 'columns': 2, 'panels': PANELS})}\n```" for runs in _RUNS]
    return f"---\ntitle: All\nruns: {json.dumps(SETS)}\n---\n\n" + "\n\n".join(blocks) + "\n"


_RUNS: tuple[Any, ...] = ("grouped", "single", ["wide", "grouped"])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory.mktemp("drawn") / "experiments")


@pytest.fixture(scope="module")
def site(store: Path) -> Path:
    return build(store, store.parent / "site")


@pytest.mark.parametrize("at", range(len(_RUNS)), ids=["grouped", "run by run", "sets as groups"])
def test_drawings_have_the_numbers_of_the_page(store: Path, site: Path, open_page: Open, at: int) -> None:
    page = open_page(site / "p" / "reports" / "all" / "index.html")
    shown = _of_page(page, at)
    found = read_store(store)
    [report] = plan_site(found, [], "r", lambda template, context: b"").reports.plans
    made = drawings(report.report.grids[at], report.subjects["p"])
    for panel, theirs, ours in zip(PANELS, shown, made, strict=True):
        if theirs is None:
            assert isinstance(ours, Exception), panel
            continue
        assert isinstance(ours, Drawing), (panel, ours)
        _assert_same(panel, ours.table, theirs)


def _of_page(page: Page, at: int) -> list[dict[str, Any] | None]:
    data = page.evaluate("async () => (await runstore.loaded('report')).grids")
    script = TABLES.replace("GRID(at)", json.dumps(data[at]))
    tables: list[dict[str, Any] | None] = page.evaluate(script, at)
    return tables


def _assert_same(panel: dict[str, Any], ours: Table, theirs: dict[str, Any]) -> None:
    assert len(ours.columns) == len(theirs["columns"]), (panel, ours.columns, theirs["columns"])
    assert len(ours.rows) == len(theirs["rows"]), (panel, ours.columns)
    for own, other in zip(ours.rows, theirs["rows"], strict=True):
        for one, two in zip(own, other, strict=True):
            if isinstance(one, float | int) and isinstance(two, float | int):
                assert one == pytest.approx(two, rel=1e-6, abs=1e-9), (panel, own, other)
            else:
                assert (one or "") == (two or ""), (panel, own, other)
