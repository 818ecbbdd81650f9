"""The public `Artifact`, which knows the run that is current: where its files wait, and who logs it on `save()`."""

from runstore.artifacts import staging
from runstore.artifacts.artifact import Artifact
from runstore.artifacts.names import ArtifactTTL
from runstore.recording import current
from runstore.recording.lineage import Lineage

__all__ = ["Artifact", "ArtifactTTL"]


def _host() -> staging.Host | None:
    run = current.get()
    return None if run is None else run._recorder.part(Lineage).host


staging.ask(_host)
