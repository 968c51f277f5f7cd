"""A visitor plays with the page in a real Chromium: what they see, and that nothing leaves this machine."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from tests.browser import Visitor, browser, served
from vqa.inference.predictor import VQAPredictor

QUESTION = "what color is the cat?"
WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
ANSWERS = ["yes", "no", "red", "blue", "two", "cat", "dog", "tennis racket"]


class Chooser(VQAPredictor):
    """An untrained model does not write words, but it can choose among some."""

    def ask(self, *args, **options):
        return super().ask(*args, **{"answers": ANSWERS, **options})

    def ask_question_only(self, *args, **options):
        return super().ask_question_only(*args, **{"answers": ANSWERS, **options})

    def ask_many(self, *args, **options):
        return super().ask_many(*args, **{"answers": ANSWERS, **options})


@pytest.fixture(scope="module")
def predictor(tiny_weights) -> Chooser:
    return Chooser.from_pretrained(tiny_weights)


@pytest.fixture(scope="module")
def address(predictor):
    with served(predictor) as url:
        yield url


@pytest.fixture(scope="module")
def chromium():
    with browser() as running:
        yield running


@pytest.fixture
def visitor(chromium, address):
    """An English visitor. Afterwards: no error was logged, and no request left loopback."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    guest = Visitor(context, address)
    yield guest
    context.close()
    assert guest.errors == []
    assert guest.foreign == []


@pytest.fixture
def photo_file(photo, tmp_path):
    path = tmp_path / "photo.png"
    photo.save(path)
    return path


def test_a_visitor_uploads_asks_and_reads_the_maps(visitor, photo_file, predictor):
    page = visitor.page
    visitor.upload(photo_file)
    page.locator("#suggestions button").first.wait_for()
    page.locator("#answers .notice", has_text="it will not be read again").wait_for()

    visitor.ask(QUESTION)
    card = visitor.answered(QUESTION)
    assert card.count() == 1
    assert card.locator(".bars li").count() == 5
    assert re.search(r"(very sure|fairly sure|leaning|a guess) · confidence (< )?[\d.]+ %", card.inner_text())
    assert "Without looking" in card.inner_text()
    assert re.search(r"image\s+[\d.]+.*decoding\s+[\d.]+", page.locator("#answers .strip").inner_text(), re.S)

    seen = predictor.calls["vit"]
    visitor.ask("is there a dog?")
    visitor.answered("is there a dog?")
    assert "The photograph was read before" in page.locator("#answers .times").inner_text()
    assert predictor.calls["vit"] == seen
    assert page.locator("#history button").count() == 2

    picture = page.locator("#maps .picture img")
    relevance = picture.get_attribute("src")
    assert "relevance" in picture.get_attribute("alt")
    visitor.pick("mode", "attention")
    page.locator("#maps img[alt*='attention']").wait_for()
    assert picture.get_attribute("src") != relevance
    rolled_out = picture.get_attribute("src")
    visitor.choose("layer", "co-attention 2")
    page.wait_for_function("src => document.querySelector('#maps .picture img').src !== src", arg=rolled_out)
    of_layer = picture.get_attribute("src")
    visitor.choose("head", "2")
    page.wait_for_function("src => document.querySelector('#maps .picture img').src !== src", arg=of_layer)
    visitor.pick("mode", "off")
    page.locator("#maps img").wait_for(state="detached")
    visitor.pick("mode", "relevance")
    picture.wait_for()

    page.locator("#maps [data-pick='word:1']").click()
    page.locator("#maps .what", has_text="The patches that the word “there” reads.").wait_for()
    page.locator("#maps [data-pick^='piece:aligned:0']").click()
    page.locator("#maps .what", has_text="The patches behind the piece").wait_for()
    box = picture.bounding_box()
    page.locator("#maps .picture").click(position={"x": box["width"] * 0.9, "y": box["height"] * 0.1})
    page.locator("#maps .what", has_text="row 1, column 3").wait_for()
    page.locator("#maps .picture").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("#maps .what", has_text="row 2, column 3").wait_for()

    page.locator("#test").click()
    page.locator("#maps .test svg").wait_for()
    assert "The map" in page.locator("#maps .test").inner_text()

    page.locator("#history button").first.click()
    visitor.answered(QUESTION)
    with page.expect_download() as download:
        page.locator("#answers a[download]").click()
    saved = json.loads(download.value.path().read_text())
    assert saved["question"] == QUESTION and saved["results"]["aligned"]["top"]
    with page.expect_download() as download:
        page.locator("#maps [data-save]").click()
    assert Image.open(download.value.path()).size == (150, 100)


def test_both_models_are_compared(visitor, photo_file):
    page = visitor.page
    visitor.upload(photo_file)
    page.locator("#suggestions button").first.wait_for()
    visitor.pick("variant", "compare both")
    suggestion = page.locator("#suggestions button").first
    question = suggestion.inner_text()
    suggestion.click()
    visitor.answered(question)
    assert page.locator("#question textarea").input_value() == question
    assert page.locator("#answers article").count() == 2
    assert "What the difference means" in page.locator("#answers").inner_text()
    assert page.locator("#maps .picture img").count() == 2
    assert page.locator("#cosines .picture img").count() == 2
    assert page.locator("#cosines").inner_text().count("cosine similarity") == 2
    assert visitor.overflow() <= 0


