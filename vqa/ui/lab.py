"""What the alignment lab shows, as HTML: searches, the similarity matrix, figures and a projection of both spaces."""

from collections.abc import Mapping

import numpy as np

from vqa.evaluate import space
from vqa.ui.gallery import Gallery, thumbnail
from vqa.ui.markup import columns, decimal, esc, picture_url, table
from vqa.ui.plots import matrix, pairs_key, pairs_plot
from vqa.ui.texts import text

FOUND = 4


def gallery_html(gallery: Gallery, title: str, language: str) -> str:
    """The gallery as a row of pictures to pick from."""
    buttons = "".join(
        f'<button type="button" class="thumb" data-pick="{index}">'
        f'<img src="{picture_url(thumbnail(example.path))}" alt="{esc(example.describe(language))}"></button>'
        for index, example in enumerate(gallery.examples)
    )
    return f'<div class="gallery" role="group" aria-label="{esc(title)}"><h4>{esc(title)}</h4>{buttons}</div>'


def photos_found_html(gallery: Gallery, caption: str, language: str) -> str:
    """The photographs nearest to a caption, by each model. Raises `QuestionError`."""
    parts = []
    for variant in gallery.predictor.variants:
        cosines = gallery.near_text(caption, variant)
        items = "".join(
            f'<li><img src="{picture_url(thumbnail(gallery.examples[index].path))}" '
            f'alt="{esc(gallery.examples[index].describe(language))}"><span>{cosines[index]:.3f}</span></li>'
            for index in np.argsort(-cosines)[:FOUND]
        )
        parts.append(f'<p class="tag">{esc(text(language, variant))}</p><ol class="found">{items}</ol>')
    return f"<h4>{esc(text(language, 'lab.found.photos', text=caption))}</h4>{columns(*parts)}"


def captions_found_html(gallery: Gallery, index: int, language: str) -> str:
    """The captions nearest to a photograph of the gallery, by each model."""
    example = gallery.examples[index]
    parts = []
    for variant in gallery.predictor.variants:
        cosines = gallery.near_photo(index, variant)
        rows = [
            [("✓ " if place == index else "") + gallery.examples[place].caption, f"{cosines[place]:.3f}"]
            for place in np.argsort(-cosines)[:FOUND]
        ]
        parts.append(
            f'<p class="tag">{esc(text(language, variant))}</p>{table([text(language, "lab.captions"), "cos"], rows)}'
        )
    picture = (
        f'<img class="chosen" src="{picture_url(thumbnail(example.path))}" alt="{esc(example.describe(language))}">'
    )
    return f"<h4>{esc(text(language, 'lab.found.captions'))}</h4>{picture}{columns(*parts)}"


def matrix_html(gallery: Gallery, temperature: float, show: str, language: str) -> str:
    """Photographs against captions in both spaces, as cosines or as a softmax, with the loss at this temperature."""
    captions = [example.caption for example in gallery.examples]
    similarity = {variant: np.matmul(*_image_text(gallery, variant)) for variant in gallery.predictor.variants}
    count = len(captions)
    low = min(float(values.min()) for values in similarity.values())
    high = max(float(values.max()) for values in similarity.values())
    parts = []
    for variant, cosines in similarity.items():
        label = text(language, "lab.matrix.alt", variant=text(language, variant))
        if show == "softmax":
            shown = matrix(space.softmax(cosines, temperature), captions, captions, label, 0.0, 1.0)
        else:
            shown = matrix(cosines, captions, captions, label, low, high)
        loss = text(
            language,
            "lab.loss",
            loss=f"{space.info_nce(cosines, temperature):.2f}",
            chance=f"{np.log(count):.2f}",
            right=int((cosines.argmax(axis=1) == np.arange(count)).sum()),
            count=count,
        )
        parts.append(f'<p class="tag">{esc(text(language, variant))}</p>{shown}<p class="loss">{esc(loss)}</p>')
    return columns(*parts) + _numbered(captions)


def figures_html(gallery: Gallery, results: Mapping[str, dict], language: str) -> str:
    """Alignment, uniformity and gap of the gallery, beside the test set's where these were measured."""
    names, count = gallery.predictor.variants, len(gallery.examples)
    measures = {
        "alignment": ("lab.alignment", space.alignment),
        "uniformity_images": ("lab.uniformity.images", lambda images, texts: space.uniformity(images)),
        "uniformity_texts": ("lab.uniformity.texts", lambda images, texts: space.uniformity(texts)),
        "modality_gap": ("lab.gap", space.modality_gap),
    }
    here, tested = text(language, "lab.here", count=count), text(language, "lab.test")
    head = [text(language, "lab.figure")]
    head += [f"{text(language, name)}, {place}" for place in (here, tested) for name in names]
    rows = []
    for key, (label, measure) in measures.items():
        mine = [decimal(measure(*gallery.embeds(name))) for name in names]
        theirs = [results.get(name, {}).get("space", {}).get(key) for name in names]
        rows.append([text(language, label), *mine, *("–" if value is None else decimal(value) for value in theirs)])
    return table(head, rows)


def plane_html(gallery: Gallery, language: str) -> str:
    """Both spaces on a plane, unaligned first: before and after."""
    captions = [example.caption for example in gallery.examples]
    parts = []
    for variant in sorted(gallery.predictor.variants, reverse=True):
        name = text(language, variant)
        when = text(language, "lab.after" if variant == "aligned" else "lab.before")
        label = text(language, "lab.map.alt", count=len(captions), variant=name)
        plot = pairs_plot(*space.project_2d(*gallery.embeds(variant)), captions, label)
        parts.append(f'<figure><figcaption class="tag">{esc(name)} · {esc(when)}</figcaption>{plot}</figure>')
    caption = text(language, "lab.map.caption")
    return columns(*parts) + pairs_key(language) + f"<p><small>{esc(caption)}</small></p>"


def _image_text(gallery: Gallery, variant: str) -> tuple[np.ndarray, np.ndarray]:
    images, texts = gallery.embeds(variant)
    return images, texts.T


def _numbered(captions: list[str]) -> str:
    return '<ol class="numbered">' + "".join(f"<li>{esc(caption)}</li>" for caption in captions) + "</ol>"
