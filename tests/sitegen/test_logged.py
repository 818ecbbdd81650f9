"""What a run logged beside numbers: panels, the files behind them, and that nothing in a stub leads astray."""

import json
import os
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sitegen.build import build_site
from sitegen.charts import PLOTS, compiled_custom, compiled_plots, plot_chart
from sitegen.data.histograms import heat_map
from sitegen.data.markup import markdown_html, markdown_nodes
from tests.media_files import histogram, plot, png, stored, table
from tests.sitegen.plans import PlannedSite, plan
from tests.stores import append, write_file, write_run

RUN = "p/runs/r1"
SECRET = json.dumps({"columns": ["password"], "data": [["secret"]]})


def payload(site: PlannedSite, path: str) -> Any:
    data = site.files[f"{RUN}/{path}"]
    assert isinstance(data, bytes)
    found = re.fullmatch(rb"runstore\.put\((.*)\);\n", data, re.DOTALL)
    assert found
    return json.loads(b"[" + found[1] + b"]")[1]


def panels(site: PlannedSite) -> dict[str, list[dict[str, Any]]]:
    """The items of each panel by key."""
    return {head["key"]: payload(site, head["url"])["items"] for head in payload(site, "panels.js")}


def log(root: Path, *values: dict[str, Any]) -> Path:
    """A run that logs one row of values a step."""
    return write_run(root, history=[{**row, "_step": step} for step, row in enumerate(values)])


def folder(root: Path) -> Path:
    return write_run(root, history=None)


def image(root: Path, name: str = "a.png", **facts: Any) -> dict[str, Any]:
    return stored(folder(root), "image", f"images/{name}", png(4, 4, lambda x, y: (x, y, 0)), **facts)


def test_each_key_has_a_panel_with_its_steps_and_its_section(root: Path) -> None:
    stub = image(root, caption="a <b>")
    log(root, {"val/x": stub, "alone": stub}, {"val/x": stub})
    site = plan(root)
    heads = payload(site, "panels.js")
    assert [(head["key"], head["section"], head["steps"]) for head in heads] == [
        ("alone", "media", 1),
        ("val/x", "val", 2),
    ]
    assert [(item["step"], item["kind"], item["caption"]) for item in panels(site)["val/x"]] == [
        (0, "image", "a <b>"),
        (1, "image", "a <b>"),
    ]


def test_a_media_file_is_copied_once_by_its_content(root: Path) -> None:
    stub = image(root)
    log(root, *[{"x": stub, "y": stub}] * 3)
    site = plan(root)
    copies = [path for path in site.files if path.endswith(".png")]
    assert copies == [f"{RUN}/media/{stub['sha256'][:20]}.png"]
    assert site.files[copies[0]] == root / RUN / stub["path"]


def test_copies_are_links_where_the_file_system_can(root: Path, tmp_path: Path) -> None:
    stub = image(root)
    log(root, {"x": stub})
    build_site(root, tmp_path / "site")
    (copy,) = (tmp_path / "site").rglob("*.png")
    assert os.path.samefile(copy, root / RUN / stub["path"])
    assert build_site(root, tmp_path / "site").written == ()


@pytest.mark.parametrize(
    "path",
    [
        *("../../../../secret.json", "media/../../../../../secret.json", "/etc/hostname", "summary.json", "media", ""),
        *("media/nowhere.json", "media/\0", "media/" + "a" * 5000, "media/./../summary.json", 7, None, ["media/a"]),
    ],
)
@pytest.mark.parametrize("kind", ["table", "image", "html", "markdown", "object3D"])
def test_a_file_outside_the_runs_media_is_not_read(root: Path, tmp_path: Path, path: Any, kind: str) -> None:
    write_file(tmp_path / "secret.json", SECRET)
    log(root, {"x": {"_type": f"{kind}-file", "path": path}})
    write_file(root / RUN / "summary.json", SECRET)
    (item,) = panels(plan(root))["x"]
    assert (item["kind"], item["what"]) == ("missing", kind)


