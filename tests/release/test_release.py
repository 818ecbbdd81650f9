"""A release as its users get it: both files are sound, and the wheel works in an empty environment of each Python."""

import os
import shutil
import subprocess
import sys
import tarfile
import textwrap
from pathlib import Path

import pytest

from tests.libraries import environments

ROOT = Path(__file__).resolve().parents[2]


def interpreter(version: str) -> str | None:
    """A Python of this version that the machine has, of pyenv's too; None where there is none."""
    managed = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for found in (shutil.which(f"python{version}"), *managed.glob(f"{version}.*/bin/python{version}")):
        if found is not None and subprocess.run([found, "-V"], capture_output=True).returncode == 0:
            return os.fspath(found)
    return None


PYTHONS = {version: found for version in ("3.11", "3.12", "3.13") if (found := interpreter(version)) is not None}
TRAIN = """
    import runstore

    with runstore.init(project="p", config={"lr": 0.1}) as run:
        for step in range(5):
            run.log({"loss": 1 / (step + 1)})
    frame = runstore.Api().run(f"p/{run.id}").history(format="polars")
    assert frame["loss"].to_list()[-1] == 0.2, frame
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The source archive, and the wheel that is made of it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return sorted(folder.iterdir())


@pytest.mark.slow
def test_both_files_are_as_an_index_wants_them(files: list[Path]) -> None:
    python = environments.python("release")
    done = subprocess.run(
        [python, "-m", "twine", "check", "--strict", *files], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 2


def test_the_source_archive_has_what_its_tests_need(files: list[Path]) -> None:
    [archive] = [path for path in files if path.name.endswith(".tar.gz")]
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {"Makefile", "constraints.txt", "tests/conftest.py", ".ci/run", "site/mkdocs.yml"} <= names


@pytest.mark.slow
@pytest.mark.parametrize("version", PYTHONS)
def test_the_wheel_works_in_an_empty_environment(version: str, files: list[Path], tmp_path: Path) -> None:
    [wheel] = [path for path in files if path.suffix == ".whl"]
    run(PYTHONS[version], "-m", "venv", "venv", folder=tmp_path)
    binaries = tmp_path / "venv" / "bin"
    run(binaries / "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", wheel, folder=tmp_path)
    (tmp_path / "train.py").write_text(textwrap.dedent(TRAIN))
    run(binaries / "python", "-W", "error", "train.py", folder=tmp_path)
    run(binaries / "runstore", "build", "--strict", folder=tmp_path)
    assert (tmp_path / "_site" / "p" / "index.html").is_file()
    assert run(binaries / "runstore", "ls", "--json", folder=tmp_path).count('"loss"') == 1
    run(binaries / "runstore", "--help", folder=tmp_path)
    run(binaries / "python", "-m", "runstore.exec", "--help", folder=tmp_path)


def run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning: the command" not in done.stderr
    return done.stdout
