"""One visitor's visit, which several events of the page may change at once."""

import inspect
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from functools import wraps
from threading import Lock
from typing import Any

from vqa.ui.visit import Visit

Shown = dict  # from components to their new values


class Held:
    """Holds a visit. An event begins with the visit as it is then, and ends with another one.

    Events that run a model wait for one another, but quick events run beside them. If each wrote back the whole visit
    that it began with, the last one to end would undo what the others did.
    """

    def __init__(self, visit: Visit):
        self.visit = visit
        self.is_cancelled = False  # what is being drawn is not wanted any more
        self._lock = Lock()

    def __deepcopy__(self, memo: dict) -> "Held":
        """Each session begins with its own."""
        return Held(self.visit)

    def merge(self, before: Visit, after: Visit) -> None:
        """Takes what an event changed between `before` and `after`. What others changed meanwhile stays."""
        with self._lock:
            self.visit = _merged(before, after, self.visit)

    def swap(self, before: Visit, after: Visit) -> bool:
        """Takes `after` in place of `before`. False, and nothing is done, where `before` is not held any more."""
        with self._lock:
            if self.visit is not before:
                return False
            self.visit = after
            return True


def _merged(before: Visit, after: Visit, now: Visit) -> Visit:
    """`after`, with what quick events changed between `before` and `now`: corrections, covered patches, the focus."""
    if now is before or after.sent != before.sent:  # of another photograph, nothing stays
        return after
    corrected = (
        next((other for other in now.turns if other.predictions == turn.predictions), turn) for turn in after.turns
    )
    merged = replace(after, turns=tuple(corrected))
    if now.hidden != before.hidden:
        merged = replace(merged, hidden=now.hidden, without={})
    if after.explanations is before.explanations and after.focus == before.focus:  # it looks at the same maps
        merged = replace(merged, focus=now.focus)
    return merged


def in_turn(handler: Callable, state: Any, stopped: Callable[[], Shown]) -> Callable:
    """A handler that runs a model, on the visit that `state` holds. Its result goes back into `state`.

    A generator ends after the step in which it is cancelled; then `stopped` says what to show.
    """
    if not inspect.isgeneratorfunction(handler):

        @wraps(handler)
        def once(held: Held, *args: Any) -> Shown:
            before = held.visit
            shown = handler(before, *args)
            held.merge(before, shown.get(state, before))
            return shown | {state: held}

        return once

    @wraps(handler)
    def stepwise(held: Held, *args: Any) -> Generator[Shown, None, None]:
        before, held.is_cancelled = held.visit, False
        with closing(handler(before, *args)) as steps:
            for shown in steps:
                after = shown.get(state, before)
                held.merge(before, after)
                before = after
                yield shown | {state: held}
                if held.is_cancelled:
                    yield stopped()
                    return

    return stepwise


def at_once(handler: Callable, state: Any) -> Callable:
    """A quick handler, on the visit that `state` holds: it is repeated where the visit changed meanwhile."""

    @wraps(handler)
    def once(held: Held, *args: Any) -> Shown:
        while True:
            before = held.visit
            shown = handler(before, *args)
            if held.swap(before, shown.get(state, before)):
                return shown | {state: held}

    return once
