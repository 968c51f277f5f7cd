"""Write the pictures and questions of easy-VQA as files, to train on and to measure with."""

import argparse
import shutil
from pathlib import Path

from vqa.common.files import write_lines

SOURCE = "easy-vqa"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder to write images/ and questions.jsonl to"
    )


def run(args: argparse.Namespace) -> None:
    """Writes both official splits. Raises `ValueError` without the package and `OSError` for a folder it cannot make.

    The package numbers the pictures of each split from 0: here a picture is named by its split and its number.
    """
    try:
        import easy_vqa
    except ModuleNotFoundError as error:
        raise ValueError("The package easy-vqa is not installed: pip install easy-vqa.") from error
    splits = {
        "train": (easy_vqa.get_train_image_paths(), easy_vqa.get_train_questions()),
        "test": (easy_vqa.get_test_image_paths(), easy_vqa.get_test_questions()),
    }
    images = args.out / "images"
    images.mkdir(parents=True, exist_ok=True)
    rows = []
    for split, (paths, asked) in splits.items():
        for number, path in paths.items():
            shutil.copyfile(path, images / f"{split}-{number}.png")
        for question, answer, number in zip(*asked, strict=True):
            row = {"image_id": f"{split}-{number}", "question": question, "answer": answer}
            rows.append(row | {"source": SOURCE, "split": split})
    write_lines(args.out / "questions.jsonl", rows)
    print(f"Wrote {len(rows):,} questions about {sum(len(paths) for paths, _ in splits.values()):,} pictures.")
