"""The questions to a disk, one function each: what two workers do there, and what that shows."""

import secrets
from collections.abc import Iterator, Sequence
from statistics import median
from time import monotonic, sleep, time
from typing import Final

from sweeps.doctor.findings import Finding, Verdict
from sweeps.doctor.workers import RefusedError, Worker

RACES: Final = 20
NAMES_A_RACE: Final = 10
LOOKS: Final = 3
PATIENCE_SECONDS: Final = 90.0
"""How long a look waits: caches of network file systems keep what is old for up to a minute by default."""


def exclusive(workers: Sequence[Worker], how: str) -> Finding:
    """Many processes make the same names at the same time: exactly one may succeed, and has to know it."""
    what = {"link": "link(2)", "create": "open with O_EXCL"}[how]
    tokens = [secrets.token_hex(8) for _ in workers]
    made: dict[str, str] = {}
    wrong_words = 0
    for _ in range(RACES):
        names = [_new(how) for _ in range(NAMES_A_RACE)]
        try:
            said, held = _race(workers, how, tokens, names)
        except RefusedError as error:
            return Finding(what, "no", f"{what}: refused with {error.code}")
        for place, name in enumerate(names):
            winners = [token for token, mine in zip(tokens, held, strict=True) if mine[place]]
            if len(winners) != 1:
                return Finding(what, "no", f"{what}: {len(winners)} of {len(workers)} processes made the same name")
            made[name] = winners[0]
            wrong_words += sum(word[place] != (token in winners) for token, word in zip(tokens, said, strict=True))
    if any(_contents(worker, list(made)) != made for worker in (workers[0], workers[-1])):
        return Finding(what, "no", f"{what}: the two sides do not agree which process made a name")
    text = f"{what}: one of {len(workers)} processes made each of {len(made)} names, and both sides agree which"
    if wrong_words:
        text += f"; {wrong_words} times the call's answer was wrong (a lost reply), the inode was right"
    return Finding(what, "ok", text)


def _contents(worker: Worker, names: Sequence[str], patience: float = PATIENCE_SECONDS) -> dict[str, str]:
    """What files say; one that was just made with O_EXCL may look empty from the other side for a moment."""
    until = monotonic() + patience
    found = {name: str(worker.ask("read", name=name)) for name in names}
    while not all(found.values()) and monotonic() < until:
        sleep(0.05)
        found |= {name: str(worker.ask("read", name=name)) for name, text in found.items() if not text}
    return found


def _race(
    workers: Sequence[Worker], how: str, tokens: Sequence[str], names: Sequence[str]
) -> tuple[list[list[bool]], list[list[bool]]]:
    """For each worker: which names its calls said it made, and which it made."""
    for do in ("prepare", "race"):
        for worker, token in zip(workers, tokens, strict=True):
            worker.send(do, how=how, token=token, names=list(names))
        answers = _all_answers(workers)
    return [[said for said, _ in each] for each in answers], [[mine for _, mine in each] for each in answers]


def _all_answers(workers: Sequence[Worker]) -> list[list[tuple[bool, bool]]]:
    """What every worker says; the pipes are empty when a refusal is raised."""
    answers, refused = [], None
    for worker in workers:
        try:
            answers.append(worker.receive())
        except RefusedError as error:
            refused = error
    if refused is not None:
        raise refused
    return answers


def second_name(here: Worker) -> Finding:
    """Whether a file can have a second name at all, and whether the inode shows it."""
    private, public = _new("private"), _new("public")
    here.ask("write", name=private, text="x")
    try:
        same = here.ask("link", source=private, target=public)
    except RefusedError as error:
        return Finding("hard links", "note", f"hard links: refused with {error.code}; records are made with O_EXCL")
    if not same:
        return Finding(
            "hard links", "no", "hard links: a linked file has another inode, so a winner cannot be told", needed=True
        )
    return Finding("hard links", "ok", "hard links: a second name means the same file, and its inode shows it")


def seen_after(writer: Worker, reader: Worker, kind: str, patience: float = PATIENCE_SECONDS) -> Finding:
    """How soon `reader` sees what `writer` did: a new `name`, the same in a `listing`, new `bytes`, or a `rename`."""
    what = {
        "name": "a new file by its name",
        "listing": "a new file in a listing",
        "bytes": "new bytes of a file",
        "rename": "a file renamed over another",
    }[kind]
    delays = []
    for _ in range(LOOKS):
        delay = _delay(writer, reader, kind, patience)
        if delay is None:
            needed = kind != "listing"  # A listing is never more than a hint.
            verdict: Verdict = "no" if needed else "note"
            return Finding(what, verdict, f"{what}: not seen within {patience:.0f} s", needed, patience)
        delays.append(delay)
    return Finding(what, "ok", f"{what}: seen within {_span(max(delays))}", True, max(delays))


