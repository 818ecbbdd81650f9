"""Reading and changing what is in a store from Python: `Api` and what it returns."""

from runstore.api.artifacts import ArtifactCollection, ArtifactType
from runstore.api.client import Api
from runstore.api.errors import NotFoundError
from runstore.api.files import File
from runstore.api.projects import Project, Report
from runstore.api.runs import Run, Runs
from runstore.api.sweeps import Sweep
from runstore.errors import UnsupportedError

__all__ = [
    "Api",
    "ArtifactCollection",
    "ArtifactType",
    "File",
    "NotFoundError",
    "Project",
    "Report",
    "Run",
    "Runs",
    "Sweep",
    "UnsupportedError",
]
