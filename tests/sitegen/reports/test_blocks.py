"""Blocks of a report: every kind of panel with every setting, and each mistake with the line of the file."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.format import yaml12
from sitegen.reports.figures.blocks import PanelGrid, read_panels
from sitegen.reports.figures.panels import KINDS
from sitegen.reports.figures.settings import LARGEST_SPEC
from sitegen.reports.mistakes import Mistakes, ReportError
from sitegen.reports.runsets import RunSetSpec
from tests.sitegen.reports.compiling import SWEEP, Desk

FULL: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "line": (
        {"metrics": ["acc", "loss"], "pattern": "a.*", "formula": "acc * 2", "x": "_runtime", "xlog": True}
        | {"ylog": False, "outliers": True, "raw": True, "members": False, "agg": "median", "shade": "minmax"}
        | {"smooth": 0.5, "smoother": "ema", "most": 50, "legend": "name", "group": ["config.optimizer", "author"]}
        | {"x_range": [0, None], "y_range": [0.5, 1]},
        {"metrics": ["acc", "loss"], "pattern": "a.*", "formula": "acc * 2", "x": "_runtime", "xlog": "yes"}
        | {"ylog": "no", "outliers": "yes", "raw": "yes", "members": "no", "agg": "median", "shade": "minmax"}
        | {"smooth": 0.5, "smoother": "ema", "most": "50", "legend": "name", "group": "config.optimizer,author"}
        | {"x0": 0, "x1": None, "y0": 0.5, "y1": 1},
    ),
    "bar": (
        {"column": "acc", "value": "max", "line": "mean", "errors": "std", "order": "down", "group": "none"},
        {"column": "summary.acc", "value": "max", "line": "mean", "errors": "std", "order": "down", "group": "-"},
    ),
    "scatter": (
        {"x": "config.lr", "y": "acc", "z": "config.fold", "xlog": True, "ylog": False, "means": True}
        | {"pareto": "min-max", "group": "config.optimizer"},
        {"x": "config.lr", "y": "summary.acc", "z": "config.fold", "xlog": True, "ylog": False, "means": True}
        | {"pareto": "min-max", "group": "config.optimizer"},
    ),
    "parallel": (
        {"columns": ["config.lr", "acc"], "log": ["config.lr"], "flips": ["acc"], "colour": "run"},
        {"columns": ["config.lr", "summary.acc"], "log": ["config.lr"], "flips": ["summary.acc"], "colour": "run"},
    ),
    "histogram": (
        {"column": "acc", "bins": 20, "group": "group"},
        {"column": "summary.acc", "bins": "20", "group": "group"},
    ),
    "box": (
        {"column": "acc", "dots": True, "group": "group"},
        {"column": "summary.acc", "dots": True, "group": "group"},
    ),
    "importance": (
        {"column": "acc", "run": True, "order": "correlation"},
        {"column": "summary.acc", "run": True, "order": "correlation"},
    ),
    "comparer": ({"changed": True, "search": "lr"}, {"changed": True, "search": "lr"}),
    "scalar": ({"column": "acc", "of": "median"}, {"column": "summary.acc", "of": "median"}),
    "markdown": ({"text": "# A"}, {"text": "# A"}),
    "media": (
        {"key": "samples", "step": 3, "size": "large", "columns": 3, "most": 12},
        {"key": "samples", "step": 3, "size": "large", "columns": "3", "most": "12"},
    ),
    "table": (
        {"key": "predictions", "step": 3, "mode": "join", "on": "id", "most": 10},
        {"key": "predictions", "step": 3, "mode": "join", "on": "id", "most": "10"},
    ),
    "vega": ({"spec": {"mark": "point"}}, {"spec": '{"mark": "point"}'}),
    "progress": ({"x": "time", "ylog": True}, {"x": "began", "ylog": True}),
    "timeline": ({"x": "count"}, {"x": "count"}),
    "contour": (
        {"x": "lr", "y": "config.layers", "others": "mean"},
        {"x": "config.lr", "y": "config.layers", "others": "mean"},
    ),
    "trials": ({}, {}),
}
"""Of each kind all settings as they are written, and as the panel's script takes them."""


