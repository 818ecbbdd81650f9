"""PyTorch: W&B's `TorchHistory`, for scripts that use it themselves. `run.watch(model)` does the same in one call."""

from typing import Any

from runstore.integrations.begun import begun
from runstore.recording.watching import Watcher


class TorchHistory:
    """Histograms of a model's parameters and gradients, logged to the current run; see `Run.watch`."""

    def __init__(self) -> None:
        self._hooks: dict[str, list[Any]] = {}

    def add_log_parameters_hook(self, module: Any, name: str = "", prefix: str = "", log_freq: int = 0) -> None:
        """Logs `parameters/<prefix><name><parameter>` each `log_freq`th time, or each time, that the module computes.

        Raises `RunstoreError` when there is no run.
        """
        hook = _watcher().hook_parameters(module, f"{prefix}{name}", max(log_freq, 1))
        self._hooks.setdefault(name, []).append(hook)

    def add_log_gradients_hook(self, module: Any, name: str = "", prefix: str = "", log_freq: int = 0) -> None:
        """Logs `gradients/<prefix><name><parameter>` each `log_freq`th backward pass, or after each.

        Raises `RunstoreError` when there is no run.
        """
        hooks = _watcher().hook_gradients(module, f"{prefix}{name}", max(log_freq, 1))
        self._hooks.setdefault(name, []).extend(hooks)

    def unhook_all(self) -> None:
        """Logs no more."""
        for name in list(self._hooks):
            self.unhook(name)

    def unhook(self, name: str) -> None:
        """Logs no more of what was added under `name`."""
        for hook in self._hooks.pop(name, ()):
            hook.remove()


def _watcher() -> Watcher:
    return begun("TorchHistory")._recorder.part(Watcher)
