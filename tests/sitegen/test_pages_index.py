"""The front page: a card for each project, with its runs, states and best value."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runstore.reading.store import read_store
from sitegen.pages.index import compute, finder_payload
from tests.sitegen.plans import plan
from tests.sites import build
from tests.stores import START, append, curve, write_file, write_run, write_store


def _index(root: Path) -> Any:
    return plan(root).pages["index.html"]


def test_a_card_counts_runs_states_and_groups(root: Path) -> None:
    for at, state in enumerate(("finished", "failed", "finished")):
        write_run(root, run_id=f"r{at}", state={"state": state}, meta={"group": f"g{at % 2}"})
    write_file(root / "p/project.yaml", "title: Digits\ndescription: Ten of them\n")
    (card,) = _index(root).projects
    assert (card.name, card.title, card.description, card.href) == ("p", "Digits", "Ten of them", "p/index.html")
    assert (card.runs, card.groups, card.states) == (3, 2, (("finished", 2), ("failed", 1)))


def test_projects_stand_by_their_last_activity(root: Path) -> None:
    for name, start in (("old", 0), ("new", 200), ("middle", 100)):
        write_run(root, project=name, history=[{"a": 1, "_timestamp": START + start}])
    write_run(root, project="silent", history=None)
    cards = _index(root).projects
    assert [card.name for card in cards] == ["new", "middle", "old", "silent"]
    assert [card.last_activity for card in cards][2:] == ["2026-09-21T14:13:20Z", None]


def test_a_running_run_was_active_when_it_last_logged(root: Path) -> None:
    write_run(root, history=curve(5), state={"state": "running"})
    assert _index(root).projects[0].last_activity == "2026-09-21T14:13:22Z"


@pytest.mark.parametrize(
    ("summary", "headline"),
    [
        ({"val/accuracy": 0.5, "loss": 1}, ("val/accuracy", "0.9", "highest")),
        ({"val/loss": 0.5, "train/accuracy": 1}, ("val/loss", "0.5", "lowest")),
        ({"loss": 2, "epoch": 4}, ("loss", "2", "lowest")),
        ({"epoch": 4}, None),
        ({"accuracy": "high"}, None),
        ({"accuracy": "NaN"}, None),
        ({"accuracy": True}, None),
        ({"accuracy": 10**400}, None),
    ],
)
def test_the_headline_is_the_best_of_the_metric_that_seems_to_matter(root: Path, summary: Any, headline: Any) -> None:
    write_run(root, run_id="r1", files={"summary.json": summary})
    write_run(root, run_id="r2", files={"summary.json": {"val/accuracy": 0.9} if "val/accuracy" in summary else {}})
    found = _index(root).projects[0].headline
    assert (found and (found.metric, found.best, found.goal)) == headline


def test_the_headline_of_a_metric_with_aggregates_is_their_best(root: Path) -> None:
    metrics = [{"name": "val/accuracy", "summary": ["max", "last"]}]
    files = {"summary.json": {"val/accuracy": {"max": 0.9, "last": 0.7}}, "metrics.yaml": metrics}
    write_run(root, run_id="r1", files=files)
    found = _index(root).projects[0].headline
    assert found is not None
    assert (found.metric, found.best, found.goal) == ("val/accuracy", "0.9", "highest")


def test_the_store_is_called_by_its_entity(tmp_path: Path) -> None:
    assert _index(write_store(tmp_path / "store", "entity: Vision\n")).store_name == "Vision"


def test_every_problem_of_the_store_is_listed(root: Path) -> None:
    write_run(root, history=b"x\n")
    write_run(root, project="a:b")
    write_file(root / "p/project.yaml", "title: [")
    assert [problem.where for problem in _index(root).problems] == [
        "a:b",
        "p/project.yaml, line 1",
        "p/runs/r1/history.jsonl, line 1",
    ]


def test_times_beyond_the_calendar_are_left_out(root: Path) -> None:
    write_run(root, history=[{"a": 1, "_timestamp": 1e300}, {"a": 1, "_timestamp": -1e18}])
    assert _index(root).projects[0].last_activity is None


def test_the_search_knows_every_run_and_group_with_its_page(root: Path) -> None:
    write_run(root, "vision", "a1", meta={"name": "first", "group": "Fold 1", "tags": ["x", "y"], "job_type": "train"})
    write_run(root, "vision", "a2", meta={"group": "Fold 1"}, state={"state": "failed"})
    write_file(root / "vision" / "project.yaml", "title: Sight\n")
    [project] = finder_payload(read_store(root))["projects"]
    assert (project["name"], project["title"], project["base"]) == ("vision", "Sight", "vision/")
    first = min(project["runs"])
    assert (*first[:2], *first[3:]) == ("a1", "first", "Fold 1", "train", ["x", "y"])
    [(name, href, count)] = project["groups"]
    assert (name, count) == ("Fold 1", 2)
    site = build(root, root.parent / "site")
    assert (site / "vision" / href).is_file()
    assert all((site / f"vision/runs/{run[0]}/index.html").is_file() for run in project["runs"])


def test_the_sparkline_stays_while_another_project_changes(root: Path) -> None:
    write_run(
        root,
        "still",
        history=[{"val/loss": 1 / (step + 1)} for step in range(5)],
        files={"summary.json": {"val/loss": 0.2}},
    )
    run = write_run(root, "busy", history=curve(3), files={"summary.json": {"loss": 0.3}})
    site = build(root, root.parent / "site")
    before = (site / "index.html").read_text().count('class="spark-line"')
    append(run, curve(4, 3))
    build(root, site)
    assert before == (site / "index.html").read_text().count('class="spark-line"') == 2


def test_compute_of_clocks_gone_mad_is_not_told() -> None:
    run: Any = SimpleNamespace(runtime=3.0, tracked=None)
    mad: Any = SimpleNamespace(runtime=3.0, tracked=1e308)
    assert compute([run, run]) == 6.0
    assert compute([mad, mad]) is None
    assert compute([]) is None
