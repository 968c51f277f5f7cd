"""The whole model: shapes, padding, saving, and any encoder in its place."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel, BertConfig, BertModel, Dinov2Config, Dinov2Model, ViTConfig, ViTModel

from tests.conftest import tiny_vision_config
from vqa.model.checkpoint import from_encoders, load_encoder, load_heads, save_heads
from vqa.model.configuration import VQAConfig
from vqa.model.encoders import at_image_size, grid_size, interpolated
from vqa.model.hybrid_vit import HybridViTModel
from vqa.model.model import VQAModel
from vqa.processing.processor import image_processor

B, L, A, V = 3, 5, 4, 31
HEADS = {"hidden_size": 12, "num_heads": 2, "num_blocks": 2, "decoder_layers": 2, "answer_vocab_size": V}


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
