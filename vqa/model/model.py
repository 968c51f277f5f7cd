"""The model: encode, align, co-attend, decode. The dimension key is in `vqa.model.configuration`."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoConfig, AutoModel, BertConfig, PreTrainedModel
from transformers import initialization as init
from transformers.utils import ModelOutput

from vqa.model.alignment import ProjectionAligner
from vqa.model.coattention import CoAttention
from vqa.model.configuration import VQAConfig
from vqa.model.decoder import AnswerDecoder, KeysValues
from vqa.model.hybrid_vit import HybridViTConfig, HybridViTModel
from vqa.model.pooling import PooledFusion
from vqa.processing.processor import encoder_source

ENCODERS = ("vision_encoder.", "text_encoder.")
PATCH_POSITIONS, VIT_POSITIONS = "fusion.patch_positions", "embeddings.position_embeddings"
WEIGHTS_FILE = "model.safetensors"
IMAGE_OPTIONS = {"attn_implementation": "eager"}  # which returns its weights
TEXT_OPTIONS = {"attn_implementation": "sdpa", "add_pooling_layer": False}  # nothing reads more than the tokens


@dataclass(frozen=True)
class ImageStates:
    """What the ViT says of photographs: patches (B, P, W) without class or register tokens, and its attention.

    `attentions` has one (B, heads, S, S) a layer, over S = num_prefix + P tokens.
    """

    states: torch.Tensor
    attentions: tuple[torch.Tensor, ...]
    num_prefix: int


@dataclass
class VQAOutput(ModelOutput):
    """Everything a loss or an explanation may want, by name; attention weights are probabilities.

    `logits` (B, A, V) at piece i are for the piece after it, None where no answer was given, as is `attn_answer`.
    """

    logits: torch.Tensor | None = None
    image_tokens: torch.Tensor | None = None  # (B, P, D) in the shared space
    text_tokens: torch.Tensor | None = None  # (B, L, D)
    image_embed: torch.Tensor | None = None  # (B, D), unit length
    text_embed: torch.Tensor | None = None  # (B, D), unit length
    fused_image: torch.Tensor | None = None  # (B, P, D)
    fused_text: torch.Tensor | None = None  # (B, L, D)
    attn_text_to_image: tuple[torch.Tensor, ...] | None = None  # a block each (B, H, L, P)
    attn_image_to_text: tuple[torch.Tensor, ...] | None = None  # a block each (B, H, P, L)
    attn_answer: tuple[torch.Tensor, ...] | None = None  # a decoder layer each (B, H, A, P + L)


class VQAModel(PreTrainedModel):
    """A ViT and a BERT whose features are projected, fused by co-attention and decoded into an answer.

    The encoders and the heads are called apart (`encode_image`, `encode_text`, then `forward`), so that a
    photograph is encoded once for many questions, and features can be cached for training.
    """

    config_class = VQAConfig
    main_input_name = "image_states"
    _supports_sdpa = True

    def __init__(self, config: VQAConfig):
        super().__init__(config)
        self.vision_encoder = AutoModel.from_config(config.vision_config, **IMAGE_OPTIONS)
        self.text_encoder = AutoModel.from_config(config.text_config, **TEXT_OPTIONS)
        image_width, text_width = config.vision_config.hidden_size, config.text_config.hidden_size
        self.grid_size = grid_size(config.vision_config)
        self.aligner = ProjectionAligner(image_width, text_width, config.hidden_size, config.dropout)
        if config.fusion == "pooled":
            self.fusion = PooledFusion(config.hidden_size, config.feed_forward_ratio, config.dropout)
        else:
            self.fusion = CoAttention(
                config.hidden_size,
                config.num_heads,
                config.num_blocks,
                config.feed_forward_ratio,
                config.dropout,
                self.grid_size[0] * self.grid_size[1],
            )
        self.decoder = AnswerDecoder(
            config.answer_vocab_size,
            config.max_answer_pieces,
            config.hidden_size,
            config.num_heads,
            config.decoder_layers,
            config.feed_forward_ratio,
            config.dropout,
        )
        # What "no photograph" is: the mean patch of the training photographs.
        self.register_buffer("mean_image_state", torch.zeros(image_width))
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """As transformers does, but for matrices scaled to their size: 0.02 is too little at this width."""
        super()._init_weights(module)
        if isinstance(module, nn.Linear):
            init.xavier_uniform_(module.weight)

    def freeze(self) -> None:
        """Leaves trainable what this checkpoint learns: the heads, and the projections only where they align."""
        self.vision_encoder.requires_grad_(False)
        self.text_encoder.requires_grad_(False)
        if self.config.variant == "unaligned":
            self.aligner.requires_grad_(False)

    def encode_image(self, pixel_values: torch.Tensor | None = None, **inputs) -> ImageStates:
        """Photographs (B, 3, S, S) as patches; any ViT with prefix tokens before its patches will do.

        `inputs` go to the encoder: a hybrid ViT also takes `trunk_map=` in place of pixels.
        """
        output = self.vision_encoder(pixel_values, output_attentions=True, **inputs)
        states = output.last_hidden_state
        num_prefix = states.shape[1] - self.grid_size[0] * self.grid_size[1]
        if num_prefix < 0:
            raise ValueError(
                f"The image encoder gave {states.shape[1]} tokens for {self.grid_size[0]}×{self.grid_size[1]} patches; "
                "its image processor must make images of the size in its configuration."
            )
        return ImageStates(states[:, num_prefix:], tuple(output.attentions or ()), num_prefix)

    def encode_text(self, input_ids: torch.Tensor, text_mask: torch.Tensor) -> torch.Tensor:
        """Questions (B, L) and their mask as states (B, L, W)."""
        return self.text_encoder(input_ids, attention_mask=text_mask.long()).last_hidden_state

    def fuse(
        self,
        image_states: torch.Tensor,
        text_states: torch.Tensor,
        text_mask: torch.Tensor,
        patch_indices: torch.Tensor | None = None,
    ) -> VQAOutput:
        """Everything before the decoder: the shared space and the co-attention.

        `patch_indices` (B, P) are the patches' numbers in the grid, where not all are given.
        """
        image_tokens, text_tokens, image_embed, text_embed = self.aligner(image_states, text_states, text_mask)
        fused_image, fused_text, text_to_image, image_to_text = self.fusion(
            image_tokens, text_tokens, text_mask, patch_indices
        )
        return VQAOutput(
            image_tokens=image_tokens,
            text_tokens=text_tokens,
            image_embed=image_embed,
            text_embed=text_embed,
            fused_image=fused_image,
            fused_text=fused_text,
            attn_text_to_image=text_to_image,
            attn_image_to_text=image_to_text,
        )

    def read(self, fused: VQAOutput, text_mask: torch.Tensor) -> tuple[list[KeysValues], torch.Tensor]:
        """What the decoder reads of a fused photograph and question, computed once for all answers."""
        return self.decoder.read(fused.fused_image, fused.fused_text, text_mask)

    def forward(
        self,
        image_states: torch.Tensor,
        text_states: torch.Tensor,
        text_mask: torch.Tensor,
        answer_ids: torch.Tensor | None = None,
        patch_indices: torch.Tensor | None = None,
    ) -> VQAOutput:
        """Encoder states (B, P, W), (B, L, W) with a mask (B, L) and, teacher-forced, pieces (B, A) from BOS on."""
        output = self.fuse(image_states, text_states, text_mask, patch_indices)
        if answer_ids is not None:
            output.logits, output.attn_answer = self.decoder(answer_ids, *self.read(output, text_mask))
        return output

    @classmethod
    def from_encoders(cls, vision: str | Path, text: str | Path, image_size: int | None = None, **config) -> "VQAModel":
        """A model with fresh heads over pretrained encoders, each a local directory or a hub id."""
        vision_encoder, text_encoder = load_encoder(vision, image_size), load_encoder(text)
        model = cls(VQAConfig(vision_config=vision_encoder.config, text_config=text_encoder.config, **config))
        model.vision_encoder, model.text_encoder = vision_encoder, text_encoder
        return model.eval()

    def save_heads(self, directory: str | Path, encoders: str) -> None:
        """Saves in half precision without the encoders, which `encoders` (relative to `directory`) holds.

        Raises `OSError` where the directory cannot be written to.
        """
        self.config.encoders = encoders
        self.config.save_pretrained(directory)
        heads = {k: v.half().contiguous() for k, v in self.state_dict().items() if not k.startswith(ENCODERS)}
        path = Path(directory) / WEIGHTS_FILE
        try:
            save_file(heads, path, metadata={"format": "pt"})
        except SafetensorError as error:
            raise OSError(f"{path} cannot be written: {error}.") from error

    @classmethod
    def from_heads(
        cls, directory: str | Path, vision_encoder: nn.Module, text_encoder: nn.Module, **changes
    ) -> "VQAModel":
        """A checkpoint made by `save_heads` over encoders that are already loaded; they are shared, not copied.

        `changes` are of its configuration; with another `vision_config`, the patches' places are interpolated to its
        grid. Raises `ValueError` where the file does not hold exactly the heads that the configuration describes, or
        the encoder's grid is another.
        """
        directory = Path(directory)
        config = VQAConfig.from_pretrained(directory, **changes)
        saved_grid = grid_size(VQAConfig.from_pretrained(directory).vision_config)
        grid = grid_size(config.vision_config)
        if grid_size(vision_encoder.config) != grid:
            raise ValueError(
                f"{directory} needs photographs on a grid of {grid}, not {grid_size(vision_encoder.config)}."
            )
        try:
            heads = load_file(directory / WEIGHTS_FILE)
        except SafetensorError as error:
            raise ValueError(f"{directory / WEIGHTS_FILE} is damaged: {error}.") from error
        with torch.device("meta"):
            model = cls(config)
        model.vision_encoder, model.text_encoder = vision_encoder, text_encoder
        if grid != saved_grid and PATCH_POSITIONS in heads:
            heads[PATCH_POSITIONS] = interpolated(heads[PATCH_POSITIONS].float(), saved_grid, grid)
        expected = {k: v.shape for k, v in model.state_dict().items() if not k.startswith(ENCODERS)}
        if {k: v.shape for k, v in heads.items()} != expected:
            wrong = sorted(
                {(k, tuple(v)) for k, v in expected.items()} ^ {(k, tuple(v.shape)) for k, v in heads.items()}
            )
            raise ValueError(f"{directory / WEIGHTS_FILE} does not fit its config.json, for instance {wrong[0]}.")
        model.load_state_dict({k: v.float() for k, v in heads.items()}, strict=False, assign=True)
        return model.eval()

    @classmethod
    def from_pretrained(cls, directory: str | Path, **kwargs) -> "VQAModel":
        """A complete checkpoint (local or hub), or one that shares its encoders, as those of `weights/` do."""
        config = VQAConfig.from_pretrained(directory)
        if config.encoders is None:
            return super().from_pretrained(directory, **kwargs)
        encoders = Path(directory) / config.encoders
        vision_encoder = load_encoder(encoders / "vision", config.vision_config.image_size)
        return cls.from_heads(directory, vision_encoder, load_encoder(encoders / "text"))


def load_encoder(source: str | Path, image_size: int | Sequence[int] | None = None) -> PreTrainedModel:
    """An encoder in float32, of images with attention, which may see them at another size than it was trained at.

    Raises `FileNotFoundError` or `OSError` where none is.
    """
    source = encoder_source(source)
    is_text = AutoConfig.from_pretrained(source).model_type == BertConfig.model_type
    encoder = AutoModel.from_pretrained(source, dtype="float32", **(TEXT_OPTIONS if is_text else IMAGE_OPTIONS)).eval()
    return encoder if image_size is None else at_image_size(encoder, image_size)


def at_image_size(encoder: PreTrainedModel, image_size: int | Sequence[int]) -> PreTrainedModel:
    """The same ViT for photographs of another size in pixels: more patches, or fewer.

    Its table of positions is interpolated, as Dosovitskiy et al. 2021 (section 3.2) do for fine-tuning. Raises
    `ValueError` for a size that is not a whole number of patches.
    """
    if image_size == encoder.config.image_size:
        return encoder
    config = copy.deepcopy(encoder.config)
    config.image_size = image_size
    sides, patches = pixels_and_patch(config)
    if any(side < patch or side % patch for side, patch in zip(sides, patches, strict=True)):
        raise ValueError(
            f"{image_size} pixels are not a whole number of this encoder's patches, of {config.patch_size}."
        )
    grids = grid_size(encoder.config), grid_size(config)
    with torch.device("meta"):
        other = AutoModel.from_config(config, **IMAGE_OPTIONS)
    weights = encoder.state_dict()
    name = next(name for name in weights if name.endswith(VIT_POSITIONS))
    table = weights[name][0]
    prefix = len(table) - grids[0][0] * grids[0][1]  # of the class token, which has no place
    weights[name] = torch.cat([table[:prefix], interpolated(table[prefix:], *grids)]).unsqueeze(0)
    other.load_state_dict(weights, assign=True)
    return other.eval()


def interpolated(positions: torch.Tensor, grid: tuple[int, int], new_grid: tuple[int, int]) -> torch.Tensor:
    """A table of positions (P, W) of one grid for another, bicubically."""
    table = positions.unflatten(0, grid).permute(2, 0, 1).unsqueeze(0)  # (1, W, h, w)
    return F.interpolate(table, new_grid, mode="bicubic").flatten(2).squeeze(0).T.contiguous()


def grid_size(vision_config) -> tuple[int, int]:
    """How many patches high and wide the ViT's grid is."""
    sides, patches = pixels_and_patch(vision_config)
    return sides[0] // patches[0], sides[1] // patches[1]


def pixels_and_patch(vision_config) -> tuple[tuple[int, int], tuple[int, int]]:
    """Height and width of the photographs that a ViT sees, and of a patch, in pixels."""
    image, patch = (
        tuple(side) if isinstance(side, (list, tuple)) else (side, side)
        for side in (vision_config.image_size, vision_config.patch_size)
    )
    return image, patch


AutoModel.register(HybridViTConfig, HybridViTModel)
AutoModel.register(VQAConfig, VQAModel)
