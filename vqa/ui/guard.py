"""What the page must not do for strangers: fetch an address they name, open a file that they did not send, or tell
them, and the log, more than these should read."""

import logging
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
from gradio import processing_utils, queueing, utils
from gradio.utils import get_upload_folder
from PIL import Image

from vqa.common.uploads import decoded_of, mark_used
from vqa.processing.decoder import Decoder, unpack
from vqa.processing.photos import PhotoError

MAX_PATH = 4096  # characters, as on Linux
ADDRESS = re.compile(r"\s*([a-z][a-z0-9+.\-]+:|//|\\\\)", re.IGNORECASE)  # one letter is a drive
LINES_A_MINUTE = 20  # that requests may add to the log
decoder = Decoder()  # of the whole program: its processes start when the first photograph comes
UNFIT = "This cannot be answered: the values are not what the function takes, or the server failed."


def fetch_nothing() -> None:
    """Gradio downloads what a client names by its address; this program sends no request for anyone.

    All its ways there go through one package, which is closed; the first is closed before, and says why.
    """

    async def refuse(*args: Any, **kwargs: Any) -> Any:
        raise refusal("Addresses are not fetched. Send the photograph itself.")

    processing_utils.async_ssrf_protected_download = refuse
    processing_utils.sh.get = refuse
    processing_utils.sh.async_validate_url = refuse


class BriefLog:
    """Lines on what went wrong, so many a minute: strangers don't fill a disk."""

    def __init__(self, lines: int = LINES_A_MINUTE, clock: Callable[[], float] = time.monotonic):
        self.lines, self.clock = lines, clock
        self._since, self._told = clock(), 0

    def tell(self, what: str, error: BaseException | None) -> None:
        """One line: what failed, the kind of error, and where it was raised."""
        if self._has_room():
            place = error.__traceback__ if error else None
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            at = f" at {place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
            print(f"{what[:120]}: {type(error).__name__}{at}", file=sys.stderr)

    def filter(self, record: logging.LogRecord) -> bool:
        """Of what the HTTP server itself logs of bad requests, what there is room for; see `logging.Filter`."""
        return record.levelno < logging.WARNING or self._has_room()

    def _has_room(self) -> bool:
        """Counts one more line, and says once a minute how many there was no room for."""
        now = self.clock()
        if now - self._since >= 60:
            if self._told > self.lines:
                print(f"{self._told - self.lines} more requests failed.", file=sys.stderr)
            self._since, self._told = now, 0
        self._told += 1
        return self._told <= self.lines


def tell_briefly(log: BriefLog) -> None:
    """An event that fails writes a line to the log, not a traceback, and the one who asked reads a sentence."""
    logging.getLogger("uvicorn.error").addFilter(log.filter)
    queueing.error_payload = error_payload
    queueing.traceback = SimpleNamespace(print_exc=lambda: log.tell("An event failed", sys.exception()))


def error_payload(error: BaseException | None, show_error: bool) -> dict[str, Any]:
    """What gradio tells of an error: its words where they are meant for the one who asked, else that there are none."""
    content = utils.error_payload(error, show_error)
    return content if error is None or content.get("error") else content | {"error": UNFIT}


def path_problem(path: str) -> str:
    """Why no file is looked for at a path; empty where one is."""
    if len(path) > MAX_PATH or "\0" in path:
        return f"A path has at most {MAX_PATH} characters, none of them empty."
    return "Addresses are not fetched. Send the photograph itself." if ADDRESS.match(path) else ""


def uploaded_path(upload: dict | None) -> str | None:
    """The file behind an image component's raw payload, None for none. Raises `PhotoError`.

    Events take the payload raw (`preprocess=False`), for gradio would open the file in its own way before we do.
    Gradio checks that a file was uploaded only where the payload is marked as a file, which a forged one need not be.
    """
    if not upload:
        return None
    path = upload.get("path") if isinstance(upload, dict) else None
    if not isinstance(path, str) or not path or path_problem(path):
        raise PhotoError("Send the photograph as a file.")
    if not Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve()):
        raise PhotoError("Send the photograph as a file.")
    return path


def uploaded_photo(upload: dict | None) -> Image.Image | None:
    """The photograph behind an image component's raw payload, decoded apart; None for none. Raises `PhotoError`.

    It was decoded as it came in; here, where others wait, only the examples are.
    """
    path = uploaded_path(upload)
    if path is None:
        return None
    mark_used(Path(path))
    packed = decoded_of(Path(path))
    return decoder.open(path) if packed is None else unpack(packed)


def refusal(message: object) -> gr.Error:
    """An error that the caller reads and the log does not."""
    return gr.Error(str(message), print_exception=False)
