"""The plan: which files the site has, and that each is made again when, and only when, it would change."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sitegen import urls
from tests.sitegen.plans import PlannedSite, plan
from tests.stores import append, curve, write_file, write_run

HOSTILE = "</script><script>alert(1)</script>"


def _payload(site: PlannedSite, path: str) -> Any:
    data = site.files[path]
    assert isinstance(data, bytes)
    found = re.fullmatch(rb"runstore\.put\((.*)\);\n", data, re.DOTALL)
    assert found
    return json.loads(b"[" + found[1] + b"]")[1]


def _changed(before: PlannedSite, after: PlannedSite) -> set[str]:
    return {path for path in after.digests if before.digests.get(path) != after.digests[path]}


def _content_changed(before: PlannedSite, after: PlannedSite) -> set[str]:
    return {path for path in after.files if before.files.get(path) != after.files[path]}


@pytest.fixture
def three_runs(root: Path) -> Path:
    for at, run_id in enumerate(("a", "b", "c")):
        meta = f"name: run {run_id}\ncreated: 2026-10-0{at + 1}T00:00:00Z\ngroup: g{at % 2}\n"
        write_run(root, run_id=run_id, history=curve(5), meta=meta, config={"lr": at}, state={"state": "finished"})
    return root


def test_a_site_has_its_front_and_every_project_group_and_run(three_runs: Path) -> None:
    write_run(three_runs, project="q", run_id="x", history=None, files={"output.log": "hi\n", "changes.patch": "+x\n"})
    files = set(plan(three_runs).files)
    assert Counter(re.sub(r"data/([mt])[0-9a-f]{16}", r"data/\1", path) for path in files) == Counter([
        "index.html",
        ".nojekyll",
        *("index.json", "llms.txt", "p/index.json", "q/index.json", "q/runs/x/index.json"),
        *(f"p/{page}/index.json" for page in ("groups/g0", "groups/g1", "runs/a", "runs/b", "runs/c")),
        "_static/finder.js",
        "_static/site.css",
        "p/index.html",
        *("p/data/m.js", "p/data/t.js", "p/data/runs.js", "p/data/names.js", "p/compare/index.html"),
        *("p/groups/g0/index.html", "p/groups/g1/index.html"),
        *(f"p/runs/{run}/{name}" for run in "abc" for name in ("index.html", "data.js")),
        "q/index.html",
        *("q/data/runs.js", "q/data/names.js", "q/compare/index.html"),
        *(f"q/runs/x/{name}" for name in ("index.html", "data.js", "output.log.txt", "changes.patch.txt")),
        *(f"q/runs/x/{name}" for name in ("log.js", "log/0-0.js", "files.js", "previews/0.js")),
    ])  # fmt: skip


def test_an_empty_store_has_a_front_page(root: Path) -> None:
    front = {"index.html", "index.json", "llms.txt"}
    assert set(plan(root).files) == {*front, ".nojekyll", "_static/finder.js", "_static/site.css"}


def test_two_plans_of_one_store_are_the_same_files(three_runs: Path, tmp_path: Path) -> None:
    cold, warm = plan(three_runs), plan(three_runs)
    moved = shutil.copytree(three_runs, tmp_path / "elsewhere/store", ignore=shutil.ignore_patterns(".cache"))
    assert cold.files == warm.files == plan(moved).files
    assert cold.digests == warm.digests


def test_nothing_in_the_site_names_where_the_store_lies(three_runs: Path, tmp_path: Path) -> None:
    write_run(three_runs, run_id="broken", history=b"x\n", config="a: [")
    for data in plan(three_runs).files.values():
        assert not isinstance(data, bytes) or str(tmp_path).encode() not in data


CHANGES: dict[str, Any] = {
    "a run grew": lambda root: append(root / "p/runs/b", curve(3, start=5)),
    "a run was renamed": lambda root: write_file(root / "p/runs/b/run.yaml", "name: new\ncreated: 2026-10-02\n"),
    "a run moved to another group": lambda root: write_file(root / "p/runs/c/run.yaml", "group: G1\n"),
    "a run came": lambda root: write_run(root, run_id="d", history=curve(9, start=-4)),
    "a long run came": lambda root: write_run(root, run_id="d", history=curve(2000)),
    "a run with steps between came": lambda root: write_run(root, run_id="d", history=[{"loss": 1, "_step": 0.5}]),
    "a run went": lambda root: shutil.rmtree(root / "p/runs/b"),
    "a run broke": lambda root: append(root / "p/runs/b", b"broken\n"),
    "a configuration changed": lambda root: write_file(root / "p/runs/a/config.yaml", "lr: 9\n"),
    "a state changed": lambda root: write_file(root / "p/runs/a/state.json", {"state": "failed"}),
    "a log came": lambda root: write_file(root / "p/runs/a/output.log", "hello\n"),
    "a table came": lambda root: append(root / "p/runs/a", [{"t": {"_type": "table-file", "path": "media/t.json"}}]),
    "the project was titled": lambda root: write_file(root / "p/project.yaml", "title: New\n"),
    "the project's record broke": lambda root: write_file(root / "p/project.yaml", "title: [a]\n"),
    "another project came": lambda root: write_run(root, project="z", history=curve(1)),
    "the store was named": lambda root: write_file(root / "store.yaml", "format: 1\nentity: Team\n"),
    "nothing changed": lambda root: None,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_file_that_changes_has_another_digest(three_runs: Path, change: Any) -> None:
    before = plan(three_runs)
    change(three_runs)
    after = plan(three_runs)
    assert _content_changed(before, after) <= _changed(before, after)


def test_when_a_run_grows_the_pages_of_other_runs_stay(three_runs: Path) -> None:
    before = plan(three_runs)
    append(three_runs / "p/runs/a", curve(3, start=5))
    changed = _changed(before, plan(three_runs))
    assert {"p/runs/a/index.html", "p/runs/a/data.js", "p/data/runs.js", "p/index.html"} <= changed
    assert not {"p/runs/c/index.html", "p/runs/c/data.js", "p/runs/b/data.js"} & changed


def test_a_table_that_changes_or_comes_late_changes_its_runs_page(three_runs: Path) -> None:
    stub = {"_type": "table-file", "path": "media/table/t.table.json", "nrows": 1, "ncols": 1}
    append(three_runs / "p/runs/a", [{"t": stub}])
    before = plan(three_runs)
    table = write_file(three_runs / "p/runs/a/media/table/t.table.json", {"columns": ["x"], "data": [[1]]})
    late = plan(three_runs)
    assert "p/runs/a/index.html" in _changed(before, late)
    assert before.projects != late.projects
    write_file(table, {"columns": ["x"], "data": [[1], [2]]})
    assert "p/runs/a/index.html" in _changed(late, plan(three_runs))


def test_a_runs_times_depend_on_no_other_run(three_runs: Path) -> None:
    rows = [{"a": at, "b": at, "_step": at, "_runtime": at} for at in range(4)]
    write_run(three_runs, run_id="d", history=rows)
    before = plan(three_runs).files["p/runs/d/data.js"]
    apart = [{"a": at, "_step": at, "_runtime": at} for at in range(4)] + [{"b": 1, "_step": 9, "_runtime": 99}]
    write_run(three_runs, run_id="e", history=apart)
    assert plan(three_runs).files["p/runs/d/data.js"] == before


def test_when_nothing_changed_nothing_has_another_digest(three_runs: Path) -> None:
    assert _changed(plan(three_runs), plan(three_runs)) == set()


def test_a_new_release_makes_everything_again(three_runs: Path) -> None:
    before, after = plan(three_runs), plan(three_runs, release="2")
    assert _changed(before, after) == set(after.digests)


def test_a_run_that_crashes_by_silence_alone_changes_its_pages(root: Path) -> None:
    folder = write_run(root, history=curve(2), state={"state": "running"}, files={"heartbeat": "{}"})
    beat = (folder / "heartbeat").stat().st_mtime
    before, after = plan(root, now=beat + 1), plan(root, now=beat + 1000)
    assert {"index.html", "p/index.html", "p/data/runs.js", "p/runs/r1/index.html"} <= _changed(before, after)


def test_no_name_leads_a_file_out_of_the_site(root: Path) -> None:
    for name in ("_static", "index.html", "CON x", "ключ", "<b>", "a'b"):
        write_run(root, project=name, run_id=name, history=curve(1), meta={"group": f"../../{name}"})
    site = plan(root)
    for path in site.files:
        assert not path.startswith("/")
        assert ".." not in path.split("/")
    assert len({path.casefold() for path in site.files}) == len(site.files)
    folders = {path.rpartition("/")[0] for path in site.files}
    assert not folders & set(site.files)


def test_keys_and_texts_of_users_are_values_in_data_files_never_names(root: Path) -> None:
    row = {"__proto__": 1.0, HOSTILE: 2.0, "constructor/x": 3.0}
    config = {"__proto__": {HOSTILE: HOSTILE}}
    write_run(root, history=[row | {"_step": at} for at in range(3)], config=config, meta={"group": HOSTILE})
    site = plan(root)
    named = set()
    for path in site.files:
        if path.endswith(".js"):
            named |= set(_names(_payload(site, path)))
    assert not named & {"__proto__", HOSTILE, "constructor", "constructor/x", "x"}
    assert {metric["key"] for metric in _payload(site, "p/data/runs.js")["metrics"]} == set(row)


def _names(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(name for inner in value.values() for name in _names(inner))]
    return [name for inner in value for name in _names(inner)] if isinstance(value, list) else []


def test_the_workspace_lists_the_charts_whose_files_there_are(three_runs: Path) -> None:
    append(three_runs / "p/runs/a", [{"val/acc": 0.5, "train/acc": 0.25, "_step": 9}])
    site = plan(three_runs)
    metrics = _payload(site, "p/data/runs.js")["metrics"]
    assert [(metric["key"], metric["section"], metric["title"], metric["runs"]) for metric in metrics] == [
        ("loss", "charts", "loss", 3),
        ("train/acc", "train", "acc", 1),
        ("val/acc", "val", "acc", 1),
    ]
    for metric in metrics:
        [part] = metric["parts"]
        assert (part["from"], part["to"]) == (0, 2)
        assert f"p/data/{part['name']}.js" in site.files
        assert "times" not in part or f"p/data/{part['times']}.js" in site.files
    assert [metric["has_runtime"] for metric in metrics] == [True, False, False]
    assert [metric["has_wall"] for metric in metrics] == [True, False, False]


def test_a_runs_data_hold_its_own_metrics_and_each_time_axis_once(three_runs: Path) -> None:
    rows = [{"acc": at, "loss": at, "_step": at, "_runtime": at, "_timestamp": 1e9 + at} for at in range(4)]
    write_run(three_runs, run_id="d", history=[*rows, {"late": 1, "_step": 4, "_runtime": 5}])
    payload = _payload(plan(three_runs), "p/runs/d/data.js")
    assert [(metric["key"], metric["count"]) for metric in payload["metrics"]] == [("acc", 4), ("late", 1), ("loss", 4)]
    assert all(metric["times"] is None or metric["times"] < len(payload["times"]) for metric in payload["metrics"])
    assert _payload(plan(three_runs), "p/runs/a/data.js")["metrics"][0]["count"] == 5


def test_a_run_without_history_has_a_page(root: Path) -> None:
    write_run(root, history=None)
    site = plan(root)
    data = _payload(site, "p/runs/r1/data.js")
    assert (data["times"], data["metrics"], data["about"]["id"]) == ([], [], "r1")
    assert site.pages["p/runs/r1/index.html"].loads.metrics == 0


def test_logs_and_patches_are_copied_whole_and_links_never(root: Path, tmp_path: Path) -> None:
    folder = write_run(root, files={"output.log": "hello\n"})
    (folder / "changes.patch").symlink_to(write_file(tmp_path / "secret", "password\n"))
    site = plan(root)
    assert site.files["p/runs/r1/output.log.txt"] == folder / "output.log"
    assert "p/runs/r1/changes.patch.txt" not in site.files
    assert site.pages["p/runs/r1/index.html"].patch is None


def test_links_between_pages_lead_to_files_of_the_site(three_runs: Path) -> None:
    site = plan(three_runs)
    for path, page in site.pages.items():
        links = [link for _, link in page.crumbs if link]
        links += [link.href for link in (getattr(page, name, None) for name in ("group", "previous", "next")) if link]
        links += [f"{page.root}{card.href}" for card in getattr(page, "projects", ())]
        for link in links:
            assert _resolved(path, link) in site.files
        for group in getattr(page, "groups", ()):
            assert _resolved(path, group.href) in site.files


def _resolved(page: str, link: str) -> str:
    parts = page.split("/")[:-1]
    for part in link.split("/"):
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join(parts)


def test_the_front_page_is_where_urls_says(root: Path) -> None:
    assert urls.index_page() in plan(root).pages
