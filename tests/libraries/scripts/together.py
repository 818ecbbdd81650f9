"""Runs scripts of this folder one after another in one process, each with a project of its own: importing takes long.

Arguments: what each of them is given, then their names.
"""

import os
import runpy
import sys
from pathlib import Path

import runstore

given, *names = sys.argv[1:]
for name in names:
    sys.argv = [f"{name}.py", given]
    os.environ["RUNSTORE_PROJECT"] = os.environ["WANDB_PROJECT"] = name
    runpy.run_path(str(Path(__file__).with_name(f"{name}.py")))
    runstore.finish()
