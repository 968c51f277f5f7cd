"""Two kinds of events: those that run a model wait in one line, those that only draw do not."""

from collections.abc import Callable
from typing import Any

MODEL_QUEUE = {"concurrency_id": "model", "concurrency_limit": 1}


def model_events(gpu: Callable) -> Callable:
    """Connects a trigger to a handler that runs a model: one at a time for all visitors, on a GPU where one is lent."""

    def connect(trigger: Callable, handler: Callable, inputs: list | None, outputs: list, **options: Any):
        options = {"api_visibility": "private", "show_progress": "minimal", **MODEL_QUEUE, **options}
        return trigger(gpu(handler), inputs, outputs, **options)

    return connect


def quick_events() -> Callable:
    """Connects a trigger to a handler that runs no model."""

    def connect(trigger: Callable, handler: Callable, inputs: list | None, outputs: list, **options: Any):
        options = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": 8, **options}
        return trigger(handler, inputs, outputs, **options)

    return connect
