"""Runs and the processes around them: disabled ones, copies in other processes, children, pools, threads."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

import runstore
from runstore.recording.run import Run
from tests.processes import load, only_run, rows, run_folders, run_script


def test_a_disabled_run_touches_no_file_at_all(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import builtins, os, pathlib, sys
        import runstore
        def watch(event, arguments):
            wrote = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
            made = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_CREAT | os.O_WRONLY)
            if wrote or made or event in ("os.mkdir", "os.rename", "os.remove", "os.link", "tempfile.mkdtemp"):
                if "__pycache__" not in str(arguments[0]):
                    print("touched", event, arguments, file=sys.__stdout__)
        sys.addaudithook(watch)
        for resume in (None, "allow", "must"):
            with runstore.init(mode="disabled", id="a", resume=resume, project="p", config={"lr": 1}) as run:
                run.log({"a": 1, "t": runstore.Table(columns=["x"], data=[[1]])})
                run.define_metric("a", summary="min")
                run.summary["b"] = 2
                run.config["c"] = 3
                run.name, run.notes, run.tags = "n", "o", ["t"]
                run.mark_preempting()
                run.alert("title", "text")
                run.pin_config_keys(["lr"])
                run.status(), run.to_html(), run.display(), run.url, run.project_url, run.get_sweep_url(), run.sync_dir
                assert (run.disabled, run.offline, run.resumed, run.starting_step) == (True, False, False, 0)
        """,
        env={"RUNSTORE_SILENT": "true"},
    )
    assert done.returncode == 0, done.stderr
    assert "touched" not in done.stdout, done.stdout
    assert not (tmp_path / "experiments").exists()


def test_a_disabled_run_pickles_with_what_it_was_given(begin: Callable[..., Run]) -> None:
    run = begin(mode="disabled", id="x", name="n", config={"lr": 1})
    run.finish()
    other = pickle.loads(pickle.dumps(run))
    assert (other.id, other.name, other.config.lr, other.disabled) == ("x", "n", 1, True)


def test_a_copy_in_the_same_process_is_the_run_itself(begin: Callable[..., Run]) -> None:
    run = begin()
    assert copy.copy(run) is copy.deepcopy([run])[0] is pickle.loads(pickle.dumps(run)) is run


def test_offline_and_online_are_the_same(begin: Callable[..., Run]) -> None:
    run = begin(mode="offline")
    assert (run.offline, run.disabled) == (True, False)
    run.log({"a": 1})
    assert (Path(run.sync_dir) / "history.jsonl").exists()
    run.finish()
    assert begin(mode="online").offline is False


def test_addresses_are_those_of_the_site_where_one_is_set(begin: Callable[..., Run]) -> None:
    run = begin(id="a b", settings={"base_url": "https://example.org/site/", "sweep_id": "s1"})
    assert run.url == run.get_url() == "https://example.org/site/p/runs/a%20b/"
    assert run.project_url == run.get_project_url() == "https://example.org/site/p/"
    assert run.sweep_url == run.get_sweep_url() == "https://example.org/site/p/sweeps/s1/"
    assert run.project_name() == "p"
    run.finish()
    assert str(begin(id="c").project_url).startswith("file://")


def test_the_static_config_can_be_read_only(begin: Callable[..., Run]) -> None:
    static = begin(config={"lr": 1, "model": {"depth": 2}}).config_static
    assert (static.lr, static["model"]["depth"], dict(static)["lr"], len(static)) == (1, 2, 1, 2)
    with pytest.raises(runstore.UsageError, match="read only"):
        static.lr = 3
    assert static.lr == 1


def test_status_says_how_much_waits(begin: Callable[..., Run]) -> None:
    run = begin()
    run.log({"a": 1})
    status = run.status()
    assert (status.sync_items_total, status.sync_items_pending) == (1, 0)
    assert status.sync_time is not None


POOL = """
    import multiprocessing, os, sys
    import runstore

    def own(number):
        with runstore.init(project="p", id=f"child-{number}", group="g") as run:
            run.log({"n": number})
        return number

    def silent(number):
        if runstore.run is not None:
            runstore.run.log({"n": 99})
        return number

    def last(run):
        run.log({"n": 99})
        return run.id

    if __name__ == "__main__":
        how = sys.argv[1]
        run = runstore.init(project="p", id="parent")
        run.log({"n": 0})
        with multiprocessing.get_context(how).Pool(2) as pool:
            assert pool.map(own, range(3)) == [0, 1, 2]
            assert pool.map(silent, range(3)) == [0, 1, 2]
            assert pool.apply(last, (run,)) == "parent"
        child = multiprocessing.get_context(how).Process(target=os._exit, args=(3,))
        child.start()
        child.join()
        run.log({"n": 1})
"""


def test_children_of_a_pool_have_runs_of_their_own_and_leave_the_parents_alone(tmp_path: Path) -> None:
    for how in ("fork", "spawn"):
        folder = tmp_path / how
        folder.mkdir()
        done = run_script(folder, POOL, how)
        assert done.returncode == 0, done.stderr
        found = {run.name: run for run in run_folders(folder)}
        assert set(found) == {"parent", "child-0", "child-1", "child-2"}
        assert [row["n"] for row in rows(found["parent"])] == [0, 1]
        assert {load(run / "state.json")["state"] for run in found.values()} == {"finished"}


def test_a_run_of_a_thread_ends_with_the_process(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import threading
        import runstore
        def train():
            run = runstore.init(project="p")
            run.log({"n": 1})
        thread = threading.Thread(target=train)
        thread.start()
        thread.join()
        runstore.log({"n": 2})
        """,
    )
    assert done.returncode == 0, done.stderr
    run = only_run(tmp_path)
    assert [row["n"] for row in rows(run)] == [1, 2]
    assert load(run / "state.json")["state"] == "finished"


def test_runs_made_beside_each_other_do_not_become_current(begin: Callable[..., Run]) -> None:
    first = begin()
    second = begin(reinit="create_new")
    assert runstore.run is first
    assert second is not first
    second.log({"a": 1})
    assert (first.step, second.step) == (0, 1)
    assert begin(reinit="return_previous") is first
    third = begin(reinit="finish_previous")
    assert (first.over, third.over, second.over) == (True, False, False)
    assert begin(reinit=True) is not third
    assert begin(reinit=False) is runstore.run


def test_lines_are_added_to_the_log_as_if_they_were_printed(begin: Callable[..., Run]) -> None:
    run = begin(settings={"console": "wrap"})
    run.write_logs("first")
    run.write_logs("second\n")
    run.finish()
    assert (Path(run.sync_dir) / "output.log").read_text().splitlines()[:2] == ["first", "second"]


def test_pinned_keys_are_kept_with_the_runs_provenance(begin: Callable[..., Run]) -> None:
    run = begin()
    run.pin_config_keys(["lr", "depth"])
    run.finish()
    assert load(Path(run.sync_dir) / "provenance.json")["pinned_keys"] == ["lr", "depth"]
