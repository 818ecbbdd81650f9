"""Artifacts in and out of runs: names, types, lineage, several runs at once, disabled runs, forked children."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import runstore
from runstore.artifacts import lineage
from runstore.errors import UsageError
from runstore.format.layout import StoreLayout
from runstore.recording.run import Run
from tests.artifacts.filled import collection, filled
from tests.processes import run_script


def test_a_path_is_logged_under_the_runs_name(run: Run, data: Path) -> None:
    assert run.log_artifact(data / "a.txt").name == f"run-{run.id}-a.txt:v0"
    assert run.log_artifact(str(data), type="dataset").type == "dataset"
    assert run.log_artifact("s3://bucket/key", name="far").get_entry("key").ref == "s3://bucket/key"
    with pytest.raises(ValueError, match="no file, directory or address"):
        run.log_artifact("nowhere")
    with pytest.raises(TypeError, match="takes an Artifact"):
        run.log_artifact(3)  # type: ignore[arg-type]


def test_an_artifact_is_found_by_every_form_of_its_name(begin: Callable[..., Run]) -> None:
    begin().log_artifact(filled(), aliases="best")
    other = begin(project="q")
    for name in ("p/model:best", "p/model:v0", "p/model", "p/model:latest", "anybody/p/model:v0"):
        assert other.use_artifact(name).qualified_name == "p/model:v0"
    with pytest.raises(ValueError, match="project 'q' has no artifact 'model'"):
        other.use_artifact("model:latest")
    with pytest.raises(ValueError, match="has no version 'v7'; there is v0 to v0, best, latest"):
        other.use_artifact("p/model:v7")
    with pytest.raises(ValueError, match="expected 'dataset'"):
        other.use_artifact("p/model:v0", type="dataset")
    with pytest.raises(ValueError, match="is no name"):
        other.use_artifact("a/b/c/d:v0")


def test_an_artifact_keeps_its_type(run: Run) -> None:
    run.log_artifact(filled())
    with pytest.raises(ValueError, match="has the type 'model'"):
        run.log_artifact(filled(kind="dataset"))


@pytest.mark.parametrize("aliases", [["a/b"], ["v3"], [""], "a:b"])
def test_aliases_that_mean_something_else_are_refused(run: Run, aliases: list[str] | str) -> None:
    with pytest.raises(ValueError, match="alias"):
        run.log_artifact(filled(), aliases=aliases)


def test_lineage_is_known_both_ways(begin: Callable[..., Run], store: StoreLayout) -> None:
    first = begin()
    artifact = first.log_artifact(filled())
    second = begin()
    second.use_artifact("model:v0", use_as="start")
    second.use_artifact(artifact)
    [version] = collection(store).versions
    made, used = lineage.logged_by(version), lineage.used_by(version)
    assert made is not None
    assert (made.run, [use.run for use in used]) == (first.id, [second.id])
    layout = store.project("p").run(second.id)
    assert [(use.name, use.version, use.use_as) for use in lineage.inputs_of(layout, "p")] == [("model", "v0", "start")]
    assert lineage.outputs_of(layout, "p") == []
    assert [use.id for use in lineage.outputs_of(store.project("p").run(first.id), "p")] == [version.id]


def test_a_draft_that_is_used_is_logged_first(run: Run, store: StoreLayout) -> None:
    artifact = run.use_artifact(filled(), aliases=["mine"])
    assert artifact.aliases == ["latest", "mine"]
    uses = lineage.uses_of(store.project("p").run(run.id), "p")
    assert [use.direction for use in uses] == ["output", "input"]


def test_an_offline_run_uses_artifacts_too(begin: Callable[..., Run]) -> None:
    begin(mode="offline").log_artifact(filled())
    assert Path(begin(mode="offline").use_artifact("model:latest").file()).read_text() == "some text"


def test_a_disabled_run_leaves_nothing_and_does_no_harm(begin: Callable[..., Run], folder: Path, data: Path) -> None:
    run = begin(mode="disabled")
    artifact = runstore.Artifact("model", "model", metadata={"a": 1})
    artifact.add_dir(str(data))
    run.log_artifact(artifact, aliases=["best"])
    assert (artifact.version, artifact.aliases, artifact.is_draft()) == ("v0", ["latest", "best"], False)
    assert (artifact.entity, str(artifact)) == ("", "<Artifact uncategorized/model:v0>")
    assert Path(artifact.wait().download("out"), "sub/b.txt").read_text() == "bb"
    artifact.save()
    assert (artifact.logged_by(), artifact.used_by(), artifact.state) == (None, [], "COMMITTED")
    assert run.use_artifact(artifact) is artifact
    assert list(run.use_artifact("unheard-of:latest").manifest.entries) == []
    run.log_model(data / "a.txt", name="m")
    assert not (folder / "experiments").exists()


def test_a_disabled_run_reads_what_the_store_has(begin: Callable[..., Run]) -> None:
    begin().log_artifact(filled())
    run = begin(mode="disabled")
    assert Path(run.use_artifact("model:v0").file()).read_text() == "some text"


def test_runs_of_a_group_fill_a_version_together(begin: Callable[..., Run], data: Path, store: StoreLayout) -> None:
    for number, name in enumerate(("a.txt", "sub/b.txt")):
        run = begin(group="workers")
        part = run.upsert_artifact(str(data / name), name="parts", type="dataset", aliases=[f"from{number}"])
        assert part.is_draft()
    assert collection(store, "parts").versions == ()
    done = begin(group="workers").finish_artifact(str(data / "sub/deep/c.txt"), name="parts", type="dataset")
    assert sorted(done.manifest.entries) == ["a.txt", "b.txt", "c.txt"]
    assert done.aliases == ["latest", "from0", "from1"]
    again = begin(group="workers").finish_artifact(str(data / "a.txt"), name="parts", type="dataset")
    assert (again.version, list(again.manifest.entries)) == ("v1", ["a.txt"])
    with pytest.raises(TypeError, match="distributed_id"):
        begin().upsert_artifact(str(data), name="parts")


def test_models_are_logged_used_and_registered(run: Run, data: Path) -> None:
    run.log_model(data / "a.txt", name="net", aliases=["best"])
    assert Path(run.use_model("net:best")).read_text() == "aaa"
    run.log_model(data, name="folder")
    assert sorted(os.listdir(run.use_model("folder:latest"))) == ["a.txt", "sub"]
    linked = run.link_model(data / "a.txt", "zoo", name="net", aliases=["prod"])
    assert linked is not None
    assert (linked.qualified_name, linked.source_name) == ("model-registry/zoo:v0", "net:v0")
    run.log_artifact(filled("notes", "text"))
    with pytest.raises(AssertionError, match="expected a model"):
        run.use_model("notes:latest")


def test_after_the_end_artifacts_are_refused(run: Run) -> None:
    run.log_artifact(filled())
    run.finish()
    with pytest.raises(UsageError, match="has ended"):
        run.log_artifact(filled(x="new"))


def test_an_artifact_that_another_run_logged_is_an_output_of_this_one_too(begin: Callable[..., Run]) -> None:
    begin().log_artifact(filled())
    second = begin()
    artifact = second.use_artifact("model:v0")
    second.log_artifact(artifact, aliases=["again"])
    assert artifact.aliases == ["latest", "again"]


def test_a_full_disk_stops_no_training_and_the_artifact_is_stored_when_there_is_room(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import os, resource, time
        import runstore

        def limit(size):
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

        run = runstore.init(project="p")
        time.sleep(0.5)
        with open("model.bin", "wb") as file:
            file.write(os.urandom(300_000))
        limit(100_000)
        artifact = runstore.Artifact("model", "model")
        artifact.add_file("model.bin")
        run.log_artifact(artifact)
        try:
            artifact.wait()
        except runstore.Error as error:
            print("refused:", error)
        run.log({"a": 1})
        limit(resource.RLIM_INFINITY)
        run.finish()
        print("trained on", artifact.version)
        """,
    )
    assert done.returncode == 0, done.stderr
    assert "refused: " in done.stdout
    assert "trained on v0" in done.stdout
    assert done.stderr.count("cannot be written (File too large)") == 1, done.stderr
    assert "Traceback" not in done.stderr


