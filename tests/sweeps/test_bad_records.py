"""Records that were edited, cut off, or are none: one clear line each, and the rest of the sweep goes on."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runstore.format.sweep_layout import SweepLayout
from runstore.format.sweep_records import BadRecordError, Claim, Control, Outcome, dump, load
from runstore.reading.sweeps import open_sweep
from sweeps.controller import Controller, Over
from sweeps.errors import SweepError
from tests.sweeps.small_sweeps import Agent, create, layout, work

HARM: dict[str, tuple[Callable[[Path], object], str]] = {
    "edited": (lambda path: path.write_bytes(path.read_bytes().replace(b'"n":', b'"n" :')), "changed by hand"),
    "empty": (lambda path: path.write_bytes(b""), "an empty record"),
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:40]), "it was cut off"),
    "text": (lambda path: path.write_text("hello\n"), "without a checksum in front"),
    "a directory": (lambda path: (path.unlink(), path.mkdir()), "a directory in place of a file"),
    "a link": (lambda path: (path.unlink(), path.symlink_to("/etc/passwd")), "a link, which is not followed"),
    "a pipe": (lambda path: (path.unlink(), os.mkfifo(path)), "an empty record"),
}


@pytest.fixture
def sweep(tmp_path: Path) -> SweepLayout:
    create(tmp_path)
    controller = Agent(layout(tmp_path), "a")
    work(controller, 3)
    controller.controller.ask("pause")
    controller.controller.ask("resume")
    return layout(tmp_path)


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("kind", ["claim", "outcome", "control"])
def test_a_bad_record_is_one_line_and_the_rest_goes_on(sweep: SweepLayout, kind: str, harm: str) -> None:
    act, said = HARM[harm]
    path = {"claim": sweep.claim(1), "outcome": sweep.done(1), "control": sweep.control(1)}[kind]
    act(path)
    reader = open_sweep(sweep)
    [line] = reader.described()
    assert line.startswith(str(path.relative_to(sweep.path)))
    assert said in line
    assert "\n" not in line
    states = [trial.state for trial in reader.state.trials]
    assert states == {"claim": ["finished"] * 2, "outcome": ["finished", "crashed", "finished"]}.get(
        kind, ["finished"] * 3
    )
    assert not reader.state.paused
    agent = Agent(sweep, "b")
    work(agent, 1)
    assert agent.claims[0].n == 3
    assert agent.counted


def test_a_cap_counts_trials_and_not_claims_that_nobody_can_read(sweep: SweepLayout) -> None:
    Controller.open(sweep).ask("extend", {"run_cap": 4})
    sweep.claim(1).write_bytes(b"")
    agent = Agent(sweep, "b")
    assert isinstance(work(agent), Over)
    assert [claim.n for claim in agent.claims] == [3, 4]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "found nothing, expected the sweep's configuration"),
        ("", "found nothing"),
        ("{", "found broken JSON"),
        ("[1]", "found a JSON list, expected an object"),
        ('{"format": 9}', "found format 9"),
        ('{"format": 1, "publish": "link", "config": {"method": "gird"}}', "'gird'"),
    ],
)
def test_a_broken_configuration_is_one_clear_line(sweep: SweepLayout, text: str | None, said: str) -> None:
    if text is None:
        sweep.resolved_json.unlink()
    else:
        sweep.resolved_json.write_text(text)
    with pytest.raises(SweepError, match=said) as caught:
        Controller.open(sweep)
    assert str(sweep.resolved_json) in str(caught.value)
    assert len(open_sweep(sweep).state.trials) == 3


def test_no_sweep_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="found no sweep"):
        Controller.open(layout(tmp_path))


@pytest.mark.parametrize("wrong", [b"[]", b'{"sum":"00000000","v":1}', b'{"sum":"', b"\xff\xfe", b"{}\n{}"])
def test_a_line_that_is_no_record_is_refused(wrong: bytes) -> None:
    with pytest.raises(BadRecordError):
        load(wrong, Outcome)


def test_records_come_back_as_they_were_without_what_is_by_default() -> None:
    claim = Claim(3, "r", "a", {"lr": 1e-5, "net": {"x": [1, None, True]}}, position=0, info={"e": 1.5})
    assert load(dump(claim), Claim) == claim
    assert b"retries" not in dump(claim)
    outcome = Outcome(3, "r", "a", "stopped", value=float("-inf"), rungs=(1.0, float("inf")))
    assert load(dump(outcome), Outcome) == outcome
    assert load(dump(Control(1, "extend", data={"run_cap": 3})), Control).data == {"run_cap": 3}
