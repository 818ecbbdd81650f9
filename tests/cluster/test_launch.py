"""Agents on a real Slurm, on a real Dask cluster, and in the background here."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from runstore.errors import UsageError
from runstore.format.records import load_state
from runstore.reading.sweeps import Trial, open_sweep
from sweeps.agent.places import Place
from sweeps.creating import Wanted, from_values
from sweeps.errors import SweepError
from sweeps.launch.engine import Order
from sweeps.launch.ledger import launch, launched
from sweeps.launch.options import minutes
from sweeps.launch.registry import make_engine
from sweeps.launch.slurm import SlurmEngine
from tests.cluster.slurm import Slurm
from tests.processes import environment, wait_until

BAYES = {
    "program": "train.py",
    "method": "bayes",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"min": -5.0, "max": 5.0}, "y": {"min": -5.0, "max": 5.0}},
    "heartbeat": 1,
    "seed": 1,
}
TRAIN = """
    import runstore
    with runstore.init() as run:
        x, y = run.config["x"], run.config["y"]
        for step in range(3):
            run.log({"loss": (x - 1) ** 2 + (y + 2) ** 2 + 1 / (step + 1)})
"""
# The first attempt says where it is, and waits; a later one ends.
SLOW = """
    import os, time
    from pathlib import Path
    import runstore
    with runstore.init() as run:
        run.log({"loss": 1.0})
        if not run.resumed:
            Path("waits").touch()
            Path("waits-" + os.environ.get("SLURM_ARRAY_TASK_ID", "")).touch()
            while not Path("go").exists():
                time.sleep(0.05)
        run.log({"loss": run.config["x"] ** 2})
"""
# The same, but told in time it saves what it has, and ends.
SAVES = """
    import os, signal, sys, time
    from pathlib import Path
    import runstore
    def save(number, frame):
        Path("saved").write_text("epoch 1")
        run.mark_preempting()
        sys.exit(1)
    signal.signal(signal.SIGUSR1, save)
    with runstore.init() as run:
        run.log({"loss": 1.0})
        if not run.resumed:
            Path("waits").touch()
            while True:
                time.sleep(0.05)
        run.log({"loss": run.config["x"] ** 2})
"""


def make_sweep(folder: Path, train: str = TRAIN, **config: Any) -> Place:
    """A sweep of project `p` in `folder/experiments`, and its program."""
    (folder / "train.py").write_text(textwrap.dedent(train))
    wanted = Wanted(project="p", store=folder / "experiments", id="s")
    return from_values({**BAYES, **config}, wanted, lambda line: None)


def runstore(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command in `folder`, to its end."""
    quiet = {"RUNSTORE_CONSOLE": "off", "RUNSTORE_DISABLE_STATS": "true", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "runstore", *arguments],
        cwd=folder,
        env=environment(folder, {**quiet, **(env or {})}),
        capture_output=True,
        text=True,
    )


def trials(place: Place) -> list[Trial]:
    return open_sweep(place.sweep).state.trials


def is_over(place: Place, number: int) -> bool:
    return sum(trial.is_over for trial in trials(place)) == number


def output(place: Place) -> str:
    """What the agents of the launches said."""
    return "\n".join(path.read_text() for path in sorted(place.sweep.launches_dir.glob("*/*.[lo][ou][gt]")))


def jobs(folder: Path, env: Mapping[str, str] | None = None) -> list[dict[str, str]]:
    """The jobs of the one launch, as `sweep status` tells."""
    done = runstore(folder, "sweep", "status", "p/s", "--json", env=env)
    assert done.returncode == 0, done.stderr
    [found] = json.loads(done.stdout)["launches"]
    assert not found["trouble"]
    return list(found["jobs"])


@pytest.mark.slow
def test_slurm_finishes_a_bayes_sweep_of_20_trials_with_4_agents(tmp_path: Path, slurm: Slurm) -> None:
    place = make_sweep(tmp_path, run_cap=20)
    done = runstore(tmp_path, "sweep", "launch", "p/s", "--engine", "slurm", "--agents", "4", env=slurm.environment)
    assert done.returncode == 0, done.stderr
    assert "4 agents of p/s on Slurm, job " in done.stdout
    wait_until(lambda: is_over(place, 20), f"20 trials are over\n{output(place)}")
    assert [trial.number for trial in trials(place)] == list(range(20))
    assert {trial.state for trial in trials(place)} == {"finished"}
    assert len(list((tmp_path / "experiments" / "p" / "runs").iterdir())) == 20
    wait_until(lambda: {job["state"] for job in jobs(tmp_path, slurm.environment)} == {"ended"}, "the jobs have ended")
    assert len(jobs(tmp_path, slurm.environment)) == 4
    shown = runstore(tmp_path, "sweep", "status", "p/s", env=slurm.environment).stdout
    assert "launched slurm job " in shown
    assert ": 4 agents, 4 ended" in shown
    processes = [trial.claim.process for trial in trials(place)]
    assert len({process.slurm["task"] for process in processes}) > 1


