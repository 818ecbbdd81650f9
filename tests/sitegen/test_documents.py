"""The JSON beside each page, and `llms.txt`."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

import pytest

from sitegen.build import build_site
from sitegen.extras import PublicSite
from tests.sitegen.reports.compiling import HOSTILE, write_store_of_reports
from tests.sites import build
from tests.stores import write_file, write_run, write_store

REPORT = """---
title: What we found
date: 2026-11-01
status: published
checks: [max(acc) > 0.9]
---

The best is {{ runs.best('acc').summary.acc }}, run by [[adam-2]].

```panel
type: bar
column: acc
id: fig-bars
caption: Bars
```

```table
runs: {filter: summary.acc > 0, group: config.optimizer}
columns: [acc]
id: tab-acc
```
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    store = write_store_of_reports(folder / "experiments")
    write_file(store / "p" / "reports" / "found.md", REPORT)
    return build(store, folder / "site")


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def test_each_page_but_the_comparison_has_a_document_and_names_it(site: Path) -> None:
    pages = {page.parent for page in site.rglob("index.html")}
    documents = {document.parent for document in site.rglob("index.json")}
    assert pages - documents == {page for page in pages if page.name == "compare"}
    assert documents <= pages
    for page in documents:
        html = (page / "index.html").read_text()
        assert '<link rel="alternate" type="application/json" href="index.json">' in html


def test_every_document_says_its_schema_and_its_kind(site: Path) -> None:
    kinds = {(found := _read(path))["kind"] for path in site.rglob("index.json") if _read(path)["schema"]}
    assert found["schema"] == "runstore-site/1"
    assert kinds == {"site", "project", "run", "group", "sweep", "report"}


def test_every_link_of_a_document_leads_to_a_file_of_the_site(site: Path) -> None:
    for path in site.rglob("index.json"):
        here = path.relative_to(site).as_posix()
        for link in _links(_read(path)):
            target = unquote(urljoin(f"/{here}", link)).lstrip("/")
            assert (site / target).is_file(), (here, link)


def _links(node: Any) -> list[str]:
    if isinstance(node, list):
        return [link for each in node for link in _links(each)]
    if not isinstance(node, dict):
        return []
    own = [value for key, value in node.items() if key in ("href", "up", "page", "points", "times", "spec", "data")]
    return [each for each in own if isinstance(each, str)] + [
        link for key, value in node.items() if key not in ("config", "summary") for link in _links(value)
    ]


def test_a_run_has_its_configuration_and_results(site: Path) -> None:
    run = _read(site / "p" / "runs" / "adam-1" / "index.json")
    assert run["config"]["optimizer"] == "adam"
    assert run["summary"]["acc"] == pytest.approx(0.921)
    assert run["metrics"] == ["acc", "loss"]
    assert run["source"] == "p/runs/adam-1"


def test_numbers_that_are_none_are_written_as_in_the_store(tmp_path: Path) -> None:
    store = write_store(tmp_path / "experiments")
    summary = {"a": "NaN", "b": "-Infinity", "c": 2**70, "d": 0.1}
    write_run(store, config={"deep": {"x": 1e400}}, files={"summary.json": summary})
    run = _read(build(store, tmp_path / "site") / "p" / "runs" / "r1" / "index.json")
    assert run["summary"] == summary
    assert run["config"] == {"deep": {"x": "Infinity"}}


def test_a_report_has_its_numbers_tables_and_claims(site: Path) -> None:
    report = _read(site / "p" / "reports" / "found" / "index.json")
    assert "The best is 0.931" in report["text"]
    assert [claim["verdict"] for claim in report["claims"]] == ["holds"]
    [figure] = report["figures"]
    assert figure["id"] == "fig-bars"
    assert "adam-2" in figure["runs"]["runs"]
    [table] = report["tables"]
    assert table["columns"] == ["optimizer", "acc"]
    assert table["rows"][0][1]["value"] == pytest.approx(0.921)
    assert report["projects"] == {"p": "../../../p/index.json"}


def test_what_a_person_named_can_end_no_line_and_no_link_of_the_overview(tmp_path: Path) -> None:
    store = write_store(tmp_path / "experiments", 'format: 1\nentity: "x](http://evil)\\n# Owned"\n')
    write_run(store)
    write_file(store / "p" / "project.yaml", 'title: "a](http://evil) [b"\ndescription: "one\\n- [two](http://evil)"\n')
    text = (build(store, tmp_path / "site") / "llms.txt").read_text()
    assert text.startswith("# x\\](http://evil) # Owned\n")
    assert [line for line in text.splitlines() if line.startswith("- ")] == [
        "- [a\\](http://evil) \\[b](p/index.json): one - \\[two\\](http://evil)"
    ]


def test_a_hostile_name_is_text(site: Path) -> None:
    project = _read(site / "p" / "index.json")
    assert HOSTILE in [run["name"] for run in project["runs"]]


def test_two_builds_give_the_same_documents(site: Path, tmp_path: Path) -> None:
    again = build(site.parent / "experiments", tmp_path / "again")
    for path in site.rglob("index.json"):
        assert (again / path.relative_to(site)).read_bytes() == path.read_bytes()
    assert (again / "llms.txt").read_bytes() == (site / "llms.txt").read_bytes()


def test_documents_of_a_public_site_tell_no_more_than_its_pages(tmp_path: Path) -> None:
    store = write_store(tmp_path / "experiments")
    facts = {"host": "canary-host", "user": "canary-user", "cwd": "/home/canary-user/x"}
    summary = {"acc": 1.0, "path": "/home/canary-user/data"}
    files = {"provenance.json": facts, "summary.json": summary}
    write_run(store, "open", config={"data": "/home/canary-user/data"}, files=files)
    write_run(store, "closed", config={"secret": "canary-closed"})
    write_file(store / "open" / "project.yaml", "visibility: public\n")
    build_site(store, tmp_path / "site", public=PublicSite())
    said = b"".join(path.read_bytes() for path in (tmp_path / "site").rglob("*") if path.suffix in (".json", ".txt"))
    assert b"canary" not in said.replace(b".runstore", b"")
    assert b"open" in said


def test_projects_named_like_the_files_of_the_front_page_have_a_place(tmp_path: Path) -> None:
    store = write_store(tmp_path / "experiments")
    write_run(store, "index.json")
    write_run(store, "llms.txt")
    site = build(store, tmp_path / "site")
    assert _read(site / "index.json")["kind"] == "site"
    for project in _read(site / "index.json")["projects"]:
        assert _read(site / project["href"])["name"] == project["name"]


def test_an_unchanged_store_writes_no_document(site: Path) -> None:
    done = build_site(site.parent / "experiments", site)
    assert not [path for path in done.written if path.endswith(".json")]
