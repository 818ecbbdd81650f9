"""Stores to copy, and what two of them have in common."""

from pathlib import Path

from runstore.format.carried import carried
from tests.stores import curve, write_file, write_run, write_store

DIGEST = "ab" + "0" * 62


def contents(root: Path) -> dict[str, bytes]:
    """Every file of a store but caches, by path."""
    found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in sorted(found.items()) if not name.startswith(".cache/")}


def carried_contents(root: Path) -> dict[str, bytes]:
    """Those of them that are taken along."""
    return {name: data for name, data in contents(root).items() if carried(name) is not None}


def ended(root: Path, run_id: str, *, project: str = "p", steps: int = 20, start: int = 0, key: str = "loss") -> Path:
    """Writes a run that finished, with media and a log."""
    return write_run(
        root,
        project,
        run_id,
        curve(steps, start, key),
        config={"lr": 0.1},
        meta={"id": run_id, "name": f"name of {run_id}"},
        state={"state": "finished", "exit_code": 0, "finished": "2026-10-01T10:00:00Z"},
        files={"summary.json": {"loss": 0.5}, "output.log": "hello\n", "media/images/a_0.png": b"\x89PNG" * 10},
    )


def write_example(root: Path) -> Path:
    """A store with two projects, an artifact, a report, and what stays behind."""
    write_store(root)
    for run_id in ("r1", "r2"):
        ended(root, run_id)
    ended(root, "other", project="q")
    write_file(root / "p/project.yaml", "title: P\n")
    write_file(root / "p/reports/one.md", "# One\n")
    write_file(root / "p/artifacts/a/v0/manifest.yaml", f"files:\n  x: {{sha256: {DIGEST}}}\n")
    write_file(root / f"objects/sha256/ab/{DIGEST}", b"content")
    write_file(root / ".cache/p/catalog.jsonl", b"x")
    write_file(root / ".trash/p/runs/gone/history.jsonl", b"x")
    write_file(root / "p/runs/r1/stop", b"{}")
    write_file(root / "p/runs/r1/.state.json.0123abcd.tmp", b"x")
    write_file(root / "notes.txt", b"mine")
    return root
