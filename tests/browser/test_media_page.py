"""What a run logged beside numbers, on its page, in a real browser: from a file and from a host."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

from tests.browser.chromium import Open
from tests.browser.media_store import EVIL, STEPS, write_damaged, write_rich
from tests.browser.pages import READY, violations
from tests.sites import build, hosted

PAGE = "media/runs/rich/index.html"


@pytest.fixture(scope="session")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a run that logged one of everything."""
    folder = tmp_path_factory.mktemp("rich")
    write_rich(folder / "experiments")
    return build(folder / "experiments", folder / "site")


@pytest.fixture
def page(rich: Path, open_page: Open) -> Page:
    return open_page(rich / PAGE)


def cells(table: Locator, column: int) -> list[str]:
    """What stands in the rows of a logged table that are on the screen, from the top."""
    table.locator(".grid-body .grid-row").first.wait_for()
    return table.locator(f".grid-body [data-column=c{column}]").all_inner_texts()


def panel(page: Page, key: str) -> Locator:
    """The panel of a key, scrolled into sight, once it shows something."""
    found = page.locator(f'.media-panel[data-key="{key}"]')
    found.scroll_into_view_if_needed()
    page.wait_for_function("root => root.panel.drawing?.then(() => true)", arg=found.element_handle())
    return found


def test_slider_buttons_and_keys_lead_through_the_steps(page: Page) -> None:
    detections = panel(page, "val/detections")
    caption, about = detections.locator("figcaption"), detections.locator(".panel-about")
    assert (caption.inner_text(), about.inner_text()) == (
        f"detections at {STEPS - 1}",
        f"step {STEPS - 1} · {STEPS} of {STEPS}",
    )
    detections.get_by_role("button", name="Previous step").click()
    caption.get_by_text(f"detections at {STEPS - 2}").wait_for()
    detections.locator("input[type=range]").first.press("Home")
    detections.locator(".stepper input[type=range]").press("Home")
    caption.get_by_text("detections at 0").wait_for()
    detections.locator("input[type=number]").fill("3")
    detections.locator("input[type=number]").press("Enter")
    caption.get_by_text("detections at 3").wait_for()
    detections.locator(".zoom-button").focus()
    page.keyboard.press("ArrowRight")
    caption.get_by_text("detections at 4").wait_for()


def test_one_slider_leads_all_panels_of_a_section(page: Page) -> None:
    for key in ("val/detections", "val/samples"):
        panel(page, key)
    shared = page.get_by_label("Step of all panels of val")
    shared.press("Home")
    shared.press("ArrowRight")
    for key in ("val/detections", "val/samples"):
        page.locator(f'.media-panel[data-key="{key}"] .panel-about').get_by_text(f"step 1 · 2 of {STEPS}").wait_for()
    assert shared.get_attribute("aria-valuetext") == "step 1"
    assert panel(page, "curves/roc").locator(".panel-about").inner_text() == f"step {STEPS - 1} · {STEPS} of {STEPS}"


def test_a_section_of_one_panel_with_steps_has_no_slider_for_all(page: Page) -> None:
    panel(page, "weights/layer1")
    assert page.get_by_label("Step of all panels of weights").is_hidden()


def test_what_is_damaged_or_gone_says_so_and_the_rest_is_shown(tmp_path: Path, open_page: Open) -> None:
    write_damaged(tmp_path / "experiments")
    page = open_page(build(tmp_path / "experiments", tmp_path / "site") / "media/runs/cut/index.html")
    cut, gone = panel(page, "cut"), panel(page, "gone")
    assert "Its file is damaged" in cut.inner_text()
    cut.get_by_role("button", name="Previous step").click()
    cut.get_by_text("at 0").wait_for()
    assert "damaged" not in cut.inner_text()
    assert "not in the store" in gone.inner_text()
    assert "cannot be read" in panel(page, "other").inner_text()
    assert "1 more row cannot be shown" in panel(page, "rows").inner_text()
    assert cells(panel(page, "rows"), 0) == ["1", "2"]
    assert "neither a preset nor a spec" in panel(page, "preset").inner_text()
    assert cells(panel(page, "preset"), 0) == ["7"]


def test_logged_html_that_would_load_and_run_is_still_and_quiet(tmp_path: Path, open_page: Open) -> None:
    write_damaged(tmp_path / "experiments")
    page = open_page(build(tmp_path / "experiments", tmp_path / "site") / "media/runs/cut/index.html")
    logged = panel(page, "page")
    logged.get_by_role("button", name="Run its scripts").wait_for()
    shown = logged.frame_locator("iframe").frame_locator("iframe")
    assert shown.locator("#said").inner_text() == "still"
    assert shown.locator("script, link, [onerror], a[href]").count() == 0
    assert page.title().startswith("cut")


