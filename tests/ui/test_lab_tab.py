"""The lab in a real browser: a visitor's own photographs and lines, what opens, and what is refused."""

import csv

import pytest
from PIL import Image

from tests.browser import Visitor, browser, served
from vqa.ui.gallery import load_examples
from vqa.ui.lab_set import MOST


@pytest.fixture(scope="module")
def address(tiny_predictor):
    with served(tiny_predictor) as url:
        yield url


@pytest.fixture(scope="module")
def chromium():
    with browser() as running:
        yield running


@pytest.fixture
def files(tmp_path) -> list[str]:
    paths = [tmp_path / f"{colour}.png" for colour in ("red", "lime", "navy")]
    for path in paths:
        Image.new("RGB", (90, 60), path.stem).save(path)
    (tmp_path / "broken.jpg").write_text("not a photograph")
    return [str(path) for path in (*paths, tmp_path / "broken.jpg")]


def enter(visitor: Visitor, files: list[str]) -> None:
    visitor.open_tab("Alignment lab")
    visitor.page.locator("#figures table").wait_for()
    visitor.page.locator("#lab-files input[type=file]").first.set_input_files(files)


def test_a_visitor_compares_photographs_and_lines_of_their_own(chromium, address, files):
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    visitor = Visitor(context, address)
    page = visitor.page
    enter(visitor, files)
    page.locator("#lab-photos h3", has_text="Photos: 3.").wait_for()
    page.locator("#lab-notice", has_text="broken.jpg: This is not an image").wait_for()
    assert page.locator("#matrix .loss").count() == 0  # nobody said which line belongs to which photo

    page.locator("#lab-lines textarea").fill("a cat\nein Hund und eine Katze")
    page.locator("#lab-compare").click()
    page.locator("#lab-notice", has_text="English only").wait_for()
    page.locator("#lab-lines textarea").fill("a cat\na dog\na ball")
    page.locator("#lab-compare").click()
    page.locator("#matrix .line", has_text="a ball").first.wait_for()
    assert page.locator("#matrix tbody td").count() == 2 * 3 * 3
    page.locator("#lab-paired input").check()
    page.locator("#matrix .loss", has_text="of 3 photos").first.wait_for()

    softmax = page.locator("#matrix table").first.inner_text()
    visitor.pick("show", "cosine")
    page.wait_for_function("text => document.querySelector('#matrix table').innerText !== text", arg=softmax)
    loss = page.locator("#matrix .loss").first.inner_text()
    page.locator("#temperature input[type=number]").fill("1")
    page.locator("#temperature input[type=number]").press("Enter")
    page.wait_for_function("text => document.querySelector('#matrix .loss').innerText !== text", arg=loss)

    page.locator("#caption textarea").fill("a cat")
    page.locator("#caption textarea").press("Enter")
    page.locator("#found h4", has_text="Nearest photos to “a cat”").wait_for()
    assert page.locator("#found .thumb").count() == 2 * 3

    for place in ("#plane", "#similar"):
        page.locator(f"{place} [data-pick='1']").first.focus()
        page.keyboard.press("Enter")
        page.locator("dialog[open]", has_text="lime.png").wait_for()
        page.keyboard.press("Escape")
        page.locator("dialog[open]").wait_for(state="detached")

    with page.expect_download() as download:
        page.locator("#lab-csv a").click()
    rows = list(csv.DictReader(download.value.path().read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == 2 * 3 * 3 and {row["photograph"] for row in rows} == {"red.png", "lime.png", "navy.png"}

    visitor.pick("language", "简体中文")
    page.locator("#lab-photos h3", has_text="共 3 张照片").wait_for()
    page.locator("#lab-reset").click()
    page.locator("#lab-photos h3", has_text=f"共 {len(load_examples())} 张照片").wait_for()
    context.close()
    assert visitor.errors == [] and visitor.foreign == []


def test_the_lab_fits_a_telephone_and_takes_no_more_than_its_number(chromium, address, tmp_path):
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, locale="en-GB", has_touch=True, is_mobile=True
    )
    visitor = Visitor(context, address)
    many = [tmp_path / f"photo{k}.png" for k in range(MOST + 1)]
    for k, path in enumerate(many):
        Image.new("RGB", (30, 20), (9 * k, 0, 99)).save(path)
    enter(visitor, [str(path) for path in many])
    visitor.page.locator("#lab-photos h3", has_text=f"Photos: {MOST}.").wait_for()
    visitor.page.locator("#lab-notice", has_text=f"Only the first {MOST} are used.").wait_for()
    assert visitor.overflow() <= 0
    context.close()
    assert visitor.errors == [] and visitor.foreign == []