@pytest.mark.slow
def test_a_trial_whose_job_is_cancelled_goes_back_to_the_queue(tmp_path: Path, slurm: Slurm) -> None:
    place = make_sweep(tmp_path, SLOW, run_cap=2, max_retries=0)
    done = runstore(tmp_path, "sweep", "launch", "p/s", "--engine", "slurm", "--agents", "2", env=slurm.environment)
    assert done.returncode == 0, done.stderr
    [started] = launched_ids(place)
    wait_until(lambda: len(list(tmp_path.glob("waits-?"))) == 2, f"two trials run\n{output(place)}")
    slurm.run("scancel", f"{started}_0")
    wait_until(lambda: f"{started}_0" not in dict(slurm.jobs()), "the job is gone")
    (tmp_path / "go").touch()
    wait_until(lambda: is_over(place, 2), f"the other agent took the trial\n{output(place)}")
    assert [trial.state for trial in trials(place)] == ["finished", "finished"]
    [again] = [trial for trial in trials(place) if trial.attempt == 2]
    assert [claim.process.slurm["task"] for claim in again.claims] == ["0", "1"]
    assert again.claim.retries == 0
    run = place.project.run(again.run)
    assert sorted(path.name for path in run.path.glob("history*.jsonl")) == ["history.2.jsonl", "history.jsonl"]


@pytest.mark.slow
@pytest.mark.parametrize("program", [SLOW, SAVES], ids=["never heard of signals", "saves itself"])
def test_a_job_that_is_warned_gives_its_trial_back_and_is_queued_again(
    tmp_path: Path, slurm: Slurm, program: str
) -> None:
    """SIGUSR1 to the batch script is what Slurm sends before the time limit, or a preemption."""
    place = make_sweep(tmp_path, program, run_cap=1, max_retries=0, term_timeout=5)
    options = ("--engine", "slurm", "--agents", "1", "--warning", "10", "--time", "60")
    done = runstore(tmp_path, "sweep", "launch", "p/s", *options, env=slurm.environment)
    assert done.returncode == 0, done.stderr
    [job] = launched_ids(place)
    wait_until((tmp_path / "waits").exists, f"the trial runs\n{output(place)}")
    slurm.run("scancel", "--batch", "--signal=USR1", job)
    wait_until(lambda: "waiting" in [each["state"] for each in jobs(tmp_path, slurm.environment)], "it is queued again")
    assert (tmp_path / "saved").exists() == (program is SAVES)
    [trial] = trials(place)
    state = load_state(place.project.run(trial.run).state_json)
    assert state is not None
    assert state.preempting
    slurm.start_until(job, lambda: is_over(place, 1), lambda: output(place))
    [trial] = trials(place)
    assert (trial.state, trial.attempt, trial.claim.retries) == ("finished", 2, 0)
    assert trial.claim.process.slurm["restart"] == "1"


def launched_ids(place: Place) -> list[str]:
    return [str(each.launch.ids["job"]) for each in launched(place.sweep)]


