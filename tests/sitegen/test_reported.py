"""Reports as a part of builds: made again only when what they are made of changed, and never able to stop a build."""

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from sitegen.build import BuildReport, build_site
from sitegen.cli.site import build as build_command
from tests.media_files import png
from tests.stores import curve, write_file, write_run, write_store

PAGE = "p/reports/story/index.html"
STORY = """---
title: A story
status: published
bibliography: sources.bib
runs: {filter: group = 'a'}
checks: [count() = 2]
---
Best: {{ runs.best('config.lr', 'max').name }}, see [@box].

```panel
type: line
metrics: loss
```
"""
SOURCES = "@misc{box, author={Box, George}, title={On boxes}, year=1964}\n"


pytestmark = pytest.mark.usefixtures("kept_scripts")


@pytest.fixture
def store(root: Path) -> Path:
    for project in ("p", "q", "r"):
        for number in range(3):
            meta = {"name": f"run {number}", "group": "ab"[number // 2], "created": f"2026-10-0{number + 1}T00:00:00Z"}
            write_run(root, project, f"r{number}", curve(5), {"lr": number}, meta, {"state": "finished"})
    write_file(root / "p/reports/story.md", STORY)
    write_file(root / "p/reports/sources.bib", SOURCES)
    return root


def built(store: Path) -> BuildReport:
    return build_site(store, store.parent / "site")


def page(store: Path, path: str = PAGE) -> str:
    return (store.parent / "site" / path).read_text()


def text(store: Path) -> str:
    return re.sub(r"<[^>]*>", "", page(store))


def remade(store: Path) -> set[str]:
    """What of the report's folder a build writes again."""
    return {path for path in built(store).written if path.startswith("p/reports/story")}


def test_a_report_becomes_a_page_with_its_figures(store: Path) -> None:
    done = built(store)
    assert done.problems == ()
    assert {PAGE, "p/reports/story/report.js", "p/reports/story/figures/1.json"} <= set(done.written)
    assert "Best: run 1" in text(store)
    assert 'href="reports/story/index.html"' in page(store, "p/index.html")
    assert "The claim holds" in page(store)


def test_a_second_build_writes_nothing_and_another_place_gets_the_same_bytes(store: Path) -> None:
    first = built(store)
    assert built(store).written == ()
    again = build_site(store, store.parent / "elsewhere")
    own = [path for path in first.written if "/reports/" in path]
    assert len(own) >= 3
    for path in own:
        assert (store.parent / "site" / path).read_bytes() == (again.out / path).read_bytes()


def test_a_change_of_its_text_makes_it_again_and_no_other(store: Path) -> None:
    write_file(store / "p/reports/other.md", "---\ntitle: Other\n---\nNothing of it.\n")
    built(store)
    write_file(store / "p/reports/story.md", STORY + "\nOne more word.\n")
    done = built(store)
    assert PAGE in done.written
    assert not [path for path in done.written if path.startswith(("p/reports/other", "p/runs/", "q/"))]
    assert "One more word." in page(store)


def test_a_file_beside_it_makes_it_again(store: Path) -> None:
    built(store)
    write_file(store / "p/reports/sources.bib", SOURCES.replace("On boxes", "On circles"))
    assert PAGE in remade(store)
    assert "On circles" in page(store)


def test_only_a_project_that_it_speaks_of_makes_it_again(store: Path) -> None:
    write_file(store / "p/reports/story.md", STORY + "\n[[q/r0]]\n")
    built(store)
    write_run(store, "r", "new", curve(5), {}, {"name": "new"}, {"state": "finished"})
    assert remade(store) == set()
    write_run(store, "q", "r0", curve(5), {}, {"name": "renamed"}, {"state": "finished"})
    assert remade(store) == {PAGE, PAGE.replace(".html", ".json")}
    assert ">renamed</a>" in page(store)
    write_run(
        store,
        "p",
        "r9",
        [{"loss": 0.001, "_step": 0}],
        {"lr": 9},
        {"name": "best", "group": "a"},
        {"state": "finished"},
    )
    assert {PAGE, "p/reports/story/report.js"} <= remade(store)
    assert "Best: best" in text(store)


def test_a_report_that_is_gone_takes_its_page_along(store: Path) -> None:
    built(store)
    (store / "p/reports/story.md").unlink()
    done = built(store)
    assert PAGE in done.removed
    assert not (store.parent / "site/p/reports").exists()
    assert "reports/story" not in page(store, "p/index.html")


def test_problems_are_told_by_builds_that_keep_the_page(store: Path) -> None:
    wrong = STORY.replace("count() = 2", "count() = 9") + "\n{{ nothing }}\n"
    write_file(store / "p/reports/story.md", wrong)
    first = [str(problem) for problem in built(store).problems]
    write_run(store, "r", "new", curve(5), {}, {"name": "new"}, {"state": "finished"})
    second = built(store)
    assert PAGE not in second.written
    assert [str(problem) for problem in second.problems] == first
    assert [line.partition(": ")[0] for line in first] == ["p/reports/story.md, line 6", "p/reports/story.md, line 15"]
    assert "2 mistakes" not in page(store)
    assert "1 mistake" in page(store)
    assert "does not hold" in page(store)


@pytest.mark.parametrize("text", ["{{ nothing }}", "---\nchecks: [count() = 99]\n---\n", "[x]{check='count() > 3'}"])
def test_strict_fails_on_a_mistake_and_on_a_claim_that_does_not_hold(store: Path, text: str) -> None:
    out = str(store.parent / "site")
    assert CliRunner().invoke(build_command, [str(store), "-o", out, "--strict"]).exit_code == 0
    write_file(store / "p/reports/bad.md", text)
    for _ in range(2):
        done = CliRunner().invoke(build_command, [str(store), "-o", out, "--strict"])
        assert done.exit_code == 1
        assert "problem: p/reports/bad.md, line " in done.output
    assert CliRunner().invoke(build_command, [str(store), "-o", out]).exit_code == 0
    assert (store.parent / "site/p/reports/bad/index.html").is_file()


def test_a_draft_is_marked_on_its_page_and_in_lists(store: Path) -> None:
    write_file(store / "p/reports/story.md", STORY.replace("published", "draft"))
    built(store)
    assert '<span class="tag">Draft</span>' in page(store)
    assert "draft" in page(store, "p/index.html").partition("reports/story/index.html")[2][:300]


def test_files_that_are_no_report_are_told_and_leave_the_rest(store: Path, tmp_path: Path) -> None:
    folder = store / "p/reports"
    write_file(folder / "latin.md", "title\nn\xe9".encode("latin-1"))
    write_file(folder / "huge.md", b"x" * 2_000_001)
    write_file(tmp_path / "secret.md", "# Secret of another place\n")
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    os.mkfifo(folder / "pipe.md")
    (folder / "folder.md").mkdir()
    done = built(store)
    assert [str(problem).partition(";")[0] for problem in done.problems if "reports/" in str(problem)] == [
        "p/reports/huge.md: found more than 2000000 bytes, expected a report",
        "p/reports/latin.md: found bytes that are no UTF-8 in line 2, expected text",
    ]
    assert sorted(path.name for path in (done.out / "p/reports").iterdir()) == ["story"]


def test_a_folder_of_reports_that_is_a_link_is_not_followed(store: Path, tmp_path: Path) -> None:
    write_file(tmp_path / "outside/secret.md", "# Secret of another place\n")
    (store / "q/reports").symlink_to(tmp_path / "outside")
    (store / "reports").symlink_to(tmp_path / "outside")
    done = built(store)
    assert not (done.out / "q/reports").exists()
    assert not (done.out / "reports").exists()


NAMES = (
    'it\'s "quoted"',
    "two words",
    "日本語 🚀",
    "..hidden..",
    "con",
    "a%2fb",
    "<script>",
    "x" * 200,
    "index",
    "A?b#c",
)


def test_any_name_of_a_file_becomes_a_page_below_its_folder(store: Path) -> None:
    for name in NAMES:
        write_file(store / "p/reports" / f"{name}.md", f"# {len(name)}\n[[r0]]\n")
    done = built(store)
    assert done.problems == ()
    folder = (done.out / "p/reports").resolve()
    pages = [done.out / path for path in done.written if path.startswith("p/reports/") and path.endswith("index.html")]
    assert len(pages) == len(NAMES) + 1
    for made in pages:
        assert made.resolve().parent.parent == folder
        assert (made.parent / "../../runs/r0/index.html").resolve().is_file()
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", made.parent.name)
    assert "<script>" not in page(store, "p/index.html").replace("<script>alert", "")
    assert not {made.parent.name for made in pages} & {"con", "..hidden.."}


def test_names_that_differ_by_case_have_pages_of_their_own(store: Path) -> None:
    write_file(store / "p/reports/Story.md", "upper\n")
    done = built(store)
    assert len([path for path in done.written if path.startswith("p/reports/") and path.endswith("index.html")]) == 2


def test_images_of_a_report_are_stored_once_and_go_with_it(store: Path) -> None:
    write_file(store / "p/reports/a.png", png(4, 4, lambda x, y: (x, y, 0)))
    write_file(store / "p/reports/story.md", STORY + "\n![a](a.png) ![a](a.png)\n")
    done = built(store)
    images = [path for path in done.written if "/images/" in path]
    assert len(images) == 1
    write_file(store / "p/reports/story.md", STORY)
    assert set(built(store).removed) == set(images)


_FRONT = st.text(st.sampled_from("abcdefgruns:.{}[]'\"\\0x\n -&*!|>#%,é\x00"), max_size=40)


@settings(max_examples=8)
@given(_FRONT, st.text(max_size=40))
def test_no_text_stops_a_build(tmp_path_factory: pytest.TempPathFactory, front: str, body: str) -> None:
    root = write_store(tmp_path_factory.mktemp("any") / "experiments")
    write_run(root, "p", "r0", [{"_step": 0, "acc": 1.0}], None, None, {"state": "finished"})
    write_file(root / "p/reports/any.md", f"---\n{front}\n---\n{body}".encode("utf-8", "surrogatepass"))
    build_site(root, root.parent / "site")


FRONTS = (
    'project: "a\\0b"',
    "project: ../../etc",
    'runs: {project: "a\\0b"}',
    'runs: {project: ".."}',
    "runs: {project: gone}",
    'as_of: "a\\0b"',
    'as_of: "--help"',
    'as_of: "HEAD; id"',
    'title: "a\\0b\\u202e"',
    "cover: ../../../etc/passwd",
    "cover: http://example.org/a.png",
    'cover: "a\\0b"',
    "description: " + "x" * 100_000,
)


def test_no_front_matter_stops_a_build(store: Path) -> None:
    for at, front in enumerate(FRONTS):
        write_file(store / f"p/reports/r{at}.md", f"---\n{front}\ndigest: abc\n---\ntext\n\n```runs\n```\n")
    done = built(store)
    for at, front in enumerate(FRONTS):
        assert (done.out / f"p/reports/r{at}/index.html").is_file(), front
    assert all("\n" not in problem.message for problem in done.problems)
    told = {problem.path for problem in done.problems}
    assert told == {f"p/reports/r{at}.md" for at in range(8)} | {f"p/reports/r{at}.md" for at in (9, 10, 11)}


def test_a_report_about_several_projects_stands_on_the_front_page(store: Path, tmp_path: Path) -> None:
    write_file(store / "reports/both.md", "---\ntitle: Of <both>\nstatus: published\ndate: 2026-11-20\n---\nText.\n")
    text = (build_site(store, tmp_path / "site").out / "index.html").read_text()
    assert '<a href="reports/both/index.html">Of &lt;both&gt;</a> <span class="count">2026-11-20</span>' in text
