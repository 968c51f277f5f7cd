"""In a comparison: how near question and photo lie in each model's space, word by patch, on one scale."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from vqa.explain import figure, overlay
from vqa.inference.predictor import Similarity
from vqa.ui.markup import columns, esc, picture_url, section
from vqa.ui.texts import text
from vqa.ui.visit import Focus, Visit

PICTURE_SIDE = 640
STOPS = 12  # colours of a legend


def cosines_html(visit: Visit, opacity: float, language: str) -> str:
    """In a comparison: how near question and photograph lie in each model's space, word by patch."""
    if visit.turn is None or not visit.turn.similarities:
        return ""
    body = _similarities(visit.turn.similarities, visit.focus, _base(visit), opacity, language)
    return section(text(language, "cosine"), body)


def _base(visit: Visit) -> Image.Image:
    base = visit.photo.image.copy()
    base.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
    return base


def _similarities(
    similarities: dict[str, Similarity], focus: Focus, base: Image.Image, opacity: float, language: str
) -> str:
    chosen = {name: _cosines_of(found, focus) for name, found in similarities.items()}
    low, high = overlay.common_scale(*(cosines for _, cosines in chosen.values()))
    figures = []
    for name, found in similarities.items():
        words, cosines = chosen[name]
        words = words or text(language, "cosine.words")
        alt = text(language, "cosine.alt", text=words, variant=text(language, name))
        value = text(language, "cosine.value", value=f"{found.cosine:.3f}")
        figures.append(
            f'<figure class="map"><figcaption class="tag">{esc(text(language, name))} · {esc(words)}</figcaption>'
            f'<div class="picture"><img src="{picture_url(overlay.draw(base, cosines, low, high, opacity))}" '
            f'alt="{esc(alt)}"></div><p>{esc(value)}</p></figure>'
        )
    return _legend(low, high, opacity, "cosine.scale", lambda value: f"{value:.2f}", language) + columns(*figures)


def _cosines_of(found: Similarity, focus: Focus) -> tuple[str, np.ndarray]:
    """The word in focus with its cosines (h, w), or no word and the mean over all."""
    if focus.kind == "word" and focus.index < len(found.words):
        return f"“{found.words[focus.index]}”", found.word_patch[focus.index]
    return "", found.word_patch.mean(axis=0)


def _legend(low: float, high: float, opacity: float, key: str, say: Callable[[float], str], language: str) -> str:
    colours = ",".join(f"rgb({r:.0f} {g:.0f} {b:.0f})" for r, g, b in figure.colours(opacity, STOPS))
    return (
        f'<div class="legend"><span>{esc(say(low))}</span>'
        f'<span class="ramp" style="background:linear-gradient(90deg,{colours})"></span>'
        f"<span>{esc(say(high))}</span><small>{esc(text(language, key))}</small></div>"
    )
