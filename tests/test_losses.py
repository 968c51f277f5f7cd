"""The task loss, the joint loss and the calibration, against hand-made values."""

import math

import pytest
import torch

from vqa.calibrate import fit_temperature, sure_threshold
from vqa.losses import joint_loss, task_loss

PAD = 0


def test_a_row_counts_once_however_long_its_answer_is():
    torch.manual_seed(0)
    logits = torch.randn(2, 5, 7)
    answers = torch.tensor([[1, 3, 2, PAD, PAD], [1, 4, 5, 6, 2]])
    log_probs = logits.log_softmax(-1)
    short = -(log_probs[0, 0, 3] + log_probs[0, 1, 2]) / 2
    long = -(log_probs[1, 0, 4] + log_probs[1, 1, 5] + log_probs[1, 2, 6] + log_probs[1, 3, 2]) / 4
    torch.testing.assert_close(task_loss(logits, answers, PAD), (short + long) / 2)


def test_the_joint_loss_is_the_sum_of_its_named_terms():
    terms = joint_loss(torch.tensor(2.0), torch.tensor(3.0), 0.2)
    assert {k: v.item() for k, v in terms.items()} == pytest.approx({"loss": 2.6, "task": 2.0, "align": 3.0})
    assert joint_loss(torch.tensor(2.0), None, 0.2).keys() == {"loss", "task"}


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_fitted_temperature_is_the_one_the_truth_was_drawn_with(temperature):
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(6000, 3, 5, generator=generator)
    logits[..., PAD] = -1e4
    true = torch.stack([torch.multinomial((row / temperature).softmax(-1), 1, generator=generator) for row in logits])
    true = true.squeeze(-1)[:, :2]
    given = logits[:, :2].argmax(-1)
    correct = (true == given).all(1)
    answers = torch.cat([torch.ones(6000, 1, dtype=torch.long), given], dim=1)
    assert fit_temperature(logits, answers, correct, PAD) == pytest.approx(temperature, rel=0.1)
    # Padding says nothing: the same answers, of one piece.
    alone = torch.stack([answers[:, 0], answers[:, 1], torch.full((6000,), PAD)], dim=1)
    first = fit_temperature(logits, alone, true[:, 0] == given[:, 0], PAD)
    assert first == pytest.approx(temperature, rel=0.1)


def test_sure_is_the_lowest_confidence_from_which_enough_are_right():
    confidences, correct = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [True, False, True, True, False, False]
    assert sure_threshold(confidences, correct, accuracy=0.75) == 0.6
    assert sure_threshold(confidences, [False] * 6) == 1.0
    assert math.isclose(sure_threshold(confidences, [True] * 6), 0.4)
