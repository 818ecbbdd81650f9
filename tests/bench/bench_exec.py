"""What `runstore exec` costs a training by transformers: `python -m tests.bench.bench_exec [--json PATH]`.

One process trains a small BERT again and again, by turns with `report_to="wandb"`, which is Runstore there, and with
`report_to="none"`; a ratio is the median over the rounds. A training of seconds is too short for the machine's own
noise to stay below a hundredth: so what is spent inside the reporting callback is measured as well.
"""

import json
import tempfile
from pathlib import Path
from statistics import median

from tests.bench import report
from tests.bench.report import Measure
from tests.libraries.environments import python
from tests.libraries.training import Training

ROUNDS = 7
_BAR = 1.01


def main() -> None:
    report.run("What `runstore exec` costs a training", measure)


def measure() -> list[Measure]:
    with tempfile.TemporaryDirectory() as folder:
        training = Training(python("training"), Path(folder))
        done = training.run("pace_transformers.py", str(ROUNDS), as_wandb=True, patience=1800)
    rounds = [json.loads(line.removeprefix("pace")) for line in done.stdout.splitlines() if line.startswith("pace")]
    walls, processors, insides = zip(*(each["wandb"] for each in rounds), strict=True)
    bare_walls, bare_processors, _ = zip(*(each["none"] for each in rounds), strict=True)
    whole = median(walls)
    return [
        Measure("transformers, report_to none", median(bare_walls), "s", note=f"{ROUNDS} rounds, one thread"),
        Measure("transformers by exec, clock", _ratio(walls, bare_walls), "×", note=f"{whole:.2f} s"),
        Measure("transformers by exec, processor", _ratio(processors, bare_processors), "×", note="its noise included"),
        Measure(
            "transformers by exec, time inside",
            median(wall / (wall - inside) for wall, inside in zip(walls, insides, strict=True)),
            "×",
            _BAR,
            f"{1000 * median(insides):.0f} ms in the callback, of {whole:.2f} s",
        ),
    ]


def _ratio(ours: tuple[float, ...], bare: tuple[float, ...]) -> float:
    return median(one / other for one, other in zip(ours, bare, strict=True))


if __name__ == "__main__":
    main()
