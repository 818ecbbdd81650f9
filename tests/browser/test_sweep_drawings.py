"""The pictures of a sweep's panels, made without a browser, against those that the page's own scripts draw."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from runstore.format.sweep_layout import SweepLayout
from runstore.format.sweep_records import Claim, Outcome
from runstore.reading.store import read_store
from sitegen.drawings.drawing import Drawing
from sitegen.drawings.panels import drawings
from sitegen.plan import plan_site
from tests.browser.chromium import Open
from tests.sites import build
from tests.stores import curve, write_file, write_run, write_store
from tests.sweep_stores import SWEEP_YAML, moment, write_record, write_sweep

MAXIMIZED = SWEEP_YAML.replace("minimize", "maximize").replace("bayes", "random").replace("min: 1e-5", "min: 1e-7")
OLD = SWEEP_YAML.replace("[adam, sgd, lion]", "[1, 2, 3, 4]").replace("max: 0.1", "max: 3")
PANELS: tuple[dict[str, Any], ...] = (
    {"type": "progress"},
    {"type": "progress", "x": "time", "ylog": False},
    {"type": "timeline"},
    {"type": "timeline", "x": "time"},
    {"type": "contour"},
    {"type": "contour", "x": "lr", "y": "dropout"},
    {"type": "contour", "x": "dropout", "y": "lr", "others": "mean"},
    {"type": "contour", "x": "layers", "y": "optimizer", "others": "mean"},
)
BLOCKS: dict[str, dict[str, Any]] = {
    "whole": {"sweep": "a"},
    "grouped": {"sweep": "a", "runs": {"filter": "config.layers > 3", "group": "config.optimizer"}},
    "few": {"sweep": "few"},
    "without a surrogate": {"sweep": "max"},
    "other choices": {"sweep": "old"},
    "below zero": {"sweep": "steep"},
}
SPECS = """async (at) => {
  const begun = () => runstore.report.grids().find(({ root }) => root.dataset.grid === String(at));
  document.querySelector(`[data-grid="${at}"]`).scrollIntoView();
  while (!begun()?.panels) await new Promise((resolve) => setTimeout(resolve, 20));
  const { panels } = begun();
  await panels.settled();
  await panels.drawAll();
  const made = [];
  for (const panel of panels.panels) {
    const spec = panels.owner.menu(panel).find(({ label }) => label === "Download Vega-Lite spec");
    let text = "null";
    const { save } = runstore.plotFiles;
    runstore.plotFiles.save = (_name, _type, content) => (text = content);
    await spec?.action();
    runstore.plotFiles.save = save;
    made.push(JSON.parse(text));
  }
  return made;
}"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("swept") / "experiments"
    write_store(root)
    for name, text, count in (("a", SWEEP_YAML, 60), ("few", SWEEP_YAML, 3), ("max", MAXIMIZED, 40), ("old", OLD, 60)):
        write_sweep(root, f"tune-{name}", name, count, text)
    _write_steep(root / "tune-steep")
    for name in ("a", "few", "max", "old", "steep"):
        own = [block for block in BLOCKS.values() if block["sweep"] == name]
        write_file(root / f"tune-{name}" / "reports" / "all.md", _report(own))
    return root


def _write_steep(project: Path) -> None:
    """A sweep whose surrogate lies below zero between values that a log scale tells apart."""
    layout = SweepLayout(project / "sweeps" / "steep")
    parameters: dict[str, Any] = {name: {"min": 0.0, "max": 1.0} for name in ("lr", "dropout")}
    parameters |= {"layers": {"min": 1, "max": 4}, "optimizer": {"values": ["a", "b"]}}
    config = {"method": "bayes", "metric": {"name": "loss"}, "parameters": parameters}
    write_file(layout.sweep_yaml, json.dumps(config))
    model = {"scales": {"lr": 0.3, "dropout": 0.4}, "amplitude": 1.0, "noise": 1e-6}
    for at in range(16):
        share = at / 15
        params = {"lr": share, "dropout": at * 7 % 16 / 15, "layers": 1 + at % 4, "optimizer": "ab"[at % 2]}
        write_run(project.parent, project.name, f"r{at}", curve(2), params, {"sweep": "steep"}, {"state": "finished"})
        claim = Claim(at, f"r{at}", "", params, info={"by": "model", "model": model}, time=moment(60 * at))
        write_record(layout.claim(at), claim)
        value = 1e-4 if 4 < at < 11 else 10.0 * abs(share - 0.5)
        done = Outcome(at, f"r{at}", "", "finished", value=value, count=2, runtime=9.0, time=moment(60 * at + 9))
        write_record(layout.done(at), done)


