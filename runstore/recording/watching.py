"""`watch`: histograms of a torch model's gradients and parameters, taken by hooks, logged with the script's own rows.

The names are W&B's: `gradients/<parameter>`, `parameters/<parameter>`, and for a second model with `graph_1` before the
parameter's name. Torch is not imported here: whoever has a model has it.
"""

import math
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from runstore.errors import BadTypeError, BadValueError
from runstore.recording.parts import Desk, Part

_BINS: Final = 64
_CHOICES: Final = ("gradients", "parameters", "all", None)
_COMPILED: Final = "_orig_mod."
_COLUMNS: Final = ("name", "class", "parameters", "output shape")

Counts = tuple[list[float], list[float]]
"""How many values lie in each bin, and the bins' edges: one more."""


class Watcher(Part):
    """The models of a run that are watched. Hooks may be called from torch's own threads."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._lock = threading.RLock()
        self._watched: dict[int, tuple[Any, list[Any]]] = {}
        self._count = 0
        self._found: dict[str, Counts] = {}
        self._due = False
        self._off = False

    def watch(
        self,
        models: Any,
        criterion: Any = None,
        log: str | None = "gradients",
        log_freq: int = 1000,
        idx: int | None = None,
        log_graph: bool = False,
    ) -> None:
        """Takes histograms each `log_freq`th time that a model computes: of its gradients in the backward pass, of its
        parameters in the forward pass. They join the row that is being gathered.

        `idx` numbers the first of the models, which are else numbered as they come. `log_graph` logs a table of the
        layers after the first forward pass; `criterion` is taken for W&B's sake. Raises `ValueError` for another `log`
        or a model that is watched already, `TypeError` for what is no model.
        """
        if log not in _CHOICES:
            raise BadValueError(f"watch: log is {log!r}, expected 'gradients', 'parameters', 'all' or None")
        if isinstance(log_freq, bool) or not isinstance(log_freq, int) or log_freq < 1:
            raise BadValueError(f"watch: log_freq is {log_freq!r}, expected a whole number from 1")
        if idx is not None and (isinstance(idx, bool) or not hasattr(idx, "__index__")):
            raise BadTypeError(f"watch: idx is {idx!r}, expected a whole number")
        several = list(models) if isinstance(models, tuple | list) else [models]
        for model in several:
            _check_model(model)
            if id(model) in self._watched:
                raise BadValueError("watch: this model is watched already; call unwatch(model) first")
        first = self._count if idx is None else idx
        for place, model in enumerate(several):
            self._count += 1
            number = first + place
            hooks: list[Any] = []
            self._watched[id(model)] = model, hooks
            prefix = f"graph_{number}" if number > 0 else ""
            if log in ("parameters", "all"):
                hooks.append(self.hook_parameters(model, prefix, log_freq))
            if log in ("gradients", "all"):
                hooks += self.hook_gradients(model, prefix, log_freq)
            if log_graph:
                hooks += LayerTable(model, partial(self._log_layers, number)).hooks

    def unwatch(self, models: Any = None) -> None:
        """Takes the hooks away, from these models or from all."""
        several = list(models) if isinstance(models, tuple | list) else [models]
        for model in several if models is not None else [model for model, _ in list(self._watched.values())]:
            _, hooks = self._watched.pop(id(model), (None, None))
            if hooks is None:
                self.desk.warn(f"unwatch: a {type(model).__name__} that is not watched")
            for hook in hooks or ():
                hook.remove()

    def end(self) -> None:
        self._flush()
        self._off = True
        self.unwatch()

    def detach(self) -> None:
        self._lock = threading.RLock()
        self._off = True

    def hook_parameters(self, model: Any, prefix: str, log_freq: int) -> Any:
        """A hook that takes histograms of the parameters as `parameters/<prefix><name>`."""
        turn = _Turn(log_freq)

        def after_forward(module: Any, inputs: Any, output: Any) -> None:
            if not self._off and not _is_compiling() and turn.comes():
                for name, parameter in module.named_parameters():
                    self._take(f"parameters/{prefix}{_plain(name)}", parameter)
                self._flush()

        return model.register_forward_hook(_Hook(after_forward))

    def hook_gradients(self, model: Any, prefix: str, log_freq: int) -> list[Any]:
        """Hooks that take histograms of the gradients as `gradients/<prefix><name>`."""
        return [
            parameter.register_hook(_Hook(self._after_backward(f"gradients/{prefix}{_plain(name)}", log_freq)))
            for name, parameter in model.named_parameters()
            if parameter.requires_grad
        ]

    def _after_backward(self, key: str, log_freq: int) -> Callable[[Any], None]:
        turn = _Turn(log_freq)

        def hook(gradient: Any) -> None:
            if self._off or _is_compiling() or not turn.comes():
                return
            self._take(key, gradient)
            with self._lock:
                asked, self._due = self._due, True
            if not asked and not _after_this_backward(self._flush):
                self._flush()

        return hook

    def _take(self, key: str, tensor: Any) -> None:
        try:
            counts = count(tensor)
        except Exception as error:  # A kind of tensor that cannot be counted: training goes on.
            reason = " ".join(str(error).split())[:200]
            self.desk.trouble.warn_once("watch", f"watch: no histogram of {key} ({type(error).__name__}: {reason})")
            return
        if counts is not None:
            with self._lock:
                self._found[key] = counts

    def _flush(self) -> None:
        """Adds what was taken to the row that is being gathered, in one go: each key more makes the row be written."""
        from runstore.media.histogram import Histogram

        with self._lock:
            found, self._found, self._due = self._found, {}, False
        if found and not self._off:
            self.desk.log({key: Histogram(np_histogram=counts) for key, counts in found.items()}, commit=False)

    def _log_layers(self, number: int, rows: list[list[Any]]) -> None:
        from runstore.media.table import Table

        if not self._off:
            self.desk.log({f"graph_{number}": Table(columns=list(_COLUMNS), data=rows)}, commit=False)


class LayerTable:
    """Notes each layer of a model as it computes for the first time; then calls `done` with a row a layer."""

    def __init__(self, model: Any, done: Callable[[list[list[Any]]], None]) -> None:
        self._rows: list[list[Any]] = []
        self._done = done
        self._seen: set[int] = set()
        self.hooks = [
            module.register_forward_hook(_Hook(self._after_layer(_plain(name))))
            for name, module in model.named_modules()
            if name and not any(True for _ in module.children())
        ]
        self.hooks.append(model.register_forward_hook(_Hook(self._after_model)))

    def _after_layer(self, name: str) -> Callable[[Any, Any, Any], None]:
        def hook(module: Any, inputs: Any, output: Any) -> None:
            if not _is_compiling() and id(module) not in self._seen:
                self._seen.add(id(module))
                size = sum(parameter.numel() for parameter in module.parameters())
                self._rows.append([name, type(module).__name__, size, str(shape_of(output))])

        return hook

    def _after_model(self, module: Any, inputs: Any, output: Any) -> None:
        if _is_compiling() or not self.hooks:
            return
        if not self._rows:  # A model that is a single layer.
            size = sum(parameter.numel() for parameter in module.parameters())
            self._rows.append(["", type(module).__name__, size, str(shape_of(output))])
        for hook in self.hooks:
            hook.remove()
        self.hooks.clear()
        self._done(self._rows)


class _Hook:
    """A hook on a model or a parameter. A copy of the model, in memory or in a file, has one that does nothing: it can
    be saved whole, and an average of it that computes beside it is not taken for it."""

    __torch_unserializable__ = True  # Torch need not warn of it.

    def __init__(self, call: Callable[..., None]) -> None:
        self._call = call

    def __call__(self, *arguments: Any) -> None:
        self._call(*arguments)

    def __reduce__(self) -> Any:
        return _Hook, (_do_nothing,)


def _do_nothing(*arguments: Any) -> None:
    pass


class _Turn:
    """Comes each `every`th time."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._seen = 0

    def comes(self) -> bool:
        self._seen += 1
        if self._seen < self._every:
            return False
        self._seen = 0
        return True


