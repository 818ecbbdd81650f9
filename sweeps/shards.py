"""The shards of a sweep: publishes what belongs in one, and seals it when all its trials are over."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from runstore.format.sweep_layout import SHARD
from runstore.reading.sweeps.reader import SweepReader
from sweeps.records import Primitive, Sync, clear_garbage, is_sealed, is_sealing, make_shard, publish
from sweeps.sealing import clear_sealed, seal

_SEALING_SECONDS: Final = 0.02


class Shards:
    """One process's hand in the shards of a sweep."""

    def __init__(self, reader: SweepReader, primitive: Primitive) -> None:
        self._reader = reader
        self._layout = reader.layout
        self._state = reader.state
        self._primitive = primitive

    def publish(
        self, path: Path, number: int, data: bytes, sync: Sync = "content"
    ) -> Literal["won", "taken", "sealed"]:
        """Publishes a claim or an outcome. `sealed`: its shard takes no more; then what is left to do there is done."""
        shard = number // SHARD
        while (result := publish(self._layout, path, data, self._primitive, sync)) == "gone":
            if not make_shard(self._layout, shard):
                self.help_to_seal(shard)
                return "sealed"
        if result == "won" and is_sealed(self._layout, shard):
            # A shard's directory may have been made anew by one who slept: no reader of the seal would see what is in
            # there. A claim is taken back; an outcome may as well be in the right one, which was just moved.
            if sync == "none":
                path.unlink(missing_ok=True)
            for folder in (self._layout.claim(number).parent, self._layout.done(number).parent):
                with suppress(OSError):
                    os.rmdir(folder)
            self.help_to_seal(shard)
            return "sealed"
        return result

    def seal_if_complete(self, shard: int) -> None:
        """Seals a shard whose trials are all over, unless somebody wants one of them again."""
        if shard < 0 or shard in self._state.sealed or self._state.next_number < (shard + 1) * SHARD:
            return
        self._reader.look(attempts=False)
        if self._state.is_complete(shard):
            self._reader.look()
            if self._state.is_complete(shard):
                self._seal(shard)

    def help_to_seal(self, shard: int) -> None:
        """Goes on with a shard that somebody began to seal and may have left."""
        if os.path.lexists(self._layout.sealed(shard)):
            clear_sealed(self._layout, shard)
        elif is_sealing(self._layout, shard):
            self._seal(shard)
            if is_sealing(self._layout, shard):
                time.sleep(_SEALING_SECONDS)  # Another does it, and waits.
        self._reader.look(attempts=False)

    def _seal(self, shard: int) -> None:
        """One agent at a time where it can be; the records hold without that, too."""
        from filelock import FileLock, Timeout  # Few agents ever seal a shard.

        self._layout.locks_dir.mkdir(exist_ok=True)
        with suppress(Timeout), FileLock(self._layout.lock("seal"), timeout=0):
            known = [trial for trial in self._state.trials if trial.number // SHARD == shard]
            if seal(self._layout, shard, known, self._primitive, lambda: not self._is_wanted(shard)):
                self._reader.look(attempts=False)
            clear_garbage(self._layout)

    def _is_wanted(self, shard: int) -> bool:
        """Whether somebody asked for a trial of a shard again."""
        self._reader.look(attempts=False, outcomes=False)
        return any(retry.trial.number // SHARD == shard for retry in self._state.retries)
