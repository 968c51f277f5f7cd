"""Tiny random models, so that tests need no weights and no network."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from PIL import Image
from sentencepiece import SentencePieceProcessor
from transformers import BertConfig, BertModel, BertTokenizer

from vqa.inference.predictor import VQAPredictor
from vqa.model.checkpoint import from_encoders, save_heads
from vqa.model.hybrid_vit import HybridViTConfig, HybridViTModel
from vqa.processing.processor import VQAProcessor, image_processor_for, train_answer_pieces
from vqa.train.settings import JointSettings, load_settings

COLOURS = {"red": (220, 30, 30), "blue": (30, 30, 220), "green": (30, 200, 30), "white": (250, 250, 250)}
ANSWERS = ["yes", "no", "red", "blue", "two", "cat", "dog", "tennis racket", "a dog runs on the grass"]
WORDS = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] what is the color of this cat dog ball a an there how many in photo ? , .".split()
)


def tiny_vision_config() -> HybridViTConfig:
    """A hybrid ViT of a 3×3 grid."""
    stages = [[1, 4, 1, 1, 3], [2, 5, 1, 2, 3], [2, 5, 1, 2, 5], [2, 6, 1, 2, 3], [2, 7, 2, 1, 5], [2, 9, 1, 2, 5]]
    return HybridViTConfig(
        image_size=96,
        hidden_size=22,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=23,
        stem_width=4,
        stem_stages=stages,
        stem_out_channels=13,
    )


def tiny_text_config(vocab_size: int) -> BertConfig:
    return BertConfig(
        vocab_size=vocab_size,
        hidden_size=26,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=29,
        max_position_embeddings=600,
    )


@pytest.fixture(scope="session", autouse=True)
def own_uploads(tmp_path_factory):
    """What is uploaded lies under a name of its content, and another run beside this one would delete it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
        yield


@pytest.fixture
def both_sides():
    """Makes random patches (B, P, D) and words (B, L, D), and the words' mask (B, L), short in the second row."""

    def make(batch: int, patches: int, words: int, width: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        torch.manual_seed(0)
        mask = torch.ones(batch, words, dtype=torch.bool)
        mask[1, 3:] = False
        return torch.randn(batch, patches, width), torch.randn(batch, words, width), mask

    return make


@pytest.fixture(scope="session")
def answer_pieces() -> bytes:
    return train_answer_pieces(ANSWERS * 20, 300)


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory, answer_pieces):
    """A weights folder as shipped: shared encoders, and heads for aligned and unaligned."""
    torch.manual_seed(0)
    root = tmp_path_factory.mktemp("weights")
    letters = [chr(c) for c in range(97, 123)] + [str(d) for d in range(10)]
    vocabulary = WORDS + letters + [f"##{letter}" for letter in letters]
    (root / "vocab").mkdir()
    (root / "vocab" / "vocab.txt").write_text("\n".join(dict.fromkeys(vocabulary)) + "\n")
    tokenizer = BertTokenizer.from_pretrained(root / "vocab")
    vision = HybridViTModel(tiny_vision_config())
    text = BertModel(tiny_text_config(len(tokenizer)))
    vision.save_pretrained(root / "encoders" / "vision")
    image_processor_for(vision.config).save_pretrained(root / "encoders" / "vision")
    text.save_pretrained(root / "encoders" / "text")
    tokenizer.save_pretrained(root / "encoders" / "text")
    for variant in ("aligned", "unaligned"):
        model = from_encoders(
            root / "encoders" / "vision",
            root / "encoders" / "text",
            variant=variant,
            hidden_size=16,
            num_heads=2,
            answer_vocab_size=SentencePieceProcessor(model_proto=answer_pieces).vocab_size(),
        )
        (root / variant).mkdir()
        save_heads(model, root / variant, "../encoders")
        (root / variant / VQAProcessor.ANSWERS_FILE).write_bytes(answer_pieces)
    return root


@pytest.fixture(scope="session")
def tiny_predictor(tiny_weights) -> VQAPredictor:
    return VQAPredictor.from_pretrained(tiny_weights)


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory, tiny_weights):
    """Twenty plain photographs of four colours, asked, captioned and boxed; a fifth of them is val."""
    root = tmp_path_factory.mktemp("data")
    (root / "photos").mkdir()
    questions, captions, boxes = [], [], []
    for i in range(20):
        name = list(COLOURS)[i % 4]
        Image.new("RGB", (40 + i, 50), COLOURS[name]).save(root / "photos" / f"p{i}.png")
        common = {"image_id": f"p{i}", "split": "val" if i >= 16 else "train"}
        questions.append(common | {"question": "what color is this?", "answer": name, "source": "colours"})
        questions[-1]["type"] = "object"
        captions.append(common | {"captions": [f"a photo of {name} .", f"all {name} number {i}"]})
        boxes.append(common | {"classes": "all", "boxes": [["cat", 0.1, 0.1, 0.6, 0.6]]})
    for name, rows in (("questions", questions), ("captions", captions), ("boxes", boxes)):
        (root / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = {
        "stage": "joint",
        "images": [str(root / "photos")],
        **{name: [str(root / f"{name}.jsonl")] for name in ("questions", "captions", "boxes")},
        "vision": str(tiny_weights / "encoders" / "vision"),
        "text": str(tiny_weights / "encoders" / "text"),
        "cache": str(root / "cache"),
        "out": str(root / "weights"),
        "model": {"hidden_size": 16, "num_heads": 2, "word_blocks": 1, "decoder_layers": 1, "dropout": 0.0},
        "answer_pieces": 300,
        "questions_per_batch": {"colours": 8, "existence": 2, "count": 2},
        "captions_per_batch": 2,
        "align": {"steps": 5, "learning_rate": 1e-3, "warmup_steps": 1, "ema": 0},
        "align_batch": 6,
        "align_weight": 0.2,
        "attention_weight": 0.3,
        "pairs_per_batch": 4,
        "hard_negatives": 2,
        "question_only_prob": 0.1,
        "patch_drop_prob": 0.5,
        "label_smoothing": 0.0,
        "fit": {"steps": 4, "learning_rate": 1e-3, "warmup_steps": 1, "ema": 0.9},
    }
    (root / "joint.json").write_text(json.dumps(config))
    return root


@pytest.fixture(scope="session")
def joint_settings(tiny_data):
    """Makes the settings of a joint run on the tiny data, with changes."""

    def make(**changes) -> JointSettings:
        return dataclasses.replace(load_settings(tiny_data / "joint.json"), **changes)

    return make


@pytest.fixture
def photo() -> Image.Image:
    """A picture with a red square on blue."""
    image = Image.new("RGB", (150, 100), "blue")
    image.paste("red", (20, 20, 60, 60))
    return image


@pytest.fixture
def one_thread():
    """Models this small are slower on several."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def photos(tmp_path):
    """Seven photographs with two questions and a box each."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "photos"
    folder.mkdir()
    questions, boxes = [], []
    for i in range(7):
        Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)).save(folder / f"p{i}.png")
        questions.append({"image_id": f"p{i}", "question": "what is in the photo", "answer": "cat", "source": "one"})
        questions.append({"image_id": f"p{i}", "question": "is there a dog", "answer": "yes", "source": "two"})
        boxes.append({"image_id": f"p{i}", "classes": "all", "boxes": [["dog", 0, 0, 0.4, 0.4], ["cup", 0, 0, 1, 1]]})
    for row in questions + boxes:
        row["split"] = "test"
    for name, rows in (("questions", questions), ("boxes", boxes)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    return tmp_path
