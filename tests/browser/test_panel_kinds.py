"""Panels beside the lines: what they show is what Polars computes from the rows, and each can be read by anybody."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Open
from tests.browser.pages import settle, violations
from tests.browser.stores import all_runs, rows
from tests.sites import build
from tests.stores import write_run, write_store

HARNESS = (Path(__file__).parent / "kind_harness.js").read_text()
KINDS = ("bar", "scatter", "parallel", "histogram", "box", "importance", "comparer", "scalar", "vega")
TEXT = """# Results

The **best** is `adam`, *not* sgd: [notes](https://example.org/a) [bad](javascript:alert(1)).

- one
- two
  - nested

| key | value |
|---|---|
| lr | 0.1 |

> said

```
<b>code</b>
```
<img src=x onerror="document.title='owned'">"""
LOSS = "summary.train/loss"
EXACT: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-12}


@pytest.fixture
def kinds(lab: Path, open_page: Open) -> Any:
    """Opens the lab's project with panels of the tests' own."""

    def open_(fragment: str = "group=", **how: bool) -> Page:
        return harnessed(open_page(lab / "lab" / "index.html", fragment, **how))

    return open_


def harnessed(page: Page) -> Page:
    page.evaluate(HARNESS)
    page.evaluate("kindHarness.gallery()")
    return page


def draw(page: Page, name: str, **settings: Any) -> str:
    text: str = page.evaluate("([name, settings]) => kindHarness.draw(name, settings)", [name, settings])
    return text


def table(page: Page, name: str, **settings: Any) -> Any:
    return page.evaluate("([name, settings]) => kindHarness.table(name, settings)", [name, settings])


def chosen(page: Page) -> list[Any]:
    """The runs that panels narrowed the page to, by id, each time they did; None where they let go of it."""
    found: list[Any] = page.evaluate(
        "kindHarness.selections.map((runs) => runs && runs.map((run) => runstore.workspace.runs.id[run]))"
    )
    return found


def logged() -> pl.DataFrame:
    """Every row of every run of the lab but its showcase."""
    return pl.DataFrame(
        [
            {
                "run": run_id.replace("-", " "),
                "optimizer": optimizer,
                "lr": rate,
                "fold": fold,
                "step": row["_step"],
                "loss": row["train/loss"],
            }
            for run_id, optimizer, rate, fold in all_runs()
            for row in rows(optimizer, rate, fold)
        ]
    )


def finals() -> pl.DataFrame:
    """The last value of each run's loss."""
    return logged().sort("step").group_by("run", "optimizer", "lr", "fold").agg(pl.col("loss").last())


def test_bars_are_the_summaries_of_the_runs(kinds: Any) -> None:
    found = dict(table(kinds("group=&hide=showcase"), "bar", column=LOSS)["rows"])
    expected = dict(finals().select("run", "loss").rows())
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize(
    ("line", "errors"), [("mean", "std"), ("median", "error"), ("min", "interval"), ("max", "minmax"), ("mean", "none")]
)
def test_bars_of_groups_are_aggregates_with_their_spread(kinds: Any, line: str, errors: str) -> None:
    found = table(kinds("group=config.optimizer&hide=showcase"), "bar", column=LOSS, line=line, errors=errors)["rows"]
    by = finals().group_by("optimizer").agg(
        pl.col("loss").mean().alias("mean"), pl.col("loss").median().alias("median"), pl.col("loss").min().alias("min"),
        pl.col("loss").max().alias("max"), pl.col("loss").std().alias("std"), pl.len().alias("n"),
    )  # fmt: skip
    from scipy import stats

    assert len(found) == 3
    for label, value, low, high, n in found:
        own = by.row(by["optimizer"].to_list().index(label), named=True)
        assert n == own["n"]
        assert value == pytest.approx(own[line], rel=1e-9)
        half = {"std": 1.0, "error": own["n"] ** -0.5, "interval": stats.t.ppf(0.975, n - 1) * own["n"] ** -0.5}
        if errors in half:
            assert high - own["mean"] == pytest.approx(half[errors] * own["std"], rel=1e-5)
        elif errors == "minmax":
            assert [low, high] == pytest.approx([own["min"], own["max"]], rel=1e-9)
        else:
            assert low is None


def test_bars_of_extremes_look_at_every_row_that_was_logged(kinds: Any) -> None:
    page = kinds("group=&hide=showcase")
    for value, expected in (("min", pl.col("loss").min()), ("max", pl.col("loss").max())):
        by = dict(logged().group_by("run").agg(expected).rows())
        for name, found in table(page, "bar", column=LOSS, value=value)["rows"]:
            assert found == pytest.approx(by[name], rel=1e-6)


def test_scatter_has_a_point_for_each_run_that_has_both_numbers(kinds: Any) -> None:
    found = table(kinds(), "scatter", x="config.lr", y=LOSS, z="config.fold")
    assert found["columns"] == ["Run", "lr", "train/loss", "fold"]
    expected = {run: (lr, loss, fold) for run, _, lr, fold, loss in finals().rows()}
    assert {name for name, *_ in found["rows"]} == set(expected)
    for name, *values in found["rows"]:
        assert values == pytest.approx(expected[name], rel=1e-9)


def test_scatter_of_groups_stands_at_their_means(kinds: Any) -> None:
    found = table(kinds("group=config.optimizer&hide=showcase"), "scatter", x="config.fold", y=LOSS, means=True)
    by = finals().group_by("optimizer").agg(pl.col("fold").mean(), pl.col("loss").mean())
    expected = {name: (fold, loss) for name, fold, loss in by.rows()}
    assert {name: pytest.approx(values) for name, *values in found["rows"]} == expected


@pytest.mark.parametrize("goals", ["min-min", "min-max", "max-min", "max-max"])
def test_pareto_line_has_the_points_that_no_other_is_better_than(kinds: Any, goals: str) -> None:
    found = table(kinds(), "scatter", x="config.fold", y=LOSS, pareto=goals)["rows"]
    signs = [1 if goal == "max" else -1 for goal in goals.split("-")]
    points = np.array([[x * signs[0], y * signs[1]] for _, x, y, _ in found])
    for point, (*_, on) in zip(points, found, strict=True):
        beaten = np.all(points >= point, axis=1) & np.any(points > point, axis=1)
        assert (on == "yes") == (not beaten.any())


def test_histogram_counts_every_run_once_by_group(kinds: Any) -> None:
    found = table(kinds("group=config.optimizer&hide=showcase"), "histogram", column=LOSS)
    assert found["columns"][2:] == ["adam", "lion", "sgd"]
    edges = [row[0] for row in found["rows"]] + [found["rows"][-1][1]]
    for at, name in enumerate(("adam", "lion", "sgd"), start=2):
        values = finals().filter(pl.col("optimizer") == name)["loss"].to_numpy()
        assert [row[at] for row in found["rows"]] == np.histogram(values, edges)[0].tolist()


def test_boxes_have_the_quartiles_of_their_group(kinds: Any) -> None:
    found = table(kinds("group=config.optimizer&hide=showcase"), "box", column=LOSS)
    for label, n, _, low, median, high, _, _ in found["rows"]:
        values = finals().filter(pl.col("optimizer") == label)["loss"]
        assert n == len(values)
        expected = [values.quantile(share, "linear") for share in (0.25, 0.5, 0.75)]
        np.testing.assert_allclose([low, median, high], np.array(expected, dtype=float), **EXACT)


@pytest.mark.parametrize("of", ["mean", "median", "min", "max", "std"])
def test_scalar_is_one_number_over_all_that_is_shown(kinds: Any, of: str) -> None:
    page = kinds("group=&hide=showcase")
    [[_, value, n]] = table(page, "scalar", column=LOSS, of=of)["rows"]
    assert n == 24
    assert value == pytest.approx(getattr(finals()["loss"], of)(), rel=1e-9)
    assert "24 runs" in draw(page, "scalar", column=LOSS, of=of)


def test_importance_finds_what_the_lab_was_made_of(kinds: Any) -> None:
    page = kinds("group=&hide=showcase")
    draw(page, "importance", column=LOSS)
    host = page.locator("[data-kind=importance]")
    assert set(host.locator("tbody th .text").evaluate_all("all => all.map((each) => each.firstChild.data)")) == {
        "optimizer",
        "lr",
        "fold",
    }
    frame = finals()
    expected = np.corrcoef(frame["fold"], frame["loss"])[0, 1]
    by = {row[0]: row for row in table(page, "importance", column=LOSS)["rows"]}
    assert by["fold"][2] == pytest.approx(expected, rel=1e-9)
    host.get_by_role("button", name="Correlation").click()
    assert page.evaluate("kindHarness.settingsOf('importance').order") == "correlation"


def test_comparer_shows_what_differs_and_everything_on_request(kinds: Any) -> None:
    page = kinds("group=&filter=adam+fast")
    text = draw(page, "comparer")
    host = page.locator("[data-kind=comparer]")
    assert host.locator("thead a").all_inner_texts() == [f"adam fast {fold}" for fold in (3, 2, 1, 0)]
    row = host.locator("tbody tr", has=page.locator("th[title=fold]"))
    assert row.locator("td").all_inner_texts() == ["3", "2", "1", "0"]
    assert "model.depth" not in text
    host.get_by_label("Only what differs").uncheck()
    assert page.evaluate("kindHarness.settingsOf('comparer').changed") is False
    assert "model.depth" in draw(page, "comparer")
    assert draw(page, "comparer", search="^config.*depth").count("model.depth") == 1
    assert host.locator("tbody tr:not(.comparer-section)").count() == 1


def test_comparer_says_that_it_shows_the_first_twenty(kinds: Any) -> None:
    page = kinds()
    draw(page, "comparer")
    assert page.locator("[data-kind=comparer] thead a").count() == 20


def brush(page: Page, key: str, low: float, high: float) -> None:
    """Drags over an axis, from one share of its height to another."""
    strip = page.locator(f".parallel-strip[data-axis={json.dumps(key)}]")
    strip.scroll_into_view_if_needed()
    box = strip.bounding_box()
    assert box is not None
    top, bottom = box["y"] + 2, box["y"] + box["height"] - 4
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, bottom - (bottom - top) * low)
    page.mouse.down()
    page.mouse.move(x, bottom - (bottom - top) * high, steps=4)
    page.mouse.up()


