"""The summary of a run that was cut off: what metrics.yaml asks for comes from the rows."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from runstore.api import Api
from runstore.reading.store import read_store
from tests.processes import run_script
from tests.reading.views import only_run, record_of
from tests.stores import append, write_file, write_run

RUNNING = {"state": "running", "exit_code": None, "finished": ""}
METRICS = "- name: loss\n  summary: [min, last]\n- name: acc*\n  summary: [best]\n  goal: maximize\n"
LOG = """
    import math, os, signal, sys
    import runstore

    run = runstore.init(project="p", id=sys.argv[1])
    run.define_metric("loss", summary="min,max,mean,first,last")
    run.define_metric("val/*", summary="best", goal="maximize")
    run.define_metric("hush", summary="none")
    run.define_metric("copied", summary="copy")
    for step, loss in enumerate([3, 1.5, 2, math.inf]):
        run.log({"loss": loss, "val": {"acc": loss}, "val/acc": 5 - step, "hush": 1, "copied": step, "plain": step})
    run.log({"loss": 0.5, "val/acc": 9}, step=2)
    if sys.argv[1] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
"""


def rows(**values: list[Any]) -> list[dict[str, Any]]:
    return [
        {key: row[place] for place, key in enumerate(values)} | {"_step": step}
        for step, row in enumerate(zip(*values.values(), strict=True))
    ]


def test_a_run_killed_before_its_first_summary_has_the_summary_of_one_that_finished(tmp_path: Path) -> None:
    for name in ("killed", "finished"):
        run_script(tmp_path, LOG, name)
    store = tmp_path / "experiments"
    assert not (store / "p/runs/killed/summary.json").exists()
    killed, finished = record_of(store, "killed"), record_of(store, "finished")
    assert (killed.state, finished.state) == ("crashed", "finished")
    assert dict(killed.summary) == dict(finished.summary)
    assert killed.summary["loss.min"] == 0.5
    assert killed.summary["val/acc.best"] == 9
    seen = [{k: v for k, v in run.summary_metrics.items() if k[0] != "_"} for run in Api(store).runs("p")]
    assert seen[0] == seen[1]
    assert seen[0]["loss"] == {"min": 0.5, "max": math.inf, "mean": math.inf, "first": 3, "last": math.inf}


def test_a_summary_that_rows_came_after_is_made_anew_from_all_of_them(root: Path) -> None:
    said = {"loss": {"min": 2, "last": 2}, "acc": {"best": 0.5}, "other": 1, "_step": 1}
    history = rows(loss=[3, 2, 1, 4], acc=[0.1, 0.5, 0.7, 0.6])
    write_run(root, history=history, state=RUNNING, files={"metrics.yaml": METRICS, "summary.json": said})
    assert dict(only_run(root).summary) == {"loss.min": 1, "loss.last": 4, "acc.best": 0.7, "other": 1}


def test_a_run_without_a_summary_that_nobody_recorded_the_end_of_has_aggregates(root: Path) -> None:
    write_run(root, history=rows(loss=[3, 2, 4], n=[1, 2, 3]), files={"metrics.yaml": METRICS})
    assert dict(only_run(root).summary) == {"loss.min": 2, "loss.last": 4, "n": 3}


def test_what_the_script_set_and_a_summary_that_is_current_stay_as_they_are(root: Path) -> None:
    said = {"loss": 7, "acc": {"best": 99}, "_step": 1}
    history = rows(loss=[3, 2], acc=[1, 2])
    write_run(root, history=history, state=RUNNING, files={"metrics.yaml": METRICS, "summary.json": said})
    assert dict(only_run(root).summary) == {"loss": 7, "acc.best": 99}


def test_rows_that_were_taken_back_and_other_ranks_rows_do_not_count(root: Path) -> None:
    files = {
        "metrics.yaml": METRICS,
        "history.2.jsonl": [{"loss": 5, "_step": 1}],
        "provenance.2.json": {"started": "2026-10-01T01:00:00Z", "rewound_to": 0},
        "history.rank1.jsonl": rows(loss=[0.5], acc=[0.2]),
    }
    write_run(root, history=rows(loss=[3, 1, 2]), state=RUNNING, files=files)
    assert dict(only_run(root).summary) == {"loss.min": 3, "loss.last": 5, "acc.best": 0.2}


@pytest.mark.parametrize("again", ["another look", "another process"])
def test_aggregates_follow_the_rows_and_are_remembered(root: Path, again: str) -> None:
    folder = write_run(root, history=rows(loss=[3, 2]), state=RUNNING, files={"metrics.yaml": METRICS})
    store = read_store(root)
    assert store.projects[0].runs[0].summary["loss.min"] == 2
    line = (root / ".cache" / "p" / "catalog.jsonl").read_bytes().splitlines()[2]
    assert json.loads(line)["entry"]["aggregated"] == {"": {"loss.min": 2, "loss.last": 2}}
    append(folder, [{"loss": 1, "_step": 2}])
    store = read_store(root, known=store if again == "another look" else None)
    assert store.projects[0].runs[0].summary["loss.min"] == 1
    write_file(folder / "metrics.yaml", "- name: loss\n  summary: [max]\n")
    store = read_store(root, known=store if again == "another look" else None)
    assert dict(store.projects[0].runs[0].summary) == {"loss.max": 3}
