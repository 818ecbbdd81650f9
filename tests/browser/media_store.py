"""A run that logged one of everything, for the pages' tests."""

import json
import math
from pathlib import Path
from typing import Any

from tests.media_files import gif, histogram, plot, png, stored, table, wav
from tests.stores import START, write_file, write_run, write_store

EVIL = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
STEPS = 6
CUBE = [[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)]
OBJ = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 2 4\nf 1 3 4\nf 2 3 4\n"
HTML = """\
<style>body{background:rgb(1,2,3)}</style><p id=said>from the frame</p>
<script>
document.getElementById('said').textContent = 'its script ran';
try { parent.parent.document.title = 'owned' } catch {}
</script>
"""
MARKDOWN = """\
# Findings

The *loss* falls, see [the paper](https://example.org).

| a | b |
|---|---|
| 1 | 2 |

- one
- two
"""


def picture(step: int) -> bytes:
    return png(96, 64, lambda x, y: ((x * 2 + step * 30) % 256, y * 3 % 256, 120))


def mask(step: int) -> bytes:
    return png(96, 64, lambda x, y: (1 if 20 + step * 4 < x < 50 + step * 4 else 2 if y > 48 else 0,), grey=True)


def detection(folder: Path, step: int) -> dict[str, Any]:
    labels = {"0": "ground", "1": "cat", "2": "car"}
    boxes = [
        {
            "position": {"minX": 0.2, "maxX": 0.52, "minY": 0.1, "maxY": 0.7},
            "class_id": 1,
            "scores": {"sure": 0.5 + step / 20},
        },
        {"position": {"middle": [70, 40], "width": 30, "height": 20}, "domain": "pixel", "class_id": 2},
    ]
    masked = stored(folder, "mask", f"images/mask/m{step}.mask.png", mask(step))
    return stored(
        folder,
        "image",
        f"images/d{step}.png",
        picture(step),
        format="png",
        width=96,
        height=64,
        caption=f"detections at {step}",
        boxes={"found": {"class_labels": labels, "box_data": boxes}},
        masks={"truth": {**masked, "class_labels": labels}},
    )


def values(folder: Path, step: int) -> dict[str, Any]:
    """What the run logs at one step beside numbers."""
    small = [
        stored(
            folder,
            "image",
            f"images/s{step}-{at}.png",
            png(28, 28, lambda x, y, at=at: ((x * 9 * (at + 1) + step * 20) % 256,) * 3),
            width=28,
            height=28,
            caption=f"sample {at}",
        )
        for at in range(8)
    ]
    counts = [100 * math.exp(-((at - 10 - step) ** 2) / 30) for at in range(32)]
    samples = [[at, small[at % 8], at / 7, f"row {at}", None] for at in range(40)]
    curve = [[x / 20, (x / 20) ** (1 / (2 + c)), f"class {c}"] for c in range(2) for x in range(21)]
    return {
        "val/detections": detection(folder, step),
        "val/samples": {"_type": "gallery", "count": 8, "items": small},
        "val/predictions": table(folder, f"p{step}", ["id", "image", "score", "label", "none"], samples),
        "weights/layer1": histogram(counts, -1.0 - step / 10, 1.0 + step / 10),
        "curves/roc": plot(
            folder,
            "roc_curve",
            ["fpr", "tpr", "class"],
            curve,
            title="ROC",
            fields={"x": "fpr", "y": "tpr", "class": "class"},
        ),
    }


def charts(folder: Path) -> dict[str, Any]:
    """Charts of every kind, one of which cannot be drawn."""
    matrix = [[a, p, 9 * (a == p) + 1] for a in ("cat", "dog", "owl") for p in ("cat", "dog", "owl")]
    series = [[x, f"run {c}", math.sin(x / 5 + c)] for c in range(3) for x in range(30)]
    spec = {
        "mark": "bar",
        "encoding": {
            "x": {"field": "${field:a}", "type": "nominal"},
            "y": {"field": "${field:b}", "type": "quantitative"},
        },
    }
    return {
        "curves/confusion": plot(
            folder, "confusion_matrix", ["Actual", "Predicted", "nPredictions"], matrix, title="Confusion"
        ),
        "curves/series": plot(
            folder, "line_series", ["step", "lineKey", "lineVal"], series, title="Series", strings={"xname": "epoch"}
        ),
        "curves/bars": plot(folder, "bar", ["label", "value"], [["a", 3], ["b", 7]], title="Bars"),
        "curves/scatter": plot(
            folder,
            "scatter",
            ["height", "weight"],
            [[x, x * x % 17] for x in range(50)],
            fields={"x": "height", "y": "weight"},
        ),
        "curves/spread": plot(folder, "histogram", ["value"], [[math.sin(x) * x] for x in range(200)]),
        "curves/custom": plot(
            folder, None, ["k", "v"], [["a", 1], ["b", 2]], spec=spec, fields={"a": "k", "b": "v"}, title="Custom"
        ),
        "curves/broken": plot(folder, None, ["k"], [["a"]], spec={"mark": "nope"}),
    }


