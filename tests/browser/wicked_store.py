"""A store of all that goes wrong: names in every script and syntax, numbers at every edge, damaged files."""

import json
import math
from pathlib import Path
from typing import Any

from runstore.format import yaml12
from tests.media_files import stored, table
from tests.stores import START, write_file, write_run, write_store

EVIL = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
LONG = "n" * 500
TEXTS = {
    "markup": EVIL,
    "cdata": "]]><![CDATA[ <svg onload=alert(1)> &amp; &lt;b&gt;",
    "templates": "${x} {{ 7*7 }} {% raw %} `x` <%= 1 %>",
    "arabic": "تجربة التعلم ١٢٣",
    "hebrew": "ניסוי \u200flr=0.1",
    "cjk": "实验 実験 실험",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 🚀",
    "marks": "Z\u0351\u036b\u0343a\u0300\u0301\u0302l\u0334g\u0321o",
    "override": "abc\u202etxt.exe\u2066\u2069",
    "invisible": "a\u200bb\u200cc\u200dd\ufeffe\u00ad",
    "separators": "line\u2028paragraph\u2029end",
    "proto": "__proto__",
    "long": LONG,
    "formula": '=HYPERLINK("http://example.org";"x")',
    "number": "1e5",
    "none": "(none)",
}
KEYS = (
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "a.b.c",
    "a/b/c",
    "/",
    ".",
    "..",
    'say "hi"',
    "it's",
    "back\\slash",
    "two\nlines",
    "tab\there",
    "100%",
    "%2F%00",
    "#tag",
    "what?",
    "a,b",
    "a&b=c",
    "a b",
    "-dash",
    "~0~1",
    "[0]",
    "${key}",
    "{{key}}",
    "Loss",
    "loss",
    "LOSS",
    EVIL,
    "损失",
    "خسارة",
    "👩‍👩‍👧‍👦",
    "e\u0301",
    "\u00e9",
    "\u202ekey",
    LONG,
    "SELECT",
    "and",
    "null",
    "config.x",
)
ARTIFACT = "模型 & <b>v1</b> 'q' 🚀"
MIXED: tuple[Any, ...] = (
    1,
    2.5,
    "text",
    "3",
    True,
    None,
    [1, "a"],
    [],
    "",
    "NaN",
    10**18,
    -(10**30),
    {"deep": 1},
    " 7 ",
    "1",
    "true",
    "(none)",
    2**60 + 1,
)
NOTES = "Long *notes* ünï 🚀 </script>\n" * 25_000
CLOCK = ((0, START), (5, START + 9e8), (2, START - 9e8), (-3, 0), (1e9, -1e12), (7, 1e300))
EDGES = (1e308, -1e308, 5e-324, 1.7976931348623157e308, 0.0, -0.0, math.inf, -math.inf, math.nan)


def write_wicked(root: Path) -> Path:
    """`wicked`, `numbers`, `wide`, `broken`, `media`; `one` of one run, `none` of no run, `hollow` of empty runs."""
    write_store(root)
    _write_texts(root)
    _write_numbers(root)
    _write_wide(root)
    _write_broken(root)
    _write_media(root)
    write_run(root, "one", "only", [row(step, loss=1 / (step + 1)) for step in range(5)], meta={"name": "only"})
    write_file(root / "none" / "project.yaml", {"title": EVIL, "description": TEXTS["arabic"]})
    for number in range(3):
        write_run(root, "hollow", f"e{number}", b"" if number else None, meta={"name": f"empty {number}"})
    return root


def row(step: float, **values: Any) -> dict[str, Any]:
    """A row of a history with every axis."""
    return {**values, "_step": step, "_runtime": step * 1.0, "_timestamp": START + step}


def _write_texts(root: Path) -> None:
    for at, (run_id, text) in enumerate(TEXTS.items()):
        _write_text(root, at, run_id, text)
    for run_id, group in (("Same", "A"), ("same", "a"), ("SAME", "A ")):
        write_run(root, "wicked", run_id, [row(0, loss=1.0, Loss=2.0)], meta={"name": "same", "group": group})
    write_file(root / "wicked" / "project.yaml", {"title": EVIL, "description": TEXTS["override"]})
    _write_artifact(root)


