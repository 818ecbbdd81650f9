"""Reading the options that an engine was given."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from runstore.errors import UsageError

_TIME = re.compile(r"^(?:(?P<days>\d+)-)?(?P<parts>\d+(?::\d+){0,2})$")


def check_known(engine: str, given: Mapping[str, Any], known: Collection[str]) -> None:
    """Raises `UsageError` for an option that was given and that the engine has not."""
    for name in given:
        if name not in known:
            has = ", ".join(flag(each) for each in known) or "no options of its own"
            raise UsageError(f"{flag(name)}: the engine {engine} does not have it; it has {has}")


def flag(name: str) -> str:
    """An option as it is written on the command line."""
    return f"--{name.replace('_', '-')}"


def minutes(text: str) -> int:
    """Slurm's ways to write a time (`90`, `4:00:00`, `2-12`, `1-00:30`), as whole minutes, rounded up."""
    match = _TIME.match(text.strip())
    if match is None:
        raise UsageError(
            f"--time: found {text!r}, expected minutes, hours:minutes:seconds or days-hours, as sbatch does"
        )
    parts = [int(part) for part in match["parts"].split(":")]
    if match["days"] is not None:
        hours, mins, seconds = [*parts, 0, 0][:3]
    elif len(parts) == 3:
        hours, mins, seconds = parts
    else:
        hours, (mins, seconds) = 0, [*parts, 0][:2]
    return 1440 * int(match["days"] or 0) + 60 * hours + mins + (seconds > 0)


def pairs(name: str, given: Iterable[str]) -> dict[str, str | bool]:
    """`key=value` texts as a mapping; a text without `=` is a switch."""
    found: dict[str, str | bool] = {}
    for text in given:
        key, equals, value = text.partition("=")
        key = key.strip().removeprefix("--")
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", key) or "\n" in value:
            raise UsageError(f"{flag(name)}: found {text!r}, expected key=value, for example {flag(name)} qos=low")
        if key in found:
            raise UsageError(f"{flag(name)}: found {key} twice, the second time as {text!r}; give it one value")
        found[key] = value if equals else True
    return found
