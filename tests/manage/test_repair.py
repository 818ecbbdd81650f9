"""Repair: damage is cut out, nothing readable is lost, and every byte comes back."""

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.errors import StoreError
from runstore.format.layout import StoreLayout
from runstore.manage.aside import latest, undo
from runstore.manage.mending import mend_lines, mend_yaml
from runstore.manage.repair import repair
from runstore.reading.problems import Problem
from runstore.reading.rows import decode_line
from runstore.reading.store import read_store
from runstore.reading.verify import verify
from tests.stores import START, curve, lines, write_file, write_run, write_store

STATE = {"state": "finished", "exit_code": 0, "finished": "2026-10-01T10:01:30Z"}


def problems(root: Path, **named: Any) -> list[Problem]:
    return list(verify(read_store(root), **named))


def mended(root: Path) -> list[Problem]:
    """Repairs the store; the problems that are left."""
    repair(read_store(root), problems(root))
    return problems(root)


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not {".cache", ".repair"} & set(path.relative_to(root).parts)
    }


def readable(data: bytes, *, steps: bool = True) -> list[dict[str, Any]]:
    """The rows that a reader finds, those of a history each with its step."""
    found = []
    for number, line in enumerate(data.split(b"\n")):
        found += [{**({"_step": number} if steps else {}), **row} for row in decode_line(line)[0]]
    return found


