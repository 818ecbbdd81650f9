"""Transformers: a callback for its Trainer, and of all trainers built on it (sentence-transformers, TRL).

    trainer = Trainer(model, arguments, callbacks=[RunstoreCallback(log_model="end")])

Importing this module also makes `TrainingArguments(report_to="runstore")` known. Names of metrics are those that the
Trainer's integration of W&B gives them.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.integrations import INTEGRATION_TO_CALLBACK

from runstore.artifacts.artifact import Artifact
from runstore.errors import BadValueError
from runstore.integrations.starting import current_or_new
from runstore.recording.run import Run

_STEP: Final = "train/global_step"
_PARAMETERS: Final = "model/num_parameters"
_OF_THE_WHOLE: Final = (
    "train_runtime",
    "train_samples_per_second",
    "train_steps_per_second",
    "train_loss",
    "total_flos",
)
"""What the Trainer says once, at the end: it stands in the summary under its own name."""
_WEIGHTS: Final = "pytorch_model.bin"


class RunstoreCallback(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Logs a Trainer's metrics as `train/…`, `eval/…` and `test/…` over `train/global_step`, and its configuration.

    It writes to the current run; where there is none it begins one, of `project` (else the environment's, else
    `huggingface`) and with the Trainer's `run_name`. `log_model` keeps what was trained as the artifact
    `model-<run id>`: "end" the last model (the best one, with `load_best_model_at_end`), "checkpoint" each checkpoint
    as a version. `watch` logs histograms as `runstore.watch` does. The other arguments are those of `runstore.init`.
    Each trial of a hyperparameter search is a run of its own. Only the first process of a distributed training logs.
    """

    def __init__(
        self,
        project: str | None = None,
        log_model: Literal["end", "checkpoint"] | None = None,
        watch: Literal["gradients", "parameters", "all"] | None = None,
        **init: Any,
    ) -> None:
        super().__init__()
        if log_model not in ("end", "checkpoint", None):
            raise BadValueError(f"log_model is {log_model!r}, expected 'end', 'checkpoint' or None")
        self._project = project
        self._log_model = log_model
        self._watch = watch
        self._init = init
        self._run: Run | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, model: Any = None, **others: Any
    ) -> None:
        if state.is_hyper_param_search and self._run is not None:
            self._run.finish()
        self._begun(args, state, model)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: Any = None,
        logs: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> None:
        if logs and (run := self._begun(args, state, model)) is not None:
            whole = {name: value for name, value in logs.items() if name in _OF_THE_WHOLE}
            run.summary.update(whole)
            run.log({**_prefixed(logs, whole), _STEP: state.global_step})

    def on_predict(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: Mapping[str, Any],
        model: Any = None,
        **others: Any,
    ) -> None:
        if (run := self._begun(args, state, model)) is not None:
            run.log(_prefixed(metrics))

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **others: Any) -> None:
        if self._log_model != "checkpoint" or self._run is None or not state.is_world_process_zero:
            return
        folder = Path(args.output_dir, f"checkpoint-{state.global_step}")
        aliases = [f"epoch_{state.epoch:g}"] if state.epoch is not None else []
        self._keep(self._run, folder, {"global_step": state.global_step}, ["latest", *aliases])

    def on_train_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: Any = None,
        processing_class: Any = None,
        **others: Any,
    ) -> None:
        if self._log_model != "end" or self._run is None or not state.is_world_process_zero:
            return
        facts = {"global_step": state.global_step}
        if args.load_best_model_at_end:
            facts |= {"best_metric": state.best_metric, "metric_for_best_model": args.metric_for_best_model}
        with _saved(model, processing_class) as folder:
            self._keep(self._run, folder, facts, ["latest"])

    def _begun(self, args: TrainingArguments, state: TrainerState, model: Any) -> Run | None:
        """The run, begun by the first call; None in processes that do not log."""
        if not state.is_world_process_zero:
            return None
        if self._run is None or self._run.over:
            self._run = current_or_new("huggingface", **{**_named(args, state), "project": self._project, **self._init})
            self._describe(self._run, args, state, model)
        return self._run

    def _describe(self, run: Run, args: TrainingArguments, state: TrainerState, model: Any) -> None:
        run.config.update({**_configuration(model), **args.to_dict()}, allow_val_change=True)
        run.define_metric(_STEP)
        run.define_metric("*", step_metric=_STEP, step_sync=True)
        if isinstance(model, torch.nn.Module):
            run.config.update({_PARAMETERS: _size(model)}, allow_val_change=True)
            if self._watch is not None:
                run.watch(model, log=self._watch, log_freq=max(100, int(state.logging_steps)))

    @staticmethod
    def _keep(run: Run, folder: Path, facts: dict[str, Any], aliases: list[str]) -> None:
        artifact = Artifact(f"model-{run.id}", type="model", metadata={**facts, _PARAMETERS: run.config[_PARAMETERS]})
        artifact.add_dir(str(folder))
        run.log_artifact(artifact, aliases=aliases)


def _named(args: TrainingArguments, state: TrainerState) -> dict[str, Any]:
    """Names of a new run: a trial of a search is one of a group."""
    if state.trial_name is not None:
        return {"name": state.trial_name, "group": args.run_name or args.output_dir}
    return {"name": args.run_name}


def _configuration(model: Any) -> dict[str, Any]:
    """What a model says of itself."""
    config = getattr(model, "config", None)
    found = config.to_dict() if config is not None and hasattr(config, "to_dict") else dict(config or {})
    adapters = getattr(model, "peft_config", None)
    return found if adapters is None else {**found, "peft_config": adapters}


def _size(model: torch.nn.Module) -> int:
    return sum(each.numel() for each in model.parameters())


def _prefixed(logs: Mapping[str, Any], but: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Metrics with what they were measured on before a slash: `eval_loss` is `eval/loss`, `loss` is `train/loss`."""
    found = {}
    for name, value in logs.items():
        part, _, rest = name.partition("_")
        if name not in (but or ()):
            found[f"{part}/{rest}" if part in ("eval", "test") and rest else f"train/{name}"] = value
    return found


@contextmanager
def _saved(model: Any, processing_class: Any) -> Iterator[Path]:
    """A folder with a model, and with its tokenizer or processor."""
    with tempfile.TemporaryDirectory() as folder:
        if hasattr(model, "save_pretrained"):
            model.save_pretrained(folder)
        else:
            torch.save(model.state_dict(), Path(folder, _WEIGHTS))
        if hasattr(processing_class, "save_pretrained"):
            processing_class.save_pretrained(folder)
        yield Path(folder)


INTEGRATION_TO_CALLBACK["runstore"] = RunstoreCallback
