"""`runstore settings`: every setting, its value, and where it came from."""

import json
from pathlib import Path

import pytest

from runstore.settings import SETTINGS
from tests.cli.terminal import Terminal
from tests.stores import write_store


def test_each_setting_is_listed_with_its_origin(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = write_store(tmp_path / "experiments", "format: 1\nsettings: {entity: lab, stats_interval: 5}\n")
    monkeypatch.setenv("WANDB_PROJECT", "digits")
    monkeypatch.setenv("RUNSTORE_TAGS", "a,b")
    done = terminal("settings", "--store", store)
    rows = {line.split()[0]: line.split()[1:] for line in done.out.splitlines()[1:-1]}
    assert set(rows) == set(SETTINGS)
    assert rows["project"] == ["digits", "WANDB_PROJECT"]
    assert rows["tags"] == ['["a",', '"b"]', "RUNSTORE_TAGS"]
    assert rows["entity"] == ["lab", "store.yaml"]
    assert rows["stats_interval"] == ["5.0", "store.yaml"]
    assert rows["mode"] == ["online", "default"]
    assert rows["dir"][-1] == "argument"
    assert done.out.splitlines()[-1] == f"store: {store}"


def test_only_what_was_set_and_as_json(terminal: Terminal, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "dryrun")
    found = json.loads(terminal("settings", "--store", store, "--set", "--json").out)
    assert set(found) == {"dir", "mode"}
    assert found["mode"]["value"] == "offline"
    assert found["mode"]["origin"] == "WANDB_MODE"
    assert found["mode"]["variables"] == ["RUNSTORE_MODE", "WANDB_MODE"]


def test_a_value_without_meaning_is_one_line(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNSTORE_STATS_INTERVAL", "often")
    done = terminal("settings")
    assert done.code == 2
    assert done.err == (
        "runstore: error: RUNSTORE_STATS_INTERVAL is 'often', expected seconds from 0.1 to 86400; "
        "correct it or leave it out\n"
    )
