"""`runstore verify`: every problem with file and line, and an exit code that a script can use."""

import json
from pathlib import Path

from tests.cli.terminal import Terminal
from tests.stores import curve, write_file, write_run


def test_a_sound_store_has_no_problem(terminal: Terminal, store: Path) -> None:
    done = terminal("verify", store)
    assert (done.code, done.out) == (0, "4 runs, 2 projects, no problems\n")


def test_each_problem_names_file_and_line(terminal: Terminal, store: Path) -> None:
    write_run(
        store, "digits", "broken", b'{"loss": 1}\nnot json\n{"loss": 2}\n{"loss": 3', state='{"state": "finished"}'
    )
    done = terminal("verify", store)
    assert done.code == 1
    bad, torn, counts = done.out.splitlines()
    assert bad.startswith("digits/runs/broken/history.jsonl, line 2: ")
    assert torn.startswith("digits/runs/broken/history.jsonl, line 4: ")
    assert "torn" in torn
    assert counts == "5 runs, 2 projects, 2 problems"


def test_json_lists_path_line_and_message(terminal: Terminal, store: Path) -> None:
    write_run(store, "digits", "broken", config="a: 1\nb: [\n")
    done = terminal("verify", store, "--json")
    assert done.code == 1
    [problem] = json.loads(done.out)
    assert problem["path"] == "digits/runs/broken/config.yaml"
    assert problem["message"]


def test_a_directory_that_cannot_be_a_project_is_listed(terminal: Terminal, store: Path) -> None:
    write_run(store, "what?", "r", [{"loss": 1}])
    write_run(store, "digits", "a:b", [{"loss": 1}])
    done = terminal("verify", store)
    assert done.code == 1
    assert "'what?'" in done.out
    assert "'a:b'" in done.out


def test_a_store_is_found_below_the_directory_that_is_named(terminal: Terminal, store: Path) -> None:
    assert terminal("verify", store.parent).code == 0


def test_media_that_are_gone_or_changed_are_listed(terminal: Terminal, store: Path) -> None:
    stub = {"_type": "table-file", "path": "media/t.json", "sha256": "0" * 64, "size": 2}
    run = write_run(store, "digits", "tables", [{"t": stub, "_step": 0}], files={"media/t.json": "{}"})
    assert "'media/t.json': found other bytes" in terminal("verify", store).out
    (run / "media" / "t.json").unlink()
    done = terminal("verify", store)
    assert done.code == 1
    assert "digits/runs/tables/history.jsonl, line 1: 't' names 'media/t.json': found no such file" in done.out


def test_links_and_times_that_are_none_are_listed(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    (store / "digits" / "runs" / "linked").symlink_to(store / "digits" / "runs" / "fold0")
    run = write_run(store, "digits", "odd", None, meta="created: yesterday\n")
    (run / "history.jsonl").symlink_to(tmp_path / "elsewhere")
    said = terminal("verify", store).out
    for path in ("digits/runs/linked", "digits/runs/odd/history.jsonl"):
        assert f"{path}: found a link, which is not followed" in said
    assert "digits/runs/odd/run.yaml: created: found 'yesterday', expected a time of ISO 8601" in said


def test_broken_project_settings_are_a_problem_and_no_end(terminal: Terminal, store: Path) -> None:
    write_file(store / "digits" / "project.yaml", "title: [\n")
    done = terminal("verify", store)
    assert done.code == 1
    assert "digits/project.yaml" in done.out


def test_a_mistake_that_reading_told_of_is_listed_once(terminal: Terminal, root: Path) -> None:
    write_run(root, "p", "a", curve(1), files={"metrics.yaml": "- x\n"})
    done = terminal("verify", root)
    assert done.out.count("metrics.yaml: found 'x' as item 1") == 1
