"""`Api` over a store written by hand: runs, their histories and files, sweeps, reports, and changing runs."""

import json
from pathlib import Path

import pytest

from runstore.api import Api, NotFoundError, Run, UnsupportedError
from runstore.errors import StoreError, UsageError
from runstore.format.records import load_tombstone
from tests.processes import run_script
from tests.stores import START, append, curve, write_heartbeat, write_run

_IN_A_DIRECTORY = """
import os, sys, runstore
run = runstore.init(project="p", dir="elsewhere", id="abc")
run.log({"x": 1})
api = runstore.Api()
os.mkdir("other")
os.chdir("other")
assert runstore.Api().run("p/abc").id == api.run("p/abc").id == "abc"
run.finish()
assert runstore.Api().run("p/abc").summary["x"] == 1
runstore.init(project="q", id="def").finish()
assert [project.name for project in runstore.Api().projects()] == ["q"]
"""


def test_runs_are_a_lazily_paged_sequence(api: Api) -> None:
    runs = api.runs("digits", per_page=5)
    assert len(runs) == 12
    assert runs.objects == []
    assert runs[0].id == "r00"
    assert len(runs.objects) == 5
    assert runs.more
    assert [run.id for run in runs[4:7]] == ["r04", "r05", "r06"]
    assert len(runs.objects) == 10
    assert runs[-1].id == "r11"
    assert not runs.more
    assert [run.id for run in runs] == [f"r{number:02}" for number in range(12)]
    assert runs.next().id == "r00"
    assert runs.next().id == "r01"
    assert runs[3] in runs
    assert next(iter(api.runs("digits"))) == runs[0]
    with pytest.raises(IndexError):
        runs[12]


def test_filters_and_orders_as_w_and_b_has_them(api: Api) -> None:
    found = api.runs("team/digits", {"$or": [{"config.lr": 1}, {"display_name": "run 3"}], "tags": {"$nin": ["x"]}})
    assert [run.id for run in found] == ["r00", "r03"]
    assert [run.id for run in api.runs("digits", "state = 'failed'")] == ["r00"]
    best = api.runs("digits", {"config.model.depth": 0}, order="-config.lr.value")
    assert [run.id for run in best] == ["r00", "r03", "r06", "r09"]
    assert len(api.runs()) == 13
    assert len(Api({"project": "speech"}).settings) == 1
    assert [run.id for run in Api(api.store, {"project": "speech"}).runs()] == ["w"]


def test_a_run_says_what_it_is(api: Api) -> None:
    run = api.run("digits/r03")
    assert (run.id, run.name, run.state, run.project, run.group) == ("r03", "run 3", "finished", "digits", "g")
    assert run.path == ["", "digits", "r03"]
    assert "/".join(run.path) == "/digits/r03"
    assert api.run("/".join(run.path)) == run
    assert run.created_at == "2026-10-01T00:00:03Z"
    assert run.config == {"lr": 1e-3, "model": {"depth": 0}}
    assert run.summary["loss"] == pytest.approx(1 / 7)
    assert run.summary.get("nothing") is None
    assert run.summary["_step"] == run.lastHistoryStep == 6
    assert json.loads(run.json_config)["lr"] == {"value": 1e-3}
    assert api.run("whisper").id == "w"
    assert "run 3" in run.to_html()


@pytest.mark.parametrize("path", ["digits/nope", "nope", "nope/r00", "../../digits", ""])
def test_what_is_not_there_is_a_value_error_in_one_line(api: Api, path: str) -> None:
    with pytest.raises(ValueError) as error:
        api.run(path)
    assert isinstance(error.value, NotFoundError)
    assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="there is digits, speech"):
        api.runs("nope")
    with pytest.raises(UsageError):
        api.run("a/b/c/d/e")


def test_each_call_sees_the_store_as_it_is(api: Api, store: Path) -> None:
    run = api.run("digits/r00")
    rows = len(list(run.scan_history()))
    append(store / "digits" / "runs" / "r00", curve(1, start=99))
    assert api.run("digits/r00").lastHistoryStep == 99
    assert len(list(api.run("digits/r00").scan_history())) == rows + 1
    write_run(store, "digits", "new", curve(1))
    assert len(api.runs("digits")) == 13
    (store / "digits" / "runs" / "new" / "history.jsonl").unlink()
    (store / "digits" / "runs" / "new").rmdir()
    assert len(api.runs("digits")) == 12
    with pytest.raises(ValueError):
        api.run("digits/new")
    api.flush()
    assert len(api.runs("digits")) == 12


