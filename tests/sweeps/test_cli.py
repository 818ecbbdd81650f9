"""`runstore sweep …`: creating, looking, steering, and one clear line where something is wrong."""

import io
import json
import os
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from runstore.cli.terminal import show_value
from runstore.format.sweep_records import Claim
from runstore.reading.sweeps import SweepState, open_sweep
from sweeps.agent.heart import Heart
from sweeps.agent.identity import this_process
from sweeps.agent.places import Place, find_sweep
from sweeps.cli.overview import overview
from sweeps.cli.status import page as status_page
from sweeps.cli.trials import rows as trial_rows
from sweeps.cli.trials import table as trials_table
from sweeps.controller import Controller
from tests.cli.terminal import Terminal
from tests.sweeps.agents import make_sweep, run_agent

CONFIG = """
    program: train.py
    method: random
    metric: {name: loss}
    run_cap: 5
    parameters:
      lr: {min: 0.0001, max: 0.1, distribution: log_uniform_values}
      optimizer: {values: [sgd, adam]}
      net:
        parameters:
          depth: {min: 1, max: 4}
"""


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


@pytest.fixture
def place(tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A new sweep `p/s`; the store is the one of the working directory."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("RUNSTORE_", "WANDB_")):
            monkeypatch.delenv(name)
    (tmp_path / "sweep.yaml").write_text(textwrap.dedent(CONFIG))
    done = terminal("sweep", "create", "sweep.yaml", "--project", "p", "--id", "s")
    assert done.code == 0, done.err
    return find_sweep("p/s")


def take(place: Place) -> Claim:
    """A trial, as an agent of this process takes it."""
    claim = Controller.open(place.sweep).next("me", 1, this_process())
    assert isinstance(claim, Claim)
    return claim


def state(place: Place) -> SweepState:
    return open_sweep(place.sweep).state


def test_a_new_sweep_is_told_with_the_next_command(place: Place, terminal: Terminal) -> None:
    done = terminal("sweep", "-p", "q", "--name", "n", "sweep.yaml")
    sweep_id = done.out.splitlines()[0].removeprefix("Created sweep with ID: ")
    made = find_sweep(f"q/{sweep_id}")
    assert done.out.splitlines()[1:] == [
        f"Its files: {made.sweep.path}",
        f"Run agents with: runstore agent q/{sweep_id}",
    ]
    assert made.sweep.sweep_yaml.read_text() == Path("sweep.yaml").read_text()
    assert Controller.open(made.sweep).config.name == "n"


def test_a_new_sweep_as_json(place: Place, terminal: Terminal) -> None:
    told = json.loads(terminal("sweep", "create", "sweep.yaml", "--json", "--program", "other.py").out)
    made = find_sweep(told["sweep"])
    named = {"sweep": made.sweep.id, "id": made.sweep.id}
    assert told == {**named, "project": "uncategorized", "path": str(made.sweep.path)}
    assert Controller.open(made.sweep).config.program == "other.py"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("nowhere.yaml",), "nowhere.yaml: cannot be read: No such file or directory"),
        (("stauts", "s"), "no command 'stauts', nor is there such a file; did you mean status?"),
        (("create", "sweep.yaml", "--id", "s", "-p", "p"), "there is a sweep 's'; choose another id"),
        (("create", "sweep.yaml", "--id", "../x"), "the sweep id '../x' holds '/'"),
        (("create", "sweep.yaml", "-p", "objects"), "is kept for the store's own files"),
        (("status", "x"), "found no sweep 'x'"),
        (("pause", "other/s"), "found no sweep 's' in project 'other'"),
        (("status", "a/b/c/d"), "expected a sweep as ID, PROJECT/ID"),
        (("extend", "s"), "found nothing to extend; pass --run-cap N"),
        (("extend", "s", "--range", "lr=5"), "found the range '5', expected LOW..HIGH"),
        (("extend", "s", "--range", "lr"), "found 'lr', expected NAME=VALUE"),
        (("extend", "s", "--range", "rl=0..1"), "rl"),
        (("extend", "s", "--run-cap", "0"), "invalid value for '--run-cap'"),
        (("add", "s", "lr"), "found 'lr', expected NAME=VALUE"),
        (("add", "s", "lr=0.1", "rate=1"), "rate"),
        (("add", "s", "lr=fast", "optimizer=sgd", "net.depth=2"), "lr"),
        (("add", "s", "lr=[1", "optimizer=sgd", "net.depth=2"), "broken YAML"),
        (("retry", "s"), "found no trial to retry; name some by number, or pass --failed"),
        (("retry", "s", "7"), "found no trial '7'; there are no trials"),
    ],
)
def test_a_mistake_is_one_line(place: Place, terminal: Terminal, arguments: tuple[str, ...], line: str) -> None:
    assert line in terminal.fails("sweep", *arguments)
    assert not state(place).controls


