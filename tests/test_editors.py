"""What the page on editors shows is what an editor takes: JSON, files that exist, commands, and our own messages."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from runstore.cli.main import commands
from runstore.format import yaml12
from sweeps.config.schema import SWEEP_YAML
from tests.cli.terminal import Terminal
from tests.stores import write_run

PAGE = (Path(__file__).resolve().parent.parent / "site/docs/editors.md").read_text(encoding="utf-8")
SETTINGS, TASKS = (json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def test_the_example_of_a_sweep_is_valid() -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert Draft202012Validator(SWEEP_YAML).is_valid(yaml12.load(block))


def test_settings_name_schemas_that_are_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Terminal(capsys)("schema", "--save", tmp_path / "schemas")
    assert all((tmp_path / name).is_file() for name in SETTINGS["yaml.schemas"])


def test_tasks_are_commands_that_there_are() -> None:
    for task in TASKS["tasks"]:
        program, command, *rest = task["command"].split()
        assert program == "runstore"
        assert commands.make_context("runstore", [command, *rest[:1]])


def test_the_matcher_finds_what_verify_says(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (matcher,) = [task["problemMatcher"] for task in TASKS["tasks"] if task["label"] == "Runstore: verify"]
    write_run(root, "p", "r1", b'{"_step": 0}\n{"_step": \n{"_step": 2}\n')
    done = Terminal(capsys)("verify", root)
    found = re.search(matcher["pattern"][0]["regexp"], done.out + done.err, re.MULTILINE)
    assert found is not None
    assert (root / found[1]).is_file()
    assert found[2] == "2"
