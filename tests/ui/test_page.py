"""A visitor plays with the page in a real Chromium: what they see, and that nothing leaves this machine."""

import json
import re
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from tests.browser import PATIENCE_MS, Visitor, browser, served
from vqa.inference.predictor import VQAPredictor
from vqa.ui import visit as visits
from vqa.ui.gallery import load_examples

QUESTION = "what color is the cat?"
WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
ANSWERS = ["yes", "no", "red", "blue", "two", "cat", "dog", "tennis racket"]


class Chooser(VQAPredictor):
    """An untrained model does not write words, but it can choose among some."""

    def ask(self, *args, answers=None, **options):
        return super().ask(*args, answers=answers or ANSWERS, **options)

    def ask_question_only(self, *args, answers=None, **options):
        return super().ask_question_only(*args, answers=answers or ANSWERS, **options)

    def ask_many(self, *args, answers=None, **options):
        return super().ask_many(*args, answers=answers or ANSWERS, **options)


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
def held_back(predictor, monkeypatch):
    """A context in which the first question that is asked waits, and all others behind it, until the context ends."""

    @contextmanager
    def hold():
        asked, may_go_on, answer = threading.Event(), threading.Event(), predictor.ask

        def slow(*args, **options):
            asked.set()
            assert may_go_on.wait(PATIENCE_MS / 1000)
            return answer(*args, **options)

        with monkeypatch.context() as patched:
            patched.setattr(predictor, "ask", slow)
            try:
                yield
                assert asked.wait(PATIENCE_MS / 1000)
            finally:
                may_go_on.set()

    return hold


@pytest.fixture
def photo_file(photo, tmp_path):
    path = tmp_path / "photo.png"
    photo.save(path)
    return path


@pytest.fixture
def tall_file(tmp_path):
    path = tmp_path / "tall.png"
    Image.new("RGB", (300, 2400), "olive").save(path)
    return path


def in_sight(page, selector: str) -> bool:
    """Whether all of an element is inside the window."""
    box, size = page.locator(selector).first.bounding_box(), page.viewport_size
    return box["y"] >= 0 and box["y"] + box["height"] <= size["height"]


def changed(page, selector: str, before: str) -> str:
    """Waits until a picture has another source than before, and returns it."""
    page.wait_for_function("([s, src]) => document.querySelector(s)?.src !== src", arg=[selector, before])
    return page.locator(selector).first.get_attribute("src")


PICTURE = "#stage .picture img"


def test_the_page_opens_with_a_finished_result(chromium, address, predictor):
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    visitor = Visitor(context, address)
    page, first = visitor.page, load_examples()[0]
    visitor.answered(first.questions[0].question)
    visitor.asks(first.questions[0].question)
    assert page.locator("#stage img").count() == 1 and "Heatmap" in page.locator(PICTURE).get_attribute("alt")
    assert in_sight(page, PICTURE) and in_sight(page, "#question") and in_sight(page, "#answers .big")
    assert page.locator(".thumb").count() == len(load_examples()) and page.locator(".drawings .thumb").count() == 4
    assert "never learned to match pictures with words" in page.locator("#masthead").inner_text()
    assert "Settings" in page.locator("footer").inner_text()  # for the dark mode
    assert "Only aligned also learned to match photos with captions." in page.locator("#variant").inner_text()
    seen = predictor.calls["bert"]
    again = Visitor(context, address)
    again.opened()
    assert predictor.calls["bert"] == seen  # computed once, for all visitors
    context.close()
    assert visitor.errors == again.errors == []


