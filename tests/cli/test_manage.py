"""Commands that filter, change, delete, compare and export runs."""

import json
import re
import time
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, start
from tests.processes import environment, start_script, wait_until
from tests.stores import curve, write_heartbeat, write_run


def _ids(terminal: Terminal, store: Path, *arguments: str) -> list[str]:
    done = terminal("ls", "--json", "--store", store, *arguments)
    return [run["id"] for run in json.loads(done.out)]


def test_ls_filters_sorts_and_limits(terminal: Terminal, store: Path) -> None:
    assert _ids(terminal, store, "--filter", "state = 'failed'") == ["fold1"]
    assert _ids(terminal, store, "--sort", "-rows", "--limit", "2") == ["fold0", "fold1"]
    where = "'k-fold' IN tags OR summary.accuracy > 0.4"
    assert sorted(_ids(terminal, store, "digits", "--filter", where)) == ["byhand", "fold0"]
    done = terminal("ls", "--store", store, "--columns", "id,config.lr", "--filter", "config.lr IS NOT NULL")
    assert [line.split() for line in done.out.splitlines()] == [["id", "config.lr"], ["fold0", "0.0001"]]
    assert terminal("ls", "--store", store, "--filter", "rows > 99").out == "no runs match\n"
    assert "did you mean config.lr" in terminal.fails("ls", "--store", store, "--filter", "lr > 1")
    assert "character 8" in terminal.fails("ls", "--store", store, "--filter", "rows = 1 2 = rows")
    assert "no column" in terminal.fails("ls", "--store", store, "--sort", "nope")


