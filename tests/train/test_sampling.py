"""Streams of examples, epoch by epoch."""

from vqa.train.sampling import EpochStream


def test_an_epoch_holds_each_item_once_and_batches_depend_on_the_step_alone():
    stream = EpochStream(list(range(11)), batch_size=3, seed=1)
    order = [item for step in range(11) for item in stream.batch(step)]
    assert all(sorted(order[11 * e : 11 * e + 11]) == list(range(11)) for e in range(3))
    assert order[:11] != order[11:22]
    assert EpochStream(list(range(11)), 3, 1).batch(7) == order[21:24]
