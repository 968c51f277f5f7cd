"""What strangers send gets an answer or a refusal in words, in seconds and in little memory.

`make test` takes the first of each kind; `make stress` takes thousands (the marker `stress`).
"""

import re
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from tests import hostile
from tests.browser import served
from tests.visitor import call, outcome, upload, uploaded
from vqa.evaluate.costs import memory_mb
from vqa.processing.photos import PhotoError, open_photo
from vqa.processing.text import QuestionError
from vqa.ui import visit as visits
from vqa.ui.answers import answers_html, history_html
from vqa.ui.markup import esc
from vqa.ui.visit import MapView, Visit

SECONDS = 5.0
EXTRA_MB = 300
QUESTION = "what is this?"


def counts(short: int):
    """How many of the corpus `make test` takes, and `make stress`."""
    full = pytest.param(2000, id="full", marks=[pytest.mark.stress, pytest.mark.timeout(3600)])
    return pytest.mark.parametrize("count", [pytest.param(short, id="short"), full])


class Watch:
    """Measures what a call takes: seconds of this process, for a busy machine is slow and not wrong, and memory.

    The seconds are of all threads, and so never fewer than those on the clock of an idle machine.
    """

    def __init__(self):
        self.outcomes: Counter[tuple[str, str]] = Counter()

    def __call__(self, kind: str, call: Callable, refusals: tuple[type[Exception], ...]) -> object:
        start, before = time.process_time(), self._reset()
        try:
            result = call()
            ended = "answered"
        except refusals as error:
            result, ended = None, "refused"
            assert 10 < len(str(error)) < 300 and "Error" not in str(error), f"{kind}: {error}"
        assert time.process_time() - start < SECONDS, f"{kind} took {time.process_time() - start:.1f} s"
        if before is not None:
            assert memory_mb("VmHWM") - before < EXTRA_MB, f"{kind} took {memory_mb('VmHWM') - before:.0f} MB"
        self.outcomes[kind, ended] += 1
        return result

    def _reset(self) -> float | None:
        """The memory held now, from which on the most is counted; None where the system cannot tell."""
        try:
            Path("/proc/self/clear_refs").write_text("5")
        except OSError:
            return None
        return memory_mb("VmRSS")

    def count(self, ended: str) -> int:
        return sum(count for (_, found), count in self.outcomes.items() if found == ended)


@counts(short=65)
def test_photographs_are_opened_or_refused(tiny_predictor, count):
    watch = Watch()
    for kind, data in hostile.photographs(count):
        watch(kind, lambda data=data: tiny_predictor.ask(data, QUESTION), (PhotoError,))
    assert {kind for kind, _ in watch.outcomes} == {kind.__name__ for kind in hostile.PHOTOGRAPHS}
    assert watch.count("answered") > count / 10 and watch.count("refused") > count / 10


@counts(short=100)
def test_questions_are_answered_or_refused(tiny_predictor, photo, count):
    watch, seen = Watch(), tiny_predictor.encode(photo)
    for kind, question in hostile.questions(count):
        found = watch(kind, lambda question=question: tiny_predictor.ask(seen, question), (QuestionError,))
        assert found is None or found.question.isprintable()
    assert {kind for kind, _ in watch.outcomes} == {kind.__name__ for kind in hostile.QUESTIONS}
    assert watch.outcomes["megabyte", "answered"] == 0
    assert watch.outcomes["command", "refused"] == 0


@pytest.mark.stress
@pytest.mark.timeout(600)
def test_the_largest_photographs_are_opened_or_refused():
    watch = Watch()
    for kind, data in hostile.heavy_photographs():
        watch(kind, lambda data=data: open_photo(data), (PhotoError,))
    assert watch.outcomes["JPEG, RGB, 7700", "answered"] == 1  # a telephone's photograph of this size is welcome


class Tags(HTMLParser):
    """The elements and attributes that a browser would see."""

    def __init__(self, html: str):
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_markup_in_a_question_comes_out_as_text(tiny_predictor, photo):
    visit = Visit(tiny_predictor.encode(photo))

    def shown(question: str) -> tuple[str, Tags]:
        asked = visits.ask(visit, tiny_predictor, question, "aligned", MapView("off"))
        html = answers_html(asked, "en") + history_html(asked, "en")
        return html, Tags(html)

    plain = shown(QUESTION)[1]
    for question in (*hostile.SCRIPTS, *hostile.MARKUP):
        html, tags = shown(question)
        assert (tags.names, tags.attributes) == (plain.names, plain.attributes), question
        assert esc(question.split()[0]) in html


# ---- over HTTP ----


@pytest.fixture(scope="module")
def server(tiny_predictor) -> Iterator[str]:
    with served(tiny_predictor) as url:
        yield url


