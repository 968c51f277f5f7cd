"""Work that can be watched: a generator that yields how far it is and returns its result."""

from collections.abc import Generator
from typing import TypeVar

Result = TypeVar("Result")


def finish(steps: Generator[object, None, Result]) -> Result:
    """Runs a generator to its end and gives what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
