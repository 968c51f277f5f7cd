"""The photograph with the map of an answer on it: one picture a model, words and pieces to choose, heads, and tests."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from vqa.evaluate.deletion import DeletionTest
from vqa.explain import figure, overlay
from vqa.explain.explanation import Explanation
from vqa.ui.answers import with_gloss
from vqa.ui.markup import choice, choices, columns, esc, percent, picture_url
from vqa.ui.plots import deletion_plot
from vqa.ui.texts import text
from vqa.ui.visit import Focus, Visit, rival_answer

PICTURE_SIDE = 640
HEAD_SIDE = 200
FLAT = 1.5  # a map whose peak is below this many times an even share is called flat
FAINT = 0.5  # and one below this share of the scale that it has in common with another, faint
SAME = 1e-6  # maps that differ by less are one map
PATCH_GREY = (128, 128, 128)  # of a patch that is hidden
STOPS = 12  # colours of a legend


@dataclass(frozen=True)
class Shown:
    """What one model's picture shows: a map (h, w), or the difference of two, on its scale."""

    values: np.ndarray
    sentence: str
    low: float
    high: float
    difference: bool = False


def stage_html(visit: Visit, opacity: float, language: str) -> str:
    """The photograph, or one picture a model with the map of its answer; nothing without a photograph."""
    if visit.photo is None:
        return ""
    base = _base(visit)
    if not visit.explanations:
        alt = visit.turn.question if visit.turn else text(language, "map.plain")
        return columns(f'<figure class="map">{_picture(base, alt, visit, language)}</figure>')
    shown = _shown(visit, language)
    return columns(*(_figure(visit, name, shown[name], base, opacity, language) for name in visit.explanations))


def words_html(visit: Visit, language: str) -> str:
    """The question's words and the answer's pieces, each a button that shows its own map."""
    if not visit.explanations:
        return ""
    parts = []
    for name, found in visit.explanations.items():
        tag = f'<p class="tag">{esc(text(language, name))}</p>' if len(visit.explanations) > 1 else ""
        parts.append(tag + _words(found, visit.focus, language) + _pieces(found, name, visit.focus, language))
    title = f"<h3>{esc(text(language, 'maps'))}</h3>"
    return title + columns(*parts)


def heads_html(visit: Visit, opacity: float, language: str) -> str:
    """A small picture for each head of the layer that is shown; a click chooses it."""
    if not visit.heads:
        return ""
    base = visit.photo.image.copy()
    base.thumbnail((HEAD_SIDE, HEAD_SIDE))
    parts = []
    for name, heads in visit.heads.items():
        items = []
        for number, found in enumerate(heads):
            low, high = overlay.common_scale(found.image_map)
            label = text(language, "map.head.n", n=number + 1)
            items.append(
                f'<button type="button" class="head" data-pick="{number}" '
                f'aria-pressed="{str(visit.view.head == str(number)).lower()}">'
                f'<img src="{picture_url(overlay.draw(base, found.image_map, low, high, opacity))}" alt="">'
                f"<span>{esc(label)}</span></button>"
            )
        parts.append(f'<p class="tag">{esc(text(language, name))}</p><div class="heads">{"".join(items)}</div>')
    return f"<h4>{esc(text(language, 'map.heads'))}</h4>" + "".join(parts)


def progress_html(done: int, steps: int, language: str) -> str:
    """How far a slow piece of work is."""
    said = text(language, "map.working", done=min(done + 1, steps), steps=steps)
    return f'<p class="working" role="status"><span class="spinner"></span>{esc(said)}</p>'


def verdicts_html(visit: Visit, language: str) -> str:
    """What the tests of the shown maps said."""
    parts = []
    for name, tested in visit.tests.items():
        tag = f'<p class="tag">{esc(text(language, name))}</p>' if len(visit.tests) > 1 else ""
        prediction = visit.turn.predictions[name]
        note = ""
        if prediction.choices and not visit.turn.answers:
            few, share = ", ".join(prediction.choices), percent(prediction.confidence)
            note = f"<p><small>{esc(text(language, 'test.chosen', answers=few, percent=share))}</small></p>"
        parts.append(tag + _test(tested, language) + note)
    return columns(*parts) if parts else ""


