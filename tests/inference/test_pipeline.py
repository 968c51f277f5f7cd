"""The pipeline that transformers dropped, over a folder of this project."""

import pytest
from transformers import pipeline

from vqa.inference.pipeline import TASK
from vqa.inference.predictor import VQAPredictor

QUESTION = "what is this?"


@pytest.fixture(scope="module")
def pipe(tiny_weights, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    VQAPredictor.from_pretrained(tiny_weights).save_pretrained(folder, "aligned")
    return pipeline(TASK, model=str(folder))


def test_it_answers_as_the_predictor_does(pipe, tiny_predictor, photo):
    expected = tiny_predictor.ask(photo, QUESTION, top_k=3)
    found = pipe(image=photo, question=QUESTION, top_k=3)
    assert [row["answer"] for row in found] == [answer.text for answer in expected.top]
    assert [row["score"] for row in found] == pytest.approx([answer.probability for answer in expected.top], rel=1e-4)


def test_many_questions_and_a_list_of_answers(pipe, photo, tmp_path):
    photo.save(tmp_path / "photo.png")
    rows = [{"image": photo, "question": QUESTION}, {"image": str(tmp_path / "photo.png"), "question": "is it red?"}]
    found = pipe(rows, top_k=2, answers=["red", "blue"])
    assert [{row["answer"] for row in answers} for answers in found] == [{"red", "blue"}] * 2
    assert pipe(rows[1], top_k=1) == pipe(rows, top_k=1)[1]


def test_what_it_cannot_do_it_refuses(pipe, photo):
    with pytest.raises(ValueError, match="image= and question="):
        pipe(question=QUESTION)
    with pytest.raises(ValueError, match="a dict of `image` and `question`"):
        pipe(photo)
    with pytest.raises(ValueError, match="Type a question"):
        pipe(image=photo, question="?")
    with pytest.raises(TypeError, match="'topk'"):
        pipe(image=photo, question=QUESTION, topk=3)
