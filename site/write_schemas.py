"""A hook of MkDocs: writes the schemas of what people write to where the documentation links to them."""

import json
from importlib.metadata import entry_points
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from runstore.format.schema import schema


def on_files(files: Files, config: MkDocsConfig, **_: object) -> Files:
    """Adds `schemas/NAME.json`."""
    for name, values in _schemas().items():
        text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
        files.append(File.generated(config, f"schemas/{name}.json", content=text))
    return files


def _schemas() -> dict[str, dict[str, Any]]:
    offered = {point.name: point.load() for point in entry_points(group="runstore.schemas")}
    return {**offered, "project": schema("project")}
