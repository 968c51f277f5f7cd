"""Questions, words and answers as the model and a reader see them."""

import copy
import random
from pathlib import Path
from types import SimpleNamespace

import pytest
import sentencepiece
import torch
from huggingface_hub import HfApi
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    AutoImageProcessor,
    BertConfig,
    BitImageProcessorPil,
    PreTrainedTokenizerFast,
    RobertaConfig,
    ViTImageProcessorPil,
)

from tests.conftest import ANSWERS, tiny_vision_config
from vqa.processing.processor import (
    BOS,
    EOS,
    PAD,
    VQAProcessor,
    image_processor,
    image_processor_for,
    question_tokenizer,
    train_answer_pieces,
)
from vqa.processing.text import QuestionError

TEXT_ENCODER = Path(__file__).resolve().parents[2] / "weights" / "encoders" / "text"


@pytest.fixture
def processor(tiny_predictor) -> VQAProcessor:
    return tiny_predictor.processor


def test_words_know_their_tokens(processor):
    words = processor.words("what is the Ballcat, there?")
    ids = processor.questions(["what is the Ballcat, there?"])[0][0]
    assert [w.text for w in words] == ["what", "is", "the", "Ballcat", ",", "there", "?"]
    places = [place for word in words for place in word.tokens]
    assert places == list(range(1, len(ids) - 1))  # all but [CLS] and [SEP]
    assert len(words[3].tokens) > 1


def test_words_of_a_byte_level_tokenizer_have_no_space_and_each_character_once():
    """As ModernBERT's and RoBERTa's: a token begins with the space before it, and an emoji is several tokens."""
    question = "is the 猫 cat😀, there?"
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), vocab_size=263)
    tokenizer.train_from_iterator(["is the cat there"] * 9, trainer)
    processor = VQAProcessor(
        ViTImageProcessorPil(), PreTrainedTokenizerFast(tokenizer_object=tokenizer), train_answer_pieces(ANSWERS, 300)
    )
    words = processor.words(question)
    assert [word.text for word in words] == ["is", "the", "猫", "cat", "😀", ",", "there", "?"]
    places = [place for word in words for place in word.tokens]
    assert places == sorted(set(places)) and len(words[4].tokens) > 1


def test_a_long_question_is_read_to_its_end(processor):
    ids, mask = processor.questions(["cat " * 125, "cat"])
    assert ids.shape == (2, 127)
    assert mask.sum(1).tolist() == [127, 3]
    assert mask.dtype == torch.bool
    assert len(processor.words("cat " * 125)) == 125


def test_500_characters_fit_the_shipped_text_encoder_and_where_they_do_not_it_is_said():
    processor = VQAProcessor(
        ViTImageProcessorPil(), question_tokenizer(TEXT_ENCODER), train_answer_pieces(ANSWERS, 300)
    )
    assert processor.tokenizer.model_max_length == 510
    assert processor.questions(["?" * 499 + "a"])[0].shape == (1, 502)
    with pytest.raises(QuestionError, match=r"“각 각.*…” has 752 tokens; this text encoder reads at most 510"):
        processor.questions(["what?", "각 " * 250])  # the tokenizer writes a syllable as its three letters


@pytest.mark.parametrize(
    ("config", "said", "most"),
    [
        (BertConfig(max_position_embeddings=64), 512, 62),
        (BertConfig(max_position_embeddings=512), int(1e30), 510),
        (RobertaConfig(max_position_embeddings=66, pad_token_id=1), int(1e30), 64),  # places 2 to 65
        (BertConfig(max_position_embeddings=512), 128, 128),
    ],
)
def test_no_more_tokens_are_read_than_the_encoder_and_its_tokenizer_allow(config, said, most, processor, tmp_path):
    config.save_pretrained(tmp_path)
    tokenizer = copy.deepcopy(processor.tokenizer)
    tokenizer.model_max_length = said
    tokenizer.save_pretrained(tmp_path)
    assert question_tokenizer(tmp_path).model_max_length == most


@pytest.mark.parametrize("answer", [*ANSWERS, "crème brûlée 猫 42"])
def test_any_answer_survives_its_pieces(processor, answer):
    ids = processor.encode_answer(answer)
    assert (ids[0], ids[-1]) == (BOS, EOS)
    assert processor.decode_answer([*ids, PAD, PAD]) == answer


def test_answers_are_case_folded(processor):
    assert processor.decode_answer(processor.encode_answer("Tennis Racket")) == "tennis racket"


def test_frequent_answers_become_single_pieces():
    pieces = train_answer_pieces(["skateboard", "giraffe", "a giraffe on a skateboard"] * 50, 300)
    vocabulary = sentencepiece.SentencePieceProcessor(model_proto=pieces)
    assert vocabulary.encode("giraffe", out_type=str) == ["▁giraffe"]