def _report(blocks: Sequence[dict[str, Any]]) -> str:
    texts = [f"```panels\n{json.dumps({**block, 'columns': 1, 'panels': PANELS})}\n```" for block in blocks]
    return "---\ntitle: All\n---\n\n" + "\n\n".join(texts) + "\n"


@pytest.fixture(scope="module")
def site(store: Path) -> Path:
    return build(store, store.parent / "site")


@pytest.mark.parametrize("name", BLOCKS)
def test_drawings_of_a_sweep_have_the_marks_of_the_page(store: Path, site: Path, open_page: Open, name: str) -> None:
    sweep = BLOCKS[name]["sweep"]
    at = [each for each, block in BLOCKS.items() if block["sweep"] == sweep].index(name)
    page = open_page(site / f"tune-{sweep}" / "reports" / "all" / "index.html")
    shown = page.evaluate(SPECS, at)
    plans = plan_site(read_store(store), [], "r", lambda template, context: b"").reports.plans
    report = next(each for each in plans if each.file.project == f"tune-{sweep}")
    made = drawings(report.report.grids[at], report.subjects[f"tune-{sweep}"])
    for panel, theirs, ours in zip(PANELS, shown, made, strict=True):
        assert isinstance(ours, Drawing), (panel, ours)
        assert theirs is not None, panel
        assert ours.spec["datasets"].keys() <= theirs["datasets"].keys()
        for key, rows in ours.spec["datasets"].items():
            _assert_same((panel, key), rows, theirs["datasets"][key])
        _assert_same((panel, "params"), _params(ours.spec), _params(theirs))


def test_the_mean_of_a_surrogate_may_lie_below_what_a_log_scale_has(store: Path) -> None:
    plans = plan_site(read_store(store), [], "r", lambda template, context: b"").reports.plans
    report = next(each for each in plans if each.file.project == "tune-steep")
    drawn = drawings(report.report.grids[0], report.subjects["tune-steep"])[5]
    assert isinstance(drawn, Drawing)
    assert min(cell["value"] for cell in drawn.spec["datasets"]["cells"]) < 0


def _params(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """What the chart's signals are beside its fonts."""
    return [{"name": each["name"], "value": each.get("value")} for each in spec["params"] if each["name"] != "font"]


def _assert_same(where: Any, ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]]) -> None:
    assert len(ours) == len(theirs), where
    for own, other in zip(ours, theirs, strict=True):
        for key, value in own.items():
            if isinstance(value, float | int):
                assert value == pytest.approx(other[key], rel=1e-6, abs=1e-9), (where, key, own, other)
            elif key == "colour" and value.startswith("rgb") and value != other[key]:
                _assert_near(value, other[key])
            elif isinstance(value, list):
                assert len(value) == len(other[key]), (where, key, own, other)
                assert value == [
                    pytest.approx(each) if isinstance(each, float | int) else each for each in other[key]
                ], (where, key)
            else:
                assert value == other[key], (where, key, own, other)


def _assert_near(ours: str, theirs: str) -> None:
    """Two colours of the ramp that differ by rounding alone."""
    parts = [[int(part) for part in text[4:-1].split(",")] for text in (ours, theirs)]
    assert all(abs(one - other) <= 1 for one, other in zip(*parts, strict=True)), (ours, theirs)
