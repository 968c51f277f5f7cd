"""The strip of three cases."""

import json
from urllib.parse import parse_qs, urlsplit

from vqa.evaluate.contrast import FILE
from vqa.ui.contrasts import contrasts_html, load_contrast
from vqa.ui.gallery import Gallery, load_examples


def test_each_case_is_a_link_that_asks_both_models(tiny_predictor):
    gallery = Gallery(tiny_predictor, load_examples())
    name = gallery.examples[0].path.stem
    said = {"answer": "a <b>", "probability": 0.4}
    case = {
        "kind": "hurts",
        "example": name,
        "question": "is it a & b?",
        "truth": "x",
        "aligned": said,
        "unaligned": said,
    }
    html = contrasts_html({"count": 9, "cases": [case, case | {"example": "gone"}]}, gallery, "zh")
    assert html.count("<li>") == 1 and "a &lt;b&gt;" in html and "<b>a <b>" not in html
    query = parse_qs(urlsplit(html.split('href="')[1].split('"')[0].replace("&amp;", "&")).query)
    assert query == {"example": [name], "q": ["is it a & b?"], "model": ["both"], "lang": ["zh"]}
    known = gallery.examples[0].questions[0]
    case |= {"question": known.question, "aligned": {"answer": "cat", "probability": 0.4}}
    html = contrasts_html({"count": 9, "cases": [case]}, gallery, "zh")
    assert known.chinese in html and "cat（猫）" in html
    assert html.index("✗") < html.index("✓")  # aligned, which is wrong, comes first


def test_without_a_measurement_there_is_no_strip(tiny_predictor, tmp_path):
    gallery = Gallery(tiny_predictor, load_examples())
    assert load_contrast(None) is None and load_contrast(tmp_path) is None
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_text(json.dumps({"cases": 3}))
    assert load_contrast(tmp_path) is None
    assert contrasts_html(None, gallery, "en") == "" == contrasts_html({"count": 1, "cases": []}, gallery, "en")