def test_changes_are_kept_by_update_and_leave_other_fields_alone(api: Api, store: Path) -> None:
    folder = store / "digits" / "runs" / "r01"
    (folder / "run.yaml").write_text("id: r01\nname: run 1\nmood: good\ncreated: '2026-10-01T00:00:01Z'\n")
    run = api.run("digits/r01")
    run.name, run.group, run.job_type, run.notes = "renamed", "other", "eval", "a\nnote"
    run.tags.append("new")
    run.config["model"]["depth"] = 7
    run.config["list"] = [1, float("inf")]
    run.summary["best"] = 0.5
    run.update()
    again = Api(store).run("digits/r01")
    assert (again.name, again.group, again.job_type, again.notes) == ("renamed", "other", "eval", "a\nnote")
    assert again.tags == ["new"]
    assert again.config["model"] == {"depth": 7}
    assert again.config["list"] == [1, float("inf")]
    assert again.summary["best"] == 0.5
    assert "mood: good" in (folder / "run.yaml").read_text()
    again.summary.update({"best": 0.25, "nested": {"a": float("nan")}})
    third = Api(store).run("digits/r01").summary
    assert third["best"] == 0.25
    assert third["nested.a"] != third["nested.a"]


def test_config_and_summary_of_a_live_run_are_its_own(api: Api, store: Path) -> None:
    import time

    folder = write_run(store, "digits", "live", curve(2), state={"state": "running"})
    write_heartbeat(folder, {"pid": 1, "host": "elsewhere", "start": 0, "boot": ""}, at=time.time())
    run = api.run("digits/live")
    assert run.state == "running"
    run.tags = ["mine"]
    run.update()
    assert api.run("digits/live").tags == ["mine"]
    run.config["lr"] = 3
    with pytest.raises(UsageError, match="running"):
        run.update()
    with pytest.raises(UsageError, match="running"):
        run.summary.update({"a": 1})
    with pytest.raises(UsageError, match="running"):
        run.delete()
    run.stop()
    assert (folder / "stop").exists()
    with pytest.raises(UsageError, match="has ended"):
        api.run("digits/r00").stop()


def test_delete_puts_the_run_into_the_trash_and_refuses_its_id(api: Api, store: Path) -> None:
    api.run("digits/r02").delete()
    assert len(api.runs("digits")) == 11
    assert load_tombstone(store / "digits" / "deleted" / "r02.yaml").id == "r02"
    assert (store / ".trash" / "digits" / "runs" / "r02" / "history.jsonl").exists()


def test_system_metrics_console_and_files(api: Api, store: Path, tmp_path: Path) -> None:
    folder = write_run(
        store,
        "digits",
        "f",
        curve(1),
        files={
            "system.jsonl": [{"_timestamp": START, "cpu": 5.0}, {"_timestamp": START + 15, "cpu": 7.5}],
            "output.log": "one\ntwo\nthree\n",
            "lines.jsonl": [{"line": 1, "_timestamp": START, "source": "stderr"}],
            "files/model.bin": b"\x00\x01",
            "media/images/x.png": b"png",
        },
    )
    run = api.run("digits/f")
    assert run.system_metrics == {"system.cpu": 7.5}
    assert [row["system.cpu"] for row in run.history(stream="system", pandas=False)] == [5.0, 7.5]
    lines = run.console_logs()
    assert [line.content for line in lines] == ["one", "two", "three"]
    assert [line.level for line in lines] == ["info", "error", "error"]
    assert [str(line) for line in run.console_logs(last=1)] == ["three"]
    names = [file.name for file in run.files()]
    assert "model.bin" in names
    assert "media/images/x.png" in names
    assert [file.name for file in run.files(pattern="media/%")] == ["media/images/x.png"]
    assert [file.name for file in run.files(["model.bin"])] == ["model.bin"]
    run.file("model.bin").download(root=str(tmp_path / "down")).close()
    assert (tmp_path / "down" / "model.bin").read_bytes() == b"\x00\x01"
    with pytest.raises(ValueError, match="replace=True"):
        run.file("model.bin").download(root=str(tmp_path / "down"))
    run.file("model.bin").download(root=str(tmp_path / "down"), replace=True).close()
    with pytest.raises(ValueError, match="no file"):
        run.file("nope")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("hello")
    run.upload_file(str(tmp_path / "in" / "notes.txt"), root=str(tmp_path))
    assert (folder / "files" / "in" / "notes.txt").read_text() == "hello"


def test_a_link_in_a_run_is_no_file_of_it(api: Api, store: Path, tmp_path: Path) -> None:
    folder = write_run(store, "digits", "l", curve(1))
    (tmp_path / "secret").write_text("secret")
    (folder / "files").mkdir()
    (folder / "files" / "x").symlink_to(tmp_path / "secret")
    (folder / "output.log").symlink_to(tmp_path / "secret")
    run = api.run("digits/l")
    assert "x" not in [file.name for file in run.files()]
    assert list(run.console_logs()) == []


def test_sweeps_and_their_best_run(api: Api) -> None:
    sweep = api.sweep("digits/abc")
    assert (sweep.name, sweep.state, sweep.expected_run_count) == ("lr search", "FINISHED", 6)
    assert sweep.order == "+summary_metrics.loss"
    assert [run.id for run in sweep.runs] == ["r02", "r01", "r00"]
    best = sweep.best_run()
    assert isinstance(best, Run)
    assert best.id == "r02"
    by_lr = sweep.best_run(order="-config.lr")
    assert by_lr is not None
    assert by_lr.id == "r00"
    assert [each.id for each in api.sweeps("digits")] == ["abc"]
    found = api.run("digits/r00").sweep
    assert found is not None
    assert found.config["method"] == "grid"
    with pytest.raises(ValueError, match="no sweep"):
        api.sweep("digits/nope")


