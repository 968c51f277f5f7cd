"""Measure how faithful heatmaps are.

Deletion and insertion curves, the pointing game, shuffled weights and crops, on photographs that were not used in
training.
"""

import argparse
import random
from dataclasses import replace
from functools import partial
from pathlib import Path

from vqa.cli.arguments import add_data_arguments, add_model_arguments, load_predictor, positive, trained_on
from vqa.common.checksums import hash_files, list_again
from vqa.common.extras import check_extra
from vqa.common.files import check_writable, write_json
from vqa.data.images import ImageStore
from vqa.data.questions import ALL_SPLITS, read_questions
from vqa.data.rows import box_row, of_split, read_rows, split_name, with_photographs
from vqa.evaluate.pointing import existence_questions, measure_pointing, questions_about_classes
from vqa.evaluate.records import commit, hash_weights
from vqa.evaluate.scenes import drawn_scenes, easy_vqa_scenes
from vqa.evaluate.tables import maps_table, pointing_table
from vqa.evaluate.trials import Subject, best_method, draw_evenly, measure_crops, measure_curves, measure_sanity

FILE = "maps.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_arguments(parser, split="test")
    parser.add_argument("--questions", nargs="+", required=True, type=Path, metavar="FILE", help="JSONL")
    parser.add_argument(
        "--boxes", nargs="*", default=[], type=Path, metavar="FILE", help="JSONL, for the pointing game"
    )
    parser.add_argument("--limit", type=positive, default=300, metavar="N", help="questions to draw (default 300)")
    parser.add_argument(
        "--few",
        type=positive,
        default=40,
        metavar="N",
        help="questions for the tests of shuffled weights and of crops (default 40)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of all random draws (default 0)")
    parser.add_argument("--out", type=Path, metavar=FILE, help=f"default: {FILE} beside the weights")
    add_model_arguments(parser)


def run(args: argparse.Namespace) -> None:
    check_extra("scipy", "Comparing maps")
    beside = args.weights / args.variant
    out = args.out or (beside if beside.is_dir() else args.weights) / FILE
    check_writable(out)
    store = ImageStore(args.images)
    known = trained_on(args)
    boxes = with_photographs(read_rows(args.boxes, box_row), store, "photographs with boxes")
    about = partial(known.among, store)
    all_questions = read_questions(args.questions, args.split, trained_on=about, beside=[boxes], images=store)
    questions = draw_evenly(all_questions, args.limit, args.seed, store)
    if args.split != ALL_SPLITS:
        boxes = of_split(boxes, split_name(args.split))
    asked = {
        "questions": questions_about_classes(all_questions, boxes),
        "existence": existence_questions(boxes),
    }
    rng = random.Random(args.seed)
    asked = {name: rng.sample(items, min(args.limit, len(items))) for name, items in asked.items()}
    scenes = {"drawn scenes": drawn_scenes(args.limit, args.seed)}
    if easy := easy_vqa_scenes(args.limit, args.seed):
        scenes["easy-VQA"] = easy
    predictor = load_predictor(args)
    subject = Subject(predictor, args.variant, store)
    measured = {question.image_id for question in questions}
    measured |= {item.question.image_id for items in asked.values() for item in items}
    few = questions[:: max(1, len(questions) // args.few)][: args.few]
    report = {
        "variant": args.variant,
        "split": args.split,
        "seed": args.seed,
        "commit": commit(),
        "weights": hash_weights(args.weights, args.variant),
        "data": {
            file.name: hash_files([file]) for file in [*args.images, *args.questions, *args.boxes] if file.is_file()
        },
        **known.tell(store, {"maps": measured})["maps"],
        "curves": measure_curves(subject, questions, args.seed),
        "pointing": {name: measure_pointing(subject, items, args.seed) for name, items in asked.items()}
        | {
            name: measure_pointing(replace(subject, store=pictures), items, args.seed)
            for name, (pictures, items) in scenes.items()
        },
        "sanity": measure_sanity(subject, few, args.seed),
        "crops": measure_crops(subject, few, args.seed),
    }
    report["default"] = best_method(report["curves"]["methods"])
    write_json(out, report)
    list_again(out)
    reports = {args.variant: report}
    print(maps_table(reports), pointing_table(reports), sep="\n\n")