def test_brush_on_an_axis_narrows_the_page_to_the_runs_that_cross_it(kinds: Any) -> None:
    page = kinds()
    draw(page, "parallel", columns=["config.optimizer", "config.fold", "config.lr", LOSS], log=["config.lr"])
    brush(page, "config.fold", 0.5, 1)
    folds = {run_id for run_id, _, _, fold in all_runs() if fold >= 2}
    assert set(chosen(page)[-1]) == folds
    brush(page, "config.optimizer", 0.8, 1)
    assert set(chosen(page)[-1]) == {run_id for run_id in folds if run_id.startswith("sgd")}
    kept = page.evaluate("kindHarness.settingsOf('parallel').brushes")
    assert kept["config.optimizer"] == ["sgd"]
    assert kept["config.fold"][1] == 3
    draw(page, "parallel")
    page.locator('.parallel-strip[data-axis="config.optimizer"]').click()
    assert set(chosen(page)[-1]) == folds


def test_brush_leaves_alone_what_was_hidden_by_hand(lab: Path, open_page: Open) -> None:
    layout = {"add": [{"id": "panel 1", "kind": "parallel", "set": {"columns": ["config.fold", LOSS]}}]}
    page = open_page(lab / "lab" / "index.html", f"group=&hide=adam-3&layout={json.dumps(layout)}")
    shown = page.locator("[data-status]")
    before = shown.inner_text()
    brush(page, "config.fold", 0.5, 1)
    settle(page)
    view = page.evaluate("runstore.workspace.state.view")
    assert view["hide"] == ["adam-3"]
    assert view["only"]
    assert set(view["select"]) == {run_id for run_id, _, _, fold in all_runs() if fold >= 2}
    assert page.locator(".parallel-brush").count() == 1
    page.get_by_role("button", name="Clear selection").click()
    settle(page)
    assert shown.inner_text() == before
    assert page.locator(".parallel-brush").count() == 0


