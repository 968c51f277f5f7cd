"""The heatmaps of an answer: pictures to click, words and pieces to choose, one scale across all that is compared."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from vqa.evaluate.deletion import DeletionTest
from vqa.explain import overlay
from vqa.explain.explanation import Explanation
from vqa.inference.predictor import Similarity
from vqa.ui.markup import choice, choices, columns, esc, picture_url, section
from vqa.ui.plots import deletion_plot
from vqa.ui.texts import text
from vqa.ui.visit import Focus, Visit

PICTURE_SIDE = 640
FLAT = 1.5  # a map whose peak is below this many times an even share is called flat
FAINT = 0.5  # and one below this share of the scale that it has in common with another, faint
RAMP = f"linear-gradient(90deg,{','.join(f'rgb({r:.0f} {g:.0f} {b:.0f})' for r, g, b in overlay.CIVIDIS[::15])})"


def maps_html(visit: Visit, opacity: float, language: str) -> str:
    """The heatmaps of the current answer, one a model."""
    if not visit.explanations:
        return ""
    return section(text(language, "maps"), _explanations(visit, _base(visit), opacity, language))


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


def _explanations(visit: Visit, base: Image.Image, opacity: float, language: str) -> str:
    focus, turn = visit.focus, visit.turn
    shown = {name: _map_of(found, name, focus) for name, found in visit.explanations.items()}
    low, high = overlay.common_scale(*shown.values())
    figures = []
    for name, found in visit.explanations.items():
        what = _sentence(found, name, turn.predictions[name].answer, focus, language)
        picture = overlay.draw(base, shown[name], low, high, opacity)
        method = text(language, f"map.{visit.view.mode}")
        alt = text(language, "map.alt", method=method, what=what)
        grid = found.image_map.shape
        figures.append(
            f'<figure class="map" data-variant="{esc(name)}">'
            f'<figcaption class="tag">{esc(text(language, name))}</figcaption>'
            f"{_picture(picture, alt, grid, focus, text(language, 'map.hint'))}"
            f'<p class="what" aria-live="polite">{esc(what)}{_remark(shown[name], high, language)}</p>'
            f'<button type="button" class="quiet" data-save="{esc(name)}-{esc(visit.view.mode)}.jpg">'
            f"{esc(text(language, 'map.save'))}</button>"
            f"{_words(found, focus, language)}{_pieces(found, name, focus, language)}"
            f"{_test(visit.tests.get(name), language)}</figure>"
        )
    return _legend(low, high, "map.scale", _share, language) + columns(*figures)


def _map_of(found: Explanation, name: str, focus: Focus) -> np.ndarray:
    """The map (h, w) in focus. A spot of the picture and another model's piece leave the answer's own map."""
    if focus.kind == "word" and focus.index < len(found.word_maps):
        return found.word_maps[focus.index]
    if focus.kind == "piece" and focus.variant == name and focus.index < len(found.piece_maps):
        return found.piece_maps[focus.index]
    return found.image_map


def _sentence(found: Explanation, name: str, answer: str, focus: Focus, language: str) -> str:
    if focus.kind == "word" and focus.index < len(found.words):
        return text(language, "map.of.word", text=found.words[focus.index])
    if focus.kind == "piece" and focus.variant == name and focus.index < len(found.pieces):
        return text(language, "map.of.piece", text=found.pieces[focus.index])
    if focus.kind == "spot":
        row, column = _within(focus.spot, found.image_map.shape)
        weights = found.patch_words[row, column]
        best = [index for index in np.argsort(-weights) if weights[index] > 0][:3]
        words = ", ".join(f"“{found.words[index]}” {_share(weights[index])}" for index in best)
        return text(language, "map.of.spot", row=row + 1, column=column + 1, words=words or "–")
    return text(language, "map.of.answer", text=answer)


def _remark(shown: np.ndarray, high: float, language: str) -> str:
    """Why there is little to see in a map, where there is."""
    flat, faint = shown.max() < FLAT * shown.mean(), shown.max() < FAINT * high
    key = "map.flat" if flat else "map.faint" if faint else ""
    return f" <em>{esc(text(language, key))}</em>" if key else ""


def _picture(picture: Image.Image, alt: str, grid: tuple[int, int], focus: Focus, hint: str) -> str:
    row, column = _within(focus.spot, grid)
    marked = " marked" if focus.kind == "spot" else ""
    return (
        f'<div class="picture{marked}" tabindex="0" role="application" aria-label="{esc(hint)}" '
        f'data-grid="{grid[0]},{grid[1]}" style="--rows:{grid[0]};--columns:{grid[1]};--row:{row};--column:{column}">'
        f'<img src="{picture_url(picture)}" alt="{esc(alt)}"><span class="cell"></span></div>'
    )


def _within(spot: tuple[int, int], grid: tuple[int, ...]) -> tuple[int, int]:
    return min(max(spot[0], 0), grid[0] - 1), min(max(spot[1], 0), grid[1] - 1)


def _words(found: Explanation, focus: Focus, language: str) -> str:
    """The question's words, shaded by how much they mattered for the answer, or for the spot in focus."""
    scores = found.word_scores
    if focus.kind == "spot":
        scores = found.patch_words[_within(focus.spot, found.image_map.shape)]
    top = max(float(np.max(scores, initial=0.0)), 1e-9)
    buttons = [choice(text(language, "map.whole"), "answer", focus.kind == "answer")]
    buttons += [
        choice(word, f"word:{index}", focus.kind == "word" and focus.index == index, float(scores[index]) / top)
        for index, word in enumerate(found.words)
        if any(c.isalnum() for c in word)
    ]
    return choices(text(language, "map.words"), buttons)


