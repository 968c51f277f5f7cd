"""What the alignment lab shows of a set of photographs and texts, as HTML: both models side by side."""

import base64
from collections.abc import Mapping, Sequence

import numpy as np

from vqa.evaluate import space
from vqa.ui.lab_set import LabPhoto, LabSet
from vqa.ui.markup import columns, decimal, esc, notice, percent, table
from vqa.ui.plots import heat_table, plane_plot
from vqa.ui.texts import text

FOUND = 6


def photos_html(shown: LabSet, language: str) -> str:
    """The photographs of the set, each opens."""
    title = text(language, "lab.photos.count", count=len(shown.photos))
    buttons = "".join(_opener(photo, index, language) for index, photo in enumerate(shown.photos))
    return f'<div class="gallery" role="group" aria-label="{esc(title)}"><h3>{esc(title)}</h3>{buttons}</div>'


def texts_html(shown: LabSet, temperature: float, measure: str, language: str) -> str:
    """Photographs against texts in both spaces: zero-shot classification, or the cosines behind it."""
    if not shown.photos or not shown.texts:
        return notice(text(language, "lab.nothing"))
    found = {variant: shown.measure(measure, variant, temperature) for variant in shown.variants}
    ends = (0.0, 1.0) if measure != "cosine" else _ends(found.values())
    parts = []
    for variant, values in found.items():
        if values is None:
            body = notice(text(language, "lab.no_curve"))
        else:
            label = text(language, "lab.matrix.alt", variant=text(language, variant))
            rows = [_opener(photo, index, language) for index, photo in enumerate(shown.photos)]
            body = heat_table(values, rows, _heads(shown.texts), label, ends, values.argmax(1), shown.is_paired)
        parts.append(_tag(variant, language) + body + _score(shown, variant, temperature, language))
    return columns(*parts)


def similar_html(shown: LabSet, language: str) -> str:
    """Photographs against photographs in both spaces."""
    if len(shown.photos) < 2:
        return notice(text(language, "lab.two_photos"))
    found = {variant: shown.among_photos(variant) for variant in shown.variants}
    parts = []
    for variant, values in found.items():
        heads = [_opener(photo, index, language) for index, photo in enumerate(shown.photos)]
        label = text(language, "lab.similar.alt", variant=text(language, variant))
        others = (values - 9 * np.eye(len(values))).argmax(1)  # each is nearest to itself
        body = heat_table(values, heads, heads, label, _ends(found.values()), others)
        parts.append(_tag(variant, language) + body)
    return columns(*parts)


def search_html(shown: LabSet, words: Mapping[str, np.ndarray], query: str, language: str) -> str:
    """The photographs nearest to a query, whose vectors (D,) by model are `words`."""
    if not shown.photos:
        return notice(text(language, "lab.nothing"))
    parts = []
    for variant in shown.variants:
        cosines = shown.images[variant] @ words[variant]
        items = "".join(
            f"<li>{_opener(shown.photos[index], int(index), language)}<span>{decimal(cosines[index])}</span></li>"
            for index in np.argsort(-cosines)[:FOUND]
        )
        parts.append(f'{_tag(variant, language)}<ol class="found">{items}</ol>')
    return f"<h4>{esc(text(language, 'lab.found', text=query))}</h4>{columns(*parts)}"


def opened_html(shown: LabSet, index: int, temperature: float, language: str) -> str:
    """One photograph, large, with the texts in each model's order: a dialog that the page opens."""
    photo = shown.photos[index]
    head = [text(language, key) for key in ("lab.text", "lab.show.softmax", "lab.show.sigmoid", "lab.show.cosine")]
    parts = []
    for variant in shown.variants:
        measured = [shown.measure(name, variant, temperature) for name in ("softmax", "sigmoid", "cosine")]
        rows = []
        for place in np.argsort(-measured[-1][index]) if shown.texts else []:
            softmax, sigmoid, cosine = (None if values is None else values[index, place] for values in measured)
            mark = _mark(shown, index, place)
            chance = "–" if sigmoid is None else percent(sigmoid)
            rows.append([f"{mark}{shown.texts[place]}", percent(softmax), chance, decimal(cosine)])
        parts.append(_tag(variant, language) + table(head, rows))
    return (
        f'<dialog class="opened" aria-label="{esc(photo.name)}"><form method="dialog">'
        f'<button class="quiet">{esc(text(language, "lab.close"))}</button></form>'
        f'<figure><img src="{photo.large}" alt="{esc(_describe(photo, language))}">'
        f"<figcaption>{esc(photo.name)}</figcaption></figure>{columns(*parts)}</dialog>"
    )


