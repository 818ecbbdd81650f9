"""The filter language: SQL and W&B's dicts select the same runs, and mistakes are told in one line with their place."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.errors import UsageError
from runstore.format.records import RunMeta
from runstore.format.run_layout import RunLayout
from runstore.reading.columns import runs_frame
from runstore.reading.query import matching, select
from runstore.reading.store import RunRecord, read_store
from tests.stores import curve, write_run


@pytest.fixture
def runs(root: Path) -> tuple[RunRecord, ...]:
    """Runs a to e: `lr` is a number in some, a text in one, and missing in one."""
    for name, lr, loss, tags in (
        ("a", 0.1, 1.0, ["base", "k-fold"]),
        ("b", 0.01, 0.5, []),
        ("c", "auto", float("nan"), ["base"]),
        ("d", 1, 3.0, ["x'y"]),
        ("e", None, 0.1, []),
    ):
        config = {"depth": len(tags), "model": {"name": f"net-{name}"}, "flag": name == "a"}
        if lr is not None:
            config["lr"] = lr
        write_run(
            root,
            "p",
            name,
            [{"val/loss": loss, "loss": loss, "_step": 0}],
            config=config,
            meta={
                "name": f"run {name}",
                "created": f"2026-10-0{ord(name) - 96}T00:00:00Z",
                "tags": tags,
                "group": "g" if name < "c" else "",
            },
        )
    return tuple(sorted(read_store(root).projects[0].runs, key=lambda run: run.id))


def ids(runs: tuple[RunRecord, ...], where: Any) -> str:
    return "".join(run.id for run in matching(runs, where))


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("state = 'finished'", "abcde"),
        ("config.lr < 0.05", "b"),
        ("config.lr != 1", "abc"),
        ("config.lr = 'auto'", "c"),
        ("config.lr > 0.05 AND name LIKE 'run%'", "ad"),
        ("NOT config.lr = 1", "abc"),
        ("config.lr IS NULL", "e"),
        ("config.lr IS NOT NULL AND NOT (id = 'a' OR id = 'b')", "cd"),
        ("config.lr IS DISTINCT FROM 1", "abce"),
        ("'base' IN tags", "ac"),
        ("'base' NOT IN tags", "bde"),
        ("'x''y' IN tags", "d"),
        ("tags = 'k-fold'", "a"),
        ("tags LIKE 'k%'", "a"),
        ("name REGEXP '[ab]$'", "ab"),
        ("name ~* 'RUN A'", "a"),
        ("name !~ 'a$'", "bcde"),
        ("id IN ('a', 'd', 'z')", "ad"),
        ("id NOT IN ('a')", "bcde"),
        ("config.lr IN (1, 'auto')", "cd"),
        ("config.depth BETWEEN 1 AND 2", "acd"),
        ("config.depth NOT BETWEEN 1 AND 2", "be"),
        ("config.depth + 1 > 2", "a"),
        ("(config.depth + 1) * 2 = 4", "cd"),
        ("upper(id) = 'B'", "b"),
        ("coalesce(config.depth, 0) * (1 + 1) = 4", "a"),
        ("config.depth > pi() - 2", "a"),
        ("config.depth = max(config.depth)", "a"),
        ("CASE WHEN config.depth = 0 THEN 'none' ELSE 'some' END = 'none'", "be"),
        ("config.flag", "a"),
        ("config.flag = false", "bcde"),
        ("NOT config.flag AND summary.loss < 1", "be"),
        ("config.model.name = 'net-c'", "c"),
        ("created >= '2026-10-03' AND created < '2026-10-05T00:00:00Z'", "cd"),
        ("created < '1 days ago' OR created >= '1 days ago'", "abcde"),
        ("summary.val/loss > 0.4", "abd"),
        ('"summary.val/loss" > 0.4', "abd"),
        ('summary."val/loss" > 0.4', "abd"),
        ("summary.`val/loss` > 0.4", "abd"),
        ("summary_metrics.loss <= 0.5", "be"),
        ("summary.loss = 'NaN'", "c"),
        ("summary.loss != 1", "bcde"),
        ("group IS NULL and true", "cde"),
        ('state == "finished" and group == "g"', "ab"),
        ("config.model.name > 3", ""),
        ("0.05 > config.lr", "b"),
        ("config.depth = '1'", "cd"),
    ],
)
def test_sql_selects(runs: tuple[RunRecord, ...], where: str, found: str) -> None:
    assert ids(runs, where) == found


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({}, "abcde"),
        ({"state": "finished"}, "abcde"),
        ({"config.lr": {"$lt": 0.05}}, "b"),
        ({"config.lr.value": 0.1}, "a"),
        ({"config.lr": {"$ne": 1}}, "abce"),
        ({"config.lr": {"$exists": False}}, "e"),
        ({"config.lr": None}, "e"),
        ({"config.lr": {"$in": [1, "auto", None]}}, "cde"),
        ({"config.lr": {"$nin": [1, "auto"]}}, "abe"),
        ({"config.lr": {"$not": {"$gt": 0.05}}}, "bce"),
        ({"tags": "base"}, "ac"),
        ({"tags": {"$in": ["k-fold", "x'y"]}}, "ad"),
        ({"tags": {"$all": ["base", "k-fold"]}}, "a"),
        ({"tags": {"$nin": ["base"]}}, "bde"),
        ({"display_name": {"$regex": "[ab]$"}}, "ab"),
        ({"display_name": {"$regex": "^RUN A", "$options": "i"}}, "a"),
        ({"name": "a"}, "a"),
        ({"$or": [{"name": "a"}, {"summary_metrics.loss": {"$gte": 3}}]}, "ad"),
        ({"$nor": [{"name": "a"}, {"config.lr": 1}]}, "bce"),
        ({"$and": [{"group": "g"}, {"config.flag": False}]}, "b"),
        ({"createdAt": {"$gte": "2026-10-03", "$lt": "2026-10-05"}}, "cd"),
        ({"jobType": {"$exists": True}}, ""),
        ({"summary_metrics.nothing": {"$gt": 1}}, ""),
        ({"summary_metrics.nothing": {"$ne": 1}}, "abcde"),
        ({"$not": {"name": "a"}}, "bcde"),
    ],
)
def test_dicts_select(runs: tuple[RunRecord, ...], where: dict[str, Any], found: str) -> None:
    assert ids(runs, where) == found


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("config.lrr < 1", "did you mean config.lr"),
        ("lr < 1", "did you mean config.lr?"),
        ("stat = 'finished'", "did you mean state"),
        ("config.lr <", "ends too early"),
        ("config.lr = NULL", "IS NULL"),
        ("name = 'a", "does not end"),
        ("(name = 'a'", "never closed"),
        ("name = 'a' b", "character 8"),
        ("name = 'a' AND", "ends too early"),
        ("name = 'a' 'b'", "character 8"),
        ("name ~ '('", "unclosed group"),
        ("config.depth", "no condition by itself"),
        ("foo(config.lr) = 1", "found no function 'foo' at character 1"),
        ("lower(uper(name)) = 'A'", "did you mean upper"),
        ("config.depth" + "+1" * 9000 + "=1", "a formula of 18001 words and signs"),
        ("greatest() = 1", "nothing in the brackets of 'greatest'"),
        ("created > 'yesterday'", "a time"),
        ("name ; drop", "character 6"),
        ("", "empty"),
        ("NOT " * 100 + "config.flag", "nested deeper"),
        ("id IN ()", "expected a value"),
        ("x" * 30_000, "at most 20000"),
        ({"foo": 1}, "no column 'foo'"),
        ({"state": {"$near": 1}}, "$near"),
        ({"$or": "x"}, "expected a list"),
        ({"config.lr": {"$gt": [1]}}, "expected a number"),
        (7, "expected a dict"),
    ],
)
def test_a_mistake_is_one_line_that_says_where(runs: tuple[RunRecord, ...], where: Any, said: str) -> None:
    with pytest.raises(UsageError) as error:
        matching(runs, where)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("lpad(name, 1000000000, 'x') = 'a'", "lpad"),
        ("`lpad`(name, 1000000000, 'x') = 'a'", "lpad"),
        ("generate_series(1, 100000000000) IS NULL", "generate_series"),
        ("read_csv('/etc/passwd') = 1", "read_csv"),
        ("name IN (READ_CSV('/etc/passwd'))", "READ_CSV"),
        ("scan_parquet('x') IS NULL", "scan_parquet"),
    ],
)
def test_nothing_but_the_runs_can_be_asked_for(runs: tuple[RunRecord, ...], where: str, name: str) -> None:
    with pytest.raises(UsageError, match=f"found no function '{name}'"):
        matching(runs, where)


@pytest.mark.parametrize("where", ["id IN (SELECT id FROM runs)", "EXISTS (SELECT 1)", "name = 'a'; DROP TABLE runs"])
def test_a_filter_is_a_condition_and_no_query(runs: tuple[RunRecord, ...], where: str) -> None:
    with pytest.raises(UsageError) as error:
        matching(runs, where)
    assert "\n" not in str(error.value)


def test_hundreds_of_conditions_are_one_step_each(runs: tuple[RunRecord, ...]) -> None:
    """As a chain, the optimizer's time grows with the cube of their number: minutes for these."""
    some = " OR ".join(f"id = 'x{number}'" for number in range(900))
    assert ids(runs, f"{some} OR id = 'b'") == "b"
    assert ids(runs, " AND ".join(["(id = 'a' OR id = 'b')"] * 300)) == "ab"


