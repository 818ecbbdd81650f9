"""A run's log, files and code on its page, and the runs around it."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import Open
from tests.browser.detail_store import EVIL, LINES, SHA, write_details
from tests.browser.pages import READY, violations
from tests.serving import serving
from tests.sites import build, hosted
from tests.stores import append, write_run, write_store

PAGE = "p/runs/long/index.html"
ALL = ("minor", "moderate", "serious", "critical")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("details")
    return build(write_details(folder / "experiments"), folder / "site")


@pytest.fixture
def page(site: Path, open_page: Open) -> Page:
    return open_page(site / PAGE)


def log(page: Page) -> Page:
    """Goes to the log and waits until its end is shown."""
    page.get_by_role("link", name="Log", exact=True).click()
    expect(page.locator(f".line-number[data-line='{LINES}'] ~ .line")).to_have_text(f"step {LINES} ok")
    return page


def shown(page: Page) -> list[int]:
    """The numbers of the lines that are in the page."""
    numbers: list[int] = page.locator(".log-line .line-number").evaluate_all(
        "all => all.map(each => Number(each.dataset.line))"
    )
    return numbers


def visible(page: Page) -> str:
    """The text of the log that is on the screen."""
    text: str = page.locator(".log-view").evaluate(
        """view => {
            const { top, bottom } = view.getBoundingClientRect();
            const inside = (box) => box.bottom > top && box.top < bottom;
            const rows = [...view.querySelectorAll(".log-line")].filter((row) => inside(row.getBoundingClientRect()));
            return rows.map((row) => row.querySelector(".line").textContent).join("\\n");
        }"""
    )
    return text


def loaded(page: Page) -> int:
    """How many data files of the log were loaded."""
    count: int = page.locator("script[src*='log/']").count()
    return count


def test_a_log_of_a_hundred_thousand_lines_shows_its_end_and_loads_no_more_than_that(page: Page) -> None:
    log(page)
    assert page.locator("[data-log-about]").inner_text() == "100,000 lines"
    assert len(shown(page)) < 100
    assert loaded(page) <= 2


def test_scrolling_shows_every_part_of_a_log(page: Page) -> None:
    log(page)
    for share in (0, 0.31, 0.5, 0.77):
        page.locator(".log-view").evaluate("(view, share) => { view.scrollTop = view.scrollHeight * share; }", share)
        page.wait_for_function(
            """at => {
                const lines = [...document.querySelectorAll('.log-line .line')];
                const first = Number(document.querySelector('.log-line .line-number')?.dataset.line ?? NaN);
                return Math.abs(first - at) < 10000 && lines.every(({ textContent }) => textContent.trim());
            }""",
            arg=share * LINES,
        )
        numbers = shown(page)
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert abs(numbers[0] / LINES - share) < 0.1
        texts = page.locator(".log-line .line").all_inner_texts()
        assert all(
            text.startswith((f"step {number} ", f"WARNING step {number}:"))
            for number, text in zip(numbers, texts, strict=True)
        )
    assert loaded(page) < 12


def test_a_search_finds_every_line_of_the_log_and_leads_from_match_to_match(page: Page) -> None:
    log(page)
    find = page.get_by_label("Search the log by regular expression")
    began = time.perf_counter()
    find.fill("warn.*step \\d*500")
    told = page.locator("[data-log-found]")
    expect(told).to_have_text("100 of 100 matching lines", timeout=20_000)
    assert time.perf_counter() - began < 10
    expect(page.locator(".log-line.marked .line-number")).to_have_attribute("data-line", "99500")
    assert page.locator(".log-line.marked mark").first.inner_text().startswith("WARN")
    find.press("Enter")
    expect(told).to_have_text("1 of 100 matching lines")
    expect(page.locator(".log-line.marked .line-number")).to_have_attribute("data-line", "500")
    assert "WARNING step 500:" in visible(page)
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".log-line.marked .line-number")).to_have_attribute("data-line", "1500")
    find.press("Shift+Enter")
    page.get_by_role("button", name="Previous").click()
    expect(told).to_have_text("100 of 100 matching lines")
    assert "find=warn" in page.url
    find.fill("(no such line")
    expect(told).to_have_text("No line matches", timeout=20_000)
    assert page.get_by_role("button", name="Next").is_disabled()


def test_a_link_leads_to_a_line_and_a_click_on_its_number_makes_one(site: Path, open_page: Open) -> None:
    page = open_page(site / PAGE, "line=43210")
    expect(page.locator(".log-line.marked .line")).to_have_text("step 43210 ok")
    assert "step 43210 ok" in visible(page)
    page.locator(".line-number[data-line='43212']").click()
    assert "line=43212" in page.url
    page.get_by_label("Line", exact=True).fill("77")
    page.get_by_label("Line", exact=True).press("Enter")
    expect(page.locator(".log-line.marked .line")).to_have_text("step 77 ok")
    assert "line=77" in page.url
    page.get_by_role("button", name="Jump to end").click()
    page.wait_for_function("last => document.querySelector(`.line-number[data-line='${last}']`)", arg=LINES)
    assert f"step {LINES} ok" in visible(page)


def test_wrap_and_times_can_be_switched_and_are_remembered(page: Page) -> None:
    log(page)
    page.get_by_label("Line", exact=True).fill("99500")
    page.get_by_label("Line", exact=True).press("Enter")
    line = page.locator(".log-line.marked")
    expect(line).to_have_class("log-line stderr marked")
    assert line.locator(".ink-3").inner_text() == "WARNING"
    wrapped = line.bounding_box()
    page.get_by_label("Wrap").uncheck()
    flat = page.locator(".log-line.marked").bounding_box()
    assert wrapped
    assert flat
    assert wrapped["height"] > flat["height"] == 20
    page.get_by_label("Times").check()
    assert page.locator(".log-line.marked .line-time").get_attribute("data-time", timeout=2000)
    page.reload()
    page.wait_for_selector(READY)
    page.locator(".log-line").first.wait_for()
    assert not page.get_by_label("Wrap").is_checked()
    assert page.get_by_label("Times").is_checked()


def test_files_are_a_tree_with_sizes_and_a_search(page: Page) -> None:
    page.get_by_role("link", name="Files", exact=True).click()
    page.locator(".tree-file").first.wait_for()
    assert page.locator("[data-files-about]").inner_text().startswith("13 files, ")
    names = page.locator(".tree-file").all_inner_texts()
    assert names == [
        "train.py",
        "notes.txt",
        "plot.png",
        "tree.json",
        "config.yaml",
        "summary.json",
        "requirements.txt",
        "changes.patch",
        "output.log",
    ]
    page.locator(".tree summary", has_text="data/").click()
    page.locator(".tree-file", has_text="blob.bin").wait_for()
    page.get_by_label("Search the files by regular expression").fill("csv$")
    assert page.locator(".tree-file").all_inner_texts() == ["table.csv"]


def preview(page: Page, path: str) -> Page:
    page.evaluate("path => { location.hash = `file=${encodeURIComponent(path)}`; }", path)
    expect(page.locator(".preview-head h3")).to_have_text(path)
    return page


def test_each_kind_of_file_has_its_preview_and_none_is_a_page(site: Path, open_page: Open) -> None:
    page = open_page(site / PAGE, "file=files%2Fnotes.txt")
    expect(page.locator(".preview-head h3")).to_have_text("files/notes.txt")
    body = page.locator(".file-preview")
    assert body.locator(".line").all_inner_texts() == ["first", EVIL]
    preview(page, "files/data/page.html")
    assert body.locator(".line").all_inner_texts() == ["<script>document.title='owned'</script>"]
    preview(page, "files/data/table.csv")
    assert body.locator("th").all_inner_texts() == ["name", "score"]
    assert body.locator("tbody td").all_inner_texts() == ['a, "b"', "1.5", EVIL, "2"]
    preview(page, "files/data/rows.parquet")
    assert body.locator("tbody tr").count() == 200
    assert "The first 200 rows of 500, 2 columns." in body.inner_text()
    preview(page, "files/tree.json")
    body.locator("summary", has_text="a:").click()
    body.locator("summary", has_text="1:").click()
    assert EVIL in body.locator(".json-string").inner_text().replace('\\"', '"')
    body.get_by_role("button", name="As text").click()
    assert '"deep"' in body.locator("table").inner_text()
    preview(page, "files/plot.png")
    page.wait_for_function("() => document.querySelector('.preview-image').naturalWidth === 96")
    preview(page, "files/data/blob.bin")
    assert "No preview" in body.inner_text()
    assert page.title() != "owned"
    preview(page, "requirements.txt")
    with page.expect_download() as download:
        body.get_by_role("button", name="Download").click()
    assert "polars==1.5" in download.value.path().read_text()


def test_a_commit_links_to_its_host_and_the_commands_are_copied(site: Path, open_page: Open) -> None:
    with hosted(site) as address:
        page = open_page(f"{address}/{PAGE}")
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        link = page.locator("#code .commit a")
        assert link.get_attribute("href") == f"https://github.com/team/code/commit/{SHA}"
        page.get_by_role("button", name="Copy", exact=True).click()
        page.get_by_role("button", name="Copied").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.splitlines()[1:] == [
            f"git checkout {SHA}",
            "git apply ../changes.patch.txt",
            "pip install -r ../requirements.txt",
            "python train.py --lr 0.1",
        ]
        page.context.close()


def test_requirements_are_searched_and_a_patch_folds_file_by_file(page: Page) -> None:
    page.locator("#requirements summary").press("Enter")
    page.get_by_label("Search the requirements by regular expression").fill("^pol")
    expect(page.locator("#requirement-list li:visible")).to_have_text(["polars==1.5"])
    counts = page.locator(".patch-counts").all_inner_texts()
    assert [each.split() for each in counts] == [["+2", "−1"]] * 3
    assert page.locator(".patch-del").first.get_attribute("data-old") == "2"
    assert page.locator(".patch-add").first.inner_text() == f"+lr = 1  # {EVIL}"
    page.get_by_role("button", name="Fold all", exact=True).click()
    expect(page.get_by_role("button", name="Unfold all")).to_be_visible()
    expect(page.locator(".patch:visible")).to_have_count(0)
    page.locator("#patch summary").nth(1).click()
    expect(page.locator(".patch:visible")).to_have_count(1)


def test_runs_of_the_same_group_and_sweep_are_a_click_away(page: Page) -> None:
    page.get_by_role("link", name="Related runs").click()
    page.locator("#related h3").first.wait_for()
    assert page.locator("#related h3").all_inner_texts() == [
        "Same group: g0 (4 runs)",
        "Same sweep: s1 (3 runs)",
        "Before and after, newest first",
    ]
    page.locator("#related").get_by_role("link", name="run 2").first.click()
    page.wait_for_selector(READY)
    assert "run 2" in page.locator("h1").inner_text()


def test_compare_with_asks_for_runs_and_leads_to_them_side_by_side(page: Page) -> None:
    page.get_by_role("button", name="Compare with…").click()
    dialog = page.get_by_role("dialog")
    assert not violations(page, ALL)
    assert dialog.locator("li").first.inner_text().startswith("run 4")
    dialog.get_by_label("Search runs by regular expression").fill("run [13]$")
    for box in dialog.get_by_role("checkbox").all():
        box.check()
    assert "2 of 6 runs chosen" in dialog.inner_text()
    dialog.get_by_role("button", name="Compare").click()
    page.wait_for_selector("[data-page=compare]")
    page.wait_for_selector(READY)
    assert page.locator(".run-chip a").all_inner_texts() == ["long run", "run 3", "run 1"]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("phone", [False, True])
def test_the_page_is_accessible_and_fits(site: Path, open_page: Open, dark: bool, phone: bool) -> None:
    page = open_page(site / PAGE, "find=warn&file=files%2Fdata%2Ftable.csv", dark=dark, phone=phone)
    expect(page.locator("[data-log-found]")).to_have_text("100 of 100 matching lines", timeout=20_000)
    page.locator("#related").scroll_into_view_if_needed()
    page.locator("#related h3").first.wait_for()
    page.locator("#requirements summary").press("Enter")
    assert not violations(page, ALL)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_lines_that_come_later_are_shown_and_who_reads_above_stays_there(tmp_path: Path, chromium: Browser) -> None:
    store = write_store(tmp_path / "experiments")
    home = write_run(store, files={"output.log": "".join(f"line {at}\n" for at in range(1, 501))})
    with serving(store) as served:
        page = chromium.new_page()
        page.goto(f"{served.address}/p/runs/r1/index.html")
        page.wait_for_selector(READY)
        page.locator("#log").scroll_into_view_if_needed()
        page.locator(".line", has_text="line 500").wait_for()
        append(home, b"line 501\nline 502\n", "output.log")
        page.locator(".line", has_text="line 502").wait_for(timeout=60_000)
        page.locator(".log-view").evaluate("view => { view.scrollTop = 2000; }")
        page.wait_for_function("() => document.querySelector('.log-line .line-number').dataset.line < 120")
        append(home, b"line 503\n", "output.log")
        expect(page.locator("[data-log-about]")).to_have_text("503 lines", timeout=60_000)
        page.locator(".line", has_text="line 101").wait_for()
        assert "line 101" in visible(page)
        page.close()
