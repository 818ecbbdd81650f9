"""Names that W&B has and Runstore has not: using one is an error that says what there is instead."""

from typing import Any, Final

FUNCTIONS: Final = "runstore.functions"
"""The entry points by which packages above this one add functions to the module."""
_SWEEPS = "start agents with runstore.agent(sweep_id, function=f), or on the command line: runstore agent SWEEP"

OF_MODULE: Final[dict[str, str]] = {
    **dict.fromkeys(("agents", "wandb_agent"), _SWEEPS),
    "fastai": "fastai.callback.wandb.WandbCallback logs here when the script is run by `runstore exec`",
    "gym": "log the videos that gymnasium's RecordVideo writes: run.log({'video': runstore.Video(path)})",
    "sacred": "call runstore.init() in the experiment's main function and log its values with run.log()",
    "Bokeh": "save the figure as HTML and log runstore.Html(path)",
    "EvalTable": "log a runstore.Table",
    "Graph": "log the model's text, str(model), or an image of it",
    "analytics": "nothing about you is collected",
    "helper": "pass config= to runstore.init",
    "jupyter": "a run shows itself in a notebook; %load_ext runstore makes a cell a run by %%runstore",
    "docker": "start the container yourself; its image is recorded where it can be found out",
    "launch": "start the script itself",
    "patched": "nothing is patched",
    "proto": "there is no protocol: runs are files",
    "profiler": "save the trace's file with run.save()",
    "tensorflow": "write with torch.utils.tensorboard or tensorboardX, whose writers runstore.tensorboard mirrors"
    ", or log the values with run.log()",
    "trigger": "there are no hooks to register",
    "visualize": "pass a Vega-Lite specification to runstore.plot_table()",
    "wandb_lib": "there is no such room here",
    "wandb_sdk": "use runstore.sdk",
}
"""Of the module, with what to do instead."""
_CALLS = "log inputs and outputs as a runstore.Table"
_FLOWS = "begin a run in each step, with group= the flow's run"
OF_INTEGRATION: Final[dict[str, str]] = {
    **dict.fromkeys(("diffusers", "dspy", "huggingface", "openai", "weave"), _CALLS),
    **dict.fromkeys(("kfp", "metaflow", "sagemaker"), _FLOWS),
    **{name: OF_MODULE[name] for name in ("fastai", "gym", "sacred", "tensorflow")},
    "lightning": "pass runstore.integrations.lightning's logger, or run the script by `runstore exec`",
    "prodigy": "export the annotations and log them as a runstore.Table",
    "ultralytics": "Ultralytics' own callback logs here when the script is run by `runstore exec`",
}
"""Of the room `integration`, with what to do instead."""


def refuse_import(module: str) -> None:
    """Raises `ImportError` for a module of W&B's that is not here, `runstore.sacred` for one."""
    _, first, *below = [*module.split("."), ""]
    if first == "integration" and below[0] in OF_INTEGRATION:
        raise ModuleNotFoundError(f"there is no {module}: {OF_INTEGRATION[below[0]]}")
    if first in OF_MODULE:
        # Without `name=`: `from runstore import sacred` would put Python's own words in place of ours.
        raise ModuleNotFoundError(f"there is no {module}: {OF_MODULE[first]}")


def offered(name: str) -> Any:
    """The function `name` that an installed package adds to the module. Raises `AttributeError` where none does."""
    from importlib.metadata import entry_points  # Not at the top: most scripts ask for nothing of the kind.

    for point in entry_points(group=FUNCTIONS, name=name):
        return point.load()
    raise AttributeError(
        f"module 'runstore' has no {name!r}: no installed package offers it; install runstore anew (pip install -U "
        "runstore)",
        name=name,
    )


def error(name: str) -> AttributeError:
    """What is raised for a `name` that the module has not."""
    if name in OF_MODULE:
        return AttributeError(f"module 'runstore' has no {name!r}: {OF_MODULE[name]}", name=name)
    return AttributeError(f"module 'runstore' has no attribute {name!r}", name=name)
