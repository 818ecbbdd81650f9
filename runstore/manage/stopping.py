"""Asking a live run to stop: a file in its directory, which its own process looks for every few seconds."""

import datetime

from runstore.errors import StoreError
from runstore.format.records import StopRequest, dump_stop_request, write_atomically
from runstore.format.run_layout import RunLayout


def request_stop(run: RunLayout, by: str = "") -> None:
    """Asks the processes that write `run` to end it as `killed`; `by` is shown to whoever reads its output.

    It is for the caller to know that the run is live: a request that nobody hears is dropped when the run is next gone
    on with. Raises `StoreError` where it cannot be written.
    """
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    try:
        write_atomically(run.stop_request, dump_stop_request(StopRequest(requested=now, by=by)))
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{run.path}: cannot be asked to stop ({reason}); check its permissions") from None
