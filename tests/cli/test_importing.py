"""`runstore import`: what it prints, where runs go, exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.events.event_files import scalar, version, write
from tests.processes import environment


def runstore(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runstore", "import", *arguments]
    return subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        events = [scalar(step, "loss", step) for step in range(3)]
        write(tmp_path / "logs" / "adam" / name / f"events.out.tfevents.{name}", version(), *events)
    return tmp_path


def test_runs_are_told_and_then_counted(logs: Path) -> None:
    first = runstore(logs, "tensorboard", "logs", "-p", "digits")
    assert first.returncode == 0, first.stderr
    *told, last = first.stdout.splitlines()
    assert [line.partition(": ")[2] for line in told] == ["adam/a: new, 3 rows", "adam/b: new, 3 rows"]
    assert last == "2 runs: 2 new"
    assert runstore(logs, "tensorboard", "logs", "-p", "digits").stdout == "2 runs: 2 unchanged\n"
    write(logs / "logs" / "adam" / "b" / "events.out.tfevents.c", version(), scalar(9, "loss", 1))
    third = runstore(logs, "tensorboard", "logs", "-p", "digits").stdout.splitlines()
    assert (third[0].partition(": ")[2], third[1]) == ("adam/b: grown, 4 rows", "2 runs: 1 grown, 1 unchanged")


def test_a_dry_run_makes_no_store(logs: Path) -> None:
    done = runstore(logs, "tensorboard", "logs", "--dry-run")
    assert done.stdout.splitlines()[-1] == "2 runs: 2 new; nothing was written"
    assert "adam/a: would be new" in done.stdout
    assert not (logs / "experiments").exists()


def test_json_says_what_became_of_each_run(logs: Path) -> None:
    with (logs / "logs" / "adam" / "a" / "events.out.tfevents.a").open("ab") as file:
        file.write(b"torn")
    done = runstore(logs, "tensorboard", "logs", "--group-by", "top", "--json", "--dir", "elsewhere")
    said = json.loads(done.stdout)
    assert (said["new"], said["grown"], said["refused"], said["dry_run"]) == (2, 0, 0, False)
    [a, b] = said["runs"]
    assert (a["name"], a["project"], a["rows"], len(a["lost"])) == ("adam/a", "uncategorized", 3, 1)
    assert (b["lost"], b["left_out"], b["outcome"]) == ([], {}, "new")
    assert (logs / "elsewhere" / "uncategorized" / "runs" / a["run"] / "run.yaml").is_file()


def test_a_refused_run_is_told_ends_with_1_and_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text("run,step,loss\na,1,2\nb,1,2\n")
    assert runstore(tmp_path, "csv", "all.csv", "-p", "p").returncode == 0
    (tmp_path / "experiments" / "p" / "runs" / "a" / "provenance.json").write_text("{}")
    (tmp_path / "all.csv").write_text("run,step,loss\na,1,3\nb,1,3\n")
    done = runstore(tmp_path, "csv", "all.csv", "-p", "p")
    assert done.returncode == 1
    assert "project p has a run a already, which was not imported; it is left as it is" in done.stderr
    assert done.stdout.splitlines()[-1] == "2 runs: 1 grown, 1 refused"


def test_what_is_made_of_columns_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("epoch,loss,lr\n1,2,0.1\n2,1,0.1\n")
    done = runstore(tmp_path, "csv", "a.csv", "--dry-run")
    assert done.stderr.splitlines()[:3] == ["a.csv: step: epoch", "a.csv: config: lr", "a.csv: metric: loss"]
    asked = runstore(tmp_path, "csv", "a.csv", "--dry-run", "--map", "metric=lr")
    assert "a.csv: metric: loss, lr" in asked.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("tensorboard", "nowhere"), "nowhere: found no such directory"),
        (("wandb", "nowhere"), "nowhere: found no run of W&B"),
        (("csv", "nowhere.csv"), "nowhere.csv: cannot be read"),
        (("csv", "a.csv", "--map", "what"), "--map what: expected ROLE=COLUMN"),
        (("csv", "a.csv", "-p", "a/b"), "the project name 'a/b' holds '/'"),
    ],
)
def test_a_mistake_is_one_line_and_ends_with_2(tmp_path: Path, arguments: tuple[str, ...], expected: str) -> None:
    done = runstore(tmp_path, *arguments)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith(f"runstore: error: {expected}")


def test_text_of_a_source_reaches_no_terminal_as_a_command(tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text("run,name,step,loss\nx1,a\x1b[2Jb,1,2\nx1,a\x1b[2Jb,2,2\n")
    done = runstore(tmp_path, "csv", "all.csv")
    assert "\x1b" not in done.stdout + done.stderr
    assert done.returncode == 0


def test_help_names_the_importers(tmp_path: Path) -> None:
    out = runstore(tmp_path, "--help").stdout
    assert all(
        name in out for name in ("tensorboard", "wandb", "csv", "parquet", "jsonl", "trackio", "dvclive", "sacred")
    )
