"""Options that several commands share."""

import argparse
import sys
from functools import partial
from pathlib import Path

from vqa.data.images import ImageStore
from vqa.data.questions import Captions, read_captions
from vqa.data.trained_on import TrainedOn
from vqa.processing.sources import local_folder
from vqa.processing.text import visible_lines

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that choose a model: which weights, which checkpoint, where it runs."""
    add_weights_arguments(parser)
    parser.add_argument("--variant", default="aligned", metavar="NAME", help="aligned (default) or unaligned")


def add_weights_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of a command that takes all checkpoints of a folder."""
    parser.add_argument(
        "--weights",
        type=Path,
        default=WEIGHTS,
        metavar="DIR",
        help="a folder, or a Hub id (owner/name); default: weights/ of the source tree",
    )
    parser.add_argument("--device", default="cpu", help="cpu (default), cuda, cuda:1, ...")


def add_answers_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--answers", type=Path, metavar="LIST.txt", help="allow only these answers, one a line")


def add_images_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--images", nargs="+", required=True, type=Path, metavar="FILE", help="folders, Parquet files or photographs"
    )


def add_data_arguments(parser: argparse.ArgumentParser, split: str) -> None:
    """The options that choose photographs and the rows about them."""
    add_images_argument(parser)
    parser.add_argument("--split", default=split, help=f"train, val or test (default {split}); `all` for every row")


def add_captions_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that choose photographs and their captions; `read_captioned` reads them."""
    add_data_arguments(parser, split="test")
    parser.add_argument(
        "--captions", nargs="+", required=True, type=Path, metavar="FILE.jsonl", help="rows: image_id, captions"
    )
    parser.add_argument("--limit", type=positive, metavar="N", help="only the first N photographs")
    parser.add_argument("--out", type=Path, metavar="eval.json", help="write this file, or add to it")


def read_captioned(args: argparse.Namespace, store: ImageStore, known: TrainedOn) -> list[Captions]:
    """The captions of `add_captions_arguments`, a row a photograph, of which `known` were trained on.

    Raises `ValueError`, also where a photograph is not in the store.
    """
    rows = read_captions(args.captions, args.split, partial(known.among, store))[: args.limit]
    missing = next((row.image_id for row in rows if row.image_id not in store), None)
    if missing is not None:
        raise ValueError(f"The photograph {missing!r} of the captions is not among the images.")
    return rows


def load_predictor(args: argparse.Namespace):
    """The predictor that the options of `add_model_arguments` ask for. Raises `ValueError` and `FileNotFoundError`."""
    check_weights(args)
    from transformers.utils.logging import disable_progress_bar

    from vqa.common.distributed import own_device
    from vqa.inference.predictor import VQAPredictor

    disable_progress_bar()  # loading takes a moment, and standard error is for what went wrong
    predictor = VQAPredictor.from_pretrained(args.weights, device=own_device(args.device))
    if args.variant not in predictor.variants:
        raise ValueError(f"{args.weights} has no variant {args.variant!r}, only {', '.join(predictor.variants)}.")
    return predictor


def trained_on(args: argparse.Namespace) -> TrainedOn:
    """The photographs that the model of the options was trained on. Raises `ValueError` and `FileNotFoundError`."""
    check_weights(args)
    return TrainedOn.of_weights(args.weights, args.variant)


def check_weights(args: argparse.Namespace) -> None:
    """Replaces `args.weights` by a folder on this machine; a Hub id is fetched. Raises `FileNotFoundError`."""
    args.weights = local_folder(str(args.weights))


def read_answer_list(path: Path | None) -> list[str] | None:
    """The answers of a text file, one a line, as they are written there; None where no file is named.

    Raises `ValueError`.
    """
    if path is None:
        return None
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise ValueError(f"The list of answers {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"The list of answers {path} is not UTF-8 text.") from error
    answers = visible_lines(lines)
    if not answers:
        raise ValueError(f"The list of answers {path} is empty; write one answer a line.")
    return answers


def writable_answers(predictor, variant: str, answers: list[str] | None) -> list[str] | None:
    """The answers of a list that the model can write; each of the others is named on standard error.

    Raises `ValueError` where none is left.
    """
    if answers is None:
        return None
    long = predictor.too_long(answers, variant)
    for answer in long:
        print(f"The answer {answer!r} is too long for this model and is left out.", file=sys.stderr)
    if len(long) == len(answers):
        raise ValueError("All answers of the list are too long for this model.")
    return [answer for answer in answers if answer not in long]


def positive(text: str) -> int:
    """An argument that must be a whole number above 0."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number above 0, not {text!r}")
    return int(text)