def test_a_visitor_uploads_asks_and_reads_the_maps(visitor, photo_file, predictor):
    page = visitor.page
    visitor.opened()
    visitor.upload(photo_file)
    visitor.ready()
    assert page.locator("#photo img").count() == 0 and page.locator("#stage img").count() == 1  # one picture

    visitor.ask(QUESTION)
    card = visitor.answered(QUESTION)
    assert card.count() == 1
    assert card.locator(".bars li").count() == 5
    assert re.search(r"(very sure|fairly sure|leaning|a guess) · confidence (< )?[\d.]+ %", card.inner_text())
    assert "Without the photo" in card.inner_text()
    assert re.search(r"image\s+[\d.]+.*decoding\s+[\d.]+", page.locator("#answers .strip").inner_text(), re.S)
    page.locator("#live", has_text=re.compile(r"^Answer: .+, .+ %, ")).wait_for(state="attached")
    assert "?" not in page.url  # nothing of an upload is in the address

    seen = predictor.calls["vit"]
    visitor.ask("is there a dog?")
    visitor.answered("is there a dog?")
    assert "Photo already encoded" in page.locator("#answers .times").inner_text()
    assert predictor.calls["vit"] == seen
    assert page.locator("#history button").count() == 2

    relevance = page.locator(PICTURE).get_attribute("src")
    visitor.pick("mode", "attention")
    page.locator("#stage img[alt*='attention']").wait_for()
    of_decoder = changed(page, PICTURE, relevance)
    visitor.choose("layer", "co-attention 2")
    of_layer = changed(page, PICTURE, of_decoder)
    page.locator("#stage .what", has_text="the same for every answer").wait_for()
    page.locator("#heads-button").click()
    page.locator("#heads .head").nth(1).click()
    changed(page, PICTURE, of_layer)
    assert page.locator("#head input").input_value() == "2"
    visitor.pick("mode", "off")
    page.locator("#stage .legend").wait_for(state="detached")
    assert page.locator("#stage img").count() == 1
    visitor.pick("mode", "relevance")
    page.locator("#stage .legend").wait_for()

    page.locator("#words [data-pick='word:1']").click()
    page.locator("#stage .what", has_text="The patches that the word “there” reads.").wait_for()
    page.locator("#words [data-pick^='piece:aligned:0']").click()
    page.locator("#stage .what", has_text="The patches behind the piece").wait_for()
    box = page.locator("#stage .picture").bounding_box()
    page.locator("#stage .picture").click(position={"x": box["width"] * 0.9, "y": box["height"] * 0.1})
    page.locator("#stage .what", has_text="row 1, column 3").wait_for()
    page.locator("#stage .picture").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("#stage .what", has_text="row 2, column 3").wait_for()

    page.locator("#answers .bar-row").nth(2).click()
    other = page.locator("#answers .bar-row .name").nth(2).inner_text()
    page.locator("#stage .what", has_text=f"The areas that speak for “{other}”.").wait_for()
    page.locator("#stage .saves", has_text="and not").get_by_role("button", name="and not").click()
    page.locator("#stage .what", has_text=f"blue for “{other}”").wait_for()

    for kind in ("svg", "png"):
        with page.expect_download() as download:
            page.locator(f"#stage [data-save$='.{kind}']").click()
        path = download.value.path()
        if kind == "png":
            assert Image.open(path).width == 640
        else:
            drawn = path.read_text(encoding="utf-8")
            assert "is there a dog?" in drawn and "data:image/jpeg;base64," in drawn and "{image}" not in drawn


def test_maps_are_put_to_the_test(visitor):
    page = visitor.page
    visitor.opened()
    page.evaluate(
        """() => { window.heard = []; new MutationObserver(() => {
            const said = document.querySelector('#tested .working, #progress .working');
            if (said) window.heard.push(said.innerText);
        }).observe(document.body, {childList: true, subtree: true, characterData: true}); }"""
    )
    page.locator("#test").click()
    page.locator("#tested .test svg").wait_for()
    assert "This map" in page.locator("#tested .test").inner_text()
    assert any(re.search(r"Hiding patches, \d+ of \d+", said) for said in page.evaluate("window.heard"))
    page.evaluate("window.heard = []")
    before = page.locator(PICTURE).get_attribute("src")
    visitor.pick("mode", "occlusion (slow)")
    page.locator("#stage .legend", has_text="fall of the answer").wait_for()
    changed(page, PICTURE, before)
    assert page.evaluate("window.heard.length") and not page.locator("#progress-row").is_visible()

    box = page.locator("#stage .picture").bounding_box()
    page.locator("#hide-ask").click()
    page.locator("#hidden", has_text="Click patches of the photo to hide them first.").wait_for()
    page.locator("#hiding input").check()
    shown = page.locator(PICTURE).get_attribute("src")
    page.locator("#stage .picture").click(position={"x": box["width"] * 0.5, "y": box["height"] * 0.5})
    page.locator("#hidden", has_text="1 of 9 patches hidden").wait_for()
    changed(page, PICTURE, shown)
    page.locator("#hide-ask").click()
    page.locator("#hidden", has_text="before:").wait_for()
    page.locator("#hide-clear").click()
    page.locator("#hidden .vqa > div, #hidden p").first.wait_for(state="detached")