def last(folder: Path) -> dict[str, Any]:
    """What the run logs once, at its end."""
    points = [[math.cos(at / 9) * at / 40, math.sin(at / 9) * at / 40, at / 50, 1 + at % 3] for at in range(400)]
    figure = {"data": [{"type": "bar", "x": ["a", "b"], "y": [3, 5]}], "layout": {"title": {"text": "Bars"}}}
    big = table(folder, "big", ["n", "square", "text"], [[n, n * n, f"{n} {'x' * 60}"] for n in range(30_000)])
    return {
        "sound": stored(folder, "audio", "audio/a.wav", wav(), format="wav", caption="a tone"),
        "film": stored(folder, "video", "videos/v.gif", gif(), format="gif"),
        "report/page": stored(folder, "html", "html/h.html", HTML),
        "report/notes": stored(folder, "markdown", "markdown/m.md", MARKDOWN),
        "space/cloud": stored(
            folder,
            "object3D",
            "object3D/c.pts.json",
            {
                "type": "lidar/beta",
                "points": points,
                "boxes": [{"corners": CUBE, "label": "car", "color": [224, 60, 60], "score": 0.9}],
                "vectors": [{"start": [0, 0, 0], "end": [1, 1, 2]}],
            },
        ),
        "space/mesh": stored(folder, "object3D", "object3D/m.obj", OBJ),
        "space/scene": stored(folder, "object3D", "object3D/s.glb", b"glTF"),
        "space/protein": stored(folder, "molecule", "molecule/p.pdb", "HEADER    PROTEIN\nATOM      1  N   ALA\n"),
        "figure": stored(folder, "plotly", "plotly/f.plotly.json", figure),
        "big": big,
        **charts(folder),
    }


def write_rich(root: Path) -> Path:
    """The store of one run, `rich`, of the project `media`, with everything a run's page shows; returns the run."""
    write_store(root)
    folder = write_run(root, "media", "rich", history=None)
    rows = [{"loss": 1 / (step + 1), **values(folder, step), **moment(step)} for step in range(STEPS)]
    write_run(
        root,
        "media",
        "rich",
        rows,
        config={"lr": 0.1},
        meta={"name": "rich run", "created": "2026-10-02T10:00:00Z"},
        state={"state": "finished", "exit_code": 0, "finished": "2026-10-02T10:03:20Z"},
        files=second_attempt(folder) | measured() | console() | FILES | {"lineage.jsonl": lineage()},
    )
    for name, kind, version_id, run in (("digits", "dataset", "aaaaaaaa", ""), ("model", "model", "bbbbbbbb", "rich")):
        write_artifact(root, name, kind, version_id, run)
    return folder


def moment(step: int) -> dict[str, float]:
    return {"_step": step, "_runtime": step * 20.0, "_timestamp": START + step * 20}


def second_attempt(folder: Path) -> dict[str, Any]:
    """The run was resumed a step early, on another host."""
    first = {"host": "node1", "started": "2026-10-02T10:00:00Z", "command": ["train.py"], "program": "train.py"}
    return {
        "provenance.json": first,
        "provenance.2.json": {"host": "node2", "started": "2026-10-02T10:02:00Z", "starting_step": STEPS - 2},
        "history.2.jsonl": [{"loss": 0.1, "_step": STEPS - 2}, {**last(folder), **moment(STEPS)}],
    }


