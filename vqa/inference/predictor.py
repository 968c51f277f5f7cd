"""From a photograph and a question to an answer: the one way that the command line, the page and evaluation take.

Plain values and NumPy arrays come out, never tensors.
"""

import json
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
import torch
from huggingface_hub import HfApi
from PIL import Image

from vqa.common.checksums import check_encoders, check_sums
from vqa.data.questions import answer_kind
from vqa.inference.hub import SPACE_FILE, save_whole
from vqa.model.alignment import pool
from vqa.model.checkpoint import load_encoder, load_heads
from vqa.model.configuration import VQAConfig
from vqa.model.encoders import grid_size
from vqa.model.heads import Memory
from vqa.model.model import ImageStates, VQAModel
from vqa.model.questions import Question, encode_questions, stack_questions
from vqa.model.search import Hypothesis, Pieces
from vqa.processing.alternatives import alternatives
from vqa.processing.captions import NothingTwice
from vqa.processing.photos import PhotoSource, open_photo, photo_key
from vqa.processing.processor import VQAProcessor
from vqa.processing.sources import local_folder
from vqa.processing.text import CAPTION_REQUEST, clean_caption, clean_question, is_blank

BEAM_WIDTH = 5
MAX_BEAM_WIDTH = 100  # a wider beam takes seconds
NO_REPEAT_NGRAM_SIZE = 3  # of a caption's pieces
CACHED_PHOTOS = 32
VARIANTS = ("aligned", "unaligned")
YES_NO = ("yes", "no")


@dataclass(frozen=True)
class Photo:
    """A photograph that the ViT has seen. `image_ms` is how long that took, whenever it was.

    Its states lie in the CPU's memory, wherever the model runs: a page keeps them, and a lent GPU goes back.
    """

    image: Image.Image
    key: str
    grid: tuple[int, int]
    image_ms: float
    states: ImageStates = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """An answer and its calibrated probability."""

    text: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """The most probable answers to a question, best first.

    `timings_ms["image"]` is the ViT's time in the first answer about a photograph, and 0 in all that follow.
    `choices` are the answers that were allowed; empty if every answer was.
    """

    question: str
    variant: str
    top: list[Answer]
    sure: bool
    timings_ms: dict[str, float]
    photo_was_cached: bool = False
    choices: tuple[str, ...] = ()

    @property
    def answer(self) -> str:
        return self.top[0].text

    @property
    def confidence(self) -> float:
        return self.top[0].probability

    def to_dict(self) -> dict:
        """What `vqa ask --json` prints."""
        return {
            "answer": self.answer,
            "confidence": self.confidence,
            "sure": self.sure,
            "top": [{"answer": a.text, "probability": a.probability} for a in self.top],
            "choices": list(self.choices),
            "variant": self.variant,
            "timings_ms": {name: round(value, 1) for name, value in self.timings_ms.items()},
        }


@dataclass(frozen=True)
class Similarity:
    """Cosines in the shared space. `word_patch` is (words, grid height, grid width).

    The percentiles say where `cosine` falls (0..100) among the val set's matched and mismatched pairs, None where
    the weights came without them.
    """

    cosine: float
    words: list[str]
    word_patch: np.ndarray
    matched_percentile: float | None
    mismatched_percentile: float | None


