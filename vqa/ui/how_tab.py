"""The fourth tab: one example walked through the model, then the whole way, drawn and in formulas."""

from collections.abc import Callable

import gradio as gr

from vqa.explain.trace import trace
from vqa.ui.events import model_events, quick_events
from vqa.ui.gallery import Gallery
from vqa.ui.how import diagram_html, formulas
from vqa.ui.how_steps import STEPS, Walk
from vqa.ui.labels import Labels
from vqa.ui.style import own_html
from vqa.ui.texts import T, text

EXAMPLE, QUESTION = "cat", "what animal is this?"
LATEX = [{"left": "$$", "right": "$$", "display": True}, {"left": "$", "right": "$", "display": False}]


class HowTab:
    """Builds the tab inside `tab`; the example is walked through when the tab is first opened."""

    def __init__(self, gallery: Gallery, labels: Labels, language: gr.Radio, tab: gr.Tab, gpu: Callable):
        self.gallery, self.predictor = gallery, gallery.predictor
        self._walk: Walk | None = None
        self.opened = gr.State(False)
        quick = quick_events()
        labels.html(self._heading)
        self.steps: list[gr.HTML] = []
        with gr.Walkthrough(selected=1, elem_id="walk") as walkthrough:
            for number, name in enumerate(STEPS, start=1):
                with labels(gr.Step, label=T(f"how.step.{name}"), id=number):
                    self.steps.append(own_html(elem_id=f"how-{number}"))
                    with gr.Row(elem_classes="walk-buttons"):
                        for key, other in (("how.back", number - 1), ("how.next", number + 1)):
                            if 1 <= other <= len(STEPS):
                                name = f"walk-{number}-{other}"
                                look = {"size": "md", "scale": 0, "min_width": 120, "elem_id": name}
                                button = labels(gr.Button, value=T(key), **look)
                                quick(button.click, _select(other), None, [walkthrough])
        labels.html(lambda language: f"<h3>{text(language, 'how.all')}</h3>")
        labels.html(lambda language: diagram_html(self.predictor, language))
        labels.markdown(formulas, latex_delimiters=LATEX, elem_id="formulas")
        model = model_events(gpu)
        model(tab.select, self.on_open, [self.opened, language], [self.opened, *self.steps])
        quick(language.change, self.on_language, [self.opened, language], self.steps)

    def _heading(self, language: str) -> str:
        what = text(language, "how.walk.what", variant=text(language, self.predictor.variants[0]))
        return f"<h3>{text(language, 'how.walk')}</h3><p>{what}</p>"

    def on_open(self, opened: bool, language: str) -> tuple:
        return True, *([gr.skip()] * len(STEPS) if opened else self._draw(language))

    def on_language(self, opened: bool, language: str) -> list:
        return self._draw(language) if opened else [gr.skip()] * len(STEPS)

    def _draw(self, language: str) -> list[str]:
        self._walk = self._walk or walk(self.gallery)
        return [render(self._walk, language) for render in STEPS.values()]


def walk(gallery: Gallery) -> Walk:
    """The example's way through the first model."""
    predictor = gallery.predictor
    variant = predictor.variants[0]
    example = next((one for one in gallery.examples if one.name == EXAMPLE), gallery.examples[0])
    photo, question = predictor.encode(example.path), predictor.read(QUESTION)
    answer = predictor.ask(photo, question, variant).answer
    followed = trace(predictor.models[variant], predictor.processors[variant], photo.states, question, answer)
    cosines = {name: predictor.similarity(photo, question, name).cosine for name in predictor.variants}
    return Walk(photo.image, QUESTION, followed, variant, cosines)


def _select(number: int) -> Callable:
    return lambda: gr.Walkthrough(selected=number)
