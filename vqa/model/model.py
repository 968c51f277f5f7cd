"""The model: encode, align, co-attend, decode. The dimension key is in `vqa.model.configuration`.

The modules of this folder that `VQAModel` needs import each other relatively: `save_pretrained` copies them beside the
weights, where `AutoModel.from_pretrained(folder, trust_remote_code=True)` finds them without this package.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers import initialization as init

from .configuration import VQAConfig
from .encoders import IMAGE_ENCODERS, grid_size, image_options, new_encoder, pixels_and_patch, text_options
from .heads import VQAHeads, VQAOutput


@dataclass(frozen=True)
class ImageStates:
    """What the ViT says of photographs: patches (B, P, W) without class or register tokens, and its attention.

    `attentions` has one (B, heads, S, S) a layer, over S = num_prefix + P tokens.
    """

    states: torch.Tensor
    attentions: tuple[torch.Tensor, ...]
    num_prefix: int

    def to(self, device: str | torch.device) -> "ImageStates":
        """The same on a device."""
        return ImageStates(self.states.to(device), tuple(a.to(device) for a in self.attentions), self.num_prefix)


class VQAModel(PreTrainedModel):
    """A ViT and a BERT, and the heads that project their features, fuse them by co-attention and decode an answer.

    The encoders can be called apart from the heads (`encode_image`, `encode_text`), so that a photograph is encoded
    once for many questions, and features can be cached for training.
    """

    config_class = VQAConfig
    main_input_name = "pixel_values"
    _supports_sdpa = True

    def __init__(self, config: VQAConfig):
        super().__init__(config)
        self.grid_size = grid_size(config.vision_config)
        self.vision_encoder = new_encoder(config.vision_config, **image_options(config.vision_config))
        self.text_encoder = new_encoder(config.text_config, **text_options(config.text_config))
        self.heads = VQAHeads(config)
        self.post_init()

    @classmethod
    def from_pretrained(cls, directory: str | Path | None, *args, **kwargs) -> "VQAModel":
        """As transformers' own. Of a checkpoint that shares its encoders, as those of `weights/` do, the model gets its
        own copy of them, so that `save_pretrained` writes a folder to which nothing is missing.

        Raises `ValueError` where the files do not hold exactly this model's weights, unless `output_loading_info` asks
        to be told instead, and `TypeError` for a keyword that nobody knows.
        """
        directory = None if directory is None else _source(directory)
        folder = Path(directory or "", kwargs.get("subfolder") or "")
        if directory is not None and (folder / "config.json").is_file():
            config = VQAConfig.from_pretrained(folder)
            if config.encoders is not None:
                if kwargs.pop("variant", None) is not None:  # to transformers, a word in a file's name
                    raise ValueError(f"{folder} is {config.variant} alone; the other variant has its own folder.")
                given = kwargs if kwargs.get("config") is None else vars(kwargs["config"])
                changes = {name: given[name] for name in VQAConfig.__annotations__.keys() & given.keys()}
                kwargs = {name: value for name, value in kwargs.items() if name not in changes}
                shared = _load_shared(folder, changes)
                shared.config.encoders = shared.config.encoders_digest = None
                kwargs |= {"config": shared.config, "state_dict": shared.state_dict()}
                kwargs.pop("subfolder", None)
                directory = None
        wants_info = kwargs.pop("output_loading_info", False)
        model, info = super().from_pretrained(directory, *args, output_loading_info=True, **kwargs)
        if wants_info:
            return model, info
        wrong = sorted(name for names in info.values() for name in names if isinstance(name, str))
        if wrong:
            raise ValueError(f"{folder} does not hold this model's weights, for instance {wrong[0]}.")
        return model

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
            self.heads.aligner.requires_grad_(False)

    def encode_image(self, pixel_values: torch.Tensor | None = None, **inputs) -> ImageStates:
        """Photographs (B, 3, S, S) as patches; any ViT with prefix tokens before its patches will do.

        `inputs` go to the encoder: a hybrid ViT also takes `trunk_map=` in place of pixels.
        """
        config, sides = self.config.vision_config, pixels_and_patch(self.config.vision_config)[0]
        if pixel_values is not None and tuple(pixel_values.shape[-2:]) != sides:
            made = "×".join(map(str, pixel_values.shape[-2:]))
            raise ValueError(
                f"The image processor makes photographs of {made} pixels, and the image encoder's configuration says "
                f"{sides[0]}×{sides[1]}; set `image_size` to the size at which photographs are to be seen."
            )
        output = self.vision_encoder(pixel_values, output_attentions=True, **inputs)
        states = output.last_hidden_state
        num_prefix = states.shape[1] - self.grid_size[0] * self.grid_size[1]
        if states.dim() != 3 or num_prefix < 0:
            raise ValueError(
                f"This {config.model_type} does not keep a token for each of its {self.grid_size[0]}×"
                f"{self.grid_size[1]} patches: it gives {tuple(states.shape[1:])}. Supported: {IMAGE_ENCODERS}."
            )
        return ImageStates(states[:, num_prefix:], tuple(output.attentions or ()), num_prefix)

    def encode_text(self, input_ids: torch.Tensor, text_mask: torch.Tensor) -> torch.Tensor:
        """Questions (B, L) and their mask as states (B, L, W)."""
        return self.text_encoder(input_ids, attention_mask=text_mask.long()).last_hidden_state

    def forward(
        self,
        pixel_values: torch.Tensor | None = None,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        answer_ids: torch.Tensor | None = None,
        image_states: torch.Tensor | None = None,
        text_states: torch.Tensor | None = None,
    ) -> VQAOutput:
        """What a `VQAProcessor` makes of photographs (B, 3, S, S) and questions (B, L), to everything by name.

        `answer_ids` (B, A) are pieces from BOS on, to be scored teacher-forced. States that were encoded before, (B, P,
        W) or (B, L, W), may stand in place of pixels and of token ids. `attention_mask` (B, L) is 1 or True for a real
        token, all of them where there is none. Raises `ValueError` where a photograph or a question is missing.
        """
        return self.heads(*self._states(pixel_values, input_ids, attention_mask, image_states, text_states), answer_ids)

    @torch.inference_mode()
    def generate(
        self,
        pixel_values: torch.Tensor | None = None,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        num_beams: int = 5,
        num_return_sequences: int = 1,
        length_penalty: float = 0.0,
        no_repeat_ngram_size: int = 0,
        allowed: Sequence[Sequence[int]] | None = None,
        image_states: torch.Tensor | None = None,
        text_states: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The most probable answers as pieces (B × num_return_sequences, A), filled up with padding.

        Inputs are those of `forward`, options those of `VQAHeads.search`, which gives the probabilities too. A row is
        empty where fewer answers were found.
        """
        states = self._states(pixel_values, input_ids, attention_mask, image_states, text_states)
        memory = self.heads.read(self.heads.fuse(*states), states[-1])
        found = self.heads.search(
            memory, num_return_sequences, allowed, num_beams, length_penalty, no_repeat_ngram_size
        )
        rows = [answers[i][0] if i < len(answers) else () for answers in found for i in range(num_return_sequences)]
        rows = [torch.tensor(row, dtype=torch.long, device=self.device) for row in rows]
        return nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=self.config.pad_token_id)

    def _states(
        self,
        pixel_values: torch.Tensor | None,
        input_ids: torch.Tensor | None,
        attention_mask: torch.Tensor | None,
        image_states: torch.Tensor | None,
        text_states: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(B, P, W), (B, L, W) and the mask (B, L) bool of what was given."""
        if (pixel_values is None) == (image_states is None):
            raise ValueError("Pass the photographs: either pixel_values or image_states.")
        if (input_ids is None) == (text_states is None):
            raise ValueError("Pass the questions: either input_ids or text_states.")
        words = input_ids if text_states is None else text_states
        mask = words.new_ones(words.shape[:2]).bool() if attention_mask is None else attention_mask.bool()
        if image_states is None:
            image_states = self.encode_image(pixel_values).states
        if text_states is None:
            text_states = self.encode_text(input_ids, mask)
        return image_states, text_states, mask


def _source(directory: str | Path) -> str | Path:
    try:
        from vqa.processing.sources import model_source
    except ImportError:  # in a copied folder, which transformers has found
        return directory
    return model_source(directory)


def _load_shared(folder: Path, changes: dict) -> VQAModel:
    try:
        from vqa.model.checkpoint import load_shared
    except ImportError as error:  # in a copied folder
        raise OSError(f"{folder} shares its encoders with other checkpoints; only the package vqa reads it.") from error
    return load_shared(folder, **changes)


VQAConfig.register_for_auto_class()
VQAModel.register_for_auto_class("AutoModel")
