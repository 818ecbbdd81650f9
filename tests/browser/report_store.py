"""A store with a report that shows one of each kind, over runs that are too long to be loaded at once."""

import math
from pathlib import Path
from typing import Any

from tests.media_files import png, stored, table
from tests.stores import START, write_file, write_run, write_store
from tests.sweep_stores import write_sweep

OPTIMIZERS = ("adam", "sgd")
FOLDS = range(3)
STEPS = 1500
EVIL = "</script><script>document.title='owned'</script>"


def accuracy(optimizer: str, fold: int, step: int) -> float:
    """What a run logged at a step."""
    speed = 0.004 if optimizer == "adam" else 0.002
    return 1 - math.exp(-speed * (step + 1)) - 0.02 * fold + 0.01 * math.sin(step * (fold + 1))


def write_reports(root: Path) -> Path:
    """`study`: two groups of three runs, and the report `all`; `other`: two runs; `tune`: a sweep; and at the root the
    report `both`, about two projects."""
    write_store(root)
    for optimizer in OPTIMIZERS:
        for fold in FOLDS:
            _write_run(root, optimizer, fold)
    meta = {"name": EVIL, "group": EVIL, "created": "2026-09-01T00:00:00Z"}
    write_run(root, "study", "evil", [{"_step": 0, "odd": 1.0}], {"kind": EVIL}, meta, {"state": "finished"})
    for number in range(2):
        rows = [{"_step": step, "score": step * (number + 1.0)} for step in range(20)]
        write_run(root, "other", f"o{number}", rows, {"n": number}, {"name": f"other {number}"}, {"state": "finished"})
    write_sweep(root, count=12)
    write_file(root / "study/reports/all.md", REPORT)
    write_file(root / "reports/both.md", BOTH)
    return root


def _write_run(root: Path, optimizer: str, fold: int) -> None:
    folder = write_run(root, "study", f"{optimizer}-{fold}", None)
    rows: list[dict[str, Any]] = [
        {"_step": step, "_runtime": step * 1.0, "_timestamp": START + step, "acc": accuracy(optimizer, fold, step)}
        for step in range(STEPS)
    ]
    picture = png(8, 8, lambda x, y: (x * 30, y * 30, fold * 80))
    rows[-1]["samples"] = stored(folder, "image", f"images/{fold}.png", picture, width=8, height=8)
    rows[-1]["predictions"] = table(folder, "p", ["id", "label"], [[1, "cat"], [2, "=1+1"]])
    write_run(
        root,
        "study",
        f"{optimizer}-{fold}",
        rows,
        {"optimizer": optimizer, "lr": 0.1 / (fold + 1)},
        {"name": f"{optimizer} {fold}", "group": optimizer, "created": f"2026-10-01T00:0{fold}:00Z"},
        {"state": "finished"},
    )


REPORT = """---
title: All kinds
status: published
date: 2026-11-20
authors: [Ada]
runs:
  trained: {filter: acc IS NOT NULL, group: config.optimizer}
  adam: {filter: "group = 'adam'", rename: {adam-0: First of all}}
  sgd: {filter: "group = 'sgd'"}
checks:
  - {check: count() of trained = 6, claim: Six runs were trained}
  - count() of trained = 7
---

## Groups

```panel
type: line
runs: trained
metrics: acc
id: fig-groups
caption: Accuracy by optimizer.
```

## Sets and names

```panel
type: line
runs: [adam, sgd]
metrics: acc
id: fig-sets
caption: Two sets.
```

```panel
type: line
runs: adam
metrics: acc
id: fig-names
caption: Runs with other names.
```

## A sweep

```panels
sweep: tune/k3v9x2ab
columns: 2
id: fig-sweep
caption: A search.
panels:
  - {type: progress}
  - {type: contour, x: lr, y: layers}
  - {type: trials, width: 2}
```

## Logged

```panels
runs: trained
columns: 2
id: fig-logged
caption: Images and tables.
panels:
  - {type: media, key: samples}
  - {type: table, key: predictions}
```

## Of one's own

```panels
runs: trained
columns: 2
id: fig-own
caption: A specification, and numbers.
panels:
  - type: vega
    title: Mine
    spec:
      mark: point
      encoding: {x: {field: "config\\\\.lr", type: quantitative}, y: {field: "summary\\\\.acc", type: quantitative}}
  - {type: bar, column: acc}
  - {type: scalar, column: acc}
  - {type: box, column: acc}
```

## Everybody

```runs
id: tab-runs
caption: All runs.
```

{{ runs.where("id = 'evil'").first.name }} and [[evil]].
""".replace("filter: acc IS", "filter: summary.acc IS")

BOTH = """---
title: Both projects
status: published
runs:
  ours: {project: study, filter: "group = 'adam'"}
  theirs: {project: other}
---

```panel
type: line
runs: ours
metrics: acc
```

```panel
type: line
runs: theirs
metrics: score
```
"""
