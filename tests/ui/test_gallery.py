"""The examples on the page."""

from vqa.common.english import is_english
from vqa.ui.gallery import load_examples


def test_examples_have_a_file_and_both_captions():
    examples = load_examples()
    assert len(examples) >= 6
    assert all(example.path.is_file() and is_english(example.caption) for example in examples)
    assert all(not is_english(example.chinese) for example in examples)