def count(tensor: Any) -> Counts | None:
    """The histogram of a tensor's finite values, computed where the tensor is; None when it has none.

    64 equal bins from the least to the greatest value, or one where all are the same. The zeros that a sparse tensor
    does not store are counted too.
    """
    torch = sys.modules["torch"]
    tensor = tensor.detach()
    if callable(local := getattr(tensor, "to_local", None)):
        tensor = local()  # Spread over several machines: ours of it.
    zeros = 0
    if tensor.layout != torch.strided:
        stored = tensor.coalesce().values() if tensor.layout == torch.sparse_coo else tensor.values()
        zeros, tensor = math.prod(tensor.shape) - stored.numel(), stored
    if tensor.device.type == "meta":
        return None
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    flat = tensor.reshape(-1)
    if flat.dtype not in (torch.float32, torch.float64):
        flat = flat.to(torch.float32)
    finite = torch.isfinite(flat)
    if not bool(finite.all()):
        flat = flat[finite]
    if flat.numel() == 0:
        return ([float(zeros)], [-0.5, 0.5]) if zeros else None
    low, high = (float(edge) for edge in torch.stack(torch.aminmax(flat)).tolist())
    if zeros:
        low, high = min(low, 0.0), max(high, 0.0)
    return _spread(torch, flat, low, high, zeros)


