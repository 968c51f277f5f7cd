"""Models that others published, in their sizes and with random weights: what they answer is noise, how long they take
is not. Only `vqa.cli.bench` has a use for them.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from PIL import Image
from torch import nn
from transformers import (
    BlipConfig,
    BlipForQuestionAnswering,
    BlipImageProcessorPil,
    LxmertConfig,
    LxmertForQuestionAnswering,
    ViltConfig,
    ViltForQuestionAnswering,
    ViltImageProcessorPil,
)

from vqa.processing.processor import VQAProcessor

VQA_ANSWERS = 3129  # classes of those that choose among VQA v2's most frequent answers
ANSWER_PIECES = 2  # what BLIP writes: a word and its end
REGIONS = 36  # of LXMERT's photograph, from a detector (Faster R-CNN) that is not counted
SMALL = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 32}


class Rival(ABC):
    """A model that answers questions about photographs: `look` is done once a photograph, `ask` once a question.

    All questions are read by this project's tokenizer: each of these models has BERT's WordPiece too.
    """

    def __init__(self, model: nn.Module, processor: VQAProcessor, device: str):
        self.model = model.to(device).eval()
        self.processor = processor
        self.device = device

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.model.parameters())

    @abstractmethod
    def look(self, photos: Sequence[Image.Image]) -> torch.Tensor:
        """What is kept of photographs (B, ...) between questions."""

    @abstractmethod
    def answer(self, seen: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Scores or pieces (B, ...) for questions (B, L) about what was seen (B, ...)."""

    @torch.inference_mode()
    def ask(self, seen: torch.Tensor, questions: Sequence[str]) -> torch.Tensor:
        """Answers question i about photograph i, on the CPU, so that a GPU has finished."""
        ids, mask = (x.to(self.device) for x in self.processor.questions(questions))
        return self.answer(seen.expand(len(questions), *seen.shape[1:]), ids, mask.long()).cpu()


class Vilt(Rival):
    """Kim et al. 2021. Photograph and question go through one Transformer together, for each question anew."""

    def __init__(self, processor: VQAProcessor, device: str, small: bool):
        config = ViltConfig(num_labels=VQA_ANSWERS, **(SMALL | {"num_hidden_layers": 1} if small else {}))
        super().__init__(ViltForQuestionAnswering(config), processor, device)
        self.images = ViltImageProcessorPil()

    def look(self, photos: Sequence[Image.Image]) -> torch.Tensor:
        return self.images(list(photos), return_tensors="pt").pixel_values.to(self.device)

    def answer(self, seen: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.model(input_ids=ids, attention_mask=mask, pixel_values=seen).logits


class Blip(Rival):
    """Li et al. 2022. A ViT-B/16 at 384, which is asked once a photograph here, and a question encoder and a decoder
    that read it. Greedy, and of a fixed length, for random weights would never end.
    """

    def __init__(self, processor: VQAProcessor, device: str, small: bool):
        part = SMALL | {"num_hidden_layers": 1} if small else {}
        super().__init__(
            BlipForQuestionAnswering(BlipConfig(text_config=dict(part), vision_config=dict(part))), processor, device
        )
        self.images = BlipImageProcessorPil()

    @torch.inference_mode()
    def look(self, photos: Sequence[Image.Image]) -> torch.Tensor:
        pixel_values = self.images(list(photos), return_tensors="pt").pixel_values
        return self.model.vision_model(pixel_values.to(self.device)).last_hidden_state

    def answer(self, seen: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """As `BlipForQuestionAnswering.generate`, which cannot be handed a photograph already seen."""
        read = self.model.text_encoder(
            input_ids=ids,
            attention_mask=mask,
            encoder_hidden_states=seen,
            encoder_attention_mask=seen.new_ones(seen.shape[:2], dtype=torch.long),
            return_dict=False,
        )[0]
        return self.model.text_decoder.generate(
            input_ids=ids.new_full((len(ids), 1), self.model.decoder_start_token_id),
            eos_token_id=self.model.config.text_config.sep_token_id,
            pad_token_id=self.model.config.text_config.pad_token_id,
            encoder_hidden_states=read,
            encoder_attention_mask=mask,
            min_new_tokens=ANSWER_PIECES,
            max_new_tokens=ANSWER_PIECES,
            do_sample=False,
            num_beams=1,
        )


class Lxmert(Rival):
    """Tan and Bansal 2019. It reads regions that a detector found, here random ones that cost nothing."""

    def __init__(self, processor: VQAProcessor, device: str, small: bool):
        layers = {"l_layers": 1, "x_layers": 1, "r_layers": 1}
        config = LxmertConfig(num_qa_labels=VQA_ANSWERS, **(SMALL | layers if small else {}))
        super().__init__(LxmertForQuestionAnswering(config), processor, device)

    def look(self, photos: Sequence[Image.Image]) -> torch.Tensor:
        """A region's features and its box (4), side by side."""
        config = self.model.config
        return torch.rand(len(photos), REGIONS, config.visual_feat_dim + config.visual_pos_dim, device=self.device)

    def answer(self, seen: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        features, boxes = seen.split([self.model.config.visual_feat_dim, self.model.config.visual_pos_dim], -1)
        return self.model(ids, features, boxes, attention_mask=mask).question_answering_score


RIVALS: dict[str, type[Rival]] = {"ViLT-B/32": Vilt, "BLIP base": Blip, "LXMERT": Lxmert}
