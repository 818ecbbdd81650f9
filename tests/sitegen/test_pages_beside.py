"""What stands beside a run's history on its page: attempts, alerts, logs, files, code, artifacts and system metrics."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sitegen.data.sensors import named, place
from sitegen.pages.ansi import Pen, Span
from tests.browser.media_store import write_rich
from tests.sitegen.plans import PlannedSite, plan
from tests.stores import START, append, curve, write_file, write_run

PAGE = "p/runs/r1/index.html"
STARTED = {"started": "2026-10-01T00:00:00Z", "host": "a"}


def page(root: Path) -> Any:
    return plan(root).pages[PAGE]


def payload(site: PlannedSite, path: str) -> Any:
    found = re.fullmatch(rb"runstore\.put\((.*)\);\n", bytes(site.files[path]), re.DOTALL)  # type: ignore[arg-type]
    assert found
    return json.loads(b"[" + found[1] + b"]")[1]


def test_a_run_of_one_attempt_says_nothing_of_attempts(root: Path) -> None:
    write_run(root, history=curve(3), files={"provenance.json": STARTED})
    assert page(root).attempts == ()


def test_attempts_say_where_they_began_and_what_came_twice(root: Path) -> None:
    second = {"started": "2026-10-01T01:00:00Z", "host": "b", "starting_step": 3}
    write_run(
        root,
        history=curve(5),
        files={"history.2.jsonl": curve(4, start=3), "provenance.json": STARTED, "provenance.2.json": second},
    )
    first, later = page(root).attempts
    assert (first.name, first.host, first.marks) == ("Attempt 1", "a", ())
    assert (later.name, later.host, later.started) == ("Attempt 2", "b", "2026-10-01T01:00:00Z")
    assert later.marks == ("from step 3", "2 steps were logged twice: the later values count")


def test_a_rewind_and_a_fork_are_marked(root: Path) -> None:
    forked = {**STARTED, "forked_from": {"run": "mother", "step": 7}}
    rewound = {"started": "2026-10-01T01:00:00Z", "rewound_to": 2, "starting_step": 3}
    write_run(
        root,
        history=curve(5),
        files={"history.2.jsonl": curve(1, start=3), "provenance.json": forked, "provenance.2.json": rewound},
    )
    first, later = page(root).attempts
    assert "forked from mother at step 7" in first.marks
    assert "rewound to step 2" in later.marks


def test_alerts_of_all_writers_are_listed_the_newest_first(root: Path) -> None:
    old = {"_timestamp": START, "title": "a", "text": "t", "level": "WARN", "_step": 3}
    new = {"_timestamp": START + 9, "title": "b", "level": "odd"}
    write_run(root, files={"alerts.jsonl": [old], "alerts.2.jsonl": [new]})
    assert [(each.title, each.level, each.step) for each in page(root).alerts] == [
        ("b", "info", ""),
        ("a", "warn", "3"),
    ]


@pytest.mark.parametrize(
    ("raw", "spans"),
    [
        ("\x1b[31mred\x1b[0m plain", [Span("red", "ink-1"), Span(" plain")]),
        ("\x1b[1;92;41mx", [Span("x", "bold ink-10 paper-1")]),
        ("\x1b[38;5;9ma\x1b[48;2;0;0;180mb", [Span("a", "ink-9"), Span("b", "ink-9 paper-4")]),
        ("\x1b[38;5mx", [Span("x")]),
        ("\x1b[999999999;31mx\x1b[K", [Span("x", "ink-1")]),
        ("old\rnew", [Span("new")]),
        ("<b>\x1b]0;t\x07&", [Span("<b>"), Span("&")]),
    ],
)
def test_colours_of_a_terminal_are_classes(raw: str, spans: list[Span]) -> None:
    assert list(Pen().line(raw)) == spans


def test_a_colour_goes_on_to_the_next_line_until_it_ends() -> None:
    pen = Pen()
    assert [pen.line(line) for line in ("\x1b[32ma", "b\x1b[39m", "c")] == [
        (Span("a", "ink-2"),),
        (Span("b", "ink-2"),),
        (Span("c"),),
    ]


def test_of_several_scripts_the_one_that_ran_is_shown(root: Path) -> None:
    code = {"code/a.py": "a", "code/b.py": "b", "code/lib/b.py": "c"}
    write_run(root, files={**code, "provenance.json": {"command": ["/x/b.py", "--lr", "1"]}})
    assert page(root).script.lines == ("b",)
    write_file(root / "p/runs/r1/provenance.json", {"command": ["other"]})
    assert page(root).script is None


def test_system_metrics_are_drawn_over_the_runs_time(root: Path) -> None:
    first = [{"_timestamp": START + at * 15, "_runtime": at * 15.0, "cpu": at} for at in range(3)]
    second = [{"_timestamp": START + 99, "_runtime": 60.0, "cpu": 9, "gpu.0.temp": 50}]
    home = write_run(root, history=curve(2), files={"system.jsonl": first, "system.2.jsonl": second})
    append(home, b'{"cpu": 1', "system.2.jsonl")
    data = payload(plan(root), "p/runs/r1/system.js")
    assert [(metric["key"], metric["count"]) for metric in data["metrics"]] == [("gpu.0.temp", 1), ("cpu", 4)]
    assert [(metric["section"], metric["title"]) for metric in data["metrics"]] == [
        ("GPU", "GPU 0 temperature (°C)"),
        ("Process", "Process CPU utilization (%)"),
    ]
    assert page(root).loads.system.startswith("system.js?v=")


@pytest.mark.parametrize(
    ("key", "section", "title"),
    [
        ("gpu.process.1.powerWatts", "GPU", "Process GPU 1 power (W)"),
        ("gpu.0.mig.2.memoryAllocated", "GPU", "GPU 0 slice 2 memory allocated (%)"),
        ("cpu.12.cpu_percent", "CPU", "CPU 12 utilization (%)"),
        ("disk./.usageGB", "Disk", "/ used (GB)"),
        ("disk./mnt/a.b.usagePercent", "Disk", "/mnt/a.b used (%)"),
        ("gpu.0.unheardOf", "Other", "gpu.0.unheardOf"),
        ("custom", "Other", "custom"),
    ],
)
def test_a_system_metric_has_a_name_and_a_section(key: str, section: str, title: str) -> None:
    assert named(key) == (section, title)


def test_processors_stand_in_the_order_of_their_numbers() -> None:
    keys = [f"cpu.{number}.cpu_percent" for number in (10, 2, 1)]
    assert sorted(["network.sent", *keys], key=place) == [*reversed(keys), "network.sent"]


def test_a_run_names_its_artifacts_and_an_artifact_its_runs(tmp_path: Path) -> None:
    write_rich(tmp_path)
    site = plan(tmp_path)
    uses = site.pages["media/runs/rich/index.html"].uses
    assert uses is not None
    assert [(use.name, use.href, use.use_as) for use in uses.inputs] == [
        ("digits:v0", "../../../media/artifacts/digits/index.html#v0", "train"),
        ("gone:v1", None, ""),
    ]
    (version,) = site.pages["media/artifacts/digits/index.html"].versions
    assert (version.aliases, version.tags, version.size) == (("latest", "best"), ("small",), 1_500_000)
    assert [run.name for run in version.used_by] == ["rich run"]
    assert [(file.path, file.digest) for file in version.files] == [("data.npz", "a" * 64), ("far", "s3://bucket/far")]
    graph = site.pages["media/artifacts/model/index.html"].graph
    assert [(box.kind, box.label) for box in graph.boxes] == [("run", "rich run"), ("version", "v0, latest, best")]
    assert [link.name for link in site.pages["media/index.html"].artifacts] == ["digits", "model"]


def test_an_artifact_of_several_versions_has_what_a_comparison_needs(tmp_path: Path) -> None:
    write_rich(tmp_path)
    assert plan(tmp_path).pages["media/artifacts/model/index.html"].compared is None
    first = tmp_path / "media/artifacts/model/v0/manifest.yaml"
    later = first.read_text().replace("bbbbbbbb", "eeeeeeee").replace("2026-10-02", "2026-10-03")
    write_file(tmp_path / "media/artifacts/model/v1/manifest.yaml", later.replace("data.npz", "other.npz"))
    site = plan(tmp_path)
    assert site.pages["media/artifacts/model/index.html"].compared.startswith("versions.js?v=")
    versions = payload(site, "media/artifacts/model/versions.js")
    assert [(each["version"], each["files"][0][0]) for each in versions] == [("v1", "other.npz"), ("v0", "data.npz")]
    assert versions[0]["files"][1] == ["far", 100_000, "s3://bucket/far"]


def test_a_new_alias_changes_the_artifacts_page(tmp_path: Path) -> None:
    write_rich(tmp_path)
    before = plan(tmp_path)
    path = tmp_path / "media/artifacts/model/v0/manifest.yaml"
    write_file(path, path.read_text().replace('"best"', '"good"'))
    after = plan(tmp_path)
    name = "media/artifacts/model/index.html"
    assert before.digests[name] != after.digests[name]
    assert after.pages[name].versions[0].aliases == ("latest", "good")


def test_two_builds_of_a_rich_store_are_the_same_files(tmp_path: Path) -> None:
    write_rich(tmp_path / "a")
    write_rich(tmp_path / "b")
    one, two = plan(tmp_path / "a"), plan(tmp_path / "b")
    same = {path for path, data in one.files.items() if isinstance(data, bytes)}
    assert set(one.files) == set(two.files)
    assert not [path for path in same if one.files[path] != two.files[path]]
    assert not [path for path in same if str(tmp_path).encode() in bytes(one.files[path])]  # type: ignore[arg-type]
