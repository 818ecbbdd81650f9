"""`mkdocs build` with the plugin, as people call it: what is built, what is told, and what stays out."""

import json
import re
from pathlib import Path

import pytest

from sitegen.mkdocs.config import RunstoreConfig
from tests.mkdocs.sites import DEEP, INDEX, built, files, mkdocs, write_lab, write_site
from tests.stores import write_file, write_run

WRONG = """\
---
title: Wrong
runstore:
  nonsense: 1
  checks:
    - count() of runs = 7
---

Nobody is {{ runs.best('acc', 'max').nme }}, and [wrong]{check="max(acc) > 1"}.

```panel
type: line
metrics: [los]
```
"""


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    write_lab(tmp_path / "experiments")
    return tmp_path


def test_mistakes_are_warnings_with_their_lines_and_stand_on_the_page(lab: Path, cache: Path) -> None:
    write_site(lab, {"index.md": "# Fine", "sub/wrong.md": WRONG})
    done = mkdocs(lab, cache=cache)
    told = re.findall(r"WARNING -  runstore: docs/sub/wrong\.md, line (\d+): (.*)", done.stdout)
    assert done.returncode == 0, done.stdout
    assert [int(line) for line, _ in told] == [4, 6, 9, 9, 13]
    assert "nonsense" in told[0][1]
    assert "did you mean 'loss'" in told[-1][1]
    page = (lab / "site" / "sub" / "wrong" / "index.html").read_text()
    assert 'class="report-mistake"' in page
    assert 'class="mistake"' in page
    assert "claim-fails" in page
    assert (lab / "site" / "runstore" / "lab" / "index.html").is_file()
    assert mkdocs(lab, "--strict", cache=cache).returncode == 1


def test_two_builds_give_the_same_bytes_and_the_search_knows_captions(lab: Path, cache: Path) -> None:
    write_site(lab, {"index.md": INDEX, "a b/deep.md": DEEP})
    first = files(built(lab, cache))
    second = files(built(lab, cache))
    assert {path for path in first if first[path] != second.get(path)} <= {"sitemap.xml.gz"}
    assert first.keys() == second.keys()
    known = json.loads(first["search/search_index.json"])["docs"]
    text = " ".join(each["text"] for each in known)
    assert "Curves for 6 runs" in text
    assert "What they reach" in text
    assert "runstore.put" not in text
    assert "runstoreblock" not in text
    assert not [path for path, data in first.items() if b"canary" in data or os_path(lab) in data]


def os_path(folder: Path) -> bytes:
    return str(folder).encode()


def test_without_its_pages_no_link_leads_to_them(lab: Path, cache: Path) -> None:
    write_site(
        lab,
        {"index.md": INDEX.replace(", and [the project](runstore/lab/index.html)", ""), "a b/deep.md": DEEP},
        {"site": False},
    )
    made = files(built(lab, cache))
    ours = {path for path in made if path.startswith("runstore/")}
    assert not [path for path in ours if path.endswith("index.html")]
    assert {"runstore/lab/data/runs.js", "runstore/_static/embed.js"} <= ours
    assert "index.html" not in "".join(re.findall(r'href="([^"]*runstore/[^"]*)"', made["index.html"].decode()))


def test_a_private_project_stays_out_unless_it_is_let_in(lab: Path, cache: Path) -> None:
    pages = {"index.md": "```runs\nruns: {project: secret}\n```\n"}
    done = mkdocs(write_site(lab, pages), cache=cache)
    assert "found no project 'secret'" in done.stdout
    assert "left out as private: secret" in done.stdout
    write_site(lab, pages, {"public": False})
    assert "canary" in (built(lab, cache) / "index.html").read_text()


def test_a_link_to_what_is_left_out_says_why_it_is(lab: Path, cache: Path) -> None:
    store = lab / "experiments"
    write_file(store / "lab/reports/other.md", "---\ntitle: Canary\nstatus: draft\n---\n\nx\n")
    write_file(store / "secret/reports/mine.md", "---\ntitle: Canary\nstatus: published\n---\n\nx\n")
    text = '{{ runs | length }}\n\n```table\ncolumns: [acc]\ncaption: "%s"\n```\n'
    pages = {"index.md": text % "[[reports/other]] [[secret/reports/mine]] [[reports/none]]"}
    done = mkdocs(write_site(lab, pages), cache=cache)
    assert "found 'reports/other', which is left out as a draft (lab/reports/other.md)" in done.stdout
    assert "found 'secret/reports/mine', of the private project secret, which is left out" in done.stdout
    assert "found no run or report named 'reports/none'; correct the name" in done.stdout
    page = (lab / "site" / "index.html").read_text()
    assert "draft" not in page
    assert "private" not in page


