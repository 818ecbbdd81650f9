"""Agents as real processes: trials run, watched, stopped, given back, and what they say when something is wrong."""

import json
import os
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import yaml

from runstore.format.records import load_run, load_state
from runstore.format.run_layout import RunLayout
from runstore.format.sweep_records import Outcome, dump
from sweeps.agent.identity import this_process
from sweeps.controller import Controller
from sweeps.records import publish
from tests.processes import wait_until
from tests.sweeps.agents import agent, make_sweep, outcomes, reader, run_agent, run_states, said

WAITS = """
    import sys, time, runstore
    from pathlib import Path
    with runstore.init() as run:
        run.log({"loss": 1})
        Path(f"up-{run.id}").touch()
        while not Path("go").exists():
            time.sleep(0.02)
        run.log({"loss": 0.5})
"""


def is_up(folder: Path) -> bool:
    return any(folder.glob("up-*"))


def test_a_grid_is_run_to_its_end(tmp_path: Path) -> None:
    place = make_sweep(tmp_path)
    done = run_agent(tmp_path)
    assert done.returncode == 0, done.stderr
    state = reader(place).state
    assert [(trial.number, trial.state, dict(trial.params), trial.value) for trial in state.trials] == [
        (0, "finished", {"lr": 1, "depth": 3}, 1 + 1 / 3),
        (1, "finished", {"lr": 2, "depth": 3}, 2 + 1 / 3),
        (2, "finished", {"lr": 1, "depth": 4}, 1 + 1 / 3),
        (3, "finished", {"lr": 2, "depth": 4}, 2 + 1 / 3),
    ]
    for trial in state.trials:
        run = place.project.run(trial.run)
        assert load_run(run.run_yaml).sweep == "s"
        assert yaml.safe_load(run.config_yaml.read_text()) == dict(trial.params)
        outcome = trial.outcome
        assert outcome is not None
        assert (outcome.exit, outcome.count, outcome.attempt) == (0, 3, 1)
    assert not list((place.sweep.tmp_dir / "params").glob("*"))
    [beat] = reader(place).heartbeats()
    assert (beat.state, beat.trial, beat.done, beat.failed) == ("bye", None, 4, 0)


def test_a_script_gets_its_parameters_as_arguments_and_as_config(tmp_path: Path) -> None:
    script = """
        import json, os, sys, runstore
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float)
        parser.add_argument("--depth", type=int)
        options = parser.parse_args()
        run = runstore.init(config=options)
        run.config["lr"] = 99
        told = {name: value for name, value in os.environ.items() if name.endswith(("SWEEP_ID", "RUN_ID", "PROJECT"))}
        print("TOLD", json.dumps([options.lr, options.depth, run.config.as_dict(), run.id, run.sweep_id, told]))
    """
    place = make_sweep(tmp_path, script, run_cap=1)
    done = run_agent(tmp_path)
    told = json.loads(next(line for line in done.stdout.splitlines() if "TOLD" in line).partition("TOLD ")[2])
    [trial] = reader(place).state.trials
    names = {f"{prefix}_{name}" for prefix in ("RUNSTORE", "WANDB") for name in ("SWEEP_ID", "RUN_ID", "PROJECT")}
    values = {"SWEEP_ID": "s", "RUN_ID": trial.run, "PROJECT": "p"}
    expected = {name: values[name.partition("_")[2]] for name in names}
    assert told == [1.0, 3, {"lr": 1, "depth": 3}, trial.run, "s", expected]


def test_what_a_script_says_of_project_and_id_is_ignored_within_a_sweep(tmp_path: Path) -> None:
    script = """
        import runstore
        with runstore.init(project="other", id="mine", dir="elsewhere", name="kept") as run:
            run.log({"loss": 1})
    """
    place = make_sweep(tmp_path, script, run_cap=1)
    done = run_agent(tmp_path)
    [trial] = reader(place).state.trials
    assert (trial.state, trial.value) == ("finished", 1.0)
    assert load_run(place.project.run(trial.run).run_yaml).name == "kept"
    assert "project='other' is ignored: this is a trial of sweep s" in done.stderr
    assert "id='mine' is ignored" in done.stderr
    assert not (tmp_path / "elsewhere").exists()