@pytest.mark.parametrize("link", ["media", "media/table", "media/table/t.table.json"])
def test_a_link_out_of_the_runs_media_is_not_followed(root: Path, tmp_path: Path, link: str) -> None:
    write_file(tmp_path / "elsewhere/table/t.table.json", SECRET)
    home = log(root, {"t": {"_type": "table-file", "path": "media/table/t.table.json"}})
    (home / link).parent.mkdir(parents=True, exist_ok=True)
    (home / link).symlink_to(tmp_path / "elsewhere" / link.removeprefix("media").lstrip("/"))
    assert panels(plan(root))["t"][0]["kind"] == "missing"


@pytest.mark.parametrize("content", ["", "[]", "{", {"columns": 1, "data": []}, {"columns": []}, {"data": [[1]]}])
def test_a_broken_table_says_so(root: Path, content: Any) -> None:
    data = content if isinstance(content, str) else json.dumps(content)
    log(root, {"t": stored(folder(root), "table", "table/t.table.json", data)})
    assert panels(plan(root))["t"] == [{"kind": "missing", "what": "table", "step": 0, "writer": ""}]


def rows_of(site: PlannedSite, item: dict[str, Any]) -> list[Any]:
    rows = [row for part in item["parts"] for row in payload(site, part["url"])["rows"]]
    assert [part["rows"] for part in item["parts"]] == [
        len(payload(site, part["url"])["rows"]) for part in item["parts"]
    ]
    return rows


def test_a_table_has_all_its_rows_in_data_files_of_about_a_megabyte(root: Path) -> None:
    rows = [[at, "x" * 100] for at in range(30_000)]
    log(root, {"t": table(folder(root), "t", ["n", "text"], rows)})
    site = plan(root)
    (item,) = panels(site)["t"]
    assert rows_of(site, item) == rows
    assert 3 <= len(item["parts"]) <= 5


def test_cells_are_what_json_has_and_media_in_them_are_copied(root: Path) -> None:
    stub = image(root)
    cells = [1, 0.5, None, True, "<b>", float("nan"), 2**70, {"a": [1]}, [1, "x"], stub]
    log(root, {"t": table(folder(root), "t", [str(at) for at in range(len(cells))], [cells, ["short"]])})
    site = plan(root)
    first, second = rows_of(site, panels(site)["t"][0])
    assert first[:9] == [1, 0.5, None, True, "<b>", "NaN", str(2**70), '{"a":[1]}', '[1,"x"]']
    assert (first[9]["kind"], f"{RUN}/{first[9]['src']}" in site.files) == ("image", True)
    assert second == ["short"]


def test_the_rows_behind_a_head_come_from_its_parquet_file(root: Path) -> None:
    home = folder(root)
    path = home / "media/table/t.parquet"
    path.parent.mkdir(parents=True)
    pl.DataFrame({"n": range(50), "s": [f'["row {at}"]' for at in range(50)]}).write_parquet(path)
    head = {"columns": ["n", "s"], "data": [[at, [f"row {at}"]] for at in range(20)], "nrows": 50, "json_columns": [1]}
    stub = stored(home, "table", "table/t.table.json", json.dumps(head), ncols=2, nrows=50)
    log(root, {"t": {**stub, "parquet": {"path": "media/table/t.parquet"}}})
    site = plan(root)
    assert rows_of(site, panels(site)["t"][0]) == [[at, f'["row {at}"]'] for at in range(50)]


def test_whole_numbers_in_a_table_are_shown_with_all_of_their_digits(root: Path) -> None:
    home = folder(root)
    path = home / "media/table/t.parquet"
    path.parent.mkdir(parents=True)
    rows = [[10**20 + at, [{"n": -(10**30) - at}]] for at in range(4)]
    texts = {name: [json.dumps(row[at]) for row in rows] for at, name in enumerate("nl")}
    pl.DataFrame(texts).write_parquet(path)
    head = {"columns": ["n", "l"], "data": rows[:2], "nrows": 4, "json_columns": [0, 1]}
    stub = stored(home, "table", "table/t.table.json", json.dumps(head), ncols=2, nrows=4)
    log(root, {"t": {**stub, "parquet": {"path": "media/table/t.parquet"}}})
    site = plan(root)
    expected = [[str(number), f'[{{"n":{cell[0]["n"]}}}]'] for number, cell in rows]
    assert rows_of(site, panels(site)["t"][0]) == expected


