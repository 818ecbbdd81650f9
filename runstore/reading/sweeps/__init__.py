"""Reading sweeps: their records, and what they add up to."""

from runstore.reading.sweeps.reader import SweepReader, open_sweep
from runstore.reading.sweeps.state import Retry, SweepState
from runstore.reading.sweeps.trials import Trial

__all__ = ["Retry", "SweepReader", "SweepState", "Trial", "open_sweep"]
