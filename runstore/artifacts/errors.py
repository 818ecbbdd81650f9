"""What goes wrong with artifacts, in one tree that also has the types that scripts written for W&B catch."""

from runstore.errors import BadValueError, RunstoreError, StoreError, UsageError


class ArtifactError(BadValueError):
    """An artifact, or a part of one, that cannot be made or found as asked."""


class ArtifactStatusError(UsageError, AttributeError):
    """An artifact that is not in a state for what is asked of it."""


class ArtifactNotLoggedError(ArtifactStatusError):
    """Asked of an artifact that no run has logged yet."""

    def __init__(self, asked: str) -> None:
        super().__init__(f"Artifact.{asked}: the artifact is not logged yet; call run.log_artifact(artifact) first")


class ArtifactFinalizedError(ArtifactStatusError):
    """A change to the files of an artifact that is finished."""

    def __init__(self, asked: str) -> None:
        super().__init__(
            f"Artifact.{asked}: the artifact is finished and its files stay as they are; "
            "change a copy, artifact.new_draft(), and log that"
        )


class MissingEntryError(UsageError, KeyError):
    """A path that the artifact does not hold."""

    def __str__(self) -> str:
        return " ".join(str(self.args[0]).split())  # A KeyError's own puts quotes around it.


class WaitTimeoutError(RunstoreError):
    """What was waited for did not come in time."""


class ContentError(StoreError, ValueError):
    """The content of an artifact is missing, or is not what was logged."""
