"""Steering a sweep while it goes on: pause, resume, stop, cancel, best, add, extend, retry."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from runstore.cli.examples import examples
from runstore.cli.terminal import show_value
from runstore.cli.words import counted, printable
from runstore.errors import UsageError
from runstore.format import yaml12
from runstore.format.sweep_records import Control, ControlKind
from runstore.manage.edit import author
from runstore.reading.sweeps import Trial
from sweeps.agent.loop import shown
from sweeps.agent.places import Place
from sweeps.asking import point
from sweeps.cli.naming import Command, found, sweep_options
from sweeps.cli.overview import trial_json
from sweeps.cli.unlogged import without_best
from sweeps.controller import Controller
from sweeps.errors import SweepError
from sweeps.progress import has_reached_target


def ask(place: Place, controller: Controller, what: ControlKind, data: Mapping[str, Any]) -> Control:
    """Asks something of a sweep, for whoever types. Raises `SweepError` in one line, also for trouble with the disk."""
    try:
        return controller.ask(what, data, author())
    except OSError as error:
        raise SweepError(
            f"{place.sweep.path}: cannot be written ({error.strerror or error}); nothing was asked of the sweep, free "
            "the disk or check its permissions, and ask again"
        ) from None


json_option = click.option("--json", "json_", is_flag=True, help="Print one JSON object: what was asked of the sweep.")


def _tell(place: Place, control: Control | None, words: str, json_: bool) -> None:
    """Says what was asked; None for what needed no asking."""
    if json_:
        asked = None if control is None else {"n": control.n, "kind": control.what, "data": dict(control.data)}
        click.echo(json.dumps({"sweep": place.name, "asked": asked}, indent=2, ensure_ascii=False))
    else:
        click.echo(f"sweep {printable(place.name)}: {words}")


def _word(what: Any, words: str, help_: str) -> click.Command:
    """A command that asks one thing of the sweep."""

    @click.command(what, cls=Command, help=help_, epilog=examples(f"runstore sweep {what} k3v9x2ab"))
    @sweep_options
    @json_option
    def command(sweep: str, store: Path | None, project: str, entity: str, json_: bool) -> None:
        place = found(sweep, store, project)
        control = ask(place, Controller.open(place.sweep), what, {})
        _tell(place, control, words, json_)

    return command


pause = _word(
    "pause",
    "paused; trials that run go on, and `runstore sweep resume` starts new ones again",
    "Start no new trials of SWEEP, until it is resumed. Its agents wait.",
)
resume = _word("resume", "goes on", "Go on with SWEEP after a pause, a stop or a cancel.")
stop = _word(
    "stop",
    "no new trials; those that run may finish, then its agents end",
    "Start no new trials of SWEEP; those that run may finish, then its agents end.",
)
cancel = _word(
    "cancel",
    "no new trials; those that run are killed, and its agents end",
    "Start no new trials of SWEEP and kill those that run; then its agents end.",
)


@click.command(
    cls=Command,
    epilog=examples(
        "runstore sweep best k3v9x2ab",
        "runstore sweep best k3v9x2ab --json",
    ),
)
@sweep_options
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
def best(sweep: str, store: Path | None, project: str, entity: str, json_: bool) -> None:
    """Show the best trial of SWEEP with its parameters."""
    place = found(sweep, store, project)
    controller = Controller.open(place.sweep)
    metric = controller.config.metric
    if metric is None:
        raise SweepError(
            f"{place.name}: the sweep has no metric to compare its trials by; add one to its configuration"
        )
    trial = controller.state.best
    if json_:
        click.echo(json.dumps(None if trial is None else trial_json(trial, metric.name), indent=2))
    elif trial is None:
        why = without_best(place, controller.state, metric.name) or "no trial ended yet"
        click.echo(f"sweep {printable(place.name)}: no best trial: {printable(why)}")
    else:
        click.echo(f"{printable(metric.name)} {show_value(trial.value)} in trial {trial.number} (run {trial.run})")
        for name, value in controller.space.flatten(trial.params).items():
            click.echo(f"  {printable(name)}: {show_value(value)}")


@click.command(
    cls=Command,
    epilog=examples(
        "runstore sweep add k3v9x2ab lr=0.01 batch_size=64",
    ),
)
@sweep_options
@json_option
@click.argument("values", nargs=-1, required=True, metavar="NAME=VALUE...")
def add(sweep: str, store: Path | None, project: str, entity: str, values: tuple[str, ...], json_: bool) -> None:
    """Have SWEEP try a point next: a value for each of its parameters, as in lr=0.01 optimizer.name=sgd."""
    place = found(sweep, store, project)
    controller = Controller.open(place.sweep)
    params = point(controller.space, pairs(values, yaml12.load))
    control = ask(place, controller, "add", {"params": controller.space.nest(params)})
    _tell(place, control, f"{printable(shown(params))} is tried next (control {control.n})", json_)
    if json_:
        return
    state = controller.state
    if state.run_cap is not None and (needed := len(state.trials) + len(state.queued)) > state.run_cap:
        click.echo(f"  run_cap leaves no room: runstore sweep extend {printable(place.name)} --run-cap {needed}")
    _tell_what_holds_it(place, controller)


@click.command(
    cls=Command,
    epilog=examples(
        "runstore sweep extend k3v9x2ab --run-cap 200",
        "runstore sweep extend k3v9x2ab --range lr=1e-5..1",
    ),
)
@sweep_options
@click.option("--run-cap", type=click.IntRange(min=1), metavar="N", help="So many trials in all.")
@click.option(
    "--range", "ranges", multiple=True, metavar="NAME=LOW..HIGH", help="A wider range of a parameter; several times."
)
@json_option
def extend(
    sweep: str,
    store: Path | None,
    project: str,
    entity: str,
    run_cap: int | None,
    ranges: tuple[str, ...],
    json_: bool,
) -> None:
    """Raise the number of trials of SWEEP, or widen the range of a parameter."""
    if run_cap is None and not ranges:
        raise UsageError("found nothing to extend; pass --run-cap N, --range NAME=LOW..HIGH, or both")
    place = found(sweep, store, project)
    controller = Controller.open(place.sweep)
    wanted = pairs(ranges, _ends)
    space = controller.space
    for name, (low, high) in wanted.items():
        space = space.widened(name, low, high)
    data: dict[str, Any] = {"run_cap": run_cap} if run_cap is not None else {}
    if wanted:
        data["ranges"] = {name: {"min": low, "max": high} for name, (low, high) in wanted.items()}
    control = ask(place, controller, "extend", data)
    told = [_told_of_cap(run_cap, len(controller.state.trials))] if run_cap is not None else []
    told += [f"{printable(name)} from {low:g} to {high:g}" for name, (low, high) in wanted.items()]
    _tell(place, control, ", ".join(told), json_)
    if not json_:
        _tell_what_holds_it(place, controller)


def _told_of_cap(run_cap: int, begun: int) -> str:
    if begun < run_cap:
        return f"at most {counted(run_cap, 'trial')}"
    return (
        f"run_cap {run_cap}, and {counted(begun, 'trial')} {'was' if begun == 1 else 'were'} begun: no new one starts"
    )


def _tell_what_holds_it(place: Place, controller: Controller) -> None:
    """Says why nothing comes of a wish for now, where that is so."""
    state, metric = controller.state, controller.config.metric
    if state.cancelled or state.stopped or state.paused:
        word = "cancelled" if state.cancelled else "stopped" if state.stopped else "paused"
        click.echo(f"  the sweep is {word}; once it goes on: runstore sweep resume {printable(place.name)}")
    elif metric is not None and has_reached_target(controller.config, state):
        click.echo(f"  no trial starts, as the metric's target {metric.target} is reached; create another sweep")


@click.command(
    cls=Command,
    epilog=examples(
        "runstore sweep retry k3v9x2ab 12 17",
    ),
)
@sweep_options
@click.argument("trials", nargs=-1, metavar="[TRIAL]...")
@click.option("--failed", is_flag=True, help="Every trial that failed, crashed or was killed.")
@json_option
def retry(
    sweep: str, store: Path | None, project: str, entity: str, trials: tuple[str, ...], failed: bool, json_: bool
) -> None:
    """Run trials of SWEEP again, each with its own parameters and as the next attempt of its run."""
    place = found(sweep, store, project)
    controller = Controller.open(place.sweep)
    chosen = _chosen(place, controller, trials, failed)
    if not chosen:
        _tell(place, None, "no trial failed, crashed or was killed", json_)
        return
    waiting = {each.trial.number for each in controller.state.wanted}
    named = sorted({trial.number for trial in chosen})
    numbers = [each for each in named if each not in waiting]
    control = ask(place, controller, "retry", {"trials": numbers}) if numbers else None
    if json_:
        _tell(place, control, "", json_)
        return
    for number in [each for each in named if each in waiting]:
        click.echo(f"sweep {printable(place.name)}: trial {number} waits to be run again already")
    if control is not None:
        listed = ", ".join(map(str, numbers))
        _tell(place, control, f"{counted(len(numbers), 'trial')} to be run again: {listed}", json_)
        _tell_what_holds_it(place, controller)


def _chosen(place: Place, controller: Controller, names: Iterable[str], failed: bool) -> list[Trial]:
    """The trials that were named, by number or run. Raises `UsageError`, `SweepError` for one that is not there."""
    state = controller.state
    bad = [trial for trial in state.trials if trial.state in ("failed", "crashed", "killed")] if failed else []
    given = list(names)
    if not given and not failed:
        raise UsageError("found no trial to retry; name some by number, or pass --failed")
    for name in given:
        one = state.of(name)
        known = state.at(int(name)) if name.isdecimal() else [] if one is None else [one]
        if not known:
            raise SweepError(f"{place.name}: found no trial {name!r}; there are {counted(len(state.trials), 'trial')}")
        for trial in known:
            if not trial.is_over:
                raise SweepError(f"{place.name}: trial {trial.number} is still running; stop it first")
        bad += known
    return bad


def pairs(given: Iterable[str], read: Callable[[str], Any]) -> Mapping[str, Any]:
    """NAME=VALUE pairs as a mapping. Raises `UsageError` for anything else."""
    found_: dict[str, Any] = {}
    for each in given:
        name, equals, text = each.partition("=")
        if not equals or not name:
            raise UsageError(f"found {each!r}, expected NAME=VALUE, as in lr=0.01")
        if name.strip() in found_:
            raise UsageError(f"found {name.strip()} twice, the second time as {each!r}; give it one value")
        try:
            found_[name.strip()] = read(text)
        except yaml12.YamlError as error:
            raise UsageError(
                f"{each}: found broken YAML: {error}; expected a number, a word, or a text in quotes"
            ) from None
    return found_


def _ends(text: str) -> tuple[float, float]:
    low, dots, high = text.partition("..")
    try:
        if not dots:
            raise ValueError
        return _number(low), _number(high)
    except ValueError:
        raise UsageError(f"found the range {text!r}, expected LOW..HIGH, as in 1e-6..0.1") from None


def _number(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        return float(text)
