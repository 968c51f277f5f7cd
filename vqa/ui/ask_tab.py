"""The first tab: a photo, a question, the answer, and where the model looked."""

import contextlib
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path

import gradio as gr

from vqa.inference.predictor import VQAPredictor
from vqa.processing.photos import PhotoError
from vqa.processing.text import QuestionError
from vqa.ui import visit as visits
from vqa.ui.answers import answers_html, descriptions_html, history_html, suggestions_html
from vqa.ui.checks import allowed_answers, among_problem, question_problem
from vqa.ui.contrasts import contrasts_html
from vqa.ui.controls import CaptionRanking, Experiments, Extras, Feedback, MapControls, Photos, Questions
from vqa.ui.events import model_events, quick_events
from vqa.ui.gallery import Gallery
from vqa.ui.guard import uploaded_photo
from vqa.ui.labels import Labels
from vqa.ui.links import Link
from vqa.ui.maps import cosines_html
from vqa.ui.markup import notice
from vqa.ui.opening import Opening
from vqa.ui.ranking import rank, ranking_html
from vqa.ui.stage import heads_html, hidden_html, progress_html, stage_html, verdicts_html, words_html
from vqa.ui.style import ANSWERED_JS, CHOICES_JS, MAPS_JS, own_html
from vqa.ui.texts import language_of, text
from vqa.ui.visit import Focus, MapView, Visit

VISIT_SECONDS = 3600  # an idle visitor's photograph leaves the memory after this
NAME_CHARACTERS = 80  # of an uploaded file's name, in an export

Shown = dict  # from components to their new values


