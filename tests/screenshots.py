"""`make screenshots`: pictures of the page for the README, at 1280 and 390 pixels, with the shipped weights."""

import argparse
from pathlib import Path

from tests.browser import Visitor, browser, served

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "What animal is this?"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=ROOT / "weights", metavar="DIR")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", metavar="DIR")
    args = parser.parse_args()

    from vqa.predictor import VQAPredictor

    args.out.mkdir(exist_ok=True)
    predictor = VQAPredictor.from_pretrained(args.weights)
    with served(predictor, args.weights) as address, browser() as chromium:
        for width, height in ((1280, 900), (390, 844)):
            context = chromium.new_context(viewport={"width": width, "height": height}, locale="en-GB")
            take(Visitor(context, address), args.out, width)
            context.close()
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
        chinese = Visitor(context, address)
        ask_about_the_cat(chinese)
        chinese.page.screenshot(path=args.out / "ask-zh-1280.png", full_page=True)


def ask_about_the_cat(visitor: Visitor) -> None:
    visitor.page.locator("#examples .thumb").first.click()
    visitor.page.locator("#suggestions button").first.wait_for()
    visitor.ask(QUESTION)
    visitor.answered(QUESTION)
    visitor.page.locator("#maps img").first.wait_for()


def take(visitor: Visitor, out: Path, width: int) -> None:
    """One picture a tab, and one of a comparison."""
    page = visitor.page
    ask_about_the_cat(visitor)
    page.wait_for_timeout(500)  # a smooth scroll ends
    page.screenshot(path=out / f"ask-{width}.png", full_page=True)
    visitor.pick("features", "compare both")
    page.locator("#answers article").nth(1).wait_for()
    page.wait_for_timeout(500)
    page.screenshot(path=out / f"compare-{width}.png", full_page=True)
    for place, name in enumerate(("lab", "results", "how"), start=1):
        open_tab(page, place)
        if name == "lab":
            page.locator("#matrix table").first.wait_for()
        page.wait_for_timeout(500)
        page.screenshot(path=out / f"{name}-{width}.png", full_page=True)


def open_tab(page, place: int) -> None:
    """Narrow screens keep the last tabs in a menu."""
    tabs = page.get_by_role("tab")
    tabs.nth(place).click()


if __name__ == "__main__":
    main()
