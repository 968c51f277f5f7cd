"""`make screenshots`: pictures of the page for the README, with the shipped weights.

Each tab at 1280 and at 390 pixels; the first tab also at 1440 and 768, in the dark theme and in Chinese.

The page in Chinese needs a font that has its characters, such as Debian's `fonts-noto-cjk`.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from tests.browser import Visitor, browser, served
from vqa.explain.explanation import METHODS, explain
from vqa.explain.overlay import common_scale, draw
from vqa.inference.predictor import VQAPredictor
from vqa.processing.photos import open_photo

ROOT = Path(__file__).resolve().parent.parent
MAPPED = {
    "cat": "What animal is this?",
    "coffee": "What is in the cup?",
    "photographer": "What is the man holding?",
    "boat": "What color is the boat?",
}  # photographs and questions of the figure of maps
HEIGHTS = {1440: 900, 1280: 900, 768: 1024, 390: 844}  # of a window, by its width
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
        for width in (1280, 390):
            with visiting(chromium, address, width) as visitor:
                take(visitor, args.out, width)
        for name, width, locale, theme in (
            ("1440", 1440, "en-GB", "light"),
            ("768", 768, "en-GB", "light"),
            ("dark-1280", 1280, "en-GB", "dark"),
            ("zh-1280", 1280, "zh-CN", "light"),
            ("zh-390", 390, "zh-CN", "light"),
        ):
            with visiting(chromium, f"{address}?__theme={theme}", width, locale) as visitor:
                visitor.opened()
                picture(visitor.page, args.out / f"ask-{name}.jpg", full=False)
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


@contextmanager
def visiting(chromium, address: str, width: int, locale: str = "en-GB") -> Iterator[Visitor]:
    context = chromium.new_context(viewport={"width": width, "height": HEIGHTS[width]}, locale=locale)
    yield Visitor(context, address)
    context.close()


def picture(page, path: Path, full: bool = True) -> None:
    """What a visitor sees of the page, all of it or the first window."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(800)  # animations end
    page.screenshot(path=path, full_page=full, type="jpeg", quality=82)


def take(visitor: Visitor, out: Path, width: int) -> None:
    """The page as it opens, a comparison, and each of the other tabs."""
    page = visitor.page
    visitor.opened()
    picture(page, out / f"ask-{width}.jpg", full=False)
    visitor.pick("variant", "both")
    page.locator("#answers article").nth(1).wait_for()
    picture(page, out / f"compare-{width}.jpg")
    for name, label in TABS.items():
        visitor.open_tab(label)
        if name == "lab":
            page.locator("#figures table").wait_for()
        picture(page, out / f"{name}-{width}.jpg")


if __name__ == "__main__":
    main()
