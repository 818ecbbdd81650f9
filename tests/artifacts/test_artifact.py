"""The public `Artifact`: filled, logged, found again, brought back."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

import runstore
from runstore.artifacts.errors import ArtifactFinalizedError, ArtifactNotLoggedError
from runstore.errors import RunstoreError, StoreError
from runstore.format.layout import StoreLayout
from runstore.recording.run import Run
from tests.artifacts.filled import blobs, collection, filled


def test_what_was_added_comes_back_byte_for_byte(run: Run, data: Path, folder: Path) -> None:
    artifact = runstore.Artifact("model", "model", description="what it is", metadata={"lr": 0.1, "nested": {"a": [1]}})
    artifact.add_file(data / "a.txt", name="top/renamed.txt")
    artifact.add_dir(str(data), name="all")
    with artifact.new_file("new.bin", mode="xb") as file:
        file.write(b"\0\xff")
    logged = run.log_artifact(artifact, aliases=["best"], tags=["good one"])
    assert logged is artifact
    found = run.use_artifact("model:best")
    place = Path(found.download())
    assert place == Path("artifacts/model:v0")
    assert sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()) == [
        *("all/a.txt", "all/sub/b.txt", "all/sub/deep/c.txt", "new.bin", "top/renamed.txt"),
    ]
    assert (place / "all/sub/b.txt").read_text() == "bb"
    assert (place / "new.bin").read_bytes() == b"\0\xff"
    assert (found.description, found.metadata) == ("what it is", {"lr": 0.1, "nested": {"a": [1]}})
    assert (found.aliases, found.tags, found.type) == (["latest", "best"], ["good one"], "model")
    assert (found.size, found.file_count) == (3 + 3 + 2 + 3 + 2, 5)
    assert os.access(place / "new.bin", os.W_OK)


def test_equal_content_is_stored_once_and_read_only(run: Run, data: Path, store: StoreLayout) -> None:
    artifact = runstore.Artifact("data", "dataset")
    artifact.add_dir(str(data))
    run.log_artifact(artifact)
    run.log_artifact(str(data), name="other", type="dataset")
    assert len(blobs(store)) == 2
    assert all(not path.stat().st_mode & 0o222 for path in blobs(store))


def test_a_mutable_file_may_change_between_adding_and_logging(run: Run, data: Path) -> None:
    artifact = runstore.Artifact("model", "model")
    artifact.add_file(data / "a.txt")
    (data / "a.txt").write_text("changed")
    run.log_artifact(artifact)
    assert Path(artifact.file()).read_text() == "aaa"


def test_an_immutable_file_is_shared_with_the_store(run: Run, folder: Path, store: StoreLayout) -> None:
    source = folder / "large.bin"
    source.write_bytes(b"x" * 100_000)
    artifact = runstore.Artifact("model", "model")
    artifact.add_file(source, policy="immutable")
    run.log_artifact(artifact)
    [blob] = blobs(store)
    assert blob.samefile(source)
    assert not source.stat().st_mode & 0o222


def test_an_immutable_file_that_was_changed_all_the_same_is_said_and_not_stored(
    run: Run, folder: Path, store: StoreLayout
) -> None:
    source = folder / "large.bin"
    source.write_bytes(b"x" * 1000)
    artifact = runstore.Artifact("model", "model")
    artifact.add_file(source, policy="immutable")
    source.write_bytes(b"y" * 1000)
    run.log_artifact(artifact)
    assert blobs(store) == []
    with pytest.raises(StoreError, match="other content than when it was added"):
        artifact.wait()


def test_the_same_content_is_no_new_version_but_its_aliases_move(run: Run, store: StoreLayout) -> None:
    for aliases in (["a"], ["b"]):
        run.log_artifact(filled(x="same"), aliases=aliases)
    run.log_artifact(filled(x="other"), aliases=["a"])
    found = collection(store)
    assert [version.aliases for version in found.versions] == [("b",), ("latest", "a")]


def test_a_version_that_is_not_the_latest_is_logged_anew(run: Run, store: StoreLayout) -> None:
    for text in ("one", "two", "one"):
        run.log_artifact(filled(x=text))
    assert [version.version for version in collection(store).versions] == ["v0", "v1", "v2"]


def test_changes_of_a_logged_artifact_are_kept_by_save(run: Run) -> None:
    run.log_artifact(filled())
    artifact = run.use_artifact("model:latest")
    artifact.aliases.append("prod")
    artifact.metadata["score"] = 0.5
    artifact.description = "better"
    artifact.tags = ["one", "two"]
    artifact.ttl = timedelta(days=3)
    artifact.save()
    found = run.use_artifact("model:prod")
    assert (found.metadata, found.description, found.tags) == ({"score": 0.5}, "better", ["one", "two"])
    assert found.ttl == timedelta(days=3)
    found.aliases.remove("prod")
    found.ttl = runstore.ArtifactTTL.INHERIT
    found.save()
    assert run.use_artifact("model:v0").aliases == ["latest"]
    assert run.use_artifact("model:v0").ttl is None


def test_a_new_draft_starts_with_the_files_of_its_version(run: Run) -> None:
    run.log_artifact(filled(x="1", y="2"))
    draft = run.use_artifact("model:latest").new_draft()
    draft.remove("x.txt")
    with draft.new_file("z.txt") as file:
        file.write("3")
    run.log_artifact(draft)
    assert (draft.name, sorted(draft.manifest.entries)) == ("model:v1", ["y.txt", "z.txt"])


def test_an_incremental_artifact_adds_to_the_latest_version(run: Run) -> None:
    run.log_artifact(filled(x="1", y="2"))
    more = runstore.Artifact("model", "model", incremental=True)
    with more.new_file("y.txt") as file:
        file.write("changed")
    run.log_artifact(more)
    assert sorted(more.manifest.entries) == ["x.txt", "y.txt"]
    assert Path(more.download(), "y.txt").read_text() == "changed"


def test_download_leaves_equal_files_alone_and_mends_others(run: Run) -> None:
    run.log_artifact(filled(x="1", y="2"))
    artifact = run.use_artifact("model:v0")
    place = Path(artifact.download("out"))
    os.utime(place / "x.txt", (1, 1))
    (place / "y.txt").write_text("?")
    (place / "mine.txt").write_text("mine")
    artifact.download("out")
    assert (place / "x.txt").stat().st_mtime == 1
    assert (place / "y.txt").read_text() == "2"
    assert (place / "mine.txt").exists()
    with pytest.raises(ValueError, match="no file of the artifact"):
        artifact.verify("out")
    assert artifact.checkout("out") == "out"
    assert not (place / "mine.txt").exists()
    artifact.verify("out")


def test_download_takes_a_prefix_and_one_entry(run: Run, data: Path) -> None:
    run.log_artifact(str(data), name="data", type="dataset")
    artifact = run.use_artifact("data:latest")
    artifact.download("part", path_prefix="sub/")
    assert sorted(path.name for path in Path("part").rglob("*.txt")) == ["b.txt", "c.txt"]
    entry = artifact.get_entry("sub/b.txt")
    assert Path(entry.download("one")).read_text() == "bb"
    assert (entry.size, len(entry.digest), entry.ref) == (2, 64, None)
    assert [file.name for file in artifact.files()] == ["a.txt", "sub/b.txt", "sub/deep/c.txt"]
    [file] = artifact.files(names=["sub/b.txt"])
    assert (file.size, file.mimetype, file.url[:8]) == (2, "text/plain", "file:///")
    with file.download("files") as opened:
        assert opened.read() == "bb"
    with pytest.raises(ValueError, match="replace=True"):
        file.download("files")
    file.download("files", exist_ok=True).close()
    file.download("files", replace=True).close()


def test_a_table_comes_back_as_a_table(run: Run) -> None:
    artifact = runstore.Artifact("tables", "dataset")
    table = runstore.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])
    entry = artifact.add(table, "eval/first")
    assert entry.path == "eval/first.table.json"
    run.log_artifact(artifact)
    found = run.use_artifact("tables:latest").get("eval/first")
    assert (found.columns, found.data) == (["a", "b"], [[1, "x"], [2, "y"]])
    assert run.use_artifact("tables:latest").get("nothing") is None


def test_a_picture_comes_back_as_a_picture(run: Run) -> None:
    import numpy

    artifact = runstore.Artifact("pictures", "dataset")
    artifact["one"] = runstore.Image(numpy.zeros((4, 6, 3), dtype="uint8"), caption="black")
    run.log_artifact(artifact)
    found = run.use_artifact("pictures:latest")["one"]
    assert (found.width, found.height, found.caption) == (6, 4, "black")
    with pytest.raises(TypeError, match="takes media"):
        runstore.Artifact("x", "y").add([1, 2], "list")


def test_a_link_stands_for_its_source(run: Run, store: StoreLayout) -> None:
    artifact = run.log_artifact(filled())
    linked = run.link_artifact(artifact, "model-registry/zoo", aliases=["staging"])
    assert (linked.qualified_name, linked.aliases) == ("model-registry/zoo:v0", ["latest", "staging"])
    assert linked.is_link
    assert (linked.source_name, linked.source_project, linked.source_artifact.id) == ("model:v0", "p", artifact.id)
    assert [each.qualified_name for each in artifact.linked_artifacts] == ["model-registry/zoo:v0"]
    assert artifact.link("model-registry/zoo").version == "v0"
    used = run.use_artifact("model-registry/zoo:staging")
    assert Path(used.file()).read_text() == "some text"
    assert [found.id for found in artifact.used_by()] == [run.id]
    artifact.delete()
    assert Path(used.download("again"), "x.txt").read_text() == "some text"
    linked.unlink()
    assert collection(store, "zoo", "model-registry").versions == ()


def test_deleting_goes_to_the_trash_and_the_number_is_never_given_again(run: Run, store: StoreLayout) -> None:
    first, second = run.log_artifact(filled(x="1"), aliases=["best"]), run.log_artifact(filled(x="2"))
    with pytest.raises(ValueError, match="delete_aliases=True"):
        first.delete()
    second.delete()
    assert second.state == "DELETED"
    third = run.log_artifact(filled(x="3"))
    assert [version.version for version in collection(store).versions] == ["v0", "v2"]
    assert third.version == "v2"
    first.delete(delete_aliases=True)
    assert len(store.trashed_versions()) == 2


def test_an_artifact_saved_without_a_run_is_in_the_store(folder: Path, store: StoreLayout) -> None:
    from runstore.format.records import create_store

    create_store(store)
    artifact = filled()
    artifact.save(project="p")
    assert artifact.version == "v0"
    assert artifact.logged_by() is None


def test_an_artifact_saved_in_a_run_is_its_output(run: Run) -> None:
    artifact = filled()
    artifact.save()
    assert artifact.logged_by().id == run.id
    assert artifact.history_step == 0


def test_errors_are_those_that_scripts_catch(run: Run, data: Path) -> None:
    draft = filled()
    for ask in ("version", "aliases", "collection", "project"):
        with pytest.raises(ArtifactNotLoggedError) as raised:
            getattr(draft, ask)
        assert isinstance(raised.value, AttributeError)
        assert isinstance(raised.value, RunstoreError)
    with pytest.raises(ArtifactNotLoggedError):
        draft.wait()
    run.log_artifact(draft)
    with pytest.raises(ArtifactFinalizedError, match="new_draft"):
        draft.add_file(str(data / "a.txt"))
    with pytest.raises(KeyError, match=r"it holds x\.txt"):
        draft.get_entry("nothing")


@pytest.mark.parametrize("name", ["a/b", "", ".hidden", "a:b", "x" * 129, "nul", "a\0"])
def test_a_name_that_cannot_be_a_directory_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="the artifact name"):
        runstore.Artifact(name, "model")


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", ""])
def test_a_path_that_leads_out_of_the_artifact_is_refused(path: str, data: Path) -> None:
    artifact = runstore.Artifact("model", "model")
    with pytest.raises(ValueError, match="no path inside"), artifact.new_file(path):
        pass


def test_mistakes_at_filling_are_value_errors(data: Path) -> None:
    artifact = runstore.Artifact("model", "model")
    artifact.add_file(str(data / "a.txt"), name="x")
    for wrong in (
        lambda: artifact.add_file("nowhere.txt"),
        lambda: artifact.add_file(str(data)),
        lambda: artifact.add_dir("nowhere"),
        lambda: artifact.add_file(str(data / "sub/b.txt"), name="x"),
        lambda: artifact.add_file(str(data / "a.txt"), policy="odd"),
        lambda: artifact.add_reference("no address"),
        lambda: artifact.add_reference("file:///no/where"),
        lambda: runstore.Artifact("model", ""),
        lambda: setattr(artifact, "ttl", 5),
    ):
        with pytest.raises(ValueError) as raised:
            wrong()
        assert len(str(raised.value).splitlines()) == 1
    artifact.add_file(str(data / "sub/b.txt"), name="x", overwrite=True)
    artifact.add_file(str(data / "sub/b.txt"), name="x")
    with pytest.raises(FileNotFoundError):
        artifact.remove("nothing")
    with pytest.raises(TypeError, match="metadata"):
        runstore.Artifact("model", "model", metadata=[1])  # type: ignore[arg-type]


def test_a_strangers_manifest_cannot_write_outside_of_the_root(run: Run, store: StoreLayout, folder: Path) -> None:
    run.log_artifact(filled())
    path = store.project("p").artifact("model").manifest(0)
    path.write_bytes(path.read_bytes().replace(b'"path":"x.txt"', b'"path":"../../evil.txt"'))
    with pytest.raises(ValueError, match="no path inside"):
        run.use_artifact("model:v0").download("a/b/c")
    assert not (folder / "a" / "evil.txt").exists()


def test_damaged_content_is_never_handed_out(run: Run, store: StoreLayout) -> None:
    run.log_artifact(filled())
    [blob] = blobs(store)
    blob.chmod(0o644)
    blob.write_text("SOME TEXT")
    with pytest.raises(StoreError, match="other bytes"):
        run.use_artifact("model:v0").download()
    assert not Path("artifacts/model:v0/x.txt").exists()


def test_no_file_lies_below_another_file(data: Path) -> None:
    artifact = runstore.Artifact("model", "model")
    artifact.add_dir(str(data), name="all")
    with pytest.raises(ValueError, match="is a directory of the artifact"):
        artifact.add_file(data / "a.txt", name="all/sub")
    with pytest.raises(ValueError, match=r"lies below 'all/a\.txt'"):
        artifact.add_file(data / "a.txt", name="all/a.txt/b")
    artifact.remove("all/sub")
    artifact.add_file(data / "a.txt", name="all/sub")


def test_numbers_of_the_metadata_that_are_not_finite_come_back(run: Run) -> None:
    run.log_artifact(runstore.Artifact("model", "model", metadata={"loss": float("inf"), "in": [float("nan")]}))
    found = run.use_artifact("model:latest").metadata
    assert found["loss"] == float("inf")
    assert found["in"][0] != found["in"][0]


def test_a_name_of_a_deleted_version_is_said_to_be_one(run: Run) -> None:
    run.log_artifact(filled(x="1"))
    run.log_artifact(filled(x="2"))
    run.use_artifact("model:v0").delete()
    with pytest.raises(ValueError, match="p/model:v0 was deleted"):
        run.use_artifact("model:v0")
    run.use_artifact("model:v1").delete()
    with pytest.raises(ValueError, match="p/model:v1 was deleted"):
        run.use_artifact("model:latest")


def test_a_store_below_a_directory_is_no_part_of_it_and_a_file_of_its_name_is(tmp_path: Path) -> None:
    store = tmp_path / "work" / "experiments"
    runstore.init(dir=store, project="p", settings={"silent": True, "console": "off", "disable_git": True}).finish()
    (tmp_path / "work" / "shop").mkdir()
    (tmp_path / "work" / "shop" / "store.yaml").write_text("format: paper\n")
    artifact = runstore.Artifact("all", type="data")
    artifact.add_dir(tmp_path / "work")
    assert list(artifact.manifest.entries) == ["shop/store.yaml"]
    references = runstore.Artifact("refs", type="data")
    references.add_reference((tmp_path / "work").as_uri())
    assert list(references.manifest.entries) == ["shop/store.yaml"]
    whole = runstore.Artifact("whole", type="data")
    whole.add_dir(store)
    assert "store.yaml" in whole.manifest.entries


def test_a_path_that_is_not_there_is_named_without_quotes_around_it() -> None:
    with pytest.raises(KeyError, match=r"^a does not hold 'x'; ") as caught:
        runstore.Artifact("a", type="t").get_entry("x")
    assert not str(caught.value).startswith('"')
