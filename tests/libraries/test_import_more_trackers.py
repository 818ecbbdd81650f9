"""What trackio, DVCLive and Sacred themselves wrote, imported and compared with what was logged."""

import json
import math
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from runstore.api import Api
from runstore.api.runs import Run
from runstore.cli import imports
from tests.processes import environment, wait_until

SCRIPTS: Final = Path(__file__).parent / "scripts"
COMMANDS: Final = {"trackio": imports.trackio, "dvclive": imports.dvclive, "sacred": imports.sacred}


def command(python: Path, script: str, *arguments: str) -> list[str]:
    return [str(python), str(SCRIPTS / f"{script}.py"), *arguments]


def around(folder: Path) -> Mapping[str, str]:
    return environment(folder, {"TRACKIO_DIR": str(folder / "trackio"), "DVC_NO_ANALYTICS": "1"})


def write(python: Path, folder: Path, script: str, *arguments: str, code: int = 0) -> None:
    done = subprocess.run(
        command(python, script, *arguments), env=around(folder), cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == code, done.stderr


def bring(kind: str, folder: Path, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    """Imports into `folder/experiments`, project p; what became of each run."""
    line = ["-p", "p", "--dir", str(folder / "experiments"), "--json", *arguments]
    done = CliRunner().invoke(COMMANDS[kind], line, env={"TRACKIO_DIR": str(folder / "trackio")})
    assert done.exit_code == code, done.output + repr(done.exception)
    found: list[dict[str, Any]] = json.loads(done.stdout)["runs"]
    return found


def only(folder: Path, project: str = "p") -> Run:
    [run] = Api(folder / "experiments").runs(project)
    return run


def rows(run: Run) -> list[dict[str, Any]]:
    return list(run.scan_history())


def points(run: Run, key: str) -> list[tuple[int, Any]]:
    return [(row["_step"], row[key]) for row in rows(run) if key in row]


def kept(folder: Path) -> list[Path]:
    return [path for path in (folder / "experiments").rglob("*") if path.is_file() or path.is_symlink()]


@pytest.fixture(scope="module")
def tracked(more_trackers_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the directory `trackio`, imported."""
    folder = tmp_path_factory.mktemp("trackio")
    write(more_trackers_python, folder, "write_trackio")
    [brought] = bring("trackio", folder)
    assert brought["outcome"] == "new"
    assert brought["lost"] == []
    assert brought["left_out"] == {"a trace": 1}
    return folder


def test_trackio_every_row_is_there_with_its_step(tracked: Path) -> None:
    run = only(tracked)
    assert points(run, "loss") == [(step * 10, 1 / (step + 1)) for step in range(50)]
    assert points(run, "train.accuracy") == [(step * 10, step / 7) for step in range(50)]
    assert {value for _, value in points(run, "label")} == {"x"}
    [(_, bad)], [(_, worse)] = points(run, "bad"), points(run, "worse")
    assert math.isnan(bad)
    assert worse == -math.inf
    with sqlite3.connect(tracked / "trackio" / "mydigits.db") as database:
        [(count,)] = database.execute("SELECT COUNT(*) FROM metrics WHERE metrics != CAST('{}' AS BLOB)")
    assert len(rows(run)) == count
    assert all(abs(row["_timestamp"] - time.time()) < 86400 for row in rows(run))


def test_trackio_config_id_name_and_group_are_kept(tracked: Path) -> None:
    run = only(tracked)
    with sqlite3.connect(tracked / "trackio" / "mydigits.db") as database:
        [(run_id,)] = database.execute("SELECT run_id FROM configs")
    assert (run.id, run.name, run.group) == (run_id, "adam", "first")
    assert run.config == {"lr": 0.1, "nested": {"layers": [1, 2]}, "name": "ü"}


def test_trackio_media_tables_alerts_and_system_metrics_are_kept(tracked: Path) -> None:
    run, folder = only(tracked), tracked / "trackio" / "media"
    summary = dict(run.summary_metrics)
    assert (summary["image"]["width"], summary["image"]["height"], summary["image"]["caption"]) == (6, 4, "dark")
    originals = {path.read_bytes() for path in folder.rglob("*.png")} | {
        path.read_bytes() for path in folder.rglob("*.html")
    }
    media = Path(run.dir) / "media"
    assert {path.read_bytes() for path in media.rglob("*") if path.suffix in (".png", ".html")} == originals
    assert summary["histogram"]["values"] == [1, 0, 2, 1] or sum(summary["histogram"]["values"]) == 4
    table = json.loads((Path(run.dir) / summary["table"]["path"]).read_text())
    assert table["columns"] == ["n", "what"]
    assert table["data"][0] == [1, "text"]
    assert table["data"][1][1]["_type"] == "image-file"
    assert (Path(run.dir) / summary["note"]["path"]).read_text() == "/etc/readme.md"
    [alert] = map(json.loads, (Path(run.dir) / "alerts.jsonl").read_text().splitlines())
    assert (alert["title"], alert["text"], alert["level"]) == ("loss is high", "very", "ERROR")
    [sample] = map(json.loads, (Path(run.dir) / "system.jsonl").read_text().splitlines())
    assert sample["gpu.power"] == 12.5


def test_trackio_artifacts_are_versions_here(tracked: Path) -> None:
    artifact = Api(tracked / "experiments").artifact("p/net:best")
    assert (artifact.type, artifact.description, artifact.metadata) == ("model", "a net", {"layers": 2})
    assert Path(artifact.get_entry("weights.bin").download(str(tracked / "got"))).read_bytes() == b"weights"


def test_trackio_a_second_import_does_nothing_and_a_dry_one_writes_nothing(tracked: Path) -> None:
    assert [each["outcome"] for each in bring("trackio", tracked)] == ["unchanged"]
    [fresh] = bring("trackio", tracked, "--dry-run", "--dir", str(tracked / "other"))
    assert fresh["outcome"] == "new"
    assert not (tracked / "other").exists()


def test_trackio_a_run_that_grows_and_is_killed_is_brought_as_far_as_it_was_written(
    more_trackers_python: Path, tmp_path: Path
) -> None:
    line = command(more_trackers_python, "write_trackio", "grow")
    with subprocess.Popen(line, env=around(tmp_path), cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "going" not in process.stdout.readline():
            pass
        [first] = bring("trackio", tmp_path)
        time.sleep(2)
        os.kill(process.pid, signal.SIGKILL)
    before = {path.name: path.read_bytes() for path in (tmp_path / "trackio").iterdir() if path.is_file()}
    [second] = bring("trackio", tmp_path)
    assert (first["outcome"], second["outcome"]) == ("new", "grown")
    assert second["rows"] > first["rows"] > 100
    assert points(only(tmp_path), "loss") == [(step, float(step)) for step in range(second["rows"])]
    assert {path.name: path.read_bytes() for path in (tmp_path / "trackio").iterdir() if path.is_file()} == before


def test_trackio_a_torn_database_is_refused_and_the_others_are_brought(tracked: Path, tmp_path: Path) -> None:
    shutil.copytree(tracked / "trackio", tmp_path / "trackio")
    whole = (tmp_path / "trackio" / "mydigits.db").read_bytes()
    (tmp_path / "trackio" / "aaa.db").write_bytes(b"no database" * 100)
    (tmp_path / "trackio" / "cut.db").write_bytes(whole[: len(whole) // 3])
    found = {Path(each["from"].partition(", run")[0]).stem: each for each in bring("trackio", tmp_path, code=1)}
    assert found["mydigits"]["outcome"] == "new"
    assert found["aaa"]["outcome"] == "refused"
    assert "is no database of trackio that can be read" in found["aaa"]["why"]
    assert found["cut"]["outcome"] == "refused" or found["cut"]["lost"]


def test_trackio_paths_that_lead_out_are_not_followed(tracked: Path, tmp_path: Path) -> None:
    shutil.copytree(tracked / "trackio", tmp_path / "trackio")
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    (tmp_path / "trackio" / "media" / "link.png").symlink_to(secret)
    with sqlite3.connect(tmp_path / "trackio" / "mydigits.db") as database:
        for number, path in enumerate(("../../secret.png", str(secret), "link.png")):
            value = json.dumps({"stolen": {"_type": "trackio.image", "file_path": path}})
            database.execute(
                "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) "
                "SELECT run_id, created_at, run_name, ?, ? FROM configs",
                (9000 + number, value),
            )
        database.execute(
            "UPDATE artifact_versions SET manifest = ?",
            (json.dumps([{"path": "../x", "digest": "0" * 64}, {"path": "y", "digest": "../../../secret.png"}]),),
        )
        database.execute("CREATE VIEW pretended AS SELECT * FROM metrics")
    [brought] = bring("trackio", tmp_path)
    assert sum("stolen" in line for line in brought["lost"]) == 3
    assert sum("lacks its file" in line for line in brought["lost"]) == 2
    assert not [path for path in kept(tmp_path) if path.is_symlink() or path.read_bytes() == b"secret"]


def test_trackio_databases_of_its_older_versions_know_runs_by_name(tmp_path: Path) -> None:
    (tmp_path / "trackio").mkdir()
    with sqlite3.connect(tmp_path / "trackio" / "old.db") as database:
        database.execute("CREATE TABLE metrics (id INTEGER, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)")
        for step in range(3):
            said = (step, f"2025-01-01T00:00:0{step}", "../up", step, json.dumps({"loss": step}))
            database.execute("INSERT INTO metrics VALUES (?, ?, ?, ?, ?)", said)
        database.execute("INSERT INTO metrics VALUES (9, 'never', '../up', 9, '{torn')")
    [brought] = bring("trackio", tmp_path)
    assert (brought["name"], brought["rows"]) == ("../up", 3)
    assert ["found no object of JSON" in line for line in brought["lost"]] == [True]
    assert only(tmp_path).id.isalnum()


@pytest.fixture(scope="module")
def live(more_trackers_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the directory `dvclive`, imported."""
    folder = tmp_path_factory.mktemp("live")
    write(more_trackers_python, folder, "write_dvclive", "dvclive")
    [brought] = bring("dvclive", folder, str(folder / "dvclive"))
    assert (brought["outcome"], brought["lost"], brought["left_out"]) == ("new", [], {})
    return folder


def test_dvclive_every_value_is_there_with_its_step_and_type(live: Path) -> None:
    run = only(live)
    assert run.name == live.name
    assert points(run, "loss") == [(step, 1 / (step + 1)) for step in range(50)]
    assert points(run, "train/accuracy") == [(step, step / 7) for step in range(50)]
    assert points(run, "train/label") == [(step, f"tab\t{step % 2}") for step in range(50)]
    assert math.isnan(points(run, "bad")[0][1])
    assert run.config == {"lr": 0.1, "nested": {"layers": [1, 2]}, "word": "yes", "switch": True}
    assert run.summary["alone"] == 5
    moments = [row["_timestamp"] for row in rows(run) if "loss" in row]
    assert moments == sorted(moments)
    assert abs(moments[0] - time.time()) < 86400


def test_dvclive_pictures_curves_and_artifacts_are_kept(live: Path) -> None:
    run, images = only(live), live / "dvclive" / "plots" / "images"
    shown = {step: value["path"] for step, value in points(run, "images/samples")}
    assert sorted(shown) == [0, 10, 20, 30, 40]
    for step, path in shown.items():
        assert (Path(run.dir) / path).read_bytes() == (images / "samples" / f"{step}.png").read_bytes()
    last = run.summary_metrics["images/last"]
    assert (Path(run.dir) / last["path"]).read_bytes() == (images / "last.png").read_bytes()
    table = json.loads((Path(run.dir) / run.summary_metrics["custom/roc"]["path"]).read_text())
    assert (table["columns"], table["data"]) == (["fpr", "tpr"], [[0.0, 0.5], [1.0, 1.0]])
    artifact = Api(live / "experiments").artifact("p/net:latest")
    assert (artifact.type, artifact.description, artifact.metadata) == ("model", "a net", {"layers": 2})
    assert artifact.tags == ["best"]
    assert not [path for path in kept(live) if path.name.startswith("report")]


def test_dvclive_a_second_import_does_nothing_and_a_new_training_is_another_run(
    live: Path, more_trackers_python: Path, tmp_path: Path
) -> None:
    shutil.copytree(live, tmp_path / "live")
    folder = tmp_path / "live"
    bring("dvclive", folder, str(folder))  # The directory has another name now.
    assert [each["outcome"] for each in bring("dvclive", folder, str(folder))] == ["unchanged"]
    write(more_trackers_python, folder, "write_dvclive", "dvclive")
    [brought] = bring("dvclive", folder, str(folder / "dvclive"))
    assert brought["outcome"] == "new"


def test_dvclive_a_training_is_imported_while_it_goes_on_and_after_it_was_killed(
    more_trackers_python: Path, tmp_path: Path
) -> None:
    line = command(more_trackers_python, "write_dvclive", "dvclive", "slowly")
    with subprocess.Popen(line, env=around(tmp_path), cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "going\n"
        [first] = bring("dvclive", tmp_path, str(tmp_path / "dvclive"))
        time.sleep(0.5)
        os.kill(process.pid, signal.SIGKILL)
    [second] = bring("dvclive", tmp_path, str(tmp_path / "dvclive"))
    assert (first["outcome"], second["outcome"]) == ("new", "grown")
    assert second["rows"] > first["rows"] > 20
    found = points(only(tmp_path), "loss")
    assert found == [(step, 1 / (step + 1)) for step in range(len(found))]


def test_dvclive_what_is_torn_costs_only_itself(live: Path, tmp_path: Path) -> None:
    folder = tmp_path / "dvclive"
    shutil.copytree(live / "dvclive", folder)
    loss = folder / "plots" / "metrics" / "loss.tsv"
    loss.write_bytes(loss.read_bytes()[:-3])
    (folder / "plots" / "metrics" / "odd.tsv").write_text("step\todd\nx\t1\n1\t2\t3\n2\n3\t4\n")
    (folder / "metrics.json").write_text('{"loss": 0.')
    (folder / "params.yaml").write_text("a: !!python/object:os.system x\n")
    (folder / "plots" / "custom" / "roc.json").write_text("[{")
    (folder / "plots" / "images" / "broken.png").write_bytes(b"no picture")
    [brought] = bring("dvclive", tmp_path, str(folder))
    lost = "\n".join(brought["lost"])
    for place in ("loss.tsv", "odd.tsv, line 2", "odd.tsv, line 3", "odd.tsv, line 4", "metrics.json", "params.yaml"):
        assert place in lost
    assert "roc.json" in lost
    assert "broken.png" in lost
    run = only(tmp_path)
    assert len(points(run, "loss")) == 49
    assert points(run, "odd") == [(3, 4)]


def test_dvclive_links_and_paths_that_lead_out_are_not_followed(live: Path, tmp_path: Path) -> None:
    folder = tmp_path / "work" / "dvclive"
    shutil.copytree(live / "dvclive", folder)
    secret = tmp_path / "secret"
    secret.write_text("step\tvalue\n1\t42\n")
    (folder / "plots" / "metrics" / "stolen.tsv").symlink_to(secret)
    (folder / "plots" / "images" / "stolen").symlink_to(tmp_path)
    (folder / "artifacts").symlink_to(tmp_path)
    (folder / "dvc.yaml").write_text(
        f"artifacts:\n  up: {{path: ../../secret}}\n  whole: {{path: {secret}}}\n  linked: {{path: artifacts/secret}}\n"
    )
    [brought] = bring("dvclive", tmp_path, str(tmp_path / "work"))
    assert sum("is left out" in line for line in brought["lost"]) >= 6
    assert not [path for path in kept(tmp_path) if path.is_symlink() or path.read_bytes() == secret.read_bytes()]
    assert "stolen" not in only(tmp_path).summary_metrics


@pytest.fixture(scope="module")
def experiment(more_trackers_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the directory `runs` of Sacred, imported: one run that finished, one that failed."""
    folder = tmp_path_factory.mktemp("sacred")
    write(more_trackers_python, folder, "write_sacred")
    write(more_trackers_python, folder, "write_sacred", "fail", code=1)
    found = bring("sacred", folder, str(folder / "runs"))
    assert [(each["outcome"], each["name"], each["lost"]) for each in found] == [
        ("new", "digits 1", []),
        ("new", "digits 2", []),
    ]
    return folder


def named(folder: Path, name: str) -> Run:
    return {run.name: run for run in Api(folder / "experiments").runs("p")}[name]


def test_sacred_every_value_is_there_with_its_step_and_time(experiment: Path) -> None:
    run = named(experiment, "digits 1")
    assert points(run, "loss") == [(step * 10, 1 / (step + 1)) for step in range(50)]
    assert points(run, "accuracy") == [(step * 10, step / 7) for step in range(50)]
    assert math.isnan(points(run, "bad")[0][1])
    assert points(run, "numpy") == [(0, 0.5)]
    assert all(abs(row["_timestamp"] - time.time()) < 86400 for row in rows(run))


def test_sacred_config_info_result_and_what_was_run_are_kept(experiment: Path) -> None:
    run = named(experiment, "digits 1")
    config = dict(run.config)
    assert config.pop("seed") > 0
    assert config == {"lr": 0.1, "shape": [3, 4], "nested": {"layers": [1, 2]}, "width": 512}
    assert run.summary["result"] == 0.75
    assert run.summary["info"]["pair"] == [1, 2]
    assert run.summary["info"]["net"] == {"py/object": "__main__.Net", "layers": 2}
    assert (run.job_type, run.notes, run.tags) == ("train", "why", ["wide"])
    assert (run.state, named(experiment, "digits 2").state) == ("finished", "failed")
    assert "sacred==" in (Path(run.dir) / "requirements.txt").read_text()
    log = (Path(run.dir) / "output.log").read_text()
    assert log == (experiment / "runs" / "1" / "cout.txt").read_text()
    assert "hello ü" in log


def test_sacred_artifacts_sources_and_resources_are_files(experiment: Path) -> None:
    files = Path(named(experiment, "digits 2").dir) / "files"
    assert (files / "kept.bin").read_bytes() == b"weights"
    assert (files / "resources" / "data.bin").read_bytes() == b"data"
    assert (files / "sources" / "write_sacred.py").read_bytes() == (SCRIPTS / "write_sacred.py").read_bytes()
    assert "RuntimeError: broken" in (files / "fail_trace.txt").read_text()


def test_sacred_a_second_import_adds_only_what_is_new(experiment: Path) -> None:
    again = bring("sacred", experiment, str(experiment / "runs"), str(experiment / "runs" / "1"))
    assert [each["outcome"] for each in again] == ["unchanged", "unchanged"]
    assert again[0]["left_out"] == {"an object of Python, kept as its data (__main__.Net)": 1}


def test_sacred_a_run_that_was_killed_is_imported_as_crashed(more_trackers_python: Path, tmp_path: Path) -> None:
    line = command(more_trackers_python, "write_sacred", "wait")
    with subprocess.Popen(line, env=around(tmp_path), cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        wait_until((tmp_path / "going").exists, "the experiment wrote its metrics")
        os.kill(process.pid, signal.SIGKILL)
    [brought] = bring("sacred", tmp_path, str(tmp_path / "runs"))
    assert any("no record of the run's end" in line for line in brought["lost"])
    run = only(tmp_path)
    assert run.state == "crashed"
    assert len(points(run, "loss")) == 50


def test_sacred_a_torn_file_costs_only_itself(experiment: Path, tmp_path: Path) -> None:
    shutil.copytree(experiment / "runs", tmp_path / "runs")
    for name in ("metrics.json", "run.json"):
        file = tmp_path / "runs" / name[0].replace("m", "1").replace("r", "2") / name
        file.write_bytes(file.read_bytes()[:-40])
    first, second = bring("sacred", tmp_path, str(tmp_path / "runs"))
    assert any("metrics.json: found broken JSON" in line for line in first["lost"])
    assert any("run.json: found broken JSON" in line for line in second["lost"])
    assert (first["rows"], second["rows"]) == (0, 50)


def test_sacred_nothing_is_unpickled_and_no_path_leads_out(experiment: Path, tmp_path: Path) -> None:
    shutil.copytree(experiment / "runs", tmp_path / "runs")
    run, secret = tmp_path / "runs" / "1", tmp_path / "secret"
    secret.write_text("secret")
    evil = {"py/reduce": [{"py/function": "os.system"}, {"py/tuple": [f"touch {tmp_path / 'ran'}"]}]}
    (run / "config.json").write_text(json.dumps({"evil": evil}))
    said = json.loads((run / "run.json").read_text())
    said["experiment"]["sources"] = [["a.py", "../secret"], ["b.py", str(secret)], ["../../c.py", "_sources/none.py"]]
    said["resources"] = [["d", str(secret)], ["e", ".."]]
    (run / "run.json").write_text(json.dumps(said))
    (run / "stolen.txt").symlink_to(secret)
    (run / "folder").symlink_to(tmp_path)
    found = bring("sacred", tmp_path, str(tmp_path / "runs" / "1"))
    assert not (tmp_path / "ran").exists()
    assert only(tmp_path).config["evil"]["py/reduce"][1] == [f"touch {tmp_path / 'ran'}"]
    assert len(found[0]["lost"]) >= 7
    assert not [path for path in kept(tmp_path) if path.is_symlink() or path.read_bytes() == b"secret"]


@pytest.mark.parametrize(
    ("kind", "words"), [("trackio", "no database"), ("dvclive", "no directory"), ("sacred", "no run")]
)
def test_a_path_without_runs_is_told_in_one_line(kind: str, words: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(COMMANDS[kind], [str(tmp_path), "--dir", str(tmp_path / "experiments")])
    assert f"found {words} of" in str(done.exception)