def _delay(writer: Worker, reader: Worker, kind: str, patience: float) -> float | None:
    name, text = _new(kind), secrets.token_hex(8)
    looked = {"name": "name", "listing": "listing"}.get(kind, "bytes")
    if looked == "bytes":
        writer.ask("write", name=name, text="0" * len(text))
        reader.ask("read", name=name)
    reader.ask("watch", kind=looked, name=name, text=text, patience=patience)
    if kind == "rename":
        writer.ask("write", name=f"{name}-beside", text=text)
        writer.ask("rename", source=f"{name}-beside", target=name)
    else:
        writer.ask("write", name=name, text=text)
    reader.send("there")
    found = reader.receive()
    return None if found is None else float(found)


def folder_sync(here: Worker) -> Finding:
    """Whether a new name can be made to outlive a power failure."""
    began = monotonic()
    try:
        here.ask("sync_folder")
    except RefusedError as error:
        text = f"fsync of a directory: refused with {error.code}; a power failure may take the newest records back"
        return Finding("fsync of a directory", "note", text)
    return Finding("fsync of a directory", "ok", f"fsync of a directory: done in {_span(monotonic() - began)}")


def file_lock(here: Worker, there: Worker) -> Finding:
    """Whether flock(2) holds between the two. Nothing rests on it: it spares double work."""
    name = _new("lock")
    try:
        here.ask("lock", name=name)
        excluded = not there.ask("lock", name=name)
        here.ask("unlock", name=name)
        free = not excluded or there.ask("lock", name=name)
    except RefusedError as error:
        return Finding("flock", "note", f"flock: refused with {error.code}; agents may fit the same model twice")
    if excluded and free:
        return Finding("flock", "ok", "flock: keeps the other side out, and lets it in afterwards")
    why = "keeps nobody out across the two" if not excluded else "is not let go"
    return Finding("flock", "note", f"flock: {why}; nothing is wrong, but agents may fit the same model twice")


def renamed_folder(here: Worker, there: Worker) -> Finding:
    """Whether a directory that was renamed is gone under its old name for the other side, as sealing relies on."""
    what = "a renamed directory"
    folder, private = _new("folder"), _new("private")
    here.ask("make_folder", name=folder)
    there.ask("write", name=private, text="x")
    there.ask("list_folder", name=folder)
    here.ask("rename", source=folder, target=f"{folder}.sealing")
    try:
        there.ask("link_into", source=private, folder=folder, name="late")
    except RefusedError as error:
        if error.code in ("ENOENT", "ESTALE"):
            return Finding(what, "ok", f"{what}: the other side can make nothing under its old name ({error.code})")
        return Finding(what, "note", f"{what}: the other side is refused with {error.code}, expected ENOENT")
    text = f"{what}: the other side can still make files under its old name for a moment"
    return Finding(what, "note", f"{text}; a late record may be lost, never one that counts")


def clocks(here: Worker, there: Worker) -> Iterator[Finding]:
    """How far the clocks are apart. Information: no clock is ever compared with another."""
    offset, error = _offset(there) if there.host else (0.0, 0.0)
    if there.host:
        text = f"clocks: {there.host} is {_apart(offset, error)} this machine; nothing rests on it"
        yield Finding("clocks", "note", text)
    name = _new("time")
    before = time()
    here.ask("write", name=name, text="x")
    after = time()
    server = here.ask("modified", name=name)
    offset = server - (before + after) / 2
    text = f"clocks: the disk's is {_apart(offset, (after - before) / 2)} this machine; nothing rests on it"
    yield Finding("clock of the disk", "note", text)


def _offset(there: Worker) -> tuple[float, float]:
    """The other clock minus ours, and how wrong that may be (s): from the quickest of a few questions."""
    asked = []
    for _ in range(5):
        before = time()
        answer = there.ask("clock")
        after = time()
        asked.append(((after - before) / 2, answer - (before + after) / 2))
    return median(offset for _, offset in asked), min(error for error, _ in asked)


def _apart(offset: float, error: float) -> str:
    if abs(offset) <= max(error, 0.01):
        return "with"
    return f"{_span(abs(offset))} {'ahead of' if offset > 0 else 'behind'}"


def _span(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms" if seconds >= 0.001 else "1 ms"


def _new(what: str) -> str:
    return f"{what}-{secrets.token_hex(6)}"