def test_brush_that_no_run_passes_shows_none(kinds: Any) -> None:
    page = kinds("group=&only=1")
    assert page.locator("[data-status]").inner_text().startswith("0 of ")
    page.get_by_role("button", name="Clear selection").click()
    assert not page.locator("[data-status]").inner_text().startswith("0 of ")


def test_axes_of_parallel_coordinates_move_and_flip_by_keyboard(kinds: Any) -> None:
    page = kinds()
    draw(page, "parallel", columns=["config.optimizer", "config.fold", LOSS])
    page.get_by_role("button", name="Move fold").press("ArrowLeft")
    draw(page, "parallel")
    assert page.locator(".parallel-name").all_inner_texts() == ["fold", "optimizer", "train/loss"]
    page.get_by_role("button", name="Flip fold").click()
    draw(page, "parallel")
    flip = page.get_by_role("button", name="Flip fold")
    assert flip.get_attribute("aria-pressed") == "true"
    strip = page.locator('.parallel-strip[data-axis="config.fold"]')
    for _ in range(8):
        strip.press("ArrowUp")
        draw(page, "parallel")
    # The axis is flipped: what is cut off at the bottom is the highest.
    assert {each.rsplit("-", 1)[1] for each in chosen(page)[-1]} == {"0", "1"}
    strip.press("Escape")
    assert chosen(page)[-1] is None


