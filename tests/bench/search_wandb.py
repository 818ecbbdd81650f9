"""W&B's engine, asked and told over standard input and output, a line of JSON a message. Has a Python of its own."""

import json
import random
import sys
from typing import Any


def main() -> None:
    # The program's own folder holds modules of ours.
    sys.path.pop(0)
    import numpy as np

    from sweeps import RunState, SweepRun, next_run

    opening = json.loads(sys.stdin.readline())
    random.seed(opening["seed"])
    np.random.seed(opening["seed"])
    say({})
    runs: list[Any] = []
    for line in sys.stdin:
        message = json.loads(line)
        if "number" in message:
            run = runs[message["number"]]
            run.state = RunState.finished
            run.summary_metrics = {"loss": message["value"]}
            say({})
            continue
        run = next_run(opening["config"], runs)
        runs.append(SweepRun(config=run.config, state=RunState.running, name=str(len(runs))))
        say({"number": len(runs) - 1, "params": {name: each["value"] for name, each in run.config.items()}})


def say(message: Any) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main()