def test_count_is_of_trials_that_ended(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, method="random", parameters={"lr": {"min": 0.0, "max": 1.0}})
    assert run_agent(tmp_path, "--count", "2").returncode == 0
    assert [trial.state for trial in reader(place).state.trials] == ["finished", "finished"]


def test_several_agents_share_the_trials(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, run_cap=4)
    done = run_agent(tmp_path, "--processes", "2", env={"CUDA_VISIBLE_DEVICES": "0,1"})
    assert done.returncode == 0, done.stderr
    trials = reader(place).state.trials
    assert [trial.state for trial in trials] == ["finished"] * 4
    assert len(list(reader(place).heartbeats())) == 2
    assert len({trial.run for trial in trials}) == 4
    ends = [line for line in done.stderr.splitlines() if " finished, loss" in line]
    assert len(ends) == 4
    assert all(line.startswith(("runstore: agent 1: trial ", "runstore: agent 2: trial ")) for line in ends), ends


def test_ctrl_c_reaches_each_of_several_agents_once(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, WAITS)
    with agent(tmp_path, "--processes", "2") as process:
        wait_until(lambda: len(list(tmp_path.glob("up-*"))) == 2, "two trials")
        os.killpg(process.pid, signal.SIGINT)  # As a terminal does.
        time.sleep(0.5)
        (tmp_path / "go").touch()
        err = said(process)
    assert err.count("Ctrl-C: the trial may finish") == 2
    assert [(each.state, each.value) for each in outcomes(place)] == [("finished", 0.5)] * 2


def test_a_clone_of_a_sweep_has_no_heartbeats_and_goes_on(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, run_cap=1)
    for folder in (place.sweep.agents_dir, place.sweep.tmp_dir, place.sweep.control_dir, place.sweep.stop_dir):
        shutil.rmtree(folder)
    done = run_agent(tmp_path)
    assert done.returncode == 0, done.stderr
    assert [each.state for each in outcomes(place)] == ["finished"]


def test_a_program_that_is_missing_costs_no_trial(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, program="nowhere.py")
    done = run_agent(tmp_path)
    assert done.returncode == 2
    assert f"nowhere.py: no such file in {tmp_path}; start the agent in the directory" in done.stderr
    assert reader(place).state.trials == []


def test_a_command_that_cannot_be_started_fails_its_trials(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, command=["no-such-program", "${args}"])
    done = run_agent(tmp_path)
    assert done.returncode == 1
    assert "no-such-program: cannot be started (No such file or directory)" in done.stderr
    assert [outcome.state for outcome in outcomes(place)] == ["failed"] * 3
    assert "the agent gives up: all of its first 3 trials failed" in done.stderr


def test_a_program_that_fails_is_given_up_after_three(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, "import sys\nsys.exit(3)\n")
    done = run_agent(tmp_path)
    assert done.returncode == 1
    assert [(each.state, each.exit, each.reason) for each in outcomes(place)] == [("failed", 3, "exit code 3")] * 3


def test_a_metric_that_is_never_logged_is_told_with_a_suggestion(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, metric={"name": "los"}, run_cap=1)
    done = run_agent(tmp_path)
    assert "trial 0 logged no los; it logged loss. Did you mean loss? Log los, or create the sweep anew" in done.stderr
    assert [(each.state, each.value) for each in outcomes(place)] == [("finished", None)]


def test_a_program_without_a_run_is_told(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, "print('nothing')", run_cap=1)
    assert "trial 0 recorded no run" in run_agent(tmp_path).stderr
    assert [(each.state, each.value) for each in outcomes(place)] == [("finished", None)]


