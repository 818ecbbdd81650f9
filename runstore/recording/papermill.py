"""The parameters that papermill gave the notebook this process carries out, for the run's config.

Papermill writes them as a cell of assignments whose first line is `# Parameters`, behind the cell of their defaults if
there is one. A kernel knows nothing of cells but their text: so a cell of a person's own that begins so counts too.
"""

import ast
import sys
from typing import Any, Final

_FIRST_LINE: Final = "# Parameters"
_ODD: Final = (ValueError, MemoryError, RecursionError)


def parameters() -> dict[str, Any]:
    """The notebook's parameters and their values, {} where papermill injected none: plain values alone."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    inputs = getattr(shell, "user_ns", {}).get("In")
    if not isinstance(inputs, list):  # No notebook, or a person's own variable of this name.
        return {}
    cells = [cell if isinstance(cell, str) else "" for cell in inputs]
    place = max((at for at, cell in enumerate(cells) if cell.lstrip().startswith(_FIRST_LINE)), default=0)
    if not place:
        return {}
    return {**_assigned(cells[place - 1] if place > 1 else ""), **_assigned(cells[place])}


def _assigned(cell: str) -> dict[str, Any]:
    """What a cell assigns to plain names as a literal; {} for a cell that does anything but assign."""
    try:
        tree = ast.parse(cell)
    except (SyntaxError, *_ODD):  # Magics, for one.
        return {}
    found: dict[str, Any] = {}
    for each in tree.body:
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant):
            continue  # A text that explains.
        target = each.targets[0] if isinstance(each, ast.Assign) and len(each.targets) == 1 else None
        if isinstance(each, ast.AnnAssign):
            target = each.target
        value = each.value if isinstance(each, ast.Assign | ast.AnnAssign) else None
        if not isinstance(target, ast.Name) or value is None:
            return {}
        try:
            found[target.id] = ast.literal_eval(value)
        except (TypeError, *_ODD):  # No literal.
            continue
    return found