def test_ls_as_csv_json_and_parquet(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    done = terminal("ls", "--csv", "--columns", "id,tags", "--filter", "id = 'fold0'", "--store", store)
    assert done.out == 'id,tags\nfold0,"[""k-fold"", ""mlp""]"\n'
    done = terminal("ls", "--json", "--columns", "id,created", "--filter", "id = 'fold0'", "--store", store)
    assert json.loads(done.out) == [{"id": "fold0", "created": "2026-10-01T10:00:00+00:00"}]
    assert terminal("ls", "--parquet", tmp_path / "x.parquet", "--store", store).code == 0
    import polars as pl

    assert pl.read_parquet(tmp_path / "x.parquet").height == 4
    assert "choose one" in terminal.fails("ls", "--csv", "--json", "--store", store)


def test_show_has_attempts_alerts_artifacts_and_files(terminal: Terminal, store: Path) -> None:
    write_run(
        store,
        "digits",
        "more",
        curve(2),
        files={
            "history.2.jsonl": curve(1, start=2),
            "provenance.json": {"started": "2026-10-01T00:00:00Z", "host": "n1"},
            "provenance.2.json": {"started": "2026-10-02T00:00:00Z", "host": "n2", "starting_step": 2},
            "alerts.jsonl": [{"_timestamp": 1.0, "title": "Low", "text": "acc\x1b[2J", "level": "WARN"}],
            "lineage.jsonl": [
                {"_timestamp": 1.0, "direction": "input", "artifact": "data", "version": "v3", "id": "abc", "type": "t"}
            ],
            "files/best/model.pt": "weights",
            "media/images/a.png": "a",
            "media/images/b.png": "bc",
        },
    )
    out = terminal("show", "more", "--store", store).out
    for part in ("Writers", "n2", "Alerts", "WARN: Low", "Artifacts", "digits/data:v3", "Files", "history.2.jsonl"):
        assert part in out
    assert [line.split(maxsplit=1) for line in out.splitlines() if "best/model.pt" in line or "media/" in line] == [
        ["best/model.pt", "7 bytes"],
        ["media/", "2 files, 3 bytes"],
    ]
    assert "\x1b" not in out
    shown = json.loads(terminal("show", "more", "--json", "--store", store).out)
    assert [each["starting_step"] for each in shown["attempts"]] == [None, 2]
    assert shown["artifacts"] == [{"direction": "input", "artifact": "digits/data:v3", "type": "t"}]
    assert shown["alerts"][0]["title"] == "Low"


def test_one_run_is_changed_at_once(terminal: Terminal, store: Path) -> None:
    assert terminal("rename", "fold0", "better name", "--store", store).out == "digits/fold0: name = better name\n"
    assert terminal("tag", "fold0", "--add", "new,newer", "--remove", "mlp", "--store", store).code == 0
    assert terminal("note", "fold0", "second line", "--append", "--store", store).code == 0
    assert terminal("move", "fold0", "--group", "", "--job-type", "eval", "--store", store).code == 0
    run = json.loads(terminal("show", "fold0", "--json", "--store", store).out)
    assert (run["name"], run["tags"], run["group"]) == ("better name", ["k-fold", "new", "newer"], None)
    assert (run["notes"], run["job_type"]) == ("the first fold\nsecond line", "eval")
    assert "is so already" in terminal("rename", "fold0", "better name", "--store", store).out
    assert re.search(r"name = [a-z]+-[a-z]+-1\n", terminal("rename", "fold0", " ", "--store", store).out)
    assert terminal("move", "fold0", "--project", "speech", "--store", store).code == 0
    assert terminal("show", "speech/fold0", "--store", store).code == 0


def test_many_runs_are_changed_with_yes_only(terminal: Terminal, store: Path) -> None:
    many = ("tag", "--filter", "project = 'digits'", "--add", "x", "--store", store)
    done = start(*many)
    assert (done.code, done.out) == (2, "")
    assert "pass --yes" in done.err
    dry = terminal(*many, "--dry-run")
    assert dry.code == 0
    assert dry.out.startswith("would tag 3 runs:\n")
    assert _ids(terminal, store, "--filter", "'x' IN tags") == []
    assert terminal(*many, "--yes").code == 0
    assert len(_ids(terminal, store, "--filter", "'x' IN tags")) == 3
    assert terminal("rename", "--filter", "group = 'mlp'", "{id} {number}", "--yes", "--store", store).code == 0
    assert len(_ids(terminal, store, "--filter", "name ~ '^fold[01] [12]$'")) == 2


def test_a_filter_that_nothing_matches_ends_with_1(terminal: Terminal, store: Path) -> None:
    for command in (("tag", "--add", "x"), ("delete",), ("export", "-o", "x.csv")):
        done = terminal(*command, "--filter", "rows > 1000", "--store", store)
        assert (done.code, done.out, done.err) == (1, "", "no runs match\n")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("tag", "fold0"), "no tag to change"),
        (("move", "fold0"), "nowhere to move"),
        (("delete",), "no run to take"),
        (("rename", "nobody", "x"), "found no run"),
        (("stop", "fold0"), ""),
        (("diff", "fold0"), "expected two or more"),
        (("restore", "fold0"), "runstore trash"),
        (("trash", "--older-than", "7d"), "--empty"),
        (("trash", "--empty", "--yes", "--older-than", "soon"), "12h, 7d or 4w"),
        (("export", "fold0", "-o", "x.docx"), "ending"),
    ],
)
def test_mistakes_are_one_line(terminal: Terminal, store: Path, command: tuple[str, ...], said: str) -> None:
    done = terminal(*command, "--store", store)
    assert done.code == 2
    [line] = done.err.splitlines()
    assert line.startswith("runstore: error: ")
    assert said in line


def test_delete_restore_and_the_trash(terminal: Terminal, store: Path) -> None:
    assert terminal("delete", "fold0", "--store", store).out == "digits/fold0: deleted\n"
    assert "fold0" not in _ids(terminal, store)
    [listed] = json.loads(terminal("trash", "--json", "--store", store).out)
    assert (listed["id"], listed["name"]) == ("fold0", "mlp fold 0")
    assert "mlp fold 0" in terminal("trash", "--store", store).out
    assert terminal("restore", "mlp fold 0", "--store", store).out == "digits/fold0: restored\n"
    assert "fold0" in _ids(terminal, store)
    terminal("delete", "fold0", "fold1", "--yes", "--store", store)
    assert "0 runs" in terminal("trash", "--empty", "--older-than", "1h", "--yes", "--store", store).out.replace(
        "no runs", "0 runs"
    )
    done = terminal("trash", "--empty", "--yes", "--store", store)
    assert "deleted for good: 2 runs" in done.out
    assert terminal("trash", "--store", store).out == "the trash is empty\n"
    assert sorted(path.stem for path in (store / "digits" / "deleted").iterdir()) == ["fold0", "fold1"]


