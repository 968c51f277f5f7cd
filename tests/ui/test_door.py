"""Requests are judged before gradio sees them."""

import asyncio
import itertools
import json
import logging
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.testclient import TestClient

from tests.hostile import form
from vqa.common.uploads import Uploads, decoded_of
from vqa.ui import door as doors
from vqa.ui.door import MAX_DEPTH, MAX_ENTRIES, MAX_FILES, MAX_JSON, MAX_TEXT, MAX_UPLOAD, MAX_VALUES, Door
from vqa.ui.guard import MAX_PATH, BriefLog, tell_briefly
from vqa.ui.serve import IDLE_SECONDS, UNREAD_SECONDS, answered_hosts, end_idle

API = "/gradio_api"


def function(api_name: str, inputs: int, visibility: str = "public", states: int = 0) -> SimpleNamespace:
    blocks = [SimpleNamespace(skip_api=number < states) for number in range(inputs)]
    return SimpleNamespace(api_name=api_name, inputs=blocks, api_visibility=visibility)


class House:
    """What lies behind the door: it remembers who came in."""

    def __init__(self, tmp_path, **options):
        self.seen: list[dict] = []
        self.decoded: list[bytes] = []
        self.error: Exception | None = None
        self.line: list[SimpleNamespace] = []  # the events that wait
        lines = {"model": SimpleNamespace(queue=self.line)}
        queue = SimpleNamespace(
            event_ids_to_events={"known": 1},
            pending_messages_per_session={},
            event_queue_per_concurrency_id=lines,
            max_size=32,
        )
        self.page = SimpleNamespace(
            fns={0: function("ask", 5), 1: function("on_photo", 2, "private"), 2: function("with_state", 3, states=1)},
            _queue=queue,
            upload_file_set=set(),
        )
        self.uploads = Uploads(tmp_path / "uploads")
        self.door = Door(self.app, lambda: self.page, self.uploads, self, BriefLog(), **options)
        self.door._pace.clock = itertools.count(0.0, 10.0).__next__  # nobody asks too fast
        self.client = TestClient(self.door, base_url="http://127.0.0.1:7860", raise_server_exceptions=False)

    async def app(self, scope, receive, send) -> None:
        request = Request(scope, receive)
        if self.error:
            raise self.error
        if "/call/" in scope["path"] and scope["method"] == "POST":
            self.line.append(SimpleNamespace(request=request))
        body = await request.body()
        self.seen.append(
            {
                "path": scope["path"],
                "query": scope["query_string"].decode(),
                "body": json.loads(body) if body else None,
                "headers": dict(request.headers),
            }
        )
        is_page = scope["path"] == "/"
        await (HTMLResponse("<html><head></head></html>") if is_page else JSONResponse({}))(scope, receive, send)

    def pack(self, data: bytes) -> bytes:
        self.decoded.append(data)
        return b"of " + data[:9]

    def post(self, path: str, body: object, **options):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(API + path, content=content, **options)

    def upload(self, *files: tuple[str, bytes], **options):
        return self.client.post(f"{API}/upload", files=[("files", file) for file in files], **options)


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


def told(reply, status: int) -> str:
    assert reply.status_code == status, reply.text
    assert "Traceback" not in reply.text and len(reply.text) < 400
    return reply.json()["detail"]


# ---- which addresses there are ----


@pytest.mark.parametrize(
    "path",
    ["/", "/config", "/theme.css", "/assets/a.js", f"{API}/info", f"{API}/startup-events", f"{API}/file=/a/b.jpg"],
)
def test_what_the_page_needs_is_let_through(house, path):
    assert house.client.get(path).status_code == 200 and house.seen[0]["path"] == path


@pytest.mark.parametrize(
    "path",
    [
        f"{API}/proxy=https://a.hf.space/",
        f"{API}/stream/a/b/c/playlist.m3u8",
        f"{API}/deep_link",
        f"{API}/file/etc/passwd",
        f"{API}/vibe-code",
        f"{API}/runs",
        "/monitoring/summary",
        "/no/such/thing",
    ],
)
def test_what_it_does_not_need_is_not_there(house, path):
    told(house.client.get(path), 404)
    assert not house.seen


