"""Terminal output as spans of text with classes: colours stay, everything else that a terminal obeys goes."""

import re
from dataclasses import dataclass
from typing import Final

# CSI and OSC sequences: colours, cursor movements, titles; the parameters of a colour in group 1.
_ESCAPES: Final = re.compile(r"\x1b(?:\[([0-9;:]*)m|\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_FLAGS: Final = {1: "bold", 2: "faint", 3: "italic", 4: "under", 7: "inverse", 9: "struck"}
_ENDS: Final = {22: ("bold", "faint"), 23: ("italic",), 24: ("under",), 27: ("inverse",), 29: ("struck",)}
_BASIC: Final = [
    (0, 0, 0),
    (187, 0, 0),
    (0, 187, 0),
    (187, 187, 0),
    (0, 0, 187),
    (187, 0, 187),
    (0, 187, 187),
    (187, 187, 187),
]
_BRIGHT: Final = [tuple(min(255, each + 68) for each in colour) for colour in _BASIC]
_LEVELS: Final = (0, 95, 135, 175, 215, 255)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line that looks the same throughout; `style` is classes, "" for plain text."""

    text: str
    style: str = ""


class Pen:
    """How a terminal writes at the moment: it goes on from line to line."""

    def __init__(self) -> None:
        self._flags: set[str] = set()
        self._ink: str = ""
        self._paper: str = ""

    @property
    def plain(self) -> bool:
        """Whether it writes neither in a colour nor otherwise than usual."""
        return not (self._flags or self._ink or self._paper)

    def line(self, raw: str) -> tuple[Span, ...]:
        """One line as a terminal shows it in the end: of what carriage returns overwrote, the last."""
        spans: list[Span] = []
        for part in raw.rstrip("\r").split("\r"):
            written = list(self._part(part))
            if any(span.text for span in written):
                spans = written
        return tuple(span for span in spans if span.text)

    def _part(self, part: str) -> list[Span]:
        spans, end = [], 0
        for match in _ESCAPES.finditer(part):
            spans.append(Span(part[end : match.start()], self._style()))
            end = match.end()
            if match[1] is not None:
                self._change([int(each or 0) for each in re.split("[;:]", match[1])[:32] if len(each) < 6])
        return [*spans, Span(part[end:], self._style())]

    def _style(self) -> str:
        return " ".join([*sorted(self._flags), *(each for each in (self._ink, self._paper) if each)])

    def _change(self, codes: list[int]) -> None:
        while codes:
            code = codes.pop(0)
            if code == 0:
                self._flags, self._ink, self._paper = set(), "", ""
            elif code in _FLAGS:
                self._flags.add(_FLAGS[code])
            elif code in _ENDS:
                self._flags.difference_update(_ENDS[code])
            elif code in (38, 48):
                self._paint(code == 38, _extended(codes))
            elif code in (39, 49):
                self._paint(code == 39, None)
            elif 30 <= code <= 37 or 90 <= code <= 97:
                self._paint(True, code % 10 + (8 if code >= 90 else 0))
            elif 40 <= code <= 47 or 100 <= code <= 107:
                self._paint(False, code % 10 + (8 if code >= 100 else 0))

    def _paint(self, ink: bool, colour: int | None) -> None:
        if ink:
            self._ink = "" if colour is None else f"ink-{colour}"
        else:
            self._paper = "" if colour is None else f"paper-{colour}"


def _extended(codes: list[int]) -> int | None:
    """A colour of 256, or of 16 million, as the nearest of the 16 that a page has. Takes its numbers off the list."""
    if len(codes) >= 2 and codes[0] == 5:
        colour = codes[1] & 255
        del codes[:2]
        if colour < 16:
            return colour
        if colour >= 232:
            return _nearest(*[8 + 10 * (colour - 232)] * 3)
        colour -= 16
        return _nearest(_LEVELS[colour // 36], _LEVELS[colour // 6 % 6], _LEVELS[colour % 6])
    if len(codes) >= 4 and codes[0] == 2:
        red, green, blue = codes[1:4]
        del codes[:4]
        return _nearest(red, green, blue)
    codes.clear()
    return None


def _nearest(red: int, green: int, blue: int) -> int:
    wanted = (red, green, blue)
    return min(
        range(16),
        key=lambda at: sum((a - b) ** 2 for a, b in zip(wanted, (*_BASIC, *_BRIGHT)[at], strict=True)),
    )
