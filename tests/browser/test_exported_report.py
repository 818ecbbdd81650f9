"""A report as one HTML file: live from disk, without the site, and printed."""

import base64
import json
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import pytest
from playwright.sync_api import Page

from runstore.errors import UsageError
from sitegen.exports import carried
from sitegen.exports.pdf import find_browser, printed
from sitegen.exports.saving import export_report
from tests.browser.chromium import Open
from tests.browser.media_store import HTML, write_rich
from tests.media_files import stored, table, webm
from tests.repositories import Repo
from tests.sitegen.reports.compiling import write_store_of_reports
from tests.sites import build
from tests.stores import curve, write_file, write_run, write_store

PANELS = [
    {"type": "line", "metrics": ["acc"]},
    {"type": "bar", "column": "acc"},
    {"type": "media", "key": "samples"},
    {"type": "table", "key": "predictions"},
    {"type": "vega", "spec": {"mark": "bar", "encoding": {"x": {"field": "name"}, "y": {"field": "summary\\.acc"}}}},
    {"type": "parallel", "columns": ["config.optimizer", "acc"]},
]
SITE = "https://example.org/experiments/"
MEDIA = (
    *("sound", "film", "clip", "val/detections", "val/samples", "report/page", "report/notes", "figure", "broken"),
    *("space/cloud", "space/mesh", "space/scene", "space/protein", "weights/layer1", "curves/roc", "curves/custom"),
)
TABLES = ("val/predictions", "mixed")
OTHER = {"panels": [{"type": "scalar", "column": "acc"}], "runs": {"project": "q"}}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    store = write_store_of_reports(folder / "experiments")
    text = f"---\ntitle: All\n---\n\n```panels\n{json.dumps({'panels': PANELS})}\n```\n"
    write_file(store / "p" / "reports" / "all.md", f"{text}\n```panels\n{json.dumps(OTHER)}\n```\n")
    target = folder / "elsewhere" / "a report.html"
    export_report(store, "all", target)
    shutil.rmtree(store)
    return target


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of runs that logged one of everything, with a report that shows it all."""
    root = tmp_path_factory.mktemp("logged") / "experiments"
    write_rich(root)
    folder = write_run(root, "media", "other", None)
    page = stored(folder, "html", "html/cell.html", "<p>in a cell</p>")
    scene = stored(folder, "object3D", "object3D/cell.glb", "glTF")
    row = {
        "_step": 0,
        "clip": stored(folder, "video", "videos/v.webm", webm(), format="webm", width=16, height=16),
        "broken": stored(folder, "audio", "audio/bad.xyz", "no sound"),
        "mixed": table(folder, "m", ["page", "scene", "like a stub"], [[page, scene, {"src": "x.png"}]]),
        "unseen": stored(folder, "text", "text/unseen.txt", "not in the report"),
    }
    write_run(root, "media", "other", [row], {}, {"name": "other run"}, {"state": "finished"})
    panels = [{"type": "media", "key": key} for key in MEDIA] + [{"type": "table", "key": key} for key in TABLES]
    text = f"---\ntitle: Logged\nstatus: published\n---\n\n```panels\n{json.dumps({'panels': panels})}\n```\n"
    write_file(root / "media/reports/logged.md", text + "\n[[rich]] has them.\n\n```runs\n```\n")
    return root


@pytest.fixture(scope="module")
def alone(logged: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report as one file that knows of no site."""
    target = tmp_path_factory.mktemp("alone") / "logged.html"
    export_report(logged, "logged", target)
    return target


DRAW = """async () => {
  const grids = () => runstore.report.grids();
  for (const root of document.querySelectorAll("[data-grid]")) root.scrollIntoView();
  const count = document.querySelectorAll("[data-grid]").length;
  while (grids().length < count || !grids().every(({ panels }) => panels)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  document.documentElement.classList.add("printing");
  for (const { panels } of grids()) await panels.drawAll();
  document.documentElement.classList.remove("printing");
  return [...document.querySelectorAll(".kind-empty, .plot-empty, [data-failure]")]
    .filter((each) => !each.hidden && each.offsetHeight).map(({ textContent }) => textContent);
}"""


