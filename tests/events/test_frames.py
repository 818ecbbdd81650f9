"""Event files that are whole, growing, torn or damaged: what is whole is read, each record once."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.events.frames import Frames
from tests.events.event_files import record

CONTENTS = st.lists(st.binary(max_size=60), max_size=12)


@given(CONTENTS, st.data())
def test_of_a_file_torn_at_any_length_the_whole_records_are_read(
    tmp_path: Path, contents: list[bytes], data: st.DataObject
) -> None:
    whole = b"".join(map(record, contents))
    path = tmp_path / "events"
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    frames = Frames(path)
    found = list(frames.read())
    assert found == contents[: len(found)]
    assert frames.offset == sum(len(record(each)) for each in found)
    assert frames.rest() == cut - frames.offset
    assert not frames.damage


@given(CONTENTS, st.lists(st.integers(0, 1000), max_size=6))
def test_a_file_that_grows_by_any_pieces_is_read_once(tmp_path: Path, contents: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(map(record, contents))
    path = tmp_path / "events"
    frames, found = Frames(path), list[bytes]()
    for cut in [*sorted(min(cut, len(whole)) for cut in cuts), len(whole)]:
        path.write_bytes(whole[:cut])
        found += frames.read()
    assert found == contents


@given(CONTENTS.filter(bool), st.data())
def test_a_byte_that_was_changed_costs_one_record_or_ends_the_file(
    tmp_path: Path, contents: list[bytes], data: st.DataObject
) -> None:
    whole = bytearray(b"".join(map(record, contents)))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "events"
    path.write_bytes(whole)
    frames = Frames(path)
    found = list(frames.read())
    [damage] = frames.damage
    assert damage.offset <= at < damage.offset + damage.lost
    before = next(n for n in range(len(contents)) if sum(len(record(each)) for each in contents[: n + 1]) > at)
    assert found == contents[:before] + ([] if frames.broken else contents[before + 1 :])


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "events"
    path.write_bytes(junk)
    list(Frames(path).read())


def test_records_larger_than_a_piece_are_read(tmp_path: Path) -> None:
    contents = [b"a" * (9 << 20), b"b", b"c" * (4 << 20), b"d"]
    path = tmp_path / "events"
    path.write_bytes(b"".join(map(record, contents)))
    assert list(Frames(path).read()) == contents


def test_a_checked_file_is_read_as_far_as_it_was_checked(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_bytes(record(b"one") + record(b"two") + record(b"three"))
    end = len(record(b"one") + record(b"two"))
    assert list(Frames(path, until=end, known=frozenset([0])).read()) == [b"two"]


def test_a_file_that_is_gone_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(Frames(tmp_path / "nothing").read())