def test_axis_is_dragged_to_another_place(kinds: Any) -> None:
    page = kinds()
    draw(page, "parallel", columns=["config.optimizer", "config.fold", LOSS])
    [first, _, last] = [each.bounding_box() for each in page.locator(".parallel-name").all()]
    page.mouse.move(first["x"] + 10, first["y"] + 8)
    page.mouse.down()
    page.mouse.move(last["x"] + 10, last["y"] + 8, steps=5)
    page.mouse.up()
    assert page.evaluate("kindHarness.settingsOf('parallel').columns") == ["config.fold", LOSS, "config.optimizer"]


@pytest.mark.parametrize("kind", KINDS)
def test_csv_is_the_table_of_the_panel(kinds: Any, kind: str) -> None:
    page = kinds("group=config.optimizer")
    text = page.evaluate("kind => kindHarness.csv(kind)", kind).removeprefix("\ufeff")
    found = table(page, kind)
    [head, *body] = csv.reader(io.StringIO(text))
    assert head == found["columns"]
    assert len(body) == len(found["rows"])
    for row, values in zip(body, found["rows"], strict=True):
        for cell, value in zip(row, values, strict=True):
            if isinstance(value, int | float) and not isinstance(value, bool):
                assert float(cell) == value


@pytest.mark.parametrize("kind", KINDS)
def test_panel_of_a_project_without_runs_or_columns_says_what_to_do(tmp_path: Path, open_page: Open, kind: str) -> None:
    root = write_store(tmp_path / "experiments")
    write_run(root, "p", "r", [])
    page = harnessed(open_page(build(root, tmp_path / "site") / "p" / "index.html"))
    missing = {"column": "summary.gone", "x": "gone", "y": "gone", "columns": ["gone"], "spec": ""}
    assert len(draw(page, kind, **missing)) > 15
    page.evaluate("runstore.workspace.state.set({ hide: ['r'] })")
    assert len(draw(page, kind)) > 15


@pytest.mark.parametrize("fragment", ["group=", "group=config.optimizer"])
@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, False), (False, True), (True, True)])
def test_panels_are_accessible_and_keep_to_the_width(
    lab: Path, open_page: Open, fragment: str, dark: bool, phone: bool
) -> None:
    page = open_page(lab / "lab" / "index.html", fragment, dark=dark, phone=phone)
    add = [{"id": kind, "kind": kind, "set": {}} for kind in KINDS]
    add.append({"id": "markdown", "kind": "markdown", "set": {"text": TEXT}})
    page.evaluate("add => runstore.workspace.state.set({ layout: { add } })", add)
    for each in page.locator(".panel").all()[: len(add)]:
        each.scroll_into_view_if_needed()
        each.locator(".panel-host > *").first.wait_for()
    assert violations(page, ("minor", "moderate", "serious", "critical")) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for chart in page.locator(".kind-chart").all():
        assert chart.get_attribute("aria-label")


def test_texts_of_runs_stay_texts_in_every_panel(tmp_path: Path, open_page: Open) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\"> ${1+1}"
    root = write_store(tmp_path / "experiments")
    for number in range(4):
        config = {evil: f"{evil}{number % 2}", "k": number}
        write_run(
            root,
            "p",
            f"r{number}",
            [{evil: number * 1.5, "_step": 0}],
            config=config,
            meta={"name": evil + str(number)},
        )
    page = harnessed(open_page(build(root, tmp_path / "site") / "p" / "index.html", "group="))
    for kind in KINDS:
        draw(page, kind)
    assert page.title() != "owned"
    assert page.locator(".panel img").count() == 0