def test_claims_of_reports_that_no_page_shows_are_no_warnings(lab: Path, cache: Path) -> None:
    report = "---\ntitle: R\nstatus: published\nchecks:\n  - count() = 99\n---\n\nx\n"
    write_file(lab / "experiments/lab/reports/failing.md", report)
    write_site(lab, {"index.md": "# Fine"})
    done = mkdocs(lab, "--strict", cache=cache)
    assert done.returncode == 0, done.stdout
    assert re.search(r"INFO +-  runstore: lab/reports/failing\.md, line 5: ", done.stdout)


def test_expressions_of_others_are_left_to_them(lab: Path, cache: Path) -> None:
    write_site(lab, {"index.md": "${{ secrets.TOKEN }} and {{ page.title }}"})
    assert "${{ secrets.TOKEN }} and {{ page.title }}" in (built(lab, cache) / "index.html").read_text()


def test_the_store_is_found_from_the_folder_of_the_configuration(lab: Path, cache: Path) -> None:
    inner = write_site(lab / "site-of-docs", {"index.md": "{{ runs | length }} runs"}, {"store": None, "project": None})
    assert "6 runs" in (built(inner, cache) / "index.html").read_text()


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        ({"store": "nowhere"}, "no such directory"),
        ({"runs": {"a": {"filtr": "x"}}}, "did you mean 'filter'"),
        ({"sites": True}, "Unrecognised configuration name"),
    ],
)
def test_a_wrong_configuration_is_told_in_one_line(
    lab: Path, cache: Path, plugin: dict[str, object], said: str
) -> None:
    done = mkdocs(write_site(lab, {"index.md": ""}, plugin), "--strict", cache=cache)
    assert done.returncode == 1
    assert said in done.stdout
    assert "Traceback" not in done.stdout


def test_pages_of_the_docs_are_never_overwritten(lab: Path, cache: Path) -> None:
    done = mkdocs(write_site(lab, {"index.md": "", "runstore/index.md": "mine"}), cache=cache)
    assert done.returncode == 1
    assert "found runstore/index.md" in done.stdout


def test_markdown_that_a_run_stored_is_no_page(lab: Path, cache: Path) -> None:
    stored = {"files/notes.md": "# Title\n<script>alert(1)</script>"}
    write_run(lab / "experiments", "lab", "r9", [{"_step": 0}], files=stored)
    write_site(lab, {"index.md": INDEX, "a b/deep.md": DEEP}, {"public": False})
    made = files(built(lab, cache))
    assert [path for path in made if "notes.md" in path]
    assert not [path for path in made if "notes/index.html" in path or path.endswith("notes.html")]
    for path, data in made.items():
        assert b"<script>alert(1)" not in data or not path.endswith(".html"), path


def test_a_page_can_be_left_alone(lab: Path, cache: Path) -> None:
    text = "---\nrunstore: false\n---\n{{ runs | nonsense }}\n\n```panel\ntype: nonsense\n```\n"
    write_site(lab, {"index.md": text})
    made = (built(lab, cache) / "index.html").read_text()
    assert "{{ runs | nonsense }}" in made
    assert "embed.css" not in made


def test_every_option_is_documented() -> None:
    page = (Path(__file__).resolve().parents[2] / "site" / "docs" / "mkdocs-plugin.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert documented == [name for name, _ in RunstoreConfig._schema]


def test_only_what_changed_is_made_again(lab: Path, cache: Path) -> None:
    write_site(lab, {"index.md": INDEX.replace("tuned = 6", "tuned >= 6"), "a b/deep.md": DEEP})
    first = files(built(lab, cache))
    write_run(
        lab / "experiments",
        "lab",
        "r6",
        [{"_step": 0, "acc": 0.5, "loss": 2}],
        {"lr": 0.1},
        files={"summary.json": {"acc": 1}},
    )
    second = files(built(lab, cache))
    assert re.search(r"Curves for <[^>]*>7<", second["index.html"].decode())
    assert first["runstore/lab/runs/r0/data.js"] == second["runstore/lab/runs/r0/data.js"]
