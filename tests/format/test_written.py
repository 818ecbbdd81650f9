"""What the SDK writes, with every feature in use, is what the schemas say."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from runstore.format import yaml12
from runstore.format.run_layout import written_by
from runstore.format.schema import schema
from tests.processes import load, only_run, run_script

SCRIPT = """
import sys, runstore
import numpy as np

settings = runstore.Settings(stats_interval=0.1, heartbeat_seconds=1)
with runstore.init(project="p", id="r", name="first", group="g", job_type="train", tags=["a"], notes="n",
                   config={"lr": 0.1, "model": {"depth": 3}}, settings=settings) as run:
    run.define_metric("epoch", hidden=True)
    run.define_metric("val/*", step_metric="epoch", step_sync=True, summary="min,last", goal="minimize")
    for epoch in range(3):
        print("epoch", epoch)
        run.log({"epoch": epoch, "val/loss": 1 / (epoch + 1), "nested": {"a": epoch}, "bad": float("nan")})
    image = runstore.Image(np.zeros((6, 6, 3), dtype=np.uint8), caption="c", classes=[{"id": 1, "name": "cat"}],
        masks={"m": {"mask_data": np.ones((6, 6), dtype=np.uint8), "class_labels": {1: "cat"}}},
        boxes={"b": {"box_data": [{"position": {"minX": 0.1, "maxX": 0.5, "minY": 0.1, "maxY": 0.5}, "class_id": 1}],
               "class_labels": {1: "cat"}}})
    table = runstore.Table(columns=["a", "picture"], data=[[1, image], [2, image]])
    run.log({"image": image, "gallery": [image, image], "html": runstore.Html("<b>x</b>"), "table": table,
             "audio": runstore.Audio(np.zeros(100, dtype=np.float32), sample_rate=100),
             "text": runstore.Markdown("# x"),
             "histogram": runstore.Histogram(np.arange(10)), "points": runstore.Object3D(np.random.rand(10, 3)),
             "array": np.arange(5000)})
    plain = runstore.Table(columns=["x", "y"], data=[[1, 2], [3, 4]])
    run.log({"line": runstore.plot.line(plain, "x", "y", title="t")})
    run.alert("title", "text", level="WARN", wait_duration=0)
    artifact = runstore.Artifact("model", type="model", description="d", metadata={"k": 1})
    with artifact.new_file("weights.txt") as file:
        file.write("w")
    artifact.add_reference("https://example.org/data", name="data", checksum=False)
    run.log_artifact(artifact, aliases=["best"])
    run.summary["own"] = {"nested": [1, 2]}
    import time; time.sleep(0.4)
with runstore.init(project="p", id="r", resume="must", settings=settings) as run:
    run.use_artifact("model:best")
    run.log({"epoch": 3, "val/loss": 0.1})
with runstore.init(project="p", fork_from="r?_step=1", settings=settings) as run:
    run.log({"epoch": 2})
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    done = run_script(folder, SCRIPT)
    assert done.returncode == 0, done.stderr
    return folder / "experiments" / "p"


def check(name: str, value: Any, place: str) -> None:
    errors = [
        f"{place}: {error.json_path}: {error.message}"
        for error in Draft202012Validator(schema(name)).iter_errors(value)
    ]
    assert not errors, "\n".join(errors)


def files(project: Path) -> Iterator[tuple[str, Path, Any]]:
    """Each record of the store: the schema's name, the file, and the value."""
    yield "store", project.parent / "store.yaml", yaml12.load((project.parent / "store.yaml").read_bytes())
    for path in sorted(project.rglob("*")):
        stem = (written_by(path.name) or (path.name.split(".")[0], ""))[0]
        if path.suffix == ".jsonl":
            for line in path.read_bytes().splitlines():
                yield stem, path, json.loads(line)
        elif path.name.endswith(".table.json"):
            yield "table", path, load(path)
        elif path.suffix == ".json" and path.parent.parent.name == "runs":
            yield stem, path, load(path)
        elif path.suffix == ".yaml":
            yield stem, path, yaml12.load(path.read_bytes())


def test_every_record_that_is_written_is_as_its_schema_says(project: Path) -> None:
    seen = set()
    for name, path, value in files(project):
        check(name, value, str(path.relative_to(project.parent)))
        seen.add(name)
    assert seen >= {
        *(
            "alerts",
            "config",
            "history",
            "lineage",
            "lines",
            "manifest",
            "metrics",
            "provenance",
            "run",
            "state",
            "store",
        ),
        *("summary", "system", "table"),
    }


def test_every_file_that_is_written_is_one_that_the_format_knows(project: Path) -> None:
    from runstore.artifacts.checks import problems
    from runstore.reading.store import read_store
    from runstore.reading.verify import verify

    store = read_store(project.parent)
    assert [str(problem) for problem in (*verify(store, strict=True), *problems(store.layout))] == []


def test_a_heartbeat_and_a_tombstone_are_as_their_schemas_say(tmp_path: Path) -> None:
    from runstore.manage.trash import delete
    from runstore.reading.store import read_store

    script = "import os, runstore\nrun = runstore.init(project='p'); run.log({'a': 1}); os.kill(os.getpid(), 9)\n"
    run_script(tmp_path, script)
    run = only_run(tmp_path)
    check("heartbeat", load(run / "heartbeat"), "heartbeat")
    os.utime(run / "heartbeat", (0, 0))
    store = read_store(tmp_path)
    delete(store.layout, store.projects[0].runs[0])
    check("tombstone", yaml12.load(store.layout.project("p").deleted(run.name).read_bytes()), "tombstone")
