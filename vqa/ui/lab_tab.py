"""The second tab: search, similarity matrix, temperature, figures and projection, for both models side by side."""

from collections.abc import Callable, Mapping

import gradio as gr

from vqa.ui.checks import question_problem
from vqa.ui.events import model_events, quick_events
from vqa.ui.gallery import Gallery
from vqa.ui.lab import captions_found_html, figures_html, gallery_html, matrix_html, photos_found_html, plane_html
from vqa.ui.labels import Labels
from vqa.ui.markup import notice
from vqa.ui.style import CHOICES_JS, own_html
from vqa.ui.texts import T, text

TEMPERATURE = 0.07  # where CLIP starts to learn it


class LabTab:
    """Builds the tab inside `tab`; its pictures are made when it is first opened, so the page starts at once."""

    def __init__(
        self,
        gallery: Gallery,
        results: Mapping[str, dict],
        labels: Labels,
        language: gr.Radio,
        tab: gr.Tab,
        gpu: Callable,
    ):
        self.gallery, self.results = gallery, results
        self.opened = gr.State(False)
        labels.html(lambda language: f"<p>{text(language, 'lab.intro', count=len(gallery.examples))}</p>")
        labels.html(lambda language: f"<h3>{text(language, 'lab.search')}</h3>")
        self.caption = labels(
            gr.Textbox,
            label=T("lab.caption"),
            placeholder=T("lab.caption.hint"),
            submit_btn=T("lab.find"),
            elem_id="caption",
        )
        self.photos = labels.html(
            lambda language: gallery_html(gallery, text(language, "lab.gallery"), language),
            js_on_load=CHOICES_JS,
            elem_id="lab-gallery",
        )
        self.found = own_html(elem_id="found")
        labels.html(lambda language: f"<h3>{text(language, 'lab.matrix')}</h3>")
        with gr.Row(equal_height=True):
            shown = [(T("lab.show.cosine"), "cosine"), (T("lab.show.softmax"), "softmax")]
            self.show = labels(
                gr.Radio, label=T("lab.show"), choices=shown, value="cosine", min_width=240, elem_id="show"
            )
            self.temperature = labels(
                gr.Slider, 0.01, 1, value=TEMPERATURE, step=0.01, label=T("lab.temperature"),
                info=T("lab.temperature.info"), min_width=240, elem_id="temperature",
            )  # fmt: skip
        self.matrix = own_html(elem_id="matrix")
        labels.html(lambda language: f"<h3>{text(language, 'lab.map')}</h3>")
        self.plane = own_html(elem_id="plane")
        labels.html(lambda language: f"<h3>{text(language, 'lab.figures')}</h3>")
        self.figures = own_html(elem_id="figures")
        self._connect(tab, language, gpu)

    def _connect(self, tab: gr.Tab, language: gr.Radio, gpu: Callable) -> None:
        model, quick = model_events(gpu), quick_events()
        drawn = [self.matrix, self.plane, self.figures]
        scale = [self.temperature, self.show, language]
        model(tab.select, self.on_open, scale, [self.opened, *drawn])
        quick(language.change, self.on_language, [self.opened, *scale], [self.found, *drawn])
        for trigger in (self.temperature.change, self.show.input):
            quick(trigger, self.on_scale, scale, [self.matrix])
        model(self.caption.submit, self.on_caption, [self.caption, language], [self.found])
        model(self.photos.click, self.on_photo, [language], [self.found])

    def on_open(self, temperature: float, show: str, language: str) -> tuple:
        return True, *self._draw(temperature, show, language)

    def on_language(self, opened: bool, temperature: float, show: str, language: str) -> tuple:
        return "", *(self._draw(temperature, show, language) if opened else ("", "", ""))

    def on_scale(self, temperature: float, show: str, language: str) -> str:
        """Another temperature: NumPy alone."""
        return matrix_html(self.gallery, temperature, show, language)

    def on_caption(self, caption: str, language: str) -> str:
        """A caption finds its photographs."""
        problem = question_problem(caption, language)
        if problem:
            return notice(problem, "warning")
        return photos_found_html(self.gallery, caption.strip(), language)

    def on_photo(self, language: str, event: gr.EventData) -> str:
        """A photograph finds its captions."""
        return captions_found_html(self.gallery, int(event.pick), language)

    def _draw(self, temperature: float, show: str, language: str) -> tuple[str, str, str]:
        return (
            matrix_html(self.gallery, temperature, show, language),
            plane_html(self.gallery, language),
            figures_html(self.gallery, self.results, language),
        )
