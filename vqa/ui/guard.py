"""What the page must not do for strangers: fetch an address they name, or tell them more than they should read."""

from typing import Any

import gradio as gr
from gradio import processing_utils

from vqa.photos import PhotoError


def fetch_nothing() -> None:
    """Gradio downloads a file that a client names by its address; this program sends no request for anyone."""

    async def refuse(url: str, *args: Any, **kwargs: Any) -> str:
        raise gr.Error("Addresses are not fetched. Send the photograph itself.")

    processing_utils.async_ssrf_protected_download = refuse


def uploaded_path(upload: dict | None) -> str | None:
    """The file behind an image component's raw payload, None for none. Raises `PhotoError`.

    Events take the payload raw (`preprocess=False`), for gradio would open the file in its own way before we do.
    Gradio itself has checked by then that the file is one that was uploaded.
    """
    if not upload:
        return None
    path = upload.get("path")
    if not path:
        raise PhotoError("Send the photograph as a file.")
    return path