@pytest.mark.parametrize("path", ["/component_server", "/process_recording", "/vibe-edit", "/stream/a", "/monitoring"])
def test_nothing_else_can_be_sent(house, path):
    told(house.post(path, {}), 404)
    assert not house.seen


@pytest.mark.parametrize("path", ["/run/ask", "/api/ask", "/run/on_photo/"])
def test_there_is_no_way_past_the_queue(house, path):
    assert "queue" in told(house.post(path, {"data": [None] * 5}), 404) and not house.seen


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/a.jpg",
        "https://example.org/a.jpg",
        "HTTP://169.254.169.254/latest/meta-data",
        "http:/example.org/a.jpg",
        "file:///etc/passwd",
        "ftp://example.org/a",
        "gopher://example.org/a",
        "//example.org/a",
        "\\\\example.org\\a",
        " http://example.org/a.jpg",
        "data:image/png;base64,AAAA",
    ],
)
def test_no_address_is_let_in_as_a_file(house, address):
    assert "not fetched" in told(house.client.get(f"{API}/file={address}"), 403)
    body = {"data": [{"path": address, "meta": {"_type": "gradio.FileData"}}, "what?", "", 3, ""]}
    assert "not fetched" in told(house.post("/call/ask", body), 422)
    assert not house.seen


def test_long_paths_and_paths_with_a_null_are_no_files(house):
    told(house.client.get(f"{API}/file=" + "a/" * MAX_PATH), 403)
    told(house.client.get(f"{API}/file=a%00b"), 403)


@pytest.mark.parametrize("path", ["/assets/" + "a/" * MAX_PATH, "/assets/" + "a" * 256, f"{API}/file=/" + "猫" * 86])
def test_names_that_no_file_can_have_are_not_looked_for(house, path):
    told(house.client.get(path), 404)
    assert not house.seen and house.client.get("/assets/" + "a" * 255).status_code == 200