class AskTab:
    """Builds the tab inside an open `gr.Tab`. Event handlers take and return one visitor's `Visit`, nothing shared."""

    def __init__(
        self,
        predictor: VQAPredictor,
        gallery: Gallery,
        contrast: dict | None,
        labels: Labels,
        language: gr.Radio,
        gpu: Callable,
    ):
        self.predictor, self.gallery, self.language = predictor, gallery, language
        self.visit = gr.State(Visit(), time_to_live=VISIT_SECONDS)
        self.sent = gr.Textbox(visible="hidden", elem_id="sent")  # which photograph: the visitor's browser remembers
        self.link = gr.State(Link(), time_to_live=VISIT_SECONDS)
        self.photos = Photos(labels, gallery)
        self.notice = own_html(elem_id="notice")
        with gr.Row(equal_height=False, elem_id="result"):
            with gr.Column(scale=7, min_width=300, elem_id="seen"):
                self.stage = own_html(js_on_load=MAPS_JS, elem_id="stage")
                self.look = MapControls(labels, predictor.models[predictor.variants[0]].config)
                self.words = own_html(js_on_load=CHOICES_JS, elem_id="words")
                self.heads = own_html(js_on_load=CHOICES_JS, elem_id="heads")
                self.experiments = Experiments(labels)
            with gr.Column(scale=5, min_width=300, elem_id="said"):
                self.asked = Questions(labels, gallery)
                self.captions = CaptionRanking(labels)
                self.answers = own_html(js_on_load=CHOICES_JS, elem_id="answers")
                self.suggestions = own_html(js_on_load=CHOICES_JS, elem_id="suggestions")
                self.extras = Extras(labels)
                self.feedback = Feedback(labels)
                self.history = own_html(js_on_load=CHOICES_JS, elem_id="history")
        labels.html(lambda language: contrasts_html(contrast, gallery, language), elem_id="contrasts")
        self.cosines = own_html(elem_id="cosines")
        self.opening = Opening(predictor, gallery, self.look.first, gpu)
        self._connect(gpu)

    def _connect(self, gpu: Callable) -> None:
        asked, look, tries, language = self.asked, self.look, self.experiments, self.language
        scene = [look.opacity, language]
        wanted = [asked.variant, self.extras.among, *look.view, *scene]
        pictures = [self.visit, self.stage, self.words, self.answers, self.cosines, tries.hidden, self.heads]
        shown = [
            *pictures, self.notice, self.suggestions, self.history, self.extras.description, self.feedback.column,
            self.feedback.noted, self.captions.column, self.captions.ranked,
            look.column, look.fine, look.same_scale, look.working, look.progress, tries.column,
            tries.tested, asked.question, asked.variant, self.photos.photo, look.mode, look.head, self.sent,
        ]  # fmt: skip
        run, quick = model_events(gpu), quick_events()

        def model(trigger: Callable, handler: Callable, inputs: list, **options):
            return run(trigger, handler, inputs, shown, show_progress_on=[self.answers], **options)

        answering = [
            model(self.photos.photo.input, self.on_photo, [self.visit, self.photos.photo, *scene], preprocess=False),
            model(self.photos.examples.click, self.on_example, wanted),
            # Asked again while an answer is on its way, a question waits its turn.
            model(
                asked.question.submit,
                self.on_ask,
                [self.visit, self.sent, asked.question, *wanted],
                trigger_mode="multiple",
            ),
            model(
                self.suggestions.click, self.on_suggestion, [self.visit, self.sent, *wanted], trigger_mode="multiple"
            ),
            model(asked.variant.input, self.on_variant, [self.visit, *wanted]),
            model(self.history.click, self.on_history, [self.visit, *look.view, *scene]),
            model(self.link.change, self.on_link, [self.link, *wanted]),
        ]
        for event in answering:
            event.then(None, js=ANSWERED_JS)
        looking = [
            run(control.input, self.on_view, [self.visit, *look.view, *scene], shown, show_progress="hidden")
            for control in look.view
        ]
        quick(look.cancel.click, self.on_cancel, [self.visit, language], [*shown], cancels=[*looking, *answering])
        model(self.answers.click, self.on_rival, [self.visit, *scene])
        model(self.captions.line.submit, self.on_line, [self.visit, self.captions.line, *scene])
        run(look.heads_button.click, self.on_heads, [self.visit, *scene], [self.visit, self.heads])
        model(self.heads.click, self.on_head, [self.visit, *look.view, *scene])
        run(tries.test.click, self.on_test, [self.visit, language], [self.visit, tries.tested], show_progress="hidden")
        run(tries.ask.click, self.on_ask_without, [self.visit, language], [self.visit, tries.hidden])
        run(
            self.extras.describe.click, self.on_describe, [self.visit, asked.variant, language],
            [self.visit, self.extras.description, self.notice],
        )  # fmt: skip
        for component in (self.stage, self.words):
            quick(component.click, self.on_focus, [self.visit, tries.hiding, *scene], pictures)
        quick(tries.clear.click, self.on_clear, [self.visit, *scene], pictures)
        quick(look.opacity.release, self.on_opacity, [self.visit, *scene], pictures)
        quick(
            self.feedback.right.submit, self.on_feedback, [self.visit, self.feedback.right, language],
            [self.visit, self.answers, self.feedback.noted],
        )  # fmt: skip
        quick(language.change, self.on_language, [self.visit, *scene], shown)
        self.shown = shown

    # What the page shows

    def _draw(self, visit: Visit, opacity: float, language: str) -> Shown:
        """The pictures, and what is said beside them."""
        return {
            self.visit: visit,
            self.stage: stage_html(visit, opacity, language),
            self.words: words_html(visit, language),
            self.answers: answers_html(visit, language),
            self.cosines: cosines_html(visit, opacity, language),
            self.experiments.hidden: hidden_html(visit, language),
            self.heads: heads_html(visit, opacity, language),
        }

    def _show(self, visit: Visit, opacity: float, language: str, message: str = "", kind: str = "warning") -> Shown:
        """Everything, from the visit alone."""
        look, turn = self.look, visit.turn
        return self._draw(visit, opacity, language) | {
            self.notice: notice(message, kind),
            self.sent: visit.sent,
            self.suggestions: suggestions_html(visit, language),
            self.history: history_html(visit, language),
            self.extras.description: descriptions_html(visit, language),
            self.feedback.column: gr.update(visible=turn is not None),
            self.captions.column: gr.update(visible=turn is not None and len(turn.predictions) > 1),
            self.captions.ranked: ranking_html(visit.ranking, language),
            self.feedback.noted: _noted(visit, language),
            look.column: gr.update(visible=turn is not None),
            look.fine: gr.update(visible=visit.view.mode == "attention"),
            look.same_scale: gr.update(visible=turn is not None and len(turn.predictions) > 1),
            look.working: gr.update(visible=False),
            look.progress: "",
            look.head: gr.update(interactive=visit.view.layer != "rollout"),
            self.experiments.column: gr.update(visible=bool(visit.explanations)),
            self.experiments.tested: verdicts_html(visit, language),
        }

    def _problem(self, message: str) -> Shown:
        """A reason why nothing was done; all else stays."""
        return {self.notice: notice(message, "warning")}

    # What a visitor does

    def on_load(self, stored: str, request: gr.Request) -> Shown:
        """The page opens: with what its address asks for, else with the finished result that all visitors share."""
        link = Link.parse(
            request.query_params, [example.name for example in self.gallery.examples], self.predictor.variants
        )
        language = link.language or stored or language_of(request.headers.get("accept-language"))
        opened = {self.language: language, self.link: link if link.example else Link()}
        if link.example:
            return opened | {self.asked.variant: link.variant or self.predictor.variants[0]}
        visit = self.opening.visit()
        asked = {self.asked.question: visit.turn.question} if visit.turn else {}
        return opened | asked | self._show(visit, self.look.opacity.value, language)

    def on_link(
        self, link: Link, variant: str, among: str, mode: str, layer: str, head: str, same: bool, opacity: float,
        language: str,
    ) -> Generator[Shown, None, None]:  # fmt: skip
        """The page was opened by a link: its example is asked its question."""
        example = next((example for example in self.gallery.examples if example.name == link.example), None)
        if example is None:
            yield {self.notice: ""}
            return
        visit = self.opening.of_example(example)
        question = link.question or visit.suggestions[0].question
        variant, view = link.variant or variant, MapView(mode, layer, head, same)
        yield from self._ask(visit, question, variant, among, view, opacity, language)

    def on_example(
        self, variant: str, among: str, mode: str, layer: str, head: str, same: bool, opacity: float, language: str,
        event: gr.EventData,
    ) -> Generator[Shown, None, None]:  # fmt: skip
        """An example was chosen: its first question is asked at once."""
        visit = self.opening.of_example(self.gallery.examples[int(event.pick)])
        view = MapView(mode, layer, head, same)
        yield from self._ask(visit, visit.suggestions[0].question, variant, "", view, opacity, language)

    def on_photo(self, visit: Visit, upload: dict | None, opacity: float, language: str) -> Shown:
        """A new photograph: the ViT reads it once. Its place is cleared for the next; the picture is shown below."""
        if upload is None:
            return {self.visit: visit}
        try:
            visit = self.opening.of_upload(uploaded_photo(upload), _name(upload), upload["path"])
        except PhotoError as error:
            return self._problem(text(language, "photo.bad", detail=error)) | {self.photos.photo: None}
        return self._show(visit, opacity, language) | {self.photos.photo: None, self.asked.question: ""}

    def on_ask(
        self, visit: Visit, sent: str, question: str, variant: str, among: str, mode: str, layer: str, head: str,
        same: bool, opacity: float, language: str,
    ) -> Generator[Shown, None, None]:  # fmt: skip
        """A question: checked, then answered by the chosen models."""
        view = MapView(mode, layer, head, same)
        yield from self._ask(self._returned(visit, sent), question, variant, among, view, opacity, language)

    def on_suggestion(
        self, visit: Visit, sent: str, variant: str, among: str, mode: str, layer: str, head: str, same: bool,
        opacity: float, language: str, event: gr.EventData,
    ) -> Generator[Shown, None, None]:  # fmt: skip
        """A suggested question is asked."""
        visit = self._returned(visit, sent)
        question, view = visit.suggestions[int(event.pick)].question, MapView(mode, layer, head, same)
        yield from self._ask(visit, question, variant, "", view, opacity, language)

    def _returned(self, visit: Visit, sent: str) -> Visit:
        """The visit; where it gave way to others' in memory, one that begins anew with the photograph of before."""
        if visit.photo is None and sent:
            example = next((example for example in self.gallery.examples if example.name == sent), None)
            if example is not None:
                return self.opening.of_example(example)
            with contextlib.suppress(PhotoError):  # it was removed after its hour
                return self.opening.of_upload(uploaded_photo({"path": sent}), Path(sent).stem, sent)
        return visit

    def on_variant(
        self, visit: Visit, variant: str, among: str, mode: str, layer: str, head: str, same: bool, opacity: float,
        language: str,
    ) -> Generator[Shown, None, None]:  # fmt: skip
        """Other models were chosen: they answer the question that is shown."""
        if visit.turn is None:
            yield {self.visit: visit}
        else:
            view = MapView(mode, layer, head, same)
            yield from self._ask(visit, visit.turn.question, variant, among, view, opacity, language)

    def _ask(
        self, visit: Visit, question: str, variant: str, among: str, view: MapView, opacity: float, language: str
    ) -> Generator[Shown, None, None]:
        """Answers a question, and draws the map; where that is slow, the answer comes first."""
        problem = text(language, "photo.none") if visit.photo is None else question_problem(question, language)
        problem = problem or among_problem(among, self.predictor, language)
        if problem:
            yield self._problem(problem)
            return
        answers = allowed_answers(among) or None
        try:
            visit = visits.ask(visit, self.predictor, question, variant, replace(view, mode="off"), answers)
        except QuestionError as error:  # more tokens than the text encoder reads
            yield self._problem(str(error))
            return
        if len(visit.turn.predictions) > 1 and visit.ranking is None:
            visit = replace(visit, ranking=rank(self.gallery, visit.photo, visit.example))
        controls = {self.asked.question: visit.turn.question, self.asked.variant: variant}
        if view.mode == "occlusion":
            yield self._show(visit, opacity, language) | controls
        for shown in self._look(visit, view, opacity, language):
            yield shown | controls

    def _look(self, visit: Visit, view: MapView, opacity: float, language: str) -> Generator[Shown, None, None]:
        """Draws the maps of a view, and says how far it is where that is slow."""
        steps = visits.look_steps(visit, self.predictor, view)
        while True:
            try:
                done, count = next(steps)
            except StopIteration as end:
                yield self._show(end.value, opacity, language)
                return
            working = {self.look.working: gr.update(visible=True)}
            yield working | {self.look.progress: progress_html(done, count, language)}

    def on_view(
        self, visit: Visit, mode: str, layer: str, head: str, same: bool, opacity: float, language: str
    ) -> Generator[Shown, None, None]:
        """Another heatmap of the same answer."""
        yield from self._look(visit, MapView(mode, layer, head, same), opacity, language)

    def on_cancel(self, visit: Visit, language: str) -> Shown:
        """A slow map is not wanted any more: the one before stays."""
        back = {self.look.mode: visit.view.mode, self.look.working: gr.update(visible=False), self.look.progress: ""}
        return back | {self.notice: notice(text(language, "map.cancelled"))}

    def on_history(
        self, visit: Visit, mode: str, layer: str, head: str, same: bool, opacity: float, language: str,
        event: gr.EventData,
    ) -> Shown:  # fmt: skip
        """An earlier question is shown again, with a map that is quick to draw."""
        view = MapView("relevance" if mode == "occlusion" else mode, layer, head, same)
        visit = visits.recall(visit, self.predictor, int(event.pick), view)
        controls = {self.asked.question: visit.turn.question, self.look.mode: view.mode}
        return self._show(visit, opacity, language) | controls | {self.asked.variant: visit.turn.variant}

    def on_rival(self, visit: Visit, opacity: float, language: str, event: gr.EventData) -> Shown:
        """One of the answers was picked: the areas that speak for it are shown."""
        focus = Focus.parse(event.pick)
        if not visit.explanations:
            return {self.visit: visit}
        focus = focus if focus.index else Focus()
        visit = visits.compare_answers(visit, self.predictor, focus) if focus.index else replace(visit, focus=focus)
        return self._draw(visit, opacity, language)

    def on_line(self, visit: Visit, line: str, opacity: float, language: str) -> Shown:
        """A visitor's own line about the photo is ranked among its captions."""
        problem = text(language, "photo.none") if visit.photo is None else question_problem(line, language)
        if problem:
            return self._problem(problem)
        ranking = rank(self.gallery, visit.photo, visit.example, line.strip())
        return self._show(replace(visit, ranking=ranking), opacity, language)

    def on_heads(self, visit: Visit, opacity: float, language: str) -> tuple[Visit, str]:
        """All heads of the layer that is shown, as a gallery."""
        if not visit.explanations or visit.view.mode != "attention" or visit.view.layer == "rollout":
            return visit, ""
        visit = visits.look_at_heads(visit, self.predictor)
        return visit, heads_html(visit, opacity, language)

    def on_head(
        self, visit: Visit, mode: str, layer: str, head: str, same: bool, opacity: float, language: str,
        event: gr.EventData,
    ) -> Shown:  # fmt: skip
        """A head of the gallery is shown large; the gallery stays."""
        head = str(int(event.pick))
        looked = visits.look(visit, self.predictor, MapView(mode, layer, head, same))
        return self._show(replace(looked, heads=visit.heads), opacity, language) | {self.look.head: head}

    def on_test(self, visit: Visit, language: str) -> Generator[tuple[Visit, str], None, None]:
        """The shown maps are put to the test; how far that is, and then the result, appear under the button."""
        steps = visits.try_steps(visit, self.predictor)
        while True:
            try:
                done, count = next(steps)
            except StopIteration as end:
                yield end.value, verdicts_html(end.value, language)
                return
            yield visit, progress_html(done, count, language)

    def on_focus(self, visit: Visit, hiding: bool, opacity: float, language: str, event: gr.EventData) -> Shown:
        """A word, a piece or a spot was picked; a spot is covered where the visitor is hiding patches."""
        focus = Focus.parse(event.pick)
        if focus.kind == "spot" and hiding:
            return self._draw(visits.toggle(visit, focus.spot), opacity, language)
        if (
            focus.kind in ("rival", "against")
            and (focus.variant, visits.rival_answer(visit, focus)) not in visit.rivals
        ):
            return {self.visit: visit}
        return self._draw(replace(visit, focus=focus), opacity, language)

    def on_ask_without(self, visit: Visit, language: str) -> tuple[Visit, str]:
        """The question again, with the covered patches hidden from the models."""
        if not visit.hidden:
            return visit, notice(text(language, "hide.none"))
        visit = visits.ask_without(visit, self.predictor)
        return visit, hidden_html(visit, language)

    def on_clear(self, visit: Visit, opacity: float, language: str) -> Shown:
        """All patches are shown again."""
        return self._draw(replace(visit, hidden=frozenset(), without={}), opacity, language)

    def on_opacity(self, visit: Visit, opacity: float, language: str) -> Shown:
        return self._draw(visit, opacity, language)

    def on_describe(self, visit: Visit, variant: str, language: str) -> tuple[Visit, str, str]:
        """A sentence about the photograph."""
        if visit.photo is None:
            return visit, "", notice(text(language, "photo.none"), "warning")
        visit = visits.describe(visit, self.predictor, variant)
        return visit, descriptions_html(visit, language), ""

    def on_feedback(self, visit: Visit, right: str, language: str) -> tuple[Visit, str, str]:
        """What would have been right goes into the exported result, and nowhere else."""
        if visit.turn is not None:
            visit = visits.correct(visit, right[:NAME_CHARACTERS])
        return visit, answers_html(visit, language), _noted(visit, language)

    def on_language(self, visit: Visit, opacity: float, language: str) -> Shown:
        """Everything said so far, in the other language."""
        return self._show(visit, opacity, language)


def _noted(visit: Visit, language: str) -> str:
    """That a correction was noted, where one was."""
    if visit.turn is None or not visit.turn.right:
        return ""
    return notice(text(language, "feedback.kept", answer=visit.turn.right))


def _name(upload: dict) -> str:
    """What an uploaded file is called, without its suffix: an export names its photograph so."""
    return Path(str(upload.get("orig_name") or "photo")).stem[:NAME_CHARACTERS]
