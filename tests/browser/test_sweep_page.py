"""The page of a sweep in a real browser: its trials, its figures, and that they follow what a reader chooses."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from runstore.format import yaml12
from runstore.format.sweep_records import Claim, Outcome, Verdict
from sweeps.config.sweep import parse_sweep
from sweeps.search.bayes import Bayes
from sweeps.search.view import Known, Told
from tests.browser.acting import arrives, awaited
from tests.browser.chromium import Open
from tests.browser.pages import headers, names, set_view, settle, violations
from tests.browser.sweep_pages import GRID, ID, address, axes, drawn, layout, small_sweep, table
from tests.serving import serving
from tests.sites import build, hosted
from tests.stores import curve, write_file, write_run, write_store
from tests.sweep_stores import SWEEP_YAML, Point, moment, points, write_record, write_sweep

IMPACTS = ("minor", "moderate", "serious", "critical")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_store(tmp_path_factory.mktemp("sweep") / "experiments")
    write_sweep(root)
    for at in range(5):
        values = {"lr": 10.0**-at, "opt": "adam" if at % 2 else "sgd"}
        meta = {"sweep": "imported", "name": f"run {at}", "created": moment(60 * at)}
        write_run(root, "wandb", f"w{at}", curve(3), values, meta, files={"summary.json": {"loss": 0.5 - 0.1 * at}})
    return build(root, root.parent / "site")


@pytest.fixture
def page(site: Path, open_page: Open) -> Page:
    return open_page(address(site))


def panel(page: Page, title: str) -> Any:
    return page.locator(".panel", has=page.locator("h3", has_text=title)).first


def best_so_far(made: list[Point]) -> list[float | None]:
    best: float | None = None
    found = []
    for point in made:
        if point.state in ("finished", "stopped"):
            value = min(point.losses)
            best = value if best is None or value < best else best
        found.append(best)
    return found


# What is there


def test_the_head_says_what_the_sweep_came_to(page: Page) -> None:
    head = " ".join(page.locator(".sweep-head").inner_text().split())
    for text in ("Sweep small net", "Lowest val/loss", "0.078256", "trial 44", "58 ended", "of 80", "24 stopped"):
        assert text in head, text
    page.get_by_text("Start an agent").click()
    assert page.locator("[data-command]").inner_text() == f"runstore agent tune/{ID}"
    page.get_by_text("Configuration", exact=True).click()
    assert page.locator(".sweep-yaml").inner_text().rstrip("\n") == SWEEP_YAML.rstrip("\n")
    assert page.locator(".sweep-yaml .yaml-key").first.inner_text() == "program"


def test_the_table_has_the_sweeps_runs_the_best_first_with_their_trials(site: Path, page: Page) -> None:
    made = sorted((point for point in points() if point.state != "failed"), key=lambda point: min(point.losses))
    assert names(page)[:5] == [f"trial {point.number}" for point in made[:5]]
    assert headers(page)[:4] == ["Name", "Lowest val/loss", "Trial", "State"]
    assert page.locator("[data-status]").inner_text().startswith("60 runs")


def test_the_best_so_far_is_the_running_minimum_of_the_trials_that_count(page: Page) -> None:
    found = table(page, "progress")
    assert found["Best so far"] == pytest.approx(best_so_far(points()))
    assert found["Trial"] == list(range(60))
    assert panel(page, "val/loss by trial").locator("canvas").count() == 1


def test_importance_and_parallel_coordinates_go_by_the_value_that_the_sweep_counts(page: Page) -> None:
    assert set(table(page, "importance")["Parameter"]) == {"lr", "layers", "optimizer", "dropout"}
    found = table(page, "parallel")
    assert list(found) == ["Run", "lr", "layers", "optimizer", "dropout", "Lowest val/loss"]
    by_name = dict(zip(found["Run"], found["Lowest val/loss"], strict=True))
    assert by_name["trial 44"] == pytest.approx(min(points()[44].losses))


def test_a_bar_a_trial_with_the_verdict_that_stopped_it(page: Page) -> None:
    found = table(page, "timeline")
    stopped = [point for point in points() if point.verdict]
    assert [each for each in found["Band"] if each] == [point.verdict[0] for point in stopped if point.verdict]
    assert found["Logged values"] == [len(point.losses) for point in points()]
    text = drawn(page, "timeline").inner_text()
    assert f"{len(stopped)} of 60 stopped" in text
    assert "Band 3: ≤" in text


def test_the_table_of_trials_has_every_attempt_sorts_and_leads_to_runs(page: Page) -> None:
    trials = drawn(page, "trials")
    trials.get_by_role("searchbox").fill("Trial = 31")
    page.wait_for_function("() => document.querySelector('.table-tools [role=status]').textContent.startsWith('3 of')")
    assert trials.inner_text().count("given up") == 2
    assert trials.get_by_role("link", name="trial 31").first.get_attribute("href") == "../../runs/t031/index.html"
    assert "Trial = 31" in page.evaluate("decodeURIComponent(location.hash)")
    found = table(page, "trials")
    assert [why for number, why in zip(found["Trial"], found["Reason"], strict=True) if number == 31] == [
        "Tried again as attempt 2",
        "Tried again as attempt 3",
        "its agent died 3 times",
    ]


# What a reader chooses


def test_figures_follow_the_filter_and_the_groups_of_the_page(page: Page) -> None:
    set_view(page, filter="config.optimizer = 'adam'")
    made = [point for point in points() if point.params["optimizer"] == "adam"]
    found = table(page, "progress")
    assert found["Trial"] == [point.number for point in made]
    assert found["Best so far"] == pytest.approx(best_so_far(made))
    assert len(table(page, "timeline")["Trial"]) == len(made)
    assert f"{len(made)} trials" in drawn(page, "contour").inner_text()
    set_view(page, filter="", group="config.optimizer")
    assert {"adam", "sgd", "lion"} <= set(drawn(page, "progress").locator(".kind-key").all_inner_texts())


def test_a_brush_on_an_axis_narrows_the_trials(page: Page) -> None:
    strip = drawn(page, "parallel").get_by_role("group", name="Range of Lowest val/loss")
    strip.focus()
    for _ in range(16):
        page.keyboard.press("Shift+ArrowDown")
    settle(page)
    kept = [value for value in table(page, "progress")["val/loss"] if value is not None]
    assert 0 < len(kept) < 55
    assert max(kept) < 0.4


def test_a_reader_picks_the_two_parameters_and_a_link_shares_them(site: Path, page: Page, open_page: Open) -> None:
    contour = drawn(page, "contour")
    ranked = table(page, "importance")
    names = [contour.get_by_label(f"Parameter along {way}").input_value() for way in ("x", "y")]
    assert names == [f"config.{name}" for name in ranked["Parameter"][:2]]
    contour.get_by_label("Parameter along x").select_option("config.dropout")
    drawn(page, "contour")
    label = contour.locator(".kind-chart").get_attribute("aria-label")
    assert label.startswith(f"val/loss over dropout and {ranked['Parameter'][1]}")
    contour.get_by_label("Parameter along y").select_option("config.optimizer")
    contour.get_by_label("The other parameters").select_option("mean")
    other = open_page(address(site), page.evaluate("location.hash.slice(1)"))
    label = drawn(other, "contour").locator(".kind-chart").get_attribute("aria-label")
    assert label.startswith("val/loss over dropout and optimizer")
    assert drawn(other, "contour").get_by_label("The other parameters").input_value() == "mean"


def test_one_parameter_cannot_be_on_both_axes(page: Page) -> None:
    contour = drawn(page, "contour")
    before = [contour.get_by_label(f"Parameter along {way}").input_value() for way in ("x", "y")]
    contour.get_by_label("Parameter along x").select_option(before[1])
    drawn(page, "contour")
    after = [contour.get_by_label(f"Parameter along {way}").input_value() for way in ("x", "y")]
    assert after == before[::-1]


def test_panels_of_a_sweep_are_set_in_their_forms(page: Page) -> None:
    progress = drawn(page, "progress")
    progress.get_by_role("button", name="Panel menu").click()
    page.get_by_role("menuitem", name="Edit…").click()
    page.get_by_label("Order", exact=True).select_option("began")
    page.get_by_role("button", name="Apply").click()
    assert table(page, "progress")["Trial"] == list(range(60))
    assert drawn(page, "progress").locator("canvas").count() == 1


# The surrogate


def test_the_surrogate_of_the_page_is_the_one_that_the_engine_decided_by(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    made = write_sweep(root, count=58)
    config = parse_sweep(yaml12.load(SWEEP_YAML))
    told = [
        Told(point.number, point.params, "failed", None)
        if point.state in ("failed", "crashed")
        else Told(point.number, point.params, "done", min(point.losses))
        for point in made
    ]
    (chosen,) = Bayes(config, config.space).suggest(Known(58, told), 1)
    params = config.space.nest(chosen.params)
    write_record(layout(root).claim(58), Claim(58, "next", "a", params, engine="gp", info=chosen.info))
    page = open_page(address(build(root, tmp_path / "site")))
    expected = page.evaluate(
        """() => {
            const { sweep, sweepModel: model } = runstore;
            const { mean, out } = model.through(sweep, model.chosen(sweep, sweep.all));
            return [out(mean(model.placeOf(sweep, 58))), sweep.expected[58][0]];
        }"""
    )
    assert expected[0] == pytest.approx(expected[1], rel=1e-3)
    assert "length scales that trial 58 was chosen by" in drawn(page, "contour").inner_text()


def test_without_a_surrogate_the_trials_stand_alone_and_a_note_says_so(site: Path, open_page: Open) -> None:
    page = open_page(site / "wandb" / "sweeps" / "imported" / "index.html")
    text = drawn(page, "contour").inner_text()
    assert "Only a bayes sweep has a surrogate" in text
    assert "5 trials" in text


def test_isolines_of_a_plane_are_straight(page: Page) -> None:
    lines = page.evaluate(
        """() => {
            const at = [0, 0.25, 0.5, 0.75, 1];
            return runstore.parameterAxes.isolines(at.map((y) => at.map((x) => x + y)), at, at, 0.9);
        }"""
    )
    assert lines
    for line in lines:
        assert line["x"] + line["y"] == pytest.approx(0.9)
        assert line["x2"] + line["y2"] == pytest.approx(0.9)


# Other sweeps


def test_a_sweep_that_only_runs_tell_of_has_its_page(site: Path, open_page: Open) -> None:
    page = open_page(site / "wandb" / "index.html")
    page.get_by_text("1 sweep", exact=True).click()
    page.get_by_role("link", name="imported").click()
    page.wait_for_selector("html[data-ready=true]")
    assert "none: the runs alone" in page.locator(".sweep-head").inner_text()
    found = table(page, "progress")
    assert found["loss"] == pytest.approx([0.5, 0.4, 0.3, 0.2, 0.1])
    assert names(page)[0] == "run 4"


def test_a_run_leads_to_its_sweep_and_says_its_trial(site: Path, open_page: Open) -> None:
    page = open_page(site / "tune" / "runs" / "t023" / "index.html")
    assert "Trial\n23" in page.locator("#overview").inner_text()
    page.get_by_role("link", name=ID, exact=True).click()
    page.wait_for_selector(".sweep-head")
    assert page.title().startswith("small net")


def test_a_sweep_without_a_trial_says_how_to_start_one(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    write_run(root, "tune", "r", curve(2))
    write_file(layout(root).sweep_yaml, "method: grid\nparameters: {a: {values: [1, 2, 3]}}\n")
    page = open_page(address(build(root, tmp_path / "site")))
    text = page.locator(".sweep-head").inner_text()
    assert "no trial yet" in text
    assert "of 3 (the grid)" in text
    assert page.locator(".panel").count() == 0
    assert page.get_by_text(f"runstore agent tune/{ID}").is_visible()
    assert page.get_by_text("No trial yet: each becomes a run here").is_visible()


def test_a_sweep_that_names_no_metric_says_that_no_trial_is_better(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    trials = [({"lr": 0.1 * at, "opt": "adam"}, None) for at in range(1, 4)]
    page = open_page(small_sweep(root, "method: random\nparameters: {lr: {min: 0.0, max: 1.0}}\n", trials))
    assert "names no metric" in page.locator(".sweep-head").inner_text()
    assert list(table(page, "trials")) == ["Trial", "Run", "State", "lr", "Logged", "Began", "Runtime (s)"]
    assert panel(page, "Trials over time").count() == 1


@pytest.mark.parametrize(("values", "ends"), [([0.3], (0.2, 0.4)), ([0.5, 0.3], (0.28, 0.52))])
def test_few_trials_stand_at_whole_numbers_and_off_the_frame(
    tmp_path: Path, open_page: Open, values: list[float], ends: tuple[float, float]
) -> None:
    root = write_store(tmp_path / "experiments")
    page = open_page(small_sweep(root, GRID, [({"a": at + 1}, value) for at, value in enumerate(values)]))
    numbers, upright = axes(page, "progress")
    assert numbers == list(range(len(values)))
    assert ends[0] < upright[0] <= min(values)
    assert max(values) <= upright[-1] < ends[1]


def test_values_near_the_lowest_are_told_apart_on_a_log_scale_and_near_the_highest_are_not(
    tmp_path: Path, open_page: Open
) -> None:
    values = [0.07, 0.075, 0.08, 0.09, 0.1, 0.11, 0.4, 2.4]
    text = "method: random\nmetric: {name: loss, goal: GOAL}\n"
    text += "parameters: {a: {min: 0, max: 9}, b: {values: [1, 2, 4]}}\n"
    trials = [({"a": at, "b": 2 ** (at % 3)}, value) for at, value in enumerate(values)]
    for goal, is_log in (("minimize", True), ("maximize", False)):
        root = write_store(tmp_path / goal / "experiments")
        page = open_page(small_sweep(root, text.replace("GOAL", goal), trials))
        drawn(page, "progress")
        find = "runstore.workspace.panels.panels.find(({ kind }) => kind === 'parallel')"
        assert page.evaluate(f"{find}.metric.own.set.log") == ["config.b", *(["sweep.value"] if is_log else [])]
        assert page.evaluate("runstore.kinds.progress.defaults(runstore.workspace.lines.context()).ylog") == is_log
        assert ("(log)" in drawn(page, "contour").inner_text()) == is_log


def test_the_contour_opens_with_two_parameters_that_every_trial_has(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    text = "method: random\nmetric: {name: loss}\nparameters:\n  opt: {values: [adam, sgd]}\n"
    text += "  momentum: {min: 0.0, max: 1.0, when: {opt: sgd}}\n  lr: {min: 0.0, max: 1.0}\n"
    sgd = [({"opt": "sgd", "momentum": 0.1 * at, "lr": 0.1 * at}, 1.0 - 0.1 * at) for at in range(4)]
    page = open_page(small_sweep(root, text, [*sgd, ({"opt": "adam", "lr": 0.5}, 0.2)]))
    assert (
        drawn(page, "contour").locator(".kind-chart").get_attribute("aria-label").startswith("loss over opt and lr: 5")
    )
    contour = drawn(page, "contour")
    assert "best trial" in contour.inner_text()
    contour.get_by_label("Parameter along x").select_option("config.momentum")
    assert "best trial" not in drawn(page, "contour").inner_text()  # It has no momentum.


def test_a_verdict_on_a_trial_that_finished_stopped_nothing(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    write_record(layout(root).stop(0, 1), Verdict(0, "r0", "hyperband", 3, 0.5, 0.25, count=2))
    text = "method: random\nmetric: {name: loss}\nparameters: {lr: {min: 0.0, max: 1.0}}\n"
    page = open_page(small_sweep(root, text, [({"lr": 0.1 * at}, 0.5) for at in range(3)]))
    told = drawn(page, "timeline").inner_text()
    assert "3 trials" in told
    assert "stopped" not in told


def test_the_best_value_is_in_sight_beside_a_long_name(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    long = "a-trial-whose-name-goes-on-and-on-and-on-{}"
    page = open_page(small_sweep(root, GRID, [({"a": at}, 0.123456 / at) for at in (1, 2)], long))
    for width in (None, 300):
        if width:
            page.evaluate(f"document.querySelector('.workspace').style.setProperty('--runs-width', '{width}px')")
            page.wait_for_function(f"document.querySelector('.runs-host .grid').clientWidth <= {width}")
            awaited(page)
        cell = page.locator(".grid-body [data-column='sweep.value']").first
        assert cell.inner_text() == "0.061728"
        ends = cell.evaluate(
            """cell => {
                const text = document.createRange();
                text.selectNodeContents(cell);
                const grid = cell.closest(".grid");
                return [text.getBoundingClientRect().right, grid.getBoundingClientRect().left + grid.clientWidth];
            }"""
        )
        assert ends[0] <= ends[1]
    name = page.get_by_role("link", name=long.format(1)).first
    assert "…" in name.inner_text()
    assert name.inner_text().endswith("-1")
    name.hover()
    assert page.locator(f".grid-body .cell-name[title='{long.format(1)}']").count() == 1


def test_the_head_of_the_value_is_cut_before_the_names_are(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    text = GRID.replace("name: loss", "name: validation_loss")
    page = open_page(small_sweep(root, text, [({"a": at}, 0.5 / at) for at in (1, 2)], "fair-meadowlark-{}"))
    assert page.get_by_role("link", name="fair-meadowlark-1").first.inner_text() == "fair-meadowlark-1"
    page.evaluate("document.querySelector('.workspace').style.setProperty('--runs-width', '280px')")
    page.wait_for_function("document.querySelector('.runs-host .grid').clientWidth <= 280")
    awaited(page)
    assert len(page.get_by_role("link", name="fair-meadowlark-1").first.inner_text()) >= 14


def test_hostile_text_is_shown_as_text(tmp_path: Path, open_page: Open) -> None:
    evil = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    root = write_store(tmp_path / "experiments")
    values = {"method": "bayes", "name": evil, "description": evil, "metric": {"name": evil}}
    values["parameters"] = {evil: {"values": [evil, "__proto__"]}, "__proto__": {"min": 0.0, "max": 1.0}}
    write_file(layout(root).sweep_yaml, yaml12.dump(values))
    for number in range(6):
        params = {evil: evil, "__proto__": number / 6}
        run = f"r{number}"
        write_record(
            layout(root).claim(number), Claim(number, run, evil, params, info={"by": evil}, time=moment(number))
        )
        done = Outcome(number, run, evil, "failed" if number == 3 else "finished", value=float(number), reason=evil)
        write_record(layout(root).done(number), done)
        meta = {"name": evil, "sweep": ID, "created": moment(number)}
        write_run(root, "tune", run, [{evil: 1.0, "_step": 0}], yaml12.dump(params), meta)
    page = open_page(address(build(root, tmp_path / "site")))
    for key in ("progress", "importance", "parallel", "contour", "timeline", "trials"):
        drawn(page, key)
    assert page.title() != "owned"
    assert page.locator("img").count() == 0
    assert "</script>" in page.locator(".sweep-head").inner_text()


# How it looks, and while it runs


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_axe_finds_nothing_and_nothing_is_cut_off(site: Path, open_page: Open, dark: bool, phone: bool) -> None:
    page = open_page(address(site), dark=dark, phone=phone)
    for key in ("progress", "timeline", "contour", "trials"):
        drawn(page, key)
    for fold in page.locator(".sweep-head summary").all():
        fold.click()
    assert violations(page, IMPACTS) == []
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


def test_the_page_opens_from_a_static_host_below_a_sub_path(site: Path, open_page: Open) -> None:
    with hosted(site.parent) as host:
        page = open_page(f"{host}/site/tune/sweeps/{ID}/index.html")
        assert drawn(page, "trials").locator(".grid-row").count() > 5


def test_a_trial_that_ends_comes_to_the_open_page(tmp_path: Path, open_page: Open) -> None:
    root = write_store(tmp_path / "experiments")
    write_sweep(root, count=12)
    with serving(root) as served:
        page = open_page(f"{served.address}/tune/sweeps/{ID}/index.html")
        assert len(table(page, "progress")["Trial"]) == 12
        params = points()[12].params
        write_run(root, "tune", "t012", curve(3), params, {"name": "trial 12", "sweep": ID, "created": moment(999)})
        write_record(layout(root).claim(12), Claim(12, "t012", "a", params, time=moment(999)))
        write_record(layout(root).done(12), Outcome(12, "t012", "a", "finished", value=0.001, time=moment(1000)))
        arrives(page, lambda: "0.001" in page.locator(".sweep-head").inner_text(), time.monotonic())
        arrives(page, lambda: names(page)[:1] == ["trial 12"], time.monotonic())
        found = table(page, "progress")
        assert json.dumps(found["Best so far"][-1]) == "0.001"
