"""PyTorch Ignite: a logger, and handlers that it attaches to an engine.

logger = RunstoreLogger(project="digits", config={"lr": 0.1})
logger.attach_output_handler(trainer, Events.ITERATION_COMPLETED, tag="train", output_transform=lambda loss: loss)
"""

from collections.abc import Callable
from typing import Any

from ignite.engine import Engine
from ignite.handlers.base_logger import (
    BaseLogger,
    BaseOptimizerParamsHandler,
    BaseOutputHandler,
    BaseWeightsScalarHandler,
)

from runstore.integrations.starting import current_or_new
from runstore.recording.run import Run


class RunstoreLogger(BaseLogger):  # type: ignore[misc, unused-ignore]
    """Logs to the current run, or to one begun with these arguments of `runstore.init`.

    What the run has, the logger has: `logger.watch(model)`, `logger.config`, `logger.log_artifact(path)`.
    """

    def __init__(self, **init: Any) -> None:
        self.run: Run = current_or_new("ignite", **init)

    def __getattr__(self, name: str) -> Any:
        if name == "run":  # Asked for before there is one, as copies and pickles do.
            raise AttributeError(name)
        return getattr(self.run, name)

    def close(self) -> None:
        """Finishes the run."""
        self.run.finish()

    def _create_output_handler(self, *args: Any, **named: Any) -> "OutputHandler":
        return OutputHandler(*args, **named)

    def _create_opt_params_handler(self, *args: Any, **named: Any) -> "OptimizerParamsHandler":
        return OptimizerParamsHandler(*args, **named)


class OutputHandler(BaseOutputHandler):  # type: ignore[misc, unused-ignore]
    """Logs an engine's output and metrics as `<tag>/<name>`, at the step that `global_step_transform` gives."""

    def __call__(self, engine: Engine, logger: RunstoreLogger, event_name: Any) -> None:
        values = self._setup_output_metrics_state_attrs(engine, log_text=True, key_tuple=False)
        logger.run.log(values, step=int(self.global_step_transform(engine, event_name)))


class OptimizerParamsHandler(BaseOptimizerParamsHandler):  # type: ignore[misc, unused-ignore]
    """Logs a parameter of an optimizer (`lr` by itself) as `<tag>/<parameter>/group_<number>`."""

    def __call__(self, engine: Engine, logger: RunstoreLogger, event_name: Any) -> None:
        values = {
            _tagged(self.tag, f"{self.param_name}/group_{number}"): float(group[self.param_name])
            for number, group in enumerate(self.optimizer.param_groups)
        }
        logger.run.log(values, step=engine.state.get_event_attrib_value(event_name))


class WeightsScalarHandler(BaseWeightsScalarHandler):  # type: ignore[misc, unused-ignore]
    """Logs a number of each weight of a model (its norm, or what `reduction` makes of it) as `<tag>/weights_norm/…`."""

    def __call__(self, engine: Engine, logger: RunstoreLogger, event_name: Any) -> None:
        _log_reduced(self, engine, logger, event_name, "weights", lambda weight: weight.data)


class GradsScalarHandler(BaseWeightsScalarHandler):  # type: ignore[misc, unused-ignore]
    """The same of the weights' gradients, as `<tag>/grads_norm/…`; weights without one are left out."""

    def __call__(self, engine: Engine, logger: RunstoreLogger, event_name: Any) -> None:
        _log_reduced(self, engine, logger, event_name, "grads", lambda weight: weight.grad)


def _log_reduced(
    handler: Any,
    engine: Engine,
    logger: RunstoreLogger,
    event_name: Any,
    kind: str,
    part: Callable[[Any], Any],
) -> None:
    reduction = handler.reduction.__name__
    values = {
        _tagged(handler.tag, f"{kind}_{reduction}/{name.replace('.', '/')}"): float(handler.reduction(tensor))
        for name, weight in handler.weights
        if (tensor := part(weight)) is not None
    }
    logger.run.log(values, step=engine.state.get_event_attrib_value(event_name))


def _tagged(tag: str | None, name: str) -> str:
    return f"{tag}/{name}" if tag else name
