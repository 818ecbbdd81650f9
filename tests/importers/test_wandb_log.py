"""The file of a W&B run: framed as W&B frames it, torn at every length, damaged at any byte."""

import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.errors import FormatError
from runstore.importers.wandb_log import Log

BLOCK = 32768
HEAD = b":W&B" + struct.pack("<HB", 0xBEE1, 0)
CONTENTS = st.lists(st.integers(0, 70_000).map(lambda size: bytes([size % 251]) * size), max_size=6)


def framed(contents: list[bytes]) -> tuple[bytes, list[int]]:
    """A file of these records, and where each of them ends."""
    out, ends = bytearray(HEAD), []
    for content in contents:
        begun, first = 0, True
        while True:
            left = BLOCK - len(out) % BLOCK
            if left < 7:
                out += bytes(left)
                left = BLOCK
            part = content[begun : begun + left - 7]
            begun += len(part)
            last = begun == len(content)
            kind = {(True, True): 1, (True, False): 2, (False, False): 3, (False, True): 4}[(first, last)]
            out += struct.pack("<IHB", zlib.crc32(part, zlib.crc32(bytes([kind]))), len(part), kind) + part
            first = False
            if last:
                break
        ends.append(len(out))
    return bytes(out), ends


@given(CONTENTS, st.data())
def test_of_a_log_torn_at_any_length_the_whole_records_are_read(
    tmp_path: Path, contents: list[bytes], data: st.DataObject
) -> None:
    whole, ends = framed(contents)
    cut = data.draw(st.one_of(st.integers(len(HEAD), len(whole)), st.sampled_from([len(whole), *ends])))
    path = tmp_path / "run-x.wandb"
    path.write_bytes(whole[:cut])
    log = Log(path)
    found = list(log.read())
    assert found == [content for content, end in zip(contents, ends, strict=True) if end <= cut]
    lost = sum(each.lost for each in log.damage)
    is_padding = cut % BLOCK == 0 and cut - log.end < 7
    assert lost == (0 if is_padding else cut - log.end)


@given(CONTENTS.filter(lambda each: sum(map(len, each)) > 10), st.data())
def test_a_changed_byte_costs_records_but_no_error(tmp_path: Path, contents: list[bytes], data: st.DataObject) -> None:
    whole, _ = framed(contents)
    damaged = bytearray(whole)
    damaged[data.draw(st.integers(len(HEAD), len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "run-x.wandb"
    path.write_bytes(damaged)
    found = list(Log(path).read())
    remaining = list(contents)
    for each in found:
        remaining = remaining[remaining.index(each) + 1 :]


@given(st.binary(max_size=200))
def test_any_bytes_behind_the_head_are_read_without_an_error(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "run-x.wandb"
    path.write_bytes(HEAD + junk)
    list(Log(path).read())


@pytest.mark.parametrize("data", [b"", b":W&", b"PK\x03\x04....", HEAD[:6] + b"\x09"])
def test_a_file_of_another_kind_is_told_in_one_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "run-x.wandb"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"expected the file of a W&B run"):
        list(Log(path).read())
