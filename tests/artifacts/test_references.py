"""References: recorded where they are, fetched where that can be done, and a clear line where it cannot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import runstore
from runstore.recording.run import Run
from tests.artifacts.filled import filled
from tests.sites import hosted


@pytest.fixture
def address(data: Path) -> Iterator[str]:
    """A web server of the test's files."""
    with hosted(data) as found:
        yield found


def test_local_files_are_recorded_with_digest_and_fetched(run: Run, data: Path) -> None:
    artifact = runstore.Artifact("far", "dataset")
    entries = artifact.add_reference(f"file://{data}", name="all")
    assert [entry.path for entry in entries] == ["all/a.txt", "all/sub/b.txt", "all/sub/deep/c.txt"]
    artifact.add_reference(f"file://{data}/a.txt", checksum=False)
    run.log_artifact(artifact)
    found = run.use_artifact("far:latest")
    place = Path(found.download())
    assert (place / "all/sub/b.txt").read_text() == "bb"
    assert (place / "a.txt").read_text() == "aaa"
    assert found.get_entry("all/a.txt").ref_target() == f"file://{data}/a.txt"
    with pytest.raises(ValueError, match="no reference"):
        filled().get_entry("x.txt").ref_target()
    with pytest.raises(ValueError, match="more than 2 files"):
        runstore.Artifact("x", "y").add_reference(f"file://{data}", max_objects=2)


def test_a_local_file_that_changed_is_said(run: Run, data: Path) -> None:
    artifact = runstore.Artifact("far", "dataset")
    artifact.add_reference(f"file://{data}/a.txt")
    run.log_artifact(artifact)
    (data / "a.txt").write_text("changed")
    with pytest.raises(ValueError, match="other content"):
        artifact.download()
    (data / "a.txt").unlink()
    with pytest.raises(ValueError, match="no such file any more"):
        artifact.download()
    artifact.download(allow_missing_references=True)


def test_the_web_is_fetched_when_it_is_wanted(run: Run, address: str) -> None:
    artifact = runstore.Artifact("web", "dataset")
    artifact.add_reference(f"{address}/sub/b.txt")
    artifact.add_reference(f"{address}/nothing", name="gone.txt")
    run.log_artifact(artifact)
    assert Path(artifact.get_entry("b.txt").download("out")).read_text() == "bb"
    with pytest.raises(ValueError, match=r"cannot be fetched .*404"):
        artifact.download()
    artifact.download("rest", allow_missing_references=True)
    assert not Path("rest/gone.txt").exists()


@pytest.mark.parametrize(
    ("ref", "tool"),
    [("s3://bucket/a/key.bin", "aws s3 cp"), ("gs://bucket/key.bin", "gcloud storage cp"), ("odd://x/key.bin", "tool")],
)
def test_other_addresses_are_recorded_and_the_tool_is_named(run: Run, ref: str, tool: str) -> None:
    artifact = runstore.Artifact("far", "dataset")
    [entry] = artifact.add_reference(ref)
    assert (entry.path, entry.ref, entry.size) == ("key.bin", ref, None)
    run.log_artifact(artifact)
    with pytest.raises(ValueError, match=tool):
        artifact.download()
    artifact.download(allow_missing_references=True)
    again = runstore.Artifact("far", "dataset")
    again.add_reference(ref)
    assert run.log_artifact(again).version == "v0"


def test_an_entry_of_another_artifact_gives_the_same_file_without_a_copy(run: Run) -> None:
    source = run.log_artifact(filled())
    other = runstore.Artifact("other", "model")
    other.add_reference(source.get_entry("x.txt"), name="here.txt")
    run.log_artifact(other)
    assert Path(other.download(), "here.txt").read_text() == "some text"
    assert source.get_entry("x.txt").ref_url() == f"runstore-artifact://{source.id}/x.txt"