def test_a_live_run_is_deleted_by_force_only(terminal: Terminal, store: Path) -> None:
    folder = write_run(store, "digits", "live", curve(1), state={"state": "running"})
    write_heartbeat(folder, {"pid": 1, "host": "elsewhere", "start": 0, "boot": ""}, at=time.time())
    done = terminal("delete", "live", "byhand", "--yes", "--store", store)
    assert done.code == 2
    assert done.out == "digits/byhand: deleted\n"
    assert "is running" in done.err
    assert terminal("delete", "live", "--force", "--store", store).code == 0


def test_stop_ends_a_live_run_as_killed(tmp_path: Path) -> None:
    script = """
        import time, runstore
        run = runstore.init(project="p", id="r1")
        run.log({"a": 1})
        print("ready", flush=True)
        while True:
            time.sleep(0.05)
    """
    with start_script(tmp_path, script) as process:
        assert process.stdout is not None
        wait_until(lambda: "ready" in str(process.stdout and process.stdout.readline()), "the script to log")
        done = start("stop", "r1", "--store", tmp_path / "experiments", **environment(tmp_path))
        assert (done.code, done.out) == (0, "p/r1: asked to stop\n")
        process.communicate(timeout=60)
    state = json.loads((tmp_path / "experiments/p/runs/r1/state.json").read_bytes())
    assert state["state"] == "killed"


def test_diff_exits_with_1_where_runs_differ(terminal: Terminal, store: Path) -> None:
    done = terminal("diff", "fold0", "fold1", "--store", store)
    assert done.code == 1
    assert "model.depth" in done.out
    found = json.loads(terminal("diff", "fold0", "fold1", "--json", "--store", store).out)
    assert found["differences"]["config"]["lr"] == [1e-4, None]
    assert terminal("diff", "fold0", "fold0", "--store", store).code == 0


def test_export_to_files_and_to_the_terminal(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    for name in ("x.csv", "x.json", "x.jsonl", "x.parquet", "x.zip", "x.tar.gz"):
        assert terminal("export", "-o", tmp_path / name, "--store", store).code == 0, name
        assert (tmp_path / name).stat().st_size > 0
    out = terminal("export", "fold1", "-o", "-", "--histories", "--columns", "loss", "--store", store).out
    assert out.splitlines()[:2] == ["project,run,name,_step,loss", "digits,fold1,mlp fold 1,0,1.0"]
    assert "whole runs" in terminal.fails("export", "-o", tmp_path / "y.zip", "--histories", "--store", store)


def test_a_name_or_a_text_alone_is_told_to_lack_its_runs(terminal: Terminal, store: Path) -> None:
    assert "`runstore rename RUN NAME`" in terminal.fails("rename", "fold0", "--store", store)
    assert "`runstore note RUN TEXT`" in terminal.fails("note", "fold0", "--store", store)


def test_an_empty_list_says_what_it_is_empty_of(terminal: Terminal, store: Path) -> None:
    assert terminal("ls", "--store", store, "--limit", "0").out == "no runs match\n"
    done = terminal("trash", "--store", store, "--empty", "--older-than", "30d")
    assert (done.code, done.out) == (0, "no runs in the trash are that old\n")
    line = terminal.fails("artifact", "ls", "nope", "--store", store)
    assert "no project has an artifact 'nope'; there are" in line


@pytest.mark.parametrize("command", ["login", "offline", "status", "controller"])
def test_a_command_that_only_wandb_has_says_what_there_is_instead(terminal: Terminal, command: str) -> None:
    assert f"no such command '{command}', which W&B has: " in terminal.fails(command, "--flag", "x")
