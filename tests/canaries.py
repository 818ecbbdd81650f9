"""A store with a canary in every place that names somebody or something which is to stay there."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from runstore.format.sweep_layout import SweepLayout
from runstore.format.sweep_records import Beat, Claim, Outcome, Process, dump
from tests.media_files import png
from tests.stores import START, curve, write_file, write_run, write_store

HOST, USER, HOME = "canaryhost-07.lab.example", "canaryuser", "canaryhome"
EMAIL, ADDRESS, REMOTE = "canary.mail@lab.example", "10.77.66.55", "canaryremote"
PATHS = ("canarydata", "canarycwd", "canaryvenv", "canaryartifacts", "canaryscratch")

CANARIES: Final[dict[str, tuple[str, ...]]] = {
    "host": ("canaryhost-07", "canaryagent"),
    "user": (USER, HOME, "Canary Author"),
    "email": ("canary.mail",),
    "address": (ADDRESS,),
    "paths": PATHS,
    "remote": (REMOTE,),
    "environment": ("canarypackage", "canaryjob"),
    "logs": ("canarylog",),
    "patches": ("canarypatch",),
    "files": ("canaryfile",),
    "code": ("canarycode",),
}
"""By what lets them out. Those in a home directory are out of sight with their paths."""
NEVER: Final = ("canaryprivate", "canaryserial")
"""What nothing lets out: a project that is private, what belongs to a part of the store that is not published."""

NOTES = (
    f"Ran on {HOST} by {USER}, see /scratch/canaryscratch/runs and /home/{HOME}/x; mail {EMAIL}, "
    f"dashboard at {ADDRESS}:80"
)
PROVENANCE: Final[dict[str, Any]] = {
    "host": HOST,
    "user": USER,
    "email": EMAIL,
    "os": "Linux-6.1",
    "python": "3.11.9",
    "executable": "/opt/canaryvenv/bin/python",
    "command": ["/opt/canaryvenv/bin/python", f"/home/{HOME}/train.py", "--data=/data/canarydata", "--lr", "0.1"],
    "program": f"/home/{HOME}/train.py",
    "cwd": "/work/canarycwd",
    "started": "2026-10-01T10:00:00Z",
    "cpu": "Some CPU",
    "gpu": ["Some GPU"],
    "gpu_serials": ["canaryserial"],
    "environment": {"kind": "venv", "prefix": "/opt/canaryvenv"},
    "slurm": {"job_name": "canaryjob", "job_nodelist": HOST},
    "git": {
        "commit": "ab" * 20,
        "branch": f"{USER}/feature",
        "remote": f"https://github.com/lab/{REMOTE}.git",
        "root": "/work/canarycwd",
        "dirty": True,
        "author": {"name": "Canary Author", "email": EMAIL},
    },
}


def write_canaries(root: Path, publish: str = "") -> Path:
    """Writes the store: the project `open`, which lets out what `publish` names, and `hidden`, which is private."""
    write_store(root, f"format: 1\nentity: {USER}\n")
    about = f"title: Open\ndescription: Of {USER}\nvisibility: public\npublish: [{publish}]\n"
    write_file(root / "open/project.yaml", about + f"views:\n  - {{name: on {HOST}, fragment: 'filter=host+%3D+x'}}\n")
    write_file(root / "hidden/project.yaml", "title: canaryprivate title\n")
    write_run(root, "hidden", "canaryprivate-run", curve(3), {"a": "canaryprivate"}, {"name": "canaryprivate"})
    _write_run(root, "r1")
    _write_run(root, "r2", attempts=True)
    _write_artifacts(root)
    _write_sweep(root)
    _write_reports(root)
    write_file(root / "canaryprivate.d/x", "a link's place")
    (root / "hidden" / "canaryprivate-link").symlink_to("/")
    return root


def _write_run(root: Path, run_id: str, attempts: bool = False) -> None:
    rows = [{**row, "note": f"text by {USER} on {HOST}", "image": _image()} for row in curve(5)]
    config = {
        "lr": 0.1,
        "data": "/data/canarydata/train.csv",
        "node": HOST,
        "nested": {"who": [USER, EMAIL], "url": f"http://{ADDRESS}:8080/x", "at": f"C:\\Users\\{HOME}\\x"},
        "weights": {"/data/canarydata/a": 0.5},
    }
    meta = {
        "name": f"run of {USER}",
        "created": "2026-10-01T10:00:00Z",
        "group": f"on {HOST}",
        "job_type": f"by-{USER}",
        "tags": [HOST, EMAIL, "fine"],
        "notes": NOTES,
        "sweep": "s1",
    }
    files: dict[str, Any] = {
        "provenance.json": PROVENANCE,
        "summary.json": {"loss": 0.2, "best": "/data/canarydata/best.pt", "who": USER},
        "metrics.yaml": "[]",
        "output.log": f"canarylog on \x1b[31m{HOST}\x1b[0m by {USER} in /scratch/canaryscratch/a\nfine\n",
        "lines.jsonl": [{"line": 0, "_timestamp": START, "source": "stdout"}],
        "changes.patch": "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+canarypatch\n",
        "requirements.txt": "canarypackage==1.0\n-e /opt/canaryvenv/src  # own==0.1\n",
        "alerts.jsonl": [{"_timestamp": START, "title": f"{USER}: bad", "text": f"on {HOST}, see {EMAIL}"}],
        "system.jsonl": [{"_timestamp": START, "_runtime": 0.0, "cpu": 50.0}],
        "lineage.jsonl": [
            {"_timestamp": START, "direction": "output", "artifact": "model", "version": "v0", "id": "a1"},
            {"_timestamp": START, "direction": "input", "project": "hidden", "artifact": "canaryprivate-model",
             "version": "v0", "id": "b1"},
        ],
        "files/notes.txt": "canaryfile\n",
        "code/train.py": "print('canarycode')\n",
        "media/images/a.png": png(2, 2, lambda x, y: (x * 99, y * 99, 0)),
    }  # fmt: skip
    if attempts:
        files["history.2.jsonl"] = curve(3, start=5)
        files["provenance.2.json"] = {**PROVENANCE, "starting_step": 5, "started": "2026-10-01T11:00:00Z"}
    write_run(root, "open", run_id, rows, config, meta, {"state": "finished"}, files)


def _image() -> dict[str, Any]:
    return {"_type": "image-file", "path": "media/images/a.png", "width": 2, "height": 2, "format": "png"}


def _write_artifacts(root: Path) -> None:
    entries = [
        {"id": "a1", "name": "model", "type": "model", "created": "2026-10-01T10:00:00Z", "run": "r1", "files": 2,
         "description": f"Made by {USER} on {HOST}", "metadata": {"from": "/data/canarydata/x", "node": HOST},
         "source": {"project": "hidden", "name": "canaryprivate-model", "version": "v0", "id": "b1"}},
        {"id": "a1", "path": "data", "ref": f"file:///data/canaryartifacts/{HOME}", "size": 3},
        {"id": "a1", "path": "w.bin", "sha256": "0" * 64, "size": 3},
    ]  # fmt: skip
    for version in ("v0", "v1"):
        own = [{**entry, "id": "a1" if version == "v0" else "a2"} for entry in entries]
        write_file(root / f"open/artifacts/model/{version}/manifest.yaml", own)
    write_file(root / "hidden/artifacts/canaryprivate-model/v0/manifest.yaml", [{"id": "b1", "name": "canaryprivate"}])


def _write_sweep(root: Path) -> None:
    layout = SweepLayout(root / "open" / "sweeps" / "s1")
    text = (
        f"# of {USER}\nname: search by {USER}\nprogram: /work/canarycwd/train.py\nmethod: random\n"
        f"metric: {{name: loss, goal: minimize}}\nparameters:\n  lr: {{min: 0.1, max: 1.0}}\n"
        f"  data: {{values: [/data/canarydata/a, /data/canarydata/b]}}\ncommand: [/opt/canaryvenv/bin/python, {HOST}]\n"
    )
    write_file(layout.sweep_yaml, text)
    write_file(layout.resolved_json, {"config": {"metric": {"name": "loss", "goal": "minimize"}, "method": "random"}})
    for number, run in enumerate(("r1", "r2")):
        agent = "canaryagent-1-100"
        params = {"lr": 0.1, "data": "/data/canarydata/a"}
        claim = Claim(number, run, agent, params, time="2026-10-01T10:00:00Z")
        write_file(layout.claim(number, 1), dump(claim))
        reason = f"ValueError on {HOST} in /scratch/canaryscratch/x"
        outcome = Outcome(number, run, agent, "failed", reason=reason, time="2026-10-01T10:01:00Z")
        write_file(layout.done(number), dump(outcome))
    process = Process(host="canaryagent-1", pid=100)
    write_file(layout.agent("canaryagent-1-100"), dump(Beat("canaryagent-1-100", 4, "bye", process)))


def _write_reports(root: Path) -> None:
    head = f"title: What {USER} found\nauthors: [{USER}, {EMAIL}]\n"
    text = f"{NOTES}\n\n```panel\ntype: line\nmetrics: [loss]\ncaption: on {HOST}\n```\n"
    write_file(root / "open/reports/told.md", f"---\n{head}status: published\n---\n\n{text}")
    write_file(root / "reports/all.md", f"---\n{head}status: published\n---\n\n{text.split('```')[0]}")
    write_file(root / "open/reports/begun.md", "---\ntitle: canaryprivate\n---\n\nnot done\n")
    write_file(root / "hidden/reports/told.md", "---\ntitle: canaryprivate\nstatus: published\n---\n\nhidden\n")


def found_in(site: Path, words: tuple[str, ...]) -> list[str]:
    """Which of the words stand in a file of the site, in its name, or in data that are written in base64."""
    known = [(word, word.lower().encode()) for word in words]
    hits = []
    for path in sorted(site.rglob("*")):
        pieces = [path.relative_to(site).as_posix().encode()]
        if path.is_file():
            data = path.read_bytes()
            pieces += [data, *_decoded(data)]
        hits += [f"{word} in {path}" for word, low in known if any(low in piece.lower() for piece in pieces)]
    return hits


def _decoded(data: bytes) -> Iterator[bytes]:
    for match in re.finditer(rb"[A-Za-z0-9+/]{24,}={0,2}", data):
        text = match[0]
        for shift in range(4):
            piece = text[shift : shift + (len(text) - shift) // 4 * 4]
            try:
                yield base64.b64decode(piece)
            except ValueError:
                continue