@pytest.mark.parametrize("named", ["s", "p/s", "me/p/s", "experiments/p/sweeps/s", "experiments/p/sweeps/s/sweep.yaml"])
def test_pause_and_resume(place: Place, terminal: Terminal, named: str) -> None:
    assert "sweep p/s: paused" in terminal("sweep", "pause", named).out
    assert state(place).paused
    assert "sweep p/s: goes on" in terminal("sweep", "resume", named).out
    assert not state(place).paused


def test_wandbs_flags_do_the_same(place: Place, terminal: Terminal) -> None:
    for arguments, holds in {
        ("--pause", "s"): lambda state: state.paused,
        ("--resume", "me/p/s"): lambda state: not state.paused,
        ("s", "--stop"): lambda state: state.stopped and not state.cancelled,
        ("--cancel", "s"): lambda state: state.cancelled,
    }.items():
        assert terminal("sweep", *arguments).code == 0
        assert holds(state(place)), arguments


def test_a_point_that_is_added_is_tried_next(place: Place, terminal: Terminal) -> None:
    done = terminal("sweep", "add", "s", "lr=0.05", "optimizer=adam", "net.depth=3")
    assert "lr=0.05 optimizer=adam net.depth=3 is tried next" in done.out
    assert dict(take(place).params) == {"lr": 0.05, "optimizer": "adam", "net": {"depth": 3}}
    assert not state(place).queued


def test_extending_raises_the_cap_and_widens_a_range(place: Place, terminal: Terminal) -> None:
    done = terminal("sweep", "extend", "s", "--run-cap", "9", "--range", "lr=1e-6..0.5", "--range", "net.depth=1..8")
    assert done.out == "sweep p/s: at most 9 trials, lr from 1e-06 to 0.5, net.depth from 1 to 8\n"
    controller = Controller.open(place.sweep)
    assert controller.state.run_cap == 9
    assert controller.space.by_name["lr"].bounds == (1e-6, 0.5)


def test_a_failed_trial_is_run_again(place: Place, terminal: Terminal) -> None:
    from runstore.format.sweep_records import Outcome

    claim = take(place)
    assert "trial 0 is still running" in terminal.fails("sweep", "retry", "s", "0")
    Controller.open(place.sweep).finish(Outcome(0, claim.run, "me", "failed"))
    assert terminal("sweep", "retry", "s", "--failed").out == "sweep p/s: 1 trial to be run again: 0\n"
    again = take(place)
    assert (again.n, again.run, again.attempt, again.params) == (0, claim.run, 2, claim.params)
    assert "no trial failed" in terminal("sweep", "retry", "s", "--failed").out


@pytest.fixture
def swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A sweep that an agent worked at."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUNSTORE_DIR", raising=False)
    place = make_sweep(tmp_path)
    assert run_agent(tmp_path).returncode == 0
    return place


