"""Which media and tables a project's page offers: known from the summaries, and told apart run by run."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sitegen.data.logged import MAX_GROUPS
from tests.media_files import png, stored, table
from tests.sitegen.plans import PlannedSite, plan
from tests.stores import write_run


def payload(site: PlannedSite, path: str) -> Any:
    data = site.files[path]
    assert isinstance(data, bytes)
    found = re.fullmatch(rb"runstore\.put\((.*)\);\n", data, re.DOTALL)
    assert found
    return json.loads(b"[" + found[1] + b"]")[1]


def log(root: Path, run: str, keys: tuple[str, ...], group: str = "") -> None:
    folder = write_run(root, run_id=run, history=None)
    image = stored(folder, "image", "images/i.png", png(2, 2, lambda x, y: (x, y, 0)), width=2, height=2)
    values = {key: table(folder, "t", ["a"], [[run]]) if key.startswith("t") else image for key in keys}
    write_run(root, run_id=run, history=[{"_step": 0, "loss": 1.0, **values}], meta={"group": group} if group else {})


@pytest.fixture
def site(root: Path) -> PlannedSite:
    log(root, "r1", ("a", "t/x"), "g")
    log(root, "r2", ("a", "b.c"), "h")
    log(root, "r3", ())
    return plan(root)


def test_page_lists_keys_with_their_kind_and_groups(site: PlannedSite) -> None:
    logged = payload(site, "p/data/runs.js")["logged"]
    assert [(each["key"], each["place"], each["kind"], each["runs"], each["groups"]) for each in logged["keys"]] == [
        ("a", "media", "image", 2, ["g", "h"]),
        ("b.c", "media", "image", 1, ["h"]),
        ("t/x", "tables", "table", 1, ["g"]),
    ]
    told = payload(site, f"p/{logged['shard']}")
    ids = payload(site, "p/data/runs.js")["runs"]["id"]
    assert [{ids[run] for run in runs} for runs in told["runs"]] == [{"r1", "r2"}, {"r2"}, {"r1"}]
    assert [bool(stamp) for stamp in told["stamps"]] == [each != "r3" for each in ids]
    assert told["frame"] is None


def test_project_of_numbers_alone_has_no_list(root: Path) -> None:
    write_run(root, history=[{"_step": 0, "loss": 1.0}])
    assert payload(plan(root), "p/data/runs.js")["logged"] is None


def test_stamp_changes_with_the_run(root: Path) -> None:
    log(root, "r1", ("a",))
    before = payload(plan(root), "p/data/runs.js")["logged"]["name"]
    log(root, "r1", ("a", "b"))
    assert payload(plan(root), "p/data/runs.js")["logged"]["name"] != before


def test_too_many_groups_are_not_listed(root: Path) -> None:
    for at in range(MAX_GROUPS + 1):
        log(root, f"r{at}", ("a",), f"g{at}")
    (key,) = payload(plan(root), "p/data/runs.js")["logged"]["keys"]
    assert key["groups"] is None
    assert key["runs"] == MAX_GROUPS + 1


def test_runs_that_logged_the_same_share_no_data_file(root: Path) -> None:
    for run in ("r1", "r2"):
        folder = write_run(root, run_id=run, history=None)
        same = table(folder, "t", ["a"], [[1]])
        write_run(root, run_id=run, history=[{"_step": 0, "t": same}])
    site = plan(root)
    heads = [payload(site, f"p/runs/{run}/panels.js")[0] for run in ("r1", "r2")]
    parts = [
        payload(site, f"p/runs/{run}/{head['url']}")["items"][0]["parts"][0]["name"]
        for run, head in zip(("r1", "r2"), heads, strict=True)
    ]
    assert heads[0]["name"] != heads[1]["name"]
    assert parts[0] != parts[1]


def test_list_of_a_run_s_panels_is_called_by_the_run(site: PlannedSite) -> None:
    data = site.files["p/runs/r1/panels.js"]
    assert isinstance(data, bytes)
    assert data.startswith(b'runstore.put("panels/r1",')