def test_projects_reports_and_paths(api: Api) -> None:
    assert [project.name for project in api.projects()] == ["digits", "speech"]
    assert [run.id for run in api.project("speech").runs()] == ["w"]
    [report] = api.reports("digits")
    assert report.title == "What we saw"
    assert api.from_path("digits").name == "digits"
    assert api.from_path("team/digits/runs/r00").id == "r00"
    assert api.from_path("digits/r00").id == "r00"
    assert api.from_path("digits/sweeps/abc").id == "abc"
    assert api.from_path("digits/reports/first").title == "What we saw"


def test_calls_that_need_a_server_say_what_to_do_instead(api: Api) -> None:
    for name in ("team", "automations", "create_run", "registries", "run_queue"):
        with pytest.raises(UnsupportedError, match="needs W&B's server; "):
            getattr(api, name)
        assert not hasattr(api, name)
    with pytest.raises(AttributeError):
        api.nonsense  # noqa: B018


def test_a_store_that_is_not_there_is_said_at_the_first_call(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="no such directory"):
        len(Api(tmp_path / "nowhere").runs())


def test_a_run_that_crashed_can_be_said_to_have_failed_and_no_other(api: Api, store: Path) -> None:
    write_run(store, "digits", "lost", curve(3), state={"state": "running", "exit_code": None, "finished": ""})
    run = api.run("digits/lost")
    assert run.state == "crashed"
    with pytest.raises(UsageError, match=r"found the state 'pending', expected 'failed'; .*resume='must'"):
        run.update_state("pending")
    assert run.update_state("failed") is True
    assert (run.state, api.run("digits/lost").state) == ("failed", "failed")
    with pytest.raises(UsageError, match="r01 is finished, and only a run that crashed"):
        api.run("digits/r01").update_state("failed")


def test_without_a_store_the_api_looks_where_the_scripts_own_run_was_begun(tmp_path: Path) -> None:
    done = run_script(tmp_path, _IN_A_DIRECTORY)
    assert done.returncode == 0, done.stderr


def test_filters_and_orders_know_the_axes_and_the_value_that_w_and_b_has_in_configs(api: Api) -> None:
    assert len(api.runs("digits", {"summary_metrics._step": {"$gte": 14}})) == 1
    assert api.runs("digits", order="-summary_metrics._step")[0].id == "r11"
    assert len(api.runs("digits", "summary._runtime > 0")) == 12
    assert len(api.runs("digits", {"config.model.value.depth": 2})) == 4
    assert api.runs("digits", order="-config.model.value.depth")[0].config["model"]["depth"] == 2


def test_arguments_of_the_wrong_kind_are_named_in_one_line(api: Api) -> None:
    run = api.run("digits/r00")
    with pytest.raises(ValueError, match="expected a list"):
        run.scan_history(keys="loss")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="samples is -1"):
        run.history(samples=-1)
    with pytest.raises(UsageError, match="the order is 5"):
        api.runs("digits", order=5)  # type: ignore[arg-type]
    for name in ("", None):
        with pytest.raises(ValueError, match="expected text"):
            api.artifact(name)  # type: ignore[arg-type]
    run.tags = "one, two"  # type: ignore[assignment]
    run.update()
    assert run.tags == ["one", "two"]


def test_nothing_is_written_out_of_a_run(
    api: Api, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "work").mkdir()
    with pytest.raises(UsageError, match="outside of root"):
        api.run("digits/r00").upload_file("work/../../a.txt", root="work")
    (tmp_path / "outside").mkdir()
    (store / "digits/runs/r01/files").symlink_to(tmp_path / "outside")
    with pytest.raises(StoreError, match="found a link"):
        api.run("digits/r01").upload_file("a.txt")
    (store / "linked").symlink_to(tmp_path / "outside")
    with pytest.raises(StoreError, match="found a link"):
        api.create_project("linked")
    assert not any((tmp_path / "outside").iterdir())


def test_an_argument_that_cannot_be_used_is_named(api: Api) -> None:
    run = api.run("digits/r03")
    for call, found in (
        (lambda: api.runs("digits")[12], "the index is 12, of 12"),
        (lambda: api.runs("digits", per_page="x"), "per_page is 'x'"),
        (lambda: run.history(samples="x"), "samples is 'x'"),
        (lambda: run.history(keys=5), "keys is 5"),
        (lambda: run.scan_history(keys="loss"), "keys=['loss']"),
        (lambda: run.scan_history(min_step="x"), "min_step is 'x'"),
        (lambda: run.upload_file("nowhere.txt"), "nowhere.txt: there is no such file"),
    ):
        with pytest.raises((UsageError, IndexError)) as caught:
            call()
        assert found in str(caught.value)