def increments(root: Path, count: int) -> list[dict[str, Any]]:
    """The stubs of a table that is logged row by row."""
    home = folder(root)
    stubs: list[dict[str, Any]] = []
    for at in range(count):
        link = {"previous": {"path": stubs[-1]["path"]}} if stubs else {}
        head = {"columns": ["n"], "data": [[at]], "nrows": 1, "increment": at, **link}
        stubs.append(stored(home, "table", f"table/t{at}.table.json", json.dumps(head), increment=at, **link))
    return stubs


def test_increments_add_up(root: Path) -> None:
    log(root, *({"t": stub} for stub in increments(root, 3)))
    site = plan(root)
    assert [rows_of(site, item) for item in panels(site)["t"]] == [[[0]], [[0], [1]], [[0], [1], [2]]]


def test_an_increment_brings_those_before_it_that_no_row_names_any_more(root: Path) -> None:
    stubs = increments(root, 3)
    log(root, {"t": stubs[0]}, {"t": stubs[2]})
    site = plan(root)
    assert [rows_of(site, item) for item in panels(site)["t"]] == [[[0]], [[0], [1], [2]]]


def test_increments_in_a_circle_end(root: Path) -> None:
    head = {"columns": ["n"], "data": [[1]], "previous": {"path": "media/table/t.table.json"}}
    log(root, {"t": stored(folder(root), "table", "table/t.table.json", json.dumps(head))})
    site = plan(root)
    assert rows_of(site, panels(site)["t"][0]) == [[1]]


def test_boxes_are_shares_of_the_image_and_masks_are_carried(root: Path) -> None:
    home = folder(root)
    mask = stored(home, "mask", "images/mask/m.mask.png", png(4, 4, lambda x, y: (1,), grey=True))
    boxes = {"found": {"class_labels": {"1": "cat"}, "box_data": [
        {"position": {"minX": 0.1, "minY": 0.2, "maxX": 0.3, "maxY": 0.4}, "class_id": 1, "scores": {"s": 0.9}},
        {"position": {"middle": [20, 20], "width": 20, "height": 10}, "domain": "pixel", "class_id": 2},
        {"position": {"middle": ["x"]}}, {"position": 3}, "odd", None,
    ]}}  # fmt: skip
    stub = image(root, width=40, height=40, boxes=boxes, masks={"truth": {**mask, "class_labels": {"1": "cat"}}})
    log(root, {"x": stub})
    site = plan(root)
    (item,) = panels(site)["x"]
    first, second = item["boxes"][0]["boxes"]
    assert (first["at"], first["id"], first["scores"]) == ([0.1, 0.2, 0.3, 0.4], "1", [["s", 0.9]])
    assert second["at"] == [0.25, 0.375, 0.75, 0.625]
    assert item["masks"][0]["labels"] == [["1", "cat"]]
    assert f"{RUN}/{item['masks'][0]['bytes']['url']}" in site.files


def test_what_could_run_scripts_is_no_file_of_its_own(root: Path) -> None:
    home = folder(root)
    evil = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    kinds = {
        "svg": stored(home, "image", "images/a.svg", evil),
        "html": stored(home, "html", "html/a.html", evil),
        "odd": stored(home, "object3D", "object3D/a.html", evil),
        "exe": stored(home, "image", "images/a.xhtml", evil),
    }
    log(root, kinds)
    write_file(home / "files/page.html", evil)
    site = plan(root)
    endings = {Path(path).suffix for path in site.files if path.startswith(RUN)}
    assert endings == {".html", ".js", ".json", ".bin", ".txt"}
    assert [path for path in site.files if path.startswith(RUN) and path.endswith(".html")] == [f"{RUN}/index.html"]


@pytest.mark.parametrize(
    "stub",
    [
        {"_type": "histogram", "values": [1, 2], "bins": [0, 1]},
        {"_type": "histogram", "values": [], "bins": []},
        {"_type": "histogram", "values": ["x"], "bins": [0, 1]},
        {"_type": "histogram", "values": [1], "bins": [1, 0]},
        {"_type": "histogram"},
    ],
)
def test_a_broken_histogram_says_so(root: Path, stub: dict[str, Any]) -> None:
    log(root, {"h": stub})
    assert panels(plan(root))["h"][0]["kind"] == "missing"


