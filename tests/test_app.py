"""The running program: its options, its health, and its endpoints as other programs call them."""

import asyncio
import base64
import errno
import http.server
import importlib.util
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch
from gradio import Error, processing_utils, route_utils
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from starlette.exceptions import HTTPException
from starlette.requests import Request

import app as entry
import vqa.ui
from tests.browser import Visitor, browser, served
from tests.proxy import behind
from tests.visitor import Page, from_afar, outcome, post, upload, uploaded
from tests.visitor import call as visit
from vqa.evaluate.costs import running_page
from vqa.explain.explanation import explain
from vqa.inference.predictor import VQAPredictor
from vqa.ui.page import QUEUE_SIZE, build_page
from vqa.ui.serve import FAVICON

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "what color is the cat?"


@pytest.fixture(scope="module")
def address(tiny_predictor) -> str:
    with served(tiny_predictor) as url:
        yield url


@pytest.fixture(scope="module")
def client(address) -> Client:
    return Client(address, verbose=False)


@pytest.fixture
def photo_file(photo, tmp_path) -> Path:
    path = tmp_path / "photo.png"
    photo.save(path)
    return path


# The program


def test_help_shows_the_options():
    shown = subprocess.run([sys.executable, "app.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert all(
        option in shown.stdout
        for option in ("--host", "--port", "--device", "--weights", "--share", "--mcp", "--root-path")
    )


def test_the_page_listens_on_this_machine_alone_unless_told(monkeypatch):
    monkeypatch.delenv("GRADIO_SERVER_NAME", raising=False)
    monkeypatch.delenv("GRADIO_SERVER_PORT", raising=False)
    args = entry.parse_arguments([])
    assert (args.host, args.port, args.share, args.mcp, args.root_path) == ("127.0.0.1", 7860, False, None, "")


def test_the_path_behind_a_proxy_is_checked(capsys):
    assert entry.parse_arguments(["--root-path", "/vqa/"]).root_path == "/vqa"
    with pytest.raises(SystemExit):
        entry.parse_arguments(["--root-path", "vqa"])
    assert "must begin with /" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_what_is_no_port_is_told(port, capsys):
    with pytest.raises(SystemExit) as ended:
        entry.parse_arguments([f"--port={port}"])
    assert ended.value.code == 2 and "up to 65535" in capsys.readouterr().err


def test_missing_weights_are_named(tmp_path, capsys):
    assert entry.main(["--weights", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_weights_are_a_folder_and_no_hub_is_asked_for_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert entry.main(["--weights", "runs/missing"]) == 1  # which would do for a hub's id
    told = capsys.readouterr().err
    reason = "There are no weights at runs/missing; name a folder of them: --weights says where."
    assert told == f"The model cannot be loaded. {reason}\n"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_is_told_in_one_line(tiny_weights, capsys):
    assert entry.main(["--weights", str(tiny_weights), "--device", "cuda"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("The model cannot be loaded. The device 'cuda' cannot be used: ") and told.count("\n") == 1


def test_no_temporary_folder_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(entry, "prepare_environment", lambda: None)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "nowhere")])
    assert entry.main(["--weights", str(tmp_path)]) == 1
    assert "name one in TMPDIR" in capsys.readouterr().err


def test_without_its_package_mcp_stays_off(tiny_predictor, monkeypatch, capsys):
    find_spec, served = importlib.util.find_spec, []

    def refuse(page, **options):
        served.append(options["mcp_server"])
        raise OSError("taken")

    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: find_spec(name, *rest) if name != "mcp" else None
    )
    monkeypatch.setattr(entry, "prepare_environment", lambda: None)
    monkeypatch.setattr(VQAPredictor, "from_pretrained", lambda *args, **options: tiny_predictor)
    monkeypatch.setattr(vqa.ui, "serve", refuse)
    assert entry.main(["--mcp"]) == 1
    told = capsys.readouterr().err
    assert served == [False] and "MCP stays off" in told and "cannot be served on 127.0.0.1:7860: taken" in told
    assert entry.main([]) == 1 and served == [False, False] and "MCP" not in capsys.readouterr().err


@pytest.mark.parametrize(("options", "expected"), [([], True), (["--no-mcp"], False)])
def test_mcp_is_on_where_its_package_is_installed(tiny_predictor, monkeypatch, options, expected):
    served, spoken = [], []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: object())
    monkeypatch.setattr(entry, "prepare_environment", lambda *args: None)
    monkeypatch.setattr(VQAPredictor, "from_pretrained", lambda *args, **options: tiny_predictor)
    monkeypatch.setattr(vqa.ui, "speak_mcp", lambda: spoken.append(True))

    def refuse(page, **given):
        served.append((given["mcp_server"], given["root_path"]))
        raise OSError("taken")

    monkeypatch.setattr(vqa.ui, "serve", refuse)
    assert entry.main([*options, "--root-path", "/vqa"]) == 1
    assert served == [(expected, "/vqa")] and bool(spoken) == expected


