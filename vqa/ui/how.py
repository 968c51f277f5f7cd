"""The fourth tab: the way from a photograph and a question to an answer, drawn and in formulas."""

from pathlib import Path

from vqa.inference.predictor import VQAPredictor
from vqa.ui.markup import esc
from vqa.ui.texts import text

_BOXES = (  # x, y, width, height, class, English lines, Chinese lines
    (10, 30, 120, 54, "io", ("photograph",), ("照片",)),
    (10, 146, 120, 54, "io", ("question",), ("问题",)),
    (160, 30, 130, 54, "", ("ViT", "{image} patches"), ("ViT", "{image} 个图块")),
    (160, 146, 130, 54, "", ("BERT", "word pieces"), ("BERT", "词片")),
    (320, 30, 130, 54, "align", ("alignment", "into {width} dimensions"), ("对齐", "投影到 {width} 维")),
    (320, 146, 130, 54, "align", ("alignment", "into {width} dimensions"), ("对齐", "投影到 {width} 维")),
    (
        480,
        76,
        140,
        76,
        "",
        ("co-attention", "{blocks} blocks, {heads} heads"),
        ("协同注意力", "{blocks} 层，{heads} 头"),
    ),
    (650, 76, 130, 76, "", ("decoder", "{decoder} layers"), ("解码器", "{decoder} 层")),
    (810, 76, 120, 76, "io", ("answer", "and its probability"), ("答案", "及其概率")),
    (320, 240, 130, 54, "align", ("shared space", "cosine, InfoNCE"), ("共同空间", "余弦、InfoNCE")),
    (480, 240, 140, 54, "io", ("heatmaps", "and their test"), ("热力图", "及其检验")),
)
_ARROWS = (
    "130,57 160,57", "130,173 160,173", "290,57 320,57", "290,173 320,173", "450,57 480,95", "450,173 480,133",
    "620,114 650,114", "780,114 810,114", "385,200 385,240", "550,152 550,240",
)  # fmt: skip


def diagram_html(predictor: VQAPredictor, language: str) -> str:
    """The diagram, with the sizes of the model at hand."""
    model = predictor.models[predictor.variants[0]]
    height, width = model.grid_size
    sizes = {
        "image": f"{height}×{width}",
        "width": model.config.hidden_size,
        "blocks": model.config.fusion_layers,
        "heads": model.config.num_heads,
        "decoder": model.config.decoder_layers,
    }
    arrows = "".join(f'<polyline class="arrow" points="{points}" marker-end="url(#tip)"/>' for points in _ARROWS)
    boxes = []
    for x, y, wide, high, kind, english, chinese in _BOXES:
        lines = [line.format(**sizes) for line in (chinese if language == "zh" else english)]
        first = y + high / 2 + 5 - 9 * (len(lines) - 1)
        words = "".join(
            f'<text class="{"small" if k else ""}" x="{x + wide / 2}" y="{first + 18 * k}">{esc(line)}</text>'
            for k, line in enumerate(lines)
        )
        boxes.append(f'<rect class="{kind}" x="{x}" y="{y}" width="{wide}" height="{high}" rx="8"/>{words}')
    tip = '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    tip += '<path d="M0 0 8 4 0 8z"/></marker></defs>'
    label = esc(text(language, "how.alt"))
    body = tip + arrows + "".join(boxes)
    drawing = f'<svg class="diagram" viewBox="0 0 940 310" role="img" aria-label="{label}">{body}</svg>'
    return f'<div class="scroll" tabindex="0">{drawing}</div>'


def formulas(language: str) -> str:
    """The explanation, in Markdown with LaTeX."""
    return (Path(__file__).parent / f"how.{language}.md").read_text(encoding="utf-8")
