"""`metrics.yaml`: written and read back equal, read leniently, and which definition holds for a key."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.errors import FormatError
from runstore.format.metrics import GOALS, WORDS, Metric, dump_metrics, find, load_metrics

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=10)
METRICS = st.builds(
    Metric,
    name=NAMES,
    step_metric=st.none() | NAMES,
    step_sync=st.none() | st.booleans(),
    summary=st.none() | st.lists(st.sampled_from(WORDS), min_size=1, unique=True).map(tuple),
    hidden=st.none() | st.booleans(),
    goal=st.none() | st.sampled_from(GOALS),
)


@given(metrics=st.lists(METRICS, max_size=5).map(tuple))
def test_what_was_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, metrics: tuple[Metric, ...]) -> None:
    path = tmp_path_factory.mktemp("run") / "metrics.yaml"
    path.write_bytes(dump_metrics(metrics))
    mistakes: list[FormatError] = []
    assert load_metrics(path, mistakes) == metrics
    assert not mistakes


def test_no_file_and_an_empty_one_say_nothing(tmp_path: Path) -> None:
    assert load_metrics(tmp_path / "metrics.yaml") == ()
    (tmp_path / "metrics.yaml").write_text("\n")
    assert load_metrics(tmp_path / "metrics.yaml") == ()


def test_what_a_person_wrote_is_read_as_far_as_it_means_something(tmp_path: Path) -> None:
    path = tmp_path / "metrics.yaml"
    path.write_text(
        """
        - name: loss
          summary: min, last
          goal: down
          hidden: 'yes'
        - step_metric: epoch
        - 7
        - {name: acc, step_metric: [epoch], summary: [median], step_sync: true}
        """
    )
    mistakes: list[FormatError] = []
    assert load_metrics(path, mistakes) == (
        Metric("loss", summary=("min", "last")),
        Metric("acc", step_sync=True),
    )
    assert [f"{mistake}".removeprefix(f"{path}") for mistake in mistakes] == [
        ", loss, hidden: found 'yes', expected true or false; write hidden: true",
        ", loss, goal: found 'down', expected minimize or maximize; write goal: minimize",
        ": found item 2 without a name, expected a metric with its name; write - name: …",
        ": found 7 as item 3, expected a metric with its name; write - name: …",
        ", acc, summary: found ['median'], expected words of min, max, mean, best, last, first, copy, none; "
        "write summary: [min, max]",
        ", acc, step_metric: found ['epoch'], expected the name of a metric; write step_metric: epoch",
    ]


@pytest.mark.parametrize(("text", "message"), [("a: 1", "found a dict, expected a list"), ("- [", "broken YAML")])
def test_a_file_that_is_no_list_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "metrics.yaml").write_text(text)
    with pytest.raises(FormatError, match=message):
        load_metrics(tmp_path / "metrics.yaml")


def test_an_exact_name_holds_before_the_first_that_matches() -> None:
    metrics = (Metric("v*", hidden=True), Metric("va*"), Metric("vab", goal="maximize"))
    assert find(metrics, "vab") == metrics[2]
    assert find(metrics, "vac") == metrics[0]
    assert find(metrics, "_v") is find(metrics, "x") is None
    assert find([Metric("*")], "_step") is None
