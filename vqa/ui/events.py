"""Two kinds of events: those that run a model wait in one line, those that only draw do not."""

from collections.abc import Callable
from typing import Any

MODEL_QUEUE = {"concurrency_id": "model", "concurrency_limit": 1}


def _as_it_is(handler: Callable) -> Callable:
    return handler


def model_events(gpu: Callable, around: Callable = _as_it_is) -> Callable:
    """Connects a trigger to a handler that runs a model: one at a time for all visitors, on a GPU where one is lent.

    `around` wraps the handler in this process: a GPU may lend another one.
    """

    def connect(trigger: Callable, handler: Callable, inputs: list | None, outputs: list, **options: Any):
        options = {"api_visibility": "private", "show_progress": "minimal", **MODEL_QUEUE, **options}
        return trigger(around(gpu(handler)), inputs, outputs, **options)

    return connect


def quick_events(around: Callable = _as_it_is) -> Callable:
    """Connects a trigger to a handler that runs no model; `around` wraps the handler."""

    def connect(trigger: Callable, handler: Callable, inputs: list | None, outputs: list, **options: Any):
        options = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": 8, **options}
        return trigger(around(handler), inputs, outputs, **options)

    return connect
