"""The lab: what it shows of the examples, and of a visitor's own photographs and lines."""

import csv
import io
import re

import numpy as np
import pytest
from PIL import Image

from vqa.evaluate import space
from vqa.ui.gallery import Gallery, load_examples
from vqa.ui.lab import csv_html, figures_html, opened_html, plane_html, search_html, similar_html, texts_html
from vqa.ui.lab_set import LabSet, example_set, lines_of, with_photos, with_texts

VARIANTS = ("aligned", "unaligned")


@pytest.fixture(scope="module")
def examples(tiny_predictor) -> LabSet:
    return example_set(Gallery(tiny_predictor, load_examples()))


@pytest.fixture(scope="module")
def own(examples, tiny_predictor) -> LabSet:
    """Three photographs and two labels of a visitor's own."""
    photos = [
        (f"{name}.png", tiny_predictor.encode(Image.new("RGB", (60, 40), name))) for name in ("red", "lime", "navy")
    ]
    return with_texts(with_photos(examples, tiny_predictor, photos), tiny_predictor, ["a <cat>", "a dog"])


def test_the_examples_are_pairs_and_a_visitors_own_are_not(examples, own, tiny_predictor):
    assert examples.is_paired and len(examples.photos) == len(examples.texts) == len(load_examples())
    assert not own.is_paired and [photo.name for photo in own.photos] == ["red.png", "lime.png", "navy.png"]
    seen = tiny_predictor.encode(Image.new("RGB", (60, 40), "lime"))
    for variant in VARIANTS:
        expected = tiny_predictor.embed_photos([seen], variant)[0] @ tiny_predictor.embed_texts(["a dog"], variant)[0]
        assert own.cosines(variant)[1, 1] == pytest.approx(float(expected), abs=1e-5)
        assert np.diag(own.among_photos(variant)) == pytest.approx(1, abs=1e-5)


def test_softmax_follows_the_temperature_and_a_labels_own_probability_does_not(own):
    curve = {"aligned": (6.0, -1.0)}
    shown = LabSet(own.photos, own.texts, own.images, own.words, curve)
    warm, cold = (shown.measure("softmax", "aligned", temperature) for temperature in (1.0, 0.01))
    assert warm.sum(1) == pytest.approx(1) and np.abs(cold - warm).max() > 0.1
    alone = LabSet(own.photos, own.texts[:1], own.images, {"aligned": own.words["aligned"][:1]}, curve)
    both, one = (some.measure("sigmoid", "aligned", 0.07) for some in (shown, alone))
    assert both[:, :1] == pytest.approx(one) and both == pytest.approx(space.sigmoid(6 * shown.cosines("aligned") - 1))
    assert shown.measure("sigmoid", "unaligned", 0.07) is None
    assert "came without the pairs" in texts_html(shown, 0.07, "sigmoid", "en")


def test_the_table_marks_the_best_line_and_where_known_the_right_one(examples, own):
    html = texts_html(examples, 0.07, "softmax", "en")
    count = len(examples.photos)
    assert len(re.findall(r'class="(?:best )?match"', html)) == 2 * count and html.count("InfoNCE loss") == 2
    assert len(re.findall(r'class="best', html)) == 2 * count
    html = texts_html(own, 0.07, "cosine", "en")
    assert "match" not in html.replace("learned to match", "") and "InfoNCE" not in html
    assert "a &lt;cat&gt;" in html and "<cat>" not in html


def test_every_photograph_opens_from_every_place(own, tiny_predictor):
    words = {variant: tiny_predictor.embed_texts(["a cat"], variant)[0] for variant in VARIANTS}
    places = [
        texts_html(own, 0.07, "softmax", "en"), plane_html(own, "en"), similar_html(own, "en"),
        search_html(own, words, "a cat", "en"),
    ]  # fmt: skip
    for html in places:
        assert {f'data-pick="{index}"' in html for index in range(3)} == {True}
    opened = opened_html(own, 1, 0.07, "en")
    assert opened.startswith("<dialog") and "lime.png" in opened and opened.count("a dog") == 2 and "✓" not in opened


def test_the_search_puts_the_nearest_first(own):
    words = {variant: own.images[variant][2] for variant in VARIANTS}
    html = search_html(own, words, "x", "en")
    firsts = [part.split('data-pick="')[1][0] for part in html.split("<ol")[1:]]
    for variant, first in zip(VARIANTS, firsts, strict=True):  # photographs may look alike to a tiny model
        assert own.images[variant][int(first)] @ words[variant] == pytest.approx(1, abs=1e-6)
    assert html.count("1.000") >= 2


def test_the_opened_photograph_of_a_pair_has_ticks_and_crosses(examples):
    opened = opened_html(examples, 0, 0.07, "en")
    assert opened.count("✓ ") == 2 and opened.count("✗ ") == 2 * (len(examples.texts) - 1)


def test_figures_put_the_test_set_beside_what_is_shown(examples, own):
    results = {"aligned": {"space": {"alignment": 0.123, "modality_gap": 0.456}}}
    html = figures_html(examples, results, "en")
    assert "0.123" in html and "0.456" in html
    assert figures_html(own, {}, "en").split("<tbody>")[1].split("</tr>")[0].count("–") == 4  # no pairs, no alignment
    assert plane_html(own, "zh").count('class="spot"') == 6 and "join" not in plane_html(own, "en")
    assert plane_html(examples, "en").count('class="join"') == 2 * len(examples.photos)


def test_the_csv_holds_every_pair_and_no_formula(own):
    renamed = LabSet(own.photos, ("=1+1", "a, dog"), own.images, own.words, {})
    rows = list(csv.DictReader(io.StringIO(renamed.to_csv(0.07))))
    assert len(rows) == 2 * 3 * 2 and rows[0]["text"] == "'=1+1" and rows[1]["text"] == "a, dog"
    assert float(rows[0]["cosine"]) == pytest.approx(float(own.cosines("aligned")[0, 0]), abs=1e-4)
    assert rows[0]["sigmoid"] == "" and "text/csv;base64," in csv_html(renamed, 0.07, "en")


def test_lines_are_entered_one_a_line_each_once():
    assert lines_of(" a cat \n\na dog\na cat\n") == ["a cat", "a dog"]