def _write_text(root: Path, at: int, run_id: str, text: str) -> None:
    """A run that has the text in every place that a text may stand in."""
    config = dict.fromkeys(KEYS, text) | {"kind": run_id, "nested": {text: {"deep": at}}, "lr": at % 3}
    write_run(
        root,
        "wicked",
        run_id,
        [row(step, **{key: at + step / (1 + place) for place, key in enumerate(KEYS)}) for step in range(4)],
        config=yaml12.dump(config),
        meta=yaml12.dump(
            {
                "name": text,
                "created": f"2026-10-01T10:{at:02d}:00Z",
                "group": text,
                "job_type": text,
                "tags": [text, "a,b", "A", "a"],
                "notes": f"# {text}\n{text}",
            }
        ),
        state={"state": ("finished", "failed", "killed", text)[at % 4], "exit_code": at % 4, "finished": text},
        files={
            "summary.json": {"said": text, **dict.fromkeys(KEYS, at / 7)},
            "output.log": f"{text}\n\x1b[31m{text}\x1b[0m\n",
            "files/note.txt": text,
            f"files/{'d' * 60}/{'f' * 60}.txt": text,
            "files/#100% ?.txt": text,
            "provenance.json": {
                "host": text,
                "user": text,
                "command": [text],
                "git": {"commit": text, "remote": text},
            },
            "changes.patch": f"diff --git a/{text} b/{text}\n+{text}\n-{text}\n",
        },
    )


def _write_artifact(root: Path) -> None:
    """Versions whose files would lie anywhere."""
    for version, path in enumerate(("weights/<img>.bin", "../../escape", "C:\\x\\y", "ünï/😀 #1?.txt")):
        head = {
            "id": f"{version:08d}",
            "name": ARTIFACT,
            "type": EVIL,
            "created": "2026-10-01T00:00:00Z",
            "digest": "d" * 64,
            "files": 1,
            "size": 3,
            "metadata": dict.fromkeys(KEYS[:6], EVIL),
            "description": EVIL,
            "aliases": [TEXTS["hebrew"]],
        }
        entry = {"id": f"{version:08d}", "path": path, "sha256": f"{version}" * 64, "size": 3}
        text = "# Runstore artifact\n" + "".join(f"- {json.dumps(each)}\n" for each in (head, entry))
        write_file(root / "wicked" / "artifacts" / ARTIFACT.replace("/", "") / f"v{version}" / "manifest.yaml", text)


def _write_numbers(root: Path) -> None:
    for at, value in enumerate(MIXED):
        write_run(
            root,
            "numbers",
            f"mixed{at:02d}",
            [row(0, score=value), row(1, score=float(at))],
            config={"mixed": value, "flag": at % 2 == 0, "at": at},
            meta={"name": f"mixed {at:02d}", "created": f"2026-10-01T10:{at:02d}:00Z"},
            files={"summary.json": {"mixed": value, "loss": at}},
        )
    histories: dict[str, list[dict[str, Any]]] = {
        "empty": [],
        "point": [row(3, score=1.0, solo=7.0)],
        "back": [row(step, score=float(at)) for at, step in enumerate((5, 3, 9, 9, 0, -4, 2.5, 1e15))],
        "jump": [
            {"score": float(at), "_step": at, "_runtime": runtime, "_timestamp": wall}
            for at, (runtime, wall) in enumerate(CLOCK)
        ],
        "edges": [row(at, score=value, edge=value) for at, value in enumerate(EDGES * 3)],
        "never": [row(at, broken=value) for at, value in enumerate((math.nan, math.inf, -math.inf))],
        "stepless": [{"score": 1.0}, {"score": 2.0}, {"score": 3.0}],
        "nostep": [{"score": 1.0, "_step": None}, {"score": 2.0, "_step": "x"}, {"score": 3.0, "_step": math.nan}],
    }
    for run_id, rows in histories.items():
        write_run(root, "numbers", run_id, rows, meta={"name": run_id}, config={"mixed": run_id, "at": -1})


