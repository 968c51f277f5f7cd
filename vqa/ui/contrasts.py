"""Three cases on a strip: questions about the examples that alignment helped, hurt, and left as they were."""

import logging
from pathlib import Path
from urllib.parse import urlencode

from vqa.evaluate.contrast import ALIGNED, FILE, UNALIGNED, read_contrast
from vqa.ui.answers import with_gloss
from vqa.ui.gallery import Gallery, thumbnail
from vqa.ui.markup import esc, percent, picture_url
from vqa.ui.texts import text

logger = logging.getLogger(__name__)


def load_contrast(weights: Path | None) -> dict | None:
    """What `python -m vqa contrast` chose for these weights, None where it was not run."""
    path = weights / FILE if weights is not None else None
    if path is None or not path.is_file():
        return None
    try:
        return read_contrast(path)
    except (OSError, ValueError) as error:
        logger.warning("%s cannot be read: %s", path, error)
        return None


def contrasts_html(found: dict | None, gallery: Gallery, language: str) -> str:
    """The strip; each case is a link that asks both models. Nothing where no case was measured."""
    examples = {example.path.stem: example for example in gallery.examples}
    cards = "".join(
        _card(case, examples[case["example"]], language)
        for case in (found or {"cases": []})["cases"]
        if case["example"] in examples
    )
    if not cards:
        return ""
    what = text(language, "contrast.what", count=found["count"])
    return f'<h3>{esc(text(language, "contrast"))}</h3><p>{esc(what)}</p><ul class="contrasts">{cards}</ul>'


def _card(case: dict, example, language: str) -> str:
    query = urlencode({"example": case["example"], "q": case["question"], "model": "both", "lang": language})
    answers = "".join(_said(case, name, language) for name in (ALIGNED, UNALIGNED))
    picture = f'<img src="{picture_url(thumbnail(example.path))}" alt="{esc(example.describe(language))}">'
    kind = f"<em>{esc(text(language, 'contrast.' + case['kind']))}</em>"
    meanings = {one.question: one.chinese for one in example.questions} if language == "zh" else {}
    meaning = f" <small>{esc(meanings[case['question']])}</small>" if case["question"] in meanings else ""
    said = f'<span class="case">{kind}<span>{esc(case["question"])}{meaning}</span>{answers}</span>'
    return f'<li><a href="?{esc(query)}">{picture}{said}</a></li>'


def _said(case: dict, name: str, language: str) -> str:
    answer, share = with_gloss(case[name]["answer"], language), percent(case[name]["probability"])
    return f"<span>{_mark(case, name)} {esc(text(language, name))}: <b>{esc(answer)}</b> <small>{share}</small></span>"


def _mark(case: dict, name: str) -> str:
    right = case["kind"] == "same" or (case["kind"] == "helps") == (name == ALIGNED)
    return "✓" if right else "✗"
