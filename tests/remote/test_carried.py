"""Which files of a store are taken along, and which names no listing may have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.format.carried import Kind, carried, refusal

BLOB = "objects/sha256/ab/ab" + "0" * 62


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("store.yaml", Kind.ROOT),
        (".gitignore", Kind.ROOT),
        (BLOB, Kind.BLOB),
        ("reports/all.md", Kind.EDITED),
        ("p/project.yaml", Kind.EDITED),
        ("p/reports/one.md", Kind.EDITED),
        ("p/runs/r/run.yaml", Kind.EDITED),
        ("p/runs/r/config.yaml", Kind.PLAIN),
        ("p/runs/r/media/images/a_1.png", Kind.PLAIN),
        ("p/runs/r/code/poetry.lock", Kind.PLAIN),
        ("p/runs/r/files/.env.example", Kind.PLAIN),
        ("p/runs/r/history.jsonl", Kind.GROWING),
        ("p/runs/r/history.2.jsonl", Kind.GROWING),
        ("p/runs/r/output-3.log", Kind.GROWING),
        ("p/runs/r/history.parquet", Kind.PACK),
        ("p/runs/r/summary.rank1.json", Kind.SUMMARY),
        ("p/runs/r/state.json", Kind.STATE),
        ("p/runs/r/heartbeat.2", Kind.BEAT),
        ("p/artifacts/a/v0/manifest.yaml", Kind.PLAIN),
        ("p/deleted/r.yaml", Kind.PLAIN),
        ("p/sweeps/s/claims/000/000001", Kind.PLAIN),
        ("p/sweeps/s/launches/one.json", Kind.PLAIN),
    ],
)
def test_what_a_store_holds_is_taken_along(path: str, kind: Kind) -> None:
    found = carried(path)
    assert found is not None
    assert found.kind is kind


@pytest.mark.parametrize(
    "path",
    [
        ".cache/p/catalog.jsonl",
        ".trash/p/runs/r/history.jsonl",
        ".git/config",
        "p/runs/r/stop",
        "p/runs/r/.history.jsonl.0123abcd.tmp",
        "p/runs/r/x.lock",
        "p/runs/r/media/.a.png.0123abcd.tmp",
        "p/artifacts/a/.parts/x/y.json",
        "p/sweeps/s/agents/a",
        "p/sweeps/s/locks/x",
        "p/sweeps/s/tmp/x",
        "p/sweeps/s/launches/one/log.txt",
        "objects/sha256/ab/cd" + "0" * 62,
        "objects/notes.txt",
        "train.py",
        "src/train.py",
        "p/runs/history.jsonl",
    ],
)
def test_signs_of_a_moment_and_what_no_store_has_stay_behind(path: str) -> None:
    assert refusal(path) == ""
    assert carried(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x",
        "p/../../x",
        "p/./x",
        "p//x",
        "p\\x",
        "p/x\0",
        "p/\n",
        "p/" + "x" * 256,
        "\ud800",
        "a/" * 600,
    ],
)
def test_a_name_that_could_lead_elsewhere_is_refused(path: str) -> None:
    assert refusal(path)


@given(st.text())
def test_no_name_that_passes_leads_out(path: str) -> None:
    if not refusal(path):
        assert not {"", ".", ".."} & set(path.split("/"))
        carried(path)
