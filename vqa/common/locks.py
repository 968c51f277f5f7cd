"""Folders to which one process at a time may write."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

LOCK_FILE = "writer.lock"


@contextmanager
def sole_writer(directory: Path, waits: bool) -> Iterator[None]:
    """Holds a folder against other processes that write to it. The system frees what a killed process held.

    Where another one holds it: says so and waits, or raises `ValueError`.
    """
    lock = FileLock(directory / LOCK_FILE)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        if not waits:
            raise ValueError(
                f"Another process writes to {directory}. Wait until it has ended, or give another folder."
            ) from error
        print(f"Another process writes to {directory}: waiting for it.", flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
