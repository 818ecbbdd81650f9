"""Which names may become paths: those of runs, projects, artifacts, and all that people give."""

import re

from runstore.errors import UsageError

MAX_RUN_ID = 64
MAX_PROJECT_NAME = 128
MAX_ARTIFACT_NAME = 128
# The store's own directories, beside those of the projects.
RESERVED_PROJECTS = frozenset({"objects", "reports"})
_FORBIDDEN = re.compile(r"[/\\#?%:\x00-\x1f\x7f]")
# Device names on Windows, where a colleague may clone the store.
_DEVICES = re.compile(r"^(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?$", re.IGNORECASE)


def check_name(kind: str, name: str, longest: int) -> str:
    """`name`, when it can be a directory's name anywhere; raises `UsageError` in one line when it can't."""
    if not isinstance(name, str):
        raise UsageError(f"{kind} must be text, found {type(name).__name__} {name!r}; pass a str")
    shown = repr(name if len(name) <= 80 else name[:77] + "...")
    if not name or name != name.strip():
        raise UsageError(f"{kind} {shown} is empty or starts or ends with a space; leave the spaces out")
    if bad := _FORBIDDEN.search(name):
        raise UsageError(
            f"{kind} {shown} holds {bad.group()!r}, one of / \\ # ? % : or a control character; leave it out"
        )
    if name.startswith(".") or name.endswith(".") or _DEVICES.match(name):
        raise UsageError(f"{kind} {shown} starts or ends with a dot, or is a device's name; choose another")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise UsageError(f"{kind} {shown} is not valid Unicode; choose another") from None
    if size > longest:
        raise UsageError(f"{kind} {shown} is {size} bytes long, at most {longest} are allowed; shorten it")
    return name


def check_run_id(run_id: str) -> str:
    """`run_id` itself when it may name a run (W&B's rule: none of `/ \\ # ? % :`, at most 64 bytes)."""
    return check_name("the run id", run_id, MAX_RUN_ID)


def check_project_name(name: str) -> str:
    """`name` itself when it may name a project (none of `/ \\ # ? % :`, at most 128 bytes, not the store's own)."""
    if check_name("the project name", name, MAX_PROJECT_NAME).lower() in RESERVED_PROJECTS:
        raise UsageError(f"the project name {name!r} is kept for the store's own files; choose another")
    return name


def check_artifact_name(name: str) -> str:
    """`name` itself when it may name an artifact (none of `/ \\ # ? % :`, at most 128 bytes)."""
    return check_name("the artifact name", name, MAX_ARTIFACT_NAME)
