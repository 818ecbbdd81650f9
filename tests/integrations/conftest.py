"""Runs as in the tests of recording."""

from tests.recording.conftest import begin as begin
from tests.recording.conftest import run as run
from tests.recording.conftest import store as store
