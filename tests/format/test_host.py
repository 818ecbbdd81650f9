"""The host and its boot: what a process id belongs to."""

import subprocess
import sys

from runstore.format.host import boot_id, hostname


def test_two_processes_of_one_boot_agree_on_it() -> None:
    code = "from runstore.format.host import boot_id, hostname; print(hostname(), boot_id())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert other.strip() == f"{hostname()} {boot_id()}".strip()
