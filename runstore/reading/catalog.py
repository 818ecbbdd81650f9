"""What a project's runs are, kept up to date: a new look reads only what changed since the last one.

The catalogue lives in the store's `.cache/`, which anybody may delete at any time: an index of what each small
file said and how far each history was read, and Parquet segments with the histories' numbers. A segment is
written once; rows of a history that was rewritten die with their source's number. A cache that cannot be read is
made again, one that cannot be written is done without.
"""

import math
import os
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from runstore.errors import FormatError
from runstore.format import run_layout as names
from runstore.format.layout import ProjectLayout, StoreLayout
from runstore.format.records import RunMeta
from runstore.format.run_layout import RunLayout
from runstore.reading.aggregated import aggregated
from runstore.reading.entries import Entry, Facts, refresh, without_path
from runstore.reading.index import Index, Known, as_json
from runstore.reading.ndjson import AXES, PREFIX, Block, Parsed, parse
from runstore.reading.packed import packed_size, read_pack
from runstore.reading.segments import DamagedSegmentError, Segments
from runstore.reading.sources import Source, read_new
from runstore.reading.stitching import ceilings, count_repeated, overlap, scan


@dataclass(frozen=True, slots=True)
class _Stale:
    """A history file that changed since it was read."""

    entry: Entry
    path: Path
    stat: os.stat_result


