"""A store that the tests of reports share: nothing writes to it."""

import pytest

from tests.sitegen.reports.compiling import Desk, write_store_of_reports


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk.at(write_store_of_reports(tmp_path_factory.mktemp("desk") / "experiments"))