class VQAPredictor:
    """Encoders loaded once, and the heads of one or more checkpoints over them."""

    def __init__(
        self,
        models: dict[str, VQAModel],
        processors: dict[str, VQAProcessor],
        device: str = "cpu",
        spaces: dict[str, dict] | None = None,
        source: Path | None = None,
    ):
        """All `models` share one pair of encoders; keys are the names that `variant=` takes.

        `source` is the folder that they were loaded from, whose records go along when one of them is saved.
        Raises `ValueError`.
        """
        if not models:
            raise ValueError("A predictor needs at least one model.")
        check_device(device)
        if len({model.grid_size for model in models.values()}) > 1:
            raise ValueError(
                "These models see photographs at different sizes, and cannot share what the ViT says of one."
            )
        self.models = {name: model.to(device).eval() for name, model in models.items()}
        self.processors = processors
        self.processor = next(iter(processors.values()))
        self.device = device
        self.calls = {"vit": 0, "bert": 0}
        self._spaces, self._source = spaces or {}, source
        self._photos: OrderedDict[str, Photo] = OrderedDict()
        self._image_ms: dict[str, float] = {}  # of photographs whose first question is still to come
        self._read_ms: WeakKeyDictionary[Question, float] = WeakKeyDictionary()  # likewise, of questions
        self._lock = Lock()

    @classmethod
    def from_pretrained(cls, weights: str | Path = "weights", device: str = "cpu") -> "VQAPredictor":
        """Loads a folder of checkpoints that share `encoders/`, or one checkpoint's own directory or hub id.

        Raises `FileNotFoundError` where there is nothing to load and `ValueError` where a file is damaged, or
        is not the one that its directory's SHA256SUMS names, where heads lie beside other encoders than they were
        trained over, or where the device cannot be used.
        """
        check_device(device)
        root = local_folder(weights)
        checkpoints = [root / name for name in VARIANTS if (root / name / "config.json").is_file()] or [root]
        if checkpoints == [root] and not (root / "config.json").is_file():
            raise FileNotFoundError(
                f"There are no weights in {weights}: no {' or '.join(VARIANTS)}, and no config.json."
            )
        shared: dict[tuple, tuple] = {}  # encoders and their preprocessing, by directory and grid
        models, processors, spaces = {}, {}, {}
        for checkpoint in checkpoints:
            check_sums(checkpoint)
            config = VQAConfig.from_pretrained(checkpoint)
            answers = (checkpoint / VQAProcessor.ANSWERS_FILE).read_bytes()
            if config.encoders is None:
                model = VQAModel.from_pretrained(checkpoint, dtype="float32", attn_implementation="eager")
                processor = VQAProcessor.from_parts(checkpoint, checkpoint, answers)
            else:
                encoders = (checkpoint / config.encoders).resolve()
                image_size = config.vision_config.image_size
                key = encoders, grid_size(config.vision_config)
                if key not in shared:
                    vision, text = encoders / "vision", encoders / "text"
                    both = load_encoder(vision, image_size), load_encoder(text)  # which check all that is in there
                    shared[key] = (*both, VQAProcessor.from_parts(vision, text, answers, image_size))
                check_encoders(checkpoint, config.encoders_digest, encoders)
                vision_encoder, text_encoder, parts = shared[key]
                model = load_heads(checkpoint, vision_encoder, text_encoder)
                processor = VQAProcessor(parts.image_processor, parts.tokenizer, answers)
            models[config.variant], processors[config.variant] = model, processor
            if (checkpoint / SPACE_FILE).is_file():
                spaces[config.variant] = json.loads((checkpoint / SPACE_FILE).read_text())
        return cls(models, processors, device, spaces, root)

    def save_pretrained(self, directory: str | Path, variant: str | None = None) -> None:
        """Writes one model as a folder to which nothing is missing, for `from_pretrained` or the Hub.

        It holds the weights with the encoders, the processor, the answers' vocabulary, the code that
        `trust_remote_code=True` runs, a model card and what was measured. `variant` None takes the first model. Raises
        `ValueError` for one that there is not, and `OSError`.
        """
        name = variant or self.variants[0]
        save_whole(self._model(name), self.processors[name], directory, self._spaces.get(name), self._source)

    def push_to_hub(
        self, repo_id: str, variant: str | None = None, private: bool | None = None, token: str | None = None
    ) -> str:
        """Uploads what `save_pretrained` writes to a repository of the Hub, a new one if need be; gives its URL."""
        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(folder, variant)
            api = HfApi(token=token)
            repo = api.create_repo(repo_id, private=private, exist_ok=True)
            api.upload_folder(folder_path=folder, repo_id=repo.repo_id, commit_message="Upload a model")
        return str(repo)

    @property
    def variants(self) -> list[str]:
        return list(self.models)

    def _model(self, variant: str) -> VQAModel:
        if variant not in self.models:
            raise ValueError(f"There are no {variant!r} weights here, only {', '.join(self.models)}.")
        return self.models[variant]

    @torch.inference_mode()
    def encode(self, photo: PhotoSource) -> Photo:
        """Shows a photograph to the ViT, unless the same pixels were shown lately. Raises `PhotoError`."""
        image = open_photo(photo)
        key = photo_key(image)
        with self._lock:
            known = self._photos.get(key)
            if known is not None:
                self._photos.move_to_end(key)
                return known
        start = time.perf_counter()
        model = next(iter(self.models.values()))
        states = model.encode_image(self.processor.images([image]).to(self.device)).to("cpu")
        self.calls["vit"] += 1
        fresh = Photo(image, key, model.grid_size, _ms_since(start), states)
        with self._lock:
            self._photos[key] = fresh
            self._image_ms[key] = fresh.image_ms
            while len(self._photos) > CACHED_PHOTOS:
                self._image_ms.pop(self._photos.popitem(last=False)[0], None)
        return fresh

    def ask(
        self,
        photo: Photo | PhotoSource,
        question: str | Question,
        variant: str = "aligned",
        top_k: int = 5,
        answers: Sequence[str] | None = None,
    ) -> Prediction:
        """Answers a question. With `answers` only these can come out, as they are written, with true probabilities.

        Of answers that read alike to the model, such as `Cat` and `cat`, the first counts. Raises `PhotoError`,
        `QuestionError`, and `ValueError` for an unknown variant, a `top_k` out of range, an empty list, or an answer
        that is too long.
        """
        question = self.read(question)
        seen = photo if isinstance(photo, Photo) else self.encode(photo)
        spent = self._image_ms.pop(seen.key, 0.0)
        prediction = self.answer_states(seen.states.states, [question], variant, top_k, answers, spent)[0]
        return replace(prediction, photo_was_cached=spent == 0)

    def ask_question_only(
        self, question: str | Question, variant: str = "aligned", top_k: int = 5, answers: Sequence[str] | None = None
    ) -> Prediction:
        """What the model says without looking: every patch is the mean patch of the training photographs."""
        return self.answer_states(None, [question], variant, top_k, answers)[0]

    def ask_many(
        self,
        photos: Sequence[Photo | None],
        questions: Sequence[str | Question],
        variant: str = "aligned",
        top_k: int = 1,
        answers: Sequence[str] | None = None,
    ) -> list[Prediction]:
        """Answers question i about photograph i, all in one batch; a photograph None is the mean image."""
        if len(photos) != len(questions):
            raise ValueError(f"There are {len(photos)} photographs for {len(questions)} questions.")
        if not questions:
            return []
        if all(photo is None for photo in photos):
            return self.answer_states(None, questions, variant, top_k, answers)
        mean = self._mean_image(self._model(variant), 1).cpu()
        states = [mean if photo is None else photo.states.states for photo in photos]
        return self.answer_states(torch.cat(states), questions, variant, top_k, answers)

    @torch.inference_mode()
    def hide(self, photo: Photo, hidden: np.ndarray, variant: str = "aligned") -> Photo:
        """The photograph as a model sees it without the patches that are True in `hidden` (h, w).

        They become the mean patch of the training photographs. Raises `ValueError` for another shape.
        """
        model = self._model(variant)
        if hidden.shape != tuple(model.grid_size):
            raise ValueError(f"`hidden` has the shape {hidden.shape}; this model's grid is {tuple(model.grid_size)}.")
        gone = torch.from_numpy(hidden.reshape(1, -1, 1))
        states = torch.where(gone, self._mean_image(model, 1).cpu(), photo.states.states)
        return replace(photo, key=f"{photo.key} hidden", states=replace(photo.states, states=states))

    def caption(self, photo: Photo | PhotoSource, variant: str = "aligned") -> Prediction:
        """Describes a photograph in a sentence. Raises `PhotoError`."""
        return self.caption_many([photo if isinstance(photo, Photo) else self.encode(photo)], variant)[0]

    def caption_many(self, photos: Sequence[Photo], variant: str = "aligned") -> list[Prediction]:
        """Describes photographs, each in a sentence, all in one batch."""
        if not photos:
            return []
        spent = sum(self._image_ms.pop(photo.key, 0.0) for photo in photos)
        states = torch.cat([photo.states.states for photo in photos])
        return self.answer_states(states, [CAPTION_REQUEST] * len(photos), variant, image_ms=spent, sentence=True)

    @torch.inference_mode()
    def answer_states(
        self,
        image_states: torch.Tensor | None,
        questions: Sequence[str | Question],
        variant: str = "aligned",
        top_k: int = 5,
        answers: Sequence[str] | None = None,
        image_ms: float = 0.0,
        sentence: bool = False,
    ) -> list[Prediction]:
        """Answers question i on image states i of (B, P, W), in one batch; what all other ways of asking call.

        Without `image_states` every question is answered about the mean image.
        A question that offers alternatives ("a cat or a dog?") is answered among them, and one that the model answers
        with yes or no among these two: their probabilities sum to 1. What the question alone makes likely counts less
        there, by `prior_weight`. None of this where `answers` says what may come.
        A `sentence` is ranked by the probability of its pieces on average, which is then the order of `top`, repeats no
        three pieces, and says nothing twice around "and".
        """
        model, processor = self._model(variant), self.processors[variant]
        check_top_k(top_k, MAX_BEAM_WIDTH if answers is None else None)
        allowed = None if answers is None else self._spelt(answers, variant)
        read = self.read_many(questions)
        question_ms = sum(self._read_ms.pop(question, 0.0) for question in read)
        start = time.perf_counter()
        _, text_states, text_mask = stack_questions(read, self.device)
        if image_states is None:
            memory = blind = self._without_photo(model, text_states, text_mask)
        else:
            memory = model.heads.read(model.heads.fuse(image_states.to(self.device), text_states, text_mask), text_mask)
            blind = None
        temperatures = [model.config.temperature_of(answer_kind(question.text)) for question in read]
        fusion_ms = _ms_since(start)
        start = time.perf_counter()
        if allowed is None:
            rules = _of_sentences(processor) if sentence else {}
            found = model.heads.search(memory, top_k, None, BEAM_WIDTH, temperatures=temperatures, **rules)
            choices = [_choices(read[row].text, found[row][0][0], model, processor) for row in range(len(read))]
            among = {row: tuple(few) for row, few in enumerate(choices) if few}
            for row, scored in self._choose(model, memory, blind, text_states, text_mask, among).items():
                found[row] = _normalised(scored, model.config.temperature_of(choice_kind(choices[row].values())))
        else:
            choices = [allowed] * len(read)
            found = model.heads.search(memory, top_k, list(allowed), temperatures=temperatures)
        decode_ms = _ms_since(start)
        timings = {"image": image_ms, "question": question_ms, "fusion": fusion_ms, "decode": decode_ms}
        timings["total"] = sum(timings.values())
        predictions = []
        for question, hypotheses, few in zip(read, found, choices, strict=True):
            top = _merge(hypotheses, few.__getitem__ if few else processor.decode_answer)
            if not few:
                top = _proper(top)
            if not sentence:
                top.sort(key=lambda answer: -answer.probability)  # merging may have moved one up
            top = top[:top_k]
            sure = top[0].probability >= model.config.sure_threshold
            predictions.append(Prediction(question.text, variant, top, sure, timings, choices=tuple(few.values())))
        return predictions

    def _choose(
        self,
        model: VQAModel,
        memory: Memory,
        blind: Memory | None,
        text_states: torch.Tensor,
        text_mask: torch.Tensor,
        among: dict[int, tuple[Pieces, ...]],
    ) -> dict[int, list[Hypothesis]]:
        """For each question of a batch that is answered `among` a few answers, these with their scores.

        A score is log p(answer | photograph, question) - w log p(answer | question), with w = `prior_weight`: the
        question's own effect is taken off, in part, as in Niu et al. (2021), "Counterfactual VQA", and Holtzman et al.
        (2021), "Surface Form Competition", which also makes answers of one and of several pieces comparable. `blind` is
        what the decoder reads without the photograph, where that is known.
        """
        if not among:
            return {}
        rows = list(among)
        if blind is None:
            blind = self._without_photo(model, text_states[rows], text_mask[rows])
        else:
            blind = _rows_of(blind, rows)
        places: dict[tuple[Pieces, ...], list[int]] = {}
        for place, row in enumerate(rows):
            places.setdefault(among[row], []).append(place)
        scored = {}
        for answers, asked in places.items():
            at_1 = {"count": len(answers), "allowed": answers, "temperatures": [1.0] * len(asked)}
            seen = model.heads.search(_rows_of(memory, [rows[place] for place in asked]), **at_1)
            prior = model.heads.search(_rows_of(blind, asked), **at_1)
            for place, with_photo, without in zip(asked, seen, map(dict, prior), strict=True):
                weight = model.config.prior_weight
                scored[rows[place]] = [(pieces, value - weight * without[pieces]) for pieces, value in with_photo]
        return scored

    def too_long(self, answers: Sequence[str], variant: str = "aligned") -> list[str]:
        """Which of some answers a model cannot write, because they have more pieces than its decoder."""
        config, encode = self._model(variant).config, self.processors[variant].encode_answer
        return [answer for answer in answers if not config.can_write(encode(answer))]

    def _spelt(self, answers: Sequence[str], variant: str) -> dict[tuple[int, ...], str]:
        """The pieces of each answer with its text; of answers with the same pieces the first. Raises `ValueError`."""
        if isinstance(answers, str):
            raise ValueError(f"answers is a list of answers, not one text: [{answers!r}].")
        config = self._model(variant).config
        spelt: dict[tuple[int, ...], str] = {}
        for answer in answers:
            pieces = tuple(self.processors[variant].encode_answer(answer))
            if not config.can_write(pieces):
                most = config.max_answer_pieces - 1
                raise ValueError(f"The answer {answer!r} is too long: this model writes up to {most} pieces.")
            if not is_blank(answer):
                spelt.setdefault(pieces, answer)
        if not spelt:
            raise ValueError("The list of answers is empty.")
        return spelt

    def read(self, question: str | Question) -> Question:
        """Has BERT read a question, to be handed to every call that takes one. Raises `QuestionError`."""
        return self.read_many([question])[0]

    def count_tokens(self, text: str) -> int:
        """How many tokens BERT makes of a question, or another text; more than `MAX_QUESTION_TOKENS` are refused."""
        return len(self.processor.tokenizer(text, verbose=False).input_ids)

    @torch.inference_mode()
    def read_many(self, questions: Sequence[str | Question]) -> list[Question]:
        """The questions, those that are still text read in one pass. Raises `QuestionError`."""
        texts = [clean_question(question) for question in questions if isinstance(question, str)]
        if not texts:
            return list(questions)
        start = time.perf_counter()
        fresh = encode_questions(next(iter(self.models.values())), self.processor, texts, self.device)
        self.calls["bert"] += 1
        self._read_ms.update(dict.fromkeys(fresh, _ms_since(start) / len(fresh)))
        rest = iter(fresh)
        return [next(rest) if isinstance(question, str) else question for question in questions]

    def _without_photo(self, model: VQAModel, text_states: torch.Tensor, text_mask: torch.Tensor) -> Memory:
        """What the decoder reads of some questions about the mean image."""
        mean_image = self._mean_image(model, len(text_states))
        return model.heads.read(model.heads.fuse(mean_image, text_states, text_mask), text_mask)

    def _mean_image(self, model: VQAModel, batch: int) -> torch.Tensor:
        return model.heads.mean_image_state.expand(batch, model.grid_size[0] * model.grid_size[1], -1)

    @torch.inference_mode()
    def embed_photos(self, photos: Sequence[Photo], variant: str = "aligned") -> np.ndarray:
        """Unit vectors (n, D) of photographs in the shared space."""
        states = torch.cat([photo.states.states for photo in photos]).to(self.device)
        return pool(self._model(variant).heads.aligner.image(states)).cpu().numpy()

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str], variant: str = "aligned") -> np.ndarray:
        """Unit vectors (n, D) of captions or questions in the shared space."""
        model = self._model(variant)
        captions = [clean_caption(clean_question(text, "caption")) for text in texts]
        _, states, mask = stack_questions(self.read_many(captions), self.device)
        return pool(model.heads.aligner.text(states), mask).cpu().numpy()

    def pair_cosines(self, variant: str) -> tuple[list[float], list[float]] | None:
        """Cosines of val's matched and of its mismatched pairs, None where the weights came without them."""
        space = self._spaces.get(variant)
        return (space["matched"], space["mismatched"]) if space else None

    @torch.inference_mode()
    def similarity(self, photo: Photo | PhotoSource, text: str | Question, variant: str = "aligned") -> Similarity:
        """How near a photograph and a text lie in the shared space, in all and word by patch.

        A text is placed as captions are in training, without its full stop: a `Question` with one is read again.
        """
        model = self._model(variant)
        caption = clean_caption(clean_question(text, "caption") if isinstance(text, str) else text.text)
        read = text if isinstance(text, Question) and text.text == caption else self.read(caption)
        seen = photo if isinstance(photo, Photo) else self.encode(photo)
        inputs = (tensor.to(self.device) for tensor in (seen.states.states, read.states, read.mask))
        image_tokens, text_tokens, image_embed, text_embed = model.heads.aligner(*inputs)
        by_word = torch.stack([text_tokens[0, list(word.tokens)].mean(0) for word in read.words])
        cosines = (
            torch.nn.functional.normalize(by_word, dim=-1) @ torch.nn.functional.normalize(image_tokens[0], dim=-1).T
        )
        cosine = float((image_embed * text_embed).sum())
        space = self._spaces.get(variant)
        return Similarity(
            cosine,
            [word.text for word in read.words],
            cosines.unflatten(-1, model.grid_size).cpu().numpy(),
            _percentile(cosine, space["matched"]) if space else None,
            _percentile(cosine, space["mismatched"]) if space else None,
        )