def test_a_slow_map_can_be_cancelled(visitor, monkeypatch):
    page, let = visitor.page, threading.Event()
    slow = visits.occlusion_steps

    def waiting(*args, **options):
        steps = slow(*args, **options)
        yield next(steps)
        let.wait(30)
        return (yield from steps)

    visitor.opened()
    monkeypatch.setattr(visits, "occlusion_steps", waiting)
    visitor.pick("mode", "occlusion (slow)")
    page.locator("#progress", has_text="Hiding patches, 1 of").wait_for()
    page.locator("#cancel").click()
    page.locator("#notice", has_text="Cancelled").wait_for()
    let.set()
    assert page.locator("#mode input:checked").input_value() == "relevance"
    assert "relevance" in page.locator(PICTURE).get_attribute("alt")


def test_an_example_is_asked_at_once_and_a_link_leads_back(visitor, chromium, address):
    page, example = visitor.page, load_examples()[1]
    visitor.opened()
    page.locator("#examples .thumb").nth(1).click()
    visitor.answered(example.questions[0].question)
    assert page.locator("#suggestions button").count() == 5
    visitor.pick("variant", "both")
    page.locator("#answers article").nth(1).wait_for()
    question = example.questions[3].question
    page.locator("#suggestions button", has_text=question).click()
    visitor.answered(question)
    page.wait_for_function("(asked) => new URLSearchParams(location.search).get('q') === asked", arg=question)
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    other = Visitor(context, page.url.replace("lang=en", "lang=zh"))
    other.answered(question)
    assert other.page.locator("#answers article").count() == 2
    assert example.questions[3].chinese in other.page.locator("#suggestions").inner_text()
    other.page.locator("h1", has_text="向照片提问").wait_for()
    context.close()
    assert other.errors == [] and other.foreign == []


def test_questions_asked_while_another_is_answered_are_answered_in_turn(visitor, photo_file, predictor, held_back):
    page, questions = visitor.page, [QUESTION, "is there a dog?", "how many cats?"]
    visitor.upload(photo_file)  # the page may still be opening
    visitor.ready()
    with held_back():
        for question in questions:
            visitor.sent(question)  # gradio reads the box a frame after Enter: nobody types the next one faster
        visitor.type("what is on the left?")
    visitor.answered(questions[-1])
    seen = predictor.encode(photo_file)
    expected = [f"{question}{predictor.ask(seen, question).answer}" for question in questions]
    page.locator("#history button").nth(2).wait_for()
    assert page.locator("#history button").all_inner_texts() == expected
    visitor.asks("what is on the left?")  # what was typed meanwhile is still there


def test_what_is_chosen_while_a_question_is_answered_comes_after_it(visitor, photo_file, predictor, held_back):
    page, examples = visitor.page, load_examples()
    visitor.opened()
    visitor.upload(photo_file)
    visitor.ready()
    button = page.locator("#suggestions button").nth(1)
    suggested = button.inner_text()
    with held_back():
        visitor.ask(QUESTION)
        button.click()
        visitor.pick("variant", "both")
        visitor.ask("is there a dog?")
    visitor.answered("is there a dog?")
    page.locator("#history button").nth(2).wait_for()
    asked = page.locator("#history button").all_inner_texts()
    for text, question in zip(asked, (QUESTION, suggested, "is there a dog?"), strict=True):
        assert text.startswith(question)
    assert page.locator("#answers article").count() == 2 and page.locator("#variant input").nth(2).is_checked()

    with held_back():
        visitor.ask("what is this?")
        for place in (1, 2):
            page.locator("#examples .thumb").nth(place).click()
        button.click()  # of the photograph that is still shown
    visitor.answered(suggested)
    page.locator("#history button").nth(1).wait_for()
    seen, expected = predictor.encode(examples[2].path), []
    for question in (examples[2].questions[0].question, suggested):
        answers = dict.fromkeys(predictor.ask(seen, question, name).answer for name in predictor.variants)
        expected.append(question + " / ".join(answers))
    assert page.locator("#history button").all_inner_texts() == expected