# ---- how large a request may be ----


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ({"path": "a/" * 50_000}, 422),
        ({"path": "a/b\0c"}, 422),
        ({"path": ["a"]}, 422),
        ({"path": {"path": "a"}}, 422),
        ({"path": 7}, 422),
        ({"path": "a", "url": "x" * 5000}, 422),
        ("x" * (MAX_TEXT + 1), 413),
        (["x"] * (MAX_ENTRIES + 1), 422),
        ({str(number): 1 for number in range(MAX_ENTRIES + 1)}, 422),
        (json.loads("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2)), 422),
        ([[[]] * MAX_ENTRIES for _ in range(MAX_VALUES // MAX_ENTRIES)], 422),
    ],
    ids=range(11),
)
def test_values_are_bounded(house, value, status):
    told(house.post("/call/ask", {"data": [value, "what?", "", 3, ""]}), status)
    told(house.post("/queue/join", {"data": [value, "", "", 3, ""], "fn_index": 0, "session_hash": "a"}), status)
    told(house.post("/call/v2/ask", {"photo": value}), status)
    assert not house.seen


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"data": [' + b"9" * 10_000 + b"]}",
        b"\0" * 99,
    ],
)
def test_what_is_no_json_is_told_so(house, body):
    assert "JSON" in told(house.post("/call/ask", body), 400)
    told(house.post("/call/ask", b"[1, 2]"), 422)
    assert not house.seen


def test_a_large_body_is_refused_by_what_it_says_and_by_what_it_is(house):
    read = []

    def endless():
        for _ in range(1000):
            read.append(1)
            yield bytes(MAX_JSON // 4)

    refused = house.post("/call/ask", bytes(MAX_JSON + 1))
    assert "too large" in told(refused, 413) and refused.headers["connection"] == "close"
    assert "too large" in told(house.client.post(f"{API}/call/ask", content=endless()), 413)
    assert len(read) > 4 and not house.seen  # who sends no more than a few megabytes is heard out


def receiver(*messages: dict | float):
    """ASGI's `receive`; a number waits for so many seconds. After all of them nothing comes."""
    left = iter(messages)

    async def receive() -> dict:
        message = next(left, 3600.0)
        if not isinstance(message, dict):
            await asyncio.sleep(message)
            return await receive()
        return message

    return receive


def scope_of(path: str, headers: dict[str, str], address: str = "127.0.0.1") -> dict:
    """What uvicorn tells of a request."""
    pairs = [(name.encode(), value.encode()) for name, value in {"host": "127.0.0.1", **headers}.items()]
    scope = {"type": "http", "method": "POST", "path": API + path, "query_string": b"", "headers": pairs}
    return scope | {"client": (address, 1), "scheme": "http", "server": ("127.0.0.1", 1)}


def answer_to(door: Door, path: str, receive, headers: dict[str, str] = {}) -> list[dict]:  # noqa: B006
    sent = []

    async def send(message: dict) -> None:
        sent.append(message)

    asyncio.run(door(scope_of(path, headers), receive, send))
    return sent


@pytest.mark.parametrize("path", ["/call/ask", "/upload"])
def test_a_body_that_does_not_arrive_is_not_waited_for(house, monkeypatch, path):
    monkeypatch.setattr(doors, "JSON_SECONDS", 0.05)
    monkeypatch.setattr(doors, "UPLOAD_SECONDS", 0.05)
    head = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\nabc'
    slow = receiver({"type": "http.request", "body": head, "more_body": True}, 60.0)
    sent = answer_to(house.door, path, slow, {"content-type": "multipart/form-data; boundary=edge"})
    assert sent[0]["status"] == 408 and b"did not arrive" in sent[1]["body"] and not house.uploads.folder.exists()


@pytest.mark.parametrize("path", ["/call/ask", "/upload"])
def test_one_who_goes_away_leaves_nothing(house, path, tmp_path, capsys):
    head = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n' + b"a" * 2**21
    gone = receiver({"type": "http.request", "body": head, "more_body": True}, {"type": "http.disconnect"})
    assert answer_to(house.door, path, gone, {"content-type": "multipart/form-data; boundary=edge"}) == [] or path != (
        "/upload"
    )
    assert not house.seen and not list(tmp_path.rglob("*")) and capsys.readouterr().err == ""
    assert house.upload(("a.jpg", b"x")).status_code == 200  # the place is free again


def test_nothing_is_decoded_for_one_who_hung_up(house, tmp_path):
    body, kind = form("a.jpg", b"x")
    gone = receiver({"type": "http.request", "body": body, "more_body": False}, {"type": "http.disconnect"})
    assert answer_to(house.door, "/upload", gone, {"content-type": kind}) == []
    assert not house.decoded and not list(tmp_path.rglob("*.jpg")) and not house.door._decodes
    assert house.upload(("a.jpg", b"x")).status_code == 200


# ---- which functions there are, and for whom ----


def test_a_call_comes_in_as_it_was_sent(house):
    photo = {"path": "/tmp/a.jpg", "meta": {"_type": "gradio.FileData"}}
    body = {"data": [photo, "what is this? 猫", "aligned", 3, "a\nb"]}
    assert house.post("/call/ask", body).status_code == 200
    assert house.seen[0]["body"] == body and house.seen[0]["path"] == f"{API}/call/ask"
    joined = body | {"fn_index": 0, "session_hash": "f00", "event_data": None, "trigger_id": 7}
    assert house.post("/queue/join", joined | {"batched": True, "event_id": "x"}).status_code == 200
    assert house.seen[1]["body"] == joined


def test_values_of_the_visitors_session_may_be_left_out(house):
    for count, status in ((1, 422), (2, 200), (3, 200), (4, 422)):
        assert house.post("/call/with_state", {"data": [None] * count}).status_code == status


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/call/ask", {"data": ["cat.jpg", "what?"]}, 422),
        ("/call/ask", {"data": "abcde"}, 422),
        ("/call/ask", {}, 422),
        ("/call/nothing", {"data": []}, 404),
        ("/call/on_photo", {"data": [None, None]}, 404),
        ("/call/v2/on_photo", {}, 404),
        ("/call/v2/nothing", {}, 404),
        ("/queue/join", {"data": [], "fn_index": 999, "session_hash": "a"}, 422),
        ("/queue/join", {"data": [], "fn_index": -1, "session_hash": "a"}, 422),
        ("/queue/join", {"data": [], "fn_index": "0", "session_hash": "a"}, 422),
        ("/queue/join", {"data": [], "fn_index": True, "session_hash": "a"}, 422),
        ("/queue/join", {"data": [], "session_hash": "a"}, 422),
        ("/queue/join", {"data": [None] * 5, "fn_index": 0}, 400),
        ("/queue/join", {"data": [None] * 5, "fn_index": 0, "session_hash": 7}, 422),
        ("/queue/join", {"data": [None] * 5, "fn_index": 0, "session_hash": "a" * 200}, 422),
        ("/queue/join", {"data": [None] * 5, "fn_index": 0, "session_hash": "a", "trigger_id": "x"}, 422),
        ("/queue/join", {"data": [None] * 2, "fn_index": 1, "session_hash": "a"}, 403),
        ("/cancel", {"session_hash": "a"}, 422),
        ("/reset", {"event_id": 7}, 422),
    ],
)
def test_what_does_not_fit_is_told(house, path, body, status):
    told(house.post(path, body), status)
    assert not house.seen


def test_the_pages_events_need_a_session_that_the_server_gave(house):
    body = {"data": [None, None], "fn_index": 1, "session_hash": "guessed"}
    first, second = (house.client.get("/session").text for _ in range(2))
    assert len(first) > 64 and first != second
    for forged in ("", "guessed", first[:-1], first.split(".")[0], "a." + first.split(".")[1], first + "0", "é."):
        reply = house.post("/queue/join", body, headers={"X-Session": forged.encode()})
        assert reply.status_code == 403 and reply.headers["x-session"] == "ended"
    for given in (first, second):
        assert house.post("/queue/join", body, headers={"X-Session": given}).status_code == 200
    names = [request["body"]["session_hash"] for request in house.seen]
    assert len(set(names)) == 2 and all(len(name) == 64 for name in names) and "guessed" not in names


def test_a_session_is_found_again_by_its_owner_alone(house):
    given = {"X-Session": house.client.get("/session").text}
    house.post("/queue/join", {"data": [None, None], "fn_index": 1, "session_hash": "a1"}, headers=given)
    own = house.seen[0]["body"]["session_hash"]
    house.page._queue.pending_messages_per_session[own] = []
    assert house.client.get(f"{API}/queue/data?session_hash=a1", headers=given).status_code == 200
    assert house.client.get(f"{API}/heartbeat/a1", headers=given).status_code == 200
    house.post("/cancel", {"session_hash": "a1", "fn_index": 1, "event_id": "e"}, headers=given)
    assert house.seen[1]["query"] == f"session_hash={own}" and house.seen[2]["path"] == f"{API}/heartbeat/{own}"
    assert house.seen[3]["body"]["session_hash"] == own
    told(house.client.get(f"{API}/queue/data?session_hash=a1"), 404)
    told(house.client.get(f"{API}/queue/data?session_hash=a1", headers={"X-Session": "x.y"}), 404)


def test_results_that_nobody_waits_for_are_not_looked_for(house):
    assert house.client.get(f"{API}/call/ask/known").status_code == 200
    told(house.client.get(f"{API}/call/ask/guessed"), 404)
    told(house.client.get(f"{API}/queue/data"), 404)


def test_values_that_gradio_does_not_know_are_told(house, capsys):
    house.error = ValueError("Parameter `nonsense` is not a valid key-word argument.")
    assert "not the values" in told(house.post("/call/v2/ask", {"nonsense": 1}), 422)
    assert capsys.readouterr().err == ""


def test_what_gradio_stumbles_over_is_dropped(house):
    house.client.get("/?page=nothing&deep_link=x")
    house.client.get("/config?page=nothing")
    house.client.get(f"{API}/file=/a/b.jpg", headers={"Range": "bytes=1-2-3"})
    assert [request["query"] for request in house.seen] == ["", "", ""]
    assert "range" not in house.seen[2]["headers"]


# ---- what each may take of it ----


def from_address(address: str) -> dict[str, str]:
    """How a test's client comes from elsewhere: `TestClient` has one address for all."""
    return {"X-Test-Address": address}


@pytest.fixture
def town(house) -> House:
    """A house whose visitors come from the addresses that they name."""
    door = house.door

    async def placed(scope, receive, send) -> None:
        named = dict(scope["headers"]).get(b"x-test-address")
        await door(scope | ({"client": (named.decode(), 1)} if named else {}), receive, send)

    house.client = TestClient(placed, base_url="http://127.0.0.1:7860")
    return house


QUESTION = {"data": [None, "what?", "", 3, ""]}


def test_nobody_holds_the_line(town):
    """A visitor has eight places, an address half of them all, whatever sessions it was given."""

    def ask(address: str, session: str = "") -> int:
        headers = from_address(address) | ({"X-Session": session} if session else {})
        return town.post("/call/ask", QUESTION, headers=headers).status_code

    sessions = [town.client.get("/session").text for _ in range(3)]
    assert [ask("192.0.2.1") for _ in range(9)] == [200] * 8 + [429]
    assert [ask("192.0.2.1", sessions[0]) for _ in range(9)] == [200] * 8 + [429]
    assert ask("192.0.2.1", sessions[1]) == 429
    assert ask("192.0.2.2") == ask("192.0.2.3", sessions[2]) == 200
    body = QUESTION | {"fn_index": 0, "session_hash": "a"}
    assert "wait for their answers" in told(town.post("/queue/join", body, headers=from_address("192.0.2.1")), 429)
    assert "wait for their answers" in told(town.post("/call/v2/ask", {}, headers=from_address("192.0.2.1")), 429)
    town.line.clear()  # when they are answered, there is room again
    assert ask("192.0.2.1", sessions[1]) == 200


def test_visitors_take_turns(town):
    for address in ("192.0.2.1",) * 3 + ("192.0.2.2", "192.0.2.3", "192.0.2.2"):
        assert town.post("/call/ask", QUESTION, headers=from_address(address)).status_code == 200
    assert [event.request.client.host[-1] for event in town.line] == list("123121")
    town.error = ValueError()  # who was not let in has no turn less
    told(town.post("/call/ask", QUESTION, headers=from_address("192.0.2.4")), 422)
    town.error = None
    town.post("/call/ask", QUESTION, headers=from_address("192.0.2.4"))
    assert [event.request.client.host[-1] for event in town.line] == list("1234121")


def test_nobody_holds_all_streams(town, monkeypatch):
    monkeypatch.setattr(doors, "STREAMS_IN_ALL", 4)
    path = f"{API}/heartbeat/a"
    town.door._streams.update({"192.0.2.1": 2, "192.0.2.2": 1})
    assert "Too many" in told(town.client.get(path, headers=from_address("192.0.2.1")), 503)
    assert town.client.get(path, headers=from_address("192.0.2.2")).status_code == 200
    assert town.door._streams == {"192.0.2.1": 2, "192.0.2.2": 1}
    town.door._streams["192.0.2.3"] = 1
    assert "Too many" in told(town.client.get(path, headers=from_address("192.0.2.4")), 503)


def test_nobody_sends_all_photographs(town, monkeypatch):
    monkeypatch.setattr(doors, "UPLOADS_IN_ALL", 4)
    town.door._uploading.update({("a session", "192.0.2.1"): 1, ("another", "192.0.2.1"): 1})
    assert "Too many" in told(town.upload(("a.jpg", b"x"), headers=from_address("192.0.2.1")), 503)
    assert town.upload(("a.jpg", b"x"), headers=from_address("192.0.2.2")).status_code == 200
    assert len(town.door._uploading) == 2 and not town.door._decodes


def test_an_addresss_photographs_are_decoded_one_after_the_other(house):
    """Of the processes that decode, nobody holds more than one, whatever sessions they were given."""
    sessions = iter([{"x-session": house.client.get("/session").text} for _ in range(3)] + [{}, {}])
    at_once, most = Counter(), Counter()

    def pack(data: bytes) -> bytes:
        at_once[data] += 1
        most[data] = max(most[data], at_once[data])
        most["all"] = max(most["all"], at_once.total())
        time.sleep(0.05)
        at_once[data] -= 1
        return data

    house.decoder = house.door.decoder = SimpleNamespace(pack=pack)
    body, kind = form("a.jpg", b"x")
    other = form("a.jpg", b"y")[0]
    sent: list[dict] = []

    async def send(message: dict) -> None:
        sent.append(message)

    async def arrive() -> None:
        await asyncio.gather(
            *(
                house.door(
                    scope_of("/upload", {"content-type": kind} | next(sessions), address),
                    receiver({"type": "http.request", "body": data, "more_body": False}),
                    send,
                )
                for address, data in [("192.0.2.1", body)] * 3 + [("192.0.2.2", other)] * 2
            )
        )

    asyncio.run(arrive())
    assert [message["status"] for message in sent if "status" in message] == [200] * 5
    assert most == {b"x": 1, b"y": 1, "all": 2}


def test_who_asks_in_vain_without_end_waits(house, monkeypatch):
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(doors.asyncio, "sleep", sleep)
    house.door._pace.clock = lambda: 100.0
    for _ in range(12):
        told(house.client.get("/nothing"), 404)
    assert waits[:10] == pytest.approx([0.0] * 10) and waits[10:] == pytest.approx([0.1, 0.2])
    house.error = RuntimeError()
    told(house.client.get("/assets/a"), 500)
    assert waits[-1] == pytest.approx(0.3)
    house.error = None
    for path in ("/", "/config", f"{API}/info", f"{API}/openapi.json"):  # what costs work does so too
        assert house.client.get(path).status_code == 200
    assert waits[-4:] == pytest.approx([0.35, 0.4, 0.45, 0.5])
    assert house.upload(("a.jpg", b"x")).status_code == 200 and 0.55 in [round(wait, 9) for wait in waits]
    count = len(waits)
    assert house.post("/call/ask", QUESTION).status_code == house.client.get("/assets/a").status_code == 200
    assert len(waits) == count


# ---- names of the server ----


def test_by_default_a_local_server_has_local_names():
    local = frozenset({"localhost", "127.0.0.1", "::1"})
    assert answered_hosts("127.0.0.1", ()) == answered_hosts("::1", ()) == answered_hosts("localhost", ()) == local
    assert answered_hosts("0.0.0.0", ()) is answered_hosts("::", ()) is answered_hosts("127.0.0.1", (), True) is None
    assert answered_hosts("0.0.0.0", ["Vqa.Example.org"]) == local | {"vqa.example.org", "0.0.0.0"}


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host"])
def test_other_names_are_refused(tmp_path, header):
    house = House(tmp_path, hosts=answered_hosts("127.0.0.1", ["vqa.example.org"]))
    for name in ("vqa.example.org", "VQA.example.org:443", "localhost:7860", "[::1]:7860", "127.0.0.1"):
        assert house.client.get("/config", headers={header: name}).status_code == 200, name
    for name in ("evil.example.org", "vqa.example.org.evil.org", "169.254.169.254", "[::2]", "evil.org, localhost"):
        assert "--allowed-hosts" in told(house.client.get("/config", headers={header: name}), 400)
    for name in ("a b", "<script>", "a/b", "user@localhost", "localhost:x", ""):
        told(house.client.get("/config", headers={header: name}), 400)


def test_a_session_is_of_latin_letters(house):
    told(house.client.get(f"{API}/heartbeat/%E5%AD%97"), 404)


def test_what_else_would_name_the_server_is_dropped(house):
    house.client.get("/config", headers={"X-Gradio-Server": "http://evil.example.org"})
    assert "x-gradio-server" not in house.seen[0]["headers"]


# ---- what an answer carries ----


def test_every_answer_carries_the_headers(house):
    for reply in (house.client.get("/"), house.client.get("/nothing"), house.client.get("/healthz"), house.upload()):
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "same-origin"
        policy = reply.headers["content-security-policy"]
        assert policy == "frame-ancestors 'self' https://huggingface.co https://*.hf.space"


def test_the_page_asks_for_a_session(house):
    page = house.client.get("/")
    assert page.text.startswith("<html><head><script>") and page.headers["content-length"] == str(len(page.content))
    assert house.client.head("/").text == ""


def test_a_fault_is_one_line_in_the_log_and_a_sentence_for_who_asked(house, capsys):
    house.error = RuntimeError("secret of the house")
    for _ in range(100):
        assert "secret" not in told(house.post("/call/ask", {"data": [None] * 5}), 500)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 20 and all("RuntimeError at" in line and "secret" not in line for line in lines)


def test_the_log_takes_so_many_lines_a_minute(capsys):
    now = [0.0]
    log = BriefLog(lines=2, clock=lambda: now[0])
    for _ in range(5):
        log.tell("x" * 500, ValueError())
    now[0] = 61.0
    log.tell("y", None)
    lines = capsys.readouterr().err.splitlines()
    assert [line[0] for line in lines] == ["x", "x", "3", "y"] and max(map(len, lines)) < 200


def test_what_the_server_logs_of_bad_requests_counts_too(capsys):
    log, logger = BriefLog(lines=2, clock=lambda: 0.0), logging.getLogger("uvicorn.error")
    before = list(logger.filters)
    tell_briefly(log)
    try:
        records = [
            logger.makeRecord(logger.name, level, "", 0, "x", (), None) for level in (logging.WARNING, logging.INFO) * 4
        ]
        assert [bool(logger.filter(record)) for record in records] == [True] * 4 + [False, True] * 2
        log.tell("x", ValueError())
        assert capsys.readouterr().err == ""
    finally:
        logger.filters[:] = before


# ---- photographs ----


def test_a_photograph_is_kept_and_decoded_before_anyone_asks(house):
    paths = house.upload(("cat.jpg", b"meow"), ("dog.jpg", b"woof")).json()
    assert [Path(path).read_bytes() for path in paths] == [b"meow", b"woof"] == house.decoded
    assert house.page.upload_file_set == set(paths)
    assert [decoded_of(Path(path)) for path in paths] == [b"of meow", b"of woof"]


def test_a_file_that_is_too_large_is_named(house):
    assert house.upload(("just fits.jpg", bytes(MAX_UPLOAD))).status_code == 200
    assert told(house.upload(("my cat.jpg", bytes(MAX_UPLOAD + 1))), 413).startswith("my cat.jpg is too large")
    assert told(house.upload(("b.jpg", bytes(2 * MAX_UPLOAD))), 413).startswith("b.jpg is too large")
    assert len(house.decoded) == 1


def test_a_request_has_so_many_files(house):
    told(house.upload(*[(f"{number}.jpg", b"x") for number in range(MAX_FILES + 1)]), 400)
    told(house.client.post(f"{API}/upload", data={"files": "no file"}), 400)
    told(house.client.post(f"{API}/upload", content=b"x", headers={"Content-Type": "text/plain"}), 400)
    told(house.client.post(f"{API}/upload", content=b"x", headers={"Content-Type": "multipart/form-data"}), 400)
    for boundary in ("edge", "x" * 5000, "é"):
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}".encode()}
        told(house.client.post(f"{API}/upload", content=b"--edge\r\nbroken", headers=kind), 400)
    assert not house.decoded