def plane_html(shown: LabSet, language: str) -> str:
    """Both spaces, each on its own two principal components."""
    if len(shown.photos) + len(shown.texts) < 3:
        return notice(text(language, "lab.nothing"))
    parts = []
    for variant in shown.variants:
        images, words = space.project_2d(shown.images[variant], shown.words[variant])
        openers = [_opener(photo, index, language) for index, photo in enumerate(shown.photos)]
        label = text(language, "lab.map.alt", photos=len(images), texts=len(words), variant=text(language, variant))
        plot = plane_plot(images, words, openers, shown.texts, label, shown.is_paired)
        parts.append(f"<figure>{_tag(variant, language)}{plot}</figure>")
    key = "lab.map.caption.pairs" if shown.is_paired else "lab.map.caption"
    return columns(*parts) + f"<p><small>{esc(text(language, key))}</small></p>"


def figures_html(shown: LabSet, results: Mapping[str, dict], language: str) -> str:
    """Alignment, uniformity and gap of the set, beside the test set's where these were measured."""
    pairs = {variant: (shown.images[variant], shown.words[variant]) for variant in shown.variants}
    two_photos, two_texts = len(shown.photos) > 1, len(shown.texts) > 1
    measures = {
        "alignment": ("lab.alignment", space.alignment, shown.is_paired),
        "uniformity_images": ("lab.uniformity.images", lambda images, texts: space.uniformity(images), two_photos),
        "uniformity_texts": ("lab.uniformity.texts", lambda images, texts: space.uniformity(texts), two_texts),
        "modality_gap": ("lab.gap", space.modality_gap, bool(shown.photos and shown.texts)),
    }
    head = [text(language, "lab.figure")]
    head += [f"{text(language, name)}, {text(language, place)}" for place in ("lab.here", "lab.test") for name in pairs]
    rows = []
    for key, (label, measure, possible) in measures.items():
        mine = [decimal(measure(*both)) if possible else "–" for both in pairs.values()]
        theirs = [results.get(name, {}).get("space", {}).get(key) for name in pairs]
        rows.append([text(language, label), *mine, *("–" if value is None else decimal(value) for value in theirs)])
    return table(head, rows)


def csv_html(shown: LabSet, temperature: float, language: str) -> str:
    """A link that saves the figures; the byte order mark tells table programs that they are UTF-8."""
    data = base64.b64encode(b"\xef\xbb\xbf" + shown.to_csv(temperature).encode()).decode()
    label = esc(text(language, "lab.csv"))
    return f'<p><a class="quiet" download="similarity.csv" href="data:text/csv;base64,{data}">{label}</a></p>'


def _score(shown: LabSet, variant: str, temperature: float, language: str) -> str:
    """Where it is known which text belongs to which photograph: the loss, and how often the right one comes first."""
    if not shown.is_paired:
        return ""
    cosines, count = shown.cosines(variant), len(shown.photos)
    values = {
        "loss": f"{space.info_nce(cosines, temperature):.2f}",
        "chance": f"{np.log(count):.2f}",
        "right": round(count * space.recall_at_k(cosines, (1,))[1]),
        "count": count,
    }
    return f'<p class="loss">{esc(text(language, "lab.loss", **values))}</p>'


def _mark(shown: LabSet, index: int, place: int) -> str:
    return "" if not shown.is_paired else "✓ " if place == index else "✗ "


def _ends(found) -> tuple[float, float]:
    """The ends of a shading that is common to both models."""
    return min(float(values.min()) for values in found), max(float(values.max()) for values in found)


def _tag(variant: str, language: str) -> str:
    what = text(language, f"lab.what.{variant}")
    return f'<p class="tag">{esc(text(language, variant))} <small>{esc(what)}</small></p>'


def _describe(photo: LabPhoto, language: str) -> str:
    return text(language, "lab.photo", name=photo.name)


def _opener(photo: LabPhoto, index: int, language: str) -> str:
    """A thumbnail that opens its photograph."""
    alt = esc(_describe(photo, language))
    return f'<button type="button" class="thumb" data-pick="{index}"><img src="{photo.small}" alt="{alt}"></button>'


def _heads(texts: Sequence[str]) -> list[str]:
    return [f'<span class="line" title="{esc(line)}">{esc(line)}</span>' for line in texts]