def test_not_a_number_is_recorded_and_told(tmp_path: Path) -> None:
    script = """
        import runstore
        with runstore.init() as run:
            run.log({"loss": float("nan")})
    """
    place = make_sweep(tmp_path, script, run_cap=1)
    assert "logged loss as nan each time" in run_agent(tmp_path).stderr
    [outcome] = outcomes(place)
    assert outcome.value is not None
    assert outcome.value != outcome.value


def test_what_a_program_leaves_running_is_ended(tmp_path: Path) -> None:
    script = """
        import subprocess, runstore
        with runstore.init() as run:
            run.log({"loss": 1})
            left = subprocess.Popen(["sleep", "600"])
            open("left", "w").write(str(left.pid))
    """
    make_sweep(tmp_path, script, run_cap=1)
    done = run_agent(tmp_path)
    assert "trial 0: ended what the program left running" in done.stderr
    pid = int((tmp_path / "left").read_text())
    wait_until(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text(), "its end")


def test_a_program_that_goes_to_the_background_is_waited_for(tmp_path: Path) -> None:
    script = """
        import os, time
        if os.fork():
            time.sleep(1)
            os._exit(0)
        import runstore
        with runstore.init() as run:
            run.log({"loss": 2})
            time.sleep(2)
            run.log({"loss": 1})
    """
    place = make_sweep(tmp_path, script, run_cap=1)
    done = run_agent(tmp_path)
    assert "a process that it started goes on with the run" in done.stderr
    assert [(each.state, each.value) for each in outcomes(place)] == [("finished", 1.0)]


def test_a_trial_that_is_worse_than_others_is_stopped_early_and_its_run_says_why(tmp_path: Path) -> None:
    script = """
        import time, runstore
        with runstore.init() as run:
            for step in range(8):
                run.log({"loss": run.config["lr"]})
            if run.config["lr"] > 1:
                time.sleep(60)
    """
    rule = {"type": "hyperband", "min_iter": 2}
    place = make_sweep(tmp_path, script, early_terminate=rule, parameters={"lr": {"values": [1, 1.5]}}, heartbeat=0.5)
    done = run_agent(tmp_path)
    first, second = reader(place).state.trials
    assert (first.state, second.state, second.value) == ("finished", "stopped", 1.5), done.stderr
    assert second.outcome is not None
    assert second.outcome.reason == "hyperband at band 6: 1.5 > 1"
    assert second.outcome.rungs == (1.5, 1.5)
    assert second.verdict is not None
    assert (second.verdict.rule, second.verdict.band, second.verdict.threshold) == ("hyperband", 6, 1.0)
    assert sorted(run_states(place)) == ["finished", "killed"]
    assert "stopped by hyperband at band 6" in done.stderr
    assert not place.project.run(second.run).stop_request.exists()


def test_one_ctrl_c_lets_the_trial_finish(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, WAITS)
    with agent(tmp_path) as process:
        wait_until(lambda: is_up(tmp_path), "the first trial")
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        (tmp_path / "go").touch()
        err = said(process)
    assert process.returncode == 0
    assert "Ctrl-C: the trial may finish" in err
    assert [(trial.state, trial.value) for trial in reader(place).state.trials] == [("finished", 0.5)]


def test_a_second_ctrl_c_stops_the_trial(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, WAITS)
    with agent(tmp_path) as process:
        wait_until(lambda: is_up(tmp_path), "the first trial")
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        said(process)
    assert [(each.state, each.reason, each.value) for each in outcomes(place)] == [("killed", "Ctrl-C", 1.0)]
    assert run_states(place) == ["killed"]


def test_a_third_ctrl_c_kills_a_program_that_does_not_listen(tmp_path: Path) -> None:
    deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    script = deaf + "\n".join(line[4:] for line in WAITS.splitlines())
    place = make_sweep(tmp_path, script, term_timeout=600)
    with agent(tmp_path) as process:
        wait_until(lambda: is_up(tmp_path), "the first trial")
        for _ in range(3):
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
        said(process)
    assert [(each.state, each.exit) for each in outcomes(place)] == [("killed", -signal.SIGKILL)]
    assert run_states(place) == ["killed"]


