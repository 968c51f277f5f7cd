"""`vqa.common.locks`: one process at a time writes to a folder, and none that has ended holds it."""

import subprocess
import sys

import pytest

from vqa.common.locks import sole_writer

HOLDS = """
import sys, time
from pathlib import Path
from vqa.common.locks import sole_writer
with sole_writer(Path(sys.argv[1]), waits=False):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_folder_is_refused_while_another_process_writes_and_free_once_that_is_killed(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "held\n"
        refused = pytest.raises(ValueError, match=f"Another process writes to {tmp_path}. Wait")
        with refused, sole_writer(tmp_path, waits=False):
            pytest.fail("two write at once")
    finally:
        other.kill()
        other.communicate()
    for _ in range(2):
        with sole_writer(tmp_path, waits=False):
            pass


def test_a_folder_is_free_after_a_fault(tmp_path):
    with pytest.raises(KeyboardInterrupt), sole_writer(tmp_path, waits=False):
        raise KeyboardInterrupt
    with sole_writer(tmp_path, waits=False):
        pass
