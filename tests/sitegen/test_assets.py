"""What the libraries carry becomes classic scripts, made once and kept."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sitegen.assets import load_assets, templates_dir
from sitegen.charts import compiled_charts, line_chart


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUNSTORE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_third_party_scripts_are_classic_and_ours_are_beside_them(cache: Path) -> None:
    files = load_assets().files
    source = files["vega.js"].decode()
    assert source.startswith("(function () {")
    assert "export{" not in source
    assert "import(" not in source
    assert {"workspace.js", "workspace.css", "charts.js"} <= set(files)


def test_assets_are_made_once_and_then_come_from_the_cache_without_their_libraries(cache: Path) -> None:
    first = load_assets()
    code = (
        "import sys; from sitegen.assets import load_assets; print(load_assets().digest); "
        "print(any(name in sys.modules for name in ('altair', 'vl_convert')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [first.digest, "False"]


def test_cache_that_cannot_be_written_costs_time_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("RUNSTORE_CACHE_DIR", str(blocked / "cache"))
    assert len(load_assets().files["vega.js"]) > 100_000


def test_asset_urls_change_with_their_content(cache: Path) -> None:
    assets = load_assets()
    url = assets.url("../../", "workspace.js")
    assert url.startswith("../../_static/workspace.js?v=")
    assert url != assets.url("../../", "run.js").replace("run.js", "workspace.js")


def test_every_chart_is_valid_vega_lite_by_altair_and_compiles_to_vega() -> None:
    charts = compiled_charts()
    assert set(charts) == {f"{x}-{y}" for x in ("linear", "log", "time") for y in ("linear", "log")}
    for name, spec in charts.items():
        assert spec["$schema"].endswith("vega/v6.json"), name
        assert {each["name"] for each in spec["data"]} == {"data_0", "frame"}
        assert {axis["scale"] for axis in spec["axes"]} == {"x", "y"}
        assert not [mark for mark in spec["marks"] if "transform" in json.dumps(mark.get("from", {}))]
    line_chart("time", "log").to_dict(validate=True)


def test_specs_compute_nothing_a_row() -> None:
    for spec in compiled_charts().values():
        for data in spec["data"]:
            if data["name"] in ("bands", "lines", "points"):
                assert "transform" not in data
        for mark in spec["marks"]:
            if mark["type"] == "shape":
                assert "signal" not in json.dumps(mark["encode"])


def test_templates_are_found_beside_the_package() -> None:
    assert (templates_dir() / "project.html.jinja").is_file()
