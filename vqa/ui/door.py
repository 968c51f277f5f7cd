"""What stands between strangers and gradio: a request is judged by its size, shape and address, and then let in.

Gradio serves more than this page needs, reads bodies of any length, and believes the session that a request names.
Here only what the page and its three endpoints use is let through, with bodies that are bounded before they are read
as JSON, for functions that exist and with as many values as they take. The page's own events need a session that this
server gave out: who guesses a name finds nobody behind it. Nobody takes more than a part of the places there are, and
what is refused, or costs work, is answered to each at a measured pace.
"""

import asyncio
import hashlib
import hmac
import json
import re
import secrets
from collections import Counter
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vqa.common.uploads import NoRoom, Uploads
from vqa.processing.decoder import PROCESSES, Decoder
from vqa.ui.events import MODEL_QUEUE
from vqa.ui.guard import MAX_PATH, BriefLog, path_problem
from vqa.ui.pace import Pace, Turns, network

MAX_UPLOAD = 8 * 2**20  # bytes of a file
MAX_FORM = 32 * 2**20  # bytes of all files of one request
MAX_FILES = 32  # of one request: more than the lab compares, which says so itself
MAX_JSON = 2**18  # bytes: a thousand allowed answers are a tenth of it
MAX_MCP = MAX_UPLOAD * 4 // 3 + 2**16  # bytes: MCP clients send a photograph within a text
MOST_DRAINED = 2**23  # bytes of a request that is too large, which are thrown away
MAX_TEXT = 2**17  # characters of one value
MAX_DEPTH = 16
MAX_ENTRIES = 100  # of a list or an object
MAX_VALUES = 10_000  # of a body, lists and objects counted too
MAX_NAME = 255  # bytes of a part of a path, as file systems have it
UPLOAD_SECONDS, JSON_SECONDS = 60, 10  # for a body to arrive
UPLOADS_OF_A_VISITOR, UPLOADS_IN_ALL = 8, 256  # at once; the former wait for one another
QUESTIONS_OF_A_VISITOR = 8  # that wait at once
STREAMS_IN_ALL = 1024  # at once
SHARE = 2  # one address takes at most one half of each of these, whatever it calls itself
PRICES = {"refusal": 0.1, "page": 0.05, "upload": 0.05}  # in seconds, see `Pace`
UNREAD = (408, 413)  # refusals that leave something unread, which is not read any more
SESSION_HEADER = b"x-session"
API = "/gradio_api"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "frame-ancestors 'self' https://huggingface.co https://*.hf.space",
}
READ = re.compile(  # what is served to GET and HEAD
    r"/|/config/?|/theme\.css|/robots\.txt|/favicon\.ico|/manifest\.json|/pwa_icon|/healthz|/session|"
    r"/login_check/?|/(assets|static|svelte)/.+|"
    + API
    + r"/(info/?|openapi\.json|app_id/?|user/?|token/?|login_check/?|startup-events|theme\.css|heartbeat/[^/]+|"
    r"queue/data|queue/status|upload_progress|call/(v2/)?[^/]+/[^/]+|file=.+)"
)
PAGES = re.compile(r"/|/config/?|" + API + r"/(info/?|openapi\.json)")  # which are written anew for each who asks
STREAMS = re.compile(API + r"/(queue/data|heartbeat/.+|call/.+)")  # which stay open until there is an answer
WRITTEN = re.compile(API + r"/(upload|queue/join|call/(v2/)?[^/]+|cancel|reset)/?")
DIRECT = re.compile(API + r"/(run|api)/.*")
SESSION = re.compile(r"[\w-]{1,128}", re.ASCII)
FILE_NAME = re.compile(rb'filename="([^"\r\n]{1,200})')
SENDER, TURN = "vqa.sender", "vqa.turn"  # in a request's scope: gradio keeps the request with its question
Sender = tuple[str, str]  # a visitor, and their address
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SESSION_JS = """<script>
(() => {
    const plain = window.fetch.bind(window);
    const given = () => plain(new URL("session", document.baseURI)).then((reply) => reply.text());
    let session = given();
    let last = Promise.resolve();
    window.fetch = async (input, options = {}) => {
        const asked = input instanceof Request ? input : null;
        const url = new URL(asked ? asked.url : input, document.baseURI);
        if (url.origin !== location.origin || !url.pathname.includes("/gradio_api/")) return plain(input, options);
        const send = async () => {
            const headers = new Headers(options.headers || (asked ? asked.headers : {}));
            headers.set("X-Session", await session);
            return plain(input, {...options, headers});
        };
        const get = async () => {
            const reply = await send();
            if (reply.status !== 403 || reply.headers.get("X-Session") !== "ended") return reply;
            session = given();
            return send();
        };
        if (!url.pathname.endsWith("/queue/join")) return get();
        const joined = last.then(get);  // over several connections they would arrive in any order
        last = joined.catch(() => {});
        return joined;
    };
})();
</script>"""