def test_a_host_that_is_not_there_is_told(capsys, monkeypatch):
    assert entry.main(["--host", "no-such-host.invalid"]) == 1
    assert "no host 'no-such-host.invalid'" in capsys.readouterr().err
    stuck = threading.Event()
    monkeypatch.setattr(entry, "PATIENCE", 0.05)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: stuck.wait(60))
    assert entry.main(["--host", "slow.invalid"]) == 1
    assert "was not found within" in capsys.readouterr().err
    stuck.set()


def test_an_address_of_another_machine_is_told(tiny_predictor, monkeypatch, capsys):
    monkeypatch.setattr(entry, "prepare_environment", lambda: None)
    monkeypatch.setattr(VQAPredictor, "from_pretrained", lambda *args, **options: tiny_predictor)
    assert entry.main(["--host", "192.0.2.1"]) == 1  # of no machine at all
    assert "cannot be served on 192.0.2.1:7860" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["a file", "read-only"])
def test_where_no_photograph_can_be_kept_it_is_told(tmp_path, monkeypatch, capsys, place):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    if place == "a file":
        (tmp_path / "uploads").write_text("")
    else:

        def refuse(*args, **options):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

        monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    assert entry.main([]) == 1
    told = capsys.readouterr().err
    assert str(tmp_path / "uploads") in told and "GRADIO_TEMP_DIR" in told and told.count("\n") == 1


def test_the_environment_is_as_before_when_the_program_ends(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(entry, "run", lambda args, uploads: 7 if uploads.folder.is_dir() else 0)
    assert entry.main([]) == 7
    assert os.environ["GRADIO_TEMP_DIR"] == str(tmp_path) and not list(tmp_path.iterdir())
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("name", "host"),
    [("SIGTERM", "127.0.0.1"), ("SIGINT", "::1"), ("SIGHUP", "::")],
    ids=["TERM", "INT, ::1", "HUP, ::"],
)
def test_no_photograph_stays_when_the_server_is_ended(tiny_weights, tmp_path, photo_file, name, host):
    if host != "127.0.0.1" and not has_ipv6():
        pytest.skip("this machine has no IPv6: it was NOT tested")
    uploads = tmp_path / "uploads"
    with running_page(tiny_weights, {"GRADIO_TEMP_DIR": str(uploads)}, host) as (address, process):
        path = upload(address, "cat.png", photo_file.read_bytes())
        parts = urllib.parse.urlsplit(address)
        half = socket.create_connection((parts.hostname, parts.port))
        half.sendall(b"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n")
        half.sendall(b"Content-Type: multipart/form-data; boundary=e\r\n\r\n--e\r\n" + bytes(2_000_000))
        assert outcome(visit(address, "ask", [uploaded(path), QUESTION, "", 3, ""]))[0] == "complete"
        assert [file.name for file in uploads.rglob("*.png")] == ["cat.png"]
        os.kill(process.pid, getattr(signal, name))
        os.kill(process.pid, signal.SIGTERM)  # whoever is impatient does not break off the end
        assert process.wait(60) == 0
        half.close()
    assert not list(uploads.iterdir())


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as tried:
            tried.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_no_gpu_is_lent_without_spaces():
    def handler():
        return 1

    assert entry.lent_gpu()(handler) is handler