def test_sigterm_gives_the_trial_back_and_another_agent_resumes_its_run(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, WAITS, run_cap=1)
    with agent(tmp_path) as process:
        wait_until(lambda: is_up(tmp_path), "the first trial")
        process.send_signal(signal.SIGTERM)
        err = said(process)
    assert "trial 0 was not finished: the agent got SIGTERM" in err
    [trial] = reader(place).state.trials
    assert (trial.state, trial.attempt) == ("running", 1)
    (tmp_path / "go").touch()
    assert run_agent(tmp_path).returncode == 0
    [trial] = reader(place).state.trials
    assert (trial.state, trial.attempt, trial.value) == ("finished", 2, 0.5)
    assert [path.name for path in place.project.runs_dir.iterdir()] == [trial.run]
    assert place.project.run(trial.run).history("2").exists()


def test_a_preempted_trial_returns_to_the_queue_and_its_run_goes_on(tmp_path: Path) -> None:
    script = """
        import sys, runstore
        with runstore.init() as run:
            run.log({"loss": 2 if run.starting_step == 0 else 1})
            if run.starting_step == 0:
                run.mark_preempting()
                sys.exit(1)
    """
    place = make_sweep(tmp_path, script, run_cap=1, max_retries=0)
    assert run_agent(tmp_path).returncode == 0
    [trial] = reader(place).state.trials
    assert (trial.state, trial.attempt, trial.value) == ("finished", 2, 1.0)
    assert trial.claim.retries == 0


def test_a_cancelled_sweep_ends_what_runs(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, WAITS, heartbeat=0.3)
    with agent(tmp_path) as process:
        wait_until(lambda: is_up(tmp_path), "the first trial")
        Controller.open(place.sweep).ask("cancel", {}, "me")
        said(process)
    assert [(each.state, each.reason) for each in outcomes(place)] == [("killed", "runstore sweep cancel")]


def test_an_agent_whose_trial_others_took_stops_it_and_says_so(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, WAITS, run_cap=1, heartbeat=0.2)
    with agent(tmp_path, "--count", "1") as process:
        wait_until(lambda: is_up(tmp_path), "the first trial")
        controller = Controller.open(place.sweep)
        [trial] = controller.state.trials
        claim = replace(trial.claim, attempt=2, agent="other", process=this_process())
        assert publish(place.sweep, place.sweep.claim(0, 2), dump(claim)) == "won"
        wait_until(lambda: not is_recording(place.project.run(claim.run)), "the end of the first attempt")
        assert Controller.open(place.sweep).finish(Outcome(0, claim.run, "other", "finished", attempt=2, value=3.0))
        err = said(process)
    assert "trial 0 was not finished: another agent took the trial" in err
    [trial] = reader(place).state.trials
    assert (trial.state, trial.attempt, trial.value) == ("finished", 2, 3.0)


def is_recording(run: RunLayout) -> bool:
    state = load_state(run.state_json)
    return state is not None and state.state == "running"


def test_a_sweep_that_is_deleted_under_its_agent_costs_no_run(tmp_path: Path) -> None:
    place = make_sweep(tmp_path, WAITS, heartbeat=0.3)
    with agent(tmp_path) as process:
        wait_until(lambda: is_up(tmp_path), "the first trial")
        shutil.rmtree(place.sweep.path)
        time.sleep(1)
        (tmp_path / "go").touch()
        err = said(process)
    assert process.returncode == 2
    assert "the sweep was deleted; the trial may finish" in err
    assert "is in the store all the same" in err
    assert "Traceback" not in err
    assert not place.sweep.path.exists()
    assert run_states(place) == ["finished"]
