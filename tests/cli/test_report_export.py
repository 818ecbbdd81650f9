"""`runstore report export` and `report table`."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from sitegen.cli.exports import export_report, report_table
from tests.sitegen.reports.compiling import write_store_of_reports
from tests.stores import write_file

TEXT = """---
title: Brief
---

{{ runs.best('acc').name }}

```table
rows: runs
columns: [acc]
id: tab-acc
```
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    root = write_store_of_reports(tmp_path / "experiments")
    write_file(root / "p" / "reports" / "brief.md", TEXT)
    return root


def test_export_says_what_it_wrote(store: Path, tmp_path: Path) -> None:
    target = tmp_path / "brief.md"
    done = CliRunner().invoke(export_report, ["brief", "-o", str(target), "--store", str(store)])
    assert done.exit_code == 0, done.output
    assert done.output == f"{target}\n"
    assert "adam 2" in target.read_text()


def test_table_is_all_that_is_printed(store: Path) -> None:
    arguments = ["brief", "tab-acc", "--format", "markdown", "--store", str(store)]
    done = CliRunner().invoke(report_table, arguments)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("| Run | acc |\n")
