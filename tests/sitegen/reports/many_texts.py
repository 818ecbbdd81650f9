"""A program that asks for thousands of made-up values and checks, and prints how many ended well."""

import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from sitegen.reports.mistakes import ReportError  # noqa: E402
from sitegen.reports.values.expressions import Values  # noqa: E402
from tests.sitegen.reports.study import write_study  # noqa: E402
from tests.stores import write_store  # noqa: E402

WORDS = r"""
runs ours .mean .best .where .group .first .summary .config .values ( ) [ ] 'val_acc' 'a' 0 1 1e9 99999 0.5 + - * / //
** % ~ | |round |fixed(2) |default(1) |join |length , if else and or not == < >= in p_value difference mean median count
best std over of all ± within group = != 'baseline' state config. config.lr summary. val/loss \ é ²
{{ }} {% %} {# __class__
"""
PIECES = [*WORDS.split(), " ", "\ud800", "\u200b", "\"group = 'ours'\"", '"config.lr < 1"', "\"name ~ '(a+)+$'\""]
"""What values and checks are made of, and what they are not."""

GROWING = ("(", "[", "not ", "-", "runs.where('", "'a'~", "1**", "a/", "summary.a/a", "config.", "count() = 1 and ")
"""What could take long where there is much of it."""


def texts(count: int) -> list[str]:
    source = random.Random(7)
    made = ["".join(source.choices(PIECES, k=source.randint(1, 25))) for _ in range(count - len(GROWING) * 3)]
    long = [piece * (times // len(piece)) for piece in GROWING for times in (100, 2_000, 100_000)]
    return made + long


def main() -> None:
    runs = write_study(write_store(Path(sys.argv[1]) / "experiments"))
    ended = 0
    for text in texts(8_000):
        values = Values({"runs": runs, "ours": runs[:5]})
        try:
            values.inline(text)
        except ReportError:
            pass
        values.check(text)
        ended += 2
    print(ended)


main()
