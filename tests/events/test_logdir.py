"""A directory of event files as one run: rows by step, restarts, what is void and what is lost."""

from pathlib import Path
from typing import Any

from runstore.events import logdir
from runstore.events.logged import Plugins
from tests.events.event_files import restart, scalar, version, write


def rows_of(*files: Path) -> list[dict[str, Any]]:
    lost: list[str] = []
    found = logdir.survey(list(files), lost.append, Plugins(lambda name: None))
    assert not lost
    rows = logdir.rows(found, Plugins(lambda name: None), lambda name: None)
    return [{key: value for key, value in row.items() if key not in ("_runtime", "_timestamp")} for row in rows]


def test_values_of_a_step_become_one_row_however_they_were_interleaved(tmp_path: Path) -> None:
    a = [scalar(step, "a", step) for step in range(3)]
    b = [scalar(step, "b", -step) for step in range(3)]
    assert rows_of(write(tmp_path / "e.tfevents.1", version(), *a, *b)) == [
        {"a": step, "b": -step, "_step": step} for step in range(3)
    ]


def test_a_second_value_of_a_tag_at_a_step_gets_a_row_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "e.tfevents.1", version(), scalar(1, "a", 1), scalar(1, "a", 2), scalar(1, "b", 3))
    assert rows_of(path) == [{"a": 1, "_step": 1}, {"a": 2, "b": 3, "_step": 1}]


def test_a_restart_voids_what_came_before_it_at_its_step_and_later(tmp_path: Path) -> None:
    first = write(tmp_path / "e.tfevents.1", version(), *(scalar(step, "a", 1) for step in range(5)))
    second = write(tmp_path / "e.tfevents.2", version(), restart(3), *(scalar(step, "a", 2) for step in (3, 4, 5)))
    assert [(row["_step"], row["a"]) for row in rows_of(first, second)] == [
        (0, 1),
        (1, 1),
        (2, 1),
        (3, 2),
        (4, 2),
        (5, 2),
    ]


def test_without_a_restart_a_file_of_version_2_that_goes_back_voids_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "e.tfevents.1", version(), scalar(5, "a", 1), scalar(2, "a", 2))
    assert [(row["_step"], row["a"]) for row in rows_of(path)] == [(2, 2), (5, 1)]


def test_in_an_older_file_a_step_that_goes_back_voids_its_own_tags(tmp_path: Path) -> None:
    events = [scalar(1, "a", 1), scalar(5, "a", 1), scalar(5, "b", 1), scalar(2, "a", 2)]
    path = write(tmp_path / "e.tfevents.1", version(1), *events)
    assert rows_of(path) == [{"a": 1, "_step": 1}, {"a": 2, "_step": 2}, {"b": 1, "_step": 5}]


def test_tags_that_are_names_of_our_own_are_kept_apart(tmp_path: Path) -> None:
    path = write(tmp_path / "e.tfevents.1", version(), scalar(1, "_step", 9), scalar(1, "_timestamp", 8))
    assert rows_of(path) == [{"tag/_step": 9, "tag/_timestamp": 8, "_step": 1}]


def test_more_rows_than_may_wait_come_in_the_order_of_their_steps(tmp_path: Path) -> None:
    steps = range(60_000)
    path = write(tmp_path / "e.tfevents.1", version(), *(scalar(step, "a", 1) for step in steps))
    assert [row["_step"] for row in rows_of(path)] == list(steps)


def test_damage_is_told_with_file_place_and_size(tmp_path: Path) -> None:
    path = write(tmp_path / "e.tfevents.1", version(), scalar(1, "a", 1))
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"torn")
    lost: list[str] = []
    logdir.survey([path], lost.append, Plugins(lambda name: None))
    assert lost == [f"{path}: at byte {size:,} 4 bytes are lost: the record that begins here is not whole"]
