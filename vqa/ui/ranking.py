"""What alignment does, for one photo: four captions in the order in which each model finds them fitting."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vqa.evaluate import space
from vqa.inference.predictor import Photo
from vqa.ui.lab_set import TEMPERATURE
from vqa.ui.markup import columns, esc, notice, percent, section
from vqa.ui.texts import text

if TYPE_CHECKING:
    from vqa.ui.gallery import Gallery

COUNT = 4  # captions that are ranked
MARKS = {"right": "✓", "wrong": "✗", "own": "✎"}


@dataclass(frozen=True)
class Ranking:
    """Captions with their cosines (COUNT,) by model. `own` is the visitor's line, `right` the photo's own caption.

    For a visitor's photo the visitor's line is the right one.
    """

    captions: tuple[str, ...]
    meanings: tuple[str, ...]  # as a Chinese reader sees them; empty for a visitor's line
    right: int
    own: int | None
    cosines: dict[str, np.ndarray]

    def order(self, variant: str) -> list[int]:
        """The captions from the best fitting on."""
        return np.argsort(-self.cosines[variant], kind="stable").tolist()

    def place(self, variant: str) -> int:
        """Where the right caption stands, 1 is first."""
        return self.order(variant).index(self.right) + 1


def rank(gallery: "Gallery", photo: Photo, example: str, line: str = "") -> Ranking | None:
    """Ranks the caption of `example`, a visitor's `line` and captions of other examples; None where none can be right.

    `example` is empty for a visitor's own photo. Raises `QuestionError` for a line that cannot be read.
    """
    examples = gallery.examples
    known = next((k for k, one in enumerate(examples) if one.name == example), None)
    if not examples or (known is None and not line):
        return None
    if known is not None and line == examples[known].caption:
        line = ""
    first = 0 if known is None else known  # of the examples, whose captions come in turn
    lines = {one.caption: one.chinese for one in [*examples[first:], *examples[:first]]}
    others = [caption for caption in lines if caption != line]
    captions = others[: COUNT - 1] if line else others[:COUNT]
    own = None
    if line:
        own = 0 if known is None else 1
        captions.insert(own, line)
    predictor = gallery.predictor
    cosines = {
        variant: predictor.embed_texts(captions, variant) @ predictor.embed_photos([photo], variant)[0]
        for variant in predictor.variants
    }
    return Ranking(tuple(captions), tuple(lines.get(caption, "") for caption in captions), 0, own, cosines)


def ranking_html(ranking: Ranking | None, language: str) -> str:
    """Both orders side by side, with ticks and crosses."""
    if ranking is None:
        return section(text(language, "rank"), notice(text(language, "rank.none")))
    parts = [_order(ranking, variant, language) for variant in ranking.cosines]
    return section(text(language, "rank"), f"<p>{esc(text(language, 'rank.what'))}</p>{columns(*parts)}")


def _order(ranking: Ranking, variant: str, language: str) -> str:
    place = ranking.place(variant)
    key = "rank.first" if place == 1 else "rank.later"
    verdict = text(language, key, variant=text(language, variant), place=place, count=len(ranking.captions))
    shares = space.softmax(ranking.cosines[variant][None], TEMPERATURE)[0]
    items = "".join(
        f'<li class="{_kind(ranking, index)}" style="--share:{shares[index]:.3f}">'
        f"{_mark(_kind(ranking, index), language)}{_caption(ranking, index, language)}"
        f'<span class="number">{percent(float(shares[index]))}</span></li>'
        for index in ranking.order(variant)
    )
    mark = _mark("right" if place == 1 else "wrong", language)
    return f'<p class="verdict">{mark}<b>{esc(verdict)}</b></p><ol class="ranked">{items}</ol>'


def _kind(ranking: Ranking, index: int) -> str:
    """A visitor's line on an example is neither right nor wrong: nobody told."""
    return "right" if index == ranking.right else "own" if index == ranking.own else "wrong"


def _caption(ranking: Ranking, index: int, language: str) -> str:
    notes = [ranking.meanings[index]] if language == "zh" else []
    notes += [text(language, "rank.yours")] if index == ranking.own else []
    small = "".join(f"<small>{esc(note)}</small>" for note in notes if note)
    return f"<span>{esc(ranking.captions[index])}{small}</span>"


def _mark(kind: str, language: str) -> str:
    return (
        f'<span class="mark-{kind}" role="img" aria-label="{esc(text(language, f"rank.{kind}"))}">{MARKS[kind]}</span>'
    )
