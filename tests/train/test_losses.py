"""The task loss, the joint loss and the calibration, against hand-made values."""

import math

import pytest
import torch

from vqa.train.calibration import fit_choice_temperature, fit_temperature, sure_threshold
from vqa.train.losses import attention_loss, joint_loss, task_loss

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
    terms = joint_loss(torch.tensor(2.0), {"align": (0.2, torch.tensor(3.0)), "attention": (0.5, torch.tensor(4.0))})
    expected = {"loss": 4.6, "task": 2.0, "align": 3.0, "attention": 4.0}
    assert {k: v.item() for k, v in terms.items()} == pytest.approx(expected)
    assert joint_loss(torch.tensor(2.0), {}) == {"loss": 2.0, "task": 2.0}


@pytest.fixture
def reading():
    """Scores (B, H, Q, P) of two questions, of three and of two words, and which words are real."""
    torch.manual_seed(0)
    return torch.randn(2, 2, 3, 5, requires_grad=True), torch.tensor([[True, True, True], [True, True, False]])


def test_attention_is_to_fall_on_what_is_asked_about(reading):
    scores, real = reading
    target = torch.tensor([[True, False, True, False, False], [False, False, False, False, True]])
    loss = attention_loss([(scores.softmax(-1), real)], target)
    weights = scores.softmax(-1)
    first = sum(weights[0, head, word, patch] for head in range(2) for word in range(3) for patch in (0, 2)) / 6
    second = sum(weights[1, head, word, 4] for head in range(2) for word in range(2)) / 4
    expected = -(first.log() + second.log()) / 2
    torch.testing.assert_close(loss, expected)
    gradients = [torch.autograd.grad(value, scores, retain_graph=True)[0] for value in (loss, expected)]
    torch.testing.assert_close(*gradients)
    assert (gradients[0][0, :, :, [0, 2]] < 0).all() and (gradients[0][0, :, :, [1, 3, 4]] > 0).all()
    assert (gradients[0][1, :, 2] == 0).all()  # padding is not told where to look
    other = torch.full((2, 1, 3, 5), 0.2)  # of a second layer, looking everywhere
    two = attention_loss([(weights, real), (other, real)], target)
    torch.testing.assert_close(two, (loss + (math.log(5 / 2) + math.log(5)) / 2) / 2)


def test_a_question_about_nothing_boxed_says_nothing_of_attention(reading):
    scores, real = reading
    target = torch.tensor([[False, True, True, False, False], [False] * 5])
    loss = attention_loss([(scores.softmax(-1), real)], target)
    torch.testing.assert_close(loss, attention_loss([(scores[:1].softmax(-1), real[:1])], target[:1]))
    [gradient] = torch.autograd.grad(loss, scores)
    assert (gradient[1] == 0).all() and gradient[0].abs().sum() > 0
    nothing = attention_loss([(scores.softmax(-1), real)], torch.zeros(2, 5, dtype=torch.bool))
    assert nothing == 0 and (torch.autograd.grad(nothing, scores)[0] == 0).all()


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


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_fitted_temperature_of_choices_is_the_one_the_truth_was_drawn_with(temperature):
    generator = torch.Generator().manual_seed(0)
    shares, correct = [], []
    for number in range(6000):
        probabilities = torch.randn(2 + number % 2, generator=generator).softmax(0).sort(descending=True).values
        drawn = torch.multinomial((probabilities.log() / temperature).softmax(0), 1, generator=generator)
        shares.append(probabilities.tolist())
        correct.append(drawn.item() == 0)
    assert fit_choice_temperature(shares, torch.tensor(correct)) == pytest.approx(temperature, rel=0.15)


def test_sure_is_the_lowest_confidence_from_which_enough_are_right():
    confidences, correct = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [True, False, True, True, False, False]
    assert sure_threshold(confidences, correct, accuracy=0.75) == 0.6
    assert sure_threshold(confidences, [False] * 6) == 1.0
    assert math.isclose(sure_threshold(confidences, [True] * 6), 0.4)