def test_click_on_a_point_opens_its_run(kinds: Any) -> None:
    page = kinds("group=&filter=adam+fast+2")
    draw(page, "scatter", x="config.fold", y=LOSS)
    canvas = page.locator("[data-kind=scatter] canvas")
    place = canvas.evaluate(
        """canvas => {
            const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const colour = runstore.palette.colour(runstore.workspace.runs.rank([...runstore.workspace.charted][0]));
            const wanted = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
            const found = [];
            for (let at = 0; at < data.length; at += 4) {
                const is = (part, k) => Math.abs(data[at + k] - part) < 6;
                if (data[at + 3] > 150 && wanted.every(is)) found.push(at / 4);
            }
            const middle = found[Math.floor(found.length / 2)];
            const scale = canvas.clientWidth / width;
            return [(middle % width) * scale, Math.floor(middle / width) * scale];
        }"""
    )
    canvas.hover(position={"x": place[0], "y": place[1]})
    assert "adam fast 2" in page.locator(".tooltip:visible").inner_text()
    canvas.click(position={"x": place[0], "y": place[1]})
    page.wait_for_url("**/runs/adam-fast-2/**")


def test_markdown_is_drawn_and_never_html(kinds: Any) -> None:
    page = kinds()
    draw(page, "markdown", text=TEXT)
    host = page.locator("[data-kind=markdown]")
    assert host.locator("h4").inner_text() == "Results"
    assert host.locator("strong").inner_text() == "best"
    assert host.locator("em").inner_text() == "not"
    assert [each.get_attribute("href") for each in host.locator("a").all()] == ["https://example.org/a"]
    assert host.locator("ul ul li").all_inner_texts() == ["nested"]
    assert host.locator("td").all_inner_texts() == ["lr", "0.1"]
    assert host.locator("pre").inner_text() == "<b>code</b>"
    assert host.locator("img").count() == 0
    assert page.title() != "owned"
    draw(page, "markdown", text="## Two\n#### Four\n# One\n### Three\n")
    levels = [
        each.get_attribute("aria-level") or each.evaluate("h => h.tagName[1]")
        for each in host.locator("css=:is(h4, h5, h6)").all()
    ]
    assert levels == ["4", "5", "4", "5"]
    assert "Write a text" in draw(page, "markdown", text="")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        ('{"mark": "nothing", "encoding": {}}', 'the mark "nothing" is none of arc, area'),
        ('{"layer": 3}', "“layer” is no list"),
        ('{"data": {"url": "https://example.org/d.csv"}, "mark": "bar"}', "fetches nothing"),
        ('{"data": {"name": "runs"}}', "draws nothing"),
        ('{"marks": [], "data": [{"name": "d", "url": "https://example.org/d.csv"}]}', "fetches nothing"),
        ('{"marks": [{"type": "nothing"}]}', "cannot be drawn"),
    ],
)
def test_custom_chart_that_cannot_be_drawn_says_why(kinds: Any, spec: str, said: str) -> None:
    assert said in draw(kinds(), "vega", spec=spec)


def test_custom_chart_is_handed_the_runs_that_are_shown(kinds: Any) -> None:
    page = kinds("group=config.optimizer&hide=showcase")
    mark = {"type": "text", "from": {"data": "runs"}, "encode": {"update": {"text": {"field": "name"}}}}
    spec = {"width": 200, "height": 100, "data": [{"name": "runs"}], "marks": [mark]}
    draw(page, "vega", spec=json.dumps(spec))
    assert page.locator("[data-kind=vega] canvas").count() == 1
    assert len(table(page, "vega")["rows"]) == 24


def test_person_adds_a_panel_reads_its_table_and_narrows_the_page_with_it(lab: Path, open_page: Open) -> None:
    page = open_page(lab / "lab" / "index.html", "group=")
    page.get_by_role("button", name="Add panel").click()
    page.get_by_role("menuitem", name="Parallel coordinates").click()
    page.get_by_role("dialog").get_by_role("button", name="Add").click()
    panel = page.locator(".panel", has=page.locator(".parallel"))
    panel.locator(".parallel-strip").first.wait_for()
    brush(page, "config.fold", 0.5, 1)
    folds = {run_id for run_id, _, _, fold in all_runs() if fold >= 2}
    page.wait_for_function("count => runstore.workspace.charted.size === count", arg=len(folds))
    assert "brushes" in page.url
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    assert page.evaluate("runstore.workspace.charted.size") == len(folds)
    panel.locator(".parallel-brush").wait_for()
    panel.get_by_role("button", name="Menu of").click()
    page.get_by_role("menuitem", name="Show as table").click()
    assert panel.locator(".plot-table tbody tr").count() == len(folds)