def test_orders_put_missing_values_last_and_keep_ties_as_they_are(runs: tuple[RunRecord, ...]) -> None:
    def order(by: str) -> str:
        return "".join(run.id for run in select(runs, None, by))

    assert order("+created_at") == "abcde"
    assert order("-created_at") == "edcba"
    assert order("-summary_metrics.loss") == "dabec"
    assert order("config.lr") == "badce"
    assert order("-config.lr.value") == "cdabe"
    assert order("config.depth") == "becda"
    assert order("group,-created") == "baedc"
    with pytest.raises(UsageError, match="no column 'nope'"):
        order("nope")


def test_the_frame_has_a_type_for_each_column(runs: tuple[RunRecord, ...]) -> None:
    frame = runs_frame(runs)
    kinds = {name: str(dtype) for name, dtype in frame.schema.items()}
    assert kinds["config.lr"] == "String"
    assert kinds["config.depth"] == "Int64"
    assert kinds["config.flag"] == "Boolean"
    assert kinds["tags"] == "List(String)"
    assert kinds["created"].startswith("Datetime")
    assert frame["config.lr"].to_list() == ["0.1", "0.01", "auto", "1", None]
    assert runs_frame(runs, ["id", "summary_metrics.loss"]).columns == ["id", "summary.loss"]