def test_a_line_of_one_point_is_a_dot(tmp_path: Path, open_page: Open) -> None:
    write_damaged(tmp_path / "experiments")
    page = open_page(build(tmp_path / "experiments", tmp_path / "site") / "media/runs/cut/index.html")
    canvas = panel(page, "point").locator("canvas")
    canvas.wait_for()
    page.wait_for_function(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let blue = 0;
            for (let at = 0; at < data.length; at += 4) blue += data[at + 3] > 200 && data[at + 2] - data[at] > 80;
            return blue > 20;
        }""",
        arg=canvas.element_handle(),
    )


def test_playing_ends_at_the_last_step(page: Page) -> None:
    samples = panel(page, "val/samples")
    samples.locator("input[type=number]").fill(str(STEPS - 2))
    samples.locator("input[type=number]").press("Enter")
    samples.get_by_role("button", name="Play").click()
    samples.locator(".panel-about").get_by_text(f"{STEPS} of {STEPS}").wait_for()
    samples.get_by_role("button", name="Play").wait_for()


def coloured(page: Page) -> int:
    """How many pixels of the mask are coloured."""
    count: int = (
        panel(page, "val/detections")
        .locator("canvas.mask")
        .evaluate(
            """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
            .reduce((sum, value, at) => sum + (at % 4 === 3 && value > 0), 0)"""
        )
    )
    return count


def test_boxes_and_masks_lie_over_the_image_and_classes_switch(page: Page) -> None:
    detections = panel(page, "val/detections")
    assert detections.locator(".boxes rect").count() == 2
    assert detections.locator(".box-label").all_inner_texts() == ["cat 0.75", "car"]
    before = coloured(page)
    assert 0 < before < 96 * 64
    assert detections.locator(".layer-name").all_inner_texts() == ["found (boxes)", "truth (mask)"]
    chips = detections.locator(".class-chip")
    chips.nth(0).click()
    page.wait_for_function("root => root.querySelectorAll('.boxes rect').length === 1", arg=detections.element_handle())
    detections.locator('.class-chip[title="truth"]', has_text="car").click()
    page.wait_for_timeout(100)
    assert coloured(page) < before
    detections.get_by_label("Least score").fill("0.9")
    detections.get_by_role("button", name="Previous step").click()
    detections.locator("figcaption").get_by_text(f"detections at {STEPS - 2}").wait_for()
    assert detections.locator(".boxes rect").count() == 1


def test_an_image_opens_in_a_dialog_that_closes_with_escape(page: Page) -> None:
    detections = panel(page, "val/detections")
    detections.locator(".zoom-button").click()
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    assert "val/detections, step 5" in dialog.inner_text()
    assert not violations(page)
    page.keyboard.press("ArrowLeft")
    dialog.get_by_text("val/detections, step 4").wait_for()
    page.keyboard.press("Escape")
    assert not page.locator("dialog[open]").count()
    assert page.evaluate("document.activeElement.className") in ("zoom-button", "")


def test_logged_html_is_shown_without_its_scripts_until_somebody_asks(page: Page) -> None:
    title = page.title()
    logged = panel(page, "report/page")
    assert logged.locator("iframe").get_attribute("sandbox") == "allow-scripts"
    inner = logged.frame_locator("iframe").frame_locator("iframe")
    assert inner.locator("#said").inner_text() == "from the frame"
    logged.get_by_role("button", name="Run its scripts").click()
    inner.get_by_text("its script ran").wait_for()
    assert page.title() == title


def test_the_frames_page_alone_shows_nothing(rich: Path, chromium: Browser) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto((rich / "_static/frame.htm").as_uri())
    page.evaluate("postMessage({ kind: 'html', html: '<b>x</b>', run: true }, '*')")
    page.wait_for_timeout(100)
    assert page.locator("iframe").count() == 0
    context.close()


def test_plotly_draws_in_its_frame(page: Page) -> None:
    figure = panel(page, "figure")
    figure.locator("iframe[data-drawn=true]").wait_for()
    assert figure.frame_locator("iframe").locator(".bars .point").count() == 2


@pytest.mark.parametrize(
    "key",
    [
        "curves/roc",
        "curves/confusion",
        "curves/series",
        "curves/bars",
        "curves/scatter",
        "curves/spread",
        "curves/custom",
        "weights/layer1",
        "space/cloud",
        "space/mesh",
    ],
)
def test_charts_and_objects_have_ink(page: Page, key: str) -> None:
    canvas = panel(page, key).locator("canvas").first
    canvas.wait_for()
    page.wait_for_function(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const colours = new Set();
            for (let at = 0; at < data.length; at += 4) if (data[at + 3]) colours.add(data.slice(at, at + 3).join());
            return colours.size >= 2;
        }""",
        arg=canvas.element_handle(),
    )


def test_a_chart_that_cannot_be_drawn_says_why(page: Page) -> None:
    assert "no Vega-Lite" in panel(page, "curves/broken").inner_text()


