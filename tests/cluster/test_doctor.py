"""The doctor on disks that share, and on such as only look like it."""

import builtins
import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runstore.errors import UsageError
from sweeps.doctor import checks
from sweeps.doctor.examine import examine
from sweeps.doctor.findings import Diagnosis, Finding
from sweeps.doctor.peer import Hands
from sweeps.doctor.workers import Worker
from sweeps.errors import SweepError
from tests.cluster.shared_disk import SharedDisk


def doctor(*arguments: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "runstore", "sweep", "doctor", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
    )


def by_name(diagnosis: Diagnosis) -> dict[str, Finding]:
    return {each.what: each for each in diagnosis.findings}


def test_on_this_machines_disk_all_holds(tmp_path: Path) -> None:
    found = examine(tmp_path)
    assert found.works
    assert found.smallest_heartbeat == 1
    named = by_name(found)
    for what in ("hard links", "link(2)", "open with O_EXCL", "flock", "new bytes of a file", "a renamed directory"):
        assert named[what].verdict == "ok", named[what].text
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_on_two_mounts_of_a_network_disk_sweeps_work(disk: SharedDisk) -> None:
    here, there = disk.a / "examined", disk.b / "examined"
    here.mkdir()
    found = examine(here, str(there))
    assert found.works, found.findings
    named = by_name(found)
    assert named["link(2)"].verdict == named["open with O_EXCL"].verdict == "ok"
    assert named["link(2)"].text.startswith("link(2): one of 8 processes made each of 200 names")
    # Its clients keep what they read for a second: far below the lease of the default heartbeat.
    delay = named["new bytes of a file"].delay
    assert delay is not None
    assert found.smallest_heartbeat <= 30
    assert not list(here.iterdir())


def test_a_file_that_is_replaced_while_it_is_opened_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a client of a network disk may say for a moment."""
    stale = [OSError(errno.ESTALE, "Stale file handle")] * 2
    real = builtins.open

    def opened(*args: Any, **options: Any) -> Any:
        if stale:
            raise stale.pop()
        return real(*args, **options)

    (tmp_path / "x").write_text("new")
    monkeypatch.setattr("builtins.open", opened)
    hands = Hands(tmp_path)
    assert not hands.look("bytes", "x", "new")
    assert not hands.look("bytes", "x", "new")
    assert hands.look("bytes", "x", "new")


def test_says_in_plain_lines_what_holds_and_which_lease_is_safe(tmp_path: Path) -> None:
    done = doctor(tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("ok    link(2): one of 8 processes made each of 200 names") for line in lines)
    assert lines[-2] == f"Sweeps work on {tmp_path}."
    assert lines[-1].startswith("A lease of 300 s is safe: `heartbeat: 30`, the default;")


def test_json_says_the_same(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--json")
    found = json.loads(done.stdout)
    assert found["works"] is True
    assert {"hard links", "link(2)", "flock"} <= {each["what"] for each in found["findings"]}


def test_a_peer_on_another_disk_is_told_from_a_mount_of_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "PATIENCE_SECONDS", 0.2)
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    with pytest.raises(SweepError, match=r"does not show what was written to .*one; name a mount of the same disk"):
        examine(tmp_path / "one", str(tmp_path / "other"))


def test_a_host_is_reached_through_ssh(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    ssh = tmp_path / "bin" / "ssh"
    # As ssh does: the options, the host, and one text for the other side's shell.
    ssh.write_text('#!/bin/sh\nfor last; do :; done\necho "$@" >>"$(dirname "$0")/calls"\nexec sh -c "$last"\n')
    ssh.chmod(0o755)
    (tmp_path / "disk").mkdir()
    done = doctor(tmp_path / "disk", "--peer", "node7", env={"PATH": f"{ssh.parent}:{os.environ['PATH']}"})
    assert done.returncode == 0, done.stderr
    assert "clocks: node7 is with this machine" in done.stdout
    calls = (ssh.parent / "calls").read_text().splitlines()
    assert len(calls) == 4
    assert all(" -- node7 " in call for call in calls)


def test_a_host_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    ssh = tmp_path / "bin" / "ssh"
    ssh.write_text("#!/bin/sh\necho 'ssh: Could not resolve hostname nowhere' >&2\nexit 255\n")
    ssh.chmod(0o755)
    done = doctor(tmp_path, "--peer", "nowhere", env={"PATH": f"{ssh.parent}:{os.environ['PATH']}"})
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert "on nowhere is gone: ssh: Could not resolve hostname nowhere" in line


def test_a_directory_that_is_missing_or_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found no directory"):
        examine(tmp_path / "missing")
    with pytest.raises(UsageError, match="found no directory; name another mount"):
        examine(tmp_path, str(tmp_path / "missing"))
    with pytest.raises(UsageError, match="name a directory that agents can write to"):
        examine(Path("/proc"))


def test_where_new_bytes_are_never_seen_sweeps_cannot_work(tmp_path: Path) -> None:
    """Two folders stand for two clients, of which one never hears of what the other writes."""
    sides = [tmp_path / "one", tmp_path / "other"]
    for side in sides:
        side.mkdir()
    one, other = (Worker(side) for side in sides)
    try:
        found = checks.seen_after(one, other, "name", patience=0.1)
        assert (found.verdict, found.needed) == ("no", True)
        assert checks.file_lock(one, other).verdict == "note"
        raced = checks.exclusive([one, other], "link")
        assert raced.verdict == "no"
        assert raced.text == "link(2): 2 of 2 processes made the same name"
    finally:
        one.close()
        other.close()
    diagnosis = Diagnosis("there", (found,))
    assert not diagnosis.works
    assert diagnosis.advice() == [
        "Sweeps cannot work on there: a new file by its name. Keep the store on another disk."
    ]


def test_without_hard_links_o_excl_is_what_counts(tmp_path: Path) -> None:
    linked = Finding("hard links", "note", "")
    assert Diagnosis("there", (linked, Finding("open with O_EXCL", "ok", "", needed=True))).works
    assert not Diagnosis("there", (linked, Finding("open with O_EXCL", "no", "", needed=True))).works


@pytest.mark.parametrize(("delay", "heartbeat"), [(0.001, 1), (60.0, 8), (239.0, 30), (400.0, 50)])
def test_a_lease_leaves_room_for_what_is_seen_late(delay: float, heartbeat: int) -> None:
    found = Diagnosis("there", (Finding("new bytes of a file", "ok", "", delay=delay),))
    assert found.smallest_heartbeat == heartbeat
    assert f"`heartbeat: {max(30, heartbeat)}`" in found.advice()[1]
    assert 10 * heartbeat - 2 * heartbeat >= delay
