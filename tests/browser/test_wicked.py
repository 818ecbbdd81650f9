"""Every page over a store of all that goes wrong: it opens, texts are text, it works, it says what it left out."""

import csv
import io
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Open
from tests.browser.pages import curves, headers, names, set_view, settle, show, violations
from tests.browser.test_grid import status, table_menu
from tests.browser.wicked_store import EVIL, KEYS, LONG, TEXTS
from tests.sites import build
from tests.stores import write_store

WORKSPACES = ("wicked", "numbers", "wide", "broken", "media", "one", "none", "hollow")
RUNS = (
    "wicked/runs/markup",
    "wicked/runs/override",
    "wicked/runs/long",
    "wicked/runs/separators",
    "numbers/runs/edges",
    "numbers/runs/jump",
    "numbers/runs/nostep",
    "numbers/runs/never",
    "numbers/runs/empty",
    "numbers/runs/point",
    "wide/runs/w0",
    "broken/runs/binary",
    "broken/runs/wrong",
    "broken/runs/summary",
    "media/runs/stubs",
    "hollow/runs/e0",
    "one/runs/only",
)
EVERY = ("minor", "moderate", "serious", "critical")


def is_sane(page: Page) -> None:
    """Nothing that was logged became a part of the page, and the page keeps to its width."""
    assert page.title().endswith("Runstore")
    assert page.locator("img[src=x], [onerror], [onload], body script:not([src])").count() == 0
    width, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= room


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("project", WORKSPACES)
def test_workspace_opens(wicked: Path, open_page: Open, project: str, phone: bool) -> None:
    page = open_page(wicked / project / "index.html", phone=phone)
    is_sane(page)
    assert page.locator("[data-failure]").is_hidden()
    if phone:
        page.get_by_role("button", name="Runs", exact=True).click()
    assert "run" in status(page)
    is_sane(page)


@pytest.mark.parametrize("name", RUNS)
def test_run_page_opens_to_its_end(wicked: Path, open_page: Open, name: str) -> None:
    page = open_page(wicked / name / "index.html", phone=True)
    for link in page.locator(".sections a").all():
        section = page.locator(str(link.get_attribute("href")))
        section.scroll_into_view_if_needed()
        assert section.locator("h2").first.is_visible()
    is_sane(page)


def test_front_artifact_compare_and_group_pages_open(wicked: Path, open_page: Open) -> None:
    front = open_page(wicked / "index.html", phone=True)
    assert front.locator(".card").count() == len(WORKSPACES)
    is_sane(front)
    for artifact in sorted((wicked / "wicked" / "artifacts").glob("*/index.html")):
        is_sane(open_page(artifact, phone=True))
    for group in sorted((wicked / "wicked" / "groups").glob("*/index.html"))[:4]:
        is_sane(open_page(group, phone=True))
    ids = ",".join(TEXTS)
    compared = open_page(wicked / "wicked" / "compare" / "index.html", f"runs={ids}", phone=True)
    assert compared.locator("[data-run-chips] li").count() == len(TEXTS)
    is_sane(compared)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    "name",
    ["index", "wicked/index", "none/index", "hollow/index", "numbers/runs/edges/index", "broken/runs/binary/index"],
)
def test_axe_finds_nothing(wicked: Path, open_page: Open, name: str, dark: bool) -> None:
    page = open_page(wicked / f"{name}.html", "group=&panels=^loss$" if name == "wicked/index" else "", dark=dark)
    assert violations(page, EVERY) == []


def test_a_store_of_no_project_says_what_to_do(tmp_path: Path, open_page: Open) -> None:
    site = build(write_store(tmp_path / "experiments"), tmp_path / "site")
    assert "No runs yet" in open_page(site / "index.html", phone=True).locator(".empty").inner_text()


@pytest.mark.parametrize("project", ["none", "hollow"])
def test_a_project_without_rows_says_what_to_do(wicked: Path, open_page: Open, project: str) -> None:
    page = open_page(wicked / project / "index.html")
    assert "No numbers were logged here yet" in page.locator("[data-no-charts]").inner_text()
    assert status(page).startswith("0 runs" if project == "none" else "3 runs")


