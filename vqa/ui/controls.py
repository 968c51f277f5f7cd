"""What a visitor of the first tab puts in: a photo, a question, the model that answers, and which heatmap to see."""

import gradio as gr

from vqa.ui.gallery import Gallery, thumbnail
from vqa.ui.labels import Labels
from vqa.ui.markup import esc, picture_url
from vqa.ui.style import CHOICES_JS, own_html
from vqa.ui.texts import T, text
from vqa.ui.visit import COMPARE, MapView

DROP_HEIGHT = 104
KINDS = {"photo": "examples", "drawing": "examples.drawings"}  # of an example: the title of its row


class Photos:
    """The strip above: examples to try, and the place for a photo of one's own."""

    def __init__(self, labels: Labels, gallery: Gallery):
        with gr.Row(elem_id="strip", equal_height=False):
            with gr.Column(scale=3, min_width=300):
                self.examples = labels.html(
                    lambda language: examples_html(gallery, language), js_on_load=CHOICES_JS, elem_id="examples"
                )
            with gr.Column(scale=1, min_width=240):
                self.photo = labels(
                    gr.Image,
                    label=T("photo"),
                    placeholder=T("photo.drop"),
                    alt_text=T("photo"),
                    type="filepath",
                    image_mode=None,
                    sources=["upload", "webcam", "clipboard"],
                    buttons=[],
                    show_label=False,
                    height=DROP_HEIGHT,
                    elem_id="photo",
                )


class Questions:
    """A question, the model that answers, and the answers it may give."""

    def __init__(self, labels: Labels, gallery: Gallery):
        self.question = labels(
            gr.Textbox,
            label=T("question"),
            placeholder=T("question.hint"),
            submit_btn=T("ask"),
            max_lines=3,
            elem_id="question",
        )
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


class Extras:
    """Answers to choose among, and a description: what not every visitor needs."""

    def __init__(self, labels: Labels):
        self.among = labels(
            gr.Textbox, label=T("among"), placeholder=T("among.hint"), max_lines=2, elem_id="among", min_width=160
        )
        self.describe = labels(gr.Button, value=T("describe"), size="md", elem_id="describe", min_width=160)
        self.description = own_html(elem_id="description")


class MapControls:
    """Which heatmap: its kind, its opacity and, for attention, a layer and a head of the model in `config`."""

    def __init__(self, labels: Labels, config):
        modes = [(T(f"map.{mode}"), mode) for mode in ("off", "attention", "relevance", "occlusion")]
        blocks = config.fusion_layers
        layers = [(T("map.layer.decoder", n=k + 1), str(blocks + k)) for k in range(config.decoder_layers)]
        layers += [(T("map.layer.fusion", n=k + 1), str(k)) for k in range(blocks)]
        layers += [(T("map.layer.mean"), "mean"), (T("map.layer.rollout"), "rollout")]
        heads = [(T("map.head.mean"), "mean"), *((str(k + 1), str(k)) for k in range(config.num_heads))]
        last = str(blocks + config.decoder_layers - 1)  # of the decoder: it has read the answer so far
        self.first = MapView(layer=last)
        with gr.Column(visible=False, elem_id="look") as self.column:
            with gr.Row(equal_height=True):
                look = {"value": "relevance", "scale": 3, "min_width": 240, "elem_id": "mode"}
                self.mode = labels(gr.Radio, label=T("map.mode"), choices=modes, **look)
                look = {"value": 0.75, "step": 0.05, "scale": 2, "min_width": 160, "elem_id": "opacity"}
                self.opacity = labels(gr.Slider, 0, 1, label=T("map.opacity"), **look)
            with gr.Row(visible=False) as self.fine:
                look = {"value": last, "min_width": 140, "elem_id": "layer"}
                self.layer = labels(gr.Dropdown, label=T("map.layer"), choices=layers, **look)
                look = {"value": "mean", "min_width": 100, "elem_id": "head"}
                self.head = labels(gr.Dropdown, label=T("map.head"), choices=heads, **look)
                self.heads_button = labels(
                    gr.Button, value=T("map.heads.show"), size="md", min_width=120, elem_id="heads-button"
                )
            self.same_scale = labels(
                gr.Checkbox, label=T("map.same_scale"), value=False, visible=False, elem_id="same-scale"
            )
            with gr.Row(visible=False, elem_id="progress-row") as self.working:
                self.progress = own_html(elem_id="progress")
                self.cancel = labels(
                    gr.Button, value=T("map.cancel"), size="md", min_width=100, scale=0, elem_id="cancel"
                )
        self.view = [self.mode, self.layer, self.head, self.same_scale]


class Experiments:
    """What can be tried on the map that is shown: its test, and hiding patches by hand."""

    def __init__(self, labels: Labels):
        with gr.Column(visible=False, elem_id="experiments") as self.column:
            with gr.Row(elem_id="test-row"):
                self.test = labels(gr.Button, value=T("test"), size="md", min_width=160, scale=0, elem_id="test")
                labels.html(lambda language: f"<small>{esc(text(language, 'test.hint'))}</small>")
            self.tested = own_html(elem_id="tested")
            with gr.Row(elem_id="hide-row"):
                self.hiding = labels(gr.Checkbox, label=T("hide.mode"), value=False, elem_id="hiding", min_width=220)
                self.ask = labels(gr.Button, value=T("hide.ask"), size="md", min_width=160, scale=0, elem_id="hide-ask")
                self.clear = labels(
                    gr.Button, value=T("hide.clear"), size="md", min_width=120, scale=0, elem_id="hide-clear"
                )
            self.hidden = own_html(elem_id="hidden")


class Feedback:
    """What would have been right, for the exported result."""

    def __init__(self, labels: Labels):
        with gr.Column(visible=False, elem_id="feedback-column") as self.column:
            self.right = labels(
                gr.Textbox,
                label=T("feedback"),
                placeholder=T("feedback.hint"),
                submit_btn=T("feedback.keep"),
                max_lines=1,
                elem_id="feedback",
            )
            self.noted = own_html(elem_id="noted")


def examples_html(gallery: Gallery, language: str) -> str:
    """The gallery as rows of pictures to pick from: photos, then drawings."""
    rows = []
    for kind, title in KINDS.items():
        buttons = "".join(
            f'<button type="button" class="thumb" data-pick="{index}">'
            f'<img src="{picture_url(thumbnail(example.path))}" alt="{esc(example.describe(language))}"></button>'
            for index, example in enumerate(gallery.examples)
            if example.kind == kind
        )
        title = esc(text(language, title))
        rows.append(f'<div class="gallery {kind}s" role="group" aria-label="{title}"><h3>{title}</h3>{buttons}</div>')
    return "".join(rows)


class CaptionRanking:
    """In a comparison: captions in both models' order, and a line of the visitor's own to be ranked with them."""

    def __init__(self, labels: Labels):
        with gr.Column(visible=False, elem_id="captions") as self.column:
            self.ranked = own_html(elem_id="ranked")
            self.line = labels(
                gr.Textbox,
                label=T("rank.line"),
                placeholder=T("rank.line.hint"),
                submit_btn=T("rank.add"),
                max_lines=2,
                elem_id="own-line",
            )
