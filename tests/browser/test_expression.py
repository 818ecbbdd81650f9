"""The filter language of the page is that of the command line: the same text finds the same runs."""

import dataclasses
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from runstore.errors import UsageError
from runstore.reading.columns import ALIASES, FIELDS, Columns
from runstore.reading.query import matching
from runstore.reading.store import RunRecord, read_store
from tests.stores import curve, write_run, write_store

ASSETS = Path(__file__).parents[2] / "templates" / "assets"
SCRIPTS = ("core.js", "pattern.js", "conditions.js", "expression.js", "frame.js")

FIND = """(given) => {
    const [columns, ids, texts] = JSON.parse(given);
    const named = { NaN, Infinity, "-Infinity": -Infinity };
    const decode = (value) => value?.number ? named[value.number] : Array.isArray(value) ? value.map(decode) : value;
    const column = ({ key, values }) => [key, { key, type: "any", values: values.map(decode) }];
    const runs = { id: ids, project: "p", columns: new Map(columns.map(column)) };
    const frame = runstore.frame(runs);
    return JSON.stringify(texts.map((text) => {
        try {
            const { test, tree } = runstore.expression.parse(text, frame);
            const found = ids.filter((_, run) => test(run, frame.value));
            const printed = runstore.expression.print(tree);
            const again = runstore.expression.parse(printed, frame);
            const same = JSON.stringify(ids.filter((_, run) => again.test(run, frame.value))) === JSON.stringify(found);
            return { found, printed: same && runstore.expression.print(again.tree) === printed ? true : printed };
        } catch (error) {
            return { error: error.message, at: error.at ?? null };
        }
    }));
}"""

known = st.sampled_from([0, 1, -1, 2, 0.5, 1.0, 1e-5, 1.5e-7, 123456.789, 1e16, 1e300, math.nan, math.inf, -math.inf])
numbers = st.one_of(known, known, st.floats(), st.integers(-(2**53), 2**53))
words = st.sampled_from(
    ["1", "0.5", "1e-05", "true", "NaN", "a", "b'c", 'say "x"', "", "é", "z😀", "zﬁ", "A b", "2026-10-02", "x\ny"]
)
scalars = st.one_of(st.none(), st.booleans(), numbers, words)
kinds = st.sampled_from([numbers, words, st.booleans(), scalars, st.lists(scalars, max_size=3), st.none()])
KEYS = ("x", "y", "nested.deep", "we ird", 'q"', "val/loss", "a-b", "é")


@st.composite
def records(draw: st.DrawFn, template: RunRecord) -> list[RunRecord]:
    """Runs whose columns have one type each, or several, or none."""
    count = draw(st.integers(1, 6))
    config = {key: draw(st.lists(st.one_of(st.none(), draw(kinds)), min_size=count, max_size=count)) for key in KEYS}
    summary = {key: draw(st.lists(st.one_of(st.none(), draw(kinds)), min_size=count, max_size=count)) for key in KEYS}
    return [_record(draw, template, number, config, summary) for number in range(count)]


def _record(draw: st.DrawFn, template: RunRecord, number: int, config: Any, summary: Any) -> RunRecord:
    values = {key: each[number] for key, each in config.items() if key != "nested.deep"}
    if (deep := config["nested.deep"][number]) is not None:
        values["nested"] = {"deep": deep}
    meta = dataclasses.replace(
        template.meta,
        id=f"r{number}",
        name=draw(words),
        group=draw(st.sampled_from(["", "g", "a"])),
        tags=tuple(draw(st.lists(words.filter(bool), max_size=3, unique=True))),
    )
    created = draw(st.sampled_from([None, 1_790_000_000.0, 1_790_000_000.25, 1_790_812_800.0]))
    logged = {key: each[number] for key, each in summary.items() if each[number] is not None}
    runtime = draw(st.sampled_from([None, 0.5, 60.0]))
    return dataclasses.replace(template, meta=meta, config=values, summary=logged, created=created, runtime=runtime)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


