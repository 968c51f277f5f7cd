"""Starting the page: one place for the options that keep it private and quiet."""

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi.responses import JSONResponse
from starlette.routing import Route

from vqa.ui.guard import fetch_nothing
from vqa.ui.style import CSS, theme

FAVICON = str(Path(__file__).parent / "favicon.svg")
MAX_UPLOAD = "8mb"
SESSIONS = 100  # visitors whose photograph is kept in memory at once, about 4 MB each


def serve(page: gr.Blocks, **options: Any) -> str:
    """Starts the page without waiting and returns its address. `options` go to gradio's `launch`."""
    fetch_nothing()
    app, address, _ = page.launch(
        **{
            "theme": theme(),
            "css": CSS,
            "footer_links": ["api", "settings"],
            "favicon_path": FAVICON,
            "head": icon(options.get("root_path") or ""),
            "max_file_size": MAX_UPLOAD,
            "state_session_capacity": SESSIONS,
            "show_error": False,
            "run_history": False,
            "enable_monitoring": False,
            "ssr_mode": False,
            "prevent_thread_lock": True,
            **options,
        }
    )
    app.router.routes.insert(0, Route("/healthz", _health))  # before gradio's own routes, of which one takes any path
    return address


def icon(root_path: str) -> str:
    """Where the page's icon is, for browsers that looked for it at the root of the whole site."""
    return f'<link rel="icon" type="image/svg+xml" href="{escape(root_path)}/favicon.ico">'


async def _health(request) -> JSONResponse:
    return JSONResponse({"status": "ok"})