def test_the_batch_script_says_what_was_asked_for(
    tmp_path: Path, slurm: Slurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_CONF", slurm.environment["SLURM_CONF"])
    options = {"partition": "main", "time": "4:00:00", "cpus_per_task": 2, "mem": "100M", "array_parallelism": 2}
    engine = SlurmEngine({**options, "warning": 300, "sbatch": ["comment=one two", "hold", "nice=7"]})
    ids = engine.launch(Order("n", 3, ("p/s",), tmp_path, tmp_path))
    try:
        script = (tmp_path / f"{ids['job']}_submission.sh").read_text()
        asked = {line.removeprefix("#SBATCH ") for line in script.splitlines() if line.startswith("#SBATCH")}
        assert {
            "--array=0-2%2",
            "--partition=main",
            "--time=240",
            "--cpus-per-task=2",
            "--mem=100M",
            "--signal=B:USR1@300",
            "--requeue",
            "--comment='one two'",
            "--hold",
            "--nice=7",
            f"--chdir={tmp_path}",
        } <= asked
        assert [job.state for job in engine.jobs(ids)] == ["waiting"] * 3
    finally:
        slurm.run("scancel", str(ids["job"]))
    wait_until(lambda: {job.state for job in engine.jobs(ids)} == {"ended"}, "the jobs are cancelled")
    assert [job.detail for job in engine.jobs({"job": 999999})] == ["no longer known to Slurm"]


def test_what_slurm_refuses_is_one_line(tmp_path: Path, slurm: Slurm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CONF", slurm.environment["SLURM_CONF"])
    place = make_sweep(tmp_path)
    with pytest.raises(SweepError, match=r"^Slurm took no job: .*Invalid partition name"):
        launch(place.sweep, "slurm", 2, ["p/s"], options={"partition": "nowhere"})
    assert not launched(place.sweep)


@pytest.mark.slow
def test_a_dask_cluster_runs_agents_and_says_what_became_of_them(tmp_path: Path) -> None:
    from distributed import LocalCluster

    place = make_sweep(tmp_path, method="random", run_cap=6)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        options = ("--engine", "dask", "--agents", "3", "--scheduler", address)
        done = runstore(tmp_path, "sweep", "launch", "p/s", *options)
        assert done.returncode == 0, done.stderr
        assert f"3 agents of p/s on Dask, scheduler {address}" in done.stdout
        wait_until(lambda: is_over(place, 6), "6 trials are over")
        wait_until(lambda: {job["state"] for job in jobs(tmp_path)} == {"ended"}, "the tasks have ended")
        assert len(jobs(tmp_path)) == 3
    assert [trial.number for trial in trials(place)] == list(range(6))
    [gone] = launched(place.sweep)
    assert "no Dask scheduler answers" in gone.trouble


@pytest.mark.slow
def test_the_agents_of_a_dask_worker_that_is_killed_end_with_it(tmp_path: Path) -> None:
    """Dask starts the lost task on another worker, whose agent takes the trial again."""
    from distributed import LocalCluster

    place = make_sweep(tmp_path, SLOW, run_cap=1)
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        options = ("--engine", "dask", "--scheduler", cluster.scheduler_address)
        done = runstore(tmp_path, "sweep", "launch", "p/s", *options)
        assert done.returncode == 0, done.stderr
        wait_until((tmp_path / "waits").exists, "the trial runs")
        [worker] = [each.pid for each in cluster.workers.values()]
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: is_over(place, 1), "the trial is over")
    [trial] = trials(place)
    assert (trial.state, trial.attempt) == ("finished", 2)


@pytest.mark.slow
def test_local_agents_go_on_after_the_command_has_ended(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, method="random", run_cap=4)
    done = runstore(tmp_path, "sweep", "launch", "p/s", "--engine", "local", "--agents", "2", "--count", "2")
    assert done.returncode == 0, done.stderr
    assert "2 agents of p/s on this machine, processes " in done.stdout
    wait_until(lambda: is_over(place, 4), f"4 trials are over\n{output(place)}")
    assert len({trial.claim.agent for trial in trials(place)}) == 2
    wait_until(lambda: [job["state"] for job in jobs(tmp_path)] == ["ended", "ended"], "the agents have ended")


def test_a_launch_that_cannot_be_read_costs_its_own_line_only(tmp_path: Path) -> None:
    place = make_sweep(tmp_path)
    place.sweep.launches_dir.mkdir()
    place.sweep.launch("20260101T000000Z-aaaaaa").write_text("{")
    ended = {
        "v": 1,
        "engine": "local",
        "agents": 1,
        "host": "elsewhere",
        "ids": {"host": "elsewhere", "processes": [{"pid": 7, "start": 1}]},
    }
    place.sweep.launch("20260102T000000Z-bbbbbb").write_text(json.dumps(ended))
    broken, whole = launched(place.sweep)
    assert "found no launch" in broken.trouble
    assert [(job.id, job.state, job.detail) for job in whole.jobs] == [("7", "unknown", "another host")]
    shown = runstore(tmp_path, "sweep", "status", "p/s")
    assert shown.returncode == 0, shown.stderr
    first, second = [line for line in shown.stdout.splitlines() if line.startswith("launched")]
    assert "found no launch" in first
    assert second == "launched local elsewhere: 1 agent, 1 unknown"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", 90), ("30:00", 30), ("30:01", 31), ("4:00:00", 240), ("2-12", 3600), ("1-00:30", 1470), ("0-0:0:1", 1)],
)
def test_times_are_read_as_sbatch_reads_them(text: str, expected: int) -> None:
    assert minutes(text) == expected


@pytest.mark.parametrize(
    ("engine", "options", "said"),
    [
        ("slrum", {}, "--engine: found 'slrum', expected one of dask, local, slurm; did you mean 'slurm'?"),
        ("local", {"partition": "gpu"}, "--partition: the engine local does not have it; it has no options of its own"),
        ("dask", {"time": "60"}, "--time: the engine dask does not have it; it has --scheduler"),
        ("slurm", {"time": "soon"}, "--time: found 'soon', expected minutes, hours:minutes:seconds or days-hours"),
        ("slurm", {"time": "2"}, "--warning: found 120 s, expected less than the 120 s of --time"),
        ("slurm", {"sbatch": ["=x"]}, "--sbatch: found '=x', expected key=value"),
    ],
)
def test_a_wrong_option_is_one_line(engine: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as error:
        make_engine(engine, options)
    assert str(error.value).startswith(said)


def test_dask_needs_a_scheduler(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--scheduler: not given"):
        make_engine("dask", {}).launch(Order("n", 1, (), tmp_path, tmp_path))