def test_nothing_is_sent_and_no_hub_is_asked(monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    entry.prepare_environment()
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False" and os.environ["HF_HUB_OFFLINE"] == "1"


def test_the_front_matter_suits_spaces():
    head = (ROOT / "README.md").read_text(encoding="utf-8").split("---")[1]
    fields = dict(line.split(":", 1) for line in head.strip().splitlines() if ":" in line and not line.startswith(" "))
    assert fields["sdk"].strip() == "gradio" and fields["app_file"].strip() == "app.py"
    assert len(fields["short_description"].strip()) <= 60
    assert (ROOT / fields["app_file"].strip()).is_file() and (ROOT / fields["thumbnail"].strip()).is_file()


# The endpoints


def test_the_page_has_an_icon_of_its_own(address):
    with urllib.request.urlopen(f"{address}favicon.ico", timeout=30) as response:
        assert response.read() == Path(FAVICON).read_bytes()


def test_health(address):
    with urllib.request.urlopen(f"{address}healthz", timeout=30) as response:
        assert response.status == 200 and json.load(response) == {"status": "ok"}


def test_only_the_documented_endpoints_are_offered(client):
    named = client.view_api(return_format="dict")["named_endpoints"]
    assert set(named) == {"/ask", "/compare", "/explain", "/caption", "/similarity"}
    documented = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for name, endpoint in named.items():
        values = ", ".join(f"`{parameter['parameter_name']}`" for parameter in endpoint["parameters"])
        assert f"| `{name}` | {values} |" in documented
    assert [parameter["parameter_name"] for parameter in named["/ask"]["parameters"]] == [
        "photo",
        "question",
        "variant",
        "top_k",
        "answers",
    ]


def test_ask_agrees_with_the_predictor(client, tiny_predictor, photo, photo_file):
    result = client.predict(handle_file(photo_file), QUESTION, "unaligned", 3, "", api_name="/ask")
    expected = tiny_predictor.ask(photo, QUESTION, "unaligned", top_k=3).to_dict()
    assert [entry["answer"] for entry in result["top"]] == [entry["answer"] for entry in expected["top"]]
    assert result["confidence"] == pytest.approx(expected["confidence"])
    assert set(result) == set(expected)


def test_ask_keeps_to_the_allowed_answers(client, photo_file):
    result = client.predict(handle_file(photo_file), QUESTION, "aligned", 5, "red\nblue\n\nred", api_name="/ask")
    assert {entry["answer"] for entry in result["top"]} == {"red", "blue"}


def test_compare_and_similarity(client, tiny_predictor, photo, photo_file):
    compared = client.predict(handle_file(photo_file), QUESTION, api_name="/compare")
    assert set(compared["results"]) == {"aligned", "unaligned"}
    near = client.predict(handle_file(photo_file), "a cat", "aligned", api_name="/similarity")
    assert near["cosine"] == pytest.approx(tiny_predictor.similarity(photo, "a cat", "aligned").cosine)
    assert near["words"] == ["a", "cat"] and "word_patch" not in near
    asked = client.predict(handle_file(photo_file), "a cat", "aligned", True, api_name="/similarity")["word_patch"]
    expected = tiny_predictor.similarity(photo, "a cat", "aligned").word_patch
    assert np.array(asked) == pytest.approx(expected, abs=6e-5) and asked == np.round(asked, 4).tolist()


def test_a_map_comes_as_numbers_and_as_a_picture(client, tiny_predictor, photo, photo_file):
    call = [handle_file(photo_file), QUESTION, "unaligned"]
    found = client.predict(*call, "attention", 1, 0, "red", api_name="/explain")
    model, processor = tiny_predictor.models["unaligned"], tiny_predictor.processors["unaligned"]
    seen = tiny_predictor.encode(photo)
    expected = explain(model, processor, seen.states, QUESTION, "attention", 1, 0, "red")
    assert np.array(found["map"]) == pytest.approx(expected.image_map, abs=1e-5) and found["answer"] == "red"
    assert [entry["word"] for entry in found["word_scores"]] == expected.words
    picture = Image.open(io.BytesIO(base64.b64decode(found["png"].removeprefix("data:image/png;base64,"))))
    assert picture.format == "PNG" and picture.height > 100
    defaults = client.predict(photo=handle_file(photo_file), question=QUESTION, api_name="/explain")
    assert defaults["method"] == "relevance" and defaults["answer"] == tiny_predictor.ask(photo, QUESTION).answer


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("magic", None, None, ""), "no method"),
        (("relevance", 1, None, ""), "for attention"),
        (("attention", 99, None, ""), "layer"),
        (("attention", -1, None, ""), "layer is a whole number"),
        (("attention", None, 0.5, ""), "head is a whole number"),
        (("relevance", None, None, "red\nblue"), "one answer"),
    ],
)
def test_a_map_that_cannot_be_made_is_told(client, photo_file, arguments, message):
    with pytest.raises(AppError, match=message):
        client.predict(handle_file(photo_file), QUESTION, "aligned", *arguments, api_name="/explain")


