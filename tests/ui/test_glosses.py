"""What answers mean to a reader of Chinese."""

import re

from vqa.ui.glosses import GLOSSES, gloss, gloss_words


def test_every_gloss_is_of_lower_case_english_and_in_chinese():
    for word, meaning in GLOSSES.items():
        assert word == word.lower().strip() and word.isascii(), word
        assert re.search(r"[\u4e00-\u9fff]", meaning), word


def test_answers_are_glossed_where_all_of_them_is_known():
    assert gloss("Cat") == "猫" and gloss("black and white") == "黑白"
    assert gloss("cat, dog") == "猫、狗"
    assert gloss("cat, flibbertigibbet") == "" and gloss("") == ""


def test_known_words_of_a_sentence_are_explained_each_once():
    assert gloss_words("a cat and a cat on one table") == [("cat", "猫"), ("table", "桌子")]