def test_damaged_files_are_told_and_what_could_be_read_is_shown(wicked: Path, open_page: Open) -> None:
    page = open_page(wicked / "broken" / "index.html", "group=&most=all")
    page.locator(".problems summary").click()
    told = page.locator(".problems ul").inner_text()
    for file in (
        "yaml/config.yaml",
        "yaml/run.yaml",
        "yaml/state.json",
        "half/history.jsonl",
        "lines/history.jsonl, line 2",
        "binary/history.jsonl",
        "utf16/history.jsonl",
        "types/config.yaml",
        "summary/summary.json",
        "project.yaml",
    ):
        assert file in told, file
    shown = curves(page, "loss")
    assert shown["lines"].ys.tolist() == [1.0, 3.0]
    assert shown["half"].ys.tolist() == [1.0]
    assert {"good", "yaml", "bare", "types", "summary"} <= set(shown)
    assert status(page).startswith("10 runs")


def test_every_odd_key_has_a_chart_that_paints(wicked: Path, open_page: Open) -> None:
    page = open_page(wicked / "wicked" / "index.html", "group=")
    for key in KEYS:
        made = curves(page, key)
        assert len(made) >= len(TEXTS), key


def test_every_odd_key_groups_filters_and_sorts(wicked: Path, open_page: Open) -> None:
    page = open_page(wicked / "wicked" / "index.html", "group=&panels=^loss$")
    found = page.evaluate(
        """async ([keys, text]) => {
            const { runs, state, filter } = runstore.workspace;
            const { row, group, toText } = runstore.filterModel;
            const made = [];
            for (const key of keys) {
                const column = `config.${key}`;
                const sort = runs.sortText([{ key: `summary.${key}`, sign: -1 }]);
                state.set({ group: runs.textOf([column]), filter: "", cols: [column], sort });
                await runstore.workspace.drawn;
                const groups = runstore.workspace.groups.length;
                state.set({ filter: toText(group("and", [row(column, "=", text)]), filter.frame) });
                await runstore.workspace.drawn;
                const [first] = runs.sort(runs.all, state.view.sort);
                const { length } = runstore.workspace.matching;
                made.push([key, groups, length, runs.id[first], runs.keysOf(state.view.group)[0]]);
            }
            return made;
        }""",
        [list(KEYS), TEXTS["arabic"]],
    )
    # What says "(none)" does not stand with those that say nothing.
    last = list(TEXTS)[-1]
    assert found == [[key, len(TEXTS) + 1, 1, last, f"config.{key}"] for key in KEYS]


@pytest.mark.parametrize("key", ["__proto__", 'say "hi"', "it's", "back\\slash", "a,b", "a.b.c", "损失", EVIL])
def test_a_person_groups_filters_and_shows_an_odd_key_and_shares_it(wicked: Path, open_page: Open, key: str) -> None:
    page = open_page(wicked / "wicked" / "index.html", "group=&panels=^loss$")
    page.locator("[data-view=group]").select_option(f"config.{key}")
    settle(page)
    assert page.evaluate("runstore.workspace.groups.length") == len(TEXTS) + 1
    page.get_by_role("button", name="Filter", exact=True).click()
    condition = page.get_by_role("group", name="Condition 1")
    condition.get_by_label("Column").fill(f"config.{key}")
    condition.get_by_label("Value").fill(f"'{TEXTS['arabic']}'")
    page.wait_for_function("() => runstore.workspace.matching.length === 1")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Columns", exact=True).click()
    page.get_by_role("button", name="None", exact=True).click()
    page.get_by_label("Search columns").fill(key)
    page.get_by_role("button", name="All", exact=True).click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Ungroup").click()
    settle(page)
    assert headers(page).count(key) == 2
    assert names(page) == [TEXTS["arabic"]]
    fragment = page.url.partition("#")[2]
    again = open_page(wicked / "wicked" / "index.html", fragment)
    assert again.url.partition("#")[2] == fragment
    assert names(again) == [TEXTS["arabic"]]
    assert headers(again) == headers(page)


def test_every_name_is_found_and_shown_as_text(wicked: Path, open_page: Open) -> None:
    page = open_page(wicked / "wicked" / "index.html", "group=&panels=^loss$")
    for run_id, text in TEXTS.items():
        page.get_by_label("Search runs by regular expression").fill(f"^{run_id}$")
        settle(page)
        assert text in page.evaluate("runstore.workspace.matching.map((run) => runstore.workspace.runs.name[run])")
    set_view(page, search="", group="group")
    assert set(TEXTS.values()) <= set(page.evaluate("runstore.workspace.groups.map(({ label }) => label)"))
    is_sane(page)


