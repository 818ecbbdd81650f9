"""`runstore gate`: whether new runs are worse than those of a baseline, for people and for CI."""

import json
from typing import Any, cast

import click

from runstore.cli.choosing import filter_option, joined
from runstore.cli.completing import PROJECT
from runstore.cli.examples import examples
from runstore.cli.past import past_store
from runstore.cli.stores import open_store, store_option
from runstore.cli.terminal import clip, print_table
from runstore.errors import StoreError, UsageError
from runstore.format.metrics import GOALS, Goal
from runstore.manage.comparison import Gate
from runstore.manage.gate import gate
from runstore.manage.gate_table import (
    COLUMNS,
    STEP_COLUMNS,
    comparison_row,
    gate_markdown,
    history_markdown,
    history_summary,
    ranked,
    step_row,
    summary,
)
from runstore.manage.samples import TESTS, Test
from runstore.manage.steps import History, commits_in, history
from runstore.manage.terms import Terms, parse_effect
from runstore.reading.revision import Commit, ordered
from runstore.reading.store import Store

EXIT_REGRESSION = 1
EXIT_CANNOT_COMPARE = 2


@click.command(
    "gate",
    short_help="Compare new runs with a baseline's.",
    epilog=examples(
        "runstore gate --baseline main --metric 'accuracy:max'",
        "runstore gate --history --metric loss",
    ),
)
@click.option("--baseline", metavar="REV", help="Compare with the store as it was at this tag, branch or commit.")
@click.option("--history", "steps", is_flag=True, help="Look for steps in the project's history instead.")
@click.option("--metric", multiple=True, metavar="COLUMN", help="Compare this one, as in summary.val_acc; repeat it.")
@click.option("--goal", type=click.Choice(GOALS), help="Which way metrics are better that don't say so themselves.")
@click.option("--group", metavar="COLUMN", help="Runs with the same value here repeat one another.")
@click.option("--seeds", multiple=True, metavar="KEYS", help="Keys of the config in which repeated runs differ.")
@click.option("--project", metavar="NAME", type=PROJECT, help="The runs of this project alone.")
@filter_option
@click.option("--alpha", type=click.FloatRange(0, 0.5, min_open=True), default=0.05, help="Chance of a false alarm.")
@click.option("--min-effect", default="0", metavar="CHANGE", help="The least change that matters: 0.005, or 1%.")
@click.option("--test", type=click.Choice(TESTS), default="welch", help="How two groups are compared.")
@click.option("--strict", is_flag=True, help="Exit with 2 where any comparison cannot be made.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown, for a pull request.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@store_option
@click.pass_context
def gate_command(context: click.Context, /, baseline: str | None, steps: bool, **options: Any) -> None:
    """Compare new runs with a baseline's, by the noise of seeds. Exits with 1 for a regression, 2 if it cannot tell."""
    if baseline is None and not steps:
        raise UsageError("found no baseline to compare with; pass --baseline with a tag, or --history")
    if options["as_json"] and options["as_markdown"]:
        raise UsageError("found both --json and --markdown; choose one")
    terms = _terms(options)
    now = open_store(options["store"])
    if steps:
        context.exit(_history(now, baseline, terms, options))
    assert baseline is not None
    with past_store(now.layout.root, baseline) as then:
        found = gate(now, then.store, terms)
    _print_gate(found, baseline, then.commit, options)
    context.exit(_exit_code(found, strict=options["strict"]))


def _terms(options: dict[str, Any]) -> Terms:
    seeds = tuple(key.removeprefix("config.") for key in joined(options["seeds"]))
    return Terms(
        metrics=tuple(options["metric"]),
        goal=cast(Goal | None, options["goal"]),
        group=options["group"],
        seeds=seeds or None,
        where=options["where"],
        project=options["project"],
        alpha=options["alpha"],
        effect=parse_effect(options["min_effect"]),
        test=cast(Test, options["test"]),
    )


def _exit_code(found: Gate, *, strict: bool) -> int:
    if found.of("regression"):
        return EXIT_REGRESSION
    if found.fresh and not found.tested:
        # A gate that never compares anything must not look like one that is content.
        hint = "name the keys in which repeated runs differ with --seeds" if found.of("new") else "log more runs"
        click.echo(f"runstore: nothing could be compared; {hint}", err=True)
        return EXIT_CANNOT_COMPARE
    return EXIT_CANNOT_COMPARE if strict and (not found.tested or found.of("unknown")) else 0


def _print_gate(found: Gate, baseline: str, commit: Commit, options: dict[str, Any]) -> None:
    if options["as_json"]:
        comparisons = [each.as_dict() for each in found.comparisons]
        told = {"baseline": {"revision": baseline, "commit": commit.sha}, "new_runs": found.fresh}
        click.echo(json.dumps(told | {"comparisons": comparisons}, indent=2, ensure_ascii=False))
    elif options["as_markdown"]:
        click.echo(gate_markdown(found, f"{baseline} ({commit.short})"), nl=False)
    else:
        if found.comparisons:
            rows = [comparison_row(each, clip) for each in ranked(found.comparisons)]
            print_table(COLUMNS, rows, right=("BEFORE", "NOW", "CHANGE", "P"))
        click.echo(f"against {baseline} ({commit.short}): {summary(found)}")


def _history(now: Store, baseline: str | None, terms: Terms, options: dict[str, Any]) -> int:
    root = now.layout.root
    try:
        order = ordered(root, commits_in(now))
    except StoreError:
        order = {}  # A store outside of git has times.
    if baseline is None:
        found = history(now, terms, order)
    else:
        with past_store(root, baseline) as then:
            found = history(now, terms, order, then.store)
    _print_history(found, options)
    if any(step.verdict == "regression" for step in found.steps):
        return EXIT_REGRESSION
    return EXIT_CANNOT_COMPARE if options["strict"] and (found.short or not found.series) else 0


def _print_history(found: History, options: dict[str, Any]) -> None:
    if options["as_json"]:
        told = {"by_commit": found.by_commit, "series": found.series, "too_short": found.short}
        steps = [step.as_dict() for step in found.steps]
        click.echo(json.dumps(told | {"steps": steps}, indent=2, ensure_ascii=False))
    elif options["as_markdown"]:
        click.echo(history_markdown(found), nl=False)
    else:
        if found.steps:
            print_table(STEP_COLUMNS, [step_row(step, clip) for step in found.steps], right=("BEFORE", "AFTER", "P"))
        click.echo(history_summary(found))