def test_language_and_corrections_do_not_undo_an_answer(visitor, photo_file, held_back):
    page = visitor.page
    visitor.opened()
    visitor.upload(photo_file)
    visitor.ready()
    visitor.ask(QUESTION)
    visitor.answered(QUESTION)
    with held_back():
        visitor.ask("is there a dog?")
        page.locator("#feedback textarea, #feedback input").first.fill("red")
        page.locator("#feedback textarea, #feedback input").first.press("Enter")
        page.locator("#noted", has_text="Noted for this visit: “red”").wait_for()
        visitor.pick("language", "简体中文")
        page.locator("h1", has_text="向照片提问").wait_for()
    visitor.answered("is there a dog?")
    page.locator("#history button", has_text=QUESTION).click()
    visitor.answered(QUESTION)
    page.locator("#noted", has_text="red").wait_for()
    assert page.locator("#history button").count() == 2


def test_a_cancelled_map_takes_no_waiting_question_with_it(visitor, monkeypatch):
    page, let = visitor.page, threading.Event()
    slow = visits.occlusion_steps

    def waiting(*args, **options):
        steps = slow(*args, **options)
        yield next(steps)
        let.wait(PATIENCE_MS / 1000)
        return (yield from steps)

    visitor.opened()
    visitor.pick("mode", "occlusion (slow)")
    page.locator("#stage .legend", has_text="fall of the answer").wait_for()
    monkeypatch.setattr(visits, "occlusion_steps", waiting)
    visitor.ask(QUESTION)
    page.locator("#progress", has_text="Hiding patches, 1 of").wait_for()
    visitor.sent("is there a dog?")
    page.locator("#cancel").click()
    page.locator("#notice", has_text="Cancelled").wait_for()
    let.set()
    visitor.answered("is there a dog?")
    assert page.locator("#history button").count() == 3


def test_both_models_are_compared(visitor, photo_file):
    page = visitor.page
    visitor.opened()
    visitor.upload(photo_file)
    visitor.ready()
    visitor.pick("variant", "both")
    question = page.locator("#suggestions button").first.inner_text()
    page.locator("#suggestions button").first.click()
    visitor.answered(question)
    visitor.asks(question)
    assert page.locator("#answers article").count() == 2
    assert "What the difference means" in page.locator("#answers").inner_text()
    page.locator("#ranked .notice", has_text="Write a line about your photo").wait_for()
    page.locator("#own-line textarea").fill("a red square on blue")
    page.locator("#own-line textarea").press("Enter")
    own = page.locator("#ranked li.right", has_text="a red square on blue")
    own.nth(1).wait_for()
    assert own.count() == 2 and page.locator("#ranked li").count() == 8
    assert page.locator("#ranked").bounding_box()["y"] < page.locator("#answers").bounding_box()["y"]
    assert page.locator("#stage .picture img").count() == 2
    page.locator("#same-scale input").check()
    page.wait_for_function(
        "() => new Set([...document.querySelectorAll('#stage .legend')].map((scale) => scale.innerText)).size === 1"
    )
    assert visitor.overflow() <= 0


def test_closed_lists_alternatives_descriptions_and_corrections(visitor, predictor):
    page = visitor.page
    visitor.opened()
    page.locator("#among textarea").fill("blue, two")
    visitor.ask("what is it then?")
    assert "Only your answers were allowed: blue, two." in visitor.answered("what is it then?").inner_text()
    page.locator("#question textarea").fill("and what is that?")
    page.locator("#among textarea").press("Enter")
    assert "Only your answers were allowed: blue, two." in visitor.answered("and what is that?").inner_text()
    page.locator("#among textarea").fill("猫")
    visitor.ask("what?")
    page.locator("#notice", has_text="is not English").wait_for()
    page.locator("#among textarea").fill("")
    page.locator("#describe").click()
    page.locator("#description", has_text="often names things that are not there").wait_for()
    page.locator("#feedback textarea, #feedback input").first.fill("A Lion")
    page.locator("#feedback textarea, #feedback input").first.press("Enter")
    page.locator("#noted", has_text="Noted for this visit: “a lion”").wait_for()
    with page.expect_download() as download:
        page.locator("#answers a[download]").click()
    saved = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert (saved["answer"], saved["source"], saved["question"]) == ("a lion", "visitor", "and what is that?")
    assert saved["image_id"] == load_examples()[0].name and saved["results"]["aligned"]["top"]


