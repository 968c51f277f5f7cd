"""What training draws: endless shuffled epochs that can be entered at any step, and random numbers."""

import random
from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np
import torch

Item = TypeVar("Item")


class EpochStream(Generic[Item]):
    """Items in an order shuffled anew each epoch; `batch(step)` depends on nothing but the seed and the step."""

    def __init__(self, items: Sequence[Item], batch_size: int, seed: int = 0):
        if not items:
            raise ValueError("There is nothing to train on: no row of the data has a photograph and a training split.")
        self.items = items
        self.batch_size = batch_size
        self.seed = seed
        self._orders: dict[int, list[int]] = {}

    def _order(self, epoch: int) -> list[int]:
        if epoch not in self._orders:
            order = list(range(len(self.items)))
            random.Random(f"{self.seed}/{epoch}").shuffle(order)
            self._orders = {e: o for e, o in self._orders.items() if e >= epoch - 1} | {epoch: order}
        return self._orders[epoch]

    def batch(self, step: int) -> list[Item]:
        batch = []
        for index in range(step * self.batch_size, (step + 1) * self.batch_size):
            epoch, place = divmod(index, len(self.items))
            batch.append(self.items[self._order(epoch)[place]])
        return batch


def uniform(shape: Sequence[int], rng: random.Random) -> torch.Tensor:
    """Numbers from 0 up to 1, of a shape, that follow from the state of `rng`."""
    return torch.from_numpy(np.random.default_rng(rng.getrandbits(32)).random(shape))