def _pieces(found: Explanation, name: str, focus: Focus, language: str) -> str:
    if not found.pieces:
        return ""
    buttons = [
        choice(piece, f"piece:{name}:{index}", (focus.kind, focus.variant, focus.index) == ("piece", name, index))
        for index, piece in enumerate(found.pieces)
    ]
    return choices(text(language, "map.pieces"), buttons)


def _test(tested: DeletionTest | None, language: str) -> str:
    if tested is None:
        return ""
    verdict = text(language, "test.holds" if tested.holds else "test.fails", answer=tested.answer)
    kind = "holds" if tested.holds else "fails"
    return f'<div class="test {kind}" role="status"><p><b>{esc(verdict)}</b></p>{deletion_plot(tested, language)}</div>'


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
        lines = [text(language, "cosine.value", value=f"{found.cosine:.3f}")]
        if found.matched_percentile is not None:
            lines.append(text(language, "cosine.matched", percent=f"{found.matched_percentile:.0f} %"))
        if found.mismatched_percentile is not None:
            lines.append(text(language, "cosine.mismatched", percent=f"{found.mismatched_percentile:.0f} %"))
        figures.append(
            f'<figure class="map"><figcaption class="tag">{esc(text(language, name))} · {esc(words)}</figcaption>'
            f'<div class="picture"><img src="{picture_url(overlay.draw(base, cosines, low, high, opacity))}" '
            f'alt="{esc(alt)}"></div><ul class="facts">'
            + "".join(f"<li>{esc(line)}</li>" for line in lines)
            + "</ul></figure>"
        )
    return _legend(low, high, "cosine.scale", lambda value: f"{value:.2f}", language) + columns(*figures)


def _cosines_of(found: Similarity, focus: Focus) -> tuple[str, np.ndarray]:
    """The word in focus with its cosines (h, w), or no word and the mean over all."""
    if focus.kind == "word" and focus.index < len(found.words):
        return f"“{found.words[focus.index]}”", found.word_patch[focus.index]
    return "", found.word_patch.mean(axis=0)


def _share(value: float) -> str:
    return f"{100 * float(value):.1f} %"


def _legend(low: float, high: float, key: str, say: Callable[[float], str], language: str) -> str:
    return (
        f'<div class="legend"><span>{esc(say(low))}</span><span class="ramp" style="background:{RAMP}"></span>'
        f"<span>{esc(say(high))}</span><small>{esc(text(language, key))}</small></div>"
    )
