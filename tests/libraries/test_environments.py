"""Environments are made once, by one process, from a list; what goes wrong is one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.libraries import environments, matrix

LIST = "# Little.\nsix==1.17.0\n"
TWO = """
import sys
from pathlib import Path
from tests.libraries import environments
environments.LISTS = Path(sys.argv[1])
environments._PLACE = Path(sys.argv[2])
print(environments.python("little"))
"""


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(environments, "LISTS", tmp_path / "lists")
    monkeypatch.setattr(environments, "_PLACE", tmp_path / "place")
    (tmp_path / "lists").mkdir()
    return tmp_path / "lists"


@pytest.mark.slow
def test_two_processes_make_one_and_a_list_that_changes_makes_another(lists: Path, tmp_path: Path) -> None:
    (lists / "little.txt").write_text(LIST)
    command = [sys.executable, "-c", TWO, str(lists), str(tmp_path / "place")]
    both = [
        subprocess.Popen(command, cwd=matrix.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [each.communicate(timeout=120) for each in both]
    assert {out.strip() for out, _ in said} == {str(environments.python("little"))}
    assert sum("once" in err for _, err in said) == 1
    found = subprocess.run([environments.python("little"), "-c", "import six"], check=False)
    assert found.returncode == 0
    before = environments.python("little")
    assert environments.version("little", "six") == "1.17.0"
    (lists / "little.txt").write_text("# Less.\n")
    assert environments._digest(lists / "little.txt") not in str(before)


@pytest.mark.slow
def test_what_cannot_be_installed_is_one_line_and_counts_as_not_there(lists: Path, tmp_path: Path) -> None:
    (lists / "none.txt").write_text("six==0.0.0.0\n")
    with pytest.raises(environments.InstallationError, match=r"^the libraries of none\.txt .*: ERROR: No matching"):
        environments.python("none")
    assert not list((tmp_path / "place").glob("*/installed"))


def test_the_page_has_a_row_for_each_test_that_records_and_no_other() -> None:
    rows = [(row.library, row.way) for row in matrix.rows_of_the_page()]
    assert len(rows) == len(set(rows))
    assert set(rows) == matrix.rows_that_tests_record()


def test_the_page_names_the_versions_that_are_installed() -> None:
    for row in matrix.rows_of_the_page():
        assert row.version == environments.version("training", row.library)


def test_what_an_extra_installs_is_tested_in_the_version_that_the_constraints_name() -> None:
    constraints = pins(matrix.ROOT / "constraints.txt")
    tested = pins(environments.LISTS / "training.txt")
    extras = ("accelerate", "fastai", "lightning", "optuna", "pytorch-ignite", "torch", "transformers")
    assert {name: constraints[name] for name in extras} == {name: tested[name] for name in extras}


def pins(listed: Path) -> dict[str, str]:
    return dict(line.split("==") for line in listed.read_text().splitlines() if "==" in line)
