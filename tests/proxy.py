"""A reverse proxy that serves another server at a path of its own, and nothing beside it, as nginx would."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
BLOCK = 2**14
TIMEOUT = 120


@contextmanager
def behind(address: str, path: str) -> Iterator[tuple[str, list[str]]]:
    """The address at which `address` is served under `path`, and what was asked for outside of it."""
    inner, strays = urlsplit(address), []

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"  # the end of an answer is the end of its connection

        def _hand_on(self) -> None:
            if self.path == "/favicon.ico":  # the larger site's own, for which browsers ask at once
                self.send_response(204)
                self.end_headers()
                return
            if not self.path.startswith(f"{path}/"):
                strays.append(self.path)
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            ahead = http.client.HTTPConnection(inner.hostname, inner.port, timeout=TIMEOUT)
            ahead.request(self.command, self.path.removeprefix(path), body, dict(self.headers))
            answer = ahead.getresponse()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.end_headers()
            while block := answer.read1(BLOCK):  # as it comes: events are not collected
                self.wfile.write(block)
                self.wfile.flush()
            ahead.close()

        do_GET = do_POST = do_HEAD = _hand_on

        def log_message(self, *args) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{path}/", strays
    finally:
        server.shutdown()
        server.server_close()
