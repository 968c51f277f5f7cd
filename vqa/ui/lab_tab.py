"""The second tab: photographs and texts, the examples' or a visitor's own, in the spaces of both models."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import gradio as gr

from vqa.inference.predictor import Photo
from vqa.processing.photos import PhotoError
from vqa.ui.checks import question_problem
from vqa.ui.door import MAX_FORM
from vqa.ui.events import model_events, quick_events
from vqa.ui.gallery import Gallery
from vqa.ui.guard import uploaded_photo
from vqa.ui.lab import (
    csv_html,
    figures_html,
    opened_html,
    photos_html,
    plane_html,
    search_html,
    similar_html,
    texts_html,
)
from vqa.ui.lab_set import MEASURES, MOST, TEMPERATURE, LabSet, example_set, lines_of, with_photos, with_texts
from vqa.ui.labels import Labels
from vqa.ui.markup import notice
from vqa.ui.style import CHOICES_JS, own_html
from vqa.ui.texts import T, text

VISIT_SECONDS = 3600  # an idle visitor's photographs leave the memory after this
OPEN_JS = """() => setTimeout(() => {
    const dialog = document.querySelector('#opened dialog');
    if (dialog && !dialog.open) dialog.showModal();
}, 60)"""


class LabTab:
    """Builds the tab inside `tab`. Its pictures are made when it is first opened, so the page starts at once.

    A visitor's set lies in `shown`, which is None while the examples are compared.
    """

    def __init__(
        self,
        gallery: Gallery,
        results: Mapping[str, dict],
        labels: Labels,
        language: gr.Radio,
        tab: gr.Tab,
        gpu: Callable,
    ):
        self.gallery, self.results, self.predictor = gallery, results, gallery.predictor
        self._examples: LabSet | None = None
        self.opened = gr.State(False)
        self.shown = gr.State(None, time_to_live=VISIT_SECONDS)
        labels.html(lambda language: f"<p>{text(language, 'lab.intro')}</p>")
        with gr.Row(equal_height=True):
            with gr.Column(scale=5, min_width=280):
                self.files = labels(
                    gr.File,
                    label=T("lab.files", most=MOST, megabytes=MAX_FORM // 2**20),
                    file_count="multiple",
                    file_types=["image"],
                    height=150,
                    elem_id="lab-files",
                )
            with gr.Column(scale=7, min_width=280):
                self.lines = labels(
                    gr.Textbox,
                    label=T("lab.lines", most=MOST),
                    placeholder=T("lab.lines.hint"),
                    lines=4,
                    max_lines=8,
                    elem_id="lab-lines",
                )
        with gr.Row(elem_id="lab-buttons"):
            self.compare = labels(
                gr.Button, value=T("lab.compare"), variant="primary", scale=0, min_width=200, elem_id="lab-compare"
            )
            self.reset = labels(gr.Button, value=T("lab.reset"), scale=0, min_width=240, elem_id="lab-reset")
            self.paired = labels(
                gr.Checkbox, label=T("lab.paired"), value=True, container=False, min_width=260, elem_id="lab-paired"
            )
        self.notice = own_html(elem_id="lab-notice")
        self.photos = own_html(js_on_load=CHOICES_JS, elem_id="lab-photos")
        self._title(labels, "lab.classify")
        with gr.Row(equal_height=True):
            shown = [(T(f"lab.show.{name}"), name) for name in MEASURES]
            self.show = labels(
                gr.Radio, label=T("lab.show"), choices=shown, value=MEASURES[0], min_width=240, elem_id="show"
            )
            self.temperature = labels(
                gr.Slider, 0.01, 1, value=TEMPERATURE, step=0.01, label=T("lab.temperature"),
                info=T("lab.temperature.info"), min_width=240, elem_id="temperature",
            )  # fmt: skip
        self.matrix = own_html(js_on_load=CHOICES_JS, elem_id="matrix")
        self._title(labels, "lab.search")
        self.query = labels(
            gr.Textbox,
            label=T("lab.query"),
            placeholder=T("lab.query.hint"),
            submit_btn=T("lab.find"),
            elem_id="caption",
        )
        self.found = own_html(js_on_load=CHOICES_JS, elem_id="found")
        self._title(labels, "lab.map")
        self.plane = own_html(js_on_load=CHOICES_JS, elem_id="plane")
        self._title(labels, "lab.similar")
        self.similar = own_html(js_on_load=CHOICES_JS, elem_id="similar")
        self._title(labels, "lab.figures")
        self.figures = own_html(elem_id="figures")
        self.csv = own_html(elem_id="lab-csv")
        self.dialog = own_html(elem_id="opened")
        self._connect(tab, language, gpu)

    @staticmethod
    def _title(labels: Labels, key: str) -> None:
        labels.html(lambda language: f"<h3>{text(language, key)}</h3><p>{text(language, f'{key}.what')}</p>")

    def _connect(self, tab: gr.Tab, language: gr.Radio, gpu: Callable) -> None:
        model, quick = model_events(gpu), quick_events()
        scale = [self.temperature, self.show, language]
        scaled = [self.matrix, self.csv]
        drawn = [self.photos, self.plane, self.similar, self.figures, *scaled]
        chosen = [self.shown, self.notice, self.paired, self.found, *drawn]

        model(tab.select, self.on_open, [self.opened, self.shown, *scale], [self.opened, *drawn])
        quick(language.change, self.on_language, [self.opened, self.shown, *scale], [self.notice, self.found, *drawn])
        model(self.files.change, self.on_files, [self.files, self.shown, *scale], chosen, preprocess=False)
        model(self.compare.click, self.on_lines, [self.lines, self.shown, *scale], chosen)
        model(
            self.reset.click, self.on_reset, scale, [self.files, self.lines, *chosen]
        )  # which empties the files, and so draws again
        quick(self.paired.input, self.on_paired, [self.paired, self.shown, *scale], [self.shown, *drawn])
        for trigger in (self.temperature.change, self.show.input):
            quick(trigger, self.on_scale, [self.opened, self.shown, *scale], scaled)
        model(self.query.submit, self.on_query, [self.query, self.shown, language], [self.found])
        for place in (self.photos, self.matrix, self.found, self.plane, self.similar):
            picked = quick(place.click, self.on_pick, [self.shown, self.temperature, language], [self.dialog])
            picked.then(None, js=OPEN_JS)

    def on_open(self, opened: bool, shown: LabSet | None, temperature: float, show: str, language: str) -> tuple:
        """Drawn once; from then on only what changes is."""
        if opened:
            return True, *[gr.skip()] * 6
        return True, *self._draw(self._set(shown), temperature, show, language)

    def on_language(self, opened: bool, shown: LabSet | None, temperature: float, show: str, language: str) -> tuple:
        if not opened:
            return "", "", *[gr.skip()] * 6
        return "", "", *self._draw(self._set(shown), temperature, show, language)

    def on_files(
        self, uploads: list[dict] | None, shown: LabSet | None, temperature: float, show: str, language: str
    ) -> tuple:
        """A visitor's own photographs, in place of those before; one that cannot be used is named and left out."""
        if not uploads:
            return self._choose(None, "", temperature, show, language)
        photos, problems = [], []
        if len(uploads) > MOST:
            problems.append(text(language, "lab.too_many", most=MOST))
        for upload in uploads[:MOST]:
            name = _file_name(upload)
            try:
                photos.append((name, self._photo(upload)))
            except PhotoError as error:
                problems.append(f"{name}: {error}")
        if photos:
            shown = with_photos(self._set(shown), self.predictor, photos)
        return self._choose(shown, " ".join(problems), temperature, show, language)

    def _photo(self, upload: dict) -> Photo:
        image = uploaded_photo(upload)
        if image is None:
            raise PhotoError("Send the photograph as a file.")
        return self.predictor.encode(image)

    def on_lines(self, entered: str, shown: LabSet | None, temperature: float, show: str, language: str) -> tuple:
        """A visitor's own labels or captions, checked as questions are."""
        lines = lines_of(entered)
        problem = text(language, "lab.too_many", most=MOST) if len(lines) > MOST else ""
        problems = (question_problem(line, self.predictor, language) for line in lines or [""])
        problem = problem or next(filter(None, problems), "")
        if problem:
            return self._choose(shown, problem, temperature, show, language)
        return self._choose(with_texts(self._set(shown), self.predictor, lines), "", temperature, show, language)

    def on_reset(self, temperature: float, show: str, language: str) -> tuple:
        """The examples again."""
        return None, "", *self._choose(None, "", temperature, show, language)

    def on_paired(self, paired: bool, shown: LabSet | None, temperature: float, show: str, language: str) -> tuple:
        shown = replace(self._set(shown), paired=paired)
        return shown, *self._draw(shown, temperature, show, language)

    def on_scale(self, opened: bool, shown: LabSet | None, temperature: float, show: str, language: str) -> tuple:
        """Another temperature or measure: NumPy alone."""
        if not opened:
            return gr.skip(), gr.skip()
        return self._scaled(self._set(shown), temperature, show, language)

    def on_query(self, query: str, shown: LabSet | None, language: str) -> str:
        """A text finds its photographs."""
        problem = question_problem(query, self.predictor, language)
        if problem:
            return notice(problem, "warning")
        query = query.strip()
        words = {variant: self.predictor.embed_texts([query], variant)[0] for variant in self.predictor.variants}
        return search_html(self._set(shown), words, query, language)

    def on_pick(self, shown: LabSet | None, temperature: float, language: str, event: gr.EventData) -> str:
        """A photograph is opened."""
        shown = self._set(shown)
        index = min(max(int(event.pick), 0), len(shown.photos) - 1)
        return opened_html(shown, index, temperature, language)

    def _set(self, shown: LabSet | None) -> LabSet:
        """A visitor's set, or that of the examples, which is made at the first need and kept."""
        if shown is None:
            self._examples = shown = self._examples or example_set(self.gallery)
        return shown

    def _choose(self, shown: LabSet | None, message: str, temperature: float, show: str, language: str) -> tuple:
        """Values for `chosen`. Whether text k describes photograph k can be said where there are as many of both."""
        drawn = self._set(shown)
        paired = gr.update(value=drawn.is_paired, visible=len(drawn.photos) == len(drawn.texts))
        return shown, notice(message, "warning"), paired, "", *self._draw(drawn, temperature, show, language)

    def _draw(self, shown: LabSet, temperature: float, show: str, language: str) -> tuple:
        """Values for `drawn`."""
        return (
            photos_html(shown, language),
            plane_html(shown, language),
            similar_html(shown, language),
            figures_html(shown, self.results, language),
            *self._scaled(shown, temperature, show, language),
        )

    @staticmethod
    def _scaled(shown: LabSet, temperature: float, show: str, language: str) -> tuple[str, str]:
        return texts_html(shown, temperature, show, language), csv_html(shown, temperature, language)


def _file_name(upload: dict) -> str:
    """The name that the visitor's file had."""
    return Path(str(upload.get("orig_name") or upload.get("path") or "?")).name if isinstance(upload, dict) else "?"