def measured() -> dict[str, Any]:
    """System metrics, and the alerts of somebody who means harm."""
    system = [
        {
            "_timestamp": START + at * 15,
            "_runtime": at * 15.0,
            "cpu": 20 + at % 7,
            "memory_percent": 40 + at,
            "disk.in": at * 2.0,
            "gpu.0.temp": 60.0 + at % 3,
        }
        for at in range(20)
    ]
    odd = {"title": "Loss is odd", "text": "It rose at step 3", "level": "WARN", "_step": 3, "_timestamp": START + 30}
    evil = {"title": EVIL, "text": EVIL, "level": "ERROR", "_step": 4, "_timestamp": START + 60}
    return {"system.jsonl": system, "alerts.jsonl": [odd, evil]}


def console() -> dict[str, Any]:
    """What two attempts printed."""
    return {
        "output.log": "one\n\x1b[1;31mred and bold\x1b[0m plain\n\x1b[38;5;46mgreen\x1b[0m <b>x</b>\noops\n",
        "lines.jsonl": [
            {"line": 0, "_timestamp": START, "source": "stdout"},
            {"line": 3, "_timestamp": START + 9, "source": "stderr"},
        ],
        "output.2.log": "resumed\n",
    }


FILES = {
    "files/notes.txt": "hello\n",
    "files/deep/page.html": "<script>document.title='owned'</script>",
    "files/deep/big.bin": b"\0" * 2000,
    "code/train.py": "import runstore as wandb\n\nwandb.init()  # </td><script>\n",
}


def lineage() -> list[dict[str, Any]]:
    """A data set in, a model out, and a version in that nobody has any more."""
    return [
        {"_timestamp": START, "direction": direction, "artifact": name, "version": version, "id": key, "type": kind}
        | use
        for direction, name, version, key, kind, use in (
            ("input", "digits", "v0", "aaaaaaaa", "dataset", {"use_as": "train"}),
            ("output", "model", "v0", "bbbbbbbb", "model", {}),
            ("input", "gone", "v1", "cccccccc", "model", {}),
        )
    ]


def write_artifact(root: Path, name: str, kind: str, version_id: str, run: str) -> None:
    """The manifest of a version with one file and one reference."""
    head = {
        "id": version_id,
        "name": name,
        "type": kind,
        "created": "2026-10-02T10:00:00Z",
        "digest": "d" * 64,
        "files": 2,
        "size": 1_500_000,
        "run": run,
        "description": f"The *{kind}* {EVIL}",
        "metadata": {"rows": 1797, EVIL: EVIL},
        "aliases": {"best": "2026-10-02T10:00:01Z"},
        "tags": ["small"],
    }
    entries = [
        {"id": version_id, "path": "data.npz", "sha256": "a" * 64, "size": 1_400_000},
        {"id": version_id, "path": "far", "ref": "s3://bucket/far", "size": 100_000},
    ]
    lines = "# Runstore artifact\n" + "".join(f"- {json.dumps(each)}\n" for each in (head, *entries))
    write_file(root / "media" / "artifacts" / name / "v0" / "manifest.yaml", lines)


def write_damaged(root: Path) -> None:
    """The store of one run, `cut`, of the project `media`, whose files are gone, cut or hostile at its last step."""
    write_store(root)
    folder = root / "media" / "runs" / "cut"
    whole, cut = (stored(folder, "image", f"images/{step}.png", picture(step), caption=f"at {step}") for step in (0, 1))
    (folder / cut["path"]).write_bytes(picture(1)[:150])
    other = {**stored(folder, "image", "images/text.png", b"no picture"), "caption": "text"}
    gone = {"_type": "image-file", "path": "media/images/gone.png"}
    head = {"columns": ["n"], "data": [[1], [2]], "nrows": 3, "parquet": {"path": "media/table/none.parquet"}}
    rows = stored(folder, "table", "table/t.table.json", head)
    loads = "<link rel=stylesheet href=https://example.org/a.css><a href='javascript:top.x()'>a</a><p id=said>still</p>"
    page = stored(folder, "html", "html/p.html", EVIL + loads)
    last = {
        "page": page,
        "cut": cut,
        "other": other,
        "gone": gone,
        "rows": rows,
        "preset": plot(folder, None, ["n"], [[7]]),
    }
    last["point"] = plot(folder, "line", ["x", "y"], [[1, 2]])
    history = [{"cut": whole, "gone": whole, "_step": 0}, {**last, "_step": 1}]
    write_run(root, "media", "cut", history, files={"provenance.json": {"host": "node1"}})


if __name__ == "__main__":
    import sys

    write_rich(Path(sys.argv[1]))
