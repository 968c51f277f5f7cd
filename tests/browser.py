"""A visitor in a real, headless Chromium, and the page served to it in this process."""

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = "axe_playwright_python"  # the package that carries axe-core's script
AXE_JS = """async () => (await axe.run(document, {rules: {'target-size': {enabled: true}}}))
    .violations.map((found) => `${found.id}: ${found.nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`)"""
PATIENCE_MS = 60_000  # machines that are busy with something else are slow, not wrong


class Visitor:
    """A browser page that remembers what went wrong and which addresses were asked."""

    def __init__(self, context, address: str):
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self._heard(message))
        self.page.on("request", lambda request: self._asked(request.url))
        self.page.goto(address)
        self.page.get_by_role("tab").first.wait_for()

    def _heard(self, message) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in ("127.0.0.1", "localhost"):
            self.foreign.append(url)

    def upload(self, path) -> None:
        """Chooses a photograph, in place of the one before."""
        self.page.locator("#photo input[type=file]").first.set_input_files(str(path))

    def opened(self):
        """Waits for the result that the page opens with, and returns its card."""
        card = self.page.locator("#answers article").first
        card.wait_for()
        return card

    def ready(self) -> None:
        """Waits until the chosen photograph can be asked about."""
        self.page.locator("#answers .notice", has_text="Photo ready.").wait_for()

    def ask(self, question: str) -> None:
        """Types a question and presses Enter; the answer's heading is the question."""
        self.type(question)
        self.page.locator("#question textarea").press("Enter")

    def type(self, question: str) -> None:
        """Types a question that is not sent yet."""
        self.page.locator("#question textarea").fill(question)

    def sent(self, question: str) -> None:
        """Asks a question, and waits until the server has it."""
        of_it = lambda reply: "/queue/join" in reply.url and question in (reply.request.post_data or "")  # noqa: E731
        with self.page.expect_response(of_it):
            self.ask(question)

    def asks(self, question: str) -> None:
        """Waits until this stands in the question's box."""
        self.page.wait_for_function(
            "(text) => document.querySelector('#question textarea').value === text", arg=question
        )

    def answered(self, question: str):
        """Waits for the answer to `question` and returns the cards."""
        self.page.locator("#answers h3.asked", has_text=question).wait_for()
        return self.page.locator("#answers article")

    def violations(self) -> list[str]:
        """What axe-core finds wrong with the page as it is. Skips the test with a reason where axe is missing."""
        spec = importlib.util.find_spec(AXE)
        if spec is None:
            pytest.skip(f"{AXE} is not installed: the page's accessibility was NOT tested")
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate((Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8"))
        return self.page.evaluate(AXE_JS)

    def pick(self, group: str, label: str) -> None:
        """Chooses a radio button of the group with this element id."""
        self.page.locator(f"#{group}").get_by_text(label, exact=True).click()

    def open_tab(self, name: str) -> None:
        """A narrow page keeps its last tabs in a menu."""
        self.page.wait_for_timeout(300)  # tabs move into the menu once they are measured
        tab = self.page.get_by_role("tab", name=name)
        if not tab.count():
            self.page.get_by_label("More tabs").click()
            tab = self.page.locator(".overflow-dropdown").get_by_text(name)
        tab.first.click()

    def choose(self, dropdown: str, label: str) -> None:
        """Picks an entry of the dropdown with this element id."""
        self.page.locator(f"#{dropdown} input").click()
        self.page.get_by_role("option", name=label, exact=True).click()

    def overflow(self) -> int:
        """By how many pixels the page is wider than the screen (a telephone's window grows with what overflows)."""
        return self.page.evaluate("document.documentElement.scrollWidth") - self.page.viewport_size["width"]


@contextmanager
def browser() -> Iterator:
    """A headless Chromium. Skips the test with a reason where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser tests")
    if not shutil.which(CHROMIUM):
        pytest.skip("no chromium on this machine: the page was NOT tested in a browser (apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=PATIENCE_MS)
        yield chromium
        chromium.close()


@contextmanager
def served(predictor, weights=None, **options) -> Iterator[str]:
    """The page over a predictor on a free port of loopback; its address. `options` go to `serve`."""
    from vqa.ui import build_page, serve

    page = build_page(predictor, weights)
    yield serve(page, server_name="127.0.0.1", quiet=True, **options)
    page.close()