def test_no_runs_at_all_select_none() -> None:
    assert matching([], "config.lr < 1 AND state = 'finished'") == []


_VALUES = st.one_of(
    st.integers(-3, 3), st.sampled_from([0.5, -1.5, math.nan]), st.sampled_from(["a", "ab", "1"]), st.booleans()
)
_COLUMN = st.sampled_from(["config.x", "config.y", "summary.m"])
_OPERATORS = {"$eq": "=", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return f"'{value}'" if isinstance(value, str) else repr(value)


@st.composite
def _pairs(draw: st.DrawFn, depth: int = 2) -> tuple[dict[str, Any], str]:
    """A dict and the SQL that says the same."""
    kind = draw(st.sampled_from(["compare", "ne", "in", "nin", "exists"] + (["and", "or", "nor"] if depth else [])))
    if kind in ("and", "or", "nor"):
        parts = draw(st.lists(_pairs(depth=depth - 1), min_size=1, max_size=3))
        joined = f" {'AND' if kind == 'and' else 'OR'} ".join(f"({sql})" for _, sql in parts)
        sql = f"NOT (({joined}) IS TRUE)" if kind == "nor" else f"({joined})"
        return {f"${kind}": [each for each, _ in parts]}, sql.replace(") IS TRUE)", "))")
    column = draw(_COLUMN)
    value = draw(st.one_of(st.integers(-3, 3), st.sampled_from([0.5, "a", "1"]), st.booleans()))
    if kind == "exists":
        return {column: {"$exists": True}}, f"{column} IS NOT NULL"
    if kind == "ne":
        return {column: {"$ne": value}}, f"({column} IS NULL OR {column} != {_literal(value)})"
    if kind in ("in", "nin"):
        values = draw(st.lists(st.one_of(st.integers(-3, 3), st.sampled_from(["a", "1"])), min_size=1, max_size=3))
        listed = ", ".join(map(_literal, values))
        if kind == "in":
            return {column: {"$in": values}}, f"({column} IS NOT NULL AND {column} IN ({listed}))"
        return {column: {"$nin": values}}, f"({column} IS NULL OR {column} NOT IN ({listed}))"
    operator = draw(st.sampled_from(sorted(_OPERATORS)))
    return {column: {operator: value}}, f"({column} IS NOT NULL AND {column} {_OPERATORS[operator]} {_literal(value)})"


def _record(number: int, x: Any, y: Any, m: Any) -> RunRecord:
    config = {key: value for key, value in (("x", x), ("y", y)) if value is not None}
    path = Path("/store/p/runs") / f"r{number}"
    values: dict[str, Any] = dict.fromkeys(RunRecord.__dataclass_fields__)
    values |= {"layout": RunLayout(path), "project": "p", "meta": RunMeta(id=path.name), "state": "finished"}
    values |= {
        "config": config,
        "summary": {} if m is None else {"m": m},
        "provenance": {},
        "rows": 0,
        "provenances": {},
    }
    return RunRecord(**values)


@given(
    rows=st.lists(st.tuples(*[st.none() | _VALUES] * 3), min_size=1, max_size=8),
    pair=_pairs(),
)
def test_a_dict_and_its_sql_select_the_same_runs(
    rows: list[tuple[Any, Any, Any]], pair: tuple[dict[str, Any], str]
) -> None:
    runs = [_record(number, *row) for number, row in enumerate([*rows, (1, 1, 1)])]
    found, sql = pair
    assert [run.id for run in matching(runs, found)] == [run.id for run in matching(runs, sql)], sql


@given(
    values=st.lists(st.none() | _VALUES, min_size=1, max_size=8),
    bound=st.integers(-3, 3),
    operator=st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]),
)
def test_a_comparison_with_a_number_is_pythons(values: list[Any], bound: int, operator: str) -> None:
    runs = [_record(number, value, None, None) for number, value in enumerate(values)]
    python = {
        "$eq": lambda value: value == bound,
        "$ne": lambda value: value != bound,
        "$gt": lambda value: value > bound,
        "$gte": lambda value: value >= bound,
        "$lt": lambda value: value < bound,
        "$lte": lambda value: value <= bound,
    }[operator]
    expected = [
        f"r{number}"
        for number, value in enumerate(values)
        if (python(value) if isinstance(value, int | float) else operator == "$ne")
    ]
    assert [run.id for run in matching(runs, {"config.x": {operator: bound}})] == expected


_WORDS = "config.x summary.m ( ) AND OR NOT IN = < 1 'a' , LIKE IS NULL BETWEEN + - CASE WHEN THEN END tags lower *"


@given(text=st.text(max_size=40) | st.lists(st.sampled_from(_WORDS.split()), max_size=9).map(" ".join))
def test_any_text_is_a_filter_or_one_line_of_error(text: str) -> None:
    said = ""
    try:
        matching([_record(0, 1, "a", 0.5)], text)
    except UsageError as error:
        said = str(error)
    assert "\n" not in said


def test_the_curve_of_a_store_is_not_touched_by_a_filter(root: Path) -> None:
    write_run(root, "p", "r", curve(3))
    store = read_store(root)
    assert matching(store.projects[0].runs, "rows = 3 AND last_step = 2") == list(store.projects[0].runs)
