"""Parts of a sweep's configuration as frozen values, every default in its place, and as they are read."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from runstore.format.sections import Section, meant, shown

Method = Literal["grid", "random", "bayes"]
Goal = Literal["minimize", "maximize"]
Impute = Literal["latest", "best", "worst"]
OnCrash = Literal["requeue", "skip"]
RuleType = Literal["hyperband", "asha", "median"]

METRIC_KEYS: Final = ("name", "goal", "target", "impute", "impute_while_running")
RULE_KEYS: Final[dict[RuleType, tuple[str, ...]]] = {
    "hyperband": ("type", "min_iter", "max_iter", "s", "eta", "strict"),
    "asha": ("type", "min_iter", "max_iter", "eta"),
    "median": ("type", "min_iter", "min_runs"),
}
MACROS: Final = (
    "env",
    "interpreter",
    "program",
    "args",
    "args_no_equals",
    "args_no_hyphens",
    "args_no_boolean_flags",
    "args_json",
    "args_json_file",
    "args_append_hydra",
    "args_override_hydra",
)
"""What `${...}` may name in a command, beside `${envvar:NAME}`."""


@dataclass(frozen=True)
class Metric:
    """What is optimized. Once a trial reaches `target`, no new one starts. `impute` says which value a trial counts
    with that failed, `impute_while_running` which one a running trial does (None: none)."""

    name: str
    goal: Goal = "minimize"
    target: float | None = None
    impute: Impute = "worst"
    impute_while_running: Impute | None = None

    @property
    def sign(self) -> float:
        """What a value is multiplied with so that lower is better: 1, or -1 where the goal is to maximize."""
        return -1.0 if self.goal == "maximize" else 1.0

    def to_json(self) -> dict[str, Any]:
        """As the configuration has it, every default written out."""
        target = {} if self.target is None else {"target": self.target}
        running = self.impute_while_running or "false"
        return {
            "name": self.name,
            "goal": self.goal,
            **target,
            "impute": self.impute,
            "impute_while_running": running,
        }


@dataclass(frozen=True)
class EarlyTerminate:
    """When a running trial is stopped, counted in logged values of the metric.

    hyperband: `min_iter` with `eta`, or `max_iter` with `s` and `eta` (which wins where both are there), `strict`.
    asha: `min_iter`, `eta`, up to `max_iter` where it is given. median: from `min_iter` values on, where at least
    `min_runs` other trials got as far.
    """

    type: RuleType
    min_iter: int | None = None
    max_iter: int | None = None
    s: int | None = None
    eta: float = 3.0
    strict: bool = True
    min_runs: int = 5

    def to_json(self) -> dict[str, Any]:
        """As the configuration has it, every default written out."""
        values = {key: getattr(self, key) for key in RULE_KEYS[self.type]}
        return {key: value for key, value in values.items() if value is not None}


def read_metric(section: Section) -> Metric:
    """The key `metric`. Raises `SweepError`, with the place, for a mistake."""
    section.only(METRIC_KEYS)
    section.required("name", "the name that the metric is logged under")
    name = section.text("name")
    if not name.strip():
        section.fail("name", shown(name), "the name that the metric is logged under", "write it as in run.log")
    goal: Goal = section.choice("goal", ("minimize", "maximize"), "minimize")  # type: ignore[assignment]
    impute: Impute = section.choice("impute", ("latest", "best", "worst"), "worst")  # type: ignore[assignment]
    # Unquoted, YAML reads W&B's word as a truth value.
    running = None
    if section.get("impute_while_running", False) is not False:
        running = section.choice("impute_while_running", ("latest", "best", "worst", "false"))
    while_running: Impute | None = None if running in (None, "false") else running  # type: ignore[assignment]
    return Metric(name, goal, section.number("target"), impute, while_running)


def read_rule(section: Section) -> EarlyTerminate:
    """The key `early_terminate`. Raises `SweepError`, with the place, for a mistake."""
    kind: Any
    every = list(dict.fromkeys(key for keys in RULE_KEYS.values() for key in keys))
    kind = section.get("type")
    known = RULE_KEYS[kind] if isinstance(kind, str) and kind in RULE_KEYS else every
    section.only(known, {key: f"{kind} has no such key" for key in every if key not in known})
    kind = section.choice("type", RULE_KEYS)
    min_iter, max_iter = section.integer("min_iter", least=1), section.integer("max_iter", least=1)
    s = section.integer("s", least=1)
    if kind == "hyperband" and min_iter is None and (max_iter is None or s is None):
        given = " and ".join(key for key in section.values if key != "type") or "neither"
        section.fail(None, given, "min_iter, or max_iter and s", "add min_iter: the first band")
    if kind != "hyperband" and min_iter is None:
        min_iter = 1
    return EarlyTerminate(
        kind,
        min_iter,
        max_iter,
        s,
        section.number("eta", 3.0, above=1),
        section.flag("strict", True),
        section.integer("min_runs", 5, least=1),
    )


def read_command(section: Section) -> tuple[str, ...]:
    """The key `command`: words and macros; numbers become text. Raises `SweepError`, with the place, for a mistake."""
    if "command" not in section:
        return ()
    words = []
    mend = 'write a list: command: ["${env}", python, "${program}", "${args}"]'
    for index, word in enumerate(section.items("command", mend)):
        inner = Section({}, section.source, (*section.path, "command"))
        if not isinstance(word, str | int | float) or isinstance(word, bool):
            inner.fail(index, shown(word), "text", "put it in quotes")
        text = str(word)
        if text.startswith("${") and text.endswith("}"):
            macro = text[2:-1]
            if macro not in MACROS and not macro.startswith("envvar:"):
                macros = [f"${{{each}}}" for each in MACROS]
                mend = meant(text, macros) or "take it out"
                inner.fail(index, f"the macro {text}", f"one of {' '.join(macros)} ${{envvar:NAME}}", mend)
        words.append(text)
    return tuple(words)
