"""The workspace, its groups' pages, and the table of runs both load."""

from pathlib import Path
from typing import Any

import pytest

from runstore.reading.store import Project, read_store
from sitegen.pages.project import runs_payload, section, title
from tests.sitegen.plans import plan
from tests.stores import append, curve, write_file, write_run


def _project(root: Path) -> Project:
    return read_store(root).projects[0]


def _columns(root: Path) -> dict[str, tuple[str, list[Any]]]:
    return {column["key"]: (column["type"], column["values"]) for column in runs_payload(_project(root), [])["columns"]}


def test_the_table_has_every_run(root: Path) -> None:
    write_run(root, run_id="a b", meta="name: first\ncreated: 2026-10-02T00:00:00Z\n")
    write_run(root, run_id="r2", state={"state": "failed"})
    payload = runs_payload(_project(root), [])
    assert payload["runs"] == {"id": ["a b", "r2"], "name": ["first", "r2"]}
    assert _columns(root)["state"][1] == ["finished", "failed"]


def test_a_key_in_some_runs_is_a_column_with_gaps(root: Path) -> None:
    write_run(root, run_id="r1", config="lr: 1e-4\nflag: no\n", files={"summary.json": {"acc": 0.5}})
    write_run(root, run_id="r2", config="lr: 1\nmodel: {depth: 2}\n", files={"summary.json": {"acc": "NaN"}})
    columns = _columns(root)
    assert columns["config.lr"] == ("number", [0.0001, 1])
    assert columns["config.flag"] == ("text", ["no", None])
    assert columns["config.model.depth"] == ("number", [None, 2])
    assert columns["summary.acc"] == ("number", [0.5, "NaN"])


def test_columns_that_no_run_fills_are_left_out(root: Path) -> None:
    write_run(root, history=None)
    assert list(_columns(root)) == ["state", "rows"]


def test_what_files_a_run_and_where_it_ran_are_columns(root: Path) -> None:
    provenance = {"user": "ada", "host": "node1", "git": {"commit": "abc"}}
    meta = {"group": "g", "job_type": "train", "tags": ["a", "b"], "notes": "n", "sweep": "s"}
    write_run(root, history=curve(3), meta=meta, files={"provenance.json": provenance})
    columns = {key: values for key, (_, values) in _columns(root).items()}
    expected = {"group": "g", "job_type": "train", "tags": ["a", "b"], "notes": "n", "sweep": "s"}
    expected |= {"author": "ada", "host": "node1", "commit": "abc", "runtime": 1.0}
    assert {key: columns[key][0] for key in expected} == expected


def test_a_column_says_that_it_holds_lists_or_long_numbers_where_its_cells_are_text(root: Path) -> None:
    write_run(root, run_id="r1", config={"layers": [1, 2], "seed": 2**60, "name": "[x]", "mixed": [1]})
    write_run(root, run_id="r2", config={"layers": [], "seed": 1, "name": "y", "mixed": 2})
    kinds = {column["key"]: column.get("kind") for column in runs_payload(_project(root), [])["columns"]}
    found = {key: kind for key, kind in kinds.items() if key.startswith("config.")}
    assert found == {"config.layers": "list", "config.seed": "number", "config.name": None, "config.mixed": None}


def test_a_column_of_numbers_and_texts_says_which_texts_are_long_numbers(root: Path) -> None:
    for at, value in enumerate((2**60, "1152921504606846976", "x", 1)):
        write_run(root, run_id=f"r{at}", config={"seed": value})
    [column] = [column for column in runs_payload(_project(root), [])["columns"] if column["key"] == "config.seed"]
    assert column["kind"] == "mixed"
    assert [column["values"][run] for run in column["long"]] == [str(2**60)]
    assert [_project(root).runs[run].id for run in column["long"]] == ["r0"]


def test_a_mapping_is_a_value_where_other_runs_have_one(root: Path) -> None:
    write_run(root, run_id="r1", config={"model": {"depth": 2, "a.b": {"c": 1}}, "only": {"x": 1}})
    write_run(root, run_id="r2", config={"model": "mlp", "model.a": 3})
    columns = _columns(root)
    assert columns["config.model"] == ("text", ['{"depth":2,"a.b":{"c":1}}', "mlp"])
    assert columns["config.model.depth"] == ("number", [2, None])
    assert columns["config.model.a"] == ("number", [None, 3])
    assert "config.only" not in columns


@pytest.mark.parametrize("provenance", [{"user": ["x"], "git": "abc"}, {"host": None}, {"git": {"commit": {}}}])
def test_provenance_of_another_shape_stops_nothing(root: Path, provenance: Any) -> None:
    write_run(root, files={"provenance.json": provenance})
    assert plan(root).pages["p/runs/r1/index.html"]
    assert _columns(root)["state"][1] == ["finished"]


def test_runs_start_grouped_only_where_they_have_groups(root: Path) -> None:
    write_run(root)
    assert runs_payload(_project(root), [])["group"] is None
    write_run(root, run_id="r2", meta={"group": "g"})
    assert runs_payload(_project(root), [])["group"] == "group"


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("loss", ("charts", "loss")),
        ("train/loss", ("train", "loss")),
        ("a/b/c", ("a", "b/c")),
        ("/loss", ("charts", "/loss")),
        ("loss/", ("charts", "loss/")),
        ("", ("charts", "")),
    ],
)
def test_a_metric_stands_in_the_section_before_its_first_slash(key: str, parts: tuple[str, str]) -> None:
    assert (section(key), title(key)) == parts


def test_the_workspace_names_its_project_and_links_its_groups(root: Path) -> None:
    write_file(root / "p/project.yaml", "title: Digits\ndescription: Ten\n")
    for at in range(3):
        write_run(root, run_id=f"r{at}", meta={"group": "k fold" if at else "solo"})
    page = plan(root).pages["p/index.html"]
    assert (page.title, page.description, page.runs, page.root, page.data.split("?")[0]) == (
        "Digits",
        "Ten",
        3,
        "../",
        "data/runs.js",
    )
    assert [(group.name, group.count) for group in page.groups] == [("k fold", 2), ("solo", 1)]
    assert page.scope is None


def test_a_groups_page_says_what_its_runs_share_and_where_they_differ(root: Path) -> None:
    for at in range(3):
        config = {"lr": 0.1, "fold": at}
        meta = {"group": "g", "job_type": "eval" if at == 2 else "train", "created": f"2026-10-0{at + 1}T00:00:00Z"}
        write_run(root, run_id=f"r{at}", history=None, config=config, meta=meta)
    append(write_run(root, run_id="other", config={"lr": 7}), b"broken\n")
    page = plan(root).pages["p/groups/g/index.html"]
    assert (page.runs, page.shared_config) == (3, (("lr", "0.1"),))
    assert [(each.key, each.count) for each in page.about.varying] == [("fold", 3)]
    assert dict(page.facts) == {"Runs": "3", "States": "3 finished", "Job types": "1 eval, 2 train"}
    assert page.started == "2026-10-01T00:00:00Z"
    assert (page.scope.column, page.scope.value, page.root, page.problems) == ("group", "g", "../../../", ())


def test_a_workspace_lists_the_problems_of_its_runs(root: Path) -> None:
    write_run(root, history=b"x\n")
    (problem,) = plan(root).pages["p/index.html"].problems
    assert problem.where == "p/runs/r1/history.jsonl, line 1"
