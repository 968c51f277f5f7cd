"""The first tab: a photo, a question, the answer, and where the model looked."""

import contextlib
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

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
from vqa.ui.held import Held, Shown, at_once, in_turn
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


class AskTab:
    """Builds the tab inside an open `gr.Tab`. Event handlers take and return one visitor's `Visit`, nothing shared.

    What a visitor types or chooses is never overwritten by an answer that was asked for before: the events of asking
    leave those controls alone, and `answered.js` brings them in line where the visitor did not touch them.
    """

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
        self.visit = gr.State(Held(Visit()), time_to_live=VISIT_SECONDS)
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
        run = model_events(gpu, partial(in_turn, state=self.visit, stopped=self._not_working))
        self.quick = quick = quick_events(partial(at_once, state=self.visit))

        def model(trigger: Callable, handler: Callable, inputs: list, **options):
            # Asked for while an answer is on its way, everything waits its turn.
            options = {"show_progress_on": [self.answers], "trigger_mode": "multiple", **options}
            return run(trigger, handler, [self.visit, *inputs], shown, **options)

        answering = [
            model(self.photos.photo.input, self.on_photo, [self.photos.photo, *scene], preprocess=False),
            model(self.photos.examples.click, self.on_example, wanted),
            *(
                model(box.submit, self.on_ask, [self.sent, asked.question, *wanted])
                for box in (asked.question, self.extras.among)
            ),
            model(self.suggestions.click, self.on_suggestion, [self.sent, *wanted]),
            model(asked.variant.input, self.on_variant, wanted),
            model(self.history.click, self.on_history, [*look.view, *scene]),
            model(self.link.change, self.on_link, [self.link, *wanted]),
        ]
        for event in answering:
            self.follow(event)
        for control in look.view:  # of several choices in a row, the last one counts
            hidden = {"show_progress": "hidden", "trigger_mode": "always_last"}
            model(control.input, self.on_view, [*look.view, *scene], **hidden)
        quick_events()(look.cancel.click, self.on_cancel, [self.visit, language], shown)
        model(self.answers.click, self.on_rival, scene)
        model(self.captions.line.submit, self.on_line, [self.captions.line, *scene])
        model(look.heads_button.click, self.on_heads, scene, show_progress_on=[self.heads])
        model(self.heads.click, self.on_head, [*look.view, *scene])
        model(tries.test.click, self.on_test, [language], show_progress="hidden", trigger_mode="once")
        model(tries.ask.click, self.on_ask_without, [language], show_progress_on=[tries.hidden])
        model(
            self.extras.describe.click, self.on_describe, [asked.variant, language],
            show_progress_on=[self.extras.description],
        )  # fmt: skip
        for component in (self.stage, self.words):
            quick(component.click, self.on_focus, [self.visit, tries.hiding, *scene], pictures, trigger_mode="multiple")
        quick(tries.clear.click, self.on_clear, [self.visit, *scene], pictures)
        quick(look.opacity.release, self.on_opacity, [self.visit, *scene], pictures, trigger_mode="always_last")
        quick(
            self.feedback.right.submit, self.on_feedback, [self.visit, self.feedback.right, language],
            [self.visit, self.answers, self.feedback.noted], trigger_mode="multiple",
        )  # fmt: skip
        quick(language.change, self.on_language, [self.visit, *scene], shown)
        self.shown = shown

    def follow(self, event: Any) -> None:
        """After `event`, box and button say which question and model are shown, unless the visitor changed them."""
        followers = [self.asked.question, self.asked.variant]
        event.then(None, followers, followers, js=ANSWERED_JS, api_visibility="private")

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
            look.head: gr.update(interactive=visit.view.layer != "rollout"),
            self.experiments.column: gr.update(visible=bool(visit.explanations)),
            self.experiments.tested: verdicts_html(visit, language),
            **self._not_working(),
        }

    def _problem(self, message: str) -> Shown:
        """A reason why nothing was done; all else stays."""
        return {self.notice: notice(message, "warning")}

    # What a visitor does

    def on_load(self, visit: Visit, stored: str, request: gr.Request) -> Shown:
        """The page opens: with what its address asks for, else with the finished result that all visitors share.

        A visitor may have been faster: then the page shows what they chose.
        """
        link = Link.parse(
            request.query_params, [example.name for example in self.gallery.examples], self.predictor.variants
        )
        language = link.language or stored or language_of(request.headers.get("accept-language"))
        opened = {self.language: language, self.link: link if link.example else Link()}
        if link.example:
            return opened | {
                self.asked.variant: link.variant or self.predictor.variants[0],
                self.extras.among: link.among,
            }
        if visit.photo is None:
            visit = self.opening.visit()
        return opened | self._show(visit, self.look.opacity.value, language)

    def on_link(
        self, visit: Visit, link: Link, variant: str, among: str, mode: str, layer: str, head: str, same: bool,
        opacity: float, language: str,
    ) -> Generator[Shown, None, None]:  # fmt: skip
        """The page was opened by a link: its example is asked its question, unless the visitor was faster."""
        example = next((example for example in self.gallery.examples if example.name == link.example), None)
        if example is None or visit.photo is not None:
            yield {self.notice: ""}
            return
        visit = self.opening.of_example(example)
        question = link.question or visit.suggestions[0].question
        variant, view = link.variant or variant, MapView(mode, layer, head, same)
        yield from self._ask(visit, question, variant, link.among, view, opacity, language)

    def on_example(
        self, visit: Visit, variant: str, among: str, mode: str, layer: str, head: str, same: bool, opacity: float,
        language: str, event: gr.EventData,
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
        return self._show(visit, opacity, language) | {self.photos.photo: None}

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
        """A suggested question is asked: the one that was on the button, whatever is suggested by now."""
        view = MapView(mode, layer, head, same)
        yield from self._ask(self._returned(visit, sent), str(event.pick), variant, "", view, opacity, language)

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

    def _question_problem(self, visit: Visit, question: str, language: str) -> str:
        """Why nothing can be asked, or said, of the photo; empty where it can."""
        if visit.photo is None:
            return text(language, "photo.none")
        return question_problem(question, self.predictor, language)

    def _ask(
        self, visit: Visit, question: str, variant: str, among: str, view: MapView, opacity: float, language: str
    ) -> Generator[Shown, None, None]:
        """Answers a question, and draws the map; where that is slow, the answer comes first."""
        problem = self._question_problem(visit, question, language)
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
        if view.mode == "occlusion":
            yield self._show(visit, opacity, language)
        yield from self._look(visit, view, opacity, language)

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

    def on_cancel(self, held: Held, language: str) -> Shown:
        """A slow map is not wanted any more: the one before stays. What waits behind it is still done."""
        held.is_cancelled = True
        said = {self.look.mode: held.visit.view.mode, self.notice: notice(text(language, "map.cancelled"))}
        return self._not_working() | said

    def _not_working(self) -> Shown:
        """Nothing slow is under way."""
        return {self.look.working: gr.update(visible=False), self.look.progress: ""}

    def on_history(
        self, visit: Visit, mode: str, layer: str, head: str, same: bool, opacity: float, language: str,
        event: gr.EventData,
    ) -> Shown:  # fmt: skip
        """An earlier question is shown again, with a map that is quick to draw."""
        questions = [turn.question for turn in visit.turns]
        if event.pick not in questions:  # another photograph was chosen meanwhile
            return {self.visit: visit}
        view = MapView("relevance" if mode == "occlusion" else mode, layer, head, same)
        visit = visits.recall(visit, self.predictor, questions.index(event.pick), view)
        quicker = {self.look.mode: view.mode} if mode != view.mode else {}
        return self._show(visit, opacity, language) | quicker

    def on_rival(self, visit: Visit, opacity: float, language: str, event: gr.EventData) -> Shown:
        """One of the answers was picked: the areas that speak for it are shown."""
        focus = Focus.parse(event.pick)
        if focus.variant not in visit.explanations:  # others answer by now
            return {self.visit: visit}
        focus = focus if focus.index else Focus()
        visit = visits.compare_answers(visit, self.predictor, focus) if focus.index else replace(visit, focus=focus)
        return self._draw(visit, opacity, language)

    def on_line(self, visit: Visit, line: str, opacity: float, language: str) -> Shown:
        """A visitor's own line about the photo is ranked among its captions."""
        problem = self._question_problem(visit, line, language)
        if problem:
            return self._problem(problem)
        ranking = rank(self.gallery, visit.photo, visit.example, line.strip())
        return self._show(replace(visit, ranking=ranking), opacity, language)

    def on_heads(self, visit: Visit, opacity: float, language: str) -> Shown:
        """All heads of the layer that is shown, as a gallery."""
        if not visit.explanations or visit.view.mode != "attention" or visit.view.layer == "rollout":
            return {self.heads: ""}
        visit = visits.look_at_heads(visit, self.predictor)
        return {self.visit: visit, self.heads: heads_html(visit, opacity, language)}

    def on_head(
        self, visit: Visit, mode: str, layer: str, head: str, same: bool, opacity: float, language: str,
        event: gr.EventData,
    ) -> Shown:  # fmt: skip
        """A head of the gallery is shown large; the gallery stays."""
        head = str(int(event.pick))
        looked = visits.look(visit, self.predictor, MapView(mode, layer, head, same))
        return self._show(replace(looked, heads=visit.heads), opacity, language) | {self.look.head: head}

    def on_test(self, visit: Visit, language: str) -> Generator[Shown, None, None]:
        """The shown maps are put to the test; how far that is, and then the result, appear under the button."""
        steps = visits.try_steps(visit, self.predictor)
        while True:
            try:
                done, count = next(steps)
            except StopIteration as end:
                yield {self.visit: end.value, self.experiments.tested: verdicts_html(end.value, language)}
                return
            yield {self.experiments.tested: progress_html(done, count, language)}

    def on_focus(self, visit: Visit, hiding: bool, opacity: float, language: str, event: gr.EventData) -> Shown:
        """A word, a piece or a spot was picked; a spot is covered where the visitor is hiding patches."""
        focus = Focus.parse(event.pick)
        if focus.kind == "spot" and hiding:
            return self._draw(visits.toggle(visit, focus.spot), opacity, language)
        if focus.kind in ("rival", "against") and not visits.has_rival(visit, focus):
            return {self.visit: visit}
        return self._draw(replace(visit, focus=focus), opacity, language)

    def on_ask_without(self, visit: Visit, language: str) -> Shown:
        """The question again, with the covered patches hidden from the models."""
        if not visit.hidden:
            return {self.experiments.hidden: notice(text(language, "hide.none"))}
        visit = visits.ask_without(visit, self.predictor)
        return {self.visit: visit, self.experiments.hidden: hidden_html(visit, language)}

    def on_clear(self, visit: Visit, opacity: float, language: str) -> Shown:
        """All patches are shown again."""
        return self._draw(replace(visit, hidden=frozenset(), without={}), opacity, language)

    def on_opacity(self, visit: Visit, opacity: float, language: str) -> Shown:
        return self._draw(visit, opacity, language)

    def on_describe(self, visit: Visit, variant: str, language: str) -> Shown:
        """A sentence about the photograph."""
        if visit.photo is None:
            return self._problem(text(language, "photo.none")) | {self.extras.description: ""}
        visit = visits.describe(visit, self.predictor, variant)
        return {self.visit: visit, self.extras.description: descriptions_html(visit, language), self.notice: ""}

    def on_feedback(self, visit: Visit, right: str, language: str) -> Shown:
        """What would have been right goes into the exported result, and nowhere else."""
        if visit.turn is not None:
            visit = visits.correct(visit, right[:NAME_CHARACTERS])
        noted = _noted(visit, language)
        return {self.visit: visit, self.answers: answers_html(visit, language), self.feedback.noted: noted}

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
