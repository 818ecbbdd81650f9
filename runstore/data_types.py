"""The kinds of values that can be logged, by W&B's name for the room: `from runstore.data_types import Table`."""

from typing import Any

from runstore.namespaces import load

_HOMES = {
    "Audio": ("runstore.media.audio", "Audio"),
    "BoundingBoxes2D": ("runstore.media.overlays", "BoundingBoxes2D"),
    "Classes": ("runstore.media.overlays", "Classes"),
    "Histogram": ("runstore.media.histogram", "Histogram"),
    "Html": ("runstore.media.html", "Html"),
    "Image": ("runstore.media.image", "Image"),
    "ImageMask": ("runstore.media.overlays", "ImageMask"),
    "JoinedTable": ("runstore.media.joined", "JoinedTable"),
    "PartitionedTable": ("runstore.media.joined", "PartitionedTable"),
    "Markdown": ("runstore.media.markdown", "Markdown"),
    "Media": ("runstore.media.base", "Media"),
    "Molecule": ("runstore.media.molecule", "Molecule"),
    "Object3D": ("runstore.media.object3d", "Object3D"),
    "Plotly": ("runstore.media.figures", "Plotly"),
    "Table": ("runstore.media.table", "Table"),
    "Video": ("runstore.media.video", "Video"),
    "WBValue": ("runstore.media.base", "Media"),
    "box3d": ("runstore.media.object3d", "box3d"),
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'runstore.data_types' has no attribute {name!r}", name=name)
    value = globals()[name] = load(_HOMES[name])
    return value


def __dir__() -> list[str]:
    return sorted(_HOMES)
