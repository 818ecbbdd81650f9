"""What a newcomer gets wrong with sweeps, and what it says in the end: one clear line each, nothing silent."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import runstore
from runstore.errors import BadTypeError, UsageError
from runstore.format.sweep_records import Claim, Outcome
from runstore.reading.sweeps import open_sweep
from runstore.reading.sweeps.checks import check_sweep
from sweeps.agent.identity import this_process
from sweeps.agent.places import Place, find_sweep
from sweeps.cli.overview import overview
from sweeps.config.sweep import SweepConfig, load_sweep
from sweeps.controller import Controller, Over
from sweeps.creating import Wanted, from_file, from_values
from sweeps.doctor import checks, same_disk
from sweeps.doctor.examine import examine
from sweeps.errors import SweepError
from sweeps.progress import is_over, most_trials
from tests.cli.terminal import Terminal, start
from tests.sweeps.agents import make_sweep, run_agent

LINE: dict[str, Any] = {"method": "random", "metric": {"name": "loss"}, "parameters": {"lr": {"min": 0.0, "max": 1.0}}}
MANY: dict[str, Any] = {
    **LINE,
    "parameters": {
        "optimizer": {"values": ["sgd", "adam"]},
        "momentum": {"min": 0.0, "max": 0.9, "when": {"optimizer": "sgd"}},
        "lr": {"min": 1e-4, "max": 0.1, "distribution": "log_uniform_values"},
        "epochs": {"value": 3},
    },
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("RUNSTORE_", "WANDB_")):
            monkeypatch.delenv(name)


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


def made(**config: Any) -> Place:
    """A sweep p/s."""
    given = {**LINE, **config}
    return from_values(given, Wanted(project="p", store=Path("experiments").absolute(), id="s"), lambda line: None)


def trials(place: Place, count: int, **outcome: Any) -> list[Claim]:
    """Trials that begin and end."""
    done = []
    for _ in range(count):
        controller = Controller.open(place.sweep)
        claim = controller.next("me", 1, this_process())
        assert isinstance(claim, Claim)
        controller.finish(Outcome(claim.n, claim.run, "me", **{"state": "finished", "value": 1.0, **outcome}))
        done.append(claim)
    return done


def state(place: Place) -> str:
    return overview(place, open_sweep(place.sweep)).state


def over(place: Place) -> bool:
    reader = open_sweep(place.sweep)
    return is_over(SweepConfig.from_json(reader.config), reader.state)


def agrees(place: Place) -> bool:
    """Whether an agent that asks now hears the same as whoever looks."""
    found = Controller.open(place.sweep).next("you", 1, this_process())
    return isinstance(found, Over) == over(place)


# When a sweep is over


def test_a_cap_below_what_was_begun_is_told_and_the_sweep_is_finished(terminal: Terminal) -> None:
    place = made(run_cap=5)
    trials(place, 3)
    assert state(place) == "idle"
    done = terminal("sweep", "extend", "s", "--run-cap", "2")
    assert (done.out, done.err) == ("sweep p/s: run_cap 2, and 3 trials were begun: no new one starts\n", "")
    assert state(place) == "finished"
    assert terminal("sweep", "status", "s", "--watch").code == 0
    told = json.loads(terminal("sweep", "status", "s", "--json").out)
    assert (told["run_cap"], told["most_trials"], told["id"], told["sweep"]) == (2, 3, "s", "s")
    found = Controller.open(place.sweep).next("you", 1, this_process())
    assert found == Over("run_cap 2 is reached")


def test_a_point_that_the_cap_leaves_no_room_for_is_told_and_the_sweep_is_finished(terminal: Terminal) -> None:
    place = made(run_cap=1)
    trials(place, 1)
    assert terminal("sweep", "add", "s", "lr=0.5").out.splitlines() == [
        "sweep p/s: lr=0.5 is tried next (control 1)",
        "  run_cap leaves no room: runstore sweep extend p/s --run-cap 2",
    ]
    assert state(place) == "finished"
    assert "run_cap leaves no room" in terminal("sweep", "status", "s").out
    assert terminal("sweep", "extend", "s", "--run-cap", "2").out == "sweep p/s: at most 2 trials\n"
    assert state(place) == "idle"
    assert trials(place, 1)[0].params == {"lr": 0.5}
    assert state(place) == "finished"


@pytest.mark.parametrize("method", ["random", "grid", "bayes"])
def test_a_space_of_which_every_point_was_tried_is_finished(method: str) -> None:
    place = made(method=method, parameters={"a": {"values": [1, 2]}, "b": {"value": 3}})
    for _ in range(2):
        assert not over(place)
        trials(place, 1, state="failed", value=None)
    assert agrees(place)
    assert over(place)


def test_a_search_that_would_take_very_long_to_try_all_points_has_no_limit() -> None:
    place = made(parameters={"a": {"min": 1, "max": 50_000}})
    reader = open_sweep(place.sweep)
    assert most_trials(SweepConfig.from_json(reader.config), reader.state) is None


def test_a_point_beside_the_grid_leaves_all_of_its_points_to_be_tried() -> None:
    place = made(method="grid", parameters={"a": {"min": 1, "max": 2}})
    controller = Controller.open(place.sweep)
    controller.ask("add", {"params": {"a": 7}})
    controller.ask("add", {"params": {"a": 1}})
    trials(place, 2)
    reader = open_sweep(place.sweep)
    assert not over(place)
    assert most_trials(SweepConfig.from_json(reader.config), reader.state) == 3
    trials(place, 1)
    assert over(place)
    assert agrees(place)


def test_a_grid_whose_claim_was_edited_is_finished_behind_its_last_point() -> None:
    place = made(method="grid", parameters={"a": {"values": [1, 2, 3]}})
    trials(place, 3)
    place.sweep.claim(1).write_text("{}\n")
    assert over(place)
    assert agrees(place)


def test_watching_a_stopped_sweep_ends_though_a_dead_agents_trial_is_left(terminal: Terminal) -> None:
    place = made()
    assert isinstance(Controller.open(place.sweep).next("me", 1, this_process()), Claim)
    Controller.open(place.sweep).ask("stop")
    assert state(place) == "stopped, 1 running"
    assert terminal("sweep", "status", "s", "--watch").code == 0


def test_after_the_target_the_trial_of_a_dead_agent_is_closed_and_the_sweep_is_finished() -> None:
    place = made(metric={"name": "loss", "target": 0.5})
    controller = Controller.open(place.sweep)
    with subprocess.Popen(["sleep", "100"]) as process:
        assert isinstance(controller.next("it", 1, replace(this_process(), pid=process.pid, start=0.0)), Claim)
        trials(place, 1, value=0.1)
        process.kill()
    assert state(place) == "idle"
    assert isinstance(Controller.open(place.sweep).next("you", 1, this_process()), Over)
    assert open_sweep(place.sweep).state.counts == {"crashed": 1, "finished": 1}
    assert state(place) == "finished"


# What is asked of a sweep


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (("lr=0",), "add: lr: found 0, expected more than 0; its scale is logarithmic"),
        (("lr=-0.1",), "lr: found -0.1, expected more than 0"),
        (("lr=1" + 400 * "0",), "expected a number"),
        (("epochs=4",), "add: epochs: found 4, expected 3, as it is a constant; leave it out"),
        (
            ("optimizer=adam", "momentum=0.5"),
            "add: found momentum, which is there only with optimizer=sgd; leave it out",
        ),
        (("optimizer=rmsprop",), "optimizer: found 'rmsprop', expected one of 'sgd', 'adam'"),
        (("lr=0.1", "lr=0.2"), "found lr twice, the second time as 'lr=0.2'; give it one value"),
        (("nett={}",), "found the parameter 'nett', expected one of"),
    ],
)
def test_a_point_that_would_not_be_tried_as_it_stands_is_refused(
    terminal: Terminal, values: tuple[str, ...], said: str
) -> None:
    place = made(parameters=MANY["parameters"])
    rest = [each for each in ("optimizer=adam", "lr=0.01") if each.split("=")[0] not in " ".join(values)]
    line = terminal.fails("sweep", "add", "s", *values, *rest)
    assert said in line
    assert not open_sweep(place.sweep).state.controls


def test_a_constant_may_be_given_its_own_value_and_out_of_the_ranges_is_taken(terminal: Terminal) -> None:
    place = made(parameters=MANY["parameters"])
    done = terminal("sweep", "add", "s", "lr=0.5", "optimizer=sgd", "momentum=0.5", "epochs=3.0")
    assert done.code == 0, done.err
    [control] = open_sweep(place.sweep).state.queued
    assert control.data["params"] == {"optimizer": "sgd", "momentum": 0.5, "lr": 0.5, "epochs": 3}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("extend", "s", "--run-cap", "3", "--run-cap", "4"), "found --run-cap twice; give it one value"),
        (("extend", "s", "--range", "lr=0..2", "--range", "lr=0..3"), "found lr twice"),
        (("pause", "s", "-p", "p", "--project", "q"), "found --project twice"),
        (("launch", "s", "--engine", "slurm", "--sbatch", "qos=a", "--sbatch", "qos=b"), "--sbatch: found qos twice"),
    ],
)
def test_an_option_with_two_values_is_refused(terminal: Terminal, arguments: tuple[str, ...], said: str) -> None:
    place = made()
    assert said in terminal.fails("sweep", *arguments)
    assert "found --count twice" in terminal.fails("agent", "s", "--count", "1", "--count", "2")
    assert not open_sweep(place.sweep).state.controls


@pytest.mark.parametrize(("asked", "word"), [("pause", "paused"), ("stop", "stopped"), ("cancel", "cancelled")])
def test_what_is_asked_of_a_sweep_at_rest_names_resume(terminal: Terminal, asked: str, word: str) -> None:
    trials(made(), 1, state="failed", value=None)
    assert terminal("sweep", asked, "s").code == 0
    line = f"  the sweep is {word}; once it goes on: runstore sweep resume p/s"
    for arguments in (("retry", "s", "0"), ("add", "s", "lr=0.5"), ("extend", "s", "--run-cap", "9")):
        assert terminal("sweep", *arguments).out.splitlines()[1:] == [line]


def test_a_wish_after_the_target_was_reached_says_that_no_trial_starts(terminal: Terminal) -> None:
    trials(made(metric={"name": "loss", "target": 2.0}), 1)
    told = terminal("sweep", "add", "s", "lr=0.5").out.splitlines()[1]
    assert told == "  no trial starts, as the metric's target 2.0 is reached; create another sweep"


def test_a_wish_that_the_disk_refuses_is_one_line_with_the_sweeps_place(terminal: Terminal) -> None:
    place = made()
    for folder in (place.sweep.control_dir, place.sweep.tmp_dir):
        shutil.rmtree(folder)
        folder.write_text("no directory")
    line = terminal.fails("sweep", "pause", "s")
    assert line.startswith(f"{place.sweep.path}: cannot be written (")
    assert "nothing was asked of the sweep" in line


# What a configuration gets wrong


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "method: bayes\nmetric: {name: a}\nengine: gpp\nparameters: {lr: {min: 0, max: 1}}\n",
            ", line 3: engine: found 'gpp', expected one of gp, optuna-gp, optuna-tpe; did you mean 'gp'?",
        ),
        (
            "method: random\nparameters: {lr: {min: 0, max: 1}}\nconstraints:\n  - lr < 2\n  - lr > 10\n",
            ", line 5: constraints[1]: found 'lr > 10', expected a constraint that some points fulfil: lr is from 0",
        ),
        (
            "method: grid\nparameters: {a: {values: [1, 2]}, b: {value: 5}}\nconstraints: [a > b]\n",
            ", line 3: constraints[0]: found 'a > b', expected a constraint that some points fulfil: a is 1 or",
        ),
        (
            "method: grid\nparameters: {a: {min: 0, max: 9999}, b: {min: 0, max: 9999}}\nconstraints: [a + b < 0]\n",
            ", line 3: constraints[0]: found 'a + b < 0', expected a constraint that some points fulfil: a is from 0",
        ),
        (
            "method: random\nparameters: {a: {min: 0.0, max: 1.0}}\nconstraints: [a > 0.6, a < 0.4]\n",
            ", line 3: constraints: found 'a > 0.6', 'a < 0.4', expected constraints that some points fulfil together",
        ),
        (
            "method: random\nmetric: {name: a}\nearly_terminate: {type: hyperband, max_iter: 1, s: 2}\n"
            "parameters: {a: {value: 1}}\n",
            ", line 3: early_terminate: max_iter 1, s 2 and eta 3 leave no band",
        ),
        (
            "method: random\nmetric: {name: a}\nparameters: {a: {value: 1}}\nprior_runs:\n  - abc\n",
            ", line 5: prior_runs[0]: ",
        ),
        (
            "method: random\nparameters: {a: {value: 1}}\nprior_runs: [abc]\n",
            ", line 3: prior_runs[0]: found runs but no metric",
        ),
        (
            "method: random\nparameters:\n\ta: {value: 1}\n",
            ", line 3: found broken YAML: a tab at the beginning of the line; indent with spaces",
        ),
        (
            "method: random\nparameters:\n  a: {distribution: log_unifrm, min: 1, max: 2}\n",
            ", line 3: parameters.a.distribution: found 'log_unifrm', expected a distribution; did you mean "
            "'log_uniform_values', with min and max as values, or 'log_uniform', with exponents of e?",
        ),
    ],
)
def test_what_would_come_to_nothing_is_told_at_create_with_its_line(terminal: Terminal, text: str, said: str) -> None:
    Path("sweep.yaml").write_text(text)
    assert terminal.fails("sweep", "create", "sweep.yaml", "-p", "p").startswith(f"sweep.yaml{said}")
    assert not Path("experiments/p/sweeps").exists()


def test_a_prior_run_of_the_command_line_has_no_line_in_the_file(terminal: Terminal) -> None:
    Path("sweep.yaml").write_text("method: random\nmetric: {name: a}\nparameters: {a: {value: 1}}\n")
    line = terminal.fails("sweep", "create", "sweep.yaml", "--prior-run", "abc")
    assert line.startswith("prior_runs: found no run 'abc', as there is no store in ")
    made()
    line = terminal.fails("sweep", "create", "sweep.yaml", "--prior-run", "abc")
    assert line.startswith("prior_runs: ")
    assert "found no run 'abc'; " in line


def test_constraints_that_few_points_fulfil_are_fine() -> None:
    made(constraints=["lr < 0.01"])
    Path("grid.yaml").write_text(
        textwrap.dedent("""
            method: grid
            parameters: {a: {min: 1, max: 300}, b: {min: 1, max: 300}}
            constraints: [a + b <= 2]
        """)
    )
    place = from_file(Path("grid.yaml"), Wanted(store=Path("experiments").absolute()), lambda line: None)
    assert trials(place, 1)[0].params == {"a": 1, "b": 1}
    assert load_sweep("grid.yaml").source.place == "grid.yaml"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: runstore.agent(None, function=print), "found the sweep None, expected its id as text"),
        (lambda: runstore.agent("s", project=5, function=print), "project is 5, expected a name as text"),
        (lambda: runstore.agent("s", entity=[], function=print), "entity is \\[\\], expected a name as text"),
        (lambda: runstore.agent("s", function=5), "function is 5, expected something that can be called"),
        (lambda: runstore.agent("s", function=print, count="3"), "count is '3', expected a whole number"),
        (lambda: runstore.agent("s", term_timeout="x"), "term_timeout is 'x', expected seconds"),
        (lambda: runstore.agent("s", term_timeout=float("inf")), "term_timeout is inf, expected seconds"),
        (lambda: runstore.agent("s", max_consecutive_failed_runs="x"), "expected a whole number or None"),
        (lambda: runstore.controller(5), "found the sweep 5, expected its id as text, or a configuration"),
        (lambda: runstore.controller("s", project=3), "project is 3, expected a name as text"),
        (lambda: runstore.sweep(5), "sweep is 5, expected a dict"),
        (lambda: runstore.sweep(LINE, entity=5), "entity is 5, expected a name as text"),
        (lambda: runstore.sweep(LINE, prior_runs=5), "prior_runs is 5, expected a list of run ids"),
        (lambda: runstore.sweep(LINE, prior_runs=[5]), "prior_runs holds 5, expected ids of runs as text"),
    ],
)
def test_a_wrong_type_in_a_call_is_a_usage_error_and_makes_nothing(call: Any, said: str) -> None:
    made(program="train.py")
    with pytest.raises(UsageError, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, BadTypeError | ValueError)
    assert len(list(Path("experiments/p/sweeps").iterdir())) == 1


# Programs


def test_a_program_that_cannot_be_started_is_told_once_a_trial(tmp_path: Path) -> None:
    make_sweep(tmp_path, command=["./nothing", "${args}"], run_cap=2)
    done = run_agent(tmp_path)
    lines = [line for line in done.stderr.splitlines() if "./nothing: cannot be started" in line]
    assert [line.split(" failed ")[0] for line in lines] == ["runstore: trial 0", "runstore: trial 1"]


def test_a_metric_that_was_logged_as_text_is_told_as_that(tmp_path: Path) -> None:
    make_sweep(tmp_path, "import runstore\nwith runstore.init() as run: run.log({'loss': 'low'})", run_cap=1)
    done = run_agent(tmp_path)
    assert "warning: trial 0 logged loss as 'low', which is no number; log one" in done.stderr


# Records that cannot be read


def test_what_is_said_of_a_record_that_cannot_be_read_holds(terminal: Terminal) -> None:
    place = made(run_cap=9)
    first, *_ = trials(place, 3)
    Controller.open(place.sweep).ask("pause")
    Controller.open(place.sweep).ask("resume")
    told = {
        place.sweep.claim(1): "restore the file from git, or leave it as it is: without it its number could be claimed",
        place.sweep.done(2): "the trial counts as crashed, and `runstore sweep retry` runs it again",
        place.sweep.control(1): "restore the file from git, or ask for the same again",
    }
    for path in told:
        path.write_text("{}\n")
    found = {path: text for path, _, text in check_sweep(place.sweep)}
    for path, said in told.items():
        assert said in found[path]
        assert "delete" not in found[path]
    assert trials(place, 1)[0].n == 3  # The number of the claim that cannot be read stays taken.
    assert terminal("sweep", "retry", "s", "2").code == 0
    [again] = trials(place, 1)
    assert (again.n, again.attempt) == (2, 2)
    assert {trial.number: trial.state for trial in open_sweep(place.sweep).state.trials} == dict.fromkeys(
        (0, 2, 3), "finished"
    )
    assert first.n == 0


def test_a_configuration_that_cannot_be_read_is_to_be_restored_and_no_agent_to_be_started(terminal: Terminal) -> None:
    place = made()
    place.sweep.resolved_json.write_text("{")
    line = terminal.fails("sweep", "pause", "s")
    assert line.startswith(f"{place.sweep.resolved_json}: line ")
    assert line.endswith(
        "found broken JSON, expected a JSON object; restore the file from git, or create the sweep anew"
    )
    out = terminal("sweep", "status", "s").out
    assert "problem: resolved.json: " in out
    assert "start one" not in out


def test_without_its_claim_a_number_is_claimed_again_by_another_trial() -> None:
    """Why nobody is told to delete one that cannot be read."""
    place = made()
    [before] = trials(place, 1)
    place.sweep.claim(0).unlink()
    claim = Controller.open(place.sweep).next("me", 1, this_process())
    assert isinstance(claim, Claim)
    assert claim.n == 0
    assert claim.run != before.run


# Other disks, other clusters


def test_two_directories_of_one_disk_are_no_two_mounts_and_that_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "PATIENCE_SECONDS", 1e9)
    for name in ("one", "other"):
        Path(name).mkdir()
    lines: list[str] = []
    with pytest.raises(SweepError, match=r"other: does not show what was .*: the two are different directories on "):
        examine(Path("one"), "other/", told=lines.append)
    assert lines == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks at Linux's mounts")
def test_waiting_for_a_peer_says_what_for_and_in_the_end_which_disks_these_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checks, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(same_disk, "_EVERY_SECONDS", 0.1)
    monkeypatch.setattr(same_disk, "_FIRST_SECONDS", 0.1)
    monkeypatch.setattr(same_disk, "_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(same_disk, "_are_two_folders", lambda own, other: False)
    for name in ("one", "other"):
        Path(name).mkdir()
    lines: list[str] = []
    with pytest.raises(SweepError, match="name a mount of the same disk"):
        examine(Path("one"), "other/", told=lines.append)
    assert lines[0].startswith(f"waiting for {tmp_path}/other to show what was written to {tmp_path}/one, 0 s at most")
    assert all(line.startswith("… ") and " s of 0 s at most" in line for line in lines[1:])
    assert len(lines) > 1


def test_a_disk_is_named_by_its_mount_and_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "2 1 0:9 / /data\\040sets rw,shared:1 master:2 - nfs4 server:/export rw\n"
        "3 1 8:2 / /data rw - xfs /dev/sdb1 rw\nbroken\n"
    )
    monkeypatch.setattr(same_disk, "_MOUNTS", table)
    assert same_disk._mount(Path("/data sets/x")) == "server:/export (nfs4)"
    assert same_disk._mount(Path("/data/x")) == "/dev/sdb1 (xfs)"
    assert same_disk._mount(Path("/database")) == "/dev/sda1 (ext4)"


def test_a_dask_scheduler_that_is_none_is_one_line() -> None:
    made()
    done = start("sweep", "launch", "p/s", "--engine", "dask", "--scheduler", "nonsense")
    assert done.code == 2
    [line] = done.err.splitlines()
    assert line.startswith("runstore: error: nonsense: no Dask scheduler answers: ")
    assert not list(find_sweep("p/s").sweep.launches_dir.iterdir())
