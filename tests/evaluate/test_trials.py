"""Measurements of maps, on maps of which the truth is known."""

import numpy as np
import pytest
import torch
from PIL import Image

from vqa.data.images import ImageStore
from vqa.data.questions import QuestionRow
from vqa.evaluate.trials import (
    Subject,
    best_method,
    centre_prior,
    draw_evenly,
    measure_curves,
    rank_correlation,
    sample,
    shuffled_from_the_top,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def test_rank_correlation_on_known_values():
    pytest.importorskip("scipy", reason="rank correlation needs SciPy, of the extra vqa[evaluate]")
    a = np.array([1.0, 5, 2, 9])
    assert rank_correlation(a, a**3) == pytest.approx(1)
    assert rank_correlation(a, -a) == pytest.approx(-1)
    # By hand, with a tie: ranks 1, 2.5, 2.5, 4 against 1, 3, 2, 4.
    assert rank_correlation(np.array([0, 1, 1, 2]), np.array([0, 2, 1, 3])) == pytest.approx(4.5 / np.sqrt(4.5 * 5))
    assert rank_correlation(np.ones(4), a) == 0


def test_the_centre_prior_is_highest_in_the_middle():
    prior = centre_prior((3, 5))
    assert prior.shape == (3, 5) and np.unravel_index(prior.argmax(), prior.shape) == (1, 2)
    np.testing.assert_allclose(prior, prior[::-1, ::-1])


def test_sampling_a_map_is_exact_at_patch_centres_and_linear_between():
    image_map = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(sample(image_map, np.array([0.25, 0.75]), np.array([1, 3, 5]) / 6), image_map)
    np.testing.assert_allclose(sample(image_map, np.array([0.5]), np.array([1 / 3])), [[2.0]])


class TruestMaps(Subject):
    """Relevance is made from the curve itself, so it must win: patches by what hiding each alone does."""

    def maps(self, model, states, batch, answers, method):
        truth = super().maps(model, states, batch, answers, "occlusion")
        return {"relevance": truth, "occlusion": truth, "attention": -truth, "rollout": np.zeros_like(truth)}[method]


def test_curves_reward_the_true_order_and_punish_its_opposite(photos, tiny_weights):
    from vqa.inference.predictor import VQAPredictor

    predictor = VQAPredictor.from_pretrained(tiny_weights)
    generator = torch.Generator().manual_seed(0)
    model, generator = predictor.models["aligned"], torch.Generator().manual_seed(0)
    for i in range(7):  # grey, but for one thing that the answer can depend on
        picture = Image.new("RGB", (60, 60), "grey")
        picture.paste("red", (15 * (i % 4), 15 * (i // 4), 15 * (i % 4) + 15, 15 * (i // 4) + 15))
        picture.save(photos / "photos" / f"p{i}.png")
    with torch.no_grad():
        for parameter in model.parameters():  # the usual 0.02 leaves all answers alike
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    model.heads.mean_image_state.copy_(predictor.encode(Image.new("RGB", (60, 60), "grey")).states.states.mean((0, 1)))
    store = ImageStore([photos / "photos"])
    questions = [QuestionRow(f"p{i}", "what is in the photo") for i in range(7)]
    found = measure_curves(TruestMaps(predictor, "aligned", store), questions, 0)
    methods = found["methods"]
    assert found["count"] == 7
    assert methods["relevance"]["deletion_gain"]["mean"] > 0 > methods["attention"]["deletion_gain"]["mean"]
    assert methods["relevance"]["insertion_gain"]["mean"] > 0 > methods["attention"]["insertion_gain"]["mean"]
    assert methods["random"]["deletion_gain"]["mean"] == 0
    low, high = methods["relevance"]["deletion_gain"]["interval"]
    assert low <= methods["relevance"]["deletion_gain"]["mean"] <= high
    assert best_method(methods) == "relevance"


def test_shuffling_goes_from_the_top_and_leaves_the_model_alone(tiny_predictor):
    model = tiny_predictor.models["aligned"]
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    changed = []
    for _, broken in shuffled_from_the_top(model, 0):
        state = broken.state_dict()
        changed.append({name for name in before if not torch.equal(before[name], state[name])})
        for name in changed[-1]:
            assert torch.equal(before[name].flatten().sort().values, state[name].flatten().sort().values)
    assert len(changed) == model.config.patch_blocks + model.config.word_blocks + 2  # decoder and projections
    assert all(a < b for a, b in zip(changed, changed[1:], strict=False))
    assert all(name.startswith("heads.decoder") for name in changed[0])
    assert not any(name.startswith(("vision_encoder", "text_encoder")) for name in changed[-1])
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_questions_are_drawn_evenly_from_sources(photos):
    store = ImageStore([photos / "photos"])
    many = [QuestionRow(f"p{i % 7}", "q", source="many") for i in range(50)]
    few = [QuestionRow(f"p{i}", "q", source="few") for i in range(3)]
    drawn = draw_evenly(many + few, 10, 0, store)
    assert [sum(q.source == s for q in drawn) for s in ("many", "few")] == [7, 3]
    assert [q.image_id for q in drawn] == sorted(q.image_id for q in drawn)
    with pytest.raises(ValueError, match="None of the questions"):
        draw_evenly([QuestionRow("elsewhere", "q")], 10, 0, store)