def test_what_cannot_be_asked_is_said_in_words(visitor, tmp_path):
    page = visitor.page
    visitor.opened()
    broken = tmp_path / "broken.jpg"
    broken.write_text("not a photograph")
    visitor.upload(broken)
    page.locator("#notice", has_text="This photograph cannot be used. This is not an image").wait_for()
    page.locator("#photo [data-testid='upload-text']").wait_for()
    assert page.locator("#photo img").count() == 0  # no broken image is left
    visitor.ask(" ")
    page.locator("#notice", has_text="Type a question about the photograph first.").wait_for()
    visitor.ask("这只猫是什么颜色？")
    page.locator("#notice", has_text="The model reads English only.").wait_for()
    visitor.ask("<b>what</b> is this?")
    visitor.answered("<b>what</b> is this?")
    assert page.locator("#answers h3 b").count() == 0


def test_no_picture_is_taller_than_most_of_the_window(visitor, tall_file):
    page = visitor.page
    visitor.opened()
    visitor.upload(tall_file)
    visitor.ready()
    visitor.ask(QUESTION)
    visitor.answered(QUESTION)
    page.locator("#stage .legend").wait_for()
    assert page.locator(PICTURE).bounding_box()["height"] <= 0.7 * 900 + 1
    assert page.evaluate("document.documentElement.scrollHeight") < 3 * 900


def test_the_page_speaks_chinese_by_the_browser_and_keeps_what_is_chosen(chromium, address, photo_file):
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    visitor = Visitor(context, address)
    page = visitor.page
    page.locator("h1", has_text="向照片提问").wait_for()
    assert page.get_by_role("tab", name="工作原理").count()
    assert page.evaluate("document.documentElement.lang") == "zh-CN" and page.title() == "向照片提问"
    assert "点击即可提问" in page.locator("#suggestions").inner_text()
    visitor.upload(photo_file)
    page.locator("#answers .notice", has_text="照片已就绪").wait_for()
    visitor.ask(QUESTION)
    assert "不看照片时" in visitor.answered(QUESTION).inner_text()
    words = page.evaluate(
        "() => [...document.querySelectorAll('button, label, h1, h2, h3, h4')].map((node) => node.innerText).join(' ')"
    )
    assert not set(re.findall(r"[a-z]+\.[a-z.]+", words))  # no raw key
    visitor.pick("language", "English")
    page.locator("#answers article", has_text="Without the photo").wait_for()
    page.locator("h1", has_text="Ask a photograph").wait_for()
    page.locator("#words", has_text="Where it looked").wait_for()
    assert page.get_by_role("tab", name="How it works").count() and page.title() == "Ask a photograph"
    page.reload()
    visitor.opened()
    page.locator("h1", has_text="Ask a photograph").wait_for()
    context.close()
    assert visitor.errors == [] and visitor.foreign == []


def test_a_group_of_radio_buttons_is_one_stop_and_arrows_move_in_it(visitor):
    page = visitor.page
    visitor.opened()
    page.wait_for_function("() => new Set([...document.querySelectorAll('#mode input')].map((i) => i.name)).size === 1")
    page.locator("#mode input:checked").focus()
    page.keyboard.press("ArrowLeft")
    page.locator("#stage img[alt*='attention']").wait_for()
    assert page.evaluate("document.activeElement.value") == "attention"
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.matches('#mode input')")
    names = page.evaluate("[...document.querySelectorAll('fieldset')].map((group) => group.ariaLabelledByElements)")
    assert names and all(names)


def test_the_other_tabs(visitor):
    page = visitor.page
    visitor.open_tab("Results")
    page.locator("#results .notice", has_text="no measurements").wait_for()
    visitor.open_tab("How it works")
    page.locator("svg.diagram").wait_for()