columns = st.one_of(
    st.sampled_from(["name", "state", "group", "tags", "created", "runtime", "id", "rows", "author", "jobType"]),
    st.sampled_from([f"{part}.{key}" for part in ("config", "summary", "summary_metrics") for key in ("x", "y", "é")]),
    st.sampled_from(["config.nested.deep", 'config."we ird"', 'config."q"""', "summary.`val/loss`", '"summary.a-b"']),
    st.sampled_from(["summary.val/loss", "config.a-b", "config.missing"]),
)
values = st.one_of(
    st.sampled_from(["0", "1", "-1", ".5", "1e-5", "1.5e-7", "123456.789", "1e16", "1.0", "true", "FALSE"]),
    words.map(_quoted),
    st.sampled_from(
        ["'2026-10-02'", "'2026-09-21 20:53:20+00:00'", "'1 day ago'", "'inf'", "'1_000'", "' 1 '", "NULL"]
    ),
)
operands = st.one_of(columns, columns, values)
patterns = st.sampled_from(
    [
        "a",
        "^1$",
        "^.$",
        "(?i)A",
        r"\d",
        r"\w+$",
        "a|b",
        "[^a-c']",
        r"\bb",
        "x.y",
        "(?s)x.y",
        "(?m)^y$",
        "e-0",
        "T|t",
        r"^-?\d\.\d+$",
        "(",
        "a{2",
        r"(a)\1",
    ]
)
likes = st.sampled_from(["%a%", "_", "1%", "", "%", "A%", r"\%", "z_", "%y", "b'c"])


@st.composite
def conditions(draw: st.DrawFn) -> str:
    left, negated = draw(operands), draw(st.sampled_from(["", "NOT "]))
    match draw(st.integers(0, 9)):
        case 0 | 1 | 2:
            return f"{left} {draw(st.sampled_from(['=', '==', '!=', '<>', '<', '<=', '>', '>=']))} {draw(operands)}"
        case 3:
            items = draw(st.lists(operands, min_size=1, max_size=3))
            return f"{left} {negated}IN ({', '.join(items)})"
        case 4:
            return f"{draw(values)} {negated}in {draw(columns)}"
        case 5:
            return f"{left} is {negated}null"
        case 6:
            other = st.sampled_from(["TRUE", "false", "DISTINCT FROM 1", "DISTINCT FROM name"])
            return f"{left} IS {negated}{draw(other)}"
        case 7:
            return f"{left} {negated}BETWEEN {draw(operands)} AND {draw(operands)}"
        case 8:
            return f"{left} {negated}{draw(st.sampled_from(['LIKE', 'ilike']))} {_quoted(draw(likes))}"
        case _:
            operator = draw(st.sampled_from(["~", "~*", "!~", "!~*", "REGEXP", "NOT RLIKE"]))
            return f"{left} {operator} {_quoted(draw(patterns))}"


expressions = st.recursive(
    conditions(),
    lambda inner: st.one_of(
        inner.map(lambda one: f"NOT {one}"),
        inner.map(lambda one: f"({one})"),
        st.tuples(inner, st.sampled_from(["AND", "or"]), inner).map(" ".join),
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    root = write_store(tmp_path_factory.mktemp("store"))
    write_run(root, history=curve(3))
    return read_store(root).projects[0].runs[0]


@pytest.fixture(scope="module")
def language(chromium: Browser) -> Iterator[Page]:
    """A page that has the language and nothing else."""
    context = chromium.new_context()
    page = context.new_page()
    for name in SCRIPTS:
        page.add_script_tag(path=ASSETS / name)
    yield page
    context.close()


def _encoded(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, list):
        return [_encoded(each) for each in value]
    return value.timestamp() if hasattr(value, "timestamp") else value


def in_browser(page: Page, runs: list[RunRecord], texts: list[str]) -> list[dict[str, Any]]:
    """What each text finds among the runs on a page: `found`, or `error` and `at`."""
    frame = Columns(runs)
    named = [{"key": name, "values": [_encoded(each) for each in frame.values(name)]} for name in frame.names()]
    for column in named:
        if column["key"] == "user":
            column["key"] = "author"
    found: list[dict[str, Any]] = json.loads(page.evaluate(FIND, json.dumps([named, [run.id for run in runs], texts])))
    return found


def in_python(runs: list[RunRecord], text: str) -> list[str] | None:
    """The ids of the runs that a filter finds, None for one that means nothing."""
    try:
        return [run.id for run in matching(runs, text)]
    except UsageError:
        return None


@settings(deadline=None, max_examples=100, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(data=st.data())
def test_browser_and_command_line_find_the_same_runs(template: RunRecord, language: Page, data: st.DataObject) -> None:
    runs = data.draw(records(template))
    texts = data.draw(st.lists(expressions, min_size=8, max_size=8))
    for text, found in zip(texts, in_browser(language, runs, texts), strict=True):
        assert found.get("found") == in_python(runs, text), (text, found)
        assert found.get("printed", True) is True, (text, found)


def test_the_page_knows_the_same_columns_by_the_same_names(language: Page) -> None:
    fields, aliases = language.evaluate("[runstore.expression.FIELDS, runstore.expression.ALIASES]")
    assert fields == list(FIELDS)
    assert aliases == ALIASES
