"""From photographs, questions and answers to tensors, and back: the one place for training, evaluation and serving.

What `VQAProcessor` needs is imported relatively: `save_pretrained` copies it beside the weights, where
`AutoProcessor.from_pretrained(folder, trust_remote_code=True)` finds it without this package.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sentencepiece
import torch
from PIL import Image
from transformers import (
    AutoConfig,
    AutoImageProcessor,
    AutoTokenizer,
    BatchFeature,
    ProcessorMixin,
    ViTImageProcessorPil,
)
from transformers.image_processing_utils import get_size_dict
from transformers.utils import cached_file

from .photos import open_photo
from .sources import model_source
from .text import QuestionError, clean_question

PAD, BOS, EOS, UNKNOWN = 0, 1, 2, 3  # pieces of the answer vocabulary


def image_processor_for(vision_config) -> ViTImageProcessorPil:
    """The preprocessing EfficientNet-Lite was trained with: squash to the square, `(rgb - 127) / 128`."""
    return ViTImageProcessorPil(
        size=get_size_dict(vision_config.image_size),
        resample=Image.Resampling.BICUBIC,
        image_mean=[127 / 255] * 3,
        image_std=[128 / 255] * 3,
        do_convert_rgb=True,
    )


def tower(config, part: str):
    """The configuration of one encoder: of a checkpoint that holds several, the `part`, `vision_config` or so."""
    return getattr(config, part, None) or config


def image_processor(source: str | Path, image_size: int | Sequence[int] | None = None):
    """The image processor that was saved with an encoder, or one that squashes to an `image_size` not the encoder's.

    Raises `FileNotFoundError` or `OSError` where there is none.
    """
    source = model_source(source, "encoder")
    if image_size is None:
        return AutoImageProcessor.from_pretrained(source)
    size = get_size_dict(image_size)
    if size == get_size_dict(tower(AutoConfig.from_pretrained(source), "vision_config").image_size):
        return AutoImageProcessor.from_pretrained(source)
    return AutoImageProcessor.from_pretrained(source, size=size, crop_size=size)


def question_tokenizer(source: str | Path):
    """The tokenizer that was saved with a text encoder; its `model_max_length` is what the encoder has places for.

    Raises `FileNotFoundError` or `ValueError`, which names the source, where there is none.
    """
    source = model_source(source, "encoder")
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
    except (OSError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ValueError(f"There is no tokenizer of a text encoder in {source}: {reason}") from error
    if isinstance(source, Path) and not (source / "config.json").is_file():
        return tokenizer
    places = getattr(tower(AutoConfig.from_pretrained(source), "text_config"), "max_position_embeddings", None)
    if places is not None:  # RoBERTa and its kin number them from 2 on
        tokenizer.model_max_length = min(tokenizer.model_max_length, places - 2)
    return tokenizer


def train_answer_pieces(texts: Iterable[str], size: int) -> bytes:
    """A SentencePiece unigram model (Kudo 2018) of answers and captions; frequent answers become single pieces."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        vocab_size=size,
        hard_vocab_limit=False,
        byte_fallback=True,
        character_coverage=1.0,
        normalization_rule_name="nmt_nfkc_cf",
        pad_id=PAD,
        bos_id=BOS,
        eos_id=EOS,
        unk_id=UNKNOWN,
        minloglevel=2,
    )
    return model.getvalue()


@dataclass(frozen=True)
class Word:
    """A word of a question and the places of its tokens along L."""

    text: str
    tokens: tuple[int, ...]


