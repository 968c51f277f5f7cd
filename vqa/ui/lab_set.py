"""What the lab compares: photographs and texts as unit vectors of each model. A visitor's own are kept for the visit.

N photographs, M texts, D width of the shared space.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from vqa.evaluate import space
from vqa.inference.predictor import Photo, VQAPredictor
from vqa.processing.photos import open_photo
from vqa.processing.text import visible_lines
from vqa.ui.markup import picture_url

if TYPE_CHECKING:
    from vqa.ui.gallery import Gallery

TEMPERATURE = 0.07  # where CLIP starts to learn it
MOST = 24  # photographs, and texts
SMALL, LARGE = 96, 480  # pixels a side of a thumbnail, and of a photograph that is opened
MEASURES = ("softmax", "sigmoid", "cosine")


@dataclass(frozen=True)
class LabPhoto:
    """A photograph as the lab shows it; what the ViT said of it is not kept."""

    name: str
    small: str  # data: URL
    large: str  # data: URL


@dataclass(frozen=True)
class LabSet:
    """Photographs and texts in each model's space. `paired`: text k describes photograph k."""

    photos: tuple[LabPhoto, ...]
    texts: tuple[str, ...]
    images: dict[str, np.ndarray]  # by model (N, D)
    words: dict[str, np.ndarray]  # by model (M, D)
    curves: dict[str, tuple[float, float]]  # by model, see `space.match_curve`; none where no pairs were measured
    paired: bool = False

    @property
    def variants(self) -> list[str]:
        return list(self.images)

    @property
    def is_paired(self) -> bool:
        """Whether each photograph has its text."""
        return self.paired and len(self.photos) == len(self.texts) > 0

    def cosines(self, variant: str) -> np.ndarray:
        """Photographs against texts, (N, M)."""
        return self.images[variant] @ self.words[variant].T

    def among_photos(self, variant: str) -> np.ndarray:
        """Photographs against photographs, (N, N)."""
        return self.images[variant] @ self.images[variant].T

    def measure(self, name: str, variant: str, temperature: float) -> np.ndarray | None:
        """(N, M) as `softmax` over the texts, as each text's own `sigmoid`, or as `cosine`; None without a curve."""
        cosines = self.cosines(variant)
        if name == "softmax":
            return space.softmax(cosines, temperature)
        if name == "sigmoid":
            slope, intercept = self.curves.get(variant, (None, None))
            return None if slope is None else space.sigmoid(slope * cosines + intercept)
        return cosines

    def to_csv(self, temperature: float) -> str:
        """A row a photograph, text and model, with all three measures."""
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(["photograph", "text", "model", *MEASURES, "temperature"])
        for variant in self.variants:
            measured = [self.measure(name, variant, temperature) for name in MEASURES]
            for n, photo in enumerate(self.photos):
                for m, line in enumerate(self.texts):
                    cells = ["" if values is None else f"{values[n, m]:.4f}" for values in measured]
                    writer.writerow([_as_text(photo.name), _as_text(line), variant, *cells, temperature])
        return lines.getvalue()


def example_set(gallery: "Gallery") -> LabSet:
    """The examples with their captions."""
    predictor = gallery.predictor
    embeds = {variant: gallery.embeds(variant) for variant in predictor.variants}
    return LabSet(
        photos=tuple(_lab_photo(example.path.stem, open_photo(example.path)) for example in gallery.examples),
        texts=tuple(example.caption for example in gallery.examples),
        images={variant: images for variant, (images, _) in embeds.items()},
        words={variant: words for variant, (_, words) in embeds.items()},
        curves=match_curves(predictor),
        paired=True,
    )


def with_photos(shown: LabSet, predictor: VQAPredictor, photos: Sequence[tuple[str, Photo]]) -> LabSet:
    """The set with other photographs, each with its file's name."""
    seen = [photo for _, photo in photos]
    return replace(
        shown,
        photos=tuple(_lab_photo(name, photo.image) for name, photo in photos),
        images={variant: predictor.embed_photos(seen, variant) for variant in predictor.variants},
        paired=False,
    )


def with_texts(shown: LabSet, predictor: VQAPredictor, texts: Sequence[str]) -> LabSet:
    """The set with other texts. Raises `QuestionError`."""
    words = {variant: predictor.embed_texts(texts, variant) for variant in predictor.variants}
    return replace(shown, texts=tuple(texts), words=words, paired=False)


def match_curves(predictor: VQAPredictor) -> dict[str, tuple[float, float]]:
    """The curve of each model whose weights came with the cosines of its validation pairs."""
    pairs = {variant: predictor.pair_cosines(variant) for variant in predictor.variants}
    return {variant: space.match_curve(*found) for variant, found in pairs.items() if found is not None}


def lines_of(entered: str) -> list[str]:
    """The texts that were entered, one a line, each once."""
    return list(dict.fromkeys(visible_lines(entered.splitlines())))


def _lab_photo(name: str, image: Image.Image) -> LabPhoto:
    return LabPhoto(name, _url(image, SMALL), _url(image, LARGE))


def _url(image: Image.Image, side: int) -> str:
    small = image.copy()
    small.thumbnail((side, side))
    return picture_url(small)


def _as_text(cell: str) -> str:
    """A table program must not take a name for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
