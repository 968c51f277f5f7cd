"""The first tab: a photograph, a question, the answer, and where the model looked."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import gradio as gr

from vqa.inference.predictor import VQAPredictor
from vqa.processing.photos import PhotoError
from vqa.ui import visit as visits
from vqa.ui.answers import answers_html, history_html, suggestions_html
from vqa.ui.checks import question_problem
from vqa.ui.controls import MapControls, Questions
from vqa.ui.events import model_events, quick_events
from vqa.ui.gallery import Gallery
from vqa.ui.guard import uploaded_path
from vqa.ui.labels import Labels
from vqa.ui.maps import cosines_html, maps_html
from vqa.ui.markup import notice
from vqa.ui.style import CHOICES_JS, MAPS_JS, SHOW_ANSWER_JS, own_html
from vqa.ui.suggestions import suggest
from vqa.ui.texts import T, text
from vqa.ui.visit import Focus, MapView, Visit

VISIT_SECONDS = 3600  # an idle visitor's photograph leaves the memory after this


class AskTab:
    """Builds the tab inside an open `gr.Tab`. Event handlers take and return one visitor's `Visit`, nothing shared."""

    def __init__(
        self,
        predictor: VQAPredictor,
        gallery: Gallery,
        results: Mapping[str, dict],
        labels: Labels,
        language: gr.Radio,
        gpu: Callable,
    ):
        self.predictor, self.gallery, self.results = predictor, gallery, results
        self.visit = gr.State(Visit(), time_to_live=VISIT_SECONDS)
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=300):
                self.asked = Questions(labels, gallery)
            with gr.Column(scale=7, min_width=300):
                self._build_answers(labels)
        self._connect(language, gpu)

    def _build_answers(self, labels: Labels) -> None:
        self.notice = own_html(elem_id="notice")
        self.answers = own_html(answers_html(Visit(), "en"), elem_id="answers")
        self.look = MapControls(labels, self.predictor.models[self.predictor.variants[0]].config)
        self.maps = own_html(js_on_load=MAPS_JS, elem_id="maps")
        with gr.Row(visible=False, elem_id="test-row") as self.test_row:
            self.test = labels(gr.Button, value=T("test"), size="md", min_width=160, scale=0, elem_id="test")
            labels.html(lambda language: f"<small>{text(language, 'test.hint')}</small>")
        self.cosines = own_html(elem_id="cosines")
        self.history = own_html(js_on_load=CHOICES_JS, elem_id="history")

    def _connect(self, language: gr.Radio, gpu: Callable) -> None:
        asked, look = self.asked, self.look
        view = [look.mode, look.layer, look.head, look.opacity, language]
        drawing = [self.visit, look.opacity, language]
        pictures = [self.maps, self.cosines]
        shown = [self.visit, self.notice, self.answers, *pictures, self.history, look.column, self.test_row]
        model, quick = model_events(gpu), quick_events()

        model(asked.photo.change, self.on_photo, [asked.photo, language], [*shown, asked.suggestions], preprocess=False)
        chosen = quick(asked.suggestions.click, self.on_suggestion, [self.visit], [asked.question])
        for trigger in (asked.question.submit, chosen.success):
            answered = model(trigger, self.on_ask, [self.visit, asked.question, asked.variant, *view], shown)
            answered.then(None, js=SHOW_ANSWER_JS)
        model(asked.variant.input, self.on_variant, [self.visit, asked.variant, *view], shown)
        model(self.history.click, self.on_history, [self.visit, *view], shown)
        for control in (look.mode, look.layer, look.head):
            model(control.input, self.on_view, [self.visit, *view], [*shown, look.fine, look.head])
        model(self.test.click, self.on_test, drawing, shown)
        quick(self.maps.click, self.on_focus, drawing, [self.visit, *pictures])
        quick(look.opacity.release, self._draw, drawing, pictures)
        quick(asked.examples.click, self.on_example, None, [asked.photo])
        quick(language.change, self.on_language, drawing, [*shown[1:], asked.suggestions])

    def _show(self, visit: Visit, opacity: float, language: str, message: str = "", kind: str = "warning") -> tuple:
        """Values for `shown`: everything on the right, from the visit alone."""
        return (
            visit,
            notice(message, kind),
            answers_html(visit, language, self.results),
            *self._draw(visit, opacity, language),
            history_html(visit, language),
            gr.update(visible=visit.turn is not None),
            gr.update(visible=bool(visit.explanations)),
        )

    def _draw(self, visit: Visit, opacity: float, language: str) -> tuple[str, str]:
        """Values for `pictures`."""
        return maps_html(visit, opacity, language), cosines_html(visit, opacity, language)

    def on_photo(self, upload: dict | None, language: str) -> tuple:
        """A new photograph: the ViT reads it once, and it gets questions of its own."""
        try:
            path = uploaded_path(upload)
            if path is None:
                return *self._show(Visit(), 0, language), ""
            photo = self.predictor.encode(path)
        except PhotoError as error:
            return *self._show(Visit(), 0, language, text(language, "photo.bad", detail=error)), ""
        visit = Visit(photo, suggest(self.predictor, photo))
        return *self._show(visit, 0, language), suggestions_html(visit, language)

    def on_ask(
        self,
        visit: Visit,
        question: str,
        variant: str,
        mode: str,
        layer: str,
        head: str,
        opacity: float,
        language: str,
    ) -> tuple:
        """A question: checked, then answered by the chosen models."""
        problem = text(language, "photo.none") if visit.photo is None else question_problem(question, language)
        if problem:
            return self._show(visit, opacity, language, problem)
        return self._show(
            visits.ask(visit, self.predictor, question, variant, MapView(mode, layer, head)), opacity, language
        )

    def on_variant(
        self, visit: Visit, variant: str, mode: str, layer: str, head: str, opacity: float, language: str
    ) -> tuple:
        """Other models were chosen: they answer the question that is shown."""
        if visit.turn is None:
            return self._show(visit, opacity, language)
        return self.on_ask(visit, visit.turn.question, variant, mode, layer, head, opacity, language)

    def on_suggestion(self, visit: Visit, event: gr.EventData) -> str:
        """A suggested question goes into the box; asking follows."""
        return visit.suggestions[int(event.pick)]

    def on_history(
        self, visit: Visit, mode: str, layer: str, head: str, opacity: float, language: str, event: gr.EventData
    ) -> tuple:
        """An earlier question is shown again."""
        return self._show(
            visits.recall(visit, self.predictor, int(event.pick), MapView(mode, layer, head)), opacity, language
        )

    def on_view(self, visit: Visit, mode: str, layer: str, head: str, opacity: float, language: str) -> tuple:
        """Another heatmap of the same answer. A head can be chosen where a layer is, not where all are rolled out."""
        visit = visits.look(visit, self.predictor, MapView(mode, layer, head))
        fine = gr.update(visible=mode == "attention"), gr.update(interactive=layer != "rollout")
        return *self._show(visit, opacity, language), *fine

    def on_test(self, visit: Visit, opacity: float, language: str) -> tuple:
        """The shown maps are put to the test."""
        return self._show(visits.try_maps(visit, self.predictor), opacity, language)

    def on_focus(self, visit: Visit, opacity: float, language: str, event: gr.EventData) -> tuple:
        """A word, a piece or a spot was picked."""
        visit = replace(visit, focus=Focus.parse(event.pick))
        return visit, *self._draw(visit, opacity, language)

    def on_example(self, event: gr.EventData) -> str:
        return str(self.gallery.examples[int(event.pick)].path)

    def on_language(self, visit: Visit, opacity: float, language: str) -> tuple:
        """Everything said so far, in the other language."""
        return *self._show(visit, opacity, language)[1:], suggestions_html(visit, language)
