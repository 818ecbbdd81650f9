"""Where parts of a site are compiled beside this process: processes here, or a Dask cluster.

Both are `concurrent.futures` executors, and so is any other that a program hands to `build_site`.
"""

import logging
import multiprocessing
import re
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from runstore.errors import StoreError, UsageError

_LOCAL: Final = re.compile(r"local:(\d{1,4})")
_DASK: Final = re.compile(r"dask://(?P<address>[^/\s]+:\d{1,5})/?")
_PATIENCE_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Workers:
    """An executor, how many tasks it carries out at once, and what it is called."""

    executor: Executor
    count: int
    name: str


@contextmanager
def workers(given: str) -> Iterator[Workers]:
    """The workers that `local:N` or `dask://HOST:PORT` names.

    Raises `UsageError` for another text, `StoreError` where no scheduler answers or it has no worker.
    """
    if local := _LOCAL.fullmatch(given):
        with _processes(int(local[1])) as found:
            yield found
    elif dask := _DASK.fullmatch(given):
        with _cluster(given, f"tcp://{dask['address']}") as found:
            yield found
    else:
        raise UsageError(f"found the executor {given!r}, expected local:N or dask://HOST:PORT, such as local:8")


@contextmanager
def _processes(count: int) -> Iterator[Workers]:
    if not count:
        raise UsageError("found the executor 'local:0', expected at least one process; write local:1 or more")
    # Not forked: Polars has threads, which a forked process would wait for in vain.
    with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as executor:
        yield Workers(executor, count, f"local:{count}")


@contextmanager
def _cluster(given: str, address: str) -> Iterator[Workers]:
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise StoreError("a Dask cluster needs distributed: pip install 'runstore[dask]'") from None
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # What Dask logs of a scheduler that is not there, the error says in one line.
    try:
        client = distributed.Client(address, timeout=_PATIENCE_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise StoreError(f"{given}: no Dask scheduler answers: {error}; check the address") from None
    finally:
        logging.disable(before)
    with client:
        count = sum(client.nthreads().values())
        if not count:
            raise StoreError(f"{given}: the scheduler has no worker; start one: dask worker {address}")
        # Tasks are told apart by themselves, not by what they are given: one that ran before is not taken for done.
        yield Workers(client.get_executor(pure=False), count, given)