def test_a_full_disk_is_told(house, monkeypatch):
    def full(*args):
        raise doors.NoRoom("The server has no room for this photograph now; try again later.")

    monkeypatch.setattr(house.uploads, "store", full)
    assert "no room" in told(house.upload(("a.jpg", b"x")), 507)


def test_sessions_and_addresses_count_apart(house):
    given = {"X-Session": house.client.get("/session").text}
    visitors = []
    store = house.uploads.store
    house.uploads.store = lambda visitor, *rest: visitors.append(visitor) or store(visitor, *rest)
    for headers in ({}, given, {}, given, {"X-Session": "forged.0"}):
        house.upload(("a.jpg", b"x"), headers=headers)
    assert visitors[0] == visitors[2] == visitors[4] == "testclient" != visitors[1] == visitors[3]


def test_too_many_at_once_are_told_to_wait(house, monkeypatch):
    monkeypatch.setattr(doors, "UPLOADS_IN_ALL", 0)
    assert "Too many" in told(house.upload(("a.jpg", b"x")), 503)
    monkeypatch.setattr(doors, "UPLOADS_IN_ALL", 9)
    monkeypatch.setattr(doors, "UPLOADS_OF_A_VISITOR", 0)
    monkeypatch.setattr(doors, "UPLOAD_SECONDS", 0.05)
    assert "Too many of your" in told(house.upload(("a.jpg", b"x")), 429)


