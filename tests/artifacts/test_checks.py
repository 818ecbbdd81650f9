"""What `verify` says of artifacts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from runstore.artifacts import checks, publishing
from runstore.errors import StoreError
from runstore.format.layout import StoreLayout
from runstore.recording.run import Run
from tests.artifacts.filled import blobs, filled


def found(store: StoreLayout) -> list[str]:
    return [str(problem) for problem in checks.problems(store)]


def test_a_good_store_has_no_problem(begin: Callable[..., Run], store: StoreLayout, data: Path) -> None:
    begin().log_artifact(str(data), name="data", type="dataset")
    begin().use_artifact("data:latest").new_draft().save()
    artifact = begin().use_artifact("data:latest")
    artifact.link("zoo/data")
    artifact.delete()
    assert found(store) == []


def test_missing_and_damaged_content_is_named(run: Run, store: StoreLayout) -> None:
    run.log_artifact(filled(x="1", y="22", z="333"))
    first, second, _ = sorted(blobs(store), key=lambda path: path.stat().st_size)
    first.unlink()
    second.chmod(0o644)
    second.write_text("??")
    said = found(store)
    assert len(said) == 2
    assert said[0].startswith("p/artifacts/model/v0/manifest.yaml: model:v0, 'x.txt': found no such content")
    assert "'y.txt': found other bytes" in said[1]
    assert len(list(checks.problems(store, deep=False))) == 1


def test_broken_manifests_links_and_lines_are_named(run: Run, store: StoreLayout, folder: Path) -> None:
    run.log_artifact(filled())
    layout = store.project("p").artifact("model")
    layout.manifest(0).write_bytes(layout.manifest(0).read_bytes() + b"=======\n")
    layout.version(1).symlink_to(folder)
    [lines] = store.root.glob("p/runs/*/lineage.jsonl")
    lines.write_bytes(lines.read_bytes() + b'{"direction":"input","id":"zzzzzzzz","artifact":"model"}\nbroken\n{"torn')
    said = "\n".join(found(store))
    assert "p/artifacts/model/v0/manifest.yaml, line 4: found no JSON object" in said
    assert "p/artifacts/model/v1: found a link" in said
    assert "lineage.jsonl, line 2: names p/model: (id zzzzzzzz), which is not in the store" in said
    assert "lineage.jsonl, line 3: found broken JSON" in said
    assert said.count("\n") == 3


def test_paths_that_lead_out_of_an_artifact_are_named_and_links_are_not_written_through(
    run: Run, store: StoreLayout, folder: Path
) -> None:
    run.log_artifact(filled(x="1"))
    manifest = store.project("p").artifact("model").manifest(0)
    text = manifest.read_text()
    manifest.write_text(text.replace('"path":"x.txt"', '"path":"../../x.txt"'))
    assert any("'../../x.txt' is no path inside an artifact" in line for line in found(store))
    (folder / "outside").mkdir()
    (store.root / "q").mkdir()
    (store.root / "q" / "artifacts").symlink_to(folder / "outside")
    draft = filled(x="1")
    draft.finalize()
    with pytest.raises(StoreError, match="found a link"):
        publishing.publish(store, "q", draft.release((), ()))
    assert not any((folder / "outside").iterdir())
