"""The format's version at the command line: a newer one is refused, an older one migrated on purpose; schemas."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import runstore
from runstore.errors import StoreError
from runstore.format import records
from runstore.format.layout import StoreLayout
from runstore.format.schema import NAMES
from runstore.format.sweep_schema import SWEEP_SCHEMAS
from runstore.manage import migrations
from runstore.manage.aside import undo
from tests.cli.terminal import Terminal
from tests.stores import write_run, write_store

NEWER = "store.yaml, format: found 2, a newer format, expected at most 1; update with pip install -U runstore"


@pytest.mark.parametrize(
    "command", [("ls",), ("show", "r1"), ("verify",), ("verify", "--repair"), ("migrate",), ("build",)], ids=" ".join
)
def test_a_newer_format_is_refused_by_every_command(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    store = write_store(tmp_path / "experiments", "format: 2\n")
    write_run(store)
    monkeypatch.chdir(tmp_path)
    done = terminal(*command)
    assert done.code == 2
    assert NEWER in done.err
    assert done.err.count("\n") == 1
    assert (store / "store.yaml").read_text() == "format: 2\n"


def test_a_newer_format_is_refused_by_init_and_by_the_api(tmp_path: Path) -> None:
    store = write_store(tmp_path / "experiments", "format: 2\n")
    write_run(store)
    with pytest.raises(StoreError, match="a newer format"):
        runstore.init(dir=store)
    with pytest.raises(StoreError, match="a newer format"):
        len(runstore.Api(store=store).runs("p"))


def test_there_is_nothing_to_migrate_in_the_first_format(terminal: Terminal, store: Path) -> None:
    done = terminal("migrate", store)
    assert (done.code, done.out) == (0, "format 1 is this release's; nothing to do\n")
    assert migrations.STEPS == {}


@pytest.fixture
def later_release(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release whose format is 2, and that renames the key `job` of run.yaml to `job_type`."""

    def files(store: StoreLayout) -> Iterator[tuple[Path, bytes]]:
        for project in store.projects():
            for run in project.runs():
                data = run.run_yaml.read_bytes()
                yield run.run_yaml, data.replace(b"job:", b"job_type:")

    monkeypatch.setattr(records, "FORMAT", 2)
    monkeypatch.setattr(migrations, "FORMAT", 2)
    monkeypatch.setattr("runstore.cli.migrate.FORMAT", 2)
    monkeypatch.setitem(migrations.STEPS, 1, migrations.Step("job becomes job_type", files))


@pytest.mark.usefixtures("later_release")
def test_an_older_format_is_refused_until_it_is_migrated_and_comes_back(terminal: Terminal, tmp_path: Path) -> None:
    text = "# ours\nformat: 1  # the first\nentity: lab\n"
    store = write_store(tmp_path / "experiments", text)
    run = write_run(store, meta="job: train\n")
    assert "found 1, an older format, expected 2; run `runstore migrate`" in terminal("ls", "--store", store).err
    with pytest.raises(StoreError, match="an older format"):
        runstore.init(dir=store)
    assert "would rewrite 1 file; nothing was changed" in terminal("migrate", store, "--dry-run").out
    assert (run / "run.yaml").read_text() == "job: train\n"
    done = terminal("migrate", store)
    assert done.code == 0
    assert done.out.splitlines()[0] == "1 → 2: job becomes job_type"
    assert (store / "store.yaml").read_text() == "# ours\nformat: 2  # the first\nentity: lab\n"
    assert (run / "run.yaml").read_text() == "job_type: train\n"
    assert terminal("ls", "--store", store).code == 0
    assert "nothing to do" in terminal("migrate", store).out
    list(undo(StoreLayout(store)))
    assert ((store / "store.yaml").read_text(), (run / "run.yaml").read_text()) == (text, "job: train\n")


def test_a_format_that_no_step_leads_from_is_one_clear_error(
    terminal: Terminal, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (records, migrations):
        monkeypatch.setattr(place, "FORMAT", 2)
    done = terminal("migrate", store)
    assert done.code == 2
    assert "found format 1, but this release knows no way from 1; migrate with an older release first" in done.err


def test_schemas_are_printed(terminal: Terminal) -> None:
    assert json.loads(terminal("schema", "state").out)["title"] == "state"
    assert json.loads(terminal("schema", "sweep-claim").out)["title"] == "sweep-claim"
    assert set(json.loads(terminal("schema").out)) == {*NAMES, *SWEEP_SCHEMAS, "sweep", "report"}
    assert "did you mean 'sweep'?" in terminal.fails("schema", "swep")


def test_schemas_are_saved_for_an_editor(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal("schema", "--save", tmp_path / "schemas").code == 0
    saved = {path.stem: json.loads(path.read_text("utf-8")) for path in (tmp_path / "schemas").glob("*.json")}
    assert saved == json.loads(terminal("schema").out)


def test_verify_repairs_and_takes_back(terminal: Terminal, store: Path) -> None:
    run = write_run(store, "digits", "broken", b'{"a":1,"_step":0}\n{"to', state='{"state": "finished"}')
    assert terminal("verify", store).code == 1
    done = terminal("verify", store, "--repair")
    assert done.code == 0
    first, second, counts = done.out.splitlines()
    assert first == "repaired: digits/runs/broken/history.jsonl"
    assert second.startswith("as they were: experiments/.repair/")
    assert counts == "5 runs, 2 projects, no problems"
    assert terminal("verify", store).code == 0
    assert terminal("verify", store, "--undo").out == "put back: digits/runs/broken/history.jsonl\n"
    assert (run / "history.jsonl").read_bytes().endswith(b'{"to')
    assert "found no repair to take back" in terminal("verify", store, "--undo").err
    assert "--undo stands alone" in terminal("verify", store, "--undo", "--repair").err


def test_strict_names_files_that_the_format_does_not_know(terminal: Terminal, store: Path) -> None:
    (store / "digits" / "runs" / "fold0" / "odd.bin").write_bytes(b"x")
    assert terminal("verify", store).code == 0
    assert "digits/runs/fold0/odd.bin: found something" in terminal("verify", store, "--strict").out


def test_a_run_that_is_there_although_it_was_deleted_is_listed(terminal: Terminal, store: Path) -> None:
    folder = store / "digits" / "deleted"
    folder.mkdir()
    (folder / "fold0.yaml").write_text("- {id: fold0}\n")
    done = terminal("verify", store)
    assert done.code == 1
    assert "digits/runs/fold0: found a run that was deleted (digits/deleted/fold0.yaml says so)" in done.out


def test_wrong_settings_of_a_store_are_listed(terminal: Terminal, store: Path) -> None:
    write_store(store, "format: 1\nsettings: {mode: of, run_id: x, projct: y}\n")
    done = terminal("verify", store)
    assert done.code == 1
    assert "store.yaml: settings.mode is 'of', expected online, offline, shared or disabled" in done.out
    write_store(store, "format: 1\nsettings: {run_id: x, projct: y}\n")
    first, second, _ = terminal("verify", store).out.splitlines()
    assert first.startswith("store.yaml: settings.run_id cannot be set for a whole store")
    assert second == "store.yaml: settings projct is unknown; did you mean project?"
