"""First on the path of programs that `runstore exec` starts: makes `import wandb` Runstore.

Python imports the first `sitecustomize` of its path when it starts. Nothing in here may stop a program from starting.
"""

import os
import sys


def _install() -> None:
    if os.environ.get("RUNSTORE_AS_WANDB", "").lower() not in ("1", "true", "yes", "on"):
        return
    try:
        from runstore.shim.alias import install

        install()
    except Exception as error:
        print(
            f"runstore: warning: `import wandb` stays W&B in {sys.executable} ({error}); pip install runstore there",
            file=sys.stderr,
        )


def _next() -> None:
    """The sitecustomize that this one hides."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    here = os.path.dirname(os.path.abspath(__file__))
    spec = PathFinder.find_spec("sitecustomize", [each for each in sys.path if os.path.abspath(each) != here])
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


_install()
_next()
