"""Answer a question about a photograph."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from vqa.cli.arguments import (
    add_answers_argument,
    add_model_arguments,
    load_predictor,
    positive,
    read_answer_list,
    writable_answers,
)
from vqa.common.english import NOT_ENGLISH, is_english
from vqa.explain.methods import METHODS
from vqa.processing.photos import open_photo

if TYPE_CHECKING:
    from vqa.inference.predictor import Photo, Prediction, VQAPredictor

OPACITY = 0.75  # of a map that is saved


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photo", type=Path, metavar="PHOTO")
    parser.add_argument("question", metavar="QUESTION", help="in English")
    parser.add_argument("--top-k", type=positive, default=5, metavar="K", help="answers to list (default 5)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--map", type=map_file, metavar="FILE", help="save where it looked, as .png or .svg")
    parser.add_argument("--method", choices=METHODS, default="relevance", help="kind of map (default: relevance)")
    add_answers_argument(parser)
    add_model_arguments(parser)


def map_file(text: str) -> Path:
    """An argument that must name a picture that can be written."""
    path = Path(text)
    if path.suffix.lower() not in (".png", ".svg"):
        raise argparse.ArgumentTypeError(f"a map is saved as .png or .svg, not {path.name!r}")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}")
    return path


def run(args: argparse.Namespace) -> None:
    photo = open_photo(args.photo)  # before the model is loaded: a wrong path is told at once
    if not is_english(args.question):
        raise ValueError(NOT_ENGLISH)
    answers = read_answer_list(args.answers)
    predictor = load_predictor(args)
    answers = writable_answers(predictor, args.variant, answers)
    seen = predictor.encode(photo)
    prediction = predictor.ask(seen, args.question, args.variant, args.top_k, answers)
    if args.map:
        save_map(args.map, predictor, seen, prediction, args.method)
    print(json.dumps(prediction.to_dict(), ensure_ascii=False) if args.json else as_text(prediction))


def as_text(prediction: "Prediction") -> str:
    """A `Prediction` as lines for a reader: the answer, a warning where it is a guess, and the other candidates."""
    lines = [f"{prediction.answer} ({prediction.confidence:.0%})"]
    if not prediction.sure:
        lines.append("This is a guess: the model is not sure.")
    if prediction.choices:
        lines.append(f"Chosen among: {', '.join(prediction.choices)}.")
    lines += [f"  {answer.probability:4.0%} {answer.text}" for answer in prediction.top[1:]]
    return "\n".join(lines)


def save_map(path: Path, predictor: "VQAPredictor", photo: "Photo", prediction: "Prediction", method: str) -> None:
    """Writes the patches behind an answer as a figure, with its scale and a caption."""
    from vqa.explain import figure, overlay
    from vqa.explain.explanation import explain

    model, processor = predictor.models[prediction.variant], predictor.processors[prediction.variant]
    found = explain(model, processor, photo.states, prediction.question, method, answer=prediction.answer)
    scale = overlay.common_scale(found.image_map)
    caption = (
        f"“{prediction.question}” {prediction.answer}, {prediction.confidence:.0%} ({prediction.variant}, {method})"
    )
    say = (lambda fall: f"{fall:.2f}") if method == "occlusion" else figure.said  # of a log probability, or a share
    if path.suffix.lower() == ".png":
        figure.map_figure(photo.image, found.image_map, *scale, OPACITY, caption, say).save(path)
        return
    picture = overlay.draw(figure.fitted(photo.image), found.image_map, *scale, OPACITY)
    drawing = figure.map_svg(picture.size, *scale, OPACITY, caption, say)
    path.write_text(figure.with_picture(drawing, picture), encoding="utf-8")
