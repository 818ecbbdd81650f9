"""`runstore sweep create --from-runs`: a sweep.yaml out of runs that are there, with comments that say why."""

import json
import os
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from runstore.format.yaml_text import is_word, of_float
from runstore.reading.query import select
from runstore.reading.store import Project, RunRecord
from sweeps.errors import SweepError
from sweeps.proposing.evidence import Constant, Finding, Left, Parameter, Path, findings
from sweeps.proposing.objective import Goal, Objective, logs, objective

_WIDTH: Final = 110
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_ESCAPED: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed configuration: its YAML text, and the ids of the runs that it was made from and takes as prior."""

    text: str
    runs: tuple[str, ...]


def propose(project: Project, where: str | None, metric: str | None = None, goal: Goal | None = None) -> Proposal:
    """The configuration that the project's runs suggest, of those for which the filter `where` holds.

    Raises `UsageError` for a filter that cannot be read, `SweepError` where no run matches, nothing varies that could
    be searched, or no run logged `metric`.
    """
    runs = sorted(select(project.runs, where or None), key=lambda run: (run.created or 0.0, run.id))
    asked = f"--from-runs {where!r}" if where else "--from-runs"
    if not runs:
        raise SweepError(
            f"{asked}: found no such run in {project.name}; `runstore ls {project.name} --filter …` tries it"
        )
    found = findings([run.config for run in runs])
    if not any(isinstance(each, Parameter) for each in found):
        raise SweepError(
            f"{asked}: found {len(runs)} runs whose configs hold nothing to search, expected parameters that vary; "
            "take more runs, or write sweep.yaml by hand"
        )
    wanted = objective(runs, metric, goal)
    useful = [run for run in runs if _is_result(run, found, wanted)]
    head = _head(project, where, runs, wanted)
    lines = [*head, *_program(runs), *_metric(wanted), *parameter_lines(found), *_prior(useful), *closing_lines(found)]
    return Proposal("\n".join(lines) + "\n", tuple(run.id for run in useful))


def _is_result(run: RunRecord, found: Sequence[Finding], wanted: Objective | None) -> bool:
    """Whether a run tells a search something: what its parameters brought, or that they failed."""
    if wanted is None or run.state == "running":
        return False
    needed = [each.path for each in found if isinstance(each, Parameter) and not each.when]
    if not all(_has(run.config, path) for path in needed):
        return False
    return run.state != "finished" or logs(run, wanted.name)


def _has(config: Mapping[str, Any], path: Path) -> bool:
    inner: Any = config
    for key in path:
        if not isinstance(inner, Mapping) or key not in inner:
            return False
        inner = inner[key]
    return True


def _head(project: Project, where: str | None, runs: Sequence[RunRecord], wanted: Objective | None) -> Iterator[str]:
    chosen = f" for which {_one_line(where)}" if where else ""
    yield f"# Proposed from {len(runs)} runs of {_one_line(project.name)}{chosen}."
    yield "# Ranges are what these runs used: widen them where the best runs lie at an end."
    yield f"project: {_scalar(project.name)}"
    yield "method: bayes" if wanted else "method: random  # no metric was logged that bayes could follow"
    yield "# run_cap: 50  # without it the sweep goes on until it is stopped"


def _program(runs: Sequence[RunRecord]) -> Iterator[str]:
    programs = Counter(filter(None, map(_script, runs)))
    if not programs:
        yield "# program: train.py  # the runs don't say which script they are; a function needs none"
        return
    (program, count), *others = programs.most_common()
    why = f"  # of {count} of {len(runs)} runs; the others have another" if others else ""
    if program.startswith("-m "):
        module = _scalar(program.removeprefix("-m ").strip())
        yield f'command: ["${{env}}", "${{interpreter}}", "-m", {module}, "${{args}}"]{why}'
    else:
        yield f"program: {_scalar(program)}{why}"


def _script(run: RunRecord) -> str:
    """The run's program, from the directory that it was started in where it lies below that."""
    program, folder = (str(run.provenance.get(key) or "") for key in ("program", "cwd"))
    inside = folder and program.startswith(folder.rstrip("/") + "/")
    return os.path.relpath(program, folder) if inside else program


def _metric(wanted: Objective | None) -> Iterator[str]:
    if wanted is None:
        return
    yield f"metric:  # {_one_line(wanted.why)}"
    yield f"  name: {_scalar(wanted.name)}"
    yield f"  goal: {wanted.goal}"


def parameter_lines(found: Sequence[Finding]) -> Iterator[str]:
    """The section `parameters:`."""
    yield "parameters:"
    tree: dict[str, Any] = {}
    for each in found:
        if isinstance(each, Parameter):
            inner = tree
            for key in each.path[:-1]:
                inner = inner.setdefault(key, {})
            inner[each.path[-1]] = each
    yield from _branch(tree, "  ")


def _branch(tree: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, each in tree.items():
        if isinstance(each, Parameter):
            yield f"{indent}{_scalar(name)}:  # {_one_line(each.why)}"
            for key, value in each.domain.items():
                yield f"{indent}  {key}: {_scalar(value)}"
            for other, values in each.when.items():
                choice = values[0] if len(values) == 1 else values
                yield f"{indent}  when: {{{_scalar(other)}: {_scalar(choice)}}}  # no other run had it"
        else:
            yield f"{indent}{_scalar(name)}:"
            yield f"{indent}  parameters:"
            yield from _branch(each, indent + "    ")


def _prior(runs: Sequence[RunRecord]) -> Iterator[str]:
    if runs:
        yield "prior_runs:  # their results are where the search starts"
        ids = ", ".join(_scalar(run.id) for run in runs)
        body = textwrap.wrap(f"[{ids}]", _WIDTH - 2, break_long_words=False, break_on_hyphens=False)
        yield from (f"  {line}" for line in body)


def closing_lines(found: Sequence[Finding]) -> Iterator[str]:
    """Comments on what is not searched."""
    left = [each for each in found if isinstance(each, Left)]
    if left:
        yield "# Left out, though they vary:"
        yield from (f"#   {_shown(each.path)}: {_one_line(each.why)}" for each in left)
    constants = [each for each in found if isinstance(each, Constant)]
    if constants:
        yield "# The same in all runs; move them above as {value: …} where the script's defaults are others:"
        yield from (f"#   {_shown(each.path)}: {_one_line(_scalar(each.value))}" for each in constants)


def _shown(path: Path) -> str:
    return _one_line(".".join(path))


def _one_line(text: str) -> str:
    """Text as a comment can hold it: printable, on one line, not too long."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    plain = " ".join(plain.split())
    return plain if len(plain) <= 2 * _WIDTH else plain[: 2 * _WIDTH - 1] + "…"


def _scalar(value: Any) -> str:
    """A value as YAML on one line, also inside brackets."""
    if isinstance(value, bool) or value is None or isinstance(value, int):
        return json.dumps(value)
    if isinstance(value, float):
        return of_float(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_scalar, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(key))}: {_scalar(inner)}" for key, inner in value.items()) + "}"
    text = str(value)
    return text if _NAME.fullmatch(text) and is_word(text) else f'"{"".join(map(_letter, text))}"'


def _letter(letter: str) -> str:
    """A letter as it stands between YAML's double quotes."""
    if letter in _ESCAPED:
        return _ESCAPED[letter]
    if letter.isprintable() and letter < "\U00010000":
        return letter
    return f"\\U{ord(letter):08x}"