DAMAGED = {
    "glued": b'{"a":1,"_step":0}{"a":2,"_step":1}\n{"a":3,"_step":2}\n',
    "glued without steps": b'{"a":1}{"a":2}\n{"a":3}\n',
    "torn end": b'{"a":1,"_step":0}\n{"a":2,"_st',
    "torn middle": b'{"a":1,"_step":0}\n{"a":2,"_st\n{"a":3,"_step":2}\n',
    "torn and glued": b'{"a":1,"_step":0}\n{"a":2,"_st{"a":3,"_step":2}\n',
    "NUL bytes": b'{"a":1,"_step":0}\n\0\0\0\0{"a":2,"_step":1}\n\0\0\0',
    "bad UTF-8": b'{"a":1,"_step":0}\n{"a":"\xff\xfe","_step":1}\n',
    "no row": b'{"a":1,"_step":0}\n[1,2]\n5\n{"a":NaN,"_step":1}\n',
    "a byte order mark": b'\xef\xbb\xbf{"a":1,"_step":0}\nnot json\n',
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_history_is_mended_without_loss_and_comes_back_byte_for_byte(root: Path, data: bytes) -> None:
    write_run(root, history=data, state=STATE)
    before = contents(root)
    assert problems(root)
    assert mended(root) == []
    history = (root / "p/runs/r1/history.jsonl").read_bytes()
    assert readable(history) == readable(data)
    assert all(type(json.loads(line)) is dict for line in history.splitlines() if line)
    assert [trouble for _, trouble in undo(StoreLayout(root))] == [""]
    assert contents(root) == before
    assert latest(StoreLayout(root)) is None


def test_lines_that_were_sound_stay_as_they_were() -> None:
    sound = b'{ "a" : 1.0, "_step":0 }\n{"a":1e-07,"b":"\xc3\xa9"}\n'
    assert mend_lines(sound + b'{"torn', steps=True) == sound
    assert mend_lines(b"\xef\xbb\xbf" + sound, steps=True) == sound


def test_a_lost_line_leaves_the_others_their_numbers() -> None:
    assert readable(mend_lines(b'{"a":1}\nlost\n{"a":2}\n', steps=True)) == [{"_step": 0, "a": 1}, {"_step": 2, "a": 2}]


def test_every_file_of_a_run_is_mended_or_set_aside(root: Path) -> None:
    files = {
        "summary.json": b'{"loss": 0.5, "_st',
        "system.jsonl": b'{"_timestamp":1,"cpu":5}\n{"_timestamp":2,"cp',
        "alerts.jsonl": b'{"title":"a","level":"INFO"}{"title":"b","level":"WARN"}\n',
        "provenance.json": b"\0\0\0\0",
        "metrics.yaml": b"- name: loss\n  goal: minimize\n- name: [\n",
    }
    run = write_run(
        root,
        history=curve(3),
        config="lr: 0.1\nmodel:\n  depth: 3\nbroken: [\nseed: 1\n",
        meta=b"name: first\0 try\ntags: [a\n",
        state=b'{"state":"failed","exit_code":1}\0\0',
        files=files,
    )
    stray = write_file(run / ".run.yaml.0a1b2c3d.tmp", "id: r1")
    os.utime(stray, (START, START))
    before = contents(root)
    assert {problem.path.rpartition("/")[2] for problem in problems(root)} == {
        *files,
        *("config.yaml", "run.yaml", "state.json", stray.name),
    }
    assert mended(root) == []
    [found] = read_store(root).projects[0].runs
    assert (found.meta.name, found.state, found.exit_code) == ("first try", "failed", 1)
    assert found.config == {"lr": 0.1, "model": {"depth": 3}, "seed": 1}
    assert json.loads((run / "summary.json").read_bytes())["loss"] == curve(3)[-1]["loss"]
    assert not (run / "provenance.json").exists()
    assert not stray.exists()
    assert {trouble for _, trouble in undo(StoreLayout(root))} == {""}
    assert contents(root) == before


def test_a_state_that_says_nothing_becomes_crashed(root: Path) -> None:
    write_run(root, history=curve(2), state=b'{"sta')
    assert mended(root) == []
    assert read_store(root).projects[0].runs[0].state == "crashed"


def test_what_only_people_can_mend_is_left_and_told(root: Path) -> None:
    stub = {"_type": "table-file", "path": "media/gone.json", "size": 3}
    write_run(root, history=[{"t": stub, "_step": 0}], meta="created: yesterday\n", state=STATE)
    left = [str(problem) for problem in mended(root)]
    assert len(left) == 2
    assert latest(StoreLayout(root)) is None


def test_a_live_run_is_left_alone(root: Path) -> None:
    data = b'{"a":1,"_step":0}\nnot json\n'
    run = write_run(root, history=data, state={"state": "running"})
    write_file(run / "heartbeat", json.dumps({"pid": 1, "host": "elsewhere", "boot": "x", "start": 0.0}))
    assert len(mended(root)) == 1
    assert (run / "history.jsonl").read_bytes() == data


def test_a_file_that_was_changed_since_the_repair_is_not_overwritten(root: Path) -> None:
    run = write_run(root, history=b'{"a":1,"_step":0}\n{"torn', state=STATE)
    mended(root)
    with (run / "history.jsonl").open("a") as file:
        file.write('{"a":2,"_step":1}\n')
    [(path, trouble)] = undo(StoreLayout(root))
    assert (path, trouble.startswith("found a file that was changed since")) == ("p/runs/r1/history.jsonl", True)
    assert latest(StoreLayout(root)) is not None


def test_an_undo_that_was_cut_short_goes_on(root: Path) -> None:
    for run in ("a", "b"):
        write_run(root, run_id=run, history=b'{"a":1,"_step":0}\n{"torn', state=STATE)
    before = contents(root)
    mended(root)
    next(undo(StoreLayout(root)))
    assert contents(root) != before
    assert len(list(undo(StoreLayout(root)))) == 2
    assert contents(root) == before
    with pytest.raises(StoreError, match="found no repair to take back"):
        list(undo(StoreLayout(root)))


def test_git_never_sees_what_was_set_aside(root: Path) -> None:
    write_run(root, history=b'{"torn', state=STATE)
    mended(root)
    assert (root / ".repair" / ".gitignore").read_text() == "*\n"


def test_a_link_in_the_place_of_what_is_set_aside_is_refused(root: Path, tmp_path: Path) -> None:
    write_run(root, history=b'{"torn', state=STATE)
    (tmp_path / "elsewhere").mkdir()
    (root / ".repair").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match=r"\.repair: found a link"):
        mended(root)
    assert not list((tmp_path / "elsewhere").iterdir())