def hidden_html(visit: Visit, language: str) -> str:
    """How many patches the visitor covered, and what is answered without them."""
    if not visit.hidden:
        return ""
    height, width = visit.photo.grid
    lines = [f"<p>{esc(text(language, 'hide.count', count=len(visit.hidden), all=height * width))}</p>"]
    for name, prediction in visit.without.items():
        tag = f'<span class="tag">{esc(text(language, name))}</span> ' if len(visit.without) > 1 else ""
        said = [
            text(language, key, answer=with_gloss(p.answer, language), percent=percent(p.confidence))
            for key, p in (("hide.now", prediction), ("hide.before", visit.turn.predictions[name]))
        ]
        lines.append(f"<p>{tag}<b>{esc(said[0])}</b> · {esc(said[1])}</p>")
    return f'<div role="status">{"".join(lines)}</div>'


def _base(visit: Visit) -> Image.Image:
    """The photograph at the size of the page, with the covered patches grey."""
    base = visit.photo.image.copy()
    base.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
    if visit.hidden:
        mask = np.zeros(visit.photo.grid, dtype=np.uint8)
        for spot in visit.hidden:
            mask[spot] = 255
        covered = Image.fromarray(mask).resize(base.size, Image.Resampling.NEAREST)
        base = base.convert("RGB")
        base.paste(PATCH_GREY, mask=covered)
    return base


def _shown(visit: Visit, language: str) -> dict[str, Shown]:
    """What each model's picture shows, each on its own scale unless the visitor wants one for both."""
    shown = {name: _of(visit, name, language) for name in visit.explanations}
    plain = [one.values for one in shown.values() if not one.difference]
    if visit.view.same_scale and plain:
        low, high = overlay.common_scale(*plain)
        shown = {
            name: one if one.difference else Shown(one.values, one.sentence, low, high) for name, one in shown.items()
        }
    return shown


def _of(visit: Visit, name: str, language: str) -> Shown:
    """One model's map in focus. A spot of the picture and another model's piece leave the answer's own map."""
    found, focus = visit.explanations[name], visit.focus
    answer = visit.turn.predictions[name].answer
    if focus.kind == "word" and focus.index < len(found.words):
        return _plain(found.word_maps[focus.index], text(language, "map.of.word", text=found.words[focus.index]))
    if focus.variant == name:
        if focus.kind == "piece" and focus.index < len(found.pieces):
            return _plain(found.piece_maps[focus.index], text(language, "map.of.piece", text=found.pieces[focus.index]))
        if focus.kind in ("rival", "against"):
            other = rival_answer(visit, focus)
            rival = visit.rivals[name, other].image_map
            if focus.kind == "rival":
                return _plain(rival, text(language, "map.of.rival", text=with_gloss(other, language)))
            return _difference(found.image_map - rival, answer, other, language)
    if focus.kind == "spot":
        return _plain(found.image_map, _spot(found, focus, language))
    return _plain(found.image_map, text(language, "map.of.answer", text=with_gloss(answer, language)))


def _plain(values: np.ndarray, sentence: str) -> Shown:
    return Shown(values, sentence, *overlay.common_scale(values))


def _difference(values: np.ndarray, answer: str, other: str, language: str) -> Shown:
    reach = float(np.abs(values).max())
    if reach < SAME:
        return Shown(np.zeros_like(values), text(language, "map.no.difference"), -1.0, 1.0, difference=True)
    names = {"text": with_gloss(answer, language), "other": with_gloss(other, language)}
    return Shown(values, text(language, "map.of.difference", **names), -reach, reach, difference=True)


def _spot(found: Explanation, focus: Focus, language: str) -> str:
    row, column = _within(focus.spot, found.image_map.shape)
    weights = found.patch_words[row, column]
    best = [index for index in np.argsort(-weights) if weights[index] > 0][:3]
    words = ", ".join(f"“{found.words[index]}” {percent(weights[index])}" for index in best)
    return text(language, "map.of.spot", row=row + 1, column=column + 1, words=words or "–")


def _figure(visit: Visit, name: str, shown: Shown, base: Image.Image, opacity: float, language: str) -> str:
    prediction, view = visit.turn.predictions[name], visit.view
    draw = overlay.draw_difference if shown.difference else overlay.draw
    scale = (shown.high,) if shown.difference else (shown.low, shown.high)
    picture = draw(base, shown.values, *scale, opacity)
    method = text(language, f"map.{view.mode}")
    caption = text(
        language, "map.figure", question=visit.turn.question, answer=prediction.answer, method=method,
        percent=percent(prediction.confidence), variant=text(language, name), what=shown.sentence,
    )  # fmt: skip
    alt = text(language, "map.alt", method=method, what=shown.sentence)
    svg = figure.map_svg(picture.size, shown.low, shown.high, opacity, caption, _say(visit), shown.difference)
    tag = f'<figcaption class="tag">{esc(text(language, name))}</figcaption>' if len(visit.explanations) > 1 else ""
    saves = "".join(
        f'<button type="button" class="quiet" data-save="{esc(name)}-{esc(view.mode)}.{kind}">'
        f"{esc(text(language, 'map.save.' + kind))}</button>"
        for kind in ("png", "svg")
    )
    return (
        f'<figure class="map" data-variant="{esc(name)}" data-svg="{esc(svg)}">{tag}'
        f"{_picture(picture, alt, visit, language)}{_legend(shown, opacity, visit, language)}"
        f'<p class="what" aria-live="polite">{esc(shown.sentence)}{_remark(visit, shown, language)}</p>'
        f'<p class="saves">{_why(visit, name, language)}{saves}</p></figure>'
    )


