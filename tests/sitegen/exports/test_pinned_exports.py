"""Exports of a report that is pinned to a commit: their numbers and links are those of the commit, not of today."""

import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from runstore.errors import StoreError
from sitegen.build import build_site
from sitegen.exports.opening import opened
from sitegen.exports.saving import export_report
from sitegen.exports.tables import table_of
from tests.repositories import Repo
from tests.stores import curve, write_file, write_run, write_store

SITE = "https://example.org/site/"
TEXT = """---
title: Paper
status: published
as_of: v1
runs:
  done: {filter: "state = 'finished'"}
---
{{ runs | length }} runs, the best [[{{ runs.best('config.lr', 'max').id }}]] with
{{ runs.best('config.lr', 'max').config.lr }}.

```panel
type: line
runs: done
metrics: loss
id: fig-loss
```

```table
id: tab-all
caption: All of it
rows: runs
columns: [config.lr]
```
"""
THEN, NOW = "ThenRun", "NowRun"

pytestmark = pytest.mark.usefixtures("kept_scripts")


def run(root: Path, number: int, name: str, rate: float, steps: int) -> None:
    meta = {"name": f"{name}{number}", "created": f"2026-10-0{number + 1}T00:00:00Z"}
    config = {"lr": rate, "optimizer": name}
    write_run(root, "p", f"r{number}", curve(steps), config, meta, {"state": "finished"})


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A store in git. Two runs were there at `v1`; since then both are others, and one is new."""
    repo = Repo.init(tmp_path_factory.mktemp("pinned") / "work")
    root = write_store(repo.top / "experiments")
    for number in range(2):
        run(root, number, THEN, 0.125 * (number + 1), steps=5)
    repo.commit("then", when=1_800_000_000, tag="v1")
    for number in range(3):
        run(root, number, NOW, 0.7 * (number + 1), steps=9)
    write_file(root / "p/reports/paper.md", TEXT)
    return repo


@pytest.fixture
def store(repo: Repo) -> Path:
    return repo.top / "experiments"


@pytest.mark.parametrize("ending", ["html", "md", "tex"])
def test_its_numbers_are_those_of_the_commit(store: Path, tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"paper.{ending}"
    export_report(store, "paper", target)
    text = re.sub(r"<[^>]*>", "", target.read_text()) if ending == "html" else target.read_text()
    assert re.search(r"2 runs, the best .*?ThenRun1.*?\swith\s0\.25", text)
    assert f"{THEN}0" in text
    assert NOW not in text


@pytest.mark.parametrize(("ending", "kind"), [("md", "svg"), ("tex", "pdf")])
def test_its_figures_are_those_of_the_commit(store: Path, tmp_path: Path, ending: str, kind: str) -> None:
    export_report(store, "paper", tmp_path / f"paper.{ending}")
    drawn = (tmp_path / f"paper-files/fig-loss.{kind}").read_bytes()
    assert drawn
    if kind == "svg":
        assert THEN.encode() in drawn
        assert NOW.encode() not in drawn


def test_its_data_are_those_of_the_commit_where_the_site_has_them(repo: Repo, store: Path, tmp_path: Path) -> None:
    export_report(store, "paper", tmp_path / "paper.html")
    html = (tmp_path / "paper.html").read_text()
    carried = dict(re.findall(r'<script type="application/json" data-path="([^"]*)">([^<]*)</script>', html))
    base = f"_at/{repo.git('rev-parse', 'v1')[:12]}/p/data/"
    runs = json.loads(carried[f"{base}runs.js"])
    assert len(runs["runs"] if "runs" in runs else runs["id"]) == 2
    assert [path for path in carried if not path.startswith((base, "p/reports/paper/"))] == []


def test_what_is_printed_is_the_page_of_the_commit(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sitegen.exports.saving.printed", lambda html, browser: html)
    export_report(store, "paper", tmp_path / "paper.html")
    export_report(store, "paper", tmp_path / "paper.pdf")
    assert (tmp_path / "paper.pdf").read_bytes() == (tmp_path / "paper.html").read_bytes()


def test_a_table_alone_is_that_of_the_commit(store: Path) -> None:
    with opened(store, "paper") as found:
        lines = table_of(found.report.report, "tab-all", "csv").splitlines()
    assert sorted(lines[1:]) == [f"{THEN}0,0.125", f"{THEN}1,0.25"]


@pytest.mark.parametrize("ending", ["html", "md", "tex"])
def test_its_links_lead_to_pages_of_the_commit(repo: Repo, store: Path, tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"paper.{ending}"
    export_report(store, "paper", target, url=SITE)
    site = build_site(store, tmp_path / "site").out
    links = {unescape(each) for each in re.findall(rf'{SITE}([^\s"<>(){{}}]+)', target.read_text())}
    pages = {unquote(urldefrag(link.replace("\\_", "_").replace("\\#", "#"))[0]) for link in links}
    base = f"_at/{repo.git('rev-parse', 'v1')[:12]}/"
    assert f"{base}p/runs/r1/index.html" in pages
    for page in pages:
        assert (site / page).exists(), page
        assert not page.startswith("p/runs/"), page


def test_a_commit_that_is_gone_is_one_line(store: Path, tmp_path: Path) -> None:
    write_file(store / "p/reports/lost.md", TEXT.replace("as_of: v1", "as_of: v9"))
    try:
        with pytest.raises(StoreError, match=r"^p/reports/lost\.md: as_of: "):
            export_report(store, "lost", tmp_path / "lost.html")
    finally:
        (store / "p/reports/lost.md").unlink()