def read(desk: Desk, text: str, word: str = "panel", line: int = 11) -> PanelGrid:
    specs = {"sgd": RunSetSpec("sgd", filter="group = 'sgd'"), "other": RunSetSpec("other", project="q")}
    return read_panels(word, text, line, desk.sets(specs))


def wrong(desk: Desk, text: str, word: str = "panel") -> tuple[int, str]:
    """Line and message of the mistake in a block whose first line is the file's eleventh."""
    try:
        found = [(line, message) for line, message in read(desk, text, word).mistakes]
    except ReportError as error:
        found = [(error.line, str(error))]
    assert len(found) == 1
    assert "\n" not in found[0][1]
    return found[0]


def test_every_kind_and_every_setting_is_tried_here() -> None:
    assert {kind: sorted(given) for kind, (given, _) in FULL.items()} == {
        name: sorted({*kind.settings, *({"x_range", "y_range"} if name == "line" else ())})
        for name, kind in KINDS.items()
    }


@pytest.mark.parametrize("kind", FULL)
def test_every_setting_of_a_kind_reaches_its_script(desk: Desk, kind: str) -> None:
    written, taken = FULL[kind]
    block = {"type": kind, "title": "T", "height": 200, "width": 2, **written}
    if KINDS[kind].of_sweep:
        block["sweep"] = f"tune/{SWEEP}"
    found = read(desk, yaml12.dump(block))
    panel = found.panels[0]
    assert panel.set == {**taken, "title": "T"}
    assert (panel.kind, panel.title, panel.height, panel.width) == (kind, "T", 200, 2)
    assert (found.sweep is not None) is KINDS[kind].of_sweep


