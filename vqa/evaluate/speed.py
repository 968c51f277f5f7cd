"""How long answers take, beside models that others published.

The models take turns, so that what else the machine does meets all of them alike. Each measurement gets photographs
it has not seen: the predictor keeps those it knows.
"""

import io
import itertools
import statistics
import time
from collections.abc import Callable, Hashable, Sequence
from functools import partial

import numpy as np
from PIL import Image

from vqa.processing.photos import open_photo

SIDE = 640  # of the photograph: a square, of which ViLT sees the least it can, 384 × 384
BULK = 32
RIVALS_BATCH = 8  # more at once is no faster on a CPU, and BLIP then takes gigabytes
NOUNS = (
    "cat dog horse bird cow sheep car bus train plane boat bike chair table sofa bed cup plate fork knife "
    "apple cake pizza tree flower house door window road sky shirt hat"
).split()
QUESTIONS = [f"what color is the {noun} in the photo?" for noun in NOUNS]


class Here:
    """The predictor with the calls of a `vqa.evaluate.rivals.Rival`."""

    def __init__(self, predictor, variant: str):
        self.predictor = predictor
        self.variant = variant

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.predictor.models[self.variant].parameters())

    def look(self, photos: Sequence[Image.Image]) -> list:
        return [self.predictor.encode(photo) for photo in photos]

    def ask(self, seen: list, questions: Sequence[str], answers: Sequence[str] | None = None) -> list:
        seen = seen * len(questions) if len(seen) == 1 else seen
        return self.predictor.ask_many(seen, questions, self.variant, answers=answers)


def photograph(number: int, megapixels: float = SIDE * SIDE / 1e6) -> bytes:
    """The JPEG of a square with soft random shapes; another `number` gives another one."""
    side = round((megapixels * 1e6) ** 0.5)
    shapes = np.random.default_rng(number).integers(0, 256, (16, 16, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(shapes).resize((side, side), Image.Resampling.BICUBIC).save(data, "JPEG", quality=90)
    return data.getvalue()


def interleave(
    tasks: dict[Hashable, Callable[[int], Callable]], rounds: int, tell: Callable[[str], None]
) -> dict[Hashable, dict]:
    """What each task's calls took, in ms: median, quartiles and the number of rounds.

    `task(turn)` makes ready what the call that it returns needs; only the call is timed. In each round every task
    has a turn; `tell` hears of each round as it begins.
    """
    times: dict[Hashable, list[float]] = {key: [] for key in tasks}
    for number in range(rounds):
        tell(f"round {number + 1} of {rounds}")
        for key, task in tasks.items():
            call = task(number)
            start = time.perf_counter()
            call()
            times[key].append(1000 * (time.perf_counter() - start))
    return {key: summary(values) for key, values in times.items()}


def summary(values: Sequence[float]) -> dict:
    """Median and quartiles of what was measured in several rounds."""
    low, _, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else 3 * [values[0]]
    return {"median": statistics.median(values), "quartiles": [low, high], "rounds": len(values)}


def speed_parts(models: dict, rounds: dict[str, int]) -> dict[str, Callable[[Callable], dict]]:
    """What there is to measure of all models: by its name, a function that does it and hears of rounds (`tell`).

    Each gives, by task and model, the time from a photograph's bytes, or from a question, to the answer.
    """
    numbers = itertools.count()  # no photograph twice

    def fresh() -> bytes:
        return photograph(next(numbers))

    def first(model) -> Callable:
        def ready(turn: int) -> Callable:
            data = fresh()
            return lambda: model.ask(model.look([open_photo(data)]), [QUESTIONS[turn % len(QUESTIONS)]])

        return ready

    def follow_up(model) -> Callable:
        seen = model.look([open_photo(fresh())])
        return lambda turn: lambda: model.ask(seen, [QUESTIONS[turn % len(QUESTIONS)]])

    def batches(model) -> list[slice]:
        size = BULK if isinstance(model, Here) else RIVALS_BATCH
        return [slice(start, start + size) for start in range(0, BULK, size)]

    def many_questions(model) -> Callable:
        def ready(turn: int) -> Callable:
            data = fresh()

            def call() -> None:
                seen = model.look([open_photo(data)])
                for batch in batches(model):
                    model.ask(seen, QUESTIONS[batch])

            return call

        return ready

    def many_photographs(model) -> Callable:
        def ready(turn: int) -> Callable:
            files = [fresh() for _ in range(BULK)]

            def call() -> None:
                for batch in batches(model):
                    model.ask(model.look([open_photo(data) for data in files[batch]]), QUESTIONS[batch])

            return call

        return ready

    singles = {"first question on a photograph": first, "follow-up question": follow_up}
    bulk = {f"{BULK} questions on one photograph": many_questions, f"{BULK} photographs in bulk": many_photographs}

    def measure(kind: str, tasks: dict[str, Callable], tell: Callable) -> dict[str, dict]:
        turns = {(task, name): make(model) for task, make in tasks.items() for name, model in models.items()}
        if kind == "single":
            interleave(turns, 1, lambda _: None)  # warms all of them up
        found = interleave(turns, rounds[kind], tell)
        return {task: {name: found[task, name] for name in models} for task in tasks}

    return {"single": partial(measure, "single", singles), "bulk": partial(measure, "bulk", bulk)}


def growth_parts(here: Here, rounds: int, most: int | None = None) -> dict[str, Callable[[Callable], dict]]:
    """As `speed_parts`, of this model alone: by quantity, a function that gives the times by size.

    `most` leaves larger sizes out.
    """
    numbers = itertools.count(10**6)  # other photographs than those of `speed_parts`
    asked = list(itertools.islice(itertools.cycle(QUESTIONS), 128))

    def one_by_one(count: int) -> Callable:
        def ready(turn: int) -> Callable:
            data = photograph(next(numbers))

            def call() -> None:
                looked = here.look([open_photo(data)])
                for question in asked[:count]:
                    here.ask(looked, [question])

            return call

        return ready

    def large(megapixels: float) -> Callable:
        def ready(turn: int) -> Callable:
            data = photograph(next(numbers), megapixels)
            return lambda: here.ask(here.look([open_photo(data)]), asked[:1])

        return ready

    def closed(count: int) -> Callable:
        answers = [f"{NOUNS[i % len(NOUNS)]} {i}" for i in range(count)]
        seen = here.look([open_photo(photograph(next(numbers)))])
        return lambda turn: lambda: here.ask(seen, asked[:1], answers)

    def together(count: int) -> Callable:
        seen = here.look([open_photo(photograph(next(numbers)))])
        return lambda turn: lambda: here.ask(seen, asked[:count])

    growth = {
        "questions on one photograph, one by one": (one_by_one, (1, 8, 32, 128)),
        "megapixels of the photograph, first question": (large, (0.4, 3, 12, 48)),
        "allowed answers, follow-up question": (closed, (2, 32, 512, 4096)),
        "follow-up questions answered together": (together, (1, 4, 16, 64)),
    }

    def measure(make: Callable, sizes: Sequence[float], tell: Callable) -> dict[str, dict]:
        return interleave({str(size): make(size) for size in sizes if size <= (most or size)}, rounds, tell)

    return {name: partial(measure, make, sizes) for name, (make, sizes) in growth.items()}