@pytest.mark.parametrize("run_id", ["markup", "cdata", "arabic", "override", "invisible", "proto"])
def test_a_runs_name_is_text_on_its_page(wicked: Path, open_page: Open, run_id: str) -> None:
    page = open_page(wicked / "wicked" / "runs" / run_id / "index.html")
    assert TEXTS[run_id] in page.locator("h1").evaluate("node => node.textContent")
    is_sane(page)


def test_groups_and_keys_that_differ_only_in_case_stay_apart(wicked: Path, open_page: Open) -> None:
    page = open_page(wicked / "wicked" / "index.html", "group=&search=same")
    assert set(page.evaluate("runstore.workspace.runs.id.slice()")) >= {"Same", "same", "SAME"}
    first = {key: curve.ys[0] for key in ("Loss", "loss") for curve in curves(page, key).values()}
    assert first == {"Loss": 2.0, "loss": 1.0}
    set_view(page, group="group", search="")
    labels = page.evaluate("runstore.workspace.groups.map(({ label }) => label)")
    assert {"A", "a"} <= set(labels)


def test_numbers_at_the_edge_are_drawn_and_the_rest_is_marked(wicked: Path, open_page: Open) -> None:
    page = open_page(wicked / "numbers" / "index.html", "group=&most=all")
    made = curves(page, "score")
    assert {"edges", "back", "jump", "point", "stepless"} <= set(made)
    assert sorted(made["back"].xs.tolist()) == made["back"].xs.tolist()
    show(page, "broken")
    assert "Only NaN or infinite values here." in page.locator(".plot-empty").all_inner_texts()
    for axis in ("_runtime", "_timestamp"):
        set_view(page, x=axis)
        show(page, "score")
    for part in (
        {"ylog": True, "xlog": True},
        {"group": "config.mixed", "smooth": 0.5},
        {"agg": "median", "shade": "ci"},
        {"outliers": True},
    ):
        set_view(page, **part)
        show(page, "score")
    is_sane(page)


def test_what_is_mixed_in_a_column_sorts_groups_and_filters(wicked: Path, open_page: Open) -> None:
    page = open_page(wicked / "numbers" / "index.html", "group=&cols=config.mixed,summary.mixed")
    for order in ("config.mixed", "-config.mixed", "summary.mixed,-config.mixed"):
        set_view(page, sort=order)
        assert len(names(page)) > 10
    for text, count in (
        ("config.mixed = 'text'", 1),
        ("config.mixed IS NULL", 1),
        ("config.mixed > 2", None),
        ("config.mixed = '3'", 1),
    ):
        set_view(page, filter=text)
        assert "character" not in status(page), text
        assert count is None or status(page).startswith(f"{count} of"), text


def test_files_of_odd_names_and_values_are_whole(wicked: Path, open_page: Open) -> None:
    page = open_page(wicked / "wicked" / "index.html", "group=&panels=^loss$")
    set_view(page, cols=["group", "config.a,b", 'config.say "hi"', "summary.100%"])
    with page.expect_download() as found:
        table_menu(page, "Download runs as CSV")
    rows = list(csv.DictReader(io.StringIO(Path(found.value.path()).read_text("utf-8-sig"), newline="")))
    by_id = {each["id"]: each for each in rows}
    assert by_id["markup"]["name"] == EVIL
    assert by_id["formula"]["name"] == "'" + TEXTS["formula"]
    assert by_id["long"]["config.a,b"] == LONG
    with page.expect_download() as found:
        table_menu(page, "Download runs as JSON")
    values = {each["id"]: each for each in json.loads(Path(found.value.path()).read_text())}
    assert all(float(by_id[run_id]["summary.100%"]) == values[run_id]["summary.100%"] for run_id in TEXTS)
    assert values["formula"]["name"] == TEXTS["formula"]
    assert values["proto"]['config.say "hi"'] == "__proto__"


def test_five_thousand_keys_and_a_megabyte_of_notes_leave_quick_pages(wicked: Path, open_page: Open) -> None:
    run = open_page(wicked / "wide" / "runs" / "w0" / "index.html")
    assert "more characters)" in run.locator("#overview").inner_text()
    run.get_by_label("Search the config by regular expression").fill(r"^layer7\.unit49$")
    assert run.locator("#config-list > div:visible").count() == 1
    page = open_page(wicked / "wide" / "index.html", "group=")
    page.get_by_role("button", name="Columns", exact=True).click()
    page.get_by_label("Search columns").fill("layer99.unit49")
    page.locator(".column-list").get_by_role("checkbox", name="layer99.unit49").check()
    settle(page)
    assert "layer99.unit49" in headers(page)
