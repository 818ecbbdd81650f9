"""The picture that stands for a report where its link is shared."""

import struct
from pathlib import Path

import pytest

from sitegen.build import build_site
from sitegen.extras import PublicSite
from tests.stores import curve, write_file, write_run

SITE = PublicSite("https://example.org/runs/")
PANEL = "```panel\ntype: line\nmetrics: [loss]\n```\n"


@pytest.fixture
def store(root: Path) -> Path:
    write_file(root / "p/project.yaml", "visibility: public\n")
    for number in range(3):
        state = {"state": "finished", "exit_code": 0}
        write_run(root, "p", f"r{number}", curve(10), meta={"name": "<b>&amp;</svg>"}, state=state)
    return root


def built(store: Path, out: Path, title: str, body: str, more: str = "", site: PublicSite = SITE) -> Path:
    """The folder of the report's page."""
    text = f"---\ntitle: {title}\nstatus: published\ndate: 2026-11-20\n{more}---\n\n{body}"
    write_file(store / "p/reports/found.md", text)
    return build_site(store, out, public=site).out / "p/reports/found"


def size(png: Path) -> tuple[int, int]:
    head = png.read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def test_a_report_has_a_picture_with_its_first_figure(store: Path, tmp_path: Path) -> None:
    page = built(store, tmp_path / "site", "What we found", PANEL)
    assert size(page / "card.png") == (1200, 630)
    address = "https://example.org/runs/p/reports/found/card.png"
    assert f'<meta property="og:image" content="{address}">' in (page / "index.html").read_text()


def test_titles_and_names_that_look_like_svg_stay_text(store: Path, tmp_path: Path) -> None:
    hostile = "'</text><image href=\"file:///etc/passwd\"/><text> & much more than two lines of it are too many for it'"
    page = built(store, tmp_path / "site", hostile, PANEL)
    assert size(page / "card.png") == (1200, 630)


def test_a_report_without_a_figure_that_can_be_drawn_has_none(store: Path, tmp_path: Path) -> None:
    page = built(store, tmp_path / "site", "Words alone", "Nothing to see.\n\n```panel\ntype: comparer\n```\n")
    assert not (page / "card.png").exists()
    assert "og:image" not in (page / "index.html").read_text()


def test_a_site_without_an_address_needs_none(store: Path, tmp_path: Path) -> None:
    page = built(store, tmp_path / "site", "At home", PANEL, site=PublicSite())
    assert not (page / "card.png").exists()


def test_a_cover_is_the_picture(store: Path, tmp_path: Path) -> None:
    plain = built(store, tmp_path / "plain", "Before", PANEL)
    write_file(store / "p/reports/cover.png", (plain / "card.png").read_bytes())
    page = built(store, tmp_path / "site", "After", PANEL, "cover: cover.png\n")
    assert not (page / "card.png").exists()
    text = (page / "index.html").read_text()
    assert '<img class="report-cover" src="images/' in text
    assert 'og:image" content="https://example.org/runs/p/reports/found/images/' in text
