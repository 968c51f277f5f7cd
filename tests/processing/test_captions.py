"""Captions as words, and what none of them says."""

import pytest

from vqa.processing.captions import NothingTwice, caption_words, ends_twice, says_twice
from vqa.processing.processor import BOS, EOS


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("A dog , on the Grass .", "a dog on the grass"),
        ("the man's t-shirt, red.", "the man's t-shirt red"),
        ("“two” dogs - one (brown)!", "two dogs one brown"),
        ("...", ""),
    ],
)
def test_words_have_no_capitals_and_no_punctuation(caption, words):
    assert caption_words(caption) == words.split()


@pytest.mark.parametrize(
    "caption",
    [
        "a bathroom with a sink and a sink",
        "a white and white bus on a street",
        "a brown dog and brown dog run",
        "a black and white and black cat",
        "a cat and a dog and the cat",
        "a man, a dog and the dog.",
        "a man in a blue shirt and white shirt",
    ],
)
def test_what_is_joined_with_itself_is_found(caption):
    assert says_twice(caption_words(caption))


@pytest.mark.parametrize(
    "caption",
    [
        "a sink and a sinkhole",
        "a red bus and a red car",
        "a blue shirt and a white shirt",
        "a red car and blue bus",
        "a black cat and a white cat",
        "a man in black and a woman in black",
        "a man and a woman sit and a man stands",
        "a dog and",
        "and a dog",
        "a dog a dog",
        "",
    ],
)
def test_what_only_reads_alike_is_not(caption):
    assert not says_twice(caption_words(caption))


def test_only_the_end_counts_where_a_caption_is_still_written():
    words = caption_words("a sink and a sink in a room")
    assert [length for length in range(len(words) + 1) if ends_twice(words[:length])] == [5]


def test_after_something_said_twice_no_word_may_begin_and_none_end(tiny_predictor):
    processor = tiny_predictor.processor
    pieces, refused = processor.answer_pieces, NothingTwice(processor)
    assert refused((BOS,)) == refused(processor.encode_answer("a dog and a cat")[:-1]) == []
    barred = refused(processor.encode_answer("a dog and a dog")[:-1])
    assert EOS in barred
    for piece in set(range(4, pieces.vocab_size())) - set(barred):  # it goes on with the word
        assert not pieces.id_to_piece(piece).startswith("▁")
    assert pieces.piece_to_id("▁dog") in barred and pieces.piece_to_id("s") not in barred
    assert refused(processor.encode_answer("a dog and a dogs")[:-1]) == []
