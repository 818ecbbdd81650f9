"""Runstore: an experiment tracker whose database is a directory tree.

    import runstore

    with runstore.init(project="digits", config={"lr": 0.1}) as run:
        for epoch in range(10):
            run.log({"loss": 1 / (epoch + 1)})

Names are loaded when they are first used: importing this package imports none of the libraries behind it.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runstore import (
        api,
        apis,
        catboost,
        data_types,
        env,
        errors,
        integration,
        keras,
        lightgbm,
        plot,
        sdk,
        sklearn,
        tensorboard,
        util,
        wandb_torch,
        xgboost,
    )
    from runstore.api import Api as Api
    from runstore.artifacts.artifact import Artifact as Artifact
    from runstore.artifacts.names import ArtifactTTL as ArtifactTTL
    from runstore.errors import RunstoreError as CommError
    from runstore.errors import RunstoreError as Error
    from runstore.errors import UsageError as UsageError
    from runstore.media.audio import Audio as Audio
    from runstore.media.charts import plot_table as plot_table
    from runstore.media.figures import Plotly as Plotly
    from runstore.media.histogram import Histogram as Histogram
    from runstore.media.html import Html as Html
    from runstore.media.image import Image as Image
    from runstore.media.joined import JoinedTable as JoinedTable
    from runstore.media.joined import PartitionedTable as PartitionedTable
    from runstore.media.markdown import Markdown as Markdown
    from runstore.media.molecule import Molecule as Molecule
    from runstore.media.object3d import Object3D as Object3D
    from runstore.media.object3d import box3d as box3d
    from runstore.media.overlays import BoundingBoxes2D as BoundingBoxes2D
    from runstore.media.overlays import Classes as Classes
    from runstore.media.overlays import ImageMask as ImageMask
    from runstore.media.table import Table as Table
    from runstore.media.video import Video as Video
    from runstore.recording.alerts import AlertLevel as AlertLevel
    from runstore.recording.compat import attach as attach
    from runstore.recording.compat import ensure_configured as ensure_configured
    from runstore.recording.compat import join as join
    from runstore.recording.compat import require as require
    from runstore.recording.compat import sagemaker_auth as sagemaker_auth
    from runstore.recording.compat import setup as setup
    from runstore.recording.compat import teardown as teardown
    from runstore.recording.compat import termerror as termerror
    from runstore.recording.compat import termlog as termlog
    from runstore.recording.compat import termsetup as termsetup
    from runstore.recording.compat import termwarn as termwarn
    from runstore.recording.config import Config as Config
    from runstore.recording.current import alert as alert
    from runstore.recording.current import config as config
    from runstore.recording.current import define_metric as define_metric
    from runstore.recording.current import finish as finish
    from runstore.recording.current import link_artifact as link_artifact
    from runstore.recording.current import link_model as link_model
    from runstore.recording.current import log as log
    from runstore.recording.current import log_artifact as log_artifact
    from runstore.recording.current import log_code as log_code
    from runstore.recording.current import log_model as log_model
    from runstore.recording.current import login as login
    from runstore.recording.current import mark_preempting as mark_preempting
    from runstore.recording.current import pin_config_keys as pin_config_keys
    from runstore.recording.current import restore as restore
    from runstore.recording.current import save as save
    from runstore.recording.current import summary as summary
    from runstore.recording.current import unwatch as unwatch
    from runstore.recording.current import use_artifact as use_artifact
    from runstore.recording.current import use_model as use_model
    from runstore.recording.current import watch as watch
    from runstore.recording.run import Run as Run
    from runstore.recording.start import init as init
    from runstore.settings import Settings as Settings

    run: Run | None
    __version__: str

__all__ = [
    "AlertLevel",
    "Api",
    "Artifact",
    "ArtifactTTL",
    "Audio",
    "BoundingBoxes2D",
    "Classes",
    "CommError",
    "Config",
    "Error",
    "Histogram",
    "Html",
    "Image",
    "ImageMask",
    "JoinedTable",
    "Markdown",
    "Molecule",
    "Object3D",
    "PartitionedTable",
    "Plotly",
    "Run",
    "Settings",
    "Table",
    "UsageError",
    "Video",
    "alert",
    "api",
    "apis",
    "attach",
    "box3d",
    "catboost",
    "config",
    "data_types",
    "define_metric",
    "ensure_configured",
    "env",
    "errors",
    "finish",
    "init",
    "integration",
    "join",
    "keras",
    "lightgbm",
    "link_artifact",
    "link_model",
    "log",
    "log_artifact",
    "log_code",
    "log_model",
    "login",
    "mark_preempting",
    "pin_config_keys",
    "plot",
    "plot_table",
    "require",
    "restore",
    "run",
    "sagemaker_auth",
    "save",
    "sdk",
    "setup",
    "sklearn",
    "summary",
    "teardown",
    "tensorboard",
    "termerror",
    "termlog",
    "termsetup",
    "termwarn",
    "unwatch",
    "use_artifact",
    "use_model",
    "util",
    "wandb_torch",
    "watch",
    "xgboost",
]

_HOMES = {
    "AlertLevel": ("runstore.recording.alerts", "AlertLevel"),
    "Api": ("runstore.api", "Api"),
    "Artifact": ("runstore.artifacts.artifact", "Artifact"),
    "ArtifactTTL": ("runstore.artifacts.names", "ArtifactTTL"),
    "Audio": ("runstore.media.audio", "Audio"),
    "BoundingBoxes2D": ("runstore.media.overlays", "BoundingBoxes2D"),
    "Classes": ("runstore.media.overlays", "Classes"),
    "CommError": ("runstore.errors", "RunstoreError"),
    "Config": ("runstore.recording.config", "Config"),
    "Error": ("runstore.errors", "RunstoreError"),
    "Histogram": ("runstore.media.histogram", "Histogram"),
    "Html": ("runstore.media.html", "Html"),
    "Image": ("runstore.media.image", "Image"),
    "ImageMask": ("runstore.media.overlays", "ImageMask"),
    "JoinedTable": ("runstore.media.joined", "JoinedTable"),
    "Markdown": ("runstore.media.markdown", "Markdown"),
    "Molecule": ("runstore.media.molecule", "Molecule"),
    "Object3D": ("runstore.media.object3d", "Object3D"),
    "PartitionedTable": ("runstore.media.joined", "PartitionedTable"),
    "Plotly": ("runstore.media.figures", "Plotly"),
    "Run": ("runstore.recording.run", "Run"),
    "Settings": ("runstore.settings", "Settings"),
    "Table": ("runstore.media.table", "Table"),
    "UsageError": ("runstore.errors", "UsageError"),
    "Video": ("runstore.media.video", "Video"),
    "alert": ("runstore.recording.current", "alert"),
    "attach": ("runstore.recording.compat", "attach"),
    "box3d": ("runstore.media.object3d", "box3d"),
    "config": ("runstore.recording.current", "config"),
    "define_metric": ("runstore.recording.current", "define_metric"),
    "ensure_configured": ("runstore.recording.compat", "ensure_configured"),
    "finish": ("runstore.recording.current", "finish"),
    "init": ("runstore.recording.start", "init"),
    "join": ("runstore.recording.compat", "join"),
    "link_artifact": ("runstore.recording.current", "link_artifact"),
    "link_model": ("runstore.recording.current", "link_model"),
    "log": ("runstore.recording.current", "log"),
    "log_artifact": ("runstore.recording.current", "log_artifact"),
    "log_code": ("runstore.recording.current", "log_code"),
    "log_model": ("runstore.recording.current", "log_model"),
    "login": ("runstore.recording.current", "login"),
    "mark_preempting": ("runstore.recording.current", "mark_preempting"),
    "pin_config_keys": ("runstore.recording.current", "pin_config_keys"),
    "plot_table": ("runstore.media.charts", "plot_table"),
    "require": ("runstore.recording.compat", "require"),
    "restore": ("runstore.recording.current", "restore"),
    "sagemaker_auth": ("runstore.recording.compat", "sagemaker_auth"),
    "save": ("runstore.recording.current", "save"),
    "setup": ("runstore.recording.compat", "setup"),
    "summary": ("runstore.recording.current", "summary"),
    "teardown": ("runstore.recording.compat", "teardown"),
    "termerror": ("runstore.recording.compat", "termerror"),
    "termlog": ("runstore.recording.compat", "termlog"),
    "termsetup": ("runstore.recording.compat", "termsetup"),
    "termwarn": ("runstore.recording.compat", "termwarn"),
    "unwatch": ("runstore.recording.current", "unwatch"),
    "use_artifact": ("runstore.recording.current", "use_artifact"),
    "use_model": ("runstore.recording.current", "use_model"),
    "watch": ("runstore.recording.current", "watch"),
}
_HOOKS = {
    "load_ipython_extension": ("runstore.integrations.jupyter", "load_ipython_extension"),
    "unload_ipython_extension": ("runstore.integrations.jupyter", "unload_ipython_extension"),
}
"""What IPython asks for on `%load_ext runstore`."""
_OFFERED = ("agent", "controller", "sweep")
"""Functions of packages above this one, found by the entry points of the group `runstore.functions`."""
_GET_RUN = "_get_run"
_OF_LIBRARIES = ("catboost", "integration", "keras", "lightgbm", "sklearn", "tensorboard", "wandb_torch", "xgboost")
_MODULES = frozenset({"api", "apis", "data_types", "env", "errors", "plot", "sdk", "util", *_OF_LIBRARIES})
"""Rooms that belong to the public face, by their own names."""


def __getattr__(name: str) -> Any:
    if name == "run":
        # Kept: a finaliser may ask when Python is ending, and nothing can be imported any more.
        if _GET_RUN not in globals():
            globals()[_GET_RUN] = import_module("runstore.recording.current").get
        return globals()[_GET_RUN]()
    if name in _MODULES:
        return import_module(f"runstore.{name}")
    if name == "__version__":
        return import_module("importlib.metadata").version("runstore")
    if name in _HOMES:
        home, inside = _HOMES[name]
        value = globals()[name] = getattr(import_module(home), inside)
    elif name in _HOOKS:
        home, inside = _HOOKS[name]
        value = getattr(import_module(home), inside)
    elif name in _OFFERED:
        value = globals()[name] = import_module("runstore.recording.missing").offered(name)
    else:
        raise import_module("runstore.recording.missing").error(name)
    return value


class _Missing:
    """Asked last when a module is imported: says of W&B's that are not here what there is instead."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> None:
        if name.startswith("runstore."):
            import_module("runstore.recording.missing").refuse_import(name)


sys.meta_path.append(_Missing)


def __dir__() -> list[str]:
    return [*__all__, *_OFFERED, "__version__"]
