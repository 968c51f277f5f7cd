"""One example on its way through the model, a step at a time: each step's picture, shapes and real numbers as HTML."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from vqa.explain import overlay
from vqa.explain.trace import PieceStep, Trace
from vqa.ui.markup import bars, columns, decimal, esc, percent, picture_url
from vqa.ui.texts import text

PICTURE_SIDE, SMALL_SIDE = 420, 180
OPACITY = 0.8


@dataclass(frozen=True)
class Walk:
    """An example, what the model made of it, and the cosine of photograph and question in each model's space."""

    image: Image.Image
    question: str
    trace: Trace
    variant: str
    cosines: dict[str, float]

    @property
    def word(self) -> str:
        return self.trace.words[self.trace.word]


def patches_html(walk: Walk, language: str) -> str:
    rows, width = walk.trace.word_patch.shape[1:]
    row, column = walk.trace.patch
    style = f"--rows:{rows};--columns:{width};--row:{row};--column:{column}"
    picture = (
        f'<div class="picture marked gridded" style="{style}"><img src="{_url(walk.image, PICTURE_SIDE)}" '
        f'alt="{esc(text(language, "how.patches.alt", rows=rows, columns=width))}"><span class="cell"></span></div>'
    )
    side = walk.trace.shapes["pixels"][1]
    lines = [text(language, "how.patches", side=side, rows=rows, columns=width, count=rows * width)]
    lines.append(text(language, "how.patch", row=row + 1, column=column + 1))
    return _step(picture, lines, walk, ["pixels", "image_states"], language)


def words_html(walk: Walk, language: str) -> str:
    chips = "".join(f"<li><b>{esc(token)}</b><small>{number}</small></li>" for token, number in walk.trace.tokens)
    lines = [text(language, "how.words", count=len(walk.trace.tokens)), text(language, "how.word", word=walk.word)]
    asked = f'<p class="asked">“{esc(walk.question)}”</p>'
    return _step(f'{asked}<ol class="tokens">{chips}</ol>', lines, walk, ["text_states"], language)


def space_html(walk: Walk, language: str) -> str:
    cosines = walk.trace.word_patch[walk.trace.word]
    alt = text(language, "how.space.alt", word=walk.word)
    what = text(
        language, "how.space.map", word=walk.word, low=decimal(cosines.min(), 2), high=decimal(cosines.max(), 2)
    )
    figure = (
        f'{_map(walk.image, cosines, overlay.common_scale(cosines), alt, PICTURE_SIDE)}<p class="what">{esc(what)}</p>'
    )
    lines = [text(language, "how.space", width=walk.trace.shapes["image_embed"][0])]
    lines += [
        text(language, f"how.space.{variant}", cosine=decimal(cosine)) for variant, cosine in walk.cosines.items()
    ]
    return _step(figure, lines, walk, ["image_tokens", "text_tokens", "image_embed"], language)


def head_html(walk: Walk, language: str) -> str:
    found = walk.trace
    shown = [place for place, word in enumerate(found.words) if any(c.isalnum() for c in word)]
    scale = overlay.common_scale(*found.head_maps[shown])
    figures = "".join(
        f"<figure>{_map(walk.image, found.head_maps[place], scale, _head_alt(walk, place, language), SMALL_SIDE)}"
        f"<figcaption>{esc(found.words[place])}</figcaption></figure>"
        for place in shown
    )
    row, column = found.patch
    heads, _, patches = found.shapes["attn_text_to_image"]
    share = found.head_maps[found.word][found.patch]
    block = found.block + 1  # the last
    values = {"word": walk.word, "share": percent(float(share)), "even": percent(1 / patches)}
    lines = [
        text(language, "how.head"),
        text(language, "how.head.this", head=found.head + 1, heads=heads, block=block, blocks=block),
        text(language, "how.head.share", row=row + 1, column=column + 1, **values),
    ]
    return _step(f'<div class="maps">{figures}</div>', lines, walk, ["attn_text_to_image"], language)


