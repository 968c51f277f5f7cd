"""What a visitor puts in."""

from vqa.ui.controls import examples_html
from vqa.ui.gallery import Gallery, load_examples


def test_examples_come_in_a_row_of_photographs_and_one_of_drawings(tiny_predictor):
    examples = load_examples()
    photos, drawings = examples_html(Gallery(tiny_predictor, examples), "zh").split("drawings")
    assert photos.count("<img") == sum(example.kind == "photo" for example in examples)
    assert photos.count("<img") + drawings.count("<img") == len(examples)
    assert examples[0].chinese in photos
    for index in range(len(examples)):
        assert f'data-pick="{index}"' in photos + drawings
