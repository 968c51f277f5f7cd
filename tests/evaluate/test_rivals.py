"""The models to compare with: what they see, and that they answer."""

import pytest

from vqa.evaluate.rivals import REGIONS, RIVALS
from vqa.evaluate.speed import Here, photograph
from vqa.evaluate.tables import HERE
from vqa.processing.photos import open_photo


@pytest.fixture(scope="module")
def models(tiny_predictor) -> dict:
    rivals = {name: rival(tiny_predictor.processor, "cpu", small=True) for name, rival in RIVALS.items()}
    return {HERE: Here(tiny_predictor, "aligned")} | rivals


@pytest.mark.parametrize("name", [HERE, *RIVALS])
def test_every_model_answers_each_question(models, name):
    model, photos = models[name], [open_photo(photograph(number)) for number in (1, 2)]
    seen = model.look(photos)
    assert len(seen) == len(model.ask(seen, ["what is this?", "is there a cat?"])) == 2
    assert len(model.ask(seen[:1], ["what is this?", "is there a cat?", "how many?"])) == 3
    assert model.parameters > 0


def test_the_others_see_what_they_see_in_their_papers(models):
    photo = [open_photo(photograph(1))]
    assert models["ViLT-B/32"].look(photo).shape == (1, 3, 384, 384)
    assert models["BLIP base"].look(photo).shape[1] == 1 + (384 // 16) ** 2
    assert models["LXMERT"].look(photo).shape == (1, REGIONS, 2048 + 4)


def test_blip_asked_in_parts_answers_as_it_does_itself(models):
    model, photos = models["BLIP base"], [open_photo(photograph(1))]
    ids, mask = model.processor.questions(["what is this?"])
    pixel_values = model.images(photos, return_tensors="pt").pixel_values
    length = {"min_new_tokens": 2, "max_new_tokens": 2, "do_sample": False}
    whole = model.model.generate(ids, pixel_values, attention_mask=mask.long(), **length)
    assert model.ask(model.look(photos), ["what is this?"]).tolist() == whole.tolist()