def test_what_cannot_be_asked_is_said_in_words(visitor, photo_file, tmp_path):
    page = visitor.page
    visitor.ask(QUESTION)
    page.locator("#notice", has_text="Choose a photograph first.").wait_for()
    broken = tmp_path / "broken.jpg"
    broken.write_text("not a photograph")
    visitor.upload(broken)
    page.locator("#notice", has_text="This photograph cannot be used. This is not an image").wait_for()
    page.locator("#examples .thumb").first.click()
    page.locator("#suggestions button").first.wait_for()
    visitor.ask(" ")
    page.locator("#notice", has_text="Type a question about the photograph first.").wait_for()
    visitor.ask("这只猫是什么颜色？")
    page.locator("#notice", has_text="The model reads English only.").wait_for()
    visitor.ask("<b>what</b> is this?")
    visitor.answered("<b>what</b> is this?")
    assert page.locator("#answers h3 b").count() == 0


def test_the_page_speaks_chinese_by_the_browser_and_english_on_request(chromium, address, photo_file):
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    visitor = Visitor(context, address)
    page = visitor.page
    page.locator("h1", has_text="向照片提问").wait_for()
    assert page.get_by_role("tab", name="工作原理").count()
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    visitor.upload(photo_file)
    page.locator("#suggestions button").first.wait_for()
    visitor.ask(QUESTION)
    assert "不看照片时" in visitor.answered(QUESTION).inner_text()
    visitor.pick("language", "English")
    page.locator("#answers article", has_text="Without looking").wait_for()
    page.locator("#maps", has_text="Where it looked").wait_for()
    page.locator("h1", has_text="Ask a photograph").wait_for()
    assert page.get_by_role("tab", name="How it works").count()
    context.close()
    assert visitor.errors == [] and visitor.foreign == []


def test_the_other_tabs(visitor):
    page = visitor.page
    visitor.open_tab("Alignment lab")
    page.locator("#matrix table").first.wait_for()
    assert page.locator("#matrix table").count() == 2 and page.locator("#plane svg").count() == 2
    loss = page.locator("#matrix .loss").first.inner_text()
    page.locator("#temperature input[type=number]").fill("1")
    page.locator("#temperature input[type=number]").press("Enter")
    page.wait_for_function("loss => document.querySelector('#matrix .loss').innerText !== loss", arg=loss)
    page.locator("#caption textarea").fill("a cat")
    page.locator("#caption textarea").press("Enter")
    page.locator("#found h4", has_text="Nearest photographs to “a cat”").wait_for()
    assert page.locator("#found li img").count() == 8
    page.locator("#lab-gallery .thumb").nth(1).click()
    page.locator("#found h4", has_text="Nearest captions").wait_for()
    visitor.open_tab("Results")
    page.locator("#results .notice", has_text="no measurements").wait_for()
    visitor.open_tab("How it works")
    page.locator("svg.diagram").wait_for()
    page.locator("#formulas .katex").first.wait_for()


def test_nothing_overflows_on_a_telephone(chromium, address, photo_file):
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, locale="en-GB", has_touch=True, is_mobile=True
    )
    visitor = Visitor(context, address)
    page = visitor.page
    visitor.upload(photo_file)
    page.locator("#suggestions button").first.wait_for()
    visitor.pick("variant", "compare both")
    visitor.ask(QUESTION)
    visitor.answered(QUESTION)
    page.locator("#maps img").first.wait_for()
    assert visitor.overflow() <= 0
    for tab, shown in (
        ("Alignment lab", "#figures table"),
        ("Results", "#results .notice"),
        ("How it works", ".diagram"),
    ):
        visitor.open_tab(tab)
        page.locator(shown).wait_for()
        assert visitor.overflow() <= 0, tab
    context.close()
    assert visitor.errors == [] and visitor.foreign == []


def test_two_visitors_do_not_meet(chromium, address, tmp_path):
    guests = []
    for colour in ("red", "green"):
        path = tmp_path / f"{colour}.png"
        Image.new("RGB", (90, 60), colour).save(path)
        context = chromium.new_context(locale="en-GB")
        guest = Visitor(context, address)
        guest.upload(path)
        guests.append(guest)
    for guest, question in zip(guests, ("is it red?", "is it green?"), strict=True):
        guest.page.locator("#suggestions button").first.wait_for()
        guest.ask(question)
    for guest, own, other in zip(guests, ("red", "green"), ("green", "red"), strict=True):
        guest.answered(f"is it {own}?")
        assert guest.page.locator("#history button").count() == 1
        assert other not in guest.page.locator("#history").inner_text()
        guest.page.context.close()


def test_the_shipped_weights_answer_about_the_cat(chromium):
    if not (WEIGHTS / "aligned" / "config.json").is_file():
        pytest.skip("there are no weights in weights/: the page was not tested with them")
    predictor = VQAPredictor.from_pretrained(WEIGHTS)
    with served(predictor, WEIGHTS) as address:
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
        visitor = Visitor(context, address)
        visitor.page.locator("#examples .thumb").first.click()
        visitor.page.locator("#suggestions button").first.wait_for()
        visitor.ask("What animal is this?")
        assert visitor.answered("What animal is this?").locator(".big").inner_text() == "cat"
        context.close()
    assert visitor.errors == [] and visitor.foreign == []


def test_every_picture_has_words_and_every_control_a_name(visitor, photo_file):
    page = visitor.page
    visitor.upload(photo_file)
    page.locator("#suggestions button").first.wait_for()
    visitor.ask(QUESTION)
    visitor.answered(QUESTION)
    page.locator("#maps img").first.wait_for()
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('.vqa img, #photo img')].filter((img) => !img.alt).length
            + [...document.querySelectorAll('.vqa button, .vqa a')].filter((node) =>
                !(node.innerText.trim() || node.ariaLabel || node.querySelector('img[alt]'))).length"""
    )
    assert unnamed == 0
