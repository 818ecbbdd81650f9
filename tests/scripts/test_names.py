"""No silent gap: every public name of W&B's SDK is in the documentation's table, which says what there is."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import runstore
from runstore.api import UnsupportedError
from runstore.recording import current
from runstore.recording.missing import OF_MODULE
from runstore.settings.fields import our_name
from runstore.settings.foreign import EXPECTED, HARMLESS
from tests import wandb_names
from tests.processes import ROOT

SECTIONS = {
    "The module": wandb_names.MODULE,
    "Arguments of `init`": wandb_names.INIT,
    "Run": wandb_names.RUN,
    "Config": wandb_names.CONFIG,
    "Summary": wandb_names.SUMMARY,
    "Data types": wandb_names.DATA_TYPES,
    "Table": wandb_names.TABLE,
    "Plots": wandb_names.PLOT,
    "Artifact": wandb_names.ARTIFACT,
    "Api": wandb_names.API,
    "Runs of the Api": wandb_names.API_RUN,
    "Lists of runs of the Api": wandb_names.API_RUNS,
    "Sweeps of the Api": wandb_names.API_SWEEP,
    "Projects of the Api": wandb_names.API_PROJECT,
    "Artifacts of the Api": wandb_names.API_COLLECTION,
    "Types of artifacts of the Api": wandb_names.API_TYPE,
    "Other lists of the Api": wandb_names.API_PAGES,
    "Files of the Api": wandb_names.API_FILE,
    "Settings of W&B": wandb_names.SETTINGS,
}
KINDS = {"yes", "differs", "no effect", "no"}


def section(title: str) -> dict[str, tuple[str, str]]:
    """What the documentation says of each name in a section: the kind, and in words."""
    text = (ROOT / "site" / "docs" / "wandb.md").read_text(encoding="utf-8")
    body = text.split(f"\n## {title}\n")[1].split("\n## ")[0]
    found = re.findall(r"^\| `(\w+)` \| ([a-z ]+) \| ?(.*) ?\|$", body, re.MULTILINE)
    return {name: (kind, words.strip()) for name, kind, words in found}


@pytest.fixture(scope="module")
def owners(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Who has the names of each section: things of a real store."""
    store = tmp_path_factory.mktemp("names") / "experiments"
    settings = {"silent": True, "console": "off", "disable_git": True, "disable_stats": True}
    with runstore.init(project="p", id="r", dir=store, settings=settings) as run:
        run.log({"a": 1})
        Path(run.dir, "file.txt").write_text("x")
        artifact = runstore.Artifact("data", "dataset")
        with artifact.new_file("x.txt") as file:
            file.write("x")
        run.log_artifact(artifact)
    sweep = store / "p" / "sweeps" / "s"
    sweep.mkdir(parents=True)
    (sweep / "sweep.yaml").write_text("method: random\nmetric: {name: a}\nparameters: {lr: {values: [1, 2]}}\n")
    api = runstore.Api(store=store)
    found = api.run("p/r")
    yield {
        "The module": runstore,
        "Run": run,
        "Config": run.config,
        "Summary": run.summary,
        "Data types": runstore.data_types,
        "Table": runstore.Table(columns=["a"], data=[[1]]),
        "Plots": runstore.plot,
        "Artifact": artifact,
        "Api": api,
        "Runs of the Api": found,
        "Lists of runs of the Api": api.runs("p"),
        "Sweeps of the Api": api.sweep("p/s"),
        "Projects of the Api": api.project("p"),
        "Artifacts of the Api": api.artifact_collection("dataset", "p/data"),
        "Types of artifacts of the Api": api.artifact_type("dataset", "p"),
        "Other lists of the Api": api.projects(),
        "Files of the Api": found.file("file.txt"),
    }
    current.put(None)


@pytest.mark.parametrize("title", SECTIONS)
def test_every_name_is_in_the_table_and_nothing_else(title: str) -> None:
    found = section(title)
    assert set(found) == SECTIONS[title]
    assert {kind for kind, _ in found.values()} <= KINDS
    assert not [name for name, (kind, words) in found.items() if kind in ("no", "differs") and not words]


@pytest.mark.parametrize("title", [title for title in SECTIONS if not title.startswith(("Arguments", "Settings"))])
def test_what_the_table_says_is_so(owners: dict[str, Any], title: str) -> None:
    owner = owners[title]
    wrong = {name: kind for name, (kind, _) in section(title).items() if hasattr(owner, name) is (kind == "no")}
    # A section's own object may not answer now (an artifact that is no link): its class has the name.
    wrong = {name: kind for name, kind in wrong.items() if kind == "no" or not hasattr(type(owner), name)}
    assert wrong == {}


def test_a_name_that_is_not_there_is_an_error_that_says_what_to_do() -> None:
    for name, (kind, words) in section("The module").items():
        if kind == "no":
            with pytest.raises(AttributeError, match=re.escape(OF_MODULE[name])):
                getattr(runstore, name)
            assert OF_MODULE[name] == words, name


@pytest.mark.parametrize("title", [title for title in SECTIONS if title == "Api" or title.endswith(" of the Api")])
def test_a_name_that_the_api_does_not_have_says_what_there_is_instead(owners: dict[str, Any], title: str) -> None:
    for name in (name for name, (kind, _) in section(title).items() if kind == "no"):
        for owner in (owners[title], *([] if title == "Api" else [type(owners[title])])):
            with pytest.raises(UnsupportedError, match=rf"^\w+\.{name} .+; \w"):
                getattr(owner, name)


def test_every_argument_of_init_is_taken_in_the_order_of_wandbs(tmp_path: Path) -> None:
    settings = runstore.Settings(silent=True, mode="disabled")
    run = runstore.init(settings=settings, **dict.fromkeys(wandb_names.INIT - {"settings"}))
    run.finish()
    ours = [name for name in inspect.signature(runstore.init).parameters if name in wandb_names.INIT]
    first = "entity project dir id name notes tags config config_exclude_keys config_include_keys allow_val_change"
    assert ours[:14] == [*first.split(), "group", "job_type", "mode"]


def test_each_setting_has_the_effect_that_the_table_says() -> None:
    for name, (kind, words) in section("Settings of W&B").items():
        expected = "yes" if our_name(name) else "no effect" if name in HARMLESS else "no"
        assert kind == expected, name
        assert kind != "no" or words == EXPECTED[name]


def test_probing_for_a_name_is_no_error() -> None:
    assert not hasattr(runstore, "sacred")
    assert not hasattr(runstore, "no_such_name")
    assert getattr(runstore, "wandb_agent", None) is None


@pytest.mark.parametrize(
    "line",
    [
        "from runstore.sdk.wandb_run import Run",
        "from runstore.sdk.data_types.table import Table",
        "from runstore.sdk.data_types.base_types.wb_value import WBValue",
        "from runstore.sdk.lib.runid import generate_id",
        "import runstore.sdk.wandb_settings; runstore.sdk.wandb_settings.Settings",
        "from runstore.data_types import Image, Table",
        "from runstore.errors import CommError, Error, UsageError",
        "from runstore.apis.public import Api, Run",
        "from runstore.util import generate_id, make_artifact_name_safe",
        "from runstore import env; assert env.PROJECT == 'RUNSTORE_PROJECT' and env.TAGS == 'RUNSTORE_TAGS'",
        "import runstore as wandb; wandb.apis.public.Api; wandb.sdk.wandb_run.Run; wandb.errors.CommError",
    ],
)
def test_longer_names_can_be_imported(line: str) -> None:
    exec(compile(line, "<line>", "exec"), {})