def test_the_best_trial_and_the_status(swept: Place, terminal: Terminal) -> None:
    [first, *_] = state(swept).trials
    assert terminal("sweep", "best", "s").out == f"loss 1.3333 in trial 0 (run {first.run})\n  lr: 1\n  depth: 3\n"
    told = json.loads(terminal("sweep", "best", "s", "--json").out)
    assert (told["trial"], told["params"], told["state"]) == (0, {"lr": 1, "depth": 3}, "finished")
    out = terminal("sweep", "status", "s").out
    assert "sweep    p/s, grid, finished\n" in out
    assert "trials   4 of 4, 4 finished\n" in out
    assert f"best     loss 1.3333 in trial 0 (run {first.run})\n         lr=1 depth=3\n" in out
    assert "bye" in out
    told = json.loads(terminal("sweep", "status", "s", "--json").out)
    assert (told["state"], told["trials"], told["most_trials"], told["problems"]) == (
        "finished",
        {"finished": 4},
        4,
        [],
    )
    [agent] = told["agents"]
    assert (agent["state"], agent["done"], agent["failed"], agent["trial"]) == ("bye", 4, 0, None)
    assert terminal("sweep", "status", "s", "--watch").code == 0


def test_trials_are_listed_as_they_came_or_the_best_first(swept: Place, terminal: Terminal) -> None:
    trials = state(swept).trials
    lines = terminal("sweep", "trials", "s").out.splitlines()
    assert lines[0].split() == ["TRIAL", "STATE", "LOSS", "RUN", "TRY", "AGENT", "PARAMETERS"]
    first = trials[0]
    assert lines[1].split()[:5] == ["0", "finished", "1.3333", first.run, "1"]
    assert lines[1].endswith("lr=1 depth=3")
    assert [line.split()[0] for line in lines[1:]] == ["0", "1", "2", "3"]
    told = json.loads(terminal("sweep", "trials", "s", "--best", "-n", "2", "--json").out)
    assert [each["value"] for each in told] == sorted(trial.value for trial in trials if trial.value is not None)[:2]
    assert set(told[0]) >= {"trial", "run", "state", "params", "agent"}
    assert terminal("sweep", "trials", "s", "-n", "1").out.endswith("… of 4 trials\n")


def test_trials_are_listed_by_state_also_those_that_nobody_works_at(place: Place, terminal: Terminal) -> None:
    assert terminal("sweep", "trials", "s").out == "sweep p/s: no trials yet\n"
    claim = take(place)
    assert json.loads(terminal("sweep", "trials", "s", "--json").out)[0]["state"] == "running"
    said = terminal("sweep", "trials", "s", "--state", "failed", "--state", "killed")
    assert said.out == "sweep p/s: no trials that are failed or killed\n"
    assert claim.run in terminal("sweep", "trials", "s", "--state", "running").out


def test_what_waits_is_listed_as_queued(swept: Place, terminal: Terminal) -> None:
    assert terminal("sweep", "extend", "s", "--run-cap", "9").code == 0
    assert terminal("sweep", "retry", "s", "2").code == 0
    assert terminal("sweep", "add", "s", "lr=2", "depth=3").code == 0
    told = json.loads(terminal("sweep", "trials", "s", "--state", "queued", "--json").out)
    assert [(each["trial"], each["params"].get("lr")) for each in told] == [
        (2, state(swept).trials[2].params["lr"]),
        (None, 2),
    ]
    assert terminal("sweep", "trials", "s").out.splitlines()[-1].endswith("lr=2 depth=3")


def test_a_narrow_terminal_cuts_names_and_no_numbers(swept: Place) -> None:
    seen = overview(swept, open_sweep(swept.sweep))
    out = Console(width=56, file=io.StringIO(), record=True)
    out.print(trials_table(seen, trial_rows(seen)))
    told = out.export_text()
    for trial in seen.reader.state.trials:
        assert f"{trial.number}  finished  {show_value(trial.value):>6}  {trial.run}    1" in told
    assert "\u2026" in told
    out = Console(width=72, file=io.StringIO(), record=True)
    out.print(status_page(seen))
    told = out.export_text()
    assert str(seen.agents[0].beat.process.pid) in told
    assert "ENDED  FAILED" in told


