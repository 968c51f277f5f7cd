"""Starting the page and stopping it: one place for the options that keep it private and quiet."""

import contextlib
import ctypes
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gradio as gr
from gradio.queueing import Queue
from gradio.utils import get_upload_folder
from starlette.middleware import Middleware

from vqa.common.uploads import EVERY, Uploads
from vqa.ui.door import LOOPBACK, Door
from vqa.ui.guard import BriefLog, decoder, fetch_nothing, tell_briefly
from vqa.ui.sessions import Sessions
from vqa.ui.style import CSS, theme

FAVICON = str(Path(__file__).parent / "favicon.svg")
IDLE_SECONDS = 30  # that a connection may wait for a request to come, all of its head
UNREAD_SECONDS = 300  # that an answer may wait to be read
Wait = tuple[float, Any, int]  # since when a connection waits, after which request, and with how many bytes unread


def serve(
    page: gr.Blocks,
    server_name: str = "127.0.0.1",
    uploads: Uploads | None = None,
    hosts: Iterable[str] = (),
    **options: Any,
) -> str:
    """Starts the page without waiting and returns its address. `options` go to gradio's `launch`.

    Raises `OSError` where it cannot listen at `server_name` and the option `server_port` (0 for any that is free).
    It answers to `hosts`; without these to any name where other machines reach it, and else to this machine's own.
    `uploads` is the folder that `GRADIO_TEMP_DIR` names.
    """
    if options.get("server_port") is not None:
        options["server_port"] = free_port(server_name, options["server_port"])
    log = BriefLog()
    fetch_nothing()
    tell_briefly(log)
    uploads = uploads or Uploads(Path(get_upload_folder()))
    uploads.folder.mkdir(parents=True, exist_ok=True)
    public = urlsplit(options.get("root_path") or "").hostname  # where a whole address is given for it
    known = answered_hosts(server_name, [*hosts, public] if public else hosts, bool(options.get("share")))
    door = {
        "blocks": lambda: page,
        "uploads": uploads,
        "decoder": decoder,
        "log": log,
        "hosts": known,
        "mcp": bool(options.get("mcp_server")),
    }
    app, address, _ = page.launch(
        **{
            "server_name": f"[{server_name}]" if ":" in server_name else server_name,
            "theme": theme(),
            "css": CSS,
            "footer_links": ["api", "settings"],
            "favicon_path": FAVICON,
            "head": icon(options.get("root_path") or ""),
            "show_error": False,
            "run_history": False,
            "enable_monitoring": False,
            "ssr_mode": False,
            "prevent_thread_lock": True,
            "app_kwargs": {"middleware": [Middleware(Door, **door)]},
            **options,
        }
    )
    keep_no_statistics(page._queue)
    sessions = Sessions()
    sessions.set_blocks(page)
    app.state_holder = sessions
    threading.Thread(target=_sweep, args=(page, uploads, log), daemon=True).start()
    threading.Thread(target=_hang_up, args=(page,), daemon=True).start()
    return address


def keep_no_statistics(queue: Queue) -> None:
    """After each event gradio makes a table of the last 10,000, which takes milliseconds and nobody reads here."""
    queue.ANALYTICS_MAX_EVENTS = 1
    queue.compute_analytics_summary = lambda records: queue.cached_event_analytics_summary


def icon(root_path: str) -> str:
    """Where the page's icon is, for browsers that looked for it at the root of the whole site."""
    return f'<link rel="icon" type="image/svg+xml" href="{escape(root_path)}/favicon.ico">'


def answered_hosts(server_name: str, hosts: Iterable[str], share: bool = False) -> frozenset[str] | None:
    """The names that requests may give the server, in lower case; None for any."""
    named = {host.lower() for host in hosts}
    if named:
        return frozenset(named | LOOPBACK | {server_name.lower()})
    is_local = server_name.lower() in LOOPBACK or server_name.startswith("127.")
    return frozenset(LOOPBACK | {server_name.lower()}) if is_local and not share else None


def free_port(host: str, port: int) -> int:
    """The port, or one that is free for 0. Raises `OSError` where nothing can listen there."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind(address)
        return tried.getsockname()[1]


def _sweep(page: gr.Blocks, uploads: Uploads, log: BriefLog) -> None:
    """Removes old uploads as long as the page is served, and what gradio noted of events that nobody reads."""
    while page.is_running:
        try:
            uploads.sweep()
        except OSError as error:  # of this round: the next one tries again
            log.tell("Old uploads could not all be removed", error)
        time.sleep(EVERY)
        queue = page._queue
        for session in queue.pending_event_ids_session.keys() - set(queue.pending_messages_per_session):
            queue.pending_event_ids_session.pop(session, None)


def _hang_up(page: gr.Blocks) -> None:
    """Ends connections on which nothing comes or goes, as long as the page is served."""
    since: dict[Any, Wait] = {}
    while time.sleep(IDLE_SECONDS / 3) is None and page.is_running:
        since = end_idle(list(page.server.server_state.connections), since, time.monotonic())
        give_memory_back()


def give_memory_back() -> None:
    """Asks the C library for what it holds and nobody uses: uploads leave megabytes behind, scattered over threads."""
    with contextlib.suppress(OSError, AttributeError):  # it is glibc's own
        ctypes.CDLL(None).malloc_trim(0)


def end_idle(connections: Iterable[Any], since: Mapping[Any, Wait], now: float) -> dict[Any, Wait]:
    """Ends those of uvicorn's connections that wait too long for a request, or for someone to read an answer.

    `since` says when each began to wait, and is returned anew. Uvicorn itself waits for ever for the first request.
    An answer that is not complete waits to be written, or to be read: as long as what is unread changes, it is read.
    """
    waiting = {}
    for connection in connections:
        cycle, unread = connection.cycle, connection.transport.get_write_buffer_size()
        if not unread and cycle is not None and not cycle.response_complete:
            continue
        wait = since.get(connection)
        if wait is None or wait[1] is not cycle or wait[2] != unread:
            wait = (now, cycle, unread)
        waiting[connection] = wait
        if now - wait[0] > (UNREAD_SECONDS if unread else IDLE_SECONDS):
            connection.loop.call_soon_threadsafe(connection.transport.abort)
    return waiting
