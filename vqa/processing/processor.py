"""From photographs, questions and answers to tensors, and back: the one place for training, evaluation and serving."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sentencepiece
import torch
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoTokenizer, ViTImageProcessorPil
from transformers.image_processing_utils import get_size_dict

MAX_QUESTION_TOKENS = 40
PAD, BOS, EOS, UNKNOWN = 0, 1, 2, 3  # pieces of the answer vocabulary


def image_processor_for(vision_config) -> ViTImageProcessorPil:
    """The preprocessing EfficientNet-Lite was trained with: squash to the square, `(rgb - 127) / 128`."""
    side = vision_config.image_size
    return ViTImageProcessorPil(
        size={"height": side, "width": side},
        resample=Image.Resampling.BICUBIC,
        image_mean=[127 / 255] * 3,
        image_std=[128 / 255] * 3,
        do_convert_rgb=True,
    )


def encoder_source(source: str | Path) -> str | Path:
    """A hub id, or a directory that is there. Raises `FileNotFoundError` for a path at which there is none."""
    is_path = str(source).startswith((".", "/")) or str(source).count("/") > 1
    if is_path and not Path(source).is_dir():
        raise FileNotFoundError(f"There is no encoder at {source}.")
    return source


def image_processor(source: str | Path, image_size: int | Sequence[int] | None = None):
    """The image processor that was saved with an encoder, or one that squashes to an `image_size` not the encoder's.

    Raises `FileNotFoundError` or `OSError` where there is none.
    """
    source = encoder_source(source)
    if image_size is None or image_size == AutoConfig.from_pretrained(source).image_size:
        return AutoImageProcessor.from_pretrained(source)
    size = get_size_dict(image_size)
    return AutoImageProcessor.from_pretrained(source, size=size, crop_size=size)


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


class VQAProcessor:
    """The image processor, the question's tokenizer and the answer's pieces, which belong to one model."""

    ANSWERS_FILE = "answers.model"

    def __init__(self, image_processor, tokenizer, answer_pieces: bytes):
        self.image_processor = image_processor
        self.tokenizer = tokenizer
        self._answer_bytes = answer_pieces
        self.answer_pieces = sentencepiece.SentencePieceProcessor(model_proto=answer_pieces)

    @classmethod
    def from_pretrained(cls, vision: str | Path, text: str | Path, answers: str | Path) -> "VQAProcessor":
        """Reads the parts from an image encoder's and a text encoder's directories (or hub ids) and a `.model` file."""
        answers = Path(answers)
        if not answers.is_file():
            raise FileNotFoundError(f"There is no answer vocabulary at {answers}.")
        return cls.from_parts(vision, text, answers.read_bytes())

    @classmethod
    def from_parts(
        cls,
        vision: str | Path,
        text: str | Path,
        answer_pieces: bytes,
        image_size: int | Sequence[int] | None = None,
    ) -> "VQAProcessor":
        """As `from_pretrained`, with the answers' SentencePiece model itself, and photographs of another size."""
        return cls(image_processor(vision, image_size), AutoTokenizer.from_pretrained(text), answer_pieces)

    def save_pretrained(self, directory: str | Path) -> None:
        """Writes all three parts into one directory."""
        self.image_processor.save_pretrained(directory)
        self.tokenizer.save_pretrained(directory)
        self.save_answers(directory)

    def save_answers(self, directory: str | Path) -> None:
        (Path(directory) / self.ANSWERS_FILE).write_bytes(self._answer_bytes)

    @property
    def answer_vocab_size(self) -> int:
        return self.answer_pieces.vocab_size()

    def images(self, photos: Sequence[Image.Image]) -> torch.Tensor:
        """Pixel values `(B, 3, S, S)` of opened photographs (see `vqa.processing.photos.open_photo`)."""
        return self.image_processor(images=list(photos), return_tensors="pt").pixel_values

    def questions(self, questions: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Token ids `(B, L)` and their mask `(B, L)`, True = real token."""
        tokens = self.tokenizer(
            list(questions), padding=True, truncation=True, max_length=MAX_QUESTION_TOKENS, return_tensors="pt"
        )
        return tokens.input_ids, tokens.attention_mask.bool()

    def words(self, question: str) -> list[Word]:
        """The question's words, each with its tokens' places; special tokens belong to no word."""
        tokens = self.tokenizer(question, truncation=True, max_length=MAX_QUESTION_TOKENS, return_offsets_mapping=True)
        words: list[tuple[int, int, list[int]]] = []  # start, end, places
        for place, (start, end) in enumerate(tokens.offset_mapping):
            if start == end:
                continue
            if (
                words
                and not any(c.isspace() for c in question[words[-1][1] : start])
                and question[start].isalnum()
                and question[words[-1][1] - 1].isalnum()
            ):
                words[-1] = (words[-1][0], end, [*words[-1][2], place])
            elif question[start:end].strip():
                words.append((start, end, [place]))
        return [Word(question[start:end], tuple(places)) for start, end, places in words]

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
