"""Is a map true? Hide the patches it marks, a few more at a time, and see whether the answer goes (Petsiuk 2018).

B batch, P patches, N orders in which patches are hidden, T steps.
"""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch

from vqa.common.steps import finish
from vqa.explain.cases import Cases
from vqa.model.questions import Question

RANDOM_ORDERS = 20
ENOUGH_BEATEN = 0.9  # of the random orders: a meaningless map gets there once in ten
ENOUGH_GAIN = 0.01  # of probability: less is no reason to trust a map, however regular
TIE = 1e-6  # areas closer than this are equal


@dataclass(frozen=True)
class DeletionTest:
    """What becomes of the answer's probability while patches are hidden in a map's order, and in random orders."""

    answer: str
    fractions: np.ndarray  # (T + 1,), hidden part of the photograph, 0 to 1
    map_probability: np.ndarray  # (T + 1,)
    random_mean: np.ndarray  # (T + 1,)
    random_low: np.ndarray  # (T + 1,), the least of the random orders
    random_high: np.ndarray  # (T + 1,), the greatest
    beaten: float  # share of the random orders whose mean probability stays above the map's; a tie is half
    gain: float  # how far above, on average over the random orders

    @property
    def holds(self) -> bool:
        """Whether the map tells, for this question, where the evidence is."""
        return self.beaten >= ENOUGH_BEATEN and self.gain >= ENOUGH_GAIN


def deletion_test(*args, **options) -> DeletionTest:
    """Tests a map for one question, all at once; see `deletion_steps`."""
    return finish(deletion_steps(*args, **options))


def deletion_steps(
    model,
    processor,
    image,
    question: str | Question,
    image_map: np.ndarray,
    steps: int = 8,
    random_orders: int = RANDOM_ORDERS,
    seed: int = 0,
    answer: str | None = None,
    parts: int = 16,
) -> Generator[tuple[int, int], None, DeletionTest]:
    """Tests `image_map` (h, w) for one question; `answer` None takes the model's own.

    Yields `(done, parts)` before each part of the work. Hidden patches become `model.heads.mean_image_state`. Patches
    that the map does not tell apart are hidden in random order, so a flat map is a random order itself. Raises
    `ValueError` for a map of another shape.
    """
    if image_map.shape != tuple(model.grid_size):
        raise ValueError(f"The map has the shape {image_map.shape}; this model's grid is {tuple(model.grid_size)}.")
    rng = np.random.default_rng(seed)
    with torch.inference_mode(False):
        cases = Cases.encode(model, processor, image.states, [question], None if answer is None else [answer])
    orders = np.stack([by_value(image_map, rng), *(rng.permutation(image_map.size) for _ in range(random_orders))])
    fractions, curves = yield from _hide_in_order(model, cases, 0, orders, steps, parts=parts)
    random = curves[1:]
    gains = area(fractions, random) - area(fractions, curves[0])
    return DeletionTest(
        answer=processor.decode_answer(cases.answer_ids[0].tolist()),
        fractions=fractions,
        map_probability=curves[0],
        random_mean=random.mean(0),
        random_low=random.min(0),
        random_high=random.max(0),
        beaten=float(np.mean((gains > TIE) + 0.5 * (abs(gains) <= TIE))),
        gain=float(gains.mean()),
    )


def by_value(image_map: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The patches (P,) from the highest value to the lowest, equal ones in random order."""
    shuffled = rng.permutation(image_map.size)
    return shuffled[np.argsort(-image_map.ravel()[shuffled], kind="stable")]


def hide_in_order(
    model, cases: Cases, row: int, orders: np.ndarray, steps: int, insert: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """The probability of case `row`'s answer while patches vanish in each of the `orders` (N, P).

    Returns the fractions (T + 1,) and the curves (N, T + 1). With `insert`, all patches are hidden at first and
    come back in the order given.
    """
    return finish(_hide_in_order(model, cases, row, orders, steps, insert))


def _hide_in_order(
    model, cases: Cases, row: int, orders: np.ndarray, steps: int, insert: bool = False, parts: int = 1
) -> Generator[tuple[int, int], None, tuple[np.ndarray, np.ndarray]]:
    count, patches = orders.shape
    steps = min(steps, patches)
    counts = np.round(np.linspace(0, patches, steps + 1)).astype(int)
    rank = np.empty_like(orders)
    np.put_along_axis(rank, orders, np.arange(patches)[None].repeat(count, 0), axis=1)
    chosen = rank[:, None, :] < counts[None, :, None]  # (N, T + 1, P)
    hidden = torch.from_numpy(~chosen if insert else chosen).flatten(0, 1)
    hidden, same = hidden.unique(dim=0, return_inverse=True)  # all orders begin and end alike
    found, pieces = [], hidden.tensor_split(min(parts, len(hidden)))
    for done, part in enumerate(pieces):
        yield done, len(pieces)
        with torch.inference_mode(False):  # not around the `yield`: what runs meanwhile has modes of its own
            found += [log_probs for _, log_probs in cases.run_hidden(model, row, part)]
    probability = torch.cat(found).sum(-1).exp().double()[same.to(found[0].device)].cpu().numpy()
    return counts / patches, probability.reshape(count, steps + 1)


def area(fractions: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """The area under each curve (..., T + 1), 0 to 1, by the trapezium rule."""
    return np.trapezoid(curves, fractions, axis=-1)