def _write_wide(root: Path) -> None:
    config = {f"layer{at // 50}.unit{at % 50}": at if at % 3 else f"text {at}" for at in range(5_000)}
    for at in range(3):
        write_run(
            root,
            "wide",
            f"w{at}",
            [row(step, loss=1 / (step + 1 + at)) for step in range(3)],
            config={**config, "seed": at},
            meta={"name": LONG + str(at), "group": LONG, "tags": [LONG] * 3, "notes": NOTES},
        )


def _write_broken(root: Path) -> None:
    def run(run_id: str, **files: Any) -> Path:
        return write_run(root, "broken", run_id, **{"history": [row(0, loss=1.0), row(1, loss=0.5)], **files})

    run("good")
    run("yaml", config="a: [1, 2", meta="name: {", state=b"{not json")
    run("half", history=b'{"loss":1,"_step":0}\n{"loss":0.5,"_st')
    run("lines", history=b'{"loss":1,"_step":0}\n[1,2]\nnull\n"x"\n{"loss":\n\n{"loss":3,"_step":5}\n')
    run("binary", history=bytes(range(256)) * 40)
    run("utf16", history='{"loss": 1}\n'.encode("utf-16"), config="a: 1".encode("utf-16"))
    run("bare", meta=None)
    run("types", config="- 1\n- 2\n", meta="[]", state="7", files={"summary.json": b"[]", "provenance.json": b'"x"'})
    run("wrong", meta={"name": 7, "tags": "x", "created": "yesterday", "group": ["a"], "notes": {"a": 1}})
    run(
        "summary",
        files={
            "summary.json": b'{"loss": 1',
            "output.log": bytes(range(256)) * 9,
            "system.jsonl": b"\0\0{}\n{",
            "lines.jsonl": b"x",
        },
    )
    write_file(root / "broken" / "project.yaml", "title: [\nviews: 3\n")
    write_file(root / "broken" / "artifacts" / "torn" / "v0" / "manifest.yaml", "- {id: 1\n- nonsense")


def _write_media(root: Path) -> None:
    folder = write_run(root, "media", "stubs", None, meta={"name": "stubs"})
    odd = table(
        folder,
        "odd",
        ["a", "a", "", EVIL, "__proto__", "a.b", LONG],
        [[1, "x", None, EVIL, {"b": 1}, [1], LONG], [2], [1] * 9],
    )
    nowhere = {"sha256": "0" * 64, "size": 3}
    rows: list[dict[str, Any]] = [
        {"gone": {"_type": "image-file", "path": "media/images/gone.png", **nowhere}},
        {"outside": {"_type": "image-file", "path": "../../../../etc/passwd", **nowhere}},
        {
            "pathless": {"_type": "image-file"},
            "untyped": {"_type": "hologram-file", "path": 7},
            "listed": [{"_type": "image-file"}],
        },
        {"noimage": stored(folder, "image", "images/no.png", EVIL, width=-1, height="x", caption=EVIL)},
        {"odd": odd, "empty": table(folder, "empty", [], []), "headed": table(folder, "headed", ["only"], [])},
        {"torn": stored(folder, "table", "table/torn.table.json", '{"columns": ["a"], "data": [[1'), EVIL: odd},
        {
            "flat": {"_type": "histogram", "values": [], "bins": []},
            "wild": {"_type": "histogram", "values": [math.nan, 1e308], "bins": [0, 1]},
        },
        {
            "html": stored(folder, "html", "html/x.html", EVIL),
            "plot": {"_type": "plot", "preset": "nothing", "table": odd},
        },
        {"loss": 1.0},
    ]
    write_run(root, "media", "stubs", [row(step, **each) for step, each in enumerate(rows)], meta={"name": EVIL})
