"""Models built by hand, in which it is known where the answer comes from."""

from types import SimpleNamespace

import torch
from torch import nn
from transformers import BertConfig, ViTConfig

from vqa.model.configuration import VQAConfig
from vqa.model.heads import VQAOutput
from vqa.model.model import ImageStates, VQAModel
from vqa.processing.processor import BOS, EOS, PAD, Word

GRID = (3, 5)
P = GRID[0] * GRID[1]
ANSWERS = {"no": [4], "yes": [5], "very red": [6, 7]}


class Processor:
    """A tokenizer whose tokens are letters' worth of nothing: a long word has two tokens, as in BERT."""

    def _tokens(self, question: str) -> list[Word]:
        words, place = [], 1
        for text in question.split():
            count = 2 if len(text) > 5 else 1
            words.append(Word(text, tuple(range(place, place + count))))
            place += count
        return words

    def words(self, question):
        return self._tokens(question)

    def questions(self, questions):
        rows = []
        for question in questions:
            ids = [1]
            for word in self._tokens(question):
                ids += [3 + (sum(map(ord, word.text)) + i) % 20 for i in range(len(word.tokens))]
            rows.append(torch.tensor([*ids, 2]))
        ids = nn.utils.rnn.pad_sequence(rows, batch_first=True)
        return ids, ids != 0

    def encode_answer(self, answer):
        return [BOS, *ANSWERS[answer], EOS]

    def decode_answer(self, ids):
        kept = [i for i in ids if i not in (PAD, BOS, EOS)]
        return next((answer for answer, pieces in ANSWERS.items() if pieces == kept), "?")

    def pieces(self, ids):
        return [f"<{i}>" for i in ids if i not in (PAD, BOS, EOS)]

    def pad_answers(self, answers):
        return nn.utils.rnn.pad_sequence([torch.tensor(a) for a in answers], batch_first=True, padding_value=PAD)


class OnePatchModel(nn.Module):
    """Heads of which it is known what they read, where a model has its encoders and heads."""

    def __init__(self, target: int, by: str, strength: float = 3.0):
        super().__init__()
        self.grid_size = GRID
        self.config = SimpleNamespace(temperature_of=lambda kind: 1.0, max_answer_pieces=8)
        self.heads = OnePatchHeads(target, by, strength)

    def encode_text(self, input_ids, text_mask):
        return torch.ones(*input_ids.shape, 1)


class OnePatchHeads(nn.Module):
    """One block, one decoder layer, two heads; the patch `target` alone can reach the answer.

    With `by="attention"` all attention goes to it, with `by="value"` attention is flat and only it has content.
    """

    def __init__(self, target: int, by: str, strength: float = 3.0):
        super().__init__()
        self.strength = strength
        only = torch.zeros(P)
        only[target] = 1
        self.scores = nn.Parameter((1 - only) * (-1e9 if by == "attention" else 0.0), requires_grad=False)
        self.content = nn.Parameter(torch.ones(P) if by == "attention" else only, requires_grad=False)
        self.register_buffer("mean_image_state", torch.zeros(1))

    def forward(self, image_states, text_states, text_mask, answer_ids):
        batch, length = text_mask.shape
        image = image_states * self.content[:, None]  # (B, P, 1)
        patch_scores = self.scores + 0 * image[..., 0]
        to_image = patch_scores.softmax(-1)[:, None, None].expand(-1, 2, length, -1)
        word_scores = (0 * image.sum((1, 2))[:, None] + text_mask.float().log()).softmax(-1)
        to_text = word_scores[:, None, None].expand(-1, 2, P, -1)
        text = (to_image @ image[:, None]).mean(1)
        fused = image + self.content[:, None] * (to_text @ text[:, None]).mean(1)
        cross = torch.cat([patch_scores, 0 * text[..., 0] + text_mask.float().log()], -1).softmax(-1)
        cross = cross[:, None, None].expand(-1, 2, answer_ids.shape[1], -1)
        read = (cross @ torch.cat([fused, text], 1)[:, None]).mean(1)[..., 0]  # (B, A)
        logits = torch.zeros(batch, answer_ids.shape[1], 8)
        logits[:, 0, 5] = self.strength * read[:, 0]
        logits[:, 1:, EOS] = 9
        return VQAOutput(
            logits=logits,
            fused_image=torch.cat([fused, torch.ones_like(fused)], -1),
            fused_text=torch.cat([text, torch.ones_like(text)], -1),
            attn_text_to_image=(to_image,),
            attn_image_to_text=(to_text,),
            attn_answer=(cross,),
        )


def one_patch_image(batch: int = 1, num_prefix: int = 2) -> ImageStates:
    eye = torch.eye(P + num_prefix).expand(batch, 3, -1, -1)
    return ImageStates(torch.ones(batch, P, 1), (eye, eye), num_prefix)


def tiny_model(seed: int = 0, grid=GRID, **settings) -> VQAModel:
    torch.manual_seed(seed)
    vision = ViTConfig(
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=(4 * grid[0], 4 * grid[1]),
        patch_size=4,
    )
    text = BertConfig(vocab_size=23, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    settings = {"word_blocks": 2, "decoder_layers": 2, **settings}
    config = VQAConfig(
        vision_config=vision,
        text_config=text,
        hidden_size=12,
        num_heads=3,
        answer_vocab_size=11,
        max_answer_pieces=8,
        **settings,
    )
    model = VQAModel(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():  # the usual 0.02 leaves every attention flat
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def encoded(model: VQAModel, batch: int = 1, seed: int = 1) -> ImageStates:
    height, width = model.config.vision_config.image_size
    pixels = torch.randn(batch, 3, height, width, generator=torch.Generator().manual_seed(seed))
    with torch.inference_mode():  # as a server would
        return model.encode_image(pixels)
