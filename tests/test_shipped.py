"""The weights in the repository, end to end, on photographs that nobody trained on."""

import json
from pathlib import Path

import pytest
import torch

from vqa.data.questions import read_questions
from vqa.evaluate.accuracy import Scored
from vqa.evaluate.contrast import FILE, kind_of, read_contrast
from vqa.evaluate.records import hash_weights
from vqa.inference.predictor import VQAPredictor
from vqa.ui.gallery import load_examples

ROOT = Path(__file__).parent.parent
WEIGHTS = ROOT / "weights"
VISITORS = (  # what they would ask about the examples
    ("cat", "what animal is this?", "cat"),
    ("cat", "how many cats are there?", "1"),
    ("cat", "is this a cat or a dog?", "cat"),
    ("lion", "what color is the lion?", "brown"),
    ("tower", "what color is the sky?", "blue"),
    ("coffee", "what is in the cup?", "coffee"),
    ("coffee", "what is the table made of?", "wood"),
    ("photographer", "indoors or outdoors?", "outdoors"),
    ("astronaut", "is this a man or a woman?", "woman"),
    ("stop_sign", "what does the sign say?", "stop"),
    ("bus", "what vehicle is this?", "bus"),
    ("bus", "what color is the bus?", "red"),
)


@pytest.fixture(scope="module")
def predictor() -> VQAPredictor:
    return VQAPredictor.from_pretrained(WEIGHTS)


def test_both_checkpoints_are_of_one_shape_and_share_their_encoders(predictor):
    aligned, unaligned = predictor.models["aligned"], predictor.models["unaligned"]
    assert {k: v.shape for k, v in aligned.state_dict().items()} == {
        k: v.shape for k, v in unaligned.state_dict().items()
    }
    assert aligned.vision_encoder is unaligned.vision_encoder
    assert torch.equal(aligned.heads.mean_image_state, unaligned.heads.mean_image_state)
    assert not torch.equal(aligned.heads.aligner.image.mlp_out.weight, unaligned.heads.aligner.image.mlp_out.weight)
    assert unaligned.heads.aligner.image.mlp_out.weight.abs().max() == 0  # the encoders' own features


def test_the_two_runs_differ_in_their_variant_alone():
    runs = [json.loads((WEIGHTS / name / "train.json").read_text()) for name in ("aligned", "unaligned")]
    assert [run.pop("variant") for run in runs] == ["aligned", "unaligned"]
    for run in runs:
        assert run["settings"]["fit"]["steps"] > 0
        assert len(run["made_from"].pop("settings")) == 64  # a digest of the variant, too
        for told in ("seconds", "val"):  # what came out
            run.pop(told)
    assert runs[0] == runs[1]


@pytest.mark.parametrize("variant", ["aligned", "unaligned"])
def test_a_cat_is_a_cat_and_the_question_alone_does_not_say_so(predictor, variant):
    photo = ROOT / "examples" / "cat.jpg"
    seen = predictor.ask(photo, "what animal is this?", variant)
    assert seen.answer == "cat" and seen.confidence > 0.6
    question_only = predictor.ask_question_only(
        "what animal is this?", variant, answers=["cat", "dog", "horse", "bird"]
    )
    closed = predictor.ask(photo, "what animal is this?", variant, answers=["cat", "dog", "horse", "bird"])
    probability = {answer.text: answer.probability for answer in closed.top}
    assert question_only.answer != "cat"
    assert probability["cat"] > 3 * {answer.text: answer.probability for answer in question_only.top}["cat"]


def test_visitors_questions_about_the_examples_are_answered_rightly(predictor):
    paths = {example.name: example.path for example in load_examples()}
    photos = {name: predictor.encode(paths[name]) for name in {name for name, _, _ in VISITORS}}
    answers = {(name, asked): predictor.ask(photos[name], asked).answer for name, asked, _ in VISITORS}
    assert answers == {(name, asked): right for name, asked, right in VISITORS}


def test_closed_probabilities_agree_with_teacher_forcing(predictor):
    model, processor = predictor.models["aligned"], predictor.processors["aligned"]
    photo, question, answers = (
        predictor.encode(ROOT / "examples" / "coffee.jpg"),
        "what is in the cup?",
        ["coffee", "hot dog"],
    )
    found = predictor.ask(photo, question, answers=answers)
    with torch.inference_mode():
        ids, mask = processor.questions([question])
        states = model.encode_text(ids, mask)
        for answer in found.top:
            pieces = torch.tensor([processor.encode_answer(answer.text)])
            logits = model.heads(photo.states.states, states, mask, pieces).logits / model.config.temperature_of("open")
            steps = logits.log_softmax(-1)[0, :-1].gather(-1, pieces[0, 1:, None])
            assert answer.probability == pytest.approx(steps.sum().exp().item(), rel=1e-3)


def test_a_caption_is_nearer_to_its_photograph_than_to_others_where_aligned(predictor):
    names = ["cat", "coffee", "rocket"]
    photos = [predictor.encode(ROOT / "examples" / f"{name}.jpg") for name in names]
    texts = ["a cat looks at the camera", "a cup of coffee on a table", "a rocket in the sky at night"]
    cosine = predictor.embed_photos(photos) @ predictor.embed_texts(texts).T
    assert cosine.argmax(0).tolist() == [0, 1, 2]


def test_a_caption_has_several_words(predictor):
    assert len(predictor.caption(ROOT / "examples" / "astronaut.jpg").answer.split()) >= 3


def test_measured_figures_stand_beside_the_weights():
    for name in ("aligned", "unaligned"):
        figures = json.loads((WEIGHTS / name / "eval.json").read_text())
        assert figures["split"] == "test"
        assert {"coco-qa", "vqa-yesno", "daquar"} <= figures["benchmarks"].keys()
        for benchmark in figures["benchmarks"].values():
            low, high = benchmark["interval"]
            assert low <= benchmark["accuracy"] <= high


@pytest.mark.parametrize("name", ["aligned", "unaligned"])
def test_the_map_shown_first_is_measured_to_beat_random_hiding_and_chance(name):
    measured = json.loads((WEIGHTS / name / "maps.json").read_text())
    assert measured["split"] == "test"
    assert measured["curves"]["methods"][measured["default"]]["deletion_gain"]["interval"][0] > 0
    for asked in measured["pointing"].values():
        found = asked["methods"][measured["default"]]
        assert found["over_chance"]["interval"][0] > 0 and found["ratio"] > 2


def test_the_cases_on_the_page_are_what_these_weights_answer(predictor):
    found = read_contrast(WEIGHTS / FILE)
    now = {name: hash_weights(WEIGHTS, name) for name in ("aligned", "unaligned")}
    assert found["weights"] == now, "these are other weights: run `python -m vqa contrast` again"
    asked = {(q.image_id, q.question): q for q in read_questions([ROOT / "examples" / "questions.jsonl"])}
    assert found["cases"] and found["count"] == len(asked)
    for case in found["cases"]:
        question, photo = asked[case["example"], case["question"]], ROOT / "examples" / f"{case['example']}.jpg"
        scored = []
        for name in now:
            answered = predictor.ask(photo, case["question"], name)
            assert answered.answer == case[name]["answer"]
            assert answered.confidence == pytest.approx(case[name]["probability"], abs=0.02)
            scored.append(Scored(question, answered.answer, answered.confidence))
        assert kind_of(*scored) == case["kind"]
