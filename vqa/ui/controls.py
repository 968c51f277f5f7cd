"""What a visitor of the first tab puts in: the photograph, the question, the models, and which heatmap to see."""

import gradio as gr

from vqa.ui.gallery import Gallery
from vqa.ui.lab import gallery_html
from vqa.ui.labels import Labels
from vqa.ui.style import CHOICES_JS, own_html
from vqa.ui.texts import T, text
from vqa.ui.visit import COMPARE

PHOTO_HEIGHT = 320


class Questions:
    """The left column: a photograph, a question and the models that answer it."""

    def __init__(self, labels: Labels, gallery: Gallery):
        self.photo = labels(
            gr.Image,
            label=T("photo"),
            placeholder=T("photo.drop"),
            alt_text=T("photo"),
            type="filepath",
            image_mode=None,
            sources=["upload", "webcam", "clipboard"],
            buttons=["fullscreen"],
            height=PHOTO_HEIGHT,
            elem_id="photo",
        )
        self.examples = labels.html(
            lambda language: gallery_html(gallery, text(language, "examples"), language),
            js_on_load=CHOICES_JS,
            elem_id="examples",
        )
        self.question = labels(
            gr.Textbox,
            label=T("question"),
            placeholder=T("question.hint"),
            submit_btn=T("ask"),
            max_lines=3,
            elem_id="question",
        )
        self.suggestions = own_html(js_on_load=CHOICES_JS, elem_id="suggestions")
        names = gallery.predictor.variants
        offered = [*names, COMPARE] if len(names) > 1 else names
        self.variant = labels(
            gr.Radio,
            label=T("variant"),
            info=T("variant.info"),
            choices=[(T(name), name) for name in offered],
            value=names[0],
            elem_id="variant",
        )


class MapControls:
    """Which heatmap: its kind, its opacity and, for attention, a layer and a head of the model in `config`."""

    def __init__(self, labels: Labels, config):
        modes = [(T(f"map.{mode}"), mode) for mode in ("off", "attention", "relevance")]
        layers = [(T("map.layer.rollout"), "rollout"), (T("map.layer.mean"), "mean")]
        layers += [(T("map.layer.fusion", n=k + 1), str(k)) for k in range(config.num_blocks)]
        layers += [(T("map.layer.decoder", n=k + 1), str(config.num_blocks + k)) for k in range(config.decoder_layers)]
        heads = [(T("map.head.mean"), "mean"), *((str(k + 1), str(k)) for k in range(config.num_heads))]
        with gr.Column(visible=False) as self.column:
            with gr.Row(equal_height=True):
                look = {"value": "relevance", "scale": 3, "min_width": 240, "elem_id": "mode"}
                self.mode = labels(gr.Radio, label=T("map.mode"), choices=modes, **look)
                look = {"value": 0.75, "step": 0.05, "scale": 2, "min_width": 160, "elem_id": "opacity"}
                self.opacity = labels(gr.Slider, 0, 1, label=T("map.opacity"), **look)
            with gr.Row(visible=False) as self.fine:
                look = {"value": "rollout", "min_width": 140, "elem_id": "layer"}
                self.layer = labels(gr.Dropdown, label=T("map.layer"), choices=layers, **look)
                look = {"value": "mean", "interactive": False, "min_width": 100, "elem_id": "head"}
                self.head = labels(gr.Dropdown, label=T("map.head"), choices=heads, **look)