def test_a_disk_that_stays_full_is_told_at_the_end(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import os, resource, time
        import runstore

        run = runstore.init(project="p")
        time.sleep(0.5)
        with open("model.bin", "wb") as file:
            file.write(os.urandom(300_000))
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        run.log_artifact("model.bin", name="model")
        run.finish()
        print("trained on")
        """,
    )
    assert done.returncode == 0, done.stderr
    assert "trained on" in done.stdout
    assert "the artifact model could not be stored" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_forked_child_records_nothing_and_may_read(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import os
        import runstore

        run = runstore.init(project="p")
        artifact = runstore.Artifact("model", "model")
        with artifact.new_file("x") as file:
            file.write("text")
        run.log_artifact(artifact)
        if (child := os.fork()) == 0:
            print(open(run.use_artifact("model:v0").file()).read(), flush=True)
            run.log_artifact(runstore.Artifact("other", "model"))
            os._exit(0)
        os.waitpid(child, 0)
        run.finish()
        """,
    )
    assert done.returncode == 0, done.stderr
    assert "text" in done.stdout
    assert not list((tmp_path / "experiments/p/artifacts").glob("other*"))
    [lines] = (tmp_path / "experiments").glob("p/runs/*/lineage.jsonl")
    assert len(lines.read_text().splitlines()) == 1