@pytest.mark.parametrize("kind", FULL)
def test_a_kind_needs_no_more_than_it_says(desk: Desk, kind: str) -> None:
    needed = {key: FULL[kind][0][key] for key in KINDS[kind].needs}
    needed |= {"metrics": "acc"} if kind == "line" else {}
    needed |= {"sweep": f"tune/{SWEEP}"} if KINDS[kind].of_sweep else {}
    panel = read(desk, yaml12.dump({"type": kind, **needed})).panels[0]
    assert (panel.height, panel.width, panel.title) == (KINDS[kind].height, None, "")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("type: lime\nmetrics: acc", 11, "type: found 'lime', expected one of line, "),
        ("metrics: acc", 11, "found no 'type', expected type: one of line, "),
        ("type: line\nmetric: acc", 12, "metric: found the key 'metric', expected one of "),
        ("type: line\ncolour: red", 12, "colour: found the unknown key 'colour', expected one of "),
        ("type: line\nmetrics:\n- acc\n- accu", 14, "metrics[1]: found no metric 'accu'; did you mean 'acc'?"),
        ("type: line", 11, "found no metric, expected metrics: [a, b], pattern: or formula:; say which"),
        ("type: line\nmetrics: acc\nx: steps", 13, "x: found no axis 'steps'; "),
        ("type: line\nmetrics: acc\nsmooth: 2", 13, "smooth: found 2, expected a number from 0 to 0.999; "),
        ("type: line\nmetrics: acc\nmost: 7", 13, "most: found 7, expected one of 10, 50, 100, 500, all; "),
        ("type: line\nmetrics: acc\nx_range: [1]", 13, "x_range: found a list, expected two numbers; "),
        ("type: line\nmetrics: acc\ny_range: [.inf, 1]", 13, "y_range: found a list, expected two numbers; "),
        ("type: line\nmetrics: acc\nylog: log", 13, "ylog: found 'log', expected true or false; "),
        ("type: line\nmetrics: acc\ngroup: optimiser", 13, "group: found no column 'optimiser'"),
        ("type: line\nmetrics: acc\nheight: 5000", 13, "height: found 5000, expected a whole number from 120 to 1200"),
        ("type: line\nmetrics: acc\nmetrics: loss", 13, "found broken YAML: the key 'metrics' stands twice"),
        ("type: line\nmetrics: [acc", 12, "found broken YAML: "),
        ("type: bar\nvalue: max", 11, "found no 'column', expected column: a column, such as val_acc or config.lr"),
        ("type: box\n\ncolumn: acx", 13, "column: found no column 'acx'"),
        ("type: parallel\ncolumns: []", 12, "columns: found an empty list, expected a list with something in it"),
        ("type: media\nkey: sample", 12, "key: found no key of media 'sample'; did you mean 'samples'?"),
        ("type: table\nkey: x", 12, "key: found no key of tables 'x'; there are: predictions"),
        ("type: contour\nx: lr", 11, "found no sweep, expected sweep: the id of one, for a panel of the kind contour"),
        ("type: trials\nsweep: zzz", 12, "sweep: found no sweep 'zzz', expected the id of one; the project has none"),
        (f"type: trials\nsweep: tune/{SWEEP[:-1]}x", 12, f"sweep: found no sweep '{SWEEP[:-1]}x', expected the id "),
        (f"type: contour\nsweep: tune/{SWEEP}\nx: momentum", 13, "x: found no parameter 'momentum'; there are: "),
        (f"type: trials\nsweep: tune/{SWEEP}\nruns: sgd", 13, "runs: found runs of p, expected some of tune, as"),
        ("type: scalar\ncolumn: acc\nruns: sdg", 13, "runs: found no run set 'sdg'; did you mean 'sgd'?"),
        ("type: scalar\ncolumn: acc\nruns: {filter: config.lr > 9}", 13, "the run set 'runs' is empty: "),
        ("type: scalar\ncolumn: acc\nruns: {project: pq}", 13, "the run set 'runs': found no project 'pq'"),
        ("type: scalar\ncolumn: acc\nruns: {ids: [nope]}", 13, "the run set 'runs': found no run 'nope' in p"),
        ("type: scalar\ncolumn: acc\nruns: [sgd, other]", 13, "runs: found run sets of several projects, expected "),
        ("type: scalar\ncolumn: acc\nruns: [sgd, sgd]", 13, "runs: found a run set twice, expected each once; "),
        ("type: scalar\ncolumn: acc\nruns: 3", 13, "runs: found 3, expected the name of a run set, several, or one"),
        ("type: scalar\ncolumn: acc\nid: my figure", 13, "id: found 'my figure', expected fig- or tab- and "),
        ("type: scalar\ncolumn: acc\nid: content", 13, "id: found 'content', expected fig- or tab- and "),
        ("type: vega\nspec: {a: .nan}", 12, "spec: found a number that is not finite, expected what JSON can hold"),
        ("type: vega\nspec: '{}'", 12, "spec: found '{}', expected a mapping; write the specification as YAML or "),
        ("[]", 11, "found a list, expected a mapping; "),
        ("3: 4", 11, "found no 'type'"),
        ("type: &a [*a]", 11, "found broken YAML: "),
        ("type: !!python/name:os.system", 11, "found broken YAML: "),
    ],
)
def test_a_mistake_says_the_line_of_the_file(desk: Desk, text: str, line: int, said: str) -> None:
    found, message = wrong(desk, text)
    assert (found, message[: len(said)]) == (line, said)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("panels: []", 11, "panels: found an empty list, expected a list with something in it; write a list, each"),
        ("columns: 2", 11, "found no 'panels', expected panels: a list"),
        ("panels:\n  - line", 12, "panels[0]: found 'line', expected a mapping; write type: and what it shows"),
        ("panels:\n  - {type: trials}", 11, "found no sweep, expected sweep: the id of one, for a panel of the kind"),
        (
            "panels:\n  - {type: scalar, column: acc}\n  - {type: scalar, column: acd}",
            13,
            "panels[1].column: found no column 'acd'",
        ),
        (
            "panels:\n  - {type: line, metrics: acc,\n     runs: sgd}",
            13,
            "panels[0].runs: found runs: in a panel of a grid, expected runs: of the block; move it up, or make it a",
        ),
        ("type: line\nmetrics: acc", 11, "type: found the unknown key 'type', expected one of id caption runs sweep"),
        ("columns: 9\npanels: [{type: comparer}]", 11, "columns: found 9, expected a whole number from 1 to 6; "),
    ],
)
def test_a_mistake_in_a_grid_says_its_panel(desk: Desk, text: str, line: int, said: str) -> None:
    found, message = wrong(desk, text, "panels")
    assert (found, message[: len(said)]) == (line, said)