def drawn(open_page: Open, file: Path) -> tuple[Page, list[str]]:
    """A report with every panel drawn, and what its page asked for."""
    asked: list[str] = []
    page = open_page(file)
    page.on("request", lambda request: asked.append(request.url))
    assert page.evaluate(DRAW) == []
    return page, asked


def outside(asked: list[str]) -> list[str]:
    return [url for url in asked if not url.startswith(("blob:", "data:"))]


def panel(page: Page, key: str) -> Any:
    title = page.locator("h3", has_text=re.compile(f"^{re.escape(key)}$"))
    return page.locator("[data-grid] .panel", has=title)


def links(page: Page) -> list[str]:
    found: list[str] = page.locator("a[href]").evaluate_all("(all) => all.map((link) => link.getAttribute('href'))")
    return found


def test_its_panels_are_live_and_it_asks_for_nothing(exported: Path, open_page: Open) -> None:
    page, asked = drawn(open_page, exported)
    assert page.locator("[data-grid='0'] canvas, [data-grid='0'] svg").count() >= 3
    assert (
        page.locator("[data-grid='0'] img").first.evaluate("(image) => image.decode().then(() => image.naturalWidth)")
        == 4
    )
    assert page.get_by_text("cat").count() > 0
    assert outside(asked) == []


LOADED = """async (player) => {
  while (player.readyState < 1 && !player.error) await new Promise((resolve) => setTimeout(resolve, 20));
  return [player.src.split(":")[0], player.error?.message ?? null, player.videoWidth ?? player.duration];
}"""
WIDTHS = "(all) => Promise.all(all.map((image) => image.decode().then(() => image.naturalWidth)))"
INKED = """(canvas) => canvas.width > 20
  && canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value)"""


def test_sound_film_and_images_are_carried(alone: Path, open_page: Open) -> None:
    page, asked = drawn(open_page, alone)
    scheme, error, seconds = panel(page, "sound").locator("audio").evaluate(LOADED)
    assert (scheme, error, round(seconds, 1)) == ("blob", None, 0.2)
    assert panel(page, "clip").locator("video").evaluate(LOADED) == ["blob", None, 16]
    assert panel(page, "film").locator("img").evaluate_all(WIDTHS) == [1]
    assert panel(page, "val/samples").locator("img").evaluate_all(WIDTHS) == [28] * 8
    detections = panel(page, "val/detections")
    assert detections.locator("svg.boxes rect").count() == 2
    assert detections.locator("canvas.mask").count() == 1
    assert outside(asked) == []


def test_objects_charts_texts_and_tables_are_carried(alone: Path, open_page: Open) -> None:
    page, asked = drawn(open_page, alone)
    for key in ("space/cloud", "space/mesh"):
        panel(page, key).scroll_into_view_if_needed()
        page.wait_for_function(INKED, arg=panel(page, key).locator("canvas").element_handle())
    assert panel(page, "report/notes").get_by_text("Findings").count() == 1
    for key in ("weights/layer1", "curves/roc", "curves/custom"):
        assert panel(page, key).locator(".vega-plot").count() >= 1, key
    pictures = panel(page, "val/predictions").locator(".thumbnail img")
    panel(page, "val/predictions").scroll_into_view_if_needed()
    pictures.first.wait_for()
    assert set(pictures.evaluate_all(WIDTHS)) == {28}
    assert outside(asked) == []


def test_what_is_too_large_is_told_of_in_its_place(
    logged: Path, tmp_path: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carried, "MAX_BYTES", 300)
    target = tmp_path / "small.html"
    export_report(logged, "logged", target, url=SITE)
    page, _ = drawn(open_page, target)
    assert "This sound is too large for a report in one file." in panel(page, "sound").text_content()
    assert "This film is too large for a report in one file." in panel(page, "clip").text_content()
    assert "This image is too large to be shown here." in panel(page, "val/detections").text_content()
    assert panel(page, "film").locator("img").evaluate_all(WIDTHS) == [1]


def test_what_runs_scripts_of_its_own_is_told_of_and_not_carried(alone: Path, open_page: Open) -> None:
    page, _ = drawn(open_page, alone)
    assert page.locator("iframe").count() == 0
    told = {"report/page": "A logged page may run scripts", "figure": "A figure of Plotly's runs scripts"}
    for key, said in told.items():
        assert f"{said} of its own, which a report in one file does not carry." in panel(page, key).text_content()
    text = alone.read_text()
    assert base64.b64encode(HTML.encode()).decode() not in text
    assert "not in the report" not in text


