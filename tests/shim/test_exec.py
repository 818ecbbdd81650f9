"""`runstore exec`: a program becomes one whose `import wandb` is Runstore, with all the processes that it starts."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from runstore.shim.run import HOOK
from tests.processes import environment, only_run, rows, run_folders

SCRIPT = """
import os, sys
import wandb

with wandb.init(project="p", config={"lr": 0.1}) as run:
    wandb.log({"loss": 1.5})
    assert wandb.run is run
print(os.getpid(), sys.argv[1:])
sys.exit(7)
"""
FORKING = """
import multiprocessing, subprocess, sys

def work(at):
    import wandb
    with wandb.init(project="p", name=f"worker {at}") as run:
        run.log({"x": at})

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=work, args=(at,)) for at in range(2)]
    for each in processes:
        each.start()
    for each in processes:
        each.join()
    subprocess.run([sys.executable, "-c", "import wandb; wandb.init(project='p', name='child').finish()"], check=True)
"""


def call(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment(folder, variables), text=True, capture_output=True, timeout=60
    )


def execute(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return call(folder, sys.executable, "-m", "runstore", "exec", *command, **variables)


def script(folder: Path, text: str = SCRIPT, name: str = "train.py") -> str:
    (folder / name).write_text(text)
    return name


@pytest.mark.parametrize("before", [[], ["--"]])
def test_a_script_logs_here_and_has_its_own_arguments_and_exit_code(tmp_path: Path, before: list[str]) -> None:
    done = execute(tmp_path, *before, sys.executable, script(tmp_path), "--project", "its own", "-x")
    assert done.returncode == 7, done.stderr
    assert done.stdout.split(maxsplit=1)[1] == "['--project', 'its own', '-x']\n"
    assert [row["loss"] for row in rows(only_run(tmp_path))] == [1.5]


def test_a_module_of_python_does_the_same_for_a_script(tmp_path: Path) -> None:
    done = call(tmp_path, sys.executable, "-m", "runstore.exec", script(tmp_path), "a")
    assert done.returncode == 7, done.stderr
    assert "['a']" in done.stdout
    assert len(rows(only_run(tmp_path))) == 1


def test_it_becomes_the_program_so_that_signals_reach_it(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "runstore", "exec", sys.executable, script(tmp_path)],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        said, _ = process.communicate(timeout=60)
    assert int(said.split()[0]) == process.pid


def test_processes_that_the_program_starts_log_here_too(tmp_path: Path) -> None:
    done = execute(tmp_path, sys.executable, script(tmp_path, FORKING))
    assert done.returncode == 0, done.stderr
    names = {(folder / "run.yaml").read_text().split("name: ")[1].split("\n")[0] for folder in run_folders(tmp_path)}
    assert names == {"worker 0", "worker 1", "child"}


def test_options_are_settings_that_libraries_of_wandb_read_as_well(tmp_path: Path) -> None:
    code = "import os; print(sorted(f'{k}={v}' for k, v in os.environ.items() if k.endswith(('PROJECT', 'RUN_GROUP'))))"
    options = ("--project", "digits", "--group", "a b")
    done = execute(tmp_path, *options, sys.executable, "-c", code, WANDB_PROJECT="other")
    assert done.stdout.strip() == str(
        [
            f"{each}={value}"
            for each, value in (
                ("RUNSTORE_PROJECT", "digits"),
                ("RUNSTORE_RUN_GROUP", "a b"),
                ("WANDB_PROJECT", "digits"),
                ("WANDB_RUN_GROUP", "a b"),
            )
        ]
    )


def test_lines_for_a_shell_do_the_same(tmp_path: Path) -> None:
    name = script(tmp_path)
    text = f'eval "$({sys.executable} -m runstore exec --print)"; {sys.executable} {name}'
    done = call(tmp_path, "sh", "-c", text, PYTHONPATH="/nowhere with spaces")
    assert done.returncode == 7, done.stderr
    assert len(rows(only_run(tmp_path))) == 1


def test_the_sitecustomize_that_was_there_runs_as_before(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "sitecustomize.py").write_text("import sys; sys.said = __name__\n")
    code = "import sys, sitecustomize, wandb; print(sys.said, sitecustomize.__file__)"
    done = execute(tmp_path, sys.executable, "-c", code, PYTHONPATH=str(other))
    assert done.stdout.split() == ["sitecustomize", str(other / "sitecustomize.py")], done.stderr


def test_without_the_switch_the_directory_on_the_path_does_nothing(tmp_path: Path) -> None:
    done = call(tmp_path, sys.executable, "-c", "import wandb", PYTHONPATH=str(HOOK))
    assert "No module named 'wandb'" in done.stderr


def test_an_interpreter_without_runstore_is_told_of_and_runs(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", symlinks=True)
    done = execute(tmp_path, str(tmp_path / "bare" / "bin" / "python"), "-c", "print('ran')", PYTHONPATH="")
    assert done.stdout == "ran\n"
    assert "pip install runstore there" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ((), "found no command to run; write: runstore exec -- python train.py"),
        (("train.py",), "write: runstore exec -- python train.py"),
        (("gone.py",), "nor a script of this name in"),
        (("no-such-program",), "found no program 'no-such-program' to run"),
        (("--projekt", "x", "python"), "no such option '--projekt'"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, command: tuple[str, ...], said: str) -> None:
    script(tmp_path)
    done = execute(tmp_path, *command)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