# ---- connections ----


class Connection:
    """As uvicorn's: whether it is at a request, and what of an answer nobody has read."""

    def __init__(self, busy: bool | None, unread: int = 0):
        self.cycle = None if busy is None else SimpleNamespace(response_complete=not busy)
        self.unread = unread
        self.transport = SimpleNamespace(get_write_buffer_size=lambda: self.unread, abort="abort")
        self.ended: list[str] = []
        self.loop = SimpleNamespace(call_soon_threadsafe=self.ended.append)


def test_connections_without_a_request_are_ended():
    silent, answered, unread, busy = Connection(None), Connection(False), Connection(False, 99), Connection(True)
    every, since = [silent, answered, unread, busy], {}
    for now in (0.0, IDLE_SECONDS - 1.0, IDLE_SECONDS + 1.0):
        assert not any(connection.ended for connection in every)
        since = end_idle(every, since, now)
    assert silent.ended and answered.ended and not unread.ended and not busy.ended
    since = end_idle(every, since, UNREAD_SECONDS + 1.0)
    assert unread.ended and not busy.ended
    assert end_idle([busy], since, 999.0) == {}  # what is gone is forgotten


def test_the_time_counts_from_the_last_request():
    connection, since = Connection(False), {}
    for moment in range(10):
        connection.cycle = SimpleNamespace(response_complete=True)  # another request was answered
        since = end_idle([connection], since, moment * (IDLE_SECONDS - 1.0))
    assert not connection.ended
    end_idle([connection], since, 9 * (IDLE_SECONDS - 1.0) + IDLE_SECONDS + 1.0)
    assert connection.ended


def test_a_large_answer_that_nobody_reads_is_given_up_and_one_that_is_read_slowly_is_not():
    stuck, slow, since = Connection(True, 99), Connection(True, 99), {}
    for moment in range(4):
        slow.unread = 99 - moment
        since = end_idle([stuck, slow], since, moment * (UNREAD_SECONDS / 2))
    assert stuck.ended and not slow.ended


def test_so_many_wait_for_answers_at_once(house, monkeypatch):
    assert house.client.get(f"{API}/heartbeat/a").status_code == 200
    monkeypatch.setattr(doors, "STREAMS_IN_ALL", 0)
    assert not house.door._streams
    for path in ("heartbeat/a", "call/ask/known"):
        assert "Too many" in told(house.client.get(f"{API}/{path}"), 503)
    assert house.client.get(f"{API}/info").status_code == 200