def test_without_a_site_no_link_leads_into_it_and_names_remain(alone: Path, open_page: Open) -> None:
    page, _ = drawn(open_page, alone)
    assert [link for link in links(page) if not link.startswith(("#", "https://example.org"))] == []
    for key, said in (("space/protein", "p.pdb"), ("space/scene", "s.glb4 bytes"), ("broken", "bad.xyz8 bytes")):
        assert said in panel(page, key).text_content(), key
    mixed = panel(page, "mixed")
    mixed.scroll_into_view_if_needed()
    mixed.get_by_text("cell.glb (4 bytes)").wait_for()
    assert mixed.get_by_text("(html)").count() == 1


def test_with_a_site_every_link_leads_to_a_file_of_it(logged: Path, tmp_path: Path, open_page: Open) -> None:
    target = tmp_path / "linked.html"
    export_report(logged, "logged", target, url=SITE)
    site = build(logged, tmp_path / "site")
    page, asked = drawn(open_page, target)
    found = links(page)
    assert [link for link in found if not link.startswith(("#", "https://example.org"))] == []
    inside = {link.removeprefix(SITE) for link in found if link.startswith(SITE)}
    for link in inside:
        assert (site / unquote(urldefrag(link)[0])).exists(), link
    assert "media/runs/rich/index.html" in inside
    assert any("index.html#" in link for link in inside)
    assert len([link for link in inside if link.endswith(".bin")]) >= 5
    for key in ("report/page", "figure"):
        link = panel(page, key).locator("a", has_text="On the run's page")
        assert link.get_attribute("href") == f"{SITE}media/runs/rich/index.html"
    assert outside(asked) == []


def test_a_pinned_report_shows_its_commit_and_links_to_it(tmp_path: Path, open_page: Open) -> None:
    repo = Repo.init(tmp_path / "work")
    root = write_store(repo.top / "experiments")
    write_run(root, "p", "r0", curve(5), {"lr": 1}, {"name": "then"}, {"state": "finished"})
    sha = repo.commit("then", tag="v1")
    block = json.dumps({"type": "line", "metrics": ["loss"]})
    write_file(root / "p/reports/paper.md", f"---\ntitle: Paper\nas_of: v1\n---\n\n```panel\n{block}\n```\n")
    write_run(root, "p", "r0", curve(9), {"lr": 2}, {"name": "now"}, {"state": "finished"})
    write_run(root, "p", "r1", curve(7), {"lr": 2}, {"name": "new"}, {"state": "finished"})
    target = tmp_path / "paper.html"
    export_report(root, "paper", target, url=SITE)
    page, asked = drawn(open_page, target)
    curves = """() => runstore.report.grids()[0].panels.panels[0].chart.drawn
      .map(({ curve }) => [curve.label, curve.xs.length])"""
    assert page.evaluate(curves) == [["then", 5]]
    link = page.evaluate("() => runstore.report.grids()[0].runs.linked(0).href")
    assert link == f"{SITE}_at/{sha[:12]}/p/runs/r0/index.html"
    assert outside(asked) == []


def test_it_prints_as_pdf(exported: Path) -> None:
    content = printed(exported.read_bytes(), find_browser())
    assert content.startswith(b"%PDF")
    # Curves and media are images in it: each grid has some.
    assert content.count(b"/Subtype /Image") > 5


@pytest.mark.parametrize(
    ("browser", "said"),
    [("true", "the browser ended"), ("sleep", "the browser ended"), ("cat", "the browser ended")],
)
def test_a_browser_that_prints_nothing_is_one_line(browser: str, said: str) -> None:
    with pytest.raises(UsageError, match=f"{browser}: printed nothing \\({said}\\); try another"):
        printed(b"<html>", browser)


def test_a_browser_that_does_not_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\nexec sleep 60\n")
    silent.chmod(0o755)
    monkeypatch.setattr("sitegen.exports.pdf.SECONDS", 0.5)
    with pytest.raises(UsageError, match="not done after"):
        printed(b"<html>", str(silent))


def test_a_page_that_fails_is_not_printed() -> None:
    with pytest.raises(UsageError, match="the page failed"):
        printed(b"<html data-ready=true><script>var runstore;</script>", find_browser())