def test_the_map_of_histograms_keeps_every_value(root: Path) -> None:
    log(root, *[{"h": histogram([1, 2, 3, 4], -1 - step, 1 + step)} for step in range(300)])
    site = plan(root)
    (head,) = payload(site, "panels.js")
    heat = payload(site, head["url"])["heat"]
    assert len(heat["shares"]) == 200
    assert all(sum(column) == pytest.approx(100, abs=0.2) for column in heat["shares"])
    assert (heat["low"], heat["high"], heat["steps"][0]) == (-300, 300, 0)


def test_a_histogram_of_one_value_and_one_step_has_no_map() -> None:
    assert heat_map([]) is None
    assert heat_map([{"kind": "histogram", "step": at, "values": [3], "bins": [1, 1]} for at in range(3)]) is None


def test_every_plot_is_valid_by_altair_and_compiles() -> None:
    made = compiled_plots()
    assert set(made) == {*PLOTS, "heat", "bins"}
    for name in PLOTS:
        plot_chart(name).to_dict(validate=True)
    for spec in made.values():
        assert '"url"' not in json.dumps(spec)


def test_a_plot_takes_its_columns_by_its_fields(root: Path) -> None:
    home = folder(root)
    log(root, {
        "roc": plot(home, "roc_curve", ["fpr", "tpr", "class"], [[0, 0.5, "a"]], fields={"x": "fpr", "y": "tpr"}),
        "line": plot(home, "line", ["h", "w"], [[1, 2**80]], fields={"x": "w", "y": "h"}),
        "lost": plot(home, "bar", ["h"], [[1]]),
    })  # fmt: skip
    site = plan(root)
    found = panels(site)
    assert (found["roc"][0]["columns"], found["roc"][0]["rows"]) == (["x", "y", "series"], [[0, 0.5, "a"]])
    assert found["line"][0]["rows"] == [[2.0**80, 1]]
    assert (found["line"][0]["xtitle"], found["line"][0]["ytitle"]) == ("w", "h")
    assert found["lost"][0]["note"].startswith("found the columns h, expected one for 'label'")
    assert [str(problem) for problem in site.problems if "'lost'" in str(problem)]


def test_a_custom_spec_has_its_fields_filled_in_and_fetches_nothing() -> None:
    spec = {"mark": "bar", "encoding": {"x": {"field": "${field:a}"}}, "title": "${string:title}"}
    text = json.dumps(compiled_custom(spec, {"a": "the column"}, {"title": "T"}))
    assert "the column" in text
    assert "wandb" in text
    for bad in ({"data": {"url": "https://example.org/x.csv"}, "mark": "bar"}, {"mark": "nope"}, {"layer": 3}):
        with pytest.raises(ValueError, match="found"):
            compiled_custom(bad, {}, {})
    nested: dict[str, Any] = {}
    for _ in range(200):
        nested = {"layer": [nested]}
    with pytest.raises(ValueError, match="nested"):
        compiled_custom(nested, {}, {})


def test_a_broken_chart_is_told_of_by_the_build_and_in_its_panel(root: Path, tmp_path: Path) -> None:
    log(root, {"c": plot(folder(root), None, ["a"], [[1]], spec={"mark": "nope"})})
    report = build_site(root, tmp_path / "site")
    assert ["'c'" in str(problem) for problem in report.problems] == [True]
    (shown,) = panels(plan(root))["c"]
    assert (shown["kind"], shown["parts"][0]["rows"]) == ("table", 1)
    assert "no Vega-Lite" in shown["note"]


def test_a_chart_without_a_table_is_a_note(root: Path) -> None:
    log(root, {"c": {**plot(folder(root), "bar", ["label", "value"], [["a", 1]]), "table": {"path": "media/none"}}})
    (shown,) = panels(plan(root))["c"]
    assert (shown["kind"], "no table" in shown["note"]) == ("note", True)


def test_a_chart_of_a_preset_that_only_a_server_has_says_so_above_its_table(root: Path) -> None:
    log(root, {"c": plot(folder(root), None, ["a"], [[1]])})
    (shown,) = panels(plan(root))["c"]
    assert shown["kind"] == "table"
    assert shown["note"].startswith("found neither a preset nor a spec, expected one of line, ")


