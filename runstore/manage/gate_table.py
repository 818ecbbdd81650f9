"""What a gate found as rows of text, for a terminal and for Markdown alike."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from runstore.manage.comparison import Comparison, Gate, Verdict
from runstore.manage.markdown import code, cut, table
from runstore.manage.steps import History, Step

COLUMNS: Final = ("PROJECT", "GROUP", "METRIC", "BEFORE", "NOW", "CHANGE", "P", "VERDICT")
STEP_COLUMNS: Final = ("PROJECT", "GROUP", "METRIC", "COMMIT", "RUN", "BEFORE", "AFTER", "P", "VERDICT")
_ORDER: Final = ("regression", "improvement", "unknown", "new", "no difference")
_MOST_ROWS: Final = 100
_SIGNS: Final = {"regression": "🔴 ", "improvement": "🟢 "}
_OTHERS: Final[dict[Verdict, str]] = {"no difference": "without a difference", "unknown": "unknown", "new": "new"}

Show = Callable[[str], str]


def ranked(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Regressions first, then what else there is to look at."""
    return sorted(comparisons, key=lambda each: _ORDER.index(each.verdict))


def comparison_row(each: Comparison, show: Show) -> list[str]:
    """The cells of `COLUMNS`; `show` makes a stranger's text fit for where they stand."""
    return [
        show(each.project),
        show(each.group),
        show(each.metric.removeprefix("summary.")),
        str(each.before or "-"),
        str(each.after or "-"),
        change(each),
        "-" if each.p is None else f"{each.p:.2g}",
        f"{each.verdict} ({each.reason})" if each.reason else each.verdict,
    ]


def step_row(step: Step, show: Show) -> list[str]:
    """The cells of `STEP_COLUMNS`."""
    return [
        show(step.project),
        show(step.group),
        show(step.metric.removeprefix("summary.")),
        show(step.commit[:10]) if step.commit else "-",
        show(step.run.id),
        str(step.before),
        str(step.after),
        f"{step.p:.2g}",
        step.verdict,
    ]


def change(each: Comparison) -> str:
    """The difference of the means, and its share of the baseline's."""
    if each.difference is None:
        return "-"
    share = "" if each.share is None else f" ({each.share:+.1%})"
    return f"{each.difference:+.3g}{share}"


def summary(found: Gate) -> str:
    """One line: how many comparisons have which verdict."""
    if not found.fresh:
        return "no run is new since the baseline"
    parts = [counted(len(found.of("regression")), "regression"), counted(len(found.of("improvement")), "improvement")]
    parts += [f"{count} {word}" for verdict, word in _OTHERS.items() if (count := len(found.of(verdict)))]
    return f"{', '.join(parts)} ({counted(found.fresh, 'new run')})"


def counted(number: int, noun: str) -> str:
    """`0 runs`, `1 run`, `2 runs`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def history_summary(found: History) -> str:
    """One line: how many steps, in what order of runs."""
    worse = sum(step.verdict == "regression" for step in found.steps)
    order = "by the commits of their code" if found.by_commit else "by time"
    short = f", {found.short} too short to tell" if found.short else ""
    steps = counted(len(found.steps), "step")
    return f"{steps}, {worse} for the worse, in {found.series} series{short}; runs in order {order}"


def gate_markdown(found: Gate, baseline: str) -> str:
    """The comparisons as a comment for a pull request."""
    return cut([*gate_lines(found, f"Against {code(baseline)}: {summary(found)}.")])


def gate_lines(found: Gate, said: str) -> Iterator[str]:
    """What was found, then a table of the comparisons, the first of them where there are many."""
    yield said
    if found.comparisons:
        yield ""
        shown = ranked(found.comparisons)[:_MOST_ROWS]
        rows = [_signed(comparison_row(each, code), each.verdict) for each in shown]
        yield from table([column.capitalize() for column in COLUMNS], rows, right=("Before", "Now", "Change", "P"))
        if len(shown) < len(found.comparisons):
            yield ""
            yield f"… and {counted(len(found.comparisons) - len(shown), 'more comparison')}"


def history_markdown(found: History) -> str:
    """The steps as a comment for a pull request."""
    lines = [f"{history_summary(found)}."]
    if found.steps:
        rows = [_signed(step_row(step, code), step.verdict) for step in found.steps]
        lines += ["", *table([column.capitalize() for column in STEP_COLUMNS], rows, right=("Before", "After", "P"))]
    return cut(lines)


def _signed(row: list[str], verdict: str) -> list[str]:
    return [*row[:-1], f"{_SIGNS.get(verdict, '')}{row[-1]}"]