def ask(address: str, path: str, question: str) -> str:
    """How a question about a file on the server ends."""
    try:
        return told(call(address, "ask", [uploaded(path), question, "", 3, ""]))
    except urllib.error.HTTPError as error:  # what is no JSON
        assert 400 <= error.code < 500
        return "refused"


def told(events: str) -> str:
    """Answered, or refused in words. Anything else is the program's own fault."""
    assert "Traceback" not in events and "object at 0x" not in events
    event, result = outcome(events)
    assert event == "complete" or result.get("error"), events  # gradio has no words for a crash
    return "answered" if event == "complete" else "refused"


@counts(short=26)
def test_photographs_over_http(server, count):
    outcomes = Counter()
    for _, data in hostile.photographs(count, seed=1):
        path = upload(server, "cat.jpg", data)
        outcomes[ask(server, path, QUESTION)] += 1
    assert outcomes["answered"] and outcomes["refused"]


@counts(short=20)
def test_questions_over_http(server, photo, tmp_path, count):
    photo.save(tmp_path / "photo.png")
    path = upload(server, "photo.png", (tmp_path / "photo.png").read_bytes())
    outcomes = Counter()
    for kind, question in hostile.questions(count, seed=1):
        outcomes[kind, ask(server, path, question)] += 1
    assert not outcomes["megabyte", "answered"] and not outcomes["command", "refused"]


def test_no_statistics_are_made_of_who_asks(server, photo, tmp_path, monkeypatch):
    from gradio.queueing import Queue

    tables = []
    monkeypatch.setattr(Queue, "_get_df", staticmethod(tables.append))
    photo.save(tmp_path / "photo.png")
    path = upload(server, "photo.png", (tmp_path / "photo.png").read_bytes())
    assert ask(server, path, QUESTION) == "answered" and ask(server, path, "?") == "refused"
    assert not tables


@pytest.mark.parametrize(
    "name", ["../../../../tmp/harm.jpg", "/etc/harm.jpg", "..\\..\\harm.jpg", "a\\0.jpg", "x" * 3000]
)
def test_an_upload_stays_in_its_folder_whatever_its_name(server, photo, tmp_path, name):
    from gradio.utils import get_upload_folder

    photo.save(tmp_path / "photo.png")
    try:
        path = upload(server, name, (tmp_path / "photo.png").read_bytes())
    except urllib.error.HTTPError as refused:
        assert refused.code < 500
        return
    assert Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve())
    assert ask(server, path, QUESTION) == "answered"


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "app.py"])
def test_files_of_this_machine_are_not_served(server, path):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server}gradio_api/file={path}", timeout=60).close()
    assert 400 <= refused.value.code < 500


def test_other_visitors_files_cannot_be_guessed(server, photo, tmp_path):
    """A file's folder is the hash of its content: who names it has the photograph already."""
    photo.save(tmp_path / "mine.png")
    path = Path(upload(server, "mine.png", (tmp_path / "mine.png").read_bytes()))
    assert re.fullmatch(r"[0-9a-f]{64}", path.parent.name)
    for guess in (path.parent, path.parents[1], path.parents[1] / ("0" * 64) / "mine.png"):
        assert outcome(call(server, "ask", [uploaded(str(guess)), QUESTION, "", 3, ""]))[0] == "error"
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{server}gradio_api/file={guess}", timeout=60).close()


def test_an_upload_that_is_too_large_is_refused(server):
    with pytest.raises(urllib.error.HTTPError) as refused:
        upload(server, "large.jpg", bytes(9 * 2**20))
    assert refused.value.code == 413


@pytest.mark.parametrize("kind", hostile.REQUESTS)
def test_bad_requests_are_refused_and_never_a_fault(server, kind, capfd):
    status = hostile.REQUESTS[kind](server, hostile.random.Random(0))
    assert status < 500 and status != 404 or kind == "past the queue"
    assert "Traceback" not in capfd.readouterr().err
    if status == 200:  # what is let in is answered like any question, or is the page
        assert (
            kind in ("results that nobody reads", "the page, opened and left")
            or "photograph" in kind
            or (kind in ("metadata that grows", "a header that claims a size", "a TIFF that shares its strips"))
        )


def test_the_corpus_is_the_same_each_time():
    assert list(hostile.photographs(13, seed=3)) == list(hostile.photographs(13, seed=3))
    assert list(hostile.questions(10, seed=3)) == list(hostile.questions(10, seed=3))
    assert list(hostile.questions(10, seed=3)) != list(hostile.questions(10, seed=4))


def test_a_picture_of_the_corpus_is_whole_before_it_is_harmed():
    for format in hostile.FORMATS:
        assert open_photo(hostile.picture(hostile.random.Random(0), format, (5, 7))).size == (5, 7)
    assert isinstance(open_photo(hostile.encoded(Image.new("RGB", (3, 3)), "PNG")), Image.Image)
