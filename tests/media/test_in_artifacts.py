"""Media that go into an artifact come out of it as they were, with all that belongs to them."""

from collections.abc import Callable
from typing import Any

import numpy
import PIL.Image
import pytest

import runstore
from runstore.recording.run import Run


@pytest.fixture
def back(begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Callable[..., Any]:
    """Logs media in an artifact, and gives what another run gets from it."""
    monkeypatch.chdir(tmp_path)

    def through(**media: Any) -> Any:
        artifact = runstore.Artifact("data", "dataset")
        for name, value in media.items():
            artifact.add(value, name.replace("__", "/"))
        first = begin()
        first.log_artifact(artifact)
        first.finish()
        return begin().use_artifact("data:latest")

    return through


IMAGE = runstore.Image(
    numpy.zeros((4, 5)), caption="c", masks={"m": {"mask_data": numpy.ones((4, 5), int), "class_labels": {1: "x"}}}
)


def test_a_table_with_media_in_its_cells(back: Callable[..., Any]) -> None:
    table = runstore.Table(
        columns=["image", "n", "several", "raw"], data=[[IMAGE, 1, [IMAGE, IMAGE], PIL.Image.new("L", (2, 2))]]
    )
    artifact = back(one=table, two=table)
    for name in ("one", "two"):
        [[image, n, several, raw]] = artifact.get(name).data
        assert (image.read(), image.caption, n, len(several.items)) == (IMAGE.read(), "c", 1, 2)
        assert raw.image.size == (2, 2)


def test_an_image_with_masks_a_chart_and_classes(back: Callable[..., Any]) -> None:
    table = runstore.Table(["x", "y"], [[1, 2]])
    artifact = back(
        image=IMAGE, chart=runstore.plot.line(table, "x", "y"), classes=runstore.Classes([{"id": 0, "name": "a"}])
    )
    assert artifact.get("image").read() == IMAGE.read()
    assert artifact.get("chart").table.data == [[1, 2]]
    assert artifact.get("classes").labels == {"0": "a"}


def test_a_large_table(back: Callable[..., Any]) -> None:
    table = runstore.Table(columns=["n", "page"], data=[[at, None] for at in range(10_001)])
    table.data[3][1] = runstore.Html("<p>", inject=False)
    found = back(large=table).get("large")
    assert len(found.data) == 10_001
    assert found.data[3][1].html == "<p>"


def test_tables_joined_and_in_parts(back: Callable[..., Any]) -> None:
    one = runstore.Table(["id", "a"], [["x", 1]])
    two = runstore.Table(["id", "b"], [["x", 2]])
    artifact = back(
        one=one,
        two=two,
        joined=runstore.JoinedTable(one, two, "id"),
        by_path=runstore.JoinedTable("one.table.json", "two.table.json", "id"),
        parts__0=one,
        parts__1=one,
        all=runstore.PartitionedTable("parts"),
    )
    for name in ("joined", "by_path"):
        assert list(artifact.get(name).rows()) == [{"0.id": "x", "0.a": 1, "1.id": "x", "1.b": 2}]
    assert list(artifact.get("all").iterrows()) == [(0, ["x", 1]), (1, ["x", 1])]