class Refused(Exception):
    """A request is not let in: with this status, and in words that its sender can act on."""

    def __init__(self, status: int, words: str, headers: dict[str, str] | None = None):
        super().__init__(words)
        self.status, self.words, self.headers = status, words, headers


class Door:
    """ASGI middleware. `blocks` gives the page; `hosts` are the names that the server answers to, None for any."""

    def __init__(
        self,
        app: ASGIApp,
        blocks: Callable,
        uploads: Uploads,
        decoder: Decoder,
        log: BriefLog,
        hosts: frozenset[str] | None = None,
        mcp: bool = False,
    ):
        self.app, self.blocks, self.uploads, self.decoder, self.log = app, blocks, uploads, decoder, log
        self.hosts, self.mcp = hosts, mcp
        self._key = secrets.token_bytes(32)
        self._pace, self._turns = Pace(), Turns()
        self._streams: Counter[str] = Counter()
        self._uploading: Counter[Sender] = Counter()
        self._decodes: dict[str, asyncio.Lock] = {}  # by address
        self._decoding: anyio.CapacityLimiter | None = None
        self._turn: asyncio.Condition | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # gradio 6 has no other
            await send({"type": "websocket.close", "code": 1008})
            return
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        try:
            await self._serve(scope, receive, answer)
        except Refused as refused:
            response: Response = JSONResponse({"detail": refused.words}, refused.status, refused.headers)
            if refused.status in UNREAD:
                response.headers["Connection"] = "close"
            await self._wait(scope, "refusal")
        except ClientDisconnect:
            return
        except Exception as error:  # a fault of ours, or a request that gradio has no words for
            self.log.tell(f"{scope['method']} {scope['path'][:80]!r}", error)
            if started:
                return
            await self._wait(scope, "refusal")
            response = JSONResponse({"detail": "This request cannot be answered."}, 500)
        else:
            return
        await response(scope, receive, answer)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._check_host(scope)
        method, path = scope["method"], scope["path"].removeprefix(scope.get("root_path", ""))
        if self.mcp and path.startswith(f"{API}/mcp"):
            await self._bounded(scope, receive, send)
        elif method in ("GET", "HEAD") and READ.fullmatch(path):
            await self._read(path, scope, receive, send)
        elif method == "OPTIONS":
            await self.app(scope, receive, send)
        elif method == "POST" and DIRECT.fullmatch(path):
            raise Refused(404, f"Questions wait in a queue: send them to {API}/call/ask, see docs/api.md.")
        elif method == "POST" and WRITTEN.fullmatch(path):
            if path.rstrip("/") == f"{API}/upload":
                await (await self._upload(scope, receive))(scope, receive, send)
            else:
                body = await self._json(scope, receive)
                self._check_call(path.rstrip("/").removeprefix(API), body, scope)
                self._check_line(scope)
                try:
                    await self._hand_on(scope, receive, send, json.dumps(body).encode())
                except (KeyError, TypeError, ValueError) as error:  # gradio looks no closer at what is named
                    raise Refused(422, f"These are not the values of this function; see {API}/info.") from error
                self._take_turns()
        else:
            raise Refused(404, "There is nothing here.")

    # ---- who asks, and for whom ----

    def _check_host(self, scope: Scope) -> None:
        """Gradio builds addresses from what these headers say."""
        headers = Headers(scope=scope)
        scope["headers"] = [header for header in scope["headers"] if header[0] != b"x-gradio-server"]
        for name in ("host", "x-forwarded-host"):
            for value in headers.getlist(name):
                host = value.split(",")[0].strip()
                if not re.fullmatch(r"[\w.\-]+(:\d+)?|\[[\da-fA-F:.]+\](:\d+)?", host):
                    raise Refused(400, "This is no name of a host.")
                bare = host[1 : host.index("]")] if host.startswith("[") else host.split(":")[0]
                if self.hosts is not None and bare.lower() not in self.hosts:
                    raise Refused(400, "This server does not answer to that name; `--allowed-hosts` says to which.")

    def _session(self, scope: Scope) -> str | None:
        """The session that this server gave to who asks, None for none."""
        for name, value in scope["headers"]:
            if name == SESSION_HEADER:
                given, _, sign = value.decode("latin-1").partition(".")
                if hmac.compare_digest(self._sign(given).encode(), sign.encode("latin-1")):
                    return given
        return None

    def _sign(self, given: str) -> str:
        return hmac.new(self._key, given.encode("latin-1"), hashlib.sha256).hexdigest()

    def _sender(self, scope: Scope) -> Sender:
        """Whose files and questions count together: a session's, else an address's; and the address."""
        address = _address(scope)
        return self._session(scope) or address, address

    async def _wait(self, scope: Scope, what: str) -> None:
        """Waits where an address asks too fast for what has a price."""
        await asyncio.sleep(self._pace.charge(_address(scope), PRICES[what]))

    def _own(self, session_hash: str, scope: Scope) -> str:
        """The name under which gradio keeps a session: long, and only to be found by who was given it."""
        given = self._session(scope)
        if given is None:
            return session_hash
        return hashlib.sha256(f"{given}/{session_hash}".encode()).hexdigest()

    # ---- what is read ----

    async def _read(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        queue = self.blocks()._queue
        if path == "/healthz":
            await JSONResponse({"status": "ok"})(scope, receive, send)
            return
        if path == "/session":
            given = secrets.token_urlsafe(32)
            headers = {"Cache-Control": "no-store"}
            await PlainTextResponse(f"{given}.{self._sign(given)}", headers=headers)(scope, receive, send)
            return
        if path == f"{API}/upload_progress":  # files are small, and judged when they are whole
            headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
            await Response('data: {"msg": "done"}\n\n', headers=headers)(scope, receive, send)
            return
        if path.startswith(f"{API}/file=") and (problem := path_problem(path.removeprefix(f"{API}/file="))):
            raise Refused(403, problem)
        if len(path) > MAX_PATH or any(len(part.encode()) > MAX_NAME for part in path.split("/")):
            raise Refused(404, "There is nothing here.")
        if path.startswith(f"{API}/call/"):
            event = path.rsplit("/", 1)[-1]
            if event not in queue.event_ids_to_events and event not in queue.pending_messages_per_session:
                raise Refused(404, "There is no such event, or its result was read already.")
        if path == f"{API}/queue/data":
            session = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0]
            session = self._own(session, scope)
            if session not in queue.pending_messages_per_session:
                raise Refused(404, "There is no such session.")
            scope["query_string"] = urlencode({"session_hash": session}).encode()
        if path.startswith(f"{API}/heartbeat/"):
            session = path.rsplit("/", 1)[-1]
            if not SESSION.fullmatch(session):
                raise Refused(404, "There is no such session.")
            scope["path"] = scope["path"].removesuffix(session) + self._own(session, scope)
            scope["raw_path"] = scope["path"].encode("latin-1")
        if path.rstrip("/") in ("", "/config"):  # of what stands there, gradio looks for pages that there are not
            scope["query_string"] = b""
        if path.startswith(f"{API}/file="):  # a picture is sent whole
            scope["headers"] = [header for header in scope["headers"] if header[0] != b"range"]
        if path == "/" and scope["method"] == "GET":
            send = _with_script(send)
        if PAGES.fullmatch(path):
            await self._wait(scope, "page")
        if not STREAMS.fullmatch(path):
            await self.app(scope, receive, send)
            return
        address = _address(scope)
        if self._streams.total() >= STREAMS_IN_ALL or self._streams[address] >= STREAMS_IN_ALL // SHARE:
            raise Refused(503, "Too many wait for answers; try again in a minute.")
        self._streams[address] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            _count_down(self._streams, address)

    # ---- what is written ----

    async def _body(self, scope: Scope, receive: Receive, most: int, seconds: float) -> bytes:
        """A request's body. Raises `Refused` where it is larger than `most` bytes, or does not arrive.

        What is too much is thrown away as it comes, up to a limit: who is still sending would not hear the answer.
        """
        said, size, parts = int(Headers(scope=scope).get("content-length") or 0), 0, []
        try:
            async with asyncio.timeout(seconds):
                while max(size, said) <= max(most, MOST_DRAINED):
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ClientDisconnect
                    size += len(message.get("body", b""))
                    if size <= most:
                        parts.append(message.get("body", b""))
                    if not message.get("more_body"):
                        break
        except TimeoutError:
            raise Refused(408, f"The request did not arrive within {seconds:.0f} seconds.") from None
        if max(size, said) > most:
            raise Refused(413, f"The request is too large: at most {most // 1024} KB are read.")
        return b"".join(parts)

    async def _json(self, scope: Scope, receive: Receive) -> dict:
        """A request's body as an object of bounded size. Raises `Refused`."""
        body = await self._body(scope, receive, MAX_JSON, JSON_SECONDS)
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            raise Refused(400, "The body is not JSON.") from None
        if not isinstance(content, dict):
            raise Refused(422, "The body is not an object.")
        _check_values(content)
        return content

    async def _hand_on(self, scope: Scope, receive: Receive, send: Send, data: bytes) -> None:
        """Lets a request in whose body was read."""
        kept = [header for header in scope["headers"] if header[0] not in (b"content-length", b"transfer-encoding")]
        scope["headers"] = [*kept, (b"content-length", str(len(data)).encode())]
        handed = False

        async def replay() -> Message:
            nonlocal handed
            if handed:
                return await receive()
            handed = True
            return {"type": "http.request", "body": data, "more_body": False}

        await self.app(scope, replay, send)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What MCP clients send: no larger than a photograph, whatever it is."""
        if scope["method"] == "POST":
            body = await self._body(scope, receive, MAX_MCP, UPLOAD_SECONDS)
            await self._hand_on(scope, receive, send, body)
        else:
            await self.app(scope, receive, send)

    def _check_call(self, path: str, body: dict, scope: Scope) -> None:
        """Raises `Refused` for a function that does not exist, is not for strangers, or takes other values."""
        session = body.get("session_hash")
        if session is not None:
            if not isinstance(session, str) or not SESSION.fullmatch(session):
                raise Refused(422, "session_hash is a word of at most 128 letters and digits.")
            body["session_hash"] = self._own(session, scope)
        if path in ("/cancel", "/reset"):
            wanted = {"session_hash": str, "fn_index": int, "event_id": str} if path == "/cancel" else {"event_id": str}
            if any(type(body.get(name)) is not kind for name, kind in wanted.items()):
                raise Refused(422, f"The body holds {', '.join(wanted)}.")
            return
        functions = self.blocks().fns
        if path.startswith("/call/v2/"):
            self._public(path.removeprefix("/call/v2/"))
            return
        if path.startswith("/call/"):
            function = self._public(path.removeprefix("/call/"))
            for name in body.keys() - {"data", "session_hash"}:
                del body[name]
        else:
            index = body.get("fn_index")
            if type(index) is not int or index not in functions:
                raise Refused(422, "There is no function of this fn_index.")
            function = functions[index]
            if session is None:
                raise Refused(400, "session_hash is missing.")
            if function.api_visibility != "public" and self._session(scope) is None:
                words = "This function is for the page, in a session that this server gave. Reload the page."
                raise Refused(403, words, {"X-Session": "ended"})
            for name in body.keys() - {"data", "session_hash", "fn_index", "event_data", "trigger_id"}:
                del body[name]
            if type(body.get("trigger_id", 0)) not in (int, type(None)):
                raise Refused(422, "trigger_id is a number.")
        data = body.get("data")
        counts = {len(function.inputs), len([block for block in function.inputs if not block.skip_api])}
        if not isinstance(data, list) or len(data) not in counts:
            raise Refused(422, f"data is a list of {max(counts)} values for this function.")
        for block, value in zip(function.inputs, data, strict=False):
            if len(data) == max(counts) and getattr(block, "data_model", None) and not _is_payload(block, value):
                raise Refused(422, f"{block.label} is an object with the path of a file that was uploaded.")

    def _check_line(self, scope: Scope) -> None:
        """Raises `Refused` where a visitor's questions, or an address's, take more of the line than is theirs."""
        queue = self.blocks()._queue
        lines = (line.queue for line in queue.event_queue_per_concurrency_id.values())
        waiting = [event.request.scope.get(SENDER, ("", "")) for line in lines for event in line]
        visitor, address = scope[SENDER] = self._sender(scope)
        own, near = Counter(who for who, _ in waiting)[visitor], Counter(where for _, where in waiting)[address]
        if own >= QUESTIONS_OF_A_VISITOR or near >= queue.max_size // SHARE:
            raise Refused(429, "Too many of your questions wait for their answers; ask again when some are answered.")

    def _take_turns(self) -> None:
        """Puts those who came last where they belong in the line for the model: visitors take turns."""
        model = self.blocks()._queue.event_queue_per_concurrency_id.get(MODEL_QUEUE["concurrency_id"])
        line = model.queue if model else []
        scopes = [event.request.scope for event in line]
        for scope in scopes:
            if TURN not in scope:
                waiting = [other[TURN] for other in scopes if TURN in other]
                scope[TURN] = self._turns.take(*scope[SENDER], waiting)
        line.sort(key=lambda event: event.request.scope[TURN])

    def _public(self, name: str):
        for function in self.blocks().fns.values():
            if function.api_name == name and function.api_visibility == "public":
                return function
        raise Refused(404, "There is no endpoint of this name.")

    # ---- photographs ----

    async def _upload(self, scope: Scope, receive: Receive) -> Response:
        """The paths of the files that were sent. Each is decoded now, in a process of its own, so that a question about
        it finds the picture, or why there is none, and keeps no other question waiting.

        Until a file is whole and its size is known it lies in memory or without a name: nothing stays of one that
        was broken off, however the program ends.
        """
        await self._wait(scope, "upload")
        sender = visitor, address = self._sender(scope)
        self._decoding = self._decoding or anyio.CapacityLimiter(PROCESSES)
        self._turn = self._turn or asyncio.Condition()
        near = sum(count for (_, other), count in self._uploading.items() if other == address)
        if self._uploading.total() >= UPLOADS_IN_ALL or near >= UPLOADS_IN_ALL // SHARE:
            raise Refused(503, "Too many photographs arrive at once; try again in a minute.")
        async with self._turn:
            try:
                async with asyncio.timeout(UPLOAD_SECONDS):
                    await self._turn.wait_for(lambda: self._uploading[sender] < UPLOADS_OF_A_VISITOR)
            except TimeoutError:
                raise Refused(429, "Too many of your photographs arrive at once; try again in a minute.") from None
            self._uploading[sender] += 1
        one_at_a_time = self._decodes.setdefault(address, asyncio.Lock())
        try:
            files = await self._files(scope, receive)
            paths = []
            for name, data in files:
                async with one_at_a_time:
                    if await Request(scope, receive).is_disconnected():
                        raise ClientDisconnect
                    decoded = await anyio.to_thread.run_sync(self.decoder.pack, data, limiter=self._decoding)
                path = await anyio.to_thread.run_sync(self.uploads.store, visitor, name, data, decoded)
                paths.append(str(path))
        except NoRoom as full:
            raise Refused(507, str(full)) from full
        finally:
            async with self._turn:
                _count_down(self._uploading, sender)
                if not any(other == address for _, other in self._uploading):
                    self._decodes.pop(address, None)
                self._turn.notify_all()
        self.blocks().upload_file_set.update(paths)
        return JSONResponse(paths)

    async def _files(self, scope: Scope, receive: Receive) -> list[tuple[str, bytes]]:
        """Names and contents of the files of a form. Raises `Refused`."""
        head, size, most = b"", 0, MAX_FORM + 2**16  # and what stands between files
        headers = Headers(scope=scope)
        said = int(headers.get("content-length") or 0)
        if not headers.get("content-type", "").startswith("multipart/form-data"):
            raise Refused(400, "Photographs are sent as multipart/form-data.")

        async def stream():
            nonlocal head, size
            async for part in Request(scope, receive).stream():
                head, size = (head + part)[:4096], size + len(part)
                if max(size, said) > most:
                    raise too_large(None)
                yield part

        def too_large(name: str | None) -> Refused:
            if name is None:
                found = FILE_NAME.search(head)
                name = found[1].decode("utf-8", "replace") if found else "the file"
            most_mb = f"{MAX_UPLOAD // 2**20} MB, {MAX_FORM // 2**20} MB together,"
            return Refused(413, f"{name[:100]} is too large: photographs of up to {most_mb} are read.")

        parser = MultiPartParser(headers, stream(), max_files=MAX_FILES, max_fields=8, max_part_size=2**12)
        try:
            async with asyncio.timeout(UPLOAD_SECONDS):
                form = await parser.parse()
        except TimeoutError:
            raise Refused(408, f"The photograph did not arrive within {UPLOAD_SECONDS} seconds.") from None
        except (MultiPartException, KeyError, UnicodeError) as error:
            raise Refused(400, f"This form cannot be read: {str(error)[:200]}") from error
        except OSError as error:
            raise NoRoom("The server has no room for this photograph now; try again later.") from error
        files = []
        try:
            for file in form.getlist("files"):
                if isinstance(file, str):
                    raise Refused(400, "The field `files` holds a file each.")
                if file.size > MAX_UPLOAD:
                    raise too_large(file.filename)
                files.append((file.filename or "", await file.read()))
        finally:
            await form.close()
        if not files:
            raise Refused(400, "The form has no field `files`.")
        return files


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return network(client[0]) if client else ""


def _count_down(counts: Counter, key: object) -> None:
    """Takes one away, and forgets the key with the last."""
    counts[key] -= 1
    if not counts[key]:
        del counts[key]


def _check_values(content: dict) -> None:
    """Raises `Refused` where there are too many values, or one is too deep within, too long, or a path that none is."""
    left, count = [(content, 0)], 0
    while left:
        value, depth = left.pop()
        if depth > MAX_DEPTH:
            raise Refused(422, "The body is nested too deeply.")
        if isinstance(value, str) and len(value) > MAX_TEXT:
            raise Refused(413, f"A text is too long: at most {MAX_TEXT} characters are read.")
        if not isinstance(value, (list, dict)):
            continue
        count += len(value)
        if len(value) > MAX_ENTRIES or count > MAX_VALUES:
            raise Refused(422, f"A list has more than {MAX_ENTRIES} entries, or all lists more than {MAX_VALUES}.")
        if isinstance(value, dict):
            _check_paths(value)
        left += ((entry, depth + 1) for entry in (value.values() if isinstance(value, dict) else value))


def _check_paths(value: dict) -> None:
    for name in ("path", "url"):
        given = value.get(name)
        if given is not None and (not isinstance(given, str) or len(given) > MAX_PATH):
            raise Refused(422, f"A {name} is a text of at most {MAX_PATH} characters.")
    if isinstance(value.get("path"), str) and (problem := path_problem(value["path"])):
        raise Refused(422, problem)


def _is_payload(block: object, value: object) -> bool:
    """Whether a file component takes a value: an object or nothing, a list of objects where it holds several."""
    if getattr(block, "file_count", "single") == "multiple" and isinstance(value, list):
        return all(isinstance(entry, dict) for entry in value)
    return isinstance(value, dict | None)


def _with_script(send: Send) -> Send:
    """Puts the script that asks for a session into the page's head."""
    held: list[Message] = []

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            held.append(message)
            return
        held.append(message)
        if message.get("more_body"):
            return
        start, *parts = held
        page = b"".join(part.get("body", b"") for part in parts)
        page = page.replace(b"<head>", b"<head>" + SESSION_JS.encode(), 1)
        headers = MutableHeaders(scope=start)
        if "content-length" in headers:
            headers["content-length"] = str(len(page))
        await send(start)
        await send({"type": "http.response.body", "body": page, "more_body": False})

    return answer
