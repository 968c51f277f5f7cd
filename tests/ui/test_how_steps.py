"""What each step of the walk says: real numbers of the model at hand."""

import pytest

from vqa.ui.gallery import Gallery, load_examples
from vqa.ui.how_steps import STEPS, Walk
from vqa.ui.how_tab import walk
from vqa.ui.markup import decimal, percent


@pytest.fixture(scope="module")
def walked(tiny_predictor) -> Walk:
    return walk(Gallery(tiny_predictor, load_examples()))


def test_each_step_shows_its_shapes_and_its_numbers(walked):
    html = {name: render(walked, "en") for name, render in STEPS.items()}
    assert "<code>3 × 96 × 96</code>" in html["patches"] and "3 × 3 = 9 patches" in html["patches"]
    assert all(f"<b>{token}</b><small>{number}</small>" in html["words"] for token, number in walked.trace.tokens)
    for variant in ("aligned", "unaligned"):
        assert decimal(walked.cosines[variant]) in html["space"]
    assert percent(float(walked.trace.head_maps[walked.trace.word][walked.trace.patch])) in html["head"]
    assert html["head"].count("<figure>") == sum(word.isalnum() for word in walked.trace.words)
    assert decimal(walked.trace.values["fused_text"][0], 2).replace("-", "−") in html["fused"]
    for step in walked.trace.steps:
        assert f"{step.probability:.3f}" in html["pieces"]
    assert f"= {percent(walked.trace.probability)}" in html["pieces"].replace("&lt;", "<")


def test_the_cosine_is_the_models_own(walked, tiny_predictor):
    assert walked.trace.cosine == pytest.approx(walked.cosines[walked.variant], abs=1e-5)
    assert set(walked.cosines) == set(tiny_predictor.variants)
