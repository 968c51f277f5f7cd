"""`make screenshots`: pictures of the page for the README, at 1280 and 390 pixels, with the shipped weights.

The page in Chinese needs a font that has its characters, such as Debian's `fonts-noto-cjk`.
"""

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from tests.browser import Visitor, browser, served
from vqa.explain.explanation import METHODS, explain
from vqa.explain.overlay import common_scale, draw
from vqa.inference.predictor import VQAPredictor
from vqa.processing.photos import open_photo

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "What animal is this?"
MAPPED = {
    "cat": QUESTION,
    "coffee": "What is in the cup?",
    "photographer": "What is the man holding?",
    "boat": "What color is the boat?",
}  # photographs and questions of the figure of maps
TILE, LINE = 220, 18  # pixels
TABS = {"lab": "Alignment lab", "results": "Results", "how": "How it works"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=ROOT / "weights", metavar="DIR")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", metavar="DIR")
    args = parser.parse_args()

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
        picture(chinese.page, args.out / "ask-zh-1280.jpg")
    for variant in predictor.variants:
        maps_figure(predictor, variant).save(args.out / f"maps-{variant}.jpg", quality=85)


def maps_figure(predictor: VQAPredictor, variant: str) -> Image.Image:
    """One row a photograph with its question and the model's answer, one column a method."""
    model, processor = predictor.models[variant], predictor.processors[variant]
    columns = ("photograph", *METHODS)
    figure = Image.new("RGB", (TILE * len(columns), LINE + (TILE + LINE) * len(MAPPED)), "white")
    pen = ImageDraw.Draw(figure)
    for column, name in enumerate(columns):
        pen.text((TILE * column + 4, 3), name, fill="black")
    for row, (name, question) in enumerate(MAPPED.items()):
        path = ROOT / "examples" / f"{name}.jpg"
        photo, image = predictor.encode(path), open_photo(path.read_bytes())
        answer = predictor.ask(photo, question, variant).answer
        found = [explain(model, processor, photo.states, question, method, answer=answer) for method in METHODS]
        drawn = [draw(image, one.image_map, *common_scale(one.image_map), opacity=0.9) for one in found]
        top = LINE + (TILE + LINE) * row
        for column, picture in enumerate((image, *drawn)):
            figure.paste(ImageOps.fit(picture, (TILE - 4, TILE - 4)), (TILE * column + 2, top + 2))
        pen.text((4, top + TILE), f"{question} {answer}", fill="black")
    return figure


def ask_about_the_cat(visitor: Visitor) -> None:
    visitor.page.locator("#examples .thumb").first.click()
    visitor.page.locator("#suggestions button").first.wait_for()
    visitor.ask(QUESTION)
    visitor.answered(QUESTION)
    visitor.page.locator("#maps img").first.wait_for()


def picture(page, path: Path) -> None:
    page.mouse.move(0, 0)
    page.wait_for_timeout(800)  # animations end
    page.screenshot(path=path, full_page=True, type="jpeg", quality=82)


def take(visitor: Visitor, out: Path, width: int) -> None:
    """One picture a tab, and one of a comparison."""
    page = visitor.page
    ask_about_the_cat(visitor)
    picture(page, out / f"ask-{width}.jpg")
    visitor.pick("variant", "compare both")
    page.locator("#answers article").nth(1).wait_for()
    picture(page, out / f"compare-{width}.jpg")
    for name, label in TABS.items():
        visitor.open_tab(label)
        if name == "lab":
            page.locator("#figures table").wait_for()
        picture(page, out / f"{name}-{width}.jpg")


if __name__ == "__main__":
    main()
