"""`manifest.yaml`: written, read back, merged, edited by hand, broken."""

import random
import string
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from runstore.artifacts import manifest
from runstore.artifacts.manifest import FileEntry, Head, Record, Source
from runstore.errors import FormatError
from runstore.format import yaml12

PATH = Path("artifacts/model/v0/manifest.yaml")
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
WORDS = st.text(string.ascii_letters + "-_ é", min_size=1, max_size=8)
TIMES = st.datetimes().map(lambda moment: moment.isoformat(timespec="microseconds") + "Z")
IDS = st.text(string.digits + string.ascii_lowercase, min_size=8, max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ENTRIES = st.lists(
    st.builds(
        FileEntry,
        path=TEXT.filter(bool),
        sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
        size=st.none() | st.integers(0, 2**60),
        ref=TEXT,
        etag=TEXT,
    ),
    max_size=5,
).map(lambda entries: {entry.path: entry for entry in entries})
HEADS = st.builds(
    Head,
    id=IDS,
    name=WORDS,
    type=WORDS,
    created=TIMES,
    digest=st.text("0123456789abcdef", min_size=64, max_size=64),
    files=st.integers(0, 9),
    size=st.integers(0, 2**60),
    run=TEXT,
    step=st.none() | st.integers(0, 2**40),
    description=TEXT,
    metadata=st.dictionaries(TEXT, JSON, max_size=4),
    aliases=st.dictionaries(WORDS, TIMES, max_size=3),
    tags=st.lists(WORDS, max_size=3).map(tuple),
    ttl=st.none() | st.floats(1, 1e9),
    source=st.none() | st.builds(Source, TEXT, TEXT, TEXT, TEXT),
)
RECORDS = st.builds(Record, HEADS, ENTRIES)


def parse(data: bytes, **options: bool) -> list[Record]:
    mistakes: list[FormatError] = []
    found = manifest.parse(PATH, data, mistakes, **options)
    assert mistakes == []
    return found


@given(RECORDS)
def test_what_is_written_is_read_back(record: Record) -> None:
    data = manifest.dump(record)
    assert parse(data) == [record]
    assert [found.head for found in parse(data, entries=False)] == [record.head]


@given(RECORDS)
def test_it_is_yaml_too(record: Record) -> None:
    data = manifest.dump(record)
    laid_out = yaml12.dump(yaml12.load(data)).encode()
    assert parse(laid_out) == [record]
    assert [found.head for found in parse(laid_out, entries=False)] == [record.head]


@given(st.lists(RECORDS, min_size=2, max_size=3, unique_by=lambda record: record.head.id), st.randoms())
def test_lines_mean_the_same_in_any_order_and_twice(records: list[Record], chance: random.Random) -> None:
    lines = [line for record in records for line in manifest.dump(record).splitlines(keepends=True)]
    lines += chance.sample(lines, len(lines) // 2)
    chance.shuffle(lines)
    expected = sorted(records, key=lambda record: record.head.age_order)
    found = parse(b"".join(lines))
    assert [record.head for record in found] == [record.head for record in expected]
    assert [dict(record.entries) for record in found] == [dict(record.entries) for record in expected]


@given(st.lists(HEADS, min_size=1, max_size=4))
def test_of_two_descriptions_the_later_counts_whatever_their_order(heads: list[Head]) -> None:
    same = [Head(**{key: getattr(head, key) for key in head.__slots__} | {"id": "same0000"}) for head in heads]
    folded = manifest.fold(same)
    assert folded == manifest.fold(reversed(same))
    assert folded.description == max(same, key=lambda head: (head.created, manifest.dump_head(head))).description
    assert set(folded.aliases) == {alias for head in same for alias in head.aliases}


def test_a_person_may_lay_it_out_and_leave_most_of_it_out() -> None:
    text = b"""
# my model
- id: abcdefgh
  type: model
  aliases: [best, mine]
  tags: one
- id: abcdefgh
  path: a.txt
  sha256: %s
""" % (b"a" * 64)
    [record] = parse(text)
    assert (record.head.name, record.head.type, set(record.head.aliases)) == ("model", "model", {"best", "mine"})
    assert (record.head.tags, list(record.entries)) == (("one",), ["a.txt"])


def test_a_bad_line_costs_that_line_and_is_said_with_its_number() -> None:
    good = manifest.dump(
        Record(Head("aaaaaaaa", "model", created="2026-01-01T00:00:00Z"), {"x": FileEntry("x", "1" * 64)})
    )
    bad = b'<<<<<<< ours\n- {"id":"aaaaaaaa","path":"y","sha256":"zz"}\n- {"path":"z","sha256":"%s"}\n' % (b"2" * 64)
    mistakes: list[FormatError] = []
    [record] = manifest.parse(PATH, good + bad + b'- {"id":"lost0000","path":"y","ref":"s3://x"}\n', mistakes)
    assert list(record.entries) == ["x"]
    assert [mistake.place for mistake in mistakes] == ["line 4", "line 5", "line 6", "id"]