def test_photographs_are_squashed_and_scaled_as_the_stem_was_trained():
    processor = image_processor_for(tiny_vision_config())
    pixels = processor(images=[Image.new("RGB", (50, 20), (255, 127, 0))], return_tensors="pt").pixel_values
    assert pixels.shape == (1, 3, 96, 96)
    torch.testing.assert_close(pixels[0, :, 5, 5], torch.tensor([1.0, 0.0, -127 / 128]), atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", [ViTImageProcessorPil, BitImageProcessorPil])
@pytest.mark.parametrize(("image_size", "sides"), [(48, (48, 48)), ([28, 42], (28, 42))])
def test_photographs_of_another_size_are_squashed_to_it_and_never_cropped(kind, image_size, sides, tmp_path):
    tiny_vision_config().save_pretrained(tmp_path)
    kind().save_pretrained(tmp_path)
    photo = Image.new("RGB", (90, 60), "white")
    photo.paste("black", (0, 0, 45, 60))
    pixels = image_processor(tmp_path, image_size)(images=[photo], return_tensors="pt").pixel_values
    assert pixels.shape[-2:] == sides
    left, right = pixels[0, 0, 5, 2], pixels[0, 0, 5, -3]
    assert left < right
    assert torch.isclose(pixels[0, 0, 5, : sides[1] // 2 - 4], left).all()


def test_saving_and_loading(processor, tmp_path):
    processor.save_pretrained(tmp_path)
    loaded = VQAProcessor.from_pretrained(tmp_path)
    assert loaded.encode_answer("tennis racket") == processor.encode_answer("tennis racket")
    image = Image.new("RGB", (30, 40), "red")
    assert torch.equal(loaded.images([image]), processor.images([image]))
    assert AutoImageProcessor.from_pretrained(tmp_path).size["height"] == 96
    (tmp_path / VQAProcessor.ANSWERS_FILE).write_bytes(random.Random(0).randbytes(1000))
    with pytest.raises(ValueError, match="answers.model is damaged"):
        VQAProcessor.from_pretrained(tmp_path)
    (tmp_path / VQAProcessor.ANSWERS_FILE).unlink()
    with pytest.raises(OSError, match="answers.model"):
        VQAProcessor.from_pretrained(tmp_path)


def test_photographs_and_questions_become_what_the_model_takes(processor, photo, tmp_path):
    photo.save(tmp_path / "photo.png")
    inputs = processor(images=photo, text="  what is\nthis? ")
    assert set(inputs) == set(processor.model_input_names)
    assert torch.equal(inputs.pixel_values, processor.images([photo]))
    ids, mask = processor.questions(["what is this?"])
    assert torch.equal(inputs.input_ids, ids) and torch.equal(inputs.attention_mask, mask.long())
    several = processor(images=[photo, tmp_path / "photo.png"], text=["what is this?", "is there a cat?"])
    assert torch.equal(several.pixel_values[0], several.pixel_values[1]) and len(several.input_ids) == 2
    assert set(processor(text="what?")) == {"input_ids", "attention_mask"}


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "Pass images=, text= or both"),
        ({"images": 7}, "a PIL image or a NumPy array, not int"),
        ({"text": "?"}, "Type a question"),
        ({"images": "https://example.org/cat.jpg"}, "no photograph at"),
    ],
)
def test_what_is_no_photograph_and_no_question_is_refused(processor, inputs, message):
    with pytest.raises(ValueError, match=message):
        processor(**inputs)
    with pytest.raises(TypeError, match="txt"):
        processor(txt="what is this?")


def test_generated_pieces_are_read_without_special_ones(processor):
    rows = torch.tensor([[*processor.encode_answer("cat"), PAD]])
    assert processor.batch_decode(rows, skip_special_tokens=True) == ["cat"] == [processor.decode(rows[0])]
    with pytest.raises(ValueError, match="always skipped"):
        processor.decode(rows[0], skip_special_tokens=False)


@pytest.mark.parametrize("push", [lambda p, d: p.push_to_hub("me/tiny"), lambda p, d: p.save_pretrained(d, True)])
def test_uploading_sends_the_answers_vocabulary_too(processor, tmp_path, monkeypatch, push):
    sent = {}

    def upload(self, folder, repo_id, files_timestamps, **options):
        sent["files"] = {path.name for path in Path(folder).iterdir()} - files_timestamps.keys()

    monkeypatch.setattr(HfApi, "create_repo", lambda self, repo_id, **_: SimpleNamespace(repo_id=repo_id))
    monkeypatch.setattr(VQAProcessor, "_upload_modified_files", upload)
    push(processor, tmp_path / "tiny")
    assert {VQAProcessor.ANSWERS_FILE, "processor_config.json", "tokenizer.json", "processor.py"} <= sent["files"]


def test_a_folder_without_a_tokenizer_is_named(tiny_weights):
    vision = tiny_weights / "encoders" / "vision"
    with pytest.raises(ValueError, match=f"There is no tokenizer of a text encoder in {vision}: "):
        question_tokenizer(vision)
