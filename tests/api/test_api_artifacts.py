"""Artifacts as `Api` gives and changes them."""

from pathlib import Path

import pytest

from runstore.api import Api, UnsupportedError


def test_artifacts_in_and_out(api: Api, store: Path, tmp_path: Path) -> None:
    from runstore.artifacts.artifact import Artifact

    (tmp_path / "data.csv").write_text("a,b\n")
    draft = Artifact("data", type="dataset")
    draft.add_file(str(tmp_path / "data.csv"))
    logged = api.run("digits/r00").log_artifact(draft, aliases=["best"], tags=["t"])
    assert logged.version == "v0"
    artifact = api.artifact("digits/data:best")
    assert artifact.name == "data:v0"
    assert artifact.logged_by() == api.run("digits/r00")
    api.run("digits/r01").use_artifact(artifact)
    assert [each.name for each in api.run("digits/r01").used_artifacts()] == ["data:v0"]
    assert [each.name for each in api.run("digits/r00").logged_artifacts()] == ["data:v0"]
    assert artifact.used_by() == [api.run("digits/r01")]
    assert api.artifact_exists("digits/data:best")
    assert not api.artifact_exists("digits/data:v7")
    assert [each.name for each in api.artifact_types("digits")] == ["dataset"]
    assert [each.name for each in api.artifact_collections("digits", "dataset")] == ["data"]
    assert [each.version for each in api.artifacts("dataset", "digits/data")] == ["v0"]
    assert api.artifact_collection("dataset", "digits/data").aliases == ["best", "latest"]
    with pytest.raises(ValueError, match="of type"):
        api.artifact("digits/data:best", type="model")
    api.run("digits/r00").delete(delete_artifacts=True)
    assert not api.artifact_exists("digits/data:best")


def test_what_is_changed_of_an_artifact_with_all_its_versions_is_saved(api: Api, tmp_path: Path) -> None:
    from runstore.artifacts.artifact import Artifact

    for number in range(2):
        draft = Artifact("data", type="dataset", description=f"take {number}")
        (tmp_path / "data.csv").write_text(f"{number}\n")
        draft.add_file(str(tmp_path / "data.csv"))
        api.run("digits/r00").log_artifact(draft, tags=["old", f"t{number}"])
    collection = api.artifact_collection("dataset", "digits/data")
    assert (collection.description, collection.tags) == ("take 1", ["old", "t0", "t1"])
    collection.description = "all takes"
    collection.tags.remove("old")
    collection.tags.append("new")
    collection.save()
    again = api.artifact_collection("dataset", "digits/data")
    assert (again.description, again.tags) == ("all takes", ["new", "t0", "t1"])
    newest, oldest = again.artifacts()
    assert (newest.tags, oldest.tags, oldest.description) == (["t1", "new"], ["t0"], "take 0")
    assert str(again.updated_at) >= str(again.created_at)
    again.tags = ["no/good"]
    with pytest.raises(ValueError, match="no/good"):
        again.save()
    assert again.load()["tags"] == ["new", "t0", "t1"]
    with pytest.raises(UnsupportedError, match="cannot be renamed"):
        again.name = "other"
    with pytest.raises(UnsupportedError, match="part of each version"):
        again.type = "other"


def test_a_line_of_lineage_with_a_name_that_leads_elsewhere_hides_no_other(
    api: Api, store: Path, tmp_path: Path
) -> None:
    from runstore.artifacts.artifact import Artifact

    api.run("digits/r00").log_artifact(Artifact("data", type="dataset"))
    lines = next((store / "digits/runs/r00").glob("lineage*.jsonl"))
    bad = b'{"direction":"output","project":"../../x","artifact":"../../y","version":"v0","id":"abc"}\n'
    lines.write_bytes(bad + lines.read_bytes())
    assert [each.name for each in api.run("digits/r00").logged_artifacts()] == ["data:v0"]
