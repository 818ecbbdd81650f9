"""Sites of MkDocs for tests: a store, pages with our blocks, and `mkdocs` in a process of its own."""

import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runstore.format import yaml12
from tests.stores import START, write_file, write_run, write_store

HOSTILE = "</script><img src=x onerror=alert(1)> *a* `b` | c"
"""A run's name."""

INDEX = """\
---
title: Results
runstore:
  runs:
    tuned: {filter: "config.lr < 0.5", group: config.lr}
  checks:
    - count() of tuned = 6
---
# Best: {{ tuned.best('acc', 'max').summary.acc | round(2) }}

Of all, {{ tuned.best('acc', 'max').name }} is best, {{ page.title }} and `{{ tuned.code }}` are not ours.
We find [a mean of *nearly* one]{check="mean(acc) of tuned > 0.5"}.

```panels
id: fig-curves
caption: Curves for {{ tuned | length }} runs
runs: tuned
columns: 2
panels:
  - {type: line, metrics: [loss]}
  - {type: scatter, x: config.lr, y: summary.acc}
```

!!! note "Inside"
    ```table
    id: tab-all
    caption: What they reach
    runs: tuned
    columns: [acc]
    ```

- in a list

    ```runs
    runs: tuned
    ```

````md
```panel
type: line
```
````

See [the figure](#fig-curves), and [the project](runstore/lab/index.html).
More is on [another page](<a b/deep.md>).

| a | b |
|---|---|
| {{ tuned.best('acc', 'max').name }} | 2 |
"""

DEEP = """\
# Deep

```panel
type: comparer
```
"""

EXTENSIONS = ["admonition", "attr_list", "tables", "md_in_html", "pymdownx.superfences", "pymdownx.smartsymbols"]


def write_lab(root: Path) -> Path:
    """`lab`, which is public: six runs with two learning rates, one of a hostile name; `secret`, which is not."""
    write_store(root)
    for number in range(6):
        speed = 0.1 if number % 2 else 0.05
        history = [
            {"_step": step, "_timestamp": START + step, "loss": math.exp(-speed * step), "acc": 1 - 0.5 ** (step + 1)}
            for step in range(40 + number)
        ]
        meta = {"name": HOSTILE if number == 5 else f"run {number}", "created": f"2026-10-01T10:0{number}:00Z"}
        summary = {"acc": 0.9 + number / 100, "loss": history[-1]["loss"]}
        write_run(
            root, "lab", f"r{number}", history, {"lr": speed}, meta, {"state": "finished"}, {"summary.json": summary}
        )
    write_file(root / "lab" / "project.yaml", "visibility: public\n")
    write_run(root, "secret", "hidden", [{"_step": 0, "canary": 1}], {"token": "canary"}, {"name": "canary"})
    return root


def write_site(
    folder: Path,
    pages: Mapping[str, str],
    plugin: Mapping[str, Any] | None = None,
    others: Sequence[str] = ("search",),
    **config: Any,
) -> Path:
    """The configuration of a site whose store lies beside it, with `others` as plugins; returns the folder."""
    for name, text in pages.items():
        write_file(folder / "docs" / name, text)
    own = {"store": "experiments", "project": "lab", **(plugin or {})}
    values = {
        "site_name": "Lab",
        "site_url": "https://example.org/sub/path/",
        "theme": {"name": "mkdocs", "highlightjs": False},
        "markdown_extensions": EXTENSIONS,
        "plugins": [*others, {"runstore": {key: value for key, value in own.items() if value is not None}}],
        **config,
    }
    write_file(folder / "mkdocs.yml", yaml12.dump(values))
    return folder


def mkdocs(folder: Path, *options: str, cache: Path, command: str = "build") -> subprocess.CompletedProcess[str]:
    """What `mkdocs` said, on both of its outputs."""
    environment = {**os.environ, "RUNSTORE_CACHE_DIR": os.fspath(cache), "NO_MKDOCS_2_WARNING": "1"}
    environment["SOURCE_DATE_EPOCH"] = "1790000000"
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", command, *options],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def built(folder: Path, cache: Path) -> Path:
    """The site, built without a warning."""
    done = mkdocs(folder, "--strict", cache=cache)
    assert done.returncode == 0, done.stdout
    return folder / "site"


def files(site: Path) -> dict[str, bytes]:
    """All files of a site by their paths."""
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}