def test_a_caption(client, tiny_predictor, photo, photo_file):
    found = client.predict(handle_file(photo_file), "unaligned", api_name="/caption")
    expected = tiny_predictor.caption(photo, "unaligned")
    assert (found["caption"], found["variant"]) == (expected.answer, "unaligned")
    assert found["confidence"] == pytest.approx(expected.confidence)


@pytest.mark.parametrize("question", ["这是什么动物？", "¿Qué hay en la foto?", "Was ist das für ein Tier?"])
def test_another_language_is_refused_as_on_the_page(client, photo_file, question):
    for endpoint in ("/ask", "/compare", "/explain", "/similarity"):
        with pytest.raises(AppError, match="English only"):
            client.predict(handle_file(photo_file), question, api_name=endpoint)


def test_defaults_are_enough(client, tiny_predictor, photo_file):
    result = client.predict(photo=handle_file(photo_file), question=QUESTION, api_name="/ask")
    expected = tiny_predictor.ask(photo_file, QUESTION, "aligned", top_k=5)
    assert result["variant"] == "aligned"
    assert [entry["answer"] for entry in result["top"]] == [answer.text for answer in expected.top]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", "aligned", 5, ""), "question"),
        ((QUESTION, "other", 5, ""), "no variant 'other', only aligned, unaligned"),
        ((QUESTION, "aligned", 99, ""), "top_k"),
        ((QUESTION, "aligned", 5, "red " * 99), "too long"),
        ((QUESTION, "aligned", 5, "red\n红色"), "not English"),
    ],
)
def test_bad_values_get_a_reason(client, photo_file, arguments, message):
    with pytest.raises(AppError, match=message):
        client.predict(handle_file(photo_file), *arguments, api_name="/ask")


def test_a_broken_file_gets_a_reason_and_no_traceback(client, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_text("not a photograph")
    with pytest.raises(AppError, match="not an image") as caught:
        client.predict(handle_file(broken), QUESTION, "aligned", 5, "", api_name="/ask")
    assert "Traceback" not in str(caught.value)


class Listener(http.server.BaseHTTPRequestHandler):
    """Remembers what it was asked for, and sends everyone on to where they would be asked again."""

    asked: list[str] = []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(302)
        self.send_header("Location", "/again")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *args):
        pass


@pytest.fixture
def spy(monkeypatch) -> Iterator[list[str]]:
    """Every address that this process looks up or sends a request to, through any of gradio's ways."""
    seen = Listener.asked = []

    async def send(self, request):
        seen.append(str(request.url))
        raise OSError("a spy")

    async def look_up(self, host, *args, **options):
        seen.append(host)
        raise socket.gaierror("a spy")

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", send)
    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", look_up)
    server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(Listener, "place", f"127.0.0.1:{server.server_port}", raising=False)
    yield seen
    server.shutdown()
    server.server_close()


ADDRESSES = [
    "http://{}/a.jpg",
    "https://{}/a.jpg",
    "http://169.254.169.254/latest/",
    "http://[::1]/",
    "http://8.8.8.8/a",
]


@pytest.mark.parametrize("url", ADDRESSES)
def test_no_address_is_fetched_for_anyone(address, spy, url):
    url = url.format(Listener.place)
    forged = {"path": url, "meta": {"_type": "gradio.FileData"}}
    for method, path, body in (
        ("GET", f"file={url}", None),
        ("HEAD", f"file={url}", None),
        ("GET", f"proxy={url}", None),
        ("POST", "call/ask", {"data": [forged, QUESTION, "aligned", 5, ""]}),
        ("POST", "queue/join", {"data": [forged, QUESTION, "", 5, ""], "fn_index": 0, "session_hash": "a"}),
        ("POST", "call/ask", {"data": [{"path": "a", "url": url}, QUESTION, "aligned", 5, ""]}),
    ):
        data = json.dumps(body).encode() if body else None
        kind = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{address}gradio_api/{path}", data, kind, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                event = json.load(response)["event_id"]
            with urllib.request.urlopen(f"{address}gradio_api/call/ask/{event}", timeout=60) as response:
                assert b"event: error" in response.read()
        except urllib.error.HTTPError as refused:
            assert 400 <= refused.code < 500
    assert spy == []


