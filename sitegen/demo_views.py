"""The named views that the demo's projects come with, as somebody would save them with `runstore view save`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from runstore.format.views import View

_BEST: Final = "summary.val/best_accuracy"
_WIDE: Final = (2, 360)
_WIDEST: Final = (6, 460)


def _view(name: str, layout: Mapping[str, Any] | None = None, **choices: str) -> View:
    """A view of the page with `choices`, keys of the address's fragment, and its panels arranged by `layout`."""
    given = {**choices, **({"layout": json.dumps(layout)} if layout else {})}
    return View(name, "&".join(f"{key}={quote(value, safe='')}" for key, value in given.items()))


def _with_panels(
    panels: Sequence[tuple[str, tuple[int, int], dict[str, Any]]], fold: Sequence[str] = ()
) -> dict[str, Any]:
    """The page's own panels and before them those of `panels`, each a kind, columns and px, and settings."""
    return {
        "add": [{"id": f"panel {at}", "kind": kind, "set": given} for at, (kind, _, given) in enumerate(panels, 1)],
        "size": {f"panel {at}": size for at, (_, size, _) in enumerate(panels, 1)},
        "fold": list(fold),
    }


_CAUSES: Final = _with_panels(
    [
        (
            "parallel",
            _WIDEST,
            {"title": "From the configuration to the accuracy", "columns": ["config.model", "config.lr", _BEST]}
            | {"log": ["config.lr"]},
        ),
        ("importance", _WIDE, {"title": "What the accuracy depends on", "column": _BEST}),
        (
            "scatter",
            _WIDE,
            {
                "title": "Accuracy against learning rate",
                "x": "config.lr",
                "y": _BEST,
                "z": "config.model",
                "xlog": True,
            },
        ),
    ],
    fold=["test", "train", "val"],
)
_MISTAKES: Final = _with_panels(
    [
        ("media", _WIDEST, {"title": "Misread digits, after every fifth epoch", "key": "test/misread"}),
        ("table", _WIDEST, {"title": "The digits that each model is least sure of", "key": "test/predictions"}),
    ],
    fold=["test", "train", "val"],
)
_PICTURES: Final = _with_panels(
    [
        ("media", _WIDEST, {"title": "Noisy, denoised, clean", "key": "val/denoised", "columns": "3"}),
        ("box", _WIDE, {"title": "PSNR in dB by width", "column": "summary.val/psnr.max"}),
    ],
    fold=["train"],
)

VIEWS: Final[dict[str, tuple[View, ...]]] = {
    "digits": (
        _view("By model", group="config.model", shade="minmax"),
        _view("Learning rates of the MLP", group="config.lr", filter="config.model = 'mlp'"),
        _view("What matters", _CAUSES, group="config.model", filter="job_type = 'train' AND state = 'finished'"),
        _view("What is misread", _MISTAKES, group="", filter="job_type = 'eval'"),
    ),
    "denoise": (
        _view("By epoch", group="config.width", filter="job_type = 'train'", x="defined"),
        _view("Pictures", _PICTURES, group="config.width", filter="job_type = 'train'"),
    ),
    "online": (_view("Smoothed", smooth="0.99", raw="1", x="_step"),),
}
"""By project, in the order of their tabs."""
