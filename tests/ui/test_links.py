"""Links that show what is shown."""

from urllib.parse import parse_qsl

import pytest

from vqa.ui.links import Link
from vqa.ui.visit import COMPARE

EXAMPLES, VARIANTS = ["cat", "lion"], ["aligned", "unaligned"]


@pytest.mark.parametrize(
    "link",
    [
        Link("cat", "What color is the cat's fur & nose?", COMPARE, "zh"),
        Link("lion", "Is it 5 µm?", "unaligned", "en"),
        Link("cat", "What is this?", "aligned", "en", "cat, polar bear"),
        Link("cat"),
        Link(),
    ],
)
def test_a_link_leads_back_to_what_it_was_made_from(link):
    query = dict(parse_qsl(link.address().removeprefix("?")))
    assert Link.parse(query, EXAMPLES, VARIANTS) == link


def test_both_models_are_called_both_in_a_link():
    assert Link("cat", "Why?", COMPARE, "zh").address() == "?example=cat&q=Why%3F&model=both&lang=zh"


def test_what_the_page_does_not_have_is_left_out():
    query = {"example": "../../etc", "q": "Why?", "model": "gpt", "lang": "tlh", "other": "x"}
    assert Link.parse(query, EXAMPLES, VARIANTS) == Link()
    assert Link.parse({"example": "cat", "model": "both"}, EXAMPLES, ["aligned"]) == Link("cat")
    assert len(Link.parse({"example": "cat", "q": "x" * 9999}, EXAMPLES, VARIANTS).question) == 500
