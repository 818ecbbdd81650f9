"""W&B's longer names of what it ships for libraries: `from runstore.integration.keras import WandbMetricsLogger`."""

from collections.abc import Mapping
from typing import Any, Final

from runstore import catboost, keras, lightgbm, sklearn, tensorboard, wandb_torch, xgboost
from runstore.namespaces import offer

__path__: list[str] = []  # So that what is asked for below it and is not there is refused by its name.


def _all_of(module: Any) -> dict[str, tuple[str, str]]:
    return {name: (module.__name__, name) for name in getattr(module, "__all__", None) or module.__dir__()}


_ROOMS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "catboost": _all_of(catboost),
    "keras": _all_of(keras),
    "keras.callbacks": _all_of(keras),
    "lightgbm": _all_of(lightgbm),
    "sb3": dict.fromkeys(["WandbCallback"], ("runstore.integrations.sb3", "WandbCallback")),
    "sklearn": _all_of(sklearn),
    "tensorboard": _all_of(tensorboard),
    "torch": {"wandb_torch": ("runstore.wandb_torch", "")},
    "torch.wandb_torch": _all_of(wandb_torch),
    "xgboost": _all_of(xgboost),
}
offer(__name__, _ROOMS)
