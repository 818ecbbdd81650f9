"""What the charts of a project show first, a small file a metric: made of the runs that it takes, and of no others."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import orjson

from sitegen import urls
from sitegen.data.groups import mean_curve
from sitegen.data.overview import LEAST, LINES, Group, group_payload, lines_payload
from sitegen.data.series import Series
from sitegen.data.shards import named_shard
from sitegen.histories import Histories, Ranges
from sitegen.pages.project import default_group
from sitegen.planned import PlannedFile, fingerprint

_FILE: Final = re.compile(rb'runstore\.put\("(o[0-9a-f]{16})",(.*)\);\n', re.DOTALL)

Earlier = Callable[[str], bytes | None]
"""The content of a file of the site as it was built before, by its path."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A metric that gets an overview, and the ranks of all runs that logged it."""

    key: str
    ranks: Ranges


class Overviews:
    """The overviews of one project. Metrics whose exact data are small have none."""

    def __init__(self, histories: Histories) -> None:
        self._histories = histories
        self._project = histories.project
        self.name = f"overview:{self._project.name}"
        self.digest = fingerprint([chunk.digest for chunk in histories.chunks])

    def files(self, told: Sequence[str], earlier: Earlier) -> Iterator[PlannedFile]:
        """The files. `told` is what `tell` said in an earlier build, whose files `earlier` finds."""
        wanted = list(self._wanted())
        if default_group(self._project) is None:
            made = self._lines(wanted)
        else:
            made = self._groups(wanted, _Earlier(self._project.name, told, earlier))
        for key, payload in made:
            if payload is not None:
                name, content = named_shard("o", payload)
                known = name in self._histories.overviews.values()
                self._histories.overviews[key] = name
                if not known:
                    path = urls.data_file(self._project.name, name)
                    yield PlannedFile(path, fingerprint(self._histories.release, name), partial(bytes, content))

    def tell(self) -> list[str]:
        """What a later build needs to know to keep the files, in lines."""
        return [json.dumps(item) for item in self._histories.overviews.items()]

    def recall(self, told: Sequence[str]) -> None:
        """Takes what was told of files that are kept."""
        self._histories.overviews.update(_names(told))

    def _wanted(self) -> Iterator[_Wanted]:
        sizes: dict[str, int] = {}
        ranks: dict[str, Ranges] = {}
        for chunk in reversed(self._histories.chunks):
            for key, head in self._histories.heads(chunk.number).items():
                sizes[key] = sizes.get(key, 0) + head.size
                ranks.setdefault(key, []).extend(head.ranks)
        for key, size in sizes.items():
            if size > LEAST and not self._histories.defined.of(key).hidden:
                yield _Wanted(key, _merged(ranks[key]))

    def _lines(self, wanted: Sequence[_Wanted]) -> Iterator[tuple[str, dict[str, Any] | None]]:
        """The lines of the newest runs that logged each metric."""
        rank = self._histories.rank
        chosen = {each.key: [rank(number) for number in _last(each.ranks, LINES)] for each in wanted}
        self._histories.need({run for runs in chosen.values() for run in runs})
        for each in wanted:
            series = self._histories.series(each.key, chosen[each.key])
            if series is not None:
                ranks = np.array([rank(run) for run in series.runs.tolist()], dtype=np.intp)
                yield each.key, lines_payload(series, ranks, each.ranks)

    def _groups(self, wanted: Sequence[_Wanted], earlier: "_Earlier") -> Iterator[tuple[str, dict[str, Any] | None]]:
        """The lines of the groups. Of a group none of whose runs changed, that of an earlier build is taken."""
        members: dict[str | None, list[int]] = {}
        for run, record in enumerate(self._project.runs):
            members.setdefault(record.meta.group or None, []).append(run)
        shown = sorted(members, key=_natural)[:LINES]
        digests = {group: fingerprint(len(shown), self._histories.digest(members[group])) for group in shown}
        known = {each.key: earlier.groups(each.key) for each in wanted}
        missing = {each.key: [group for group in shown if digests[group] not in known[each.key]] for each in wanted}
        self._histories.need({run for groups in missing.values() for group in groups for run in members[group]})
        for each in wanted:
            made = dict(known[each.key])
            for group in missing[each.key]:
                series = self._histories.series(each.key, members[group])
                made[digests[group]] = None if series is None else _group(group, series, len(shown))
            found = [made[digests[group]] for group in shown]
            logged = [group for group in found if group is not None]
            if any(group == {} for group in logged) or not logged:
                yield each.key, None
                continue
            yield each.key, {"logged": each.ranks, "digests": [digests[group] for group in shown], "groups": found}


def _group(value: str | None, series: Series, groups: int) -> dict[str, Any]:
    """One group's line; nothing in it where it cannot be in an overview."""
    curve = mean_curve(series)
    if curve is None:
        return {}
    xs = series.step if series.axis is None else series.axis
    at = xs[series.broken]
    kinds = series.kinds[np.isfinite(at)]
    found = np.unique(np.stack([at[np.isfinite(at)], kinds]), axis=1)
    group = Group(value, series.runs.size, curve, found[0], found[1].astype(np.uint8))
    return group_payload(group, groups) or {}


class _Earlier:
    """The groups' lines in the overviews of an earlier build, by their digests."""

    def __init__(self, project: str, told: Sequence[str], find: Earlier) -> None:
        self._project = project
        self._names = _names(told)
        self._find = find

    def groups(self, key: str) -> dict[str, dict[str, Any] | None]:
        """Those of one metric; none where its file is not the one that was made."""
        if key not in self._names:
            return {}
        content = _FILE.fullmatch(self._find(urls.data_file(self._project, self._names[key])) or b"")
        if content is None or hashlib.sha256(content[2]).hexdigest()[:16] != self._names[key][1:]:
            return {}
        payload = orjson.loads(content[2])
        if "groups" not in payload:
            return {}
        return dict(zip(payload["digests"], payload["groups"], strict=True))


def _names(told: Sequence[str]) -> Mapping[str, str]:
    try:
        found = dict(json.loads(line) for line in told)
    except (ValueError, TypeError):
        return {}
    return {key: name for key, name in found.items() if re.fullmatch("o[0-9a-f]{16}", str(name))}


def _merged(parts: Ranges) -> Ranges:
    """Ascending ranges, those that touch as one."""
    found: Ranges = []
    for first, last in parts:
        if found and found[-1][1] == first - 1:
            found[-1][1] = last
        else:
            found.append([first, last])
    return found


def _last(ranges: Ranges, most: int) -> list[int]:
    """The highest numbers in some ranges."""
    found: list[int] = []
    for first, last in reversed(ranges):
        found += range(last, max(first - 1, last - (most - len(found))), -1)
        if len(found) == most:
            break
    return found


def _natural(text: str | None) -> tuple[Any, ...]:
    """Text in the order that people expect: `run 9` before `run 10`, what has none last."""
    parts = re.split(r"(\d+)", (text or "").casefold())
    return text is None, [(int(part), "") if part.isdecimal() else (0, part) for part in parts], text or ""
