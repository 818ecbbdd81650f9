"""The pages of sweeps: what their records and configurations say, and when they are made again."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.format.sweep_layout import SweepLayout
from runstore.format.sweep_records import Beat, Claim, Control, Outcome, dump
from sitegen.data.sweep_config import Parameter, SweepText, read_config
from sitegen.pages.highlight import yaml_lines
from sitegen.pages.sweep import SweepPage
from tests.sitegen.plans import PlannedSite, plan
from tests.stores import START, curve, write_file, write_run
from tests.sweep_stores import SWEEP_YAML, Point, moment, write_record, write_sweep, write_trial

PAGE = "tune/sweeps/k3v9x2ab/index.html"
DATA = "tune/sweeps/k3v9x2ab/sweep.js"
DOCUMENT = "tune/sweeps/k3v9x2ab/index.json"
HOSTILE = "</script><script>alert(1)</script>"


def page_of(site: PlannedSite, path: str = PAGE) -> SweepPage:
    page = site.pages[path]
    assert isinstance(page, SweepPage)
    return page


def payload(site: PlannedSite, path: str = DATA) -> Any:
    data = site.files[path]
    assert isinstance(data, bytes)
    found = re.fullmatch(rb"runstore\.put\((.*)\);\n", data, re.DOTALL)
    assert found
    return json.loads(b"[" + found[1] + b"]")[1]


def config(tmp_path: Path, text: str) -> SweepText:
    found = read_config(write_file(tmp_path / "sweep.yaml", text))
    assert found is not None
    return found


def layout(root: Path) -> SweepLayout:
    return SweepLayout(root / "tune" / "sweeps" / "k3v9x2ab")


def changed(before: PlannedSite, after: PlannedSite) -> set[str]:
    return {path for path in after.digests if before.digests.get(path) != after.digests[path]}


# What the page says


def test_the_head_tells_the_best_trial_the_states_and_how_far_the_sweep_is(root: Path) -> None:
    points = write_sweep(root)
    head = page_of(plan(root, now=START)).sweep
    best = min((min(point.losses), point.number) for point in points if point.state in ("finished", "stopped"))
    assert head.best is not None
    assert (head.best.value, head.best.number) == (f"{best[0]:.6g}", best[1])
    assert [name for name, _ in head.best.params] == ["lr", "layers", "optimizer", "dropout"]
    assert (head.over, head.trials, head.total, head.total_is) == (58, 60, 80, "run_cap")
    assert dict(head.states)["stopped"] == sum(point.state == "stopped" for point in points)
    assert sum(count for _, count in head.states) == 60
    assert (head.method, head.goal, head.metric) == ("bayes", "lowest", "val/loss")
    assert head.stopping.startswith("hyperband at 3, 9, 27")
    assert head.how == "runstore agent tune/k3v9x2ab"


def test_a_trial_without_an_end_runs_while_its_run_does_and_is_silent_once_that_is(root: Path) -> None:
    write_sweep(root)
    states = payload(plan(root, now=START + 4000))["trials"]["state"]
    assert states[-2:] == ["silent", "silent"]
    for path in (root / "tune" / "runs").glob("t05[89]"):
        (path / "state.json").write_text('{"state": "running"}')
        write_file(path / "heartbeat", "{}")
    site = plan(root)
    assert payload(site)["trials"]["state"][-2:] == ["running", "running"]
    assert page_of(site).sweep.state == "running"


def given_back(root: Path, state: str, *, bye: bool, attempts: int = 1) -> None:
    """The last trial has no outcome: its run ended in its first attempt, and its agent said good-bye or did not."""
    write_sweep(root, count=59)
    write_file(root / "tune" / "runs" / "t058" / "state.json", {"state": state, "finished": moment(60 * 58 + 40)})
    params = {"lr": 0.1}
    for attempt in range(1, attempts + 1):
        claim = Claim(58, "t058", f"agent{attempt}", params, attempt, time=moment(60 * 58 + 3600 * (attempt - 1)))
        layout(root).claim(58, attempt).unlink(missing_ok=True)
        write_record(layout(root).claim(58, attempt), claim)
        beat = Beat(f"agent{attempt}", 9, "bye" if bye else "training", trial=None if bye else 58, attempt=attempt)
        write_file(layout(root).agent(f"agent{attempt}"), dump(beat))


@pytest.mark.parametrize(
    ("state", "bye", "attempts", "expected"),
    [
        ("killed", True, 1, "queued"),
        ("killed", True, 2, "queued"),
        ("killed", False, 2, "running"),
        ("finished", True, 1, "uncounted"),
        ("finished", False, 1, "uncounted"),
        ("failed", True, 1, "uncounted"),
        ("finished", False, 2, "running"),
    ],
)
def test_a_trial_runs_only_while_an_agent_may_be_at_it(
    root: Path, state: str, bye: bool, attempts: int, expected: str
) -> None:
    given_back(root, state, bye=bye, attempts=attempts)
    site = plan(root)
    assert payload(site)["trials"]["state"][-1] == expected
    head = page_of(site).sweep
    assert dict(head.states).get("running", 0) == (expected == "running")
    assert head.state == ("running" if expected == "running" else "idle")


def test_an_attempt_ends_when_its_run_was_last_heard_of_and_not_when_the_next_begins(root: Path) -> None:
    given_back(root, "running", bye=False, attempts=2)
    run = root / "tune" / "runs" / "t058"
    began = 60 * 58
    write_file(run / "state.json", {"state": "running"})
    write_file(run / "provenance.json", {"started": moment(began + 1)})
    write_file(run / "provenance.2.json", {"started": moment(began + 3601), "tracked": 40.0})
    write_file(run / "heartbeat.2", "{}")
    os.utime(run / "heartbeat.2", (START + began + 3631,) * 2)
    data = payload(plan(root, now=START + 9000))
    [[*_, ended]] = [each for each in data["earlier"] if each[0] == 58]
    assert ended == START + began + 41
    assert (data["trials"]["state"][-1], data["trials"]["ended"][-1]) == ("silent", START + began + 3631)


def test_a_metric_that_no_trial_logged_is_told_with_what_they_logged(root: Path) -> None:
    write_sweep(root, count=0, text=SWEEP_YAML.replace("name: val/loss", "name: loss"))
    for number in range(3):
        meta = {"sweep": "k3v9x2ab", "created": moment(number)}
        write_run(root, "tune", f"r{number}", curve(2), meta=meta, files={"summary.json": {"val/loss": 1, "epoch": 2}})
        write_record(layout(root).claim(number), Claim(number, f"r{number}", "a", {"lr": 0.1}, time=moment(number)))
        if number < 2:
            write_record(layout(root).done(number), Outcome(number, f"r{number}", "a", "finished", time=moment(99)))
    head = page_of(plan(root)).sweep
    assert (head.best, head.why) == (None, "2 of 2 ended trials never logged loss; they logged val/loss, epoch")
    write_sweep(root)
    assert page_of(plan(root)).sweep.why == ""


@pytest.mark.parametrize(
    ("asked", "state"), [("pause", "paused"), ("resume", "idle"), ("stop", "stopped"), ("cancel", "cancelled")]
)
def test_what_people_asked_for_last_is_the_state(root: Path, asked: Any, state: str) -> None:
    write_sweep(root, count=4)
    write_record(layout(root).control(3), Control(3, asked))
    assert page_of(plan(root)).sweep.state == state


def test_a_sweep_is_finished_when_as_many_trials_ended_as_there_may_be_and_extending_it_takes_that_back(
    root: Path,
) -> None:
    write_sweep(root, count=4, text="method: random\nrun_cap: 4\nparameters: {lr: {min: 0.0, max: 1.0}}\n")
    write_file(layout(root).resolved_json, {"config": {"run_cap": 4}})
    assert page_of(plan(root)).sweep.state == "finished"
    write_record(layout(root).control(3), Control(3, "extend", data={"run_cap": 9, "ranges": {"lr": {"max": 5.0}}}))
    site = plan(root)
    assert (page_of(site).sweep.state, page_of(site).sweep.total) == ("idle", 9)
    assert payload(site)["parameters"][0]["high"] == 5.0


def test_every_attempt_is_told_with_its_agent_and_why_the_last_ended(root: Path) -> None:
    write_sweep(root)
    data = payload(plan(root))
    assert data["trials"]["attempt"][31] == 3
    assert data["trials"]["reason"][31] == "its agent died 3 times"
    earlier = [each for each in data["earlier"] if each[0] == 31]
    assert [(attempt, state) for _, attempt, _, _, state, _, _ in earlier] == [(1, "given up"), (2, "given up")]


def test_verdicts_and_thresholds_of_early_stopping_are_in_the_metrics_own_sign(root: Path) -> None:
    text = "method: random\nmetric: {name: acc, goal: maximize}\nearly_terminate: {type: hyperband, min_iter: 1}\n"
    write_sweep(root, count=0, text=text)
    write_run(root, "tune", "before", curve(2))
    for number, value in enumerate((0.9, 0.7, 0.5, 0.3)):
        write_record(layout(root).claim(number), Claim(number, f"r{number}", "a", {"lr": number}))
        done = Outcome(number, f"r{number}", "a", "finished", value=value, count=1, rungs=(-value,))
        write_record(layout(root).done(number), done)
    site = plan(root)
    assert payload(site)["bands"] == {"rule": "hyperband", "bands": [1], "thresholds": [0.7]}
    head = page_of(site).sweep
    assert head.best is not None
    assert (head.goal, head.best.value) == ("highest", "0.9")


def test_a_trial_that_was_killed_is_not_the_best_however_good_it_was(root: Path) -> None:
    write_sweep(root)
    before = page_of(plan(root, now=START)).sweep.best
    write_record(layout(root).claim(60), Claim(60, "t060", "agent1", {"lr": 0.1}, time=moment(3700)))
    write_record(layout(root).done(60), Outcome(60, "t060", "agent1", "killed", value=0.0, time=moment(3800)))
    head = page_of(plan(root, now=START)).sweep
    assert dict(head.states)["killed"] >= 1
    assert head.best == before


def test_the_surrogate_is_that_of_the_last_trial_that_tells_of_one(root: Path) -> None:
    write_sweep(root)
    model = payload(plan(root))["model"]
    assert model["trial"] == 59
    assert model["lengths"] == [0.262238, 0.346912, 0.786873, 1.32477]
    assert model["warp"]["power"] == -0.233465


def test_two_lines_in_a_record_after_a_merge_are_two_trials(root: Path) -> None:
    points = write_sweep(root, count=3)
    other = Point(2, points[2].params, points[2].losses)
    other.run = "other"
    write_trial(root, layout(root), other)
    data = payload(plan(root))
    assert data["trials"]["n"] == [0, 1, 2, 2]
    assert set(data["trials"]["run"]) == {"t000", "t001", "t002", "other"}


# Runs without records


def test_runs_that_name_a_sweep_have_its_page_without_any_record(root: Path) -> None:
    for at in range(4):
        meta = {"sweep": "w/b 1", "created": moment(60 * at), "name": f"run {at}"}
        values = {"lr": 10.0**-at, "opt": "adam" if at % 2 else "sgd", "seed": 1}
        write_run(
            root, run_id=f"r{at}", history=curve(3), config=values, meta=meta, files={"summary.json": {"loss": at}}
        )
    site = plan(root)
    path = next(path for path in site.files if re.fullmatch(r"p/sweeps/w-b-1-\w+/index.html", path))
    head = page_of(site, path).sweep
    assert head.best is not None
    assert (head.best.value, head.best.number, head.metric, head.has_records) == ("0", 0, "loss", False)
    data = payload(site, path.replace("index.html", "sweep.js"))
    assert [(each["name"], each["scale"]) for each in data["parameters"]] == [("lr", "log"), ("opt", "choice")]
    assert data["model"] is None


def test_a_sweep_that_nothing_ran_of_has_a_page(root: Path) -> None:
    write_run(root, "tune", "r", curve(2))
    write_file(layout(root).sweep_yaml, "method: grid\nparameters: {a: {values: [1, 2]}, b: {min: 1, max: 3}}\n")
    head = page_of(plan(root)).sweep
    assert (head.state, head.trials, head.total, head.total_is) == ("no trial yet", 0, 6, "the grid")


# Links and when things are made again


def test_the_project_the_runs_and_the_front_page_lead_to_the_sweep(root: Path) -> None:
    write_sweep(root, count=3)
    site = plan(root)
    (link,) = site.pages["tune/index.html"].sweeps
    assert (link.name, link.href, link.count) == ("small net (k3v9x2ab)", "sweeps/k3v9x2ab/index.html", 3)
    fields = {field.label: field for field in site.pages["tune/runs/t002/index.html"].overview}
    assert (fields["Sweep"].href, fields["Trial"].value) == ("../../../tune/sweeps/k3v9x2ab/index.html", "2")
    assert site.pages["index.html"].projects[0].sweeps == 1


def test_a_record_makes_the_page_of_its_sweep_anew_and_nothing_else(root: Path) -> None:
    write_sweep(root, count=3)
    write_sweep(root, sweep_id="other", count=0)
    before = plan(root)
    write_record(layout(root).claim(3), Claim(3, "waiting", "a", {"lr": 0.1}))
    after = plan(root)
    assert changed(before, after) == {PAGE, DATA, DOCUMENT}
    assert payload(after)["trials"]["n"] == [0, 1, 2, 3]


def test_a_new_run_of_the_sweep_makes_its_page_anew_and_one_of_another_does_not(root: Path) -> None:
    write_sweep(root, count=3)
    before = plan(root)
    write_run(root, "tune", "zz", curve(2), meta={"sweep": "k3v9x2ab"})
    assert {PAGE, DATA} <= changed(before, plan(root))
    before = plan(root)
    write_run(root, "tune", "yy", curve(2), meta={"sweep": "elsewhere"})
    assert not {PAGE, DATA} & changed(before, plan(root))


def test_a_heartbeat_touches_no_page_but_the_sweeps(root: Path) -> None:
    write_sweep(root, count=3)
    before = plan(root)
    beat = next(layout(root).agents_dir.iterdir())
    beat.write_bytes(beat.read_bytes() + b" ")
    assert changed(before, plan(root)) == {PAGE, DATA, DOCUMENT}


# What is wrong in a store


def test_records_that_cannot_be_read_are_problems_and_hide_nothing_else(root: Path) -> None:
    write_sweep(root, count=5)
    layout(root).done(1).write_bytes(b'{"sum":"00000000","n":1}\n')
    layout(root).claim(3).write_bytes(b"\x00\xff")
    next(layout(root).agents_dir.iterdir()).write_bytes(b"[1]")
    layout(root).sweep_yaml.write_text("method: [\n")
    site = plan(root)
    where = {problem.where for problem in page_of(site).problems}
    assert {f"tune/sweeps/k3v9x2ab/{name}" for name in ("sweep.yaml", "claims/000/000003", "done/000/000001")} <= where
    assert payload(site)["trials"]["n"] == [0, 1, 2, 4]
    assert payload(site)["metric"] == "val/loss"


def test_records_with_values_of_any_kind_make_a_page(root: Path) -> None:
    write_sweep(root, count=1)
    deep: Any = {}
    for _ in range(150):
        deep = {"a": deep}
    odd: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"lr": float("nan"), HOSTILE: [1], "layers": {"__proto__": 1}}, {"model": 3, "mean": "x", "by": ["y"]}),
        ({"lr": "text", "layers": 2**60, "optimizer": None}, {"model": {"scales": {"lr": "NaN"}, "warp": [1]}}),
        ({"deep": deep}, {"model": {"scales": {"lr": 0.5}, "warp": {"center": 1}, "noise": -1}}),
    ]
    for number, (params, info) in enumerate(odd, 1):
        claim = Claim(number, f"x{number}", HOSTILE, params, info=info, time="yesterday")
        write_record(layout(root).claim(number), claim)
        done = Outcome(number, f"x{number}", "a", HOSTILE, value=float("inf"), reason=HOSTILE, time=HOSTILE)  # type: ignore[arg-type]
        write_record(layout(root).done(number), done)
    data = payload(plan(root))
    assert data["trials"]["value"][1:] == [None] * 3
    assert data["trials"]["odd"][1:] == ["Infinity"] * 3
    assert data["model"]["lengths"] == [0.5, None, None, None]
    assert data["model"]["warp"] is None


def test_a_link_in_place_of_a_sweep_is_not_followed(root: Path, tmp_path: Path) -> None:
    write_run(root, "tune", "r", curve(2))
    elsewhere = tmp_path / "elsewhere"
    write_sweep(elsewhere, count=1)
    (root / "tune" / "sweeps").mkdir()
    (root / "tune" / "sweeps" / "linked").symlink_to(elsewhere / "tune" / "sweeps" / "k3v9x2ab")
    assert not [path for path in plan(root).files if "sweeps/" in path]


# Configurations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{min: 1, max: 8}", Parameter("a", "linear", 1.0, 8.0, integer=True)),
        ("{min: 1.0, max: 8}", Parameter("a", "linear", 1.0, 8.0)),
        ("{distribution: log_uniform_values, min: 0.01, max: 1}", Parameter("a", "log", 0.01, 1.0)),
        ("{distribution: log_uniform, min: 0, max: 0}", Parameter("a", "log", 1.0, 1.0)),
        ("{distribution: inv_log_uniform, min: 0, max: 0}", Parameter("a", "log", 1.0, 1.0)),
        ("{distribution: q_uniform, min: 0, max: 1, q: 0.5}", Parameter("a", "linear", 0.0, 1.0)),
        ("{distribution: normal, mu: 3}", Parameter("a", "linear")),
        ("{values: [x, y]}", Parameter("a", "choice", choices=("x", "y"))),
        ("{values: [x]}", None),
        ("{value: 3}", None),
        ("3", None),
    ],
)
def test_a_parameter_has_the_scale_and_the_ends_of_its_distribution(
    tmp_path: Path, text: str, expected: Parameter | None
) -> None:
    found = config(tmp_path, f"method: random\nparameters: {{a: {text}}}\n").parameters
    assert found == (() if expected is None else (expected,))


def test_nested_parameters_have_dotted_names(tmp_path: Path) -> None:
    text = "parameters: {opt: {parameters: {lr: {min: 0.0, max: 1.0}, name: {values: [a, b]}}}}"
    assert [each.name for each in config(tmp_path, text).parameters] == ["opt.lr", "opt.name"]


@pytest.mark.parametrize(
    ("rule", "bands"),
    [
        ("{type: hyperband, min_iter: 3}", (3, 9, 27)),
        ("{type: hyperband, max_iter: 27, s: 2}", (3, 9)),
        ("{type: hyperband, max_iter: 81, s: 3, eta: 3}", (3, 9, 27)),
        ("{type: hyperband, max_iter: 5, s: 2, eta: 2}", (1, 2)),
        ("{type: asha, min_iter: 2, max_iter: 20, eta: 3}", (2, 6, 18)),
        ("{type: hyperband, min_iter: 1, eta: 1}", ()),
    ],
)
def test_bands_are_those_of_the_rule(tmp_path: Path, rule: str, bands: tuple[int, ...]) -> None:
    stopping = config(tmp_path, f"early_terminate: {rule}").stopping
    assert stopping is not None
    assert stopping.bands[: max(len(bands), 1)] == bands


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("{a: {values: [1, 1.0, 2]}, b: {value: 3}}", 2),
        ("{a: {distribution: q_uniform, min: 0, max: 1, q: 0.5}}", 2),
        ("{a: {values: [1, 2]}, b: {values: [1, 2], when: {a: 1}}}", None),
        ("{a: {min: 0.0, max: 1.0}}", None),
    ],
)
def test_a_grid_has_a_size_where_its_points_are_plainly_listed(tmp_path: Path, text: str, size: int | None) -> None:
    assert config(tmp_path, f"method: grid\nparameters: {text}\n").size == size


@pytest.mark.parametrize("text", ["method: [", "- a list", "a: &b [*b]", "\x00", "x" * 300_000])
def test_what_is_no_configuration_says_why_and_is_shown_as_it_stands(tmp_path: Path, text: str) -> None:
    found = config(tmp_path, text)
    assert found.problem
    assert text.startswith(found.text[:100])


@given(st.text(max_size=400))
def test_pieces_of_a_text_are_the_whole_text(text: str) -> None:
    lines = ["".join(piece.text for piece in line) for line in yaml_lines(text)]
    expected = [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")] if text else []
    assert lines == expected


def test_keys_numbers_texts_and_comments_have_colours() -> None:
    pieces = yaml_lines('lr: {min: 1e-5, max: "a b"}  # ends\ncommand: ["${env}", ${args}]\n')
    kinds = [(piece.kind, piece.text) for line in pieces for piece in line if piece.kind]
    assert kinds[:5] == [("key", "lr"), ("key", "min"), ("number", "1e-5"), ("key", "max"), ("text", '"a b"')]
    assert kinds[5:] == [("comment", "# ends"), ("key", "command"), ("text", '"${env}"'), ("macro", "${args}")]
