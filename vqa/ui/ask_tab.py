"""The first tab: a photograph, a question, the answer, and where the model looked."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import gradio as gr

from vqa.photos import PhotoError
from vqa.predictor import VQAPredictor
from vqa.processing import MAX_QUESTION_CHARACTERS, QuestionError
from vqa.ui import visit as visits
from vqa.ui.answers import answers_html, history_html, suggestions_html
from vqa.ui.events import model_events, quick_events
from vqa.ui.gallery import Gallery
from vqa.ui.guard import uploaded_path
from vqa.ui.lab import gallery_html
from vqa.ui.labels import Labels
from vqa.ui.maps import cosines_html, maps_html
from vqa.ui.markup import notice
from vqa.ui.style import CHOICES_JS, MAPS_JS, SHOW_ANSWER_JS, own_html
from vqa.ui.suggestions import suggest
from vqa.ui.texts import T, is_english, text
from vqa.ui.visit import COMPARE, Focus, View, Visit

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
                self._build_questions(labels)
            with gr.Column(scale=7, min_width=300):
                self._build_answers(labels)
        self._connect(language, gpu)

    def _build_questions(self, labels: Labels) -> None:
        self.photo = labels(
            gr.Image,
            label=T("photo"),
            placeholder=T("photo.drop"),
            alt_text=T("photo"),
            type="filepath",
            image_mode=None,
            sources=["upload", "webcam", "clipboard"],
            buttons=["fullscreen"],
            height=320,
            elem_id="photo",
        )
        self.examples = labels.html(
            lambda language: gallery_html(self.gallery, text(language, "examples"), language),
            js_on_load=CHOICES_JS,
            elem_id="examples",
        )
        self.question = labels(
            gr.Textbox,
            label=T("question"),
            placeholder=T("question.hint"),
            submit_btn=T("ask"),
            lines=1,
            max_lines=3,
            elem_id="question",
        )
        self.suggestions = own_html(js_on_load=CHOICES_JS, elem_id="suggestions")
        names = self.predictor.features
        offered = [*names, COMPARE] if len(names) > 1 else names
        self.features = labels(
            gr.Radio,
            label=T("features"),
            info=T("features.info"),
            choices=[(T(name), name) for name in offered],
            value=names[0],
            elem_id="features",
        )

    def _build_answers(self, labels: Labels) -> None:
        self.notice = own_html(elem_id="notice")
        self.answers = own_html(answers_html(Visit(), "en"), elem_id="answers")
        config = self.predictor.models[self.predictor.features[0]].config
        layers = [(T("map.layer.rollout"), "rollout"), (T("map.layer.mean"), "mean")]
        layers += [(T("map.layer.fusion", n=k + 1), str(k)) for k in range(config.num_blocks)]
        layers += [(T("map.layer.decoder", n=k + 1), str(config.num_blocks + k)) for k in range(config.decoder_layers)]
        heads = [(T("map.head.mean"), "mean"), *((str(k + 1), str(k)) for k in range(config.num_heads))]
        with gr.Column(visible=False, elem_id="map-controls") as self.controls:
            with gr.Row(equal_height=True):
                modes = [(T(f"map.{mode}"), mode) for mode in ("off", "attention", "relevance")]
                self.mode = labels(
                    gr.Radio,
                    label=T("map.mode"),
                    choices=modes,
                    value="relevance",
                    scale=3,
                    min_width=240,
                    elem_id="mode",
                )
                self.opacity = labels(
                    gr.Slider,
                    0,
                    1,
                    value=0.75,
                    step=0.05,
                    label=T("map.opacity"),
                    scale=2,
                    min_width=160,
                    elem_id="opacity",
                )
            with gr.Row(visible=False) as self.fine:
                self.layer = labels(
                    gr.Dropdown, label=T("map.layer"), choices=layers, value="rollout", min_width=140, elem_id="layer"
                )
                self.head = labels(
                    gr.Dropdown, label=T("map.head"), choices=heads, value="mean", interactive=False, min_width=100,
                    elem_id="head",
                )  # fmt: skip
        self.maps = own_html(js_on_load=MAPS_JS, elem_id="maps")
        with gr.Row(visible=False, elem_id="test-row") as self.test_row:
            self.test = labels(gr.Button, value=T("test"), size="md", min_width=160, scale=0, elem_id="test")
            labels.html(lambda language: f"<small>{text(language, 'test.hint')}</small>")
        self.cosines = own_html(elem_id="cosines")
        self.history = own_html(js_on_load=CHOICES_JS, elem_id="history")

    def _connect(self, language: gr.Radio, gpu: Callable) -> None:
        view = [self.mode, self.layer, self.head, self.opacity, language]
        pictures = [self.maps, self.cosines]
        shown = [self.visit, self.notice, self.answers, *pictures, self.history, self.controls, self.test_row]
        model, quick = model_events(gpu), quick_events()

        model(self.photo.change, self.on_photo, [self.photo, language], [*shown, self.suggestions], preprocess=False)
        asking = [self.visit, self.question, self.features, *view]
        chosen = quick(self.suggestions.click, self.on_suggestion, [self.visit], [self.question])
        for trigger in (self.question.submit, chosen.success):
            model(trigger, self.on_ask, asking, shown).then(None, js=SHOW_ANSWER_JS)
        model(self.features.input, self.on_features, [self.visit, self.features, *view], shown)
        model(self.history.click, self.on_history, [self.visit, *view], shown)
        for control in (self.mode, self.layer, self.head):
            model(control.input, self.on_view, [self.visit, *view], [*shown, self.fine, self.head])
        model(self.test.click, self.on_test, [self.visit, self.opacity, language], shown)
        quick(self.maps.click, self.on_focus, [self.visit, self.opacity, language], [self.visit, *pictures])
        quick(self.opacity.release, self.on_opacity, [self.visit, self.opacity, language], pictures)
        quick(self.examples.click, self.on_example, None, [self.photo])
        quick(language.change, self.on_language, [self.visit, self.opacity, language], [*shown[1:], self.suggestions])

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
        features: str,
        mode: str,
        layer: str,
        head: str,
        opacity: float,
        language: str,
    ) -> tuple:
        """A question: checked, then answered by the chosen models."""
        problem = self._problem(visit, question, language)
        if problem:
            return self._show(visit, opacity, language, problem)
        try:
            visit = visits.ask(visit, self.predictor, question, features, View(mode, layer, head))
        except QuestionError:
            return self._show(visit, opacity, language, text(language, "question.none"))
        return self._show(visit, opacity, language)

    def on_features(
        self, visit: Visit, features: str, mode: str, layer: str, head: str, opacity: float, language: str
    ) -> tuple:
        """Other models were chosen: they answer the question that is shown."""
        if visit.turn is None:
            return self._show(visit, opacity, language)
        return self.on_ask(visit, visit.turn.question, features, mode, layer, head, opacity, language)

    def _problem(self, visit: Visit, question: str, language: str) -> str:
        """Why a question cannot be asked, in the visitor's language; empty where it can."""
        if visit.photo is None:
            return text(language, "photo.none")
        if not question.strip():
            return text(language, "question.none")
        if len(question) > MAX_QUESTION_CHARACTERS:
            return text(language, "question.long", count=len(question), limit=MAX_QUESTION_CHARACTERS)
        return "" if is_english(question) else text(language, "question.foreign")

    def on_suggestion(self, visit: Visit, event: gr.EventData) -> str:
        """A suggested question goes into the box; asking follows."""
        return visit.suggestions[int(event.pick)]

    def on_history(
        self, visit: Visit, mode: str, layer: str, head: str, opacity: float, language: str, event: gr.EventData
    ) -> tuple:
        """An earlier question is shown again."""
        return self._show(
            visits.recall(visit, self.predictor, int(event.pick), View(mode, layer, head)), opacity, language
        )

    def on_view(self, visit: Visit, mode: str, layer: str, head: str, opacity: float, language: str) -> tuple:
        """Another heatmap of the same answer. A head can be chosen where a layer is, not where all are rolled out."""
        visit = visits.look(visit, self.predictor, View(mode, layer, head))
        fine = gr.update(visible=mode == "attention"), gr.update(interactive=layer != "rollout")
        return *self._show(visit, opacity, language), *fine

    def on_test(self, visit: Visit, opacity: float, language: str) -> tuple:
        """The shown maps are put to the test."""
        return self._show(visits.try_maps(visit, self.predictor), opacity, language)

    def on_focus(self, visit: Visit, opacity: float, language: str, event: gr.EventData) -> tuple:
        """A word, a piece or a spot was picked."""
        visit = replace(visit, focus=Focus.parse(event.pick))
        return visit, *self._draw(visit, opacity, language)

    def on_opacity(self, visit: Visit, opacity: float, language: str) -> tuple[str, str]:
        return self._draw(visit, opacity, language)

    def on_example(self, event: gr.EventData) -> str:
        return str(self.gallery.examples[int(event.pick)].path)

    def on_language(self, visit: Visit, opacity: float, language: str) -> tuple:
        """Everything said so far, in the other language."""
        return *self._show(visit, opacity, language)[1:], suggestions_html(visit, language)
