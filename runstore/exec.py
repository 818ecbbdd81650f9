"""`python -m runstore.exec train.py`: a script whose `import wandb` is Runstore, in this very interpreter.

`runstore exec` does it for any program; this is for where only `python -m` is at hand.
"""

import sys

from runstore.errors import UsageError
from runstore.shim.run import execute


def main(arguments: list[str]) -> int:
    """Runs a script, `-m module` or `-c code` with its arguments. Returns an exit code where it returns at all."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: python -m runstore.exec [SCRIPT | -m MODULE | -c CODE] [ARGUMENT...]")
        return 0 if arguments else 2
    try:
        return execute([sys.executable, *arguments], {})
    except UsageError as error:
        print(f"runstore: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
