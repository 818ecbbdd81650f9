"""`runstore export figure`, and that `runstore export RUN…` goes on as it did."""

import json
from pathlib import Path

from tests.cli.terminal import Terminal
from tests.stores import curve, write_run


def test_a_figure_is_written_and_told(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    out = tmp_path / "figure.svg"
    done = terminal("export", "figure", "digits", "loss", "-o", out, "--group", "job_type", "--store", store)
    assert (done.code, done.out) == (0, f"{out}: 2 lines\n")
    assert out.read_bytes().startswith(b"<svg")


def test_every_option_changes_the_figure(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    rows = [{**row, "loss": 3 * row["loss"]} for row in curve(8)]
    write_run(store, "digits", "fold2", rows, meta={"group": "mlp"})

    def spec(*options: str) -> str:
        out = tmp_path / "figure.json"
        done = terminal("export", "figure", "digits", "loss", "-o", out, "--store", store, *options)
        assert done.code == 0, done.err
        return json.dumps(json.loads(out.read_text()))

    grouped = ("--group", "group")
    plain, group = spec(), spec(*grouped)
    changes = [
        grouped,
        (*grouped, "--agg", "max"),
        (*grouped, "--shade", "minmax"),
        (*grouped, "--shade", "none"),
        ("--smooth", "0.5"),
        ("--filter", "state = 'failed'"),
        ("--x", "_runtime"),
        ("--log",),
        ("--width", "500"),
        ("--height", "500"),
        ("--theme", "dark"),
    ]
    found = [spec(*options) for options in changes]
    assert len({plain, group, *found}) == len(changes) + 1


def test_a_figure_that_cannot_be_drawn_is_one_line(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    def fails(*arguments: str) -> str:
        return terminal.fails("export", "figure", *arguments, "--store", store)

    assert "expected .svg, .png, .pdf or .json" in fails("digits", "loss", "-o", str(tmp_path / "figure.gif"))
    assert "found no project 'digit'" in fails("digit", "loss", "-o", str(tmp_path / "a.svg"))
    assert "found no metric 'los'" in fails("digits", "los", "-o", str(tmp_path / "a.svg"))
    assert "METRIC" in fails("digits", "-o", str(tmp_path / "a.svg"))
    assert not list(tmp_path.glob("*.svg"))


def test_runs_are_exported_as_before_one_called_figure_too(terminal: Terminal, store: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs.json"
    assert terminal("export", "fold0", "-o", out, "--store", store).code == 0
    assert [row["id"] for row in json.loads(out.read_text())] == ["fold0"]
    write_run(store, "digits", "figure", curve(2))
    assert terminal("export", "-o", out, "--store", store, "--", "figure").code == 0
    assert [row["id"] for row in json.loads(out.read_text())] == ["figure"]


def test_help_names_what_there_is_below(terminal: Terminal) -> None:
    assert "runstore export figure --help" in terminal("export", "--help").out
    assert "METRIC" in terminal("export", "figure", "--help").out
