"""MLflow's stores as strangers make them: half-written, hostile, or none."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.errors import UsageError
from runstore.format.layout import StoreLayout
from runstore.format.records import create_store
from runstore.importers import mlflow
from runstore.importers.mlflow_store import Point, rows_of, typed
from runstore.importers.sources import ImportedRun
from runstore.importers.writing import bring


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The directory of one run in a file store."""
    folder = tmp_path / "mlruns" / "1" / "abc"
    for name in ("metrics", "params", "tags", "artifacts"):
        (folder / name).mkdir(parents=True)
    (folder.parent / "meta.yaml").write_text("name: digits\nexperiment_id: '1'\n")
    (folder / "meta.yaml").write_text("run_id: abc\nrun_name: one\nstatus: 3\nstart_time: 1700000000000\n")
    return folder


def brought(tmp_path: Path) -> tuple[list[ImportedRun], Path]:
    store = StoreLayout(tmp_path / "experiments")
    create_store(store)
    found = list(mlflow.runs([str(tmp_path / "mlruns")]))
    for each in found:
        bring(each, store, "p")
    return found, store.root


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans()))
def test_a_parameter_gets_back_the_type_whose_text_it_is(value: float) -> None:
    assert (typed(str(value)), type(typed(str(value)))) == (value, type(value)) or len(str(value)) > 40


@given(st.text(max_size=20))
def test_a_parameter_whose_text_would_change_stays_text(text: str) -> None:
    assert str(typed(text)) == text


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(-2, 2), st.integers(0, 3)), max_size=30))
def test_no_value_is_lost_however_often_a_step_has_it(given_: list[tuple[str, int, int]]) -> None:
    points = [Point(key, at, float(time), step) for at, (key, step, time) in enumerate(given_)]
    points.sort(key=lambda point: (point.step, point.time))
    rows = list(rows_of(points))
    found = [(row["_step"], key, value) for row in rows for key, value in row.items() if key[0] != "_"]
    assert sorted(found) == sorted((point.step, point.key, point.value) for point in points)
    assert [row["_step"] for row in rows] == sorted(row["_step"] for row in rows)


def test_a_half_written_store_is_read_as_far_as_it_is_whole(run: Path, tmp_path: Path) -> None:
    (run / "metrics" / "loss").write_text("1700000000000 0.5 0\n1700000000001 oh 1\n17000")
    broken = run.parent / "broken"
    broken.mkdir()
    (broken / "meta.yaml").write_text("run_id: [")
    (run.parent / "empty").mkdir()
    [one], store = brought(tmp_path)
    said = "\n".join(one.problems.lines)
    assert "loss, line 2: found '1700000000001 oh 1\\n', expected time, value and step" in said
    assert "loss, line 3" in said
    assert f"{broken / 'meta.yaml'}" in said
    assert (store / "p" / "runs" / "abc" / "history.jsonl").read_text().count("\n") == 1


def test_nothing_outside_of_the_store_is_read(run: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("stolen")
    (run / "artifacts" / "link").symlink_to(secret / "key")
    (run / "artifacts" / "folder").symlink_to(secret)
    (run / "params" / "p").symlink_to(secret / "key")
    (run / "metrics" / "m").symlink_to(secret / "key")
    for place in (str(secret), f"file://{secret}", "../../../secret", f"{run}/../../../secret"):
        meta = f"run_id: ../../x\nstatus: 3\nartifact_uri: {place!r}\n"
        (run / "meta.yaml").write_text(meta)
        [one], store = brought(tmp_path)
        assert one.id == "abc"
        assert not [path for path in store.rglob("*") if path.is_file() and b"stolen" in path.read_bytes()]
    linked = run.parent / "linked"
    linked.symlink_to(run)
    assert len(brought(tmp_path)[0]) == 1


def test_a_directory_that_the_user_names_is_read(run: Path, tmp_path: Path) -> None:
    far = tmp_path / "far" / "1" / "abc" / "artifacts"
    far.mkdir(parents=True)
    (far / "a.txt").write_text("text")
    (run / "artifacts").rmdir()
    (run / "meta.yaml").write_text(f"run_id: abc\nstatus: 3\nartifact_uri: {str(far)!r}\n")
    [one] = mlflow.runs([str(tmp_path / "mlruns")])
    assert "the artifacts lie outside the store" in one.problems.lines[0]
    [one] = mlflow.runs([str(tmp_path / "mlruns")], [tmp_path / "far"])
    assert [file.place for file in one.files()] == ["a.txt"]


@pytest.mark.parametrize("name", ["http://host:5000", "postgresql://u:p@host/db"])
def test_a_server_is_told_in_one_line(name: str) -> None:
    with pytest.raises(UsageError, match="is no store on this machine") as raised:
        list(mlflow.runs([name]))
    assert "u:p" not in str(raised.value)


def test_what_is_no_store_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found no store of MLflow"):
        list(mlflow.runs([str(tmp_path)]))
    with pytest.raises(UsageError, match="expected one with artifacts"):
        list(mlflow.runs([str(tmp_path)], [tmp_path / "gone"]))
    (tmp_path / "mlflow.db").write_bytes(b"no database at all, but bytes")
    with pytest.raises(UsageError, match="cannot be read as a database of MLflow"):
        list(mlflow.runs([str(tmp_path / "mlflow.db")]))


def test_an_experiment_whose_name_is_no_projects_gets_one_that_is(run: Path, tmp_path: Path) -> None:
    (run.parent / "meta.yaml").write_text("name: ../../my experiment\n")
    [one] = mlflow.runs([str(tmp_path / "mlruns")])
    assert one.project == "my-experiment"
