"""Reports that are pinned to a commit of a real repository: their figures never move, and nothing of them stops a
build."""

import json
import re
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from runstore.errors import StoreError
from sitegen.build import BuildReport, build_site
from sitegen.extras import PublicSite
from sitegen.reporting import check_reports, find_report, freeze_report
from tests.repositories import Repo
from tests.stores import curve, write_file, write_run, write_store

PAGE = "p/reports/paper/index.html"
TEXT = """---
title: Paper
status: published
checks: [count() = 2]
{}---
{{{{ runs | length }}}} runs, the best [[{{{{ runs.best('config.lr', 'max').id }}}}]].

```panel
type: line
metrics: loss
id: fig-loss
```

```runs
```
"""


pytestmark = pytest.mark.usefixtures("kept_scripts")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A store in git, whose first commit has two runs, and no reports."""
    repo = Repo.init(tmp_path / "work")
    root = write_store(repo.top / "experiments")
    write_file(root / "p/project.yaml", "visibility: public\n")
    for number in range(2):
        run(root, number)
    repo.commit("two runs", when=1_800_000_000, tag="v1")
    return repo


def run(root: Path, number: int, name: str = "") -> None:
    meta = {"name": name or f"run {number}", "created": f"2026-10-0{number + 1}T00:00:00Z"}
    write_run(root, "p", f"r{number}", curve(5), {"lr": number}, meta, {"state": "finished"})


def store(repo: Repo) -> Path:
    return repo.top / "experiments"


def written(repo: Repo, front: str = "as_of: v1\n", name: str = "paper") -> None:
    write_file(store(repo) / f"p/reports/{name}.md", TEXT.format(front))


def built(repo: Repo, public: PublicSite | None = None) -> BuildReport:
    return build_site(store(repo), repo.top.parent / ("out" if public else "site"), public=public)


def page(done: BuildReport) -> str:
    return (done.out / PAGE).read_text()


def text(done: BuildReport, name: str = "paper") -> str:
    return re.sub(r"<[^>]*>", "", (done.out / f"p/reports/{name}/index.html").read_text())


def figures(done: BuildReport) -> dict[str, bytes]:
    """All that the report's page shows and loads of its own, and what it links to at the commit."""
    places = [done.out / "p/reports/paper", done.out / "_at"]
    return {
        path.relative_to(done.out).as_posix(): path.read_bytes()
        for place in places
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


def change(repo: Repo) -> None:
    """What can become of runs: one is changed, one is new, and one is gone."""
    root = store(repo)
    write_run(root, "p", "r0", curve(9), {"lr": 99}, {"name": "other"}, {"state": "failed"})
    run(root, 2)
    for path in sorted((root / "p/runs/r1").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (root / "p/runs/r1").rmdir()


def test_figures_of_a_pinned_report_never_move(repo: Repo) -> None:
    written(repo)
    first = built(repo)
    assert first.problems == ()
    shown = text(first)
    assert "2 runs, the best run 1." in shown
    assert "Pinned: all runs are as they were in commit" in shown
    before = figures(first)
    change(repo)
    second = built(repo)
    assert second.problems == ()
    assert figures(second) == before
    assert not (second.out / "p/runs/r1").exists()
    repo.commit("changed")
    assert figures(built(repo)) == before
    elsewhere = build_site(store(repo), repo.top.parent / "elsewhere")
    assert figures(elsewhere) == before


def test_a_second_build_writes_nothing(repo: Repo) -> None:
    written(repo)
    built(repo)
    assert built(repo).written == ()
    change(repo)
    assert not [path for path in built(repo).written if path.startswith(("_at", "p/reports/paper"))]


def test_every_link_of_its_pages_leads_to_a_file(repo: Repo) -> None:
    written(repo)
    change(repo)
    done = built(repo)
    pages = [done.out / PAGE, *(done.out / "_at").rglob("*.html")]
    assert len(pages) >= 4
    for path in pages:
        for link in re.findall(r'(?:href|src)="([^"#][^"]*)"', path.read_text()):
            bare = unquote(urldefrag(link.replace("&amp;", "&"))[0].partition("?")[0])
            if bare and not re.match(r"[a-z]+:", bare):
                target = (path.parent / bare).resolve()
                assert target.is_relative_to(done.out.resolve()), (path, link)
                assert target.is_file() or (target / "index.html").is_file(), (path, link)


def test_its_links_to_runs_are_to_those_of_the_commit(repo: Repo) -> None:
    written(repo)
    done = built(repo)
    sha = repo.git("rev-parse", "v1")[:12]
    assert f'href="../../../_at/{sha}/p/runs/r1/index.html"' in page(done)
    assert f"../../../_at/{sha}/p/data/runs.js" in (done.out / "p/reports/paper/report.js").read_text()
    assert (done.out / f"_at/{sha}/p/runs/r1/index.html").is_file()
    assert "_at/" not in (done.out / "p/runs/r1/index.html").read_text()


def test_pinned_reports_link_to_other_reports_as_they_are_now(repo: Repo) -> None:
    write_file(store(repo) / "p/reports/other.md", "---\ntitle: Other\n---\ntext\n")
    written(repo)
    path = store(repo) / "p/reports/paper.md"
    path.write_text(path.read_text() + "\nSee [[reports/other]].\n")
    done = built(repo)
    assert done.problems == ()
    assert 'href="../../../p/reports/other/index.html"' in page(done)


def test_its_pages_go_with_the_report(repo: Repo) -> None:
    written(repo)
    built(repo)
    (store(repo) / "p/reports/paper.md").unlink()
    done = built(repo)
    assert not (done.out / "_at").exists()
    assert not (done.out / "p/reports").exists()


def test_two_commits_are_kept_apart(repo: Repo) -> None:
    run(store(repo), 2)
    repo.commit("three runs", tag="v2")
    written(repo)
    written(repo, "as_of: v2\n", "later")
    done = built(repo)
    assert "2 runs, the best" in text(done)
    assert "3 runs, the best" in text(done, "later")
    assert len(list((done.out / "_at").iterdir())) == 2
    (problem,) = done.problems
    assert str(problem).startswith("p/reports/later.md, line 4: the claim 'count() = 2' does not hold: 3 of 3 runs")


@pytest.mark.parametrize("as_of", ["0123456789abcdef", "gone", "--all", "v1:experiments", "v1..HEAD", "a\\0b", "../.."])
def test_a_commit_that_is_gone_is_told_on_the_page(repo: Repo, as_of: str) -> None:
    written(repo, f'as_of: "{as_of}"\n')
    for _ in range(2):
        done = built(repo)
        assert [(problem.path, problem.line) for problem in done.problems] == [("p/reports/paper.md", 5)]
        assert done.problems[0].message.startswith("as_of: ")
        assert str(repo.top) not in done.problems[0].message
    shown = page(done)
    assert "1 mistake in" in shown
    assert "Pinned to a commit that is gone" in shown
    assert (done.out / "p/index.html").is_file()


def test_a_commit_without_a_store_is_told_and_leaves_the_rest(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "work")
    write_file(repo.top / "README", "hello")
    repo.commit("no store", tag="v0")
    root = write_store(repo.top / "experiments")
    run(root, 0)
    repo.commit("a store", tag="v1")
    written(repo, "as_of: v0\n")
    written(repo, "as_of: v1\n", "good")
    for _ in range(2):
        done = built(repo)
        assert "as_of: there is no store in commit" in text(done)
        assert [str(each).partition(" in commit")[0] for each in done.problems if "paper" in each.path] == [
            "p/reports/paper.md, line 5: as_of: there is no store"
        ]
    assert "1 runs, the best" in text(done, "good")


def test_a_store_outside_of_git_has_no_commits(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "plain")
    root = write_store(repo.top / "experiments")
    run(root, 0)
    written(repo)
    done = built(repo)
    assert [problem.line for problem in done.problems] == [5]


def test_freezing_records_what_the_commit_holds(repo: Repo) -> None:
    written(repo, "")
    repo.commit("a report")
    freeze_report(find_report(store(repo), "paper"), store(repo))
    sha = repo.git("rev-parse", "HEAD")
    text = (store(repo) / "p/reports/paper.md").read_text()
    assert f'as_of: "{sha}"\n' in text
    assert re.search(r'digest: "[0-9a-f]{32}"\n', text)
    change(repo)
    assert built(repo).problems == ()
    assert [report.problems for report in check_reports(store(repo), ["paper"])] == [[]]


def test_a_digest_that_differs_is_a_mistake_at_its_line(repo: Repo) -> None:
    written(repo, 'as_of: v1\ndigest: "00"\n')
    for _ in range(2):
        done = built(repo)
        assert [problem.line for problem in done.problems] == [6]
        assert "holds" in done.problems[0].message
        assert "expected 00; its runs are others than those that were frozen" in done.problems[0].message


@pytest.mark.parametrize("what", ["changed", "new", "deleted"])
def test_freezing_refuses_what_no_commit_holds(repo: Repo, what: str) -> None:
    written(repo, "")
    repo.commit("a report")
    if what == "changed":
        run(store(repo), 0, "renamed")
    elif what == "new":
        run(store(repo), 5)
    else:
        (store(repo) / "p/runs/r0/config.yaml").unlink()
    before = (store(repo) / "p/reports/paper.md").read_bytes()
    file = find_report(store(repo), "paper")
    with pytest.raises(StoreError, match=r"1 run is not committed, .* commit .*; commit first, or name .* --at"):
        freeze_report(file, store(repo))
    assert (store(repo) / "p/reports/paper.md").read_bytes() == before
    freeze_report(file, store(repo), "v1")
    assert f'as_of: "{repo.git("rev-parse", "v1")}"' in file.path.read_text()


def test_freezing_says_how_many_runs_are_not_committed(repo: Repo) -> None:
    written(repo, "")
    repo.commit("a report")
    file = find_report(store(repo), "paper")
    write_file(store(repo) / "p/project.yaml", "title: Another\n")
    with pytest.raises(StoreError, match=r"p/project\.yaml is not committed"):
        freeze_report(file, store(repo))
    for number in (5, 6):
        run(store(repo), number)
    for number in range(3):
        write_run(store(repo), "new", f"n{number}", curve(2), state={"state": "finished"})
    write_file(store(repo) / "objects/sha256/3b/x", "blob")
    with pytest.raises(StoreError, match=r": 5 runs are not committed"):
        freeze_report(file, store(repo))


def test_the_public_site_shows_of_the_commit_what_it_shows_of_today(repo: Repo) -> None:
    root = store(repo)
    write_file(root / "p/runs/r0/provenance.json", json.dumps({"host": "canary-host", "user": "canary-user"}))
    write_file(root / "secret/project.yaml", "title: Canary\n")
    write_run(root, "secret", "s0", curve(3), {"lr": "canary-value"}, {"name": "canary-run"}, {"state": "finished"})
    repo.commit("private things", tag="v2")
    written(repo, "as_of: v2\n")
    path = root / "p/reports/paper.md"
    path.write_text(path.read_text() + "\n[[secret/s0]]\n")
    done = built(repo, PublicSite())
    assert "2 runs, the best" in text(done)
    for each in done.out.rglob("*"):
        if each.is_file():
            assert b"canary-" not in each.read_bytes(), each
    assert not list(done.out.rglob("secret"))
    assert built(repo, PublicSite()).written == ()
