"""The example photographs with their captions, and where each model puts them in its shared space."""

import json
import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from gradio.media import get_image
from PIL import Image

from vqa.inference.predictor import VQAPredictor
from vqa.processing.photos import open_photo
from vqa.ui.suggestions import Suggestion

logger = logging.getLogger(__name__)

FOLDER = Path(__file__).resolve().parents[2] / "examples"
THUMBNAIL_SIDE = 240


@dataclass(frozen=True)
class GalleryExample:
    """A picture of the gallery: its file, whether it is a photo or a drawing, a caption, and questions that suit it.

    Caption and questions also come as a Chinese reader sees them.
    """

    path: Path
    caption: str
    chinese: str
    kind: str = "photo"
    questions: tuple[Suggestion, ...] = ()

    @property
    def name(self) -> str:
        return self.path.stem

    def describe(self, language: str) -> str:
        return self.chinese if language == "zh" else self.caption


def load_examples(folder: Path = FOLDER) -> list[GalleryExample]:
    """The examples that `gallery.json` lists, an empty list where there is no such file.

    A `file` lies in the folder, a `media` file in the installed gradio: what another release lacks is left out.
    """
    index = folder / "gallery.json"
    if not index.is_file():
        return []
    examples = []
    for row in json.loads(index.read_text(encoding="utf-8")):
        path = folder / row["file"] if "file" in row else media_file(row["media"])
        if path is not None:
            questions = tuple(Suggestion(*pair) for pair in row["questions"])
            examples.append(GalleryExample(path, row["caption"], row["zh"], row["kind"], questions))
    return examples


def media_file(name: str) -> Path | None:
    """A picture that gradio carries, None where this release does not."""
    try:
        return Path(get_image(name))
    except (FileNotFoundError, ValueError) as error:
        logger.warning("The example %s is left out: %s", name, error)
        return None


@lru_cache(maxsize=64)
def thumbnail(path: Path) -> Image.Image:
    """A small copy, made once."""
    image = open_photo(path)
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return image


class Gallery:
    """Photographs and captions as unit vectors (N, D) of each model, computed at the first need and kept."""

    def __init__(self, predictor: VQAPredictor, examples: list[GalleryExample]):
        self.predictor = predictor
        self.examples = examples
        self._embeds: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def embeds(self, variant: str) -> tuple[np.ndarray, np.ndarray]:
        """Photographs and captions (N, D) in one model's space."""
        if variant not in self._embeds:
            photos = [self.predictor.encode(example.path) for example in self.examples]
            captions = [example.caption for example in self.examples]
            self._embeds[variant] = (
                self.predictor.embed_photos(photos, variant=variant),
                self.predictor.embed_texts(captions, variant=variant),
            )
        return self._embeds[variant]
