"""The whole model: shapes, padding, saving, and any encoder in its place."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoConfig,
    AutoModel,
    BertConfig,
    BertModel,
    CLIPConfig,
    CLIPModel,
    CLIPVisionConfig,
    CLIPVisionModel,
    ConvNextConfig,
    ConvNextModel,
    DeiTConfig,
    DeiTModel,
    Dinov2Config,
    Dinov2Model,
    DistilBertConfig,
    DistilBertModel,
    ModernBertConfig,
    ModernBertModel,
    MPNetConfig,
    MPNetModel,
    ResNetConfig,
    ResNetModel,
    RobertaConfig,
    RobertaModel,
    SiglipConfig,
    SiglipModel,
    SwinConfig,
    SwinModel,
    T5Config,
    T5Model,
    ViTConfig,
    ViTModel,
)

from tests.conftest import tiny_vision_config
from vqa.model.checkpoint import from_encoders, load_encoder, load_heads, save_heads
from vqa.model.configuration import VQAConfig
from vqa.model.encoders import at_image_size, grid_size, interpolated
from vqa.model.hybrid_vit import HybridViTModel
from vqa.model.model import VQAModel
from vqa.processing.processor import image_processor

B, L, A, V = 3, 5, 4, 31
HEADS = {"hidden_size": 12, "num_heads": 2, "word_blocks": 2, "decoder_layers": 2, "answer_vocab_size": V}


@pytest.fixture
def model():
    torch.manual_seed(0)
    vision = ViTConfig(image_size=[28, 42], patch_size=14, hidden_size=22, num_hidden_layers=2, num_attention_heads=2)
    text = BertConfig(vocab_size=41, hidden_size=26, num_hidden_layers=1, num_attention_heads=2, intermediate_size=29)
    return VQAModel(VQAConfig(vision_config=vision, text_config=text, **HEADS)).eval()


@pytest.fixture
def batch():
    torch.manual_seed(1)
    mask = torch.ones(B, L, dtype=torch.bool)
    mask[1, 3:] = False
    return {
        "image_states": torch.randn(B, 6, 22),
        "text_states": torch.randn(B, L, 26),
        "text_mask": mask,
        "answer_ids": torch.randint(3, V, (B, A)),
    }


def test_names_and_shapes(model, batch):
    output = model.heads(**batch)
    assert output.logits.shape == (B, A, V)
    assert output.image_tokens.shape == output.fused_image.shape == (B, 6, 12)
    assert output.text_tokens.shape == output.fused_text.shape == (B, L, 12)
    assert [tuple(w.shape) for w in output.attn_answer] == [(B, 2, A, 6 + L)] * 2
    for weights in output.attn_answer:
        torch.testing.assert_close(weights.sum(-1), torch.ones(B, 2, A))
        assert weights[1, :, :, 6 + 3 :].max() == 0  # padding is not read


def test_encoders_give_patches_without_prefix_tokens(model):
    seen = model.encode_image(torch.randn(2, 3, 28, 42))
    assert model.grid_size == (2, 3)
    assert seen.states.shape == (2, 6, 22)
    assert seen.num_prefix == 1
    assert [tuple(a.shape) for a in seen.attentions] == [(2, 2, 7, 7)] * 2


def test_padding_changes_nothing(model, batch):
    padded = model.heads(**batch)
    short = {
        "image_states": batch["image_states"][1:2],
        "text_states": batch["text_states"][1:2, :3],
        "text_mask": batch["text_mask"][1:2, :3],
        "answer_ids": batch["answer_ids"][1:2],
    }
    alone = model.heads(**short)
    torch.testing.assert_close(padded.logits[1:2], alone.logits)
    torch.testing.assert_close(padded.text_embed[1:2], alone.text_embed)


def test_the_decoder_sees_no_later_piece(model, batch):
    changed = dict(batch, answer_ids=batch["answer_ids"].clone())
    changed["answer_ids"][:, 2] = (changed["answer_ids"][:, 2] + 1) % V
    before, after = model.heads(**batch).logits, model.heads(**changed).logits
    torch.testing.assert_close(before[:, :2], after[:, :2])
    assert not torch.allclose(before[:, 2:], after[:, 2:])


def test_saving_and_loading_changes_nothing(model, batch, tmp_path):
    model.save_pretrained(tmp_path)
    for loaded in (VQAModel.from_pretrained(tmp_path), AutoModel.from_pretrained(tmp_path)):
        assert torch.equal(loaded.eval().heads(**batch).logits, model.heads(**batch).logits)
    assert AutoConfig.from_pretrained(tmp_path).hidden_size == 12


def test_heads_over_shared_encoders(model, batch, tmp_path):
    model.vision_encoder.save_pretrained(tmp_path / "encoders" / "vision")
    model.text_encoder.save_pretrained(tmp_path / "encoders" / "text")
    (tmp_path / "heads").mkdir()
    save_heads(model, tmp_path / "heads", "../encoders")
    assert not any("encoder" in key for key in load_file(tmp_path / "heads" / "model.safetensors"))
    loaded = VQAModel.from_pretrained(tmp_path / "heads")
    torch.testing.assert_close(
        loaded.heads(**batch).logits, model.heads(**batch).logits, rtol=1e-2, atol=1e-2
    )  # half precision
    pixels = torch.randn(1, 3, 28, 42)
    torch.testing.assert_close(loaded.encode_image(pixels).states, model.encode_image(pixels).states)


def test_damaged_or_foreign_heads_are_refused(model, tmp_path):
    vision, text = model.vision_encoder, model.text_encoder
    save_heads(model, tmp_path, "../encoders")
    file = tmp_path / "model.safetensors"
    heads = load_file(file)
    save_file({k: v for k, v in heads.items() if k != "decoder.bias"}, file)
    with pytest.raises(ValueError, match="does not fit its config.json.*decoder.bias"):
        load_heads(tmp_path, vision, text)
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(ValueError, match="damaged"):
        load_heads(tmp_path, vision, text)


@pytest.mark.parametrize("vision", [ViTConfig, Dinov2Config])
def test_any_vit_and_bert_by_directory(vision, tmp_path):
    config = vision(image_size=24, patch_size=8, hidden_size=10, num_hidden_layers=1, num_attention_heads=2)
    kind = {ViTConfig: ViTModel, Dinov2Config: Dinov2Model}[vision]
    kind(config).save_pretrained(tmp_path / "vision")
    text = BertConfig(vocab_size=41, hidden_size=14, num_hidden_layers=1, num_attention_heads=2, intermediate_size=9)
    BertModel(text).save_pretrained(tmp_path / "text")
    model = from_encoders(tmp_path / "vision", tmp_path / "text", **HEADS)
    mask = torch.ones(2, 3, dtype=torch.bool)
    states = model.encode_text(torch.randint(0, 41, (2, 3)), mask)
    assert model.heads(model.encode_image(torch.randn(2, 3, 24, 24)).states, states, mask).fused_image.shape == (
        2,
        9,
        12,
    )


SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 18}
SEEING = {**SMALL, "image_size": 24, "patch_size": 8}
VISION = {
    "clip": lambda: CLIPModel(CLIPConfig(vision_config=SEEING, text_config={**SMALL, "vocab_size": 41})),
    "clip vision": lambda: CLIPVisionModel(CLIPVisionConfig(**SEEING)),
    "siglip": lambda: SiglipModel(SiglipConfig(vision_config=SEEING, text_config={**SMALL, "vocab_size": 41})),
    "deit": lambda: DeiTModel(DeiTConfig(**SEEING)),
}
TEXT = {
    "bert": lambda: BertModel(BertConfig(vocab_size=41, **SMALL)),
    "roberta": lambda: RobertaModel(RobertaConfig(vocab_size=41, **SMALL)),
    "mpnet": lambda: MPNetModel(MPNetConfig(vocab_size=41, **SMALL)),
    "distilbert": lambda: DistilBertModel(
        DistilBertConfig(vocab_size=41, dim=16, n_layers=2, n_heads=2, hidden_dim=18)
    ),
    "modernbert": lambda: ModernBertModel(
        ModernBertConfig(
            vocab_size=41, pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2, **SMALL
        )
    ),
}


def save_new(model, path):
    torch.manual_seed(3)
    model().save_pretrained(path)
    return path


@pytest.mark.parametrize(("vision", "prefix"), [("clip", 1), ("clip vision", 1), ("siglip", 0), ("deit", 2)])
def test_other_encoders_of_photographs_fit_and_of_two_towers_the_one_that_sees(vision, prefix, tmp_path):
    text = save_new(TEXT["bert"], tmp_path / "text")
    model = from_encoders(save_new(VISION[vision], tmp_path / "vision"), text, **HEADS)
    pixels = torch.randn(2, 3, 24, 24)
    seen = model.encode_image(pixels)
    assert (seen.states.shape, seen.num_prefix, len(seen.attentions)) == ((2, 9, 16), prefix, 2)
    whole = AutoModel.from_pretrained(tmp_path / "vision", attn_implementation="eager").eval()
    tower = getattr(whole, "vision_model", whole)
    torch.testing.assert_close(seen.states, tower(pixels).last_hidden_state[:, prefix:])
    model.save_pretrained(tmp_path / "whole")
    loaded = VQAModel.from_pretrained(tmp_path / "whole").eval()
    torch.testing.assert_close(loaded.encode_image(pixels).states, seen.states)


@pytest.mark.parametrize("text", TEXT)
def test_other_encoders_of_text_fit_and_padding_changes_nothing(text, tmp_path):
    vision = save_new(VISION["deit"], tmp_path / "vision")
    model = from_encoders(vision, save_new(TEXT[text], tmp_path / "text"), **HEADS)
    ids = torch.tensor([[5, 6, 7, 8], [9, 10, 0, 0]])
    ids[1, 2:] = model.config.text_config.pad_token_id
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    states = model.encode_text(ids, mask)
    assert states.shape == (2, 4, 16)
    torch.testing.assert_close(states[1:, :2], model.encode_text(ids[1:, :2], mask[1:, :2]), rtol=1e-4, atol=1e-5)
    model.save_pretrained(tmp_path / "whole")
    loaded = VQAModel.from_pretrained(tmp_path / "whole").eval()
    torch.testing.assert_close(loaded.encode_text(ids, mask), states)
    save_heads(model, tmp_path, ".")
    torch.testing.assert_close(VQAModel.from_pretrained(tmp_path).encode_text(ids, mask), states)


MISFITS = {
    "swin": lambda: SwinModel(
        SwinConfig(image_size=24, patch_size=4, embed_dim=8, depths=[1, 1], num_heads=[1, 1], window_size=3)
    ),
    "convnext": lambda: ConvNextModel(ConvNextConfig(hidden_sizes=[8, 8], depths=[1, 1], num_stages=2, image_size=24)),
    "resnet": lambda: ResNetModel(ResNetConfig(embedding_size=8, hidden_sizes=[8, 8], depths=[1, 1])),
    "t5": lambda: T5Model(T5Config(vocab_size=41, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)),
    **TEXT,
    **VISION,
}


@pytest.mark.parametrize(
    ("vision", "text", "told"),
    [
        (
            "swin",
            "bert",
            "This swin does not keep a token for each of its 6×6 patches: it gives .9, 16.. Supported: ViT",
        ),
        ("convnext", "bert", "The tokens of a convnext have no one width. Supported: ViT"),
        ("resnet", "bert", "A resnet does not cut photographs into patches. Supported: ViT"),
        ("bert", "bert", "A bert does not cut photographs into patches. Supported: ViT"),
        ("deit", "t5", "A t5 cannot be the text encoder. Supported: BERT"),
        ("deit", "deit", "A deit cannot be the text encoder. Supported: BERT"),
        ("deit", "clip", "A clip_vision_model cannot be the text encoder. Supported: BERT"),
    ],
)
def test_of_other_encoders_it_is_said_what_fits_instead(vision, text, told, tmp_path):
    with pytest.raises(ValueError, match=told):
        encoders = save_new(MISFITS[vision], tmp_path / "vision"), save_new(MISFITS[text], tmp_path / "text")
        from_encoders(*encoders, **HEADS).encode_image(torch.randn(1, 3, 24, 24))


def test_photographs_of_another_size_than_the_encoders_are_told(model):
    with pytest.raises(ValueError, match="makes photographs of 28×28 pixels, and .* says 28×42; set `image_size`"):
        model.encode_image(torch.randn(1, 3, 28, 28))
    with pytest.raises(
        ValueError, match="A clip_vision_model sees photographs at the size it was trained at, 24 pixels"
    ):
        at_image_size(VISION["clip vision"](), 48)


def test_what_cannot_be_loaded_or_built_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="no encoder at"):
        load_encoder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="multiple of num_heads"):
        VQAConfig(hidden_size=10, num_heads=3)
    with pytest.raises(ValueError, match="'aligned' or 'unaligned'"):
        VQAConfig(variant="both")
    with pytest.raises(ValueError, match='rename it to "variant"'):
        VQAConfig.from_dict({"features": "unaligned"})


def test_unaligned_freezes_the_projections(model):
    model.config.variant = "unaligned"
    model.freeze()
    trainable = {name.split(".")[0] for name, p in model.heads.named_parameters() if p.requires_grad}
    assert trainable == {"fusion", "decoder"}


def encoder_of(kind: str):
    torch.manual_seed(0)
    if kind == "hybrid":
        return HybridViTModel(tiny_vision_config()).eval()  # 3×3 patches of 32 pixels
    config, model = {"vit": (ViTConfig, ViTModel), "dinov2": (Dinov2Config, Dinov2Model)}[kind]
    return model(
        config(image_size=96, patch_size=32, hidden_size=10, num_hidden_layers=1, num_attention_heads=2)
    ).eval()


@pytest.mark.parametrize("kind", ["hybrid", "vit", "dinov2"])
def test_at_another_size_positions_are_interpolated_as_transformers_does(kind):
    encoder = encoder_of(kind)
    larger, pixels = at_image_size(encoder, 160), torch.randn(2, 3, 160, 160)
    options = {} if kind == "dinov2" else {"interpolate_pos_encoding": True}
    torch.testing.assert_close(larger(pixels).last_hidden_state, encoder(pixels, **options).last_hidden_state)
    assert (larger.config.image_size, encoder.config.image_size) == (160, 96)
    assert larger(pixels).last_hidden_state.shape[1] == 1 + 25


@pytest.mark.parametrize("image_size", [100, 16, 0, [96, 100]])
def test_patches_are_not_cut(image_size):
    with pytest.raises(ValueError, match="not a whole number of this encoder's patches, of 32"):
        at_image_size(encoder_of("hybrid"), image_size)


def test_at_its_own_size_an_encoder_stays_as_it_is():
    encoder = encoder_of("hybrid")
    assert at_image_size(encoder, 96) is encoder


def test_a_plane_stays_nearly_a_plane_when_interpolated():
    def plane(*grid):
        rows, columns = ((torch.arange(side) + 0.5) / side for side in grid)
        return rows[:, None] + 2 * columns

    found = interpolated(plane(6, 8).reshape(48, 1), (6, 8), (12, 16)).reshape(12, 16)
    inner = slice(4, -4)  # at the border there is nothing to go by
    torch.testing.assert_close(found[inner, inner], plane(12, 16)[inner, inner], atol=0.03, rtol=0)


def test_heads_move_to_a_larger_grid_and_stay_there(tiny_weights, tmp_path):
    encoders = tiny_weights / "encoders"
    vision, text = load_encoder(encoders / "vision", 160), load_encoder(encoders / "text")
    saved = load_file(tiny_weights / "aligned" / "model.safetensors")["fusion.patch_positions"].float()
    with pytest.raises(ValueError, match=r"grid of \(3, 3\), not \(5, 5\)"):
        load_heads(tiny_weights / "aligned", vision, text)
    model = load_heads(tiny_weights / "aligned", vision, text, vision_config=vision.config)
    torch.testing.assert_close(model.heads.fusion.patch_positions.data, interpolated(saved, (3, 3), (5, 5)))
    save_heads(model, tmp_path, str(encoders))
    loaded = VQAModel.from_pretrained(tmp_path)
    assert loaded.grid_size == (5, 5)
    pixels = torch.randn(1, 3, 160, 160)
    torch.testing.assert_close(loaded.encode_image(pixels).states, model.encode_image(pixels).states)


def test_grid_of_square_and_oblong_images():
    assert grid_size(ViTConfig(image_size=224, patch_size=16)) == (14, 14)
    assert grid_size(ViTConfig(image_size=[28, 42], patch_size=14)) == (2, 3)


@pytest.mark.parametrize("path", ["./no-encoder", "/no/encoder", "runs/no-encoder/vision"])
@pytest.mark.parametrize("load", [load_encoder, image_processor])
def test_a_path_where_nothing_is_is_no_hub_id(load, path):
    with pytest.raises(FileNotFoundError, match=f"no encoder at {path}"):
        load(path)


# As transformers' users know it


@pytest.fixture
def inputs():
    torch.manual_seed(2)
    mask = torch.ones(B, L, dtype=torch.long)
    mask[1, 3:] = 0
    return {
        "pixel_values": torch.randn(B, 3, 28, 42),
        "input_ids": torch.randint(0, 41, (B, L)),
        "attention_mask": mask,
    }


def test_pixels_and_tokens_give_what_their_states_give(model, inputs):
    answers = torch.randint(3, V, (B, A))
    image, mask = model.encode_image(inputs["pixel_values"]).states, inputs["attention_mask"].bool()
    text = model.encode_text(inputs["input_ids"], mask)
    expected = model.heads(image, text, mask, answers)
    assert torch.equal(model(**inputs, answer_ids=answers).logits, expected.logits)
    half = model(image_states=image, input_ids=inputs["input_ids"], attention_mask=mask, answer_ids=answers)
    assert torch.equal(half.logits, expected.logits)
    assert torch.equal(model(image_states=image, text_states=text, attention_mask=mask).fused_text, expected.fused_text)


def test_without_a_mask_every_token_is_real(model, inputs):
    whole = inputs | {"attention_mask": torch.ones(B, L, dtype=torch.long)}
    del inputs["attention_mask"]
    assert torch.equal(model(**inputs).fused_text, model(**whole).fused_text)


@pytest.mark.parametrize(("left_out", "message"), [("pixel_values", "photographs"), ("input_ids", "questions")])
def test_a_missing_side_is_named(model, inputs, left_out, message):
    del inputs[left_out]
    for call in (model, model.generate):
        with pytest.raises(ValueError, match=f"Pass the {message}"):
            call(**inputs)


def test_generate_gives_the_answers_that_search_finds(model, inputs):
    mask = inputs["attention_mask"].bool()
    image = model.encode_image(inputs["pixel_values"]).states
    fused = model.heads.fuse(image, model.encode_text(inputs["input_ids"], mask), mask)
    found = model.heads.search(model.heads.read(fused, mask), count=2, num_beams=4)
    rows = model.generate(**inputs, num_return_sequences=2, num_beams=4)
    assert rows.shape[0] == 2 * B
    pieces = [tuple(piece for piece in row if piece != model.config.pad_token_id) for row in rows.tolist()]
    assert pieces == [answer for answers in found for answer, _ in answers[:2]]
    allowed = [[1, 5, 6, 2], [1, 7, 2]]
    assert {tuple(row) for row in model.generate(**inputs, num_return_sequences=2, allowed=allowed).tolist()} == {
        (1, 5, 6, 2),
        (1, 7, 2, 0),
    }


def test_generate_repeats_no_run_of_pieces_where_asked(model, inputs, monkeypatch):
    logits = torch.zeros(V)
    logits[7], logits[8] = 9, 8
    monkeypatch.setattr(model.heads.decoder, "forward", lambda ids, *memory: (logits.expand(*ids.shape, V), ()))
    once, often = (
        model.generate(**inputs, num_beams=1, length_penalty=1.0, no_repeat_ngram_size=size)[0].tolist()
        for size in (1, 0)
    )
    assert often[:4] == [1, 7, 7, 7] and once[:3] == [1, 7, 8]
    assert once.count(7) == once.count(8) == 1


@pytest.mark.parametrize("load", [VQAModel, AutoModel])
def test_a_checkpoint_over_shared_encoders_becomes_a_whole_folder(load, tiny_weights, tmp_path):
    model = load.from_pretrained(tiny_weights / "aligned")
    model.save_pretrained(tmp_path)
    assert AutoConfig.from_pretrained(tmp_path).encoders is None
    loaded, expected = VQAModel.from_pretrained(tmp_path).state_dict(), model.state_dict()
    assert loaded.keys() == expected.keys() and all(torch.equal(loaded[name], expected[name]) for name in expected)


@pytest.fixture(params=["shared", "whole"])
def saved(request, tiny_weights, tmp_path):
    """A checkpoint over shared encoders, and one that holds its own."""
    if request.param == "shared":
        return tiny_weights / "aligned"
    VQAModel.from_pretrained(tiny_weights / "aligned").save_pretrained(tmp_path / "whole")
    return tmp_path / "whole"


def test_options_of_loading_are_honoured(saved):
    assert VQAModel.from_pretrained(saved).dtype == torch.float32
    assert VQAModel.from_pretrained(saved, dtype="bfloat16").dtype == torch.bfloat16
    model, info = VQAModel.from_pretrained(saved, output_loading_info=True)
    assert isinstance(model, VQAModel) and not any(info.values())
    assert VQAModel.from_pretrained(saved.parent, subfolder=saved.name).config.variant == "aligned"
    given = {"open": 2.5}
    assert VQAModel.from_pretrained(saved, temperatures=given).config.temperature_of("open") == 2.5


def test_options_that_nobody_knows_are_refused(saved):
    with pytest.raises(TypeError, match="dtyp"):
        VQAModel.from_pretrained(saved, dtyp="bfloat16")
    with pytest.raises(TypeError, match="num_block"):
        VQAConfig.from_pretrained(saved, num_block=3)


def test_weights_that_do_not_fit_are_refused_unless_asked_about(tiny_weights, tmp_path):
    VQAModel.from_pretrained(tiny_weights / "aligned").save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["heads.decoder.bias"]
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match="heads.decoder.bias"):
        VQAModel.from_pretrained(tmp_path)
    assert "heads.decoder.bias" in VQAModel.from_pretrained(tmp_path, output_loading_info=True)[1]["missing_keys"]


def test_a_configuration_with_a_misspelt_key_is_refused(tiny_weights, tmp_path):
    with pytest.raises(ValueError, match="no 'hiden_size'"):
        VQAConfig(hiden_size=12)
    config = VQAConfig.from_pretrained(tiny_weights / "aligned").to_dict() | {"temprature": 2.0}
    (tmp_path / "config.json").write_text(json.dumps(config, default=str))
    with pytest.raises(ValueError, match="no 'temprature'"):
        VQAConfig.from_pretrained(tmp_path)


def test_heads_are_saved_without_code(tiny_weights):
    assert not list((tiny_weights / "aligned").glob("*.py"))
    assert "auto_map" not in (tiny_weights / "aligned" / "config.json").read_text()