def _spread(torch: Any, flat: Any, low: float, high: float, zeros: int) -> Counts:
    if low == high:
        around = abs(low) * 1e-3 or 0.5
        return [float(flat.numel() + zeros)], [low - around, high + around]
    if flat.dtype == torch.float32 and not high - low < 3e38:
        flat = flat.to("cpu", torch.float64)  # Their distance is beyond the type.
    try:
        counted = torch.histc(flat, bins=_BINS, min=low, max=high)
    except RuntimeError:  # A device that cannot do this.
        counted = torch.histc(flat.cpu(), bins=_BINS, min=low, max=high)
    counts = [float(number) for number in counted.tolist()]
    edges = [low + (high - low) * (number / _BINS) for number in range(_BINS)] + [high]
    if zeros:
        counts[max(sum(edge <= 0.0 for edge in edges[:-1]) - 1, 0)] += zeros
    return counts, edges


def shape_of(output: Any) -> Any:
    """The shape of a tensor, or of those in lists, tuples and mappings."""
    if hasattr(output, "shape"):
        return list(output.shape)
    if isinstance(output, dict):
        return {str(key): shape_of(value) for key, value in output.items()}
    return [shape_of(part) for part in output] if isinstance(output, Sequence) and not isinstance(output, str) else []


def _check_model(model: Any) -> None:
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module):
        kind = type(model)
        raise BadTypeError(
            f"watch: Expected a pytorch model (torch.nn.Module). Received {kind.__module__}.{kind.__qualname__}"
        )


def _plain(name: str) -> str:
    """A parameter's name without what torch.compile puts into it."""
    return name.replace(_COMPILED, "")


def _is_compiling() -> bool:
    """Whether torch is tracing the code rather than computing."""
    torch = sys.modules["torch"]
    compiler = getattr(torch, "compiler", None)
    return bool(compiler is not None and compiler.is_compiling()) or bool(torch.jit.is_tracing())


def _after_this_backward(function: Callable[[], None]) -> bool:
    """Has `function` called when the backward pass that is going on is over; False when torch cannot do that."""
    try:
        sys.modules["torch"].autograd.Variable._execution_engine.queue_callback(function)
    except (AttributeError, RuntimeError):
        return False
    return True
