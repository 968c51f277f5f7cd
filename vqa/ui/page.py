"""The page: four tabs over one predictor. Nothing of a visitor is kept outside the visitor's own session."""

import json
from collections.abc import Callable
from pathlib import Path

import gradio as gr

from vqa.inference.predictor import VQAPredictor
from vqa.ui.api import Api
from vqa.ui.ask_tab import AskTab
from vqa.ui.contrasts import load_contrast
from vqa.ui.events import quick_events
from vqa.ui.gallery import Gallery, load_examples
from vqa.ui.how_tab import HowTab
from vqa.ui.lab_tab import LabTab
from vqa.ui.labels import Labels
from vqa.ui.markup import esc
from vqa.ui.results import read_results, results_html
from vqa.ui.style import PAGE_JS
from vqa.ui.texts import LANGUAGES, TEXTS, T, text

QUEUE_SIZE = 32
SET_LANGUAGE_JS = f"""(language) => {{
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
    document.title = {json.dumps(dict(zip(LANGUAGES, TEXTS["title"], strict=True)), ensure_ascii=False)}[language];
    return [language];
}}"""
LANGUAGE_KEY = "vqa-language"  # in the browser's storage; there is nothing to keep secret in it


def build_page(
    predictor: VQAPredictor, weights: Path | None = None, gpu: Callable = lambda handler: handler
) -> gr.Blocks:
    """The whole page. `weights` is where eval.json files lie; `gpu` wraps handlers that run a model (ZeroGPU)."""
    labels, names = Labels(), predictor.variants
    results, contrast = read_results(weights, names), load_contrast(weights)
    gallery = Gallery(predictor, load_examples())
    with gr.Blocks(title=TEXTS["title"][0], analytics_enabled=False) as page:
        with gr.Row(elem_id="masthead"):
            labels.html(_heading)
            language = gr.Radio(
                [(name, code) for code, name in LANGUAGES.items()],
                value="en",
                label=" / ".join(TEXTS["language"]),
                show_label=False,
                container=False,
                elem_id="language",
            )
        kept = gr.BrowserState("", storage_key=LANGUAGE_KEY, secret=LANGUAGE_KEY)
        with gr.Tabs():
            with labels(gr.Tab, label=T("tab.ask"), id="ask"):
                _title(labels, "tab.ask")
                ask = AskTab(predictor, gallery, contrast, labels, language, gpu)
            with labels(gr.Tab, label=T("tab.lab"), id="lab") as lab:
                _title(labels, "tab.lab")
                LabTab(gallery, results, labels, language, lab, gpu)
            with labels(gr.Tab, label=T("tab.results"), id="results"):
                _title(labels, "tab.results")
                labels.html(lambda language: results_html(results, names, language), elem_id="results")
            with labels(gr.Tab, label=T("tab.how"), id="how") as how:
                _title(labels, "tab.how")
                HowTab(gallery, labels, language, how, gpu)
        Api(predictor, gpu)
        quick = quick_events()
        quick(language.change, labels.updates, [language], labels.components, js=SET_LANGUAGE_JS)
        quick(language.input, lambda chosen: chosen, [language], [kept])
        opened = [language, ask.link, ask.extras.among, *ask.shown]
        ask.follow(ask.quick(page.load, ask.on_load, [ask.visit, kept], opened))
        page.load(None, js=PAGE_JS)
    return page.queue(max_size=QUEUE_SIZE, api_open=False)


def _heading(language: str) -> str:
    return f"<h1>{esc(text(language, 'title'))}</h1><p>{esc(text(language, 'subtitle'))}</p>"


def _title(labels: Labels, key: str) -> None:
    """A tab's name as a heading: for screen readers, who see no tab that is chosen."""
    labels.html(lambda language: f'<h2 class="unseen">{esc(text(language, key))}</h2>')