def test_an_object_turns_with_the_arrow_keys(page: Page) -> None:
    mesh = panel(page, "space/mesh").locator("canvas")
    page.wait_for_timeout(100)
    before = mesh.evaluate("canvas => canvas.toDataURL()")
    mesh.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("([canvas, before]) => canvas.toDataURL() !== before", arg=[mesh.element_handle(), before])


def test_sound_markdown_and_downloads_are_there(page: Page) -> None:
    assert (
        panel(page, "sound")
        .locator("audio")
        .evaluate(
            "audio => audio.duration || new Promise((done) => (audio.onloadedmetadata = () => done(audio.duration)))"
        )
        > 0.1
    )
    notes = panel(page, "report/notes").locator(".rendered")
    assert notes.locator("h4").inner_text() == "Findings"
    assert notes.locator("a").get_attribute("href") == "https://example.org"
    assert "HEADER" in panel(page, "space/protein").inner_text()
    assert panel(page, "space/scene").get_by_role("link").get_attribute("download") == "s.glb"


def test_a_table_shows_media_and_aligns_numbers(page: Page) -> None:
    predictions = panel(page, "val/predictions")
    predictions.locator(".thumbnail").first.scroll_into_view_if_needed()
    predictions.locator(".thumbnail img").first.wait_for()
    score = predictions.locator(".grid-body [data-column=c2]").first
    assert score.evaluate("cell => getComputedStyle(cell).textAlign") == "right"


def test_a_rule_in_the_charts_marks_where_an_attempt_began(page: Page) -> None:
    rules = page.locator("#charts .plot-rules").first
    assert (rules.get_attribute("d") or "").count("M") == 1
    page.get_by_label("X axis").select_option(label="Relative time")
    page.wait_for_function("rules => rules.getAttribute('d') === ''", arg=rules.element_handle())


def test_system_metrics_alerts_attempts_logs_files_and_code_are_there(page: Page) -> None:
    page.get_by_role("link", name="System").click()
    page.locator("#system h3", has_text="GPU 0 temperature (°C)").wait_for()
    assert page.locator(".level").all_inner_texts() == ["ERROR", "WARN"]
    assert EVIL in page.locator("#alerts").inner_text()
    assert "from step 4" in page.locator("#attempts").inner_text()
    page.locator("#log").scroll_into_view_if_needed()
    page.locator("#log .line", has_text="resumed").wait_for()
    page.get_by_label("Whose log").select_option("Attempt 1")
    assert page.locator("#log .ink-1.bold").inner_text() == "red and bold"
    assert page.locator("#log .stderr .line").inner_text() == "oops"
    page.locator("#files").scroll_into_view_if_needed()
    page.locator("#files summary", has_text="deep/").click()
    page.locator(".tree-file", has_text="page.html").wait_for()
    assert {"train.py", "notes.txt", "big.bin", "page.html"} < set(page.locator(".tree-file").all_inner_texts())
    assert "</td><script>" in page.locator("#code").inner_text()
    uses = page.locator("#artifacts tbody tr")
    assert uses.nth(0).inner_text().split("\t")[:4] == ["Input", "digits:v0", "dataset", "train"]
    assert "not in this store" in uses.nth(1).inner_text()


def test_a_run_leads_to_its_artifacts_and_back(page: Page) -> None:
    page.locator("#artifacts").get_by_role("link", name="model:v0").click()
    page.wait_for_selector(READY)
    assert page.locator("h1").inner_text() == "Artifact model"
    assert EVIL in page.locator("#v0").inner_text()
    assert "best" in page.locator("#v0 h2").inner_text()
    assert not violations(page)
    page.locator(".graph-run").click()
    page.wait_for_selector(READY)
    assert "rich run" in page.locator("h1").inner_text()


def test_a_project_leads_to_its_artifacts(rich: Path, open_page: Open) -> None:
    project = open_page(rich / "media" / "index.html")
    project.get_by_text("2 artifacts").click()
    project.get_by_role("link", name="digits").click()
    project.wait_for_selector(READY)
    assert "rich run" in project.locator("#v0").inner_text()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("phone", [False, True])
def test_the_page_is_accessible_and_fits(rich: Path, open_page: Open, dark: bool, phone: bool) -> None:
    page = open_page(rich / PAGE, dark=dark, phone=phone)
    for key in ("curves/roc", "val/detections", "val/predictions", "weights/layer1", "space/cloud"):
        panel(page, key)
    assert not violations(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.fixture
def served_page(rich: Path) -> Iterator[str]:
    with hosted(rich.parent) as address:
        yield f"{address}/{rich.name}/{PAGE}"


def test_all_of_it_works_from_a_host_too(served_page: str, open_page: Open) -> None:
    page = open_page(served_page)
    logged = panel(page, "report/page").frame_locator("iframe").frame_locator("iframe")
    assert logged.locator("#said").inner_text() == "from the frame"
    assert coloured(page) > 0
    assert cells(panel(page, "big"), 0)[:3] == ["0", "1", "2"]
    assert panel(page, "sound").locator("audio").count() == 1