def test_rows_and_files_that_are_gone_are_counted_and_told_of_by_the_build(root: Path, tmp_path: Path) -> None:
    home = folder(root)
    head = {"columns": ["a"], "data": [[1], [2]], "nrows": 5, "parquet": {"path": "media/table/none.parquet"}}
    image = {**stored(home, "image", "images/cut.png", png(2, 2, lambda *_: (0, 0, 0))), "size": 9999}
    gone = {"_type": "image-file", "path": "media/images/gone.png"}
    log(
        root,
        {"t": stored(home, "table", "table/t.table.json", head), "cut": image, "gone": gone},
        {"gone": {"_type": "gallery", "items": [gone, gone]}},
    )
    (shown,) = panels(plan(root))["t"]
    assert [(part["rows"], part["lacking"]) for part in shown["parts"]] == [(2, 3)]
    first, second = (build_site(root, tmp_path / "site") for _ in range(2))
    assert (second.written, second.problems) == ((), first.problems)
    assert [problem.message for problem in first.problems] == [
        "'cut': files of another size than was logged: 1; restore them from a copy of the store",
        "'gone': files that cannot be read: 3; restore them from a copy of the store",
        "'t': rows of tables that cannot be read: 3; restore the Parquet files beside them",
    ]


def test_panels_stand_by_name_what_has_no_section_first_and_what_watch_logged_last(root: Path) -> None:
    one = histogram([1], 0, 1)
    log(root, dict.fromkeys(("z/a", "gradients/w", "parameters/w", "b", "a/b"), one))
    assert [head["key"] for head in payload(plan(root), "panels.js")] == [
        *("b", "a/b", "z/a"),
        *("gradients/w", "parameters/w"),
    ]


def test_a_table_says_its_whole_key(root: Path) -> None:
    log(root, {"val/rows": table(folder(root), "t", ["a"], [[1]])})
    assert [head["title"] for head in payload(plan(root), "panels.js")] == ["val/rows"]


def test_markdown_is_harmless() -> None:
    text = "# a <script>x</script>\n\n[l](javascript:alert(1)) [m](https://e.org) ![i](https://e.org/i) <img onerror=y>"
    html = str(markdown_html(text))
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert "https://e.org" in json.dumps(markdown_nodes(text))
    assert "onerror" not in re.sub(r"&lt;.*?&gt;", "", html)


def test_what_a_rewind_took_back_is_not_shown_and_a_later_attempts_value_counts(root: Path) -> None:
    old, new = image(root, "old.png", caption="old"), image(root, "new.png", caption="new")
    write_run(
        root,
        history=[{"x": old, "_step": step} for step in range(5)],
        files={
            "history.2.jsonl": [{"x": new, "_step": 2}],
            "provenance.json": {"started": "2026-10-01T00:00:00Z"},
            "provenance.2.json": {"started": "2026-10-01T01:00:00Z", "rewound_to": 2, "starting_step": 2},
        },
    )
    assert [(item["step"], item["caption"]) for item in panels(plan(root))["x"]] == [(0, "old"), (1, "old"), (2, "new")]


def test_a_file_that_comes_late_makes_its_run_again_and_no_other(root: Path) -> None:
    stub = image(root)
    write_run(root, run_id="r2", history=[{"x": {**stub, "path": "media/images/late.png"}, "_step": 0}])
    log(root, {"x": stub})
    before = plan(root)
    write_file(root / "p/runs/r2/media/images/late.png", png(2, 2, lambda x, y: (0, 0, 0)))
    after = plan(root)
    changed = {path for path in after.digests if before.digests.get(path) != after.digests[path]}
    assert any(path.startswith("p/runs/r2/media/") for path in changed)
    assert not [path for path in changed if path.startswith(f"{RUN}/")]


def test_a_build_after_one_more_step_copies_only_what_is_new(root: Path, tmp_path: Path) -> None:
    first, second = (
        image(root, "a.png"),
        stored(folder(root), "image", "images/b.png", png(3, 3, lambda x, y: (9, 9, 9))),
    )
    log(root, {"x": first})
    build_site(root, tmp_path / "site")
    append(root / RUN, [{"x": second, "_step": 1}])
    written = build_site(root, tmp_path / "site").written
    assert [path for path in written if path.endswith(".png")] == [f"{RUN}/media/{second['sha256'][:20]}.png"]
