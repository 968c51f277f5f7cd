"""The configuration of the model. Dimension key of the project, used in names and comments:

B batch, P patches, L question tokens, A answer pieces, D shared width, H heads, W an encoder's own width,
V answer vocabulary. Masks: True = real token.
"""

from collections.abc import Sequence

from transformers import CONFIG_MAPPING, AutoConfig, PreTrainedConfig

from .hybrid_vit import HybridViTConfig

KNOWN_TO_TRANSFORMERS = {  # what a configuration may hold besides its fields
    "_name_or_path",
    "attn_implementation",
    "auto_map",
    "custom_pipelines",
    "model_type",
    "name_or_path",
    "output_attentions",
    "torch_dtype",
}
HUB_OPTIONS = {"code_revision", "gguf_file", "trust_remote_code"}  # where to read, and not what


class VQAConfig(PreTrainedConfig):
    """Two encoders, and the heads that align, fuse and decode.

    `variant` names what this checkpoint feeds to the fusion: `"aligned"`, projections trained with the alignment
    loss, or `"unaligned"`, the encoders' own features on fixed axes; `fusion` how they are fused, by
    `"coattention"` or, as a baseline, `"pooled"`. `encoders` is a directory, relative to the
    checkpoint's own, that holds `vision/` and `text/` where several checkpoints share them; None where the
    checkpoint holds their weights itself; `encoders_digest` says which ones the heads were trained over.
    `temperatures` make probabilities true where they are reported (fitted on val, 1 where none is named): those of
    `"yes/no"` and `"open"` questions divide the decoder's logits. Where one of a few answers is chosen, that of
    `"yes/no"` or `"offered"` divides their log-probabilities, after `prior_weight` times the log-probability that they
    have without the photograph is taken off. An answer below `sure_threshold` is called unsure.

    Sizes of the heads: `hidden_size` D and `num_heads` H; `patch_blocks` in which patches read words, then
    `word_blocks` in which words read each other and patches; `decoder_layers`; `feed_forward_ratio`, the feed-forward
    width over D; `answer_vocab_size` V and `max_answer_pieces` A. `dropout` is a probability, in training.
    """

    model_type = "vqa_coattention"
    sub_configs = {"vision_config": AutoConfig, "text_config": AutoConfig}

    vision_config: dict | PreTrainedConfig | None = None
    text_config: dict | PreTrainedConfig | None = None
    variant: str = "aligned"
    fusion: str = "coattention"
    encoders: str | None = None
    encoders_digest: str | None = None
    hidden_size: int = 256
    num_heads: int = 8
    patch_blocks: int = 1
    word_blocks: int = 4
    decoder_layers: int = 2
    feed_forward_ratio: int = 2
    dropout: float = 0.1
    answer_vocab_size: int = 4000
    max_answer_pieces: int = 24
    pad_token_id: int = 0
    bos_token_id: int = 1
    eos_token_id: int = 2
    unk_token_id: int = 3
    temperatures: dict[str, float] | None = None
    prior_weight: float = 0.5
    sure_threshold: float = 0.5

    @property
    def fusion_layers(self) -> int:
        """How many times the fusion lets words read patches; pooling is once."""
        return self.word_blocks if self.fusion == "coattention" else 1

    def can_write(self, pieces: Sequence[int]) -> bool:
        """Whether the decoder has places for an answer `BOS, ..., EOS`; EOS is never fed."""
        return len(pieces) - 1 <= self.max_answer_pieces

    def temperature_of(self, kind: str) -> float:
        """That of a kind of answers."""
        return (self.temperatures or {}).get(kind, 1.0)

    def __post_init__(self, **kwargs):
        self.vision_config = _sub_config(self.vision_config, HybridViTConfig.model_type)
        self.text_config = _sub_config(self.text_config, "bert")
        if "features" in kwargs:
            raise ValueError('This checkpoint says "features" in its config.json; rename it to "variant".')
        kwargs.pop("checksums", None)  # of the files it was read with: a copy has others
        if self.variant not in ("aligned", "unaligned"):
            raise ValueError(f"variant is 'aligned' or 'unaligned', not {self.variant!r}.")
        if self.fusion not in ("coattention", "pooled"):
            raise ValueError(f"fusion is 'coattention' or 'pooled', not {self.fusion!r}.")
        if self.hidden_size % self.num_heads:
            raise ValueError(f"hidden_size ({self.hidden_size}) is not a multiple of num_heads ({self.num_heads}).")
        unknown = sorted(kwargs.keys() - KNOWN_TO_TRANSFORMERS)
        if unknown:
            raise ValueError(f"There is no {unknown[0]!r} in this model's configuration.")
        super().__post_init__(**kwargs)

    @classmethod
    def from_dict(cls, config_dict: dict, **kwargs) -> "VQAConfig | tuple[VQAConfig, dict]":
        """As transformers' own, but no keyword is swallowed: `TypeError` for one that nobody asked to have returned."""
        wants_unused = kwargs.pop("return_unused_kwargs", False)
        config, unused = super().from_dict(config_dict, return_unused_kwargs=True, **kwargs)
        if wants_unused:
            return config, unused
        unused = sorted(unused.keys() - HUB_OPTIONS)
        if unused:
            raise TypeError(f"There is no {unused[0]!r} in this model's configuration.")
        return config


def _sub_config(config: dict | PreTrainedConfig | None, default_type: str) -> PreTrainedConfig:
    if isinstance(config, PreTrainedConfig):
        return config
    fields = dict(config or {})
    kind = fields.pop("model_type", default_type)
    return (HybridViTConfig if kind == HybridViTConfig.model_type else CONFIG_MAPPING[kind])(**fields)
