"""Generated names: ids and what a person can say."""

import re

from runstore.format.names import check_run_id
from runstore.recording.naming import generate_id, generate_name


def test_ids_are_good_run_ids_and_do_not_repeat() -> None:
    found = {check_run_id(generate_id()) for _ in range(10_000)}
    assert len(found) > 9_990


def test_names_are_an_adjective_a_noun_and_the_runs_number() -> None:
    found = {generate_name(12) for _ in range(2_000)}
    assert all(re.fullmatch(r"[a-z]+-[a-z]+-12", name) for name in found)
    assert len(found) > 1_000
