"""Lines of a terminal out of what was written to it in pieces."""

from runstore.importers.sources import LogLine
from runstore.importers.terminal_text import lines_of


def texts(*pieces: str) -> list[str]:
    return [line.text for line in lines_of(LogLine(piece, 1.0) for piece in pieces)]


def test_lines_are_whole_however_they_were_cut() -> None:
    assert texts("a", "b\nc", "\n", "\n", "d") == ["ab", "c", "", "d"]


def test_of_a_progress_bar_the_last_state_counts() -> None:
    assert texts("10%\r50%\r", "100%\n", "done\r\n") == ["100%", "done"]
    assert texts("\r10%", "\r50%", "\r100%") == ["100%"]


def test_two_streams_do_not_mix_and_a_line_has_the_time_it_began() -> None:
    pieces = [LogLine("out", 1.0), LogLine("err\n", 2.0, "stderr"), LogLine("put\n", 3.0)]
    assert list(lines_of(pieces)) == [LogLine("err", 2.0, "stderr"), LogLine("output", 1.0)]
