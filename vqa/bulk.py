"""`python -m vqa answer`: a file of questions about many photographs, each photograph encoded once.

Answers are appended as they come, one JSON line a question with the number of its row, so that an interrupted run
goes on where it stopped; at the end the lines are put in the order of the questions.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from vqa.arguments import (
    add_answers_argument,
    add_images_argument,
    add_model_arguments,
    load_predictor,
    positive,
    read_answer_list,
)
from vqa.data.images import ImageStore
from vqa.files import check_folder, write_whole
from vqa.questions import Question, RowError, iterate_questions

BATCH_SIZE = 32


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_images_argument(parser)
    parser.add_argument(
        "--questions",
        required=True,
        type=Path,
        metavar="FILE",
        help="JSONL rows `image_id, question`, VQA v2's questions, or a saved dataset",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="FILE.jsonl", help="run again to go on")
    parser.add_argument("--batch-size", type=positive, default=BATCH_SIZE, metavar="N", help="questions at a time")
    add_answers_argument(parser)
    add_model_arguments(parser)


def run(args: argparse.Namespace) -> int:
    rows = dict(iterate_questions(args.questions))
    if not rows:
        raise ValueError(f"{args.questions} has no questions.")
    check_folder(args.out)
    store = ImageStore(args.images)
    answers = read_answer_list(args.answers)
    log = AnswerLog(args.out, rows, args.features)
    done = log.done
    todo = {number: row for number, row in rows.items() if number not in done}
    if todo:
        from accelerate.utils import tqdm

        predictor = load_predictor(args)
        with log, tqdm(total=len(rows), initial=len(done), desc="answering", unit="question") as bar:
            for number, row in todo.items():
                if isinstance(row, RowError):
                    log.write(number, row)
                    bar.update()
            numbers = [number for number, row in todo.items() if isinstance(row, Question)]
            questions = [todo[number] for number in numbers]
            ask = ask_with(predictor, args.features, answers)
            for index, answer in answer_questions(look_with(predictor, store), ask, store, questions, args.batch_size):
                log.write(numbers[index], answer)
                bar.update()
    log.sort()
    for number, message in sorted(log.failed.items()):
        print(f"row {number}: {message}", file=sys.stderr)
    print(f"{len(rows) - len(log.failed)} of {len(rows)} questions answered in {args.out}.")
    return 1 if log.failed else 0


def look_with(predictor, store: ImageStore) -> Callable:
    """`image_id -> Photo`, the call by which `answer_questions` looks at a photograph."""
    return lambda image_id: predictor.encode(store.open(image_id))


def ask_with(predictor, features: str, answers: Sequence[str] | None = None) -> Callable:
    """`(photos, questions) -> predictions`, the batch call that `answer_questions` makes."""
    return lambda photos, questions: predictor.ask_many(photos, questions, features, answers=answers)


def answer_questions(
    look: Callable, ask: Callable, store: ImageStore, questions: Sequence[Question], batch_size: int = BATCH_SIZE
) -> Iterator[tuple[int, object]]:
    """Each question's index with its `Prediction`, or with the `ValueError` that says why there is none.

    The order is that of the photographs in `store`, so that each is opened and encoded once, by `look(image_id)`;
    `ask(photos, questions)` answers up to `batch_size` questions about any of them at a time.
    """
    from vqa.processing import clean_question

    about: dict[str, list[int]] = {}
    for index, question in enumerate(questions):
        about.setdefault(question.image_id, []).append(index)
    for image_id in about.keys() - set(store):
        yield from ((index, _unknown_photo(image_id, store)) for index in about.pop(image_id))

    batch: list[tuple[int, object, str]] = []
    for image_id in (image_id for image_id in store if image_id in about):
        try:
            photo = look(image_id)
        except ValueError as error:
            yield from ((index, error) for index in about[image_id])
            continue
        for index in about[image_id]:
            try:
                batch.append((index, photo, clean_question(questions[index].question)))
            except ValueError as error:
                yield index, error
            if len(batch) == batch_size:
                yield from _answer(ask, batch)
                batch = []
    if batch:
        yield from _answer(ask, batch)


def _answer(ask: Callable, batch: list) -> Iterator[tuple[int, object]]:
    indices, photos, texts = zip(*batch, strict=True)
    yield from zip(indices, ask(list(photos), list(texts)), strict=True)


def _unknown_photo(image_id: str, store: ImageStore) -> RowError:
    stem = image_id.rpartition(".")[0]
    hint = f"; without its suffix, {stem!r}, there is one" if stem in store else ""
    return RowError(f"there is no photograph {image_id!r} among the images{hint}.")


class AnswerLog:
    """A JSONL file of answers that grows line by line and survives being cut off in the middle of one.

    `done` are the numbers of the rows that are answered, `failed` those that could not be, with the reason; these
    are tried again when the log is opened again.
    """

    def __init__(self, path: Path, rows: dict[int, Question | RowError], features: str):
        """Reads what `path` already holds. Raises `ValueError` where that is not answers to these `rows`."""
        self.path, self.rows, self.features = path, rows, features
        self.failed: dict[int, str] = {}
        self._lines: dict[int, str] = {}
        if path.exists():
            *lines, _torn = path.read_bytes().split(b"\n")  # nothing follows the last line's end, or half a line
            for line in lines:
                self._keep(line)

    @property
    def done(self) -> set[int]:
        return set(self._lines) - set(self.failed)

    def __enter__(self) -> "AnswerLog":
        """Rewrites the file without a torn line and failed rows, then opens it to append."""
        self._rewrite(self._lines)
        self._file = self.path.open("a", encoding="utf-8")
        return self

    def __exit__(self, *_) -> None:
        self._file.close()

    def write(self, number: int, answer: object) -> None:
        """Appends the `Prediction` for a row, or the exception that took its place."""
        row = self.rows[number]
        asked = {"image_id": row.image_id, "question": row.question} if isinstance(row, Question) else {}
        if isinstance(answer, Exception):
            self.failed[number] = str(answer)
            said = {"error": str(answer)}
        else:
            said = {"answer": answer.answer, "confidence": round(answer.confidence, 6), "sure": answer.sure}
            said["features"] = self.features
        self._lines[number] = json.dumps({"row": number, **asked, **said}, ensure_ascii=False)
        self._file.write(self._lines[number] + "\n")
        self._file.flush()

    def sort(self) -> None:
        """Puts the lines in the order of their rows."""
        self._rewrite(dict(sorted(self._lines.items())))

    def _rewrite(self, lines: dict[int, str]) -> None:
        write_whole(self.path, "".join(f"{line}\n" for line in lines.values()))

    def _keep(self, line: bytes) -> None:
        try:
            said = json.loads(line)
            number = said["row"]
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{self.path} exists and does not hold answers; choose another file.") from error
        row = self.rows.get(number)
        if isinstance(row, Question) and (said.get("image_id"), said.get("question")) != (row.image_id, row.question):
            row = None
        if row is None or said.get("features", self.features) != self.features:
            raise ValueError(
                f"{self.path} holds answers to other questions or of other features (row {number}); "
                "choose another file, or delete it."
            )
        if "error" not in said:
            self._lines[number] = line.decode()