@pytest.mark.parametrize("url", ADDRESSES)
def test_gradios_own_ways_out_are_closed(address, spy, url):
    """Also for what would come past the door."""
    url = url.format(Listener.place)
    request = Request({"type": "http", "method": "GET", "headers": []})
    for way in (
        lambda: route_utils.secure_url_stream_response(url, request),
        lambda: processing_utils.async_ssrf_protected_get(url),
        lambda: processing_utils.async_ssrf_protected_download(url, "."),
    ):
        with pytest.raises((Error, HTTPException)):
            asyncio.run(way())
    assert spy == []


def call(address: str, endpoint: str, data: list) -> str:
    """What an endpoint answers to a plain HTTP client, as in the README's example with curl."""
    body = json.dumps({"data": data}).encode()
    request = urllib.request.Request(f"{address}gradio_api/call/{endpoint}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        event = json.load(response)["event_id"]
    with urllib.request.urlopen(f"{address}gradio_api/call/{endpoint}/{event}", timeout=60) as response:
        return response.read().decode()


@pytest.mark.parametrize("marks", [{"meta": {"_type": "gradio.FileData"}}, {}, {"url": "x", "orig_name": "cat.jpg"}])
def test_files_of_this_machine_cannot_be_named(address, marks):
    forged = {"path": str(ROOT / "examples" / "cat.jpg"), **marks}
    answered = call(address, "ask", [forged, QUESTION, "aligned", 5, ""])
    assert answered.startswith("event: error") and str(ROOT) not in answered


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([[1, 2], {"a": 1}, 7, "x", 9], "photo is an object"),
        (["cat.jpg", QUESTION, "", 5, ""], "photo is an object"),
        ([{"path": "cat.jpg"}, QUESTION, "", 5, ""], "as a file"),
        ([{"path": "cat.jpg"}, ["what"], "", 5, ""], "question is a text"),
        ([{"path": 7}, QUESTION, "", 5, ""], "path is a text"),
        ([{"path": "a/" * 500_000}, QUESTION, "", 5, ""], "too large"),
        ([None, QUESTION, "", 5, ""], "Send a photograph"),
        (["cat.jpg", QUESTION], "5 values"),
        ([None], "5 values"),
    ],
)
def test_nonsense_gets_a_reason_and_nothing_of_the_inside(address, capfd, data, words):
    try:
        answered = call(address, "ask", data)
        assert answered.startswith("event: error")
    except urllib.error.HTTPError as refused:
        assert 400 <= refused.code < 500
        answered = refused.read().decode()
    assert words in answered and "Traceback" not in answered
    assert "Traceback" not in capfd.readouterr().err  # nor does a stranger's request fill the log


def test_values_that_a_component_refuses_get_a_reason_and_no_traceback(address, capfd):
    page = Page(address)
    with pytest.raises(ValueError, match="not in the list|cannot be answered"):
        page.send("on_ask", question=QUESTION, variant="no such model")
    with pytest.raises(ValueError, match="cannot be answered"):
        page.send("on_focus", {"pick": "nothing of the kind"})
    assert "Traceback" not in capfd.readouterr().err