def fused_html(walk: Walk, language: str) -> str:
    found = walk.trace
    turns = found.patch_turns
    alt = text(language, "how.fused.alt")
    scale = float(turns.min()), float(turns.max())  # all are turned far: what differs is shown
    picture = _map(walk.image, turns, scale, alt, PICTURE_SIDE)
    picture += f'<p class="what">{esc(text(language, "how.fused.map"))}</p>'
    rows = [(word, float(turn)) for word, turn in zip(found.words, found.word_turns, strict=True) if word.isalnum()]
    top = max((turn for _, turn in rows), default=1.0) or 1.0
    items = "".join(
        f'<li style="--share:{turn / top:.3f}"><span class="name">{esc(word)}</span><span class="bar"></span>'
        f'<span class="number">{turn:.2f}</span></li>'
        for word, turn in rows
    )
    lines = [text(language, "how.fused"), text(language, "how.fused.turn")]
    return _step(picture, lines, walk, ["fused_image", "fused_text"], language, f'<ol class="bars">{items}</ol>')


def pieces_html(walk: Walk, language: str) -> str:
    found = walk.trace
    cards = [_piece(step, number, language) for number, step in enumerate(found.steps, start=1)]
    product = " × ".join(f"{step.probability:.3f}" for step in found.steps)
    total = text(
        language, "how.pieces.total", product=product, probability=percent(found.probability), answer=found.answer
    )
    lines = [text(language, "how.pieces", pieces=found.shapes["logits"][1])]
    return f"{_paragraphs(lines)}{columns(*cards)}<p class='what'><b>{esc(total)}</b></p>"


STEPS: dict[str, Callable[[Walk, str], str]] = {
    "patches": patches_html,
    "words": words_html,
    "space": space_html,
    "head": head_html,
    "fused": fused_html,
    "pieces": pieces_html,
}


def _piece(step: PieceStep, number: int, language: str) -> str:
    end = text(language, "how.pieces.end")
    title = text(language, "how.pieces.step", number=number, piece=step.piece or end)
    reads = text(language, "how.pieces.reads", patches=percent(step.read_patches), words=percent(1 - step.read_patches))
    chances = bars([(piece or end, chance) for piece, chance in step.top])
    return f"<h4>{esc(title)}</h4>{chances}<p><small>{esc(reads)}</small></p>"


def _head_alt(walk: Walk, place: int, language: str) -> str:
    return text(language, "how.head.alt", word=walk.trace.words[place])


def _step(picture: str, lines: list[str], walk: Walk, stages: list[str], language: str, more: str = "") -> str:
    """A picture, and beside it what happens, the shapes of what comes out, and a sample of the real numbers."""
    rows = "".join(_stage(walk, stage, language) for stage in stages)
    return columns(picture, f"{_paragraphs(lines)}{more}<dl class='stages'>{rows}</dl>")


def _stage(walk: Walk, stage: str, language: str) -> str:
    shape = " × ".join(map(str, walk.trace.shapes[stage]))
    sample = ""
    if stage in walk.trace.values:
        numbers = ", ".join(decimal(value, 2) for value in walk.trace.values[stage])
        sample = f"<small>[{numbers.replace('-', '−')}, …]</small>"
    return f"<div><dt>{esc(text(language, f'how.stage.{stage}'))}</dt><dd><code>{shape}</code>{sample}</dd></div>"


def _paragraphs(lines: list[str]) -> str:
    return "".join(f"<p>{esc(line)}</p>" for line in lines)


def _map(image: Image.Image, values: np.ndarray, scale: tuple[float, float], alt: str, side: int) -> str:
    small = image.copy()
    small.thumbnail((side, side))
    drawn = picture_url(overlay.draw(small, values, *scale, OPACITY))
    return f'<div class="picture"><img src="{drawn}" alt="{esc(alt)}"></div>'


def _url(image: Image.Image, side: int) -> str:
    small = image.copy()
    small.thumbnail((side, side))
    return picture_url(small)