def test_on_a_telephone_the_next_question_is_in_reach(chromium, address):
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, locale="en-GB", has_touch=True, is_mobile=True
    )
    visitor = Visitor(context, address)
    page = visitor.page
    visitor.opened()
    page.locator("#live").wait_for(state="attached")  # which comes with the scroll to an answer, of later ones
    assert visitor.overflow() <= 0 and in_sight(page, "#question textarea") and page.evaluate("window.scrollY") == 0
    visitor.pick("variant", "both")
    page.locator("#answers article").nth(1).wait_for()
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert in_sight(page, "#question textarea")
    visitor.ask(QUESTION)
    visitor.answered(QUESTION)
    page.wait_for_function("() => Math.abs(document.getElementById('stage').getBoundingClientRect().top) < 60")
    assert in_sight(page, "#question textarea") and visitor.overflow() <= 0
    assert page.locator("#stage figure").count() == 2 and in_sight(page, "#stage figure >> nth=1")
    tops = [page.locator(part).bounding_box()["y"] for part in ("#stage", "#captions", "#answers", "#look")]
    assert tops == sorted(tops)
    context.close()
    assert visitor.errors == [] and visitor.foreign == []


@pytest.mark.parametrize(
    ("width", "height", "locale", "theme"),
    [
        (1440, 900, "en-GB", "light"),
        (1280, 900, "zh-CN", "dark"),
        (768, 1024, "en-GB", "dark"),
        (390, 844, "zh-CN", "light"),
    ],
)
def test_every_tab_is_accessible_and_nothing_overflows(chromium, address, width, height, locale, theme):
    context = chromium.new_context(viewport={"width": width, "height": height}, locale=locale)
    visitor = Visitor(context, f"{address}?__theme={theme}")
    page, tabs = visitor.page, {"zh-CN": ("提问", "对齐实验室", "结果", "工作原理")}
    visitor.opened()
    page.locator("#variant label").nth(2).click()
    page.locator("#answers article").nth(1).wait_for()
    page.locator("#test").click()
    page.locator("#tested svg").nth(1).wait_for()
    names = tabs.get(locale, ("Ask", "Alignment lab", "Results", "How it works"))
    for name, shown in zip(names, ("#stage .legend", "#figures table", "#results .notice", ".diagram"), strict=True):
        visitor.open_tab(name)
        page.locator(shown).first.wait_for()
        assert visitor.overflow() <= 0, name
        assert visitor.violations() == [], name
    context.close()
    assert visitor.errors == [] and visitor.foreign == []


def test_two_visitors_do_not_meet(chromium, address, tmp_path):
    guests = []
    for colour in ("red", "green"):
        path = tmp_path / f"{colour}.png"
        Image.new("RGB", (90, 60), colour).save(path)
        context = chromium.new_context(locale="en-GB")
        guest = Visitor(context, address)
        guest.opened()
        guest.upload(path)
        guests.append(guest)
    for guest, question in zip(guests, ("is it red?", "is it green?"), strict=True):
        guest.ready()
        guest.ask(question)
    for guest, own, other in zip(guests, ("red", "green"), ("green", "red"), strict=True):
        guest.answered(f"is it {own}?")
        assert guest.page.locator("#history button").count() == 1
        assert other not in guest.page.locator("#history").inner_text()
        guest.page.context.close()


def test_the_shipped_weights_open_with_an_answer_and_their_results(chromium):
    if not (WEIGHTS / "aligned" / "config.json").is_file():
        pytest.skip("there are no weights in weights/: the page was not tested with them")
    predictor = VQAPredictor.from_pretrained(WEIGHTS)
    with served(predictor, WEIGHTS) as address:
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
        visitor = Visitor(context, address)
        first = load_examples()[0]
        expected = predictor.ask(first.path, first.questions[0].question)
        assert visitor.opened().locator(".bars .name").first.inner_text() == expected.answer
        visitor.open_tab("Results")
        visitor.page.locator("#results table").first.wait_for()
        assert visitor.violations() == []
        context.close()
    assert visitor.errors == [] and visitor.foreign == []


def test_every_picture_has_words_and_every_control_a_name(visitor):
    visitor.opened()
    unnamed = visitor.page.evaluate(
        """() => [...document.querySelectorAll('.vqa img')].filter((img) => !img.hasAttribute('alt')).length
            + [...document.querySelectorAll('.vqa button, .vqa a')].filter((node) =>
                !(node.innerText.trim() || node.ariaLabel || node.querySelector('img[alt]'))).length"""
    )
    assert unnamed == 0