def test_a_grid_has_no_end_of_panels(desk: Desk) -> None:
    many = "panels:\n" + "- {type: comparer}\n" * 61
    assert wrong(desk, many, "panels") == (
        11,
        "panels: found 61 panels, expected at most 60; make several blocks",
    )


def test_lines_hold_in_lists_quotes_and_behind_a_front_matter(desk: Desk) -> None:
    text = """---
title: A
---

- item

  ```panel
  type: line

  metrics: [acd]
  ```

> quote
> ```panel
> type: bar
> column: acd
> ```

1. > ```table
   > columns: [acc,
   >   acd]
   > ```
"""
    assert [line for line, _ in desk.mistakes(text)] == [10, 16, 21]


def test_sets_are_named_stated_and_those_of_a_sweep(desk: Desk) -> None:
    usual = read(desk, "type: comparer")
    assert [each.name for each in usual.sets] == ["runs"]
    assert len(usual.sets[0].runs) == 7
    assert [run.id for run in read(desk, "type: comparer\nruns: sgd").sets[0].runs] == ["sgd-2", "sgd-1", "sgd-0"]
    two = read(desk, "type: comparer\nruns: [sgd, runs]")
    assert [each.name for each in two.sets] == ["sgd", "runs"]
    stated = read(desk, "type: comparer\nruns: {project: q}")
    assert stated.sets[0].project.name == "q"
    sweep = read(desk, f"type: trials\nsweep: tune/{SWEEP}")
    assert len(sweep.sets[0].runs) == 6
    assert read(desk, "type: trials\nsweep: tune/small net").sweep is sweep.sweep


def test_the_head_knows_the_line_of_its_caption(desk: Desk) -> None:
    head = read(desk, "type: comparer\nid: fig-a\n\ncaption: Text").head
    assert (head.line, head.id, head.caption, head.caption_line, head.is_numbered) == (11, "fig-a", "Text", 14, True)
    assert not read(desk, "type: comparer").head.is_numbered


def test_a_specification_of_aliases_does_not_unfold_without_end(desk: Desk) -> None:
    levels = ["a: &a [xxxxxxxx, xxxxxxxx, xxxxxxxx, xxxxxxxx, xxxxxxxx]"]
    levels += [f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]" for old, new in zip("abcd", "bcde", strict=False)]
    text = "type: vega\nspec:\n" + "".join(f"  {level}\n" for level in levels)
    line, message = wrong(desk, text)
    assert line == 12
    assert f"expected at most {LARGEST_SPEC:,}; take data from the runs" in message


def test_a_specification_stays_data(desk: Desk) -> None:
    spec = {"mark": "point", "params": [{"name": "x", "expr": "window.alert(1)"}], "n": 1e-4, "no": "no"}
    panel = read(desk, yaml12.dump({"type": "vega", "spec": spec})).panels[0]
    assert json.loads(panel.set["spec"]) == spec


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["acc", "sgd"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)
_KEYS = sorted({key for kind in KINDS.values() for key in kind.settings})


@given(
    st.sampled_from(sorted(KINDS)),
    st.dictionaries(st.sampled_from([*_KEYS, "title", "width", "height", "runs", "sweep", "id", "caption"]), _VALUES),
)
def test_any_value_of_any_setting_is_taken_or_is_one_mistake(desk: Desk, kind: str, given: dict[str, Any]) -> None:
    text = json.dumps({"type": kind, **given})
    mistakes = Mistakes()
    with mistakes.caught():
        found = read(desk, text)
        json.dumps([dict(panel.set) for panel in found.panels], allow_nan=False)
    assert [line for line, message in mistakes.found if line != 11 or "\n" in message] == []


@given(st.text(max_size=60), st.sampled_from(["panel", "panels"]))
def test_any_text_is_a_block_or_one_mistake(desk: Desk, text: str, word: str) -> None:
    with pytest.raises(ReportError) as caught:
        read(desk, text, word)
    assert 11 <= caught.value.line <= 11 + len(text.splitlines()) + text.count("\x85")
