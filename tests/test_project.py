"""The project as a whole: one version, commands that resolve, and a wheel with everything a user needs."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distribution, distributions, entry_points
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The project's wheel, built with what is installed: no network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    [path] = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def tracked(folder: str) -> set[str]:
    """The files of a folder that belong into the wheel."""
    paths = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in paths if "__pycache__" not in path.parts}


def test_the_wheel_holds_every_module_and_template(wheel: zipfile.ZipFile) -> None:
    templates = {name.replace("templates/", "sitegen/_templates/", 1) for name in tracked("templates")}
    modules = tracked("runstore") | tracked("sitegen") | tracked("sweeps")
    expected = templates | modules
    assert "sitegen/_templates/project.html.jinja" in expected
    assert expected <= set(wheel.namelist())


def test_the_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    [about] = [top for top in tops if top.endswith(".dist-info")]
    assert tops == {"runstore", "sitegen", "sweeps", about}
    assert not [name for name in wheel.namelist() if name.endswith((".pyc", ".map")) or "__pycache__" in name]


def test_the_packages_say_that_they_are_typed(wheel: zipfile.ZipFile) -> None:
    assert {"runstore/py.typed", "sitegen/py.typed"} <= set(wheel.namelist())


def test_the_licence_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    [licence] = [name for name in wheel.namelist() if name.endswith("/LICENSE")]
    assert b"Apache License" in wheel.read(licence)


def test_there_is_one_version() -> None:
    import runstore

    assert runstore.__version__ == distribution("runstore").version
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+)", changelog, re.MULTILINE)
    assert newest is not None
    # What is not released yet is a .dev of the release to come.
    assert Version(runstore.__version__).release <= Version(newest[1]).release


def test_the_version_is_that_of_the_tag(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], check=True)
    subprocess.run([*git, "tag", "--annotate", "--message", "0.6.0", "v0.6.0"], cwd=clone, check=True)
    assert version_of(clone) == "0.6.0"
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", "more"], cwd=clone, check=True)
    assert version_of(clone).startswith("0.6.1.dev1+g")


def version_of(folder: Path) -> str:
    """The version that a wheel built in `folder` would have."""
    imports = "from hatchling.metadata.core import ProjectMetadata; from hatchling.plugin.manager import PluginManager"
    code = f"{imports}; print(ProjectMetadata('.', PluginManager()).version)"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_every_command_resolves_to_a_click_command() -> None:
    ours = {point.name: point.load() for point in entry_points(group="runstore.commands")}
    assert set(ours) >= set(PROJECT["entry-points"]["runstore.commands"])
    assert all(isinstance(command, click.Command) for command in ours.values())
    [script] = [point for point in entry_points(group="console_scripts") if point.name == "runstore"]
    assert callable(script.load())


def test_the_module_is_the_program_too() -> None:
    done = subprocess.run([sys.executable, "-m", "runstore", "--version"], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == f"runstore, version {distribution('runstore').version}\n"


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert all(name == canonicalize_name(name) for name in pinned)
    return pinned


def requirements() -> list[Requirement]:
    texts = [*PROJECT["dependencies"], *(text for extra in PROJECT["optional-dependencies"].values() for text in extra)]
    found = [Requirement(text) for text in texts]
    return [requirement for requirement in found if requirement.name != "runstore"]


@pytest.mark.parametrize("requirement", requirements(), ids=lambda requirement: requirement.name)
def test_each_requirement_has_a_floor_and_a_pinned_version_above_it(requirement: Requirement) -> None:
    pinned = constraints()
    assert [each.operator for each in requirement.specifier] == [">="]
    assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)])


def test_the_constraints_reach_everything_that_is_installed_with_us() -> None:
    pinned = constraints()
    installed = {canonicalize_name(each.name) for each in distributions()}
    missing = [
        f"{name} needs {text}"
        for name in ["runstore", *(name for name in pinned if name in installed)]
        for text in distribution(name).requires or []
        if (needed := Requirement(text)).name != "runstore"
        and (needed.marker is None or needed.marker.evaluate({"extra": ""}))
        and canonicalize_name(needed.name) not in pinned
    ]
    assert not missing


def test_nothing_of_this_machine_and_no_third_party_source_is_in_the_project() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    paths = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    assert paths
    assert not [path for path in paths if path.suffix in {".whl", ".map"} or path.name.endswith(".min.js")]
    large = [path for path in paths if path.is_file() and path.suffix != ".png" and path.stat().st_size > 100_000]
    assert not large