def _say(visit: Visit):
    """How the values of the shown kind of map are written."""
    return (lambda value: f"{value:.2g}") if visit.view.mode == "occlusion" else (lambda value: f"{100 * value:.1f} %")


def _legend(shown: Shown, opacity: float, visit: Visit, language: str) -> str:
    """The scale in the colours that are on the picture, and what its numbers are."""
    colours = figure.colours(opacity, STOPS, shown.difference)
    ramp = ",".join(f"rgb({r:.0f} {g:.0f} {b:.0f})" for r, g, b in colours)
    key = "map.scale"
    if shown.difference:
        key = "map.scale.difference"
    elif visit.view.mode == "occlusion" and visit.focus.kind != "word":
        key = "map.scale.occlusion"
    say = _say(visit)
    return (
        f'<div class="legend"><span>{esc(say(shown.low))}</span>'
        f'<span class="ramp" style="background:linear-gradient(90deg,{ramp})"></span>'
        f"<span>{esc(say(shown.high))}</span><small>{esc(text(language, key))}</small></div>"
    )


def _remark(visit: Visit, shown: Shown, language: str) -> str:
    """What a reader must know of a map: why there is little to see, or that it does not follow the answer."""
    keys = []
    if not shown.difference and visit.view.mode != "occlusion":
        flat = shown.values.max() < FLAT * shown.values.mean()
        faint = visit.view.same_scale and shown.values.max() < FAINT * shown.high
        keys += ["map.flat"] if flat else ["map.faint"] if faint else []
    if visit.view.mode == "attention" and visit.focus.kind in ("answer", "rival", "spot"):
        if visit.view.layer == "rollout":
            keys.append("map.rollout.note")
        elif visit.view.layer.isdigit() and int(visit.view.layer) < visit.blocks:
            keys.append("map.fusion.note")
    return "".join(f" <em>{esc(text(language, key))}</em>" for key in keys)


def _why(visit: Visit, name: str, language: str) -> str:
    """Where another answer is in focus: buttons for its own map, and for the difference."""
    focus = visit.focus
    if focus.kind not in ("rival", "against") or focus.variant != name or not focus.index:
        return ""
    answer, other = visit.turn.predictions[name].answer, rival_answer(visit, focus)
    buttons = [
        (text(language, "map.why", answer=answer), "answer", False),
        (text(language, "map.why", answer=other), f"rival:{name}:{focus.index}", focus.kind == "rival"),
        (text(language, "map.versus", answer=answer, other=other), f"against:{name}:{focus.index}",
         focus.kind == "against"),
    ]  # fmt: skip
    return "".join(choice(label, pick, chosen) for label, pick, chosen in buttons)


def _picture(picture: Image.Image, alt: str, visit: Visit, language: str) -> str:
    """The picture as a grid of spots; a click or the Enter key picks one."""
    rows, columns_ = visit.photo.grid
    row, column = _within(visit.focus.spot, visit.photo.grid)
    marked = " marked" if visit.focus.kind == "spot" and visit.explanations else ""
    width, height = picture.size
    return (
        f'<div class="picture{marked}" tabindex="0" role="application" aria-label="{esc(text(language, "map.hint"))}" '
        f'data-grid="{rows},{columns_}" style="--rows:{rows};--columns:{columns_};--row:{row};--column:{column};'
        f'--wide:{width};--high:{height}">'
        f'<img src="{picture_url(picture)}" alt="{esc(alt)}" width="{width}" height="{height}">'
        '<span class="cell"></span></div>'
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


def _test(tested: DeletionTest, language: str) -> str:
    verdict = text(language, "test.holds" if tested.holds else "test.fails", answer=tested.answer)
    kind = "holds" if tested.holds else "fails"
    return f'<div class="test {kind}" role="status"><p><b>{esc(verdict)}</b></p>{deletion_plot(tested, language)}</div>'
