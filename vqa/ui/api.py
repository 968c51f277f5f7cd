"""The same answers for programs: each endpoint takes a photograph and plain values and returns JSON.

The docstrings of the handlers are what "Use via API" and MCP clients show; `docs/api.md` has examples.
"""

import base64
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gradio as gr
from PIL import Image

from vqa.common.english import is_english
from vqa.explain.explanation import METHODS, explain
from vqa.explain.figure import map_figure
from vqa.explain.overlay import common_scale
from vqa.inference.predictor import Photo, VQAPredictor
from vqa.processing.photos import PhotoError
from vqa.processing.text import QuestionError, visible_lines
from vqa.ui import visit as visits
from vqa.ui.checks import question_problem
from vqa.ui.events import MODEL_QUEUE
from vqa.ui.guard import refusal, uploaded_photo
from vqa.ui.texts import text
from vqa.ui.visit import COMPARE, MapView, Visit

MOST_ANSWERS = 1000
MAX_ANSWER_CHARACTERS = 100
MOST_TOP_K = 10
OPACITY = 0.75  # of a map in its picture
ROUNDED = 4  # digits of cosines and shares


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
            word_patch = gr.Checkbox(False, label="word_patch: return the cosine of each word with each patch")
            method = gr.Radio(list(METHODS), value="relevance", label="method")
            layer, head = (gr.Number(None, precision=0, label=f"{name}: for attention; empty averages all")
                           for name in ("layer", "head"))  # fmt: skip
            answer = gr.Textbox("", label="answer: the answer to explain; empty takes the model's own")
            result = gr.JSON(label="result")
            trigger = gr.Button()
        endpoints = [
            (self.ask, [photo, question, variant, top_k, answers]),
            (self.explain, [photo, question, variant, method, layer, head, answer]),
            (self.caption, [photo, variant]),
            (self.similarity, [photo, caption, variant, word_patch]),
        ]
        if len(names) > 1:
            endpoints.append((self.compare, [photo, question]))
        for handler, inputs in endpoints:
            trigger.click(gpu(handler), inputs, result, api_name=handler.__name__, preprocess=False, **MODEL_QUEUE)

    def ask(self, photo: dict, question: str, variant: str = "", top_k: int = 5, answers: str = "") -> dict:
        """Answer a question about a photograph, with calibrated probabilities.

        Args:
            photo: A data: URI or an uploaded file (JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF); addresses are not fetched.
            question: The question, in English.
            variant: Which model answers, aligned or unaligned.
            top_k: How many answers to return, most probable first.
            answers: Allowed answers, one a line; empty allows any.

        Returns:
            answer, confidence, sure, top, choices, variant and timings_ms.
        """
        question = self._english(question)
        seen, variant = self._photo(photo), self._variant(variant)
        if isinstance(top_k, bool) or not isinstance(top_k, (int, float)) or not 1 <= top_k <= MOST_TOP_K:
            raise refusal(f"top_k is a whole number from 1 to {MOST_TOP_K}.")
        allowed = self._allowed(answers, variant)
        with _polite():
            return self.predictor.ask(seen, question, variant, int(top_k), allowed).to_dict()

    def explain(
        self,
        photo: dict,
        question: str,
        variant: str = "",
        method: str = "relevance",
        layer: int | None = None,
        head: int | None = None,
        answer: str = "",
    ) -> dict:
        """Where a model looked for an answer: a heatmap over the photograph, as numbers and as a picture.

        Args:
            photo: A data: URI or an uploaded file (JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF); addresses are not fetched.
            question: The question, in English.
            variant: Which model, aligned or unaligned.
            method: relevance, attention, rollout or occlusion (slow).
            layer: For attention, which layer, from 0: co-attention blocks, then decoder layers; empty averages all.
            head: For attention, which head, from 0; empty averages all.
            answer: The answer to explain; empty takes the model's own.

        Returns:
            question, variant, method, answer, map (rows of patches), word_scores, low and high (its scale), and png.
        """
        question = self._english(question)
        seen, variant = self._photo(photo), self._variant(variant)
        asked = self._allowed(answer, variant) or [self.predictor.ask(seen, question, variant, 1).answer]
        if len(asked) > 1:
            raise refusal("answer is one answer, on one line.")
        model, processor = self.predictor.models[variant], self.predictor.processors[variant]
        try:
            found = explain(
                model, processor, seen.states, question, method, _place(layer, "layer"), _place(head, "head"), asked[0]
            )
        except ValueError as error:  # a method, layer or head that the model does not have
            raise refusal(error) from error
        low, high = common_scale(found.image_map)
        what = f"{question} {asked[0]} ({variant}, {method})"
        drawn = map_figure(seen.image, found.image_map, low, high, OPACITY, what)
        return {
            "question": question,
            "variant": variant,
            "method": method,
            "answer": asked[0],
            "map": found.image_map.astype(float).round(ROUNDED + 1).tolist(),
            "word_scores": [
                {"word": word, "score": round(float(score), ROUNDED)}
                for word, score in zip(found.words, found.word_scores, strict=True)
            ],
            "low": round(low, ROUNDED + 1),
            "high": round(high, ROUNDED + 1),
            "png": _png(drawn),
        }

    def caption(self, photo: dict, variant: str = "") -> dict:
        """Describe a photograph in a sentence. Small things are often wrong.

        Args:
            photo: A data: URI or an uploaded file (JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF); addresses are not fetched.
            variant: Which model, aligned or unaligned.

        Returns:
            caption, confidence, variant and timings_ms.
        """
        seen, variant = self._photo(photo), self._variant(variant)
        said = self.predictor.caption(seen, variant).to_dict()
        return {"caption": said["answer"]} | {key: said[key] for key in ("confidence", "variant", "timings_ms")}

    def compare(self, photo: dict, question: str) -> dict:
        """Answer a question with the aligned and the unaligned model, each also without looking, and their cosines.

        Args:
            photo: A data: URI or an uploaded file (JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF); addresses are not fetched.
            question: The question, in English.

        Returns:
            question, and results by model: the answer as of /ask, without_looking, and similarity (cosine).
        """
        question = self._english(question)
        seen = self._photo(photo)
        with _polite():
            turn = visits.ask(Visit(seen), self.predictor, question, COMPARE, MapView("off")).turn.to_dict()
        return {"question": turn["question"], "results": turn["results"]}

    def similarity(self, photo: dict, text: str, variant: str = "", word_patch: bool = False) -> dict:
        """How near a photograph and a text lie in a model's shared space.

        Args:
            photo: A data: URI or an uploaded file (JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF); addresses are not fetched.
            text: A caption, in English.
            variant: Which model's space, aligned or unaligned.
            word_patch: Whether to return the cosine of each word with each patch too.

        Returns:
            cosine, its percentiles among matched and mismatched pairs of captions, words, and word_patch on request.
        """
        text = self._english(text)
        seen, variant = self._photo(photo), self._variant(variant)
        with _polite():
            found = self.predictor.similarity(seen, text, variant)
        result = {
            "cosine": found.cosine,
            "matched_percentile": found.matched_percentile,
            "mismatched_percentile": found.mismatched_percentile,
            "words": found.words,
        }
        return result | (
            {"word_patch": found.word_patch.astype(float).round(ROUNDED).tolist()} if word_patch is True else {}
        )

    def _photo(self, upload: dict | None) -> Photo:
        with _polite():
            image = uploaded_photo(upload)
            if image is None:
                raise PhotoError("Send a photograph.")
            return self.predictor.encode(image)

    def _allowed(self, answers: str, variant: str) -> list[str] | None:
        """The lines of `answers`; None where any answer may come."""
        if len(_text(answers, "answers")) > MOST_ANSWERS * MAX_ANSWER_CHARACTERS:
            raise refusal(f"answers has at most {MOST_ANSWERS} lines of {MAX_ANSWER_CHARACTERS} characters.")
        allowed = visible_lines((answers or "").splitlines())
        if len(allowed) > MOST_ANSWERS:
            raise refusal(f"At most {MOST_ANSWERS} answers can be allowed.")
        for answer in allowed:
            if not is_english(answer):
                raise refusal(text("en", "among.foreign", answer=answer[:40]))
            if len(answer) > MAX_ANSWER_CHARACTERS:
                raise refusal(f"The allowed answer “{answer[:40]}…” is too long.")
        for answer in self.predictor.too_long(allowed, variant):
            raise refusal(f"The allowed answer “{answer[:40]}…” is too long.")
        return allowed or None

    def _english(self, question: str) -> str:
        """A question or caption, refused by the rules of the page."""
        question = _text(question, "question")
        problem = question_problem(question, self.predictor, "en")
        if problem:
            raise refusal(problem)
        return question

    def _variant(self, variant: str) -> str:
        names = self.predictor.variants
        if _text(variant, "variant") and variant not in names:
            raise refusal(f"These weights have no variant {variant!r}, only {', '.join(names)}.")
        return variant or names[0]


def _place(value: object, name: str) -> int | None:
    """The number of a layer or head, None for all."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not float(value).is_integer() or value < 0:
        raise refusal(f"{name} is a whole number from 0 on, or empty.")
    return int(value)


def _png(picture: Image.Image) -> str:
    data = io.BytesIO()
    picture.save(data, "PNG")
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode()


def _text(value: object, name: str) -> str:
    """A value that must be a text, or nothing."""
    if value is not None and not isinstance(value, str):
        raise refusal(f"{name} is a text.")
    return value or ""


@contextmanager
def _polite() -> Iterator[None]:
    """Hands on what the caller can act on; anything else stays inside, for gradio shows no other error's text."""
    try:
        yield
    except (PhotoError, QuestionError) as error:
        raise refusal(error) from error
