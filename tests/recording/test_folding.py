"""What a terminal shows in the end of bars that redraw themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstore.recording import folding
from runstore.recording.folding import Folding

UP = "\x1b[A"


def lines_of(*pieces: str) -> list[str]:
    found = Folding()
    return [line for piece in pieces for line in found.feed(piece)] + found.close()


def test_plain_lines_come_as_soon_as_they_are_finished() -> None:
    found = Folding()
    assert found.feed("one\ntw") == ["one"]
    assert found.shown() == ["tw"]
    assert found.feed("o\n") == ["two"]
    assert found.close() == []


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("10%\r20%\r100%\n", ["100%"]),
        ("long text\rshort\n", ["shorttext"]),
        ("bar\r\x1b[Kdone\n", ["done"]),
        ("bar\r   \rdone\n", ["done"]),
        ("\x1b[31mred\x1b[0m\n", ["\x1b[31mred\x1b[0m"]),
        ("a\r\n", ["a"]),
    ],
)
def test_a_line_is_what_remains_of_it(written: str, shown: list[str]) -> None:
    assert lines_of(written) == shown


def nested_bars(outer: int, inner: int) -> list[str]:
    """What tqdm writes for two bars, the inner one below."""
    pieces = []
    for epoch in range(outer):
        pieces.append(f"\router {epoch}/{outer}")
        pieces += [f"\n\rinner {step}/{inner}{UP}" for step in range(inner + 1)]
        pieces.append(f"\n\r{' ' * 12}\r{UP}")
    return [*pieces, f"\router {outer}/{outer}\n"]


def test_nested_bars_leave_one_line_each() -> None:
    assert lines_of(*nested_bars(3, 5)) == ["outer 0/3", "outer 3/3"] or lines_of(*nested_bars(3, 5)) == ["outer 3/3"]


def test_bars_that_stay_are_kept_in_their_places() -> None:
    written = "".join(f"\ra {n}\n\rb {n}\n\rc {n}{UP}{UP}" for n in range(50)) + "\n\n\nend\n"
    assert lines_of(written)[-4:] == ["a 49", "b 49", "c 49", "end"]
    assert len(lines_of(written)) <= 6


def test_lines_after_bars_are_not_held_back_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(folding.time, "monotonic", lambda: clock[0])
    found = Folding()
    found.feed(f"\ra\n\rb{UP}\ra2\n\rb2\nplain\n")
    clock[0] += 60
    assert found.feed("later\n")[-1] == "later"
    assert found.shown() == []


@given(
    st.lists(st.sampled_from(["\n", "\r", UP, "\x1b[2B", "\x1b[K", "ab", "c", "\x1b[3F", "\b"]), max_size=40), st.data()
)
def test_whatever_is_written_nothing_breaks_and_words_are_from_it(pieces: list[str], data: st.DataObject) -> None:
    text = "".join(pieces)
    cut = data.draw(st.integers(0, len(text)))
    for line in lines_of(text[:cut], text[cut:]):
        assert "\n" not in line


@given(st.text(alphabet="ab\n \x1b[m", max_size=60), st.integers(0, 60))
def test_text_without_moves_is_kept_as_it_is(text: str, cut: int) -> None:
    shown = lines_of(text[:cut], text[cut:])
    assert "\n".join(shown) == text.removesuffix("\n")