def check_device(device: str) -> None:
    """Raises `ValueError` where models cannot run on a device, such as `cuda` on a machine without one."""
    try:
        torch.empty(0, device=device)
        if torch.device(device).type == "meta":
            raise RuntimeError("nothing is computed on it.")
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"The device {device!r} cannot be used: {str(error).splitlines()[0]}") from error


def check_top_k(top_k: int, most: int | None = None) -> None:
    """Raises `ValueError` where `top_k` is not a whole number from 1 on, or is more than `most`."""
    if isinstance(top_k, bool) or not isinstance(top_k, int) or top_k < 1 or (most is not None and top_k > most):
        limit = "" if most is None else f" to {most}; with a list of answers, to as many as there are"
        raise ValueError(f"top_k is a whole number from 1{limit or ' on'}, not {top_k!r}.")


def _of_sentences(processor: VQAProcessor) -> dict:
    """How `VQAHeads.search` finds a sentence."""
    twice = NothingTwice(processor)
    return {"length_penalty": 1.0, "no_repeat_ngram_size": NO_REPEAT_NGRAM_SIZE, "refused": twice}


def _normalised(hypotheses: list[Hypothesis], temperature: float) -> list[Hypothesis]:
    """One of these is the answer: their probabilities, at a temperature, sum to 1."""
    log_probs = torch.tensor([log_prob for _, log_prob in hypotheses]).div(temperature).log_softmax(-1)
    return [(pieces, value) for (pieces, _), value in zip(hypotheses, log_probs.tolist(), strict=True)]


