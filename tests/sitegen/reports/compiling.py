"""A store whose runs logged one of each kind, and reports about it that are compiled from their text alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runstore.reading.store import read_store
from sitegen.plan import SitePlan, plan_site
from sitegen.reports.figures.known import RunSets
from sitegen.reports.files import ReportFile
from sitegen.reports.report import Report, compile_report
from tests.media_files import png, stored, table
from tests.stores import START, write_file, write_run, write_store
from tests.sweep_stores import write_sweep

OPTIMIZERS = ("adam", "sgd")
FOLDS = range(3)
STEPS = 12
SWEEP = "k3v9x2ab"
HOSTILE = "</script><script>alert(1)</script>"


def accuracy(optimizer: str, fold: int, step: int = STEPS - 1) -> float:
    """What the run of a fold had reached at a step."""
    return (0.9 if optimizer == "adam" else 0.8) + 0.01 * fold + 0.001 * step


def write_store_of_reports(root: Path) -> Path:
    """`p`: six runs in two groups, of which the adam ones logged images and tables too, and one named like an attack;
    `q`: one run; `tune`: a sweep; `empty`: no run."""
    write_store(root)
    for optimizer in OPTIMIZERS:
        for fold in FOLDS:
            _write_fold(root, optimizer, fold)
    meta = {"name": HOSTILE, "group": HOSTILE, "created": "2026-09-01T00:00:00Z"}
    write_run(root, "p", "hostile", [{"_step": 0, "other": 1.0}], {"kind": HOSTILE}, meta, {"state": "finished"})
    write_run(root, "q", "only", [{"_step": 0, "acc": 0.5}], {"lr": 1}, {"name": "only one"}, {"state": "finished"})
    write_file(root / "empty" / "project.yaml", "title: Empty\n")
    write_sweep(root, sweep_id=SWEEP, count=6)
    return root


def _write_fold(root: Path, optimizer: str, fold: int) -> None:
    name = f"{optimizer}-{fold}"
    folder = write_run(root, "p", name, None)
    rows: list[dict[str, Any]] = [
        {"_step": step, "_runtime": step * 1.0, "_timestamp": START + step, "acc": accuracy(optimizer, fold, step)}
        | {"loss": 1 / (step + 1)}
        for step in range(STEPS)
    ]
    if optimizer == "adam":
        picture = png(4, 4, lambda x, y: (x * 60, y * 60, fold * 80))
        rows[-1]["samples"] = stored(folder, "image", f"images/{fold}.png", picture, width=4, height=4)
        rows[-1]["predictions"] = table(folder, "p", ["id", "label"], [[1, "cat"], [2, "dog"]])
    write_run(
        root,
        "p",
        name,
        rows,
        {"optimizer": optimizer, "lr": 0.1 / (fold + 1), "fold": fold},
        {"name": f"{optimizer} {fold}", "group": optimizer, "created": f"2026-10-01T00:0{fold}:00Z"},
        {"state": "finished"},
        {"metrics.yaml": '- {"name": "acc", "goal": "maximize"}\n'},
    )


@dataclass(frozen=True)
class Desk:
    """A store, planned once, over which texts become reports."""

    root: Path
    plan: SitePlan

    @classmethod
    def at(cls, root: Path) -> "Desk":
        return cls(root, plan_site(read_store(root), [], "1", lambda template, page: b""))

    def file(self, text: str, project: str = "p", name: str = "text") -> ReportFile:
        folder = self.root / project / "reports"
        path = folder / f"{name}.md"
        return ReportFile(name, name, project, path, path.relative_to(self.root).as_posix(), text)

    def report(self, text: str, project: str = "p", targets: Any = None) -> Report:
        return compile_report(self.file(text, project), self.plan.subjects, targets or self.plan.targets)

    def mistakes(self, text: str, project: str = "p") -> list[tuple[int, str]]:
        """Line and message of all that is wrong with a text."""
        return [(problem.line, problem.message) for problem in self.report(text, project).problems]

    def sets(self, front: Mapping[str, Any] | None = None, usual: str = "p") -> RunSets:
        return RunSets(front or {}, self.plan.subjects, usual)
