"""The same answers for programs: `/ask`, `/compare` and `/similarity` take a file and plain values and return JSON.

The docstrings of the three handlers are what "Use via API" and MCP clients show.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gradio as gr

from vqa.inference.predictor import Photo, VQAPredictor
from vqa.processing.photos import PhotoError
from vqa.processing.text import QuestionError, answer_list
from vqa.ui import visit as visits
from vqa.ui.events import MODEL_QUEUE
from vqa.ui.guard import refusal, uploaded_path
from vqa.ui.visit import COMPARE, MapView, Visit, similarity_dict

MOST_ANSWERS = 1000
MOST_TOP_K = 10


class Api:
    """Registers the endpoints inside open `gr.Blocks`, on components that no page shows."""

    def __init__(self, predictor: VQAPredictor, gpu: Callable):
        self.predictor = predictor
        names = predictor.variants
        with gr.Group(visible=False):
            photo = gr.Image(label="photo", type="filepath", image_mode=None)
            question, caption = gr.Textbox(label="question"), gr.Textbox(label="text")
            variant = gr.Radio(names, value=names[0], label="variant")
            top_k = gr.Number(5, precision=0, minimum=1, maximum=MOST_TOP_K, label="top_k")
            answers = gr.Textbox("", label="answers: allowed answers, one a line; empty allows any")
            result = gr.JSON(label="result")
            trigger = gr.Button()
        endpoints = [
            (self.ask, [photo, question, variant, top_k, answers]),
            (self.similarity, [photo, caption, variant]),
        ]
        if len(names) > 1:
            endpoints.append((self.compare, [photo, question]))
        for handler, inputs in endpoints:
            trigger.click(gpu(handler), inputs, result, api_name=handler.__name__, preprocess=False, **MODEL_QUEUE)

    def ask(self, photo: dict, question: str, variant: str = "", top_k: int = 5, answers: str = "") -> dict:
        """Answer a question about a photograph, with calibrated probabilities.

        Args:
            photo: The photograph: JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF.
            question: The question, in English.
            variant: Which model answers, aligned or unaligned.
            top_k: How many answers to return, most probable first.
            answers: Allowed answers, one a line; empty allows any.

        Returns:
            answer, confidence, sure, top, variant and timings_ms.
        """
        seen, variant = self._photo(photo), self._variant(variant)
        if not isinstance(top_k, (int, float)) or not 1 <= top_k <= MOST_TOP_K:
            raise refusal(f"top_k is a whole number from 1 to {MOST_TOP_K}.")
        allowed = self._allowed(answers, variant)
        with _polite():
            return self.predictor.ask(seen, question or "", variant, int(top_k), allowed).to_dict()

    def compare(self, photo: dict, question: str) -> dict:
        """Answer a question with the aligned and the unaligned model, each also without looking, and their cosines.

        Args:
            photo: The photograph: JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF.
            question: The question, in English.

        Returns:
            question, and results by model: the answer as of /ask, without_looking, and similarity.
        """
        seen = self._photo(photo)
        with _polite():
            asked = visits.ask(Visit(seen), self.predictor, question or "", COMPARE, MapView("off"))
            return asked.turn.to_dict()

    def similarity(self, photo: dict, text: str, variant: str = "") -> dict:
        """How near a photograph and a text lie in a model's shared space, in all and word by patch.

        Args:
            photo: The photograph: JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF.
            text: A caption or a question, in English.
            variant: Which model's space, aligned or unaligned.

        Returns:
            cosine, its percentiles among matched and mismatched pairs, words, and word_patch cosines.
        """
        seen = self._photo(photo)
        with _polite():
            return similarity_dict(self.predictor.similarity(seen, text or "", self._variant(variant)))

    def _photo(self, upload: dict | None) -> Photo:
        with _polite():
            path = uploaded_path(upload)
            if path is None:
                raise PhotoError("Send a photograph.")
            return self.predictor.encode(path)

    def _allowed(self, answers: str, variant: str) -> list[str] | None:
        """The lines of `answers`; None where any answer may come."""
        allowed = answer_list((answers or "").splitlines())
        if len(allowed) > MOST_ANSWERS:
            raise refusal(f"At most {MOST_ANSWERS} answers can be allowed.")
        for answer in self.predictor.too_long(allowed, variant):
            raise refusal(f"The allowed answer “{answer[:40]}…” is too long.")
        return allowed or None

    def _variant(self, variant: str) -> str:
        names = self.predictor.variants
        if variant and variant not in names:
            raise refusal(f"variant is one of {', '.join(names)}.")
        return variant or names[0]


@contextmanager
def _polite() -> Iterator[None]:
    """Hands on what the caller can act on; anything else stays inside, for gradio shows no other error's text."""
    try:
        yield
    except (PhotoError, QuestionError) as error:
        raise refusal(error) from error
