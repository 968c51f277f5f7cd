"""The texts of the page in both languages."""

import re
import string

import pytest

from vqa.ui.texts import TEXTS, T, language_of, text

# Texts


def test_every_text_exists_in_both_languages_with_the_same_values():
    for key, pair in TEXTS.items():
        fields = [{name for _, name, _, _ in string.Formatter().parse(words) if name} for words in pair]
        assert all(pair) and fields[0] == fields[1], key
        assert re.search(r"[\u4e00-\u9fff]", pair[1]), f"{key} is not in Chinese"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.5", "en"),
        ("fr-FR,zh;q=0.5", "zh"),
        ("fr", "en"),
        (None, "en"),
    ],
)
def test_the_browsers_language_is_understood(header, language):
    assert language_of(header) == language


def test_a_key_carries_its_values():
    assert text("en", "map.layer.decoder", **T("map.layer.decoder", n=2).values) == "decoder 2"
