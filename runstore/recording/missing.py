"""Names that W&B has and Runstore has not: using one is an error that says what there is instead."""

from typing import Any, Final

FUNCTIONS: Final = "runstore.functions"
"""The entry points by which packages above this one add functions to the module."""
_SWEEPS = "start agents with runstore.agent(sweep_id, function=f), or on the command line: runstore agent SWEEP"
_CALLBACK = "callbacks for frameworks come with a later release; call run.log() where yours has a hook"
_PLOTS = "log what you plot as a figure (run.log({'plot': figure})) or with runstore.plot"

OF_MODULE: Final[dict[str, str]] = {
    **dict.fromkeys(("agents", "wandb_agent"), _SWEEPS),
    **dict.fromkeys(("catboost", "fastai", "gym", "integration", "keras", "lightgbm", "sacred", "xgboost"), _CALLBACK),
    "sklearn": _PLOTS,
    "Bokeh": "save the figure as HTML and log runstore.Html(path)",
    "EvalTable": "log a runstore.Table",
    "Graph": "log the model's text, str(model), or an image of it",
    "analytics": "nothing about you is collected",
    "helper": "pass config= to runstore.init",
    "jupyter": "a run shows itself in a notebook; call runstore.finish() at the end of a cell that trains",
    "docker": "start the container yourself; its image is recorded where it can be found out",
    "launch": "start the script itself",
    "patched": "nothing is patched",
    "proto": "there is no protocol: runs are files",
    "profiler": "save the trace's file with run.save()",
    "tensorboard": "event files are not read; log the values with run.log()",
    "tensorflow": "event files are not read; log the values with run.log()",
    "trigger": "there are no hooks to register",
    "visualize": "pass a Vega-Lite specification to runstore.plot_table()",
    "wandb_lib": "there is no such room here",
    "wandb_sdk": "use runstore.sdk",
    "wandb_torch": "use run.watch(model)",
}
"""Of the module, with what to do instead."""


def refuse_import(module: str) -> None:
    """Raises `ImportError` for a module of W&B's that is not here, `runstore.keras` for one."""
    _, _, name = module.partition(".")
    first = name.partition(".")[0]
    if first in OF_MODULE:
        # Without `name=`: `from runstore import keras` would put Python's own words in place of ours.
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