def test_trials_have_no_best_first_without_a_metric(tmp_path: Path, terminal: Terminal, place: Place) -> None:
    (tmp_path / "plain.yaml").write_text(textwrap.dedent(CONFIG).replace("metric: {name: loss}\n", ""))
    assert terminal("sweep", "create", "plain.yaml", "--project", "p", "--id", "plain").code == 0
    said = terminal("sweep", "trials", "plain", "--best")
    assert said.code != 0
    assert "p/plain: the sweep has no metric to order its trials by; leave --best out" in said.err


def test_a_sweep_without_trials_has_a_status_too(place: Place, terminal: Terminal) -> None:
    assert "trials   0 of 5\n" in terminal("sweep", "status", "s").out
    assert "sweep p/s: no best trial: no trial ended yet\n" in terminal("sweep", "best", "s").out
    assert json.loads(terminal("sweep", "best", "s", "--json").out) is None


def test_a_sweep_that_nobody_works_at_says_what_to_do(place: Place, terminal: Terminal) -> None:
    assert "agents   none yet; start one with `runstore agent p/s`\n" in terminal("sweep", "status", "s").out
    heart = Heart(place.sweep, "me", this_process(), 30.0, print)
    heart.start()
    heart.counts(3, 3)
    assert "agents   none" not in terminal("sweep", "status", "s").out
    heart.bye()
    out = " ".join(terminal("sweep", "status", "s").out.split())
    assert "none any more, as all 3 trials failed; mend the program, then start one with `runstore agent p/s`" in out


def test_the_expected_end_follows_the_pace(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from runstore.format.sweep_records import Outcome

    controller = Controller.open(place.sweep)
    for minute in range(4):
        claim = take(place)
        time = f"2026-01-01T00:0{minute}:00Z"
        controller.look()
        controller.finish(Outcome(claim.n, claim.run, "me", "finished", value=1.0, time=time))
    seen = overview(place, open_sweep(place.sweep), now=1_000.0)
    assert (seen.pace, seen.end, seen.over, seen.state) == (60.0, None, 4, "idle")
    heart = Heart(place.sweep, "me", this_process(), 30.0, print)
    heart.start()
    seen = overview(place, open_sweep(place.sweep), now=1_000.0)
    assert (seen.end, seen.state) == (1_060.0, "running")
    heart.bye()


def test_a_record_that_was_edited_by_hand_is_told_and_costs_nothing_else(place: Place, terminal: Terminal) -> None:
    take(place)
    path = place.sweep.claim(0)
    path.write_text(path.read_text().replace("adam", "adamw").replace("sgd", "sgdw"))
    out = terminal("sweep", "status", "s").out
    assert "problem: claims/000/000000: found a record whose checksum does not fit" in out


def test_a_sweep_from_python_takes_a_dict_a_function_or_a_file(place: Place, capsys: Any) -> None:
    import runstore

    config: dict[str, Any] = {"method": "random", "parameters": {"x": {"values": (1, 2)}}, "project": "q"}
    given: list[dict[str, Any] | Callable[[], dict[str, Any]] | str] = [config, lambda: config, "sweep.yaml"]
    for sweep in given:
        found = find_sweep(runstore.sweep(sweep))
        assert found.project.name == ("uncategorized" if sweep == "sweep.yaml" else "q")
        assert f"Create sweep with ID: {found.sweep.id}\n" in capsys.readouterr().out


def test_a_controller_looks_and_steers(place: Place, capsys: Any) -> None:
    import runstore

    sweep = runstore.controller("p/s")
    assert (sweep.sweep_id, sweep.sweep_config["method"], sweep.done()) == ("s", "random", False)
    sweep.pause()
    assert state(place).paused
    sweep.stop()
    assert sweep.done()
    sweep.run()
    own = runstore.controller(project="q")
    own.configure_search("grid")
    own.configure_parameter("x", values=[1, 2])
    own.configure_program("train.py")
    assert find_sweep(f"q/{own.create()}").project.name == "q"
    with pytest.raises(runstore.Error, match="created already"):
        own.configure_search("random")
    own.print_status()
    assert "no trials yet" in capsys.readouterr().err