def sound_store(root: Path) -> Path:
    write_store(root, "format: 1\nentity: lab\n")
    write_run(
        root,
        history=[{"loss": 1 / (step + 1), "text": "é", "_step": step, "_timestamp": START + step} for step in range(6)],
        config="lr: 0.1\nmodel:\n  depth: 3\n",
        meta="id: r1\nname: first\ntags: [a, b]\n",
        state=STATE,
        files={
            "history.2.jsonl": lines(curve(3, start=6)),
            "summary.json": {"loss": 0.1, "_step": 8},
            "system.jsonl": lines([{"_timestamp": START + step, "cpu": 5.0} for step in range(3)]),
            "alerts.jsonl": lines([{"title": "a", "text": "b", "level": "INFO", "_timestamp": START}]),
            "provenance.json": {"host": "node", "started": "2026-10-01T10:00:00Z"},
            "metrics.yaml": "- name: loss\n  goal: minimize\n",
        },
    )
    return root


@st.composite
def damages(draw: st.DrawFn) -> tuple[int, str, int, bytes]:
    """Which file, what is done to it, where (in thousandths), and with what."""
    kind = draw(st.sampled_from(["cut", "insert", "replace", "delete line end"]))
    return draw(st.integers(0, 30)), kind, draw(st.integers(0, 1000)), draw(st.binary(min_size=1, max_size=6))


def damage(path: Path, kind: str, place: int, data: bytes) -> None:
    old = path.read_bytes()
    at = len(old) * place // 1000
    match kind:
        case "cut":
            new = old[:at]
        case "insert":
            new = old[:at] + data + old[at:]
        case "replace":
            new = old[:at] + data + old[at + len(data) :]
        case _:
            end = old.find(b"\n", at)
            new = old if end < 0 else old[:end] + old[end + 1 :]
    path.write_bytes(new)


@given(st.lists(damages(), min_size=1, max_size=4))
def test_random_damage_is_told_mended_and_undone_without_loss(found: list[tuple[int, str, int, bytes]]) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        root = sound_store(folder / "experiments")
        files = [path for path in sorted(root.rglob("*")) if path.is_file() and path.name != "store.yaml"]
        for number, kind, place, data in found:
            damage(files[number % len(files)], kind, place, data)
        before = contents(root)
        told = problems(root)
        repair(read_store(root), told)
        left = {problem.path for problem in problems(root)}
        for name, data in before.items():
            if name.endswith(".jsonl"):
                after, steps = (root / name).read_bytes(), "history" in name
                assert same(readable(after, steps=steps), readable(data, steps=steps)), name
        # What is left is a sound file with a value that only its owner can correct.
        for problem in problems(root):
            assert not {"broken", "torn"} & set(problem.message.split()), problem
        assert left <= {problem.path for problem in told}
        if latest(StoreLayout(root)) is not None:
            assert {trouble for _, trouble in undo(StoreLayout(root))} == {""}
        assert contents(root) == before
    finally:
        shutil.rmtree(folder)


def same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)


@given(st.binary(max_size=300))
def test_any_bytes_become_lines_that_hold_what_they_held(data: bytes) -> None:
    mended_ = mend_lines(data, steps=True)
    assert same(readable(mended_), readable(data))
    assert mend_lines(mended_, steps=True) == mended_
    assert not mended_ or mended_.endswith(b"\n")


@given(st.text(alphabet="ab:-[]{}\n #'\"\0", max_size=60))
def test_any_text_becomes_yaml_that_can_be_read(text: str) -> None:
    from runstore.format import yaml12

    yaml12.load(mend_yaml(text.encode()))
