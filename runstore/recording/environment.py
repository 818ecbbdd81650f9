"""What a run was installed and started in: packages, Python environment, container, batch system.

Only what is named here is taken from the environment's variables; they are never recorded as a whole.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from runstore.recording import redaction

_METADATA: Final = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._]*)-(?P<version>[0-9][^-]*?)(?:\.dist-info|(?:-py[0-9.]+)?\.egg-info)$"
)
_LOCKS: Final = (
    *("uv.lock", "pixi.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "conda-lock.yml", "environment.yml"),
)
_MOST_LOCK_BYTES: Final = 50 << 20
_IMAGES: Final = ("WANDB_DOCKER", "CONTAINER_IMAGE", "DOCKER_IMAGE", "APPTAINER_CONTAINER", "SINGULARITY_CONTAINER")
_CONTAINER_ID: Final = re.compile(r"(docker|containerd|crio|libpod|lxc)[^\n]*?([0-9a-f]{64})")
_SLURM: Final = (
    *("JOB_ID", "JOB_NAME", "JOB_PARTITION", "CLUSTER_NAME", "ARRAY_JOB_ID", "ARRAY_TASK_ID", "RESTART_COUNT"),
    *("PROCID", "LOCALID", "NODEID", "NTASKS", "JOB_NUM_NODES", "JOB_NODELIST", "CPUS_PER_TASK", "JOB_GPUS"),
)
_BATCHES: Final = {"pbs": "PBS_JOBID", "lsf": "LSB_JOBID", "cobalt": "COBALT_JOBID", "flux": "FLUX_JOB_ID"}


def describe_environment(folder: Path, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Keys, each where there is something to say: `environment`, `container`, `slurm` or `batch`.

    `folder` is the working directory: lock files are looked for in it and above, up to the repository's root.
    """
    source = os.environ if environ is None else environ
    found = {
        "environment": _describe_python(folder, source),
        "container": _describe_container(source),
        "slurm": {name.lower(): value for name in _SLURM if (value := source.get(f"SLURM_{name}"))},
        "batch": {kind: value for kind, name in _BATCHES.items() if (value := source.get(name))},
    }
    return {key: value for key, value in found.items() if value}


def requirements() -> list[str]:
    """What is installed, a line a distribution as `pip freeze` writes it, sorted. Passwords in addresses are left out.

    What was installed from a repository, an address or a directory says so.
    """
    return list(_requirements(_path()))


def version_of(name: str) -> str:
    """The version of an installed distribution, "" when there is none of this name."""
    return next((version for found, version, _ in _distributions(_path()) if found == name), "")


def _path() -> tuple[tuple[str, int], ...]:
    """Where Python imports from, each folder with the time of its last change: what is installed is as old as that."""
    found = []
    for folder in dict.fromkeys(sys.path):
        try:
            found.append((folder, os.stat(folder or ".").st_mtime_ns))
        except OSError:
            continue
    return tuple(found)


@lru_cache(1)  # A process may record thousands of runs.
def _requirements(path: tuple[tuple[str, int], ...]) -> tuple[str, ...]:
    lines = []
    for name, version, folder in _distributions(path):
        lines.append(_direct(name, version, folder) or f"{name}=={version}")
    return tuple(sorted(lines, key=str.lower))


@lru_cache(1)
def _distributions(path: tuple[tuple[str, int], ...]) -> list[tuple[str, str, Path]]:
    """Name, version and metadata's folder of each distribution that Python can import from.

    They are told from the folders' names: reading the metadata itself takes fifty times as long.
    """
    found: dict[str, tuple[str, str, Path]] = {}
    for folder, _ in path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for match in filter(None, map(_METADATA.match, names)):
            # The first on the path is the one that is imported.
            key = match["name"].lower().replace("_", "-")
            found.setdefault(key, (match["name"], match["version"], Path(folder, match[0])))
    return list(found.values())


def _direct(name: str, version: str, folder: Path) -> str:
    """The line of a distribution that was installed from somewhere else than an index, "" for any other."""
    try:
        data = json.loads((folder / "direct_url.json").read_bytes())
        address = redaction.without_login(str(data["url"]))
        vcs, archive = data.get("vcs_info"), data.get("archive_info")
        if vcs:
            revision = vcs.get("commit_id") or vcs.get("requested_revision")
            return f"{name} @ {vcs['vcs']}+{address}@{revision}"
        if (data.get("dir_info") or {}).get("editable"):
            return f"-e {address.removeprefix('file://')}  # {name}=={version}"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""
    return f"{name} @ {address}" if archive is not None or "dir_info" in data else ""


def _describe_python(folder: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    prefix = Path(sys.prefix)
    kind, name = "", ""
    if ".pixi" in prefix.parts or environ.get("PIXI_ENVIRONMENT_NAME"):
        kind, name = "pixi", environ.get("PIXI_ENVIRONMENT_NAME", prefix.name)
    elif (prefix / "conda-meta").is_dir():
        own = environ.get("CONDA_PREFIX") == sys.prefix
        kind, name = "conda", environ.get("CONDA_DEFAULT_ENV", "") if own else prefix.name
    elif sys.prefix != sys.base_prefix:
        kind, name = ("uv" if _is_of_uv(prefix) else "venv"), prefix.name
    found: dict[str, Any] = {"kind": kind, "name": name, "prefix": sys.prefix} if kind else {}
    if packages := _conda_packages(prefix):
        found["conda_packages"] = packages
    if locks := _locks(folder):
        found["locks"] = locks
    return found


def _is_of_uv(prefix: Path) -> bool:
    try:
        return any(line.startswith("uv =") for line in (prefix / "pyvenv.cfg").read_text().splitlines())
    except (OSError, ValueError):
        return False


def _conda_packages(prefix: Path) -> list[str]:
    """`name=version=build` of what conda installed."""
    try:
        names = os.listdir(prefix / "conda-meta")
    except OSError:
        return []
    parts = (name.removesuffix(".json").rsplit("-", 2) for name in names if name.endswith(".json"))
    return sorted("=".join(part) for part in parts if len(part) == 3)


def _locks(folder: Path) -> dict[str, str]:
    """The digests (SHA-256) of the lock files that hold for `folder`, by path."""
    found = {}
    for place in map(str, (folder, *folder.parents)):
        for name in _LOCKS:
            path = os.path.join(place, name)
            try:
                if os.stat(path).st_size <= _MOST_LOCK_BYTES:
                    found[path] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            except OSError:
                continue
        if found or os.path.exists(os.path.join(place, ".git")):
            break
    return found


def _describe_container(environ: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    if environ.get("APPTAINER_CONTAINER") or environ.get("SINGULARITY_CONTAINER"):
        found["kind"] = "apptainer"
    elif environ.get("KUBERNETES_SERVICE_HOST"):
        found["kind"] = "kubernetes"
    elif os.path.exists("/run/.containerenv"):
        found["kind"] = "podman"
    elif os.path.exists("/.dockerenv"):
        found["kind"] = "docker"
    if match := _CONTAINER_ID.search(_read("/proc/self/cgroup")):
        found = {"kind": match[1], **found, "id": match[2][:12]}
    image = next((value for name in _IMAGES if (value := environ.get(name))), "")
    if match := re.search(r'^image="([^"]+)"', _read("/run/.containerenv"), re.MULTILINE):
        image = image or match[1]
    return {**found, "image": image} if image else found


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
