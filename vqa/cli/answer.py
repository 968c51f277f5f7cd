"""Answer a file of questions about many photographs.

Each photograph is encoded once. Answers are appended as they come, one JSON line a question with the number of its row,
so that an interrupted run goes on where it stopped; at the end the lines are put in the order of the questions.
"""

import argparse
import json
import sys
from pathlib import Path

from vqa.cli.arguments import (
    add_answers_argument,
    add_images_argument,
    add_model_arguments,
    load_predictor,
    positive,
    read_answer_list,
)
from vqa.common.files import check_folder, write_whole
from vqa.data.images import ImageStore
from vqa.data.questions import Question, RowError, iterate_questions
from vqa.inference.batches import BATCH_SIZE, answer_questions, ask_with, look_with


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
    log = AnswerLog(args.out, rows, args.variant)
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
            ask = ask_with(predictor, args.variant, answers)
            for index, answer in answer_questions(look_with(predictor, store), ask, store, questions, args.batch_size):
                log.write(numbers[index], answer)
                bar.update()
    log.sort()
    for number, message in sorted(log.failed.items()):
        print(f"row {number}: {message}", file=sys.stderr)
    print(f"{len(rows) - len(log.failed)} of {len(rows)} questions answered in {args.out}.")
    return 1 if log.failed else 0


class AnswerLog:
    """A JSONL file of answers that grows line by line and survives being cut off in the middle of one.

    `done` are the numbers of the rows that are answered, `failed` those that could not be, with the reason; these
    are tried again when the log is opened again.
    """

    def __init__(self, path: Path, rows: dict[int, Question | RowError], variant: str):
        """Reads what `path` already holds. Raises `ValueError` where that is not answers to these `rows`."""
        self.path, self.rows, self.variant = path, rows, variant
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
            said["variant"] = self.variant
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
        if row is None or said.get("variant", self.variant) != self.variant:
            raise ValueError(
                f"{self.path} holds answers to other questions or of another variant (row {number}); "
                "choose another file, or delete it."
            )
        if "error" not in said:
            self._lines[number] = line.decode()
