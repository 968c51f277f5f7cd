"""What the page must not do for strangers: fetch an address they name, or tell them more than they should read."""

from pathlib import Path
from typing import Any

import gradio as gr
from gradio import processing_utils
from gradio.utils import get_upload_folder

from vqa.processing.photos import PhotoError


def fetch_nothing() -> None:
    """Gradio downloads a file that a client names by its address; this program sends no request for anyone."""

    async def refuse(url: str, *args: Any, **kwargs: Any) -> str:
        raise refusal("Addresses are not fetched. Send the photograph itself.")

    processing_utils.async_ssrf_protected_download = refuse


def uploaded_path(upload: dict | None) -> str | None:
    """The file behind an image component's raw payload, None for none. Raises `PhotoError`.

    Events take the payload raw (`preprocess=False`), for gradio would open the file in its own way before we do.
    Gradio checks that a file was uploaded only where the payload is marked as a file, which a forged one need not be.
    """
    if not upload:
        return None
    path = upload.get("path")
    if not path or not Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve()):
        raise PhotoError("Send the photograph as a file.")
    return path


def refusal(message: object) -> gr.Error:
    """An error that the caller reads and the log does not."""
    return gr.Error(str(message), print_exception=False)
