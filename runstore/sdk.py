"""W&B's longer names, as scripts import them: `from runstore.sdk.wandb_run import Run`, `runstore.sdk.data_types`."""

from typing import Any

from runstore.namespaces import load, offer

_SDK = {
    "Artifact": ("runstore.artifacts.artifact", "Artifact"),
    "AlertLevel": ("runstore.recording.alerts", "AlertLevel"),
    "Config": ("runstore.recording.config", "Config"),
    "Settings": ("runstore.settings", "Settings"),
    "finish": ("runstore.recording.current", "finish"),
    "init": ("runstore.recording.start", "init"),
    "login": ("runstore.recording.current", "login"),
    "require": ("runstore.recording.compat", "require"),
    "setup": ("runstore.recording.compat", "setup"),
    "teardown": ("runstore.recording.compat", "teardown"),
    "unwatch": ("runstore.recording.current", "unwatch"),
    "watch": ("runstore.recording.current", "watch"),
}
_VALUES = {
    name: ("runstore.data_types", name)
    for name in (
        *("Audio", "BoundingBoxes2D", "Classes", "Histogram", "Html", "Image", "ImageMask", "Media", "Molecule"),
        *("Object3D", "Plotly", "Table", "Video", "WBValue"),
    )
}


def _one(value: str) -> dict[str, tuple[str, str]]:
    return {value: _VALUES[value]}


def __getattr__(name: str) -> Any:
    if name not in _SDK:
        raise AttributeError(f"module 'runstore.sdk' has no attribute {name!r}", name=name)
    return load(_SDK[name])


offer(
    __name__,
    {
        "artifacts": {"Artifact": _SDK["Artifact"]},
        "artifacts.artifact": {"Artifact": _SDK["Artifact"]},
        "data_types": _VALUES,
        "data_types.audio": _one("Audio"),
        "data_types.base_types.media": _one("Media"),
        "data_types.base_types.wb_value": _one("WBValue"),
        "data_types.helper_types.bounding_boxes_2d": _one("BoundingBoxes2D"),
        "data_types.helper_types.classes": _one("Classes"),
        "data_types.helper_types.image_mask": _one("ImageMask"),
        "data_types.histogram": _one("Histogram"),
        "data_types.html": _one("Html"),
        "data_types.image": _one("Image"),
        "data_types.molecule": _one("Molecule"),
        "data_types.object_3d": {**_one("Object3D"), "box3d": ("runstore.data_types", "box3d")},
        "data_types.plotly": _one("Plotly"),
        "data_types.table": _one("Table"),
        "data_types.video": _one("Video"),
        "lib": {"RunDisabled": ("runstore.recording.run", "Run")},
        "lib.config_util": {"ConfigError": ("runstore.errors", "ConfigError")},
        "lib.runid": {"generate_id": ("runstore.util", "generate_id")},
        "wandb_alerts": {"AlertLevel": _SDK["AlertLevel"]},
        "wandb_artifacts": {"Artifact": _SDK["Artifact"]},
        "wandb_config": {"Config": _SDK["Config"]},
        "wandb_init": {"init": _SDK["init"]},
        "wandb_login": {"login": _SDK["login"]},
        "wandb_run": {"Run": ("runstore.recording.run", "Run"), "finish": _SDK["finish"]},
        "wandb_settings": {"Settings": _SDK["Settings"]},
        "wandb_setup": {"setup": _SDK["setup"], "teardown": _SDK["teardown"]},
        "wandb_summary": {"Summary": ("runstore.recording.summary", "Summary")},
        "wandb_watch": {"unwatch": _SDK["unwatch"], "watch": _SDK["watch"]},
    },
)
