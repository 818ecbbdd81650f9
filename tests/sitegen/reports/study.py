"""A cross-validation study as a store: two groups of five folds, a run that failed, and one with NaN."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runstore.reading.store import RunRecord, read_store
from tests.stores import write_run

BASELINE = (0.94, 0.951, 0.945, 0.948, 0.939)
OURS = (0.961, 0.957, 0.964, 0.953, 0.958)


def write_study(root: Path) -> tuple[RunRecord, ...]:
    """Writes the store and reads its runs, newest first: o4 … o0, b4 … b0, failed, nan."""
    number = 0
    for group, values in (("ours", OURS), ("baseline", BASELINE)):
        for fold, value in enumerate(values):
            config = {"lr": 0.1 / (fold + 1), "fold": fold, "model": {"depth": 3, "a.b": "dotted"}, "optimizer": "adam"}
            summary = {"val_acc": value, "val/loss": 1 - value, "train.loss": 0.1, "note": "fine"}
            write_case(root, f"{group[0]}{fold}", summary, number, config=config, group=group, tags=["cv", group])
            number += 1
    write_case(root, "failed", {}, number, config={"optimizer": "sgd"}, group="broken", state="failed")
    write_case(root, "nan", {"val_acc": "NaN"}, number + 1, config={"lr": "auto"}, group="broken")
    return read_store(root).projects[0].runs


def write_case(
    root: Path,
    run_id: str,
    summary: dict[str, Any],
    age: int = 0,
    *,
    config: dict[str, Any] | None = None,
    group: str = "",
    tags: Sequence[str] = (),
    state: str = "finished",
    metrics: Any = None,
) -> Path:
    """Writes a run of nothing but config and summary; the older, the greater its `age`."""
    meta = {"name": f"run {run_id}", "group": group, "tags": list(tags), "created": f"2026-10-01T00:{59 - age:02}:00Z"}
    files = {"summary.json": summary} | ({"metrics.yaml": metrics} if metrics else {})
    ends = {"state": state, "exit_code": int(state == "failed"), "finished": f"2026-10-01T00:{59 - age:02}:30Z"}
    provenance = {"provenance.json": {"host": "secret-host", "user": "secret-user"}}
    return write_run(root, "p", run_id, None, config, meta, ends, files | provenance)