def _merge(hypotheses: list[Hypothesis], text_of: Callable[[tuple[int, ...]], str]) -> list[Answer]:
    """Texts in the order found; where two ways to spell a text in pieces were found, their probabilities are added."""
    probability: dict[str, float] = {}
    for pieces, log_prob in hypotheses:
        text = text_of(pieces)
        probability[text] = probability.get(text, 0.0) + float(np.exp(log_prob))
    return [Answer(text, value) for text, value in probability.items()]


def _proper(answers: list[Answer]) -> list[Answer]:
    """Without what no one would say: nothing at all, or two of the answers run into one word ("noyes").

    Where nothing else was found, the first stays.
    """
    texts = {answer.text for answer in answers} - {""}
    joined = {one + other for one in texts for other in texts}
    most = max(answers, key=lambda answer: answer.probability)
    kept = [answer for answer in answers if answer.text in texts - joined or (answer is most and answer.text)]
    return kept or answers[:1]


def choice_kind(choices: Iterable[str]) -> str:
    """Which temperature divides the scores of a few answers, of which one is chosen."""
    return "yes/no" if set(choices) == set(YES_NO) else "offered"


def _choices(question: str, said: Pieces, model: VQAModel, processor: VQAProcessor) -> dict[Pieces, str]:
    """The few answers among which a question is answered, by their pieces: those that it offers, or yes and no.

    The latter where one of them is what the model `said` of its own accord. None where an answer is too long to be
    said, and to all other questions.
    """
    few = alternatives(question)
    spelt = {tuple(processor.encode_answer(answer)): answer for answer in few or YES_NO}
    if not few and not (answer_kind(question) == "yes/no" and said in spelt):
        return {}
    return spelt if all(map(model.config.can_write, spelt)) else {}


def _rows_of(memory: Memory, rows: Sequence[int]) -> Memory:
    """What the decoder reads of some questions of a batch."""
    keys_values, mask = memory
    return [(k[rows], v[rows]) for k, v in keys_values], mask[rows]


def _percentile(value: float, sample: list[float]) -> float:
    return 100.0 * float(np.mean(np.asarray(sample) <= value))


def _ms_since(start: float) -> float:
    return 1000 * (time.perf_counter() - start)
