"""How the page looks, and how its own pieces of HTML listen to mouse and keyboard."""

from pathlib import Path
from typing import Any

import gradio as gr

_HERE = Path(__file__).parent

STYLES = ("page.css", "ask.css", "ranking.css", "lab.css", "how.css")
CSS = "".join((_HERE / name).read_text(encoding="utf-8") for name in STYLES)
CHOICES_JS = (_HERE / "choices.js").read_text(encoding="utf-8")
MAPS_JS = CHOICES_JS + (_HERE / "maps.js").read_text(encoding="utf-8")

ANSWERED_JS = (_HERE / "answered.js").read_text(encoding="utf-8")
PAGE_JS = (_HERE / "page.js").read_text(encoding="utf-8")


def own_html(value: str = "", **props: Any) -> gr.HTML:
    """HTML in our own style alone; it sends events where `js_on_load` says so."""
    return gr.HTML(value, **{"elem_classes": "vqa", "apply_default_css": False, "js_on_load": "", **props})


def theme() -> gr.themes.Base:
    """Quiet greys with one accent, in the visitor's own system fonts: nothing is fetched."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.stone,
        font=["system-ui", "-apple-system", "Segoe UI", "Noto Sans", "Noto Sans CJK SC", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
        radius_size=gr.themes.sizes.radius_md,
    ).set(  # the defaults are too pale to read: contrast below 4.5
        color_accent="*primary_700",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
    )