class ProjectCatalog:
    """The runs of one project: `update()` it, then read `entries`, `facts` and `frames()`.

    `entries` are by run id, `facts` by the number of a source. `bytes_read` counts what the last `update()`
    read of histories.
    """

    def __init__(self, project: ProjectLayout, store: StoreLayout, only: Collection[str] | None = None) -> None:
        """With `only` it knows no other runs than these, and neither reads nor writes the cache."""
        self.project = project
        self._only = None if only is None else frozenset(only)
        self.folder = store.cache_dir / project.name
        self.segments = Segments(self.folder)
        self.entries: dict[str, Entry] = {}
        self.facts: dict[int, Facts] = {}
        self.bytes_read = 0
        self._changed: set[str] = set()
        self._unwritten: set[str] = set()
        self._index = Index(self.folder / "catalog.jsonl")
        self._next_source = 0
        # A store may come from strangers: a cache that is a link would have us write, and sweep, wherever it leads.
        self._cached = only is None and not (os.path.islink(store.cache_dir) or os.path.islink(self.folder))
        self._load()

    def update(self) -> None:
        """Brings entries and facts up to date with the files. Trouble with a file becomes a problem of its run.

        Raises `OSError` when the project's runs cannot be listed.
        """
        self.bytes_read = 0
        layouts = {layout.id: layout for layout in self.project.runs() if self._only is None or layout.id in self._only}
        gone = self.entries.keys() - layouts.keys()
        for run_id in gone:
            del self.entries[run_id]
        changed = bool(gone)
        stale: list[_Stale] = []
        for run_id, layout in layouts.items():
            entry = self.entries.setdefault(run_id, Entry(RunMeta(id=run_id)))
            if self._is_unchanged(entry, layout):
                continue
            if self._look_at(entry, layout, stale):
                changed = True
                self._changed.add(run_id)
                self._unwritten.add(run_id)
        self._read_histories(stale)
        for run_id in self._changed if changed else ():
            self._stitch(self.entries.get(run_id))
        if changed:
            live = self.live()
            self.facts = {number: facts for number, facts in self.facts.items() if number in live}
            self._save()

    def aggregate(self, entry: Entry, keys: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Any]]:
        """What the rows of a run say of keys with aggregates, by rank ("" for the attempts), as `aggregated` gives it.

        It is remembered as long as the histories stay the same.
        """
        writers = {name: (names.written_by(name) or ("", ""))[1] for name in entry.sources}
        ceiling = ceilings(entry.provenances, writers.values())
        sizes = [[name, source.size, source.mtime_ns] for name, source in entry.sources.items()]
        of = [sizes, sorted(map(str, ceiling.items())), {who: list(each) for who, each in keys.items()}]
        of.append([str(metric) for metric in entry.metrics])
        if entry.aggregated_of != of:
            folder = self.project.runs_dir / entry.meta.id
            entry.aggregated, entry.aggregated_of = {}, of
            for who, wanted in keys.items():
                own = [name for name, writer in writers.items() if who == ("" if names.is_attempt(writer) else writer)]
                histories = {folder / name: ceiling[writers[name]] for name in own}
                entry.aggregated[who] = aggregated(histories, entry.metrics, wanted)
            self._unwritten.add(entry.meta.id)
        return entry.aggregated

    def save_aggregates(self) -> None:
        """Keeps what `aggregate` found since `update`."""
        if self._unwritten:
            self._save()

    def _stitch(self, entry: Entry | None) -> None:
        """Reads again, row by row, the histories of a run whose rows do not all count as they come."""
        if entry is None:
            return
        writers = {name: (names.written_by(name) or ("", ""))[1] for name in entry.sources}
        ceiling = ceilings(entry.provenances, writers.values()) if len(writers) > 1 else {}
        folder = self.project.runs_dir / entry.meta.id
        for name, source in entry.sources.items():
            facts, highest = self.facts[source.number], ceiling.get(writers[name], math.inf)
            hides = facts.last_step is not None and facts.last_step > highest
            of = [source.size, source.mtime_ns, highest if hides else None]
            if not hides and not facts.disordered:
                facts.exact = {}
            elif facts.exact.get("of") != of:
                try:
                    facts.exact = {**as_json(scan(folder / name, highest)), "of": of}
                except OSError:
                    facts.exact = {}  # The next look tells of it.
        self._count_repeated(entry, writers, ceiling)

    def _count_repeated(self, entry: Entry, writers: dict[str, str], ceiling: dict[str, float]) -> None:
        """Notes how many steps several attempts logged, where their ranges overlap."""
        attempts = [name for name, writer in writers.items() if names.is_attempt(writer)]
        spans = [self.facts[entry.sources[name].number].seen() for name in attempts]
        ends = [(span.first_step, span.last_step) for span in spans if span.first_step is not None]
        if not overlap([(first, last) for first, last in ends if first is not None and last is not None]):
            entry.repeated, entry.repeated_of = 0, []
            return
        folder = self.project.runs_dir / entry.meta.id
        of = [[name, entry.sources[name].size, str(ceiling.get(writers[name]))] for name in attempts]
        if entry.repeated_of != of:
            try:
                paths = {folder / name: ceiling.get(writers[name], math.inf) for name in attempts}
                entry.repeated, entry.repeated_of = count_repeated(paths), of
            except OSError:
                entry.repeated, entry.repeated_of = 0, []

    def take_changed(self) -> set[str]:
        """The runs that were read, in whole or in part, since this was last asked."""
        changed, self._changed = self._changed, set()
        return changed

    def live(self) -> dict[int, tuple[str, int]]:
        """The run of each source that counts, and the source's place among its run's histories."""
        return {
            source.number: (run_id, place)
            for run_id, entry in self.entries.items()
            for place, source in enumerate(entry.sources.values())
        }

    def frames(self, runs: Collection[str] | None = None, keys: Collection[str] | None = None) -> list[pl.DataFrame]:
        """The numbers of histories: frames as `ndjson` describes them, one for each set of columns.

        All of them, or those of some runs (by id) and of some keys.
        """
        columns = (
            None if keys is None else ["source", "line", *AXES.values(), *(f"{PREFIX}{key}" for key in sorted(keys))]
        )
        try:
            return self.segments.frames(self._wanted(runs), columns)
        except DamagedSegmentError:
            self._start_anew()
            return self.segments.frames(self._wanted(runs), columns)

    def _wanted(self, runs: Collection[str] | None) -> list[int]:
        return [number for number, (run_id, _) in self.live().items() if runs is None or run_id in runs]

    def _start_anew(self) -> None:
        """Makes the cache again from the store's own files."""
        self.entries, self.facts, self.segments = {}, {}, Segments(self.folder)
        self.update()

    def _is_unchanged(self, entry: Entry, layout: RunLayout) -> bool:
        """Whether every file of a sound run is as it was."""
        if not entry.stats or entry.unread or entry.odd or "" in entry.problems:
            return False
        try:
            return names.is_as_stamped(layout.path, entry.stats)
        except OSError:
            return False

    def _look_at(self, entry: Entry, layout: RunLayout, stale: list[_Stale]) -> bool:
        """Reads what changed of a run's small files and notes which histories did; says whether any file did."""
        try:
            scanned, odd = names.scan_names(layout.path)
        except OSError as error:
            entry.problems[""] = [[0, f"cannot be read ({error.strerror}); check its permissions"]]
            return True
        was_otherwise = entry.problems.pop("", None) is not None or entry.odd != odd
        entry.odd = odd
        found = {name: stat for name, stat in scanned.items() if not names.is_fleeting(name)}
        if not refresh(entry, layout, found):
            return was_otherwise
        _note_packed(entry, layout, found)
        histories = [name for name in found if names.is_history(name)]
        known = entry.sources
        entry.sources = {name: known[name] for name in histories if name in known}
        for name in histories:
            if name not in known or not known[name].unchanged(found[name]):
                stale.append(_Stale(entry, layout.path / name, found[name]))
        return True

    def _read_histories(self, stale: list[_Stale]) -> None:
        packed = [item for item in stale if names.is_packed(item.path.name)]
        parsed = parse(self._new_blocks(item for item in stale if not names.is_packed(item.path.name)))
        for item in packed:
            self._read_pack(item, parsed)
        for number, latest in parsed.latest.items():
            self.facts[number].latest.update(latest)
        for number, kinds in parsed.kinds.items():
            self.facts[number].kinds = sorted(kinds.union(self.facts[number].kinds))
        self._note_axes(parsed.frames)
        for line in parsed.bad:
            self.facts[line.source].bad.append([line.line, line.found])
        self.segments.add(parsed.frames)
        for item in stale:
            order = sorted(item.entry.sources.items(), key=lambda named: names.history_order(named[0]))
            item.entry.sources = dict(order)

    def _new_blocks(self, stale: Iterable[_Stale]) -> Generator[Block, None, None]:
        for item in stale:
            known = item.entry.sources.get(item.path.name)
            try:
                source = yield from self._tracked(read_new(item.path, item.stat, known, self._next_source))
            except OSError as error:
                # Rows may have come out before it failed: they must not come twice.
                item.entry.sources.pop(item.path.name, None)
                problem = [0, f"cannot be read ({error.strerror}); check its permissions"]
                item.entry.note_unread(item.path.name, problem, again=True)
                continue
            item.entry.problems.pop(item.path.name, None)
            item.entry.unread.discard(item.path.name)
            item.entry.sources[item.path.name] = source
            self._know(source.number)

    def _read_pack(self, item: _Stale, parsed: Parsed) -> None:
        """Adds what an archived history holds."""
        name, entry = item.path.name, item.entry
        entry.sources.pop(name, None)
        entry.problems.pop(name, None)
        entry.unread.discard(name)
        try:
            source, found = read_pack(item.path, item.stat, self._next_source)
        except FormatError as error:
            entry.note_unread(name, [0, without_path(error, item.path)], again=False)
            return
        except OSError as error:
            entry.note_unread(name, [0, f"cannot be read ({error.strerror}); check its permissions"], again=True)
            return
        self.bytes_read += item.stat.st_size
        entry.sources[name] = source
        self._know(source.number)
        parsed.merge(found)

    def _tracked(self, blocks: Generator[Block, None, Source]) -> Generator[Block, None, Source]:
        """Passes blocks on; what their source is known by exists before they are parsed."""
        try:
            while True:
                block = next(blocks)
                self.bytes_read += len(block.data)
                self._know(block.source)
                yield block
        except StopIteration as stop:
            source: Source = stop.value
            return source

    def _know(self, number: int) -> None:
        """Keeps a source's number for it alone, and a place for its facts."""
        self.facts.setdefault(number, Facts())
        self._next_source = max(self._next_source, number + 1)

    def _note_axes(self, frames: Sequence[pl.DataFrame]) -> None:
        """Notes how many rows each source has, and where these begin and end."""
        if not frames:
            return
        finite = [
            pl.when(pl.col(axis).is_finite()).then(pl.col(axis)).alias(axis)
            for axis in ("step", "timestamp", "runtime")
        ]
        totals = (
            pl.concat([frame.select("source", *AXES.values()) for frame in frames])
            .select("source", *finite)
            .group_by("source", maintain_order=True)
            .agg(
                pl.len(),
                pl.col("step").max(),
                pl.col("step").min().alias("first_step"),
                pl.col("step").diff().min().alias("back"),
                pl.col("timestamp").min().alias("first_time"),
                pl.col("timestamp").max().alias("last_time"),
                pl.col("runtime").max(),
            )
        )
        for number, rows, step, first_step, back, first, last, runtime in totals.iter_rows():
            facts = self.facts[number]
            before = facts.last_step
            late = before is not None and first_step is not None and first_step < before
            facts.disordered |= late or (back is not None and back < 0)
            facts.first_step = _widest(min, facts.first_step, first_step)
            facts.rows += rows
            facts.last_step = _widest(max, facts.last_step, step)
            facts.first_time = _widest(min, facts.first_time, first)
            facts.last_time = _widest(max, facts.last_time, last)
            facts.runtime = _widest(max, facts.runtime, runtime)

    def _load(self) -> None:
        """Takes up what an earlier look left; anything odd there means starting anew."""
        known = self._index.read() if self._cached else None
        if known is None:
            return
        numbers = {source.number for entry in known.entries.values() for source in entry.sources.values()}
        if numbers <= known.facts.keys() and all((self.folder / file).is_file() for file in known.segments):
            self.entries, self.facts, self.segments.files = known.entries, known.facts, known.segments
            self._next_source = known.next_source

    def _save(self) -> None:
        if not self._cached:
            return
        try:
            self.segments.save(self.live())
            known = Known(self.entries, self.facts, self.segments.files, self._next_source)
            self._index.write(known, self._unwritten)
            self._unwritten.clear()
            self.segments.sweep()
        except DamagedSegmentError:
            self._start_anew()
        except OSError:
            # A store on a disk that cannot be written is still read; the next look starts from its files.
            return


def _note_packed(entry: Entry, layout: RunLayout, found: Iterable[str]) -> None:
    """Notes how many bytes the lines of archived files have."""
    entry.packed = {}
    for name in filter(names.is_packed, found):
        with suppress(OSError, FormatError):
            entry.packed[name] = packed_size(layout.path / name)


def _widest(choose: Any, known: float | None, new: float | None) -> float | None:
    values = [value for value in (known, new) if value is not None]
    return choose(values) if values else None
