"""Trouble with the disk while a run is recorded: training goes on, rows wait, and it is said once and at the end."""

from pathlib import Path

import pytest

from tests.processes import load, only_run, rows, run_folders, run_script

# A limit to the size of files acts as a full disk does: a write that comes short, then ones that fail.
FULL_DISK = """
    import resource, sys, time
    import runstore

    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    run = runstore.init(project="p")
    time.sleep(0.5)  # The facts beside the run are written by now.
    for number in range(50):
        run.log({"n": number})
"""


def test_rows_wait_while_the_disk_is_full_and_none_is_lost_or_torn(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        FULL_DISK
        + """
    limit(5000)
    for number in range(50, 200):
        run.log({"n": number})
    limit(resource.RLIM_INFINITY)
    time.sleep(0.6)
    run.log({"n": 200})
    run.finish()
    """,
    )
    assert done.returncode == 0, done.stderr
    assert [row["n"] for row in rows(only_run(tmp_path))] == list(range(201))
    assert [row["_step"] for row in rows(only_run(tmp_path))] == list(range(201))
    assert done.stderr.count("history.jsonl: cannot be written (File too large)") == 1
    assert done.stderr.count("history.jsonl: can be written again; nothing was lost") == 1
    assert "Traceback" not in done.stderr


def test_a_disk_that_stays_full_breaks_nothing_and_the_end_says_how_many_rows_are_lost(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        FULL_DISK
        + """
    limit(5000)
    for number in range(50, 200):
        run.log({"n": number}, step=number)
    run.summary["best"] = "x" * 9000
    run.finish()
    print("trained on")
    """,
    )
    assert done.returncode == 0, done.stderr
    assert "trained on" in done.stdout
    assert "Traceback" not in done.stderr
    run = only_run(tmp_path)
    kept = rows(run)
    assert [row["n"] for row in kept] == list(range(len(kept)))
    assert f"history.jsonl: {200 - len(kept)} rows could not be written and are lost" in done.stderr
    assert "summary.json: could not be written" in done.stderr
    assert load(run / "state.json")["state"] == "finished"


def test_a_full_disk_names_a_few_files_however_many_cannot_be_written(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import os, time
        import runstore
        run = runstore.init(project="p")
        open(os.path.dirname(run.dir) + "/media", "w").close()  # No directory can be made there.
        for number in range(50):
            run.log({"t": runstore.Table(columns=["a"], data=[[number]])})
        """,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("cannot be written") == 10
    assert done.stderr.count("could not be written") == 11
    assert "40 more files could not be written" in done.stderr
    assert len(rows(only_run(tmp_path))) == 50


def test_a_removed_run_directory_comes_back_whole(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import os, shutil, time
        import runstore
        run = runstore.init(project="p", id="gone", config={"lr": 0.1}, notes="kept")
        time.sleep(0.5)
        for number in range(10):
            run.log({"n": number})
        print("first")
        shutil.rmtree(os.path.dirname(run.dir))
        for number in range(10, 20):
            run.log({"n": number})
        run.log({"t": runstore.Table(columns=["a"], data=[[1]])})
        print("second")
        run.finish()
        """,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    run = only_run(tmp_path)
    found = rows(run)
    assert [row["n"] for row in found[:-1]] == list(range(20))
    assert (run / found[-1]["t"]["path"]).is_file()
    assert (run / "output.log").read_text() == "first\nsecond\n"
    assert (run / "config.yaml").read_text() == "lr: 0.1\n"
    assert "notes: kept\n" in (run / "run.yaml").read_text()
    assert load(run / "state.json")["state"] == "finished"
    assert load(run / "provenance.json")["command"]


def test_a_directory_that_becomes_read_only_stops_no_row_and_no_training(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    done = run_script(
        tmp_path,
        """
        import os, time
        import runstore
        run = runstore.init(project="p")
        time.sleep(0.5)
        run.log({"n": 0})
        table = runstore.Table(columns=["a"], data=[[1]])  # Loaded while Python's own library can be read.
        folder = os.path.dirname(run.dir)
        os.chmod(folder, 0o555)
        if os.geteuid() == 0:
            os.seteuid(65534)  # Permissions mean nothing to root.
        run.log({"n": 1})
        run.summary["best"] = 1
        run.config.lr = 0.1
        run.name = "another"
        run.log({"t": table})
        run.finish()
        """,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    run = only_run(tmp_path)
    run.chmod(0o755)
    assert [row.get("n") for row in rows(run)] == [0, 1, None]
    assert done.stderr.count("summary.json: cannot be written (Permission denied)") == 1
    for name in ("summary.json", "config.yaml", "run.yaml", "state.json"):
        assert f"{name}: could not be written" in done.stderr


def test_what_could_not_be_saved_is_saved_once_it_can(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    done = run_script(
        tmp_path,
        """
        import os, time
        import runstore
        run = runstore.init(project="p")
        time.sleep(0.5)
        folder = os.path.dirname(run.dir)
        os.rename(folder + "/config.yaml", folder + "/kept")
        os.mkdir(folder + "/config.yaml")
        run.config.lr = 0.1
        os.rmdir(folder + "/config.yaml")
        run.finish()
        """,
    )
    assert done.returncode == 0, done.stderr
    assert (only_run(tmp_path) / "config.yaml").read_text() == "lr: 0.1\n"
    assert "config.yaml: can be written again; nothing was lost" in done.stderr


def test_a_store_that_cannot_be_written_is_one_clear_error_of_init(tmp_path: Path) -> None:
    (tmp_path / "experiments").write_text("a file\n")
    done = run_script(
        tmp_path,
        """
        import runstore
        try:
            runstore.init(project="p")
        except runstore.Error as error:
            print(error)
        """,
    )
    assert done.stdout.count("\n") == 1
    assert "experiments: cannot create a store here" in done.stdout
    assert "pass dir= or set RUNSTORE_DIR" in done.stdout
    assert run_folders(tmp_path) == []


@pytest.mark.parametrize("mode", [0o555, 0o000])
def test_a_store_without_permission_is_one_clear_error_of_init(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(0o755)
    done = run_script(
        tmp_path,
        """
        import os, sys
        import runstore
        runstore.init
        os.mkdir("closed")
        os.chmod("closed", int(sys.argv[1]))
        if os.geteuid() == 0:
            os.seteuid(65534)  # Permissions mean nothing to root.
        try:
            runstore.init(project="p", dir="closed/experiments")
        except runstore.Error as error:
            print(error)
        """,
        str(mode),
    )
    (tmp_path / "closed").chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert "Permission denied" in done.stdout
    assert done.stdout.count("\n") == 1


def test_closed_streams_stop_no_run(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import os, sys
        import runstore
        run = runstore.init(project="p")
        run.log({"n": 0})
        sys.stderr.close()
        os.close(2)
        run.log({"n": float("nan"), "bad": object()})
        run.finish()
        """,
    )
    assert done.returncode == 0, done.stderr
    assert [row["n"] for row in rows(only_run(tmp_path))] == [0, "NaN"]