def test_the_queue_is_the_only_way_to_the_model(address, tiny_predictor, photo_file, monkeypatch):
    asked = []
    monkeypatch.setattr(tiny_predictor, "ask", lambda *args, **options: asked.append(args))
    body = json.dumps({"data": [None, QUESTION, "aligned", 5, ""], "fn_index": 0, "session_hash": "a"}).encode()
    for path in ("run/ask", "run/ask/", "api/ask", "run/predict", "run/on_photo"):
        request = urllib.request.Request(f"{address}gradio_api/{path}", body, {"Content-Type": "application/json"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)
        assert refused.value.code == 404
    assert asked == []
    assert build_page(tiny_predictor).api_open is False  # gradio's own answer, were there no door


def test_clients_at_once_get_their_own_answers(address, tiny_predictor, photo, photo_file):
    questions = ["what color is the cat?", "is there a dog?", "how many balls are in this photo?", "what is an ball?"]
    answers = ["yes", "no", "red", "blue", "two", "cat", "dog"]

    def ask(question: str) -> list[float]:
        mine = Client(address, verbose=False)
        result = mine.predict(handle_file(photo_file), question, "aligned", 7, "\n".join(answers), api_name="/ask")
        return [entry["probability"] for entry in result["top"]]

    with ThreadPoolExecutor(len(questions)) as pool:
        found = list(pool.map(ask, questions))
    for question, probabilities in zip(questions, found, strict=True):
        alone = tiny_predictor.ask(photo, question, "aligned", top_k=7, answers=answers)
        assert probabilities == pytest.approx([answer.probability for answer in alone.top])
    assert len({tuple(probabilities) for probabilities in found}) == len(questions)


def test_the_text_of_other_errors_stays_inside(client, tiny_predictor, photo_file, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(tiny_predictor, "similarity", fail)
    with pytest.raises(AppError) as caught:
        client.predict(handle_file(photo_file), "a cat", "aligned", api_name="/similarity")
    assert "secret" not in str(caught.value)


def test_a_full_queue_refuses_politely(client, address, tiny_predictor, photo_file, monkeypatch):
    busy, done = threading.Event(), threading.Event()

    def wait(*args, **kwargs):
        busy.set()
        done.wait(60)
        return similarity

    similarity = tiny_predictor.similarity(photo_file, "a cat")
    monkeypatch.setattr(tiny_predictor, "similarity", wait)
    first = client.submit(handle_file(photo_file), "a cat", "aligned", api_name="/similarity")
    assert busy.wait(60)
    body = json.dumps({"data": [None, "a cat", "aligned", False]}).encode()

    def send(visitors: Iterable[int]) -> urllib.error.HTTPError:
        """Asks one question for each of these until one is refused."""
        with pytest.raises(urllib.error.HTTPError) as refused:
            for number in visitors:
                post(f"{address}gradio_api/call/similarity", body, "application/json", **from_afar(number))
        return refused.value

    try:
        greedy = send([0] * (QUEUE_SIZE + 2))
        assert greedy.code == 429 and b"Too many of your questions" in greedy.read()
        full = send(range(1, QUEUE_SIZE + 2))  # others still find a place
        assert full.code == 503 and b"full" in full.read()
    finally:
        done.set()
    assert first.result(timeout=60)["words"] == similarity.words


def test_a_large_image_is_refused_by_its_header(client, tmp_path):
    data = io.BytesIO()
    Image.new("1", (13000, 13000)).save(data, "PNG")
    (tmp_path / "large.png").write_bytes(data.getvalue())
    with pytest.raises(AppError, match="megapixels"):
        client.predict(handle_file(tmp_path / "large.png"), QUESTION, "aligned", 5, "", api_name="/ask")


# At a path of a larger site


@pytest.fixture(scope="module")
def proxied(tiny_predictor):
    with served(tiny_predictor, root_path="/some/where") as inner, behind(inner, "/some/where") as (url, strays):
        yield url
        assert strays == []  # no part of the page looked for anything outside its path


def test_a_program_asks_behind_a_path(proxied, tiny_predictor, photo, photo_file):
    found = Client(proxied, verbose=False).predict(handle_file(photo_file), QUESTION, api_name="/ask")
    assert found["answer"] == tiny_predictor.ask(photo, QUESTION).answer
    with urllib.request.urlopen(f"{proxied}healthz", timeout=30) as response:
        assert json.load(response) == {"status": "ok"}


def test_a_visitor_asks_behind_a_path(proxied):
    with browser() as chromium:
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
        visitor = Visitor(context, proxied)
        visitor.page.locator("#answers article").first.wait_for()
        assert visitor.page.locator("link[rel=icon]").get_attribute("href") == "/some/where/favicon.ico"
        visitor.ask("is there a dog?")
        visitor.answered("is there a dog?")
        visitor.page.locator("#examples .thumb").nth(1).click()
        visitor.page.wait_for_function("document.querySelector('#answers h3.asked').innerText !== 'is there a dog?'")
        context.close()
    assert visitor.errors == [] and visitor.foreign == []