class VQAProcessor(ProcessorMixin):
    """The image processor, the question's tokenizer and the answer's pieces, which belong to one model.

    Called with `images=` and `text=`, it gives what `VQAModel` takes; `batch_decode` reads what the model generates.
    """

    ANSWERS_FILE = "answers.model"
    HUB_OPTIONS = ("cache_dir", "force_download", "local_files_only", "token", "revision", "subfolder")
    model_input_names = ["pixel_values", "input_ids", "attention_mask"]

    def __init__(self, image_processor, tokenizer, answer_pieces: bytes):
        """`answer_pieces` is the answers' SentencePiece model as it lies in `answers.model`."""
        super().__init__(image_processor, tokenizer)
        self._answer_bytes = answer_pieces
        try:
            self.answer_pieces = sentencepiece.SentencePieceProcessor(model_proto=answer_pieces)
        except RuntimeError as error:
            raise ValueError(f"{self.ANSWERS_FILE} is damaged: it is no SentencePiece model.") from error

    def __call__(self, images=None, text=None, return_tensors: str = "pt") -> BatchFeature:
        """One or several photographs, as `open_photo` takes them, and as many questions, as `VQAModel` takes them.

        `pixel_values` (B, 3, S, S), `input_ids` (B, L) and `attention_mask` (B, L), 1 for a real token; either side may
        be left out. Raises `PhotoError` and `QuestionError`, and `ValueError` where there is nothing to prepare.
        """
        if images is None and text is None:
            raise ValueError("Pass images=, text= or both.")
        found = {}
        if images is not None:
            several = images if isinstance(images, (list, tuple)) else [images]
            found["pixel_values"] = self.images([open_photo(image) for image in several])
        if text is not None:
            several = [text] if isinstance(text, str) else text
            input_ids, mask = self.questions([clean_question(question) for question in several])
            found |= {"input_ids": input_ids, "attention_mask": mask.long()}
        return BatchFeature(found, tensor_type=return_tensors)

    def decode(self, token_ids: Iterable[int], skip_special_tokens: bool = True) -> str:
        """The text of one generated answer. Special pieces have no text, so that `skip_special_tokens` must be True."""
        if not skip_special_tokens:
            raise ValueError("The special pieces of an answer have no text: they are always skipped.")
        return self.decode_answer(token_ids)

    def batch_decode(self, sequences: Iterable[Iterable[int]], skip_special_tokens: bool = True) -> list[str]:
        """`decode` for each row of what `VQAModel.generate` returns."""
        return [self.decode(row, skip_special_tokens) for row in sequences]

    @classmethod
    def _get_arguments_from_pretrained(cls, source, processor_dict=None, **options) -> list:
        """transformers reads both parts that it knows; the answers' vocabulary lies beside them."""
        parts = super()._get_arguments_from_pretrained(source, processor_dict, **options)
        options = {name: options[name] for name in cls.HUB_OPTIONS if name in options}
        return [*parts, Path(cached_file(source, cls.ANSWERS_FILE, **options)).read_bytes()]

    def to_dict(self) -> dict:
        """What `processor_config.json` holds; the tokenizer and the answers' vocabulary have files of their own."""
        auto_map = {"auto_map": self.auto_map} if hasattr(self, "auto_map") else {}
        return {
            "image_processor": self.image_processor.to_dict(),
            "processor_class": type(self).__name__,
            **auto_map,
        }

    @classmethod
    def from_parts(
        cls,
        vision: str | Path,
        text: str | Path,
        answer_pieces: bytes,
        image_size: int | Sequence[int] | None = None,
    ) -> "VQAProcessor":
        """Of an image encoder's and a text encoder's directories or hub ids, and the answers' SentencePiece model.

        `image_size`, in pixels a side, is where photographs are seen at another size than the encoder's own.
        """
        return cls(image_processor(vision, image_size), question_tokenizer(text), answer_pieces)

    def save_pretrained(self, directory: str | Path, push_to_hub: bool = False, **kwargs) -> list[str]:
        """Writes all three parts into one directory, and the code that reads them; `kwargs` are of `push_to_hub`."""
        written = super().save_pretrained(directory)
        self.save_answers(directory)
        if push_to_hub:  # when all of it is there
            self.push_to_hub(kwargs.pop("repo_id", Path(directory).name), **kwargs)
        return written

    def save_answers(self, directory: str | Path) -> None:
        (Path(directory) / self.ANSWERS_FILE).write_bytes(self._answer_bytes)

    @property
    def answer_vocab_size(self) -> int:
        return self.answer_pieces.vocab_size()

    def images(self, photos: Sequence[Image.Image]) -> torch.Tensor:
        """Pixel values `(B, 3, S, S)` of opened photographs (see `vqa.processing.photos.open_photo`)."""
        return self.image_processor(images=list(photos), return_tensors="pt").pixel_values

    def questions(self, questions: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Token ids `(B, L)` and their mask `(B, L)`, True = real token.

        Nothing is cut: raises `QuestionError` for a question that has more tokens than the text encoder has places.
        """
        questions = list(questions)
        tokens = self.tokenizer(questions, padding=True, return_tensors="pt", verbose=False)
        mask = tokens.attention_mask.bool()
        most = self.tokenizer.model_max_length
        if mask.shape[1] > most:
            longest = int(mask.sum(1).argmax())
            raise QuestionError(
                f"The question “{questions[longest][:40]}…” has {int(mask[longest].sum())} tokens; this text encoder "
                f"reads at most {most}."
            )
        return tokens.input_ids, mask

    def words(self, question: str) -> list[Word]:
        """The question's words, each with its tokens' places; special tokens belong to no word."""
        tokens = self.tokenizer(question, return_offsets_mapping=True, verbose=False)
        words: list[tuple[int, int, list[int]]] = []  # start, end, places
        for place, (start, end) in enumerate(tokens.offset_mapping):
            while start < end and question[start].isspace():  # a byte-level tokenizer's tokens begin with the space
                start += 1
            if start == end:
                continue
            before = words[-1][1] if words else 0
            goes_on = (
                start < before
                or (  # where a character's bytes are several tokens, or within a word
                    before
                    and not any(c.isspace() for c in question[before:start])
                    and question[start].isalnum()
                    and question[before - 1].isalnum()
                )
            )
            if goes_on:
                words[-1] = (words[-1][0], end, [*words[-1][2], place])
            else:
                words.append((start, end, [place]))
        return [Word(question[start:end], tuple(places)) for start, end, places in words]

    def tokens(self, ids: Sequence[int]) -> list[tuple[str, int]]:
        """BERT's word pieces, `[CLS]` and `[SEP]` among them, with their numbers."""
        return list(zip(self.tokenizer.convert_ids_to_tokens(list(ids)), ids, strict=True))

    def encode_answer(self, answer: str) -> list[int]:
        """The pieces of an answer between `BOS` and `EOS`."""
        return [BOS, *self.answer_pieces.encode(answer), EOS]

    def decode_answer(self, ids: Iterable[int]) -> str:
        """The text of pieces; special ones are left out."""
        return self.answer_pieces.decode([int(i) for i in ids if int(i) not in (PAD, BOS, EOS)])

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """The pieces as a reader would see them, special ones left out."""
        return [
            self.answer_pieces.id_to_piece(int(i)).replace("▁", " ").strip() or "·"
            for i in ids
            if int(i) not in (PAD, BOS, EOS)
        ]

    def pad_answers(self, answers: Sequence[Sequence[int]]) -> torch.Tensor:
        """Pieces of several answers as one tensor `(B, A)`, filled up with `PAD`."""
        return torch.nn.utils.rnn.pad_sequence(
            [torch.tensor(answer) for answer in answers], batch_first=True, padding_value=PAD
        )


VQAProcessor.register_for_auto_class()
