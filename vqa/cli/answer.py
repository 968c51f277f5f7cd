"""Answer a file of questions about many photographs.

Each photograph is encoded once. Answers are appended as they come, one JSON line a question with the number of its row,
so that an interrupted run continues where it stopped; at the end the lines are put in the order of the questions. Each
line says what its answer was made from, and a file whose answers were made from something else is not completed.

With `accelerate launch -m vqa answer ...` several processes, GPUs or machines share the photographs and write the same
file; the folder it is in must be one that all of them see.
"""

import argparse
import glob
import hashlib
import json
import sys
from functools import cache
from pathlib import Path

from vqa.cli.arguments import (
    add_answers_argument,
    add_images_argument,
    add_model_arguments,
    check_weights,
    load_predictor,
    positive,
    read_answer_list,
    writable_answers,
)
from vqa.common.distributed import processes
from vqa.common.english import NOT_ENGLISH, is_english
from vqa.common.files import check_writable, write_whole
from vqa.data.images import ImageStore
from vqa.data.questions import QuestionRow, RowError, iterate_questions
from vqa.evaluate.records import hash_weights
from vqa.inference.batches import BATCH_SIZE, answer_questions, ask_with, look_with, own_questions

PART = ".part-"  # and the number of a process, after a file's name
DIGITS = 16  # of a fingerprint, in a line of answers
MADE_FROM = {  # what all answers of a file share, and how a file is refused that differs in it
    "variant": "of another variant (--variant)",
    "weights": "of other weights (--weights)",
    "answers": "that another list allowed (--answers)",
}
WAY_OUT = "choose another file, or delete it."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_images_argument(parser)
    parser.add_argument(
        "--questions",
        required=True,
        type=Path,
        metavar="FILE",
        help="JSONL rows `image_id, question`, VQA v2's questions, or a saved dataset",
    )
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="FILE.jsonl",
        help="the file of answers; run again to continue an interrupted run",
    )
    parser.add_argument("--batch-size", type=positive, default=BATCH_SIZE, metavar="N", help="questions at a time")
    add_answers_argument(parser)
    add_model_arguments(parser)


def in_english(row: QuestionRow | RowError) -> QuestionRow | RowError:
    """The row, or why its question cannot be answered: `ask` and the page refuse other languages alike."""
    return row if isinstance(row, RowError) or is_english(row.question) else RowError(NOT_ENGLISH)


def run(args: argparse.Namespace) -> int:
    rows = {number: in_english(row) for number, row in iterate_questions(args.questions)}
    if not rows:
        raise ValueError(f"{args.questions} has no questions.")
    check_writable(args.out)
    store = ImageStore(args.images)
    answers = read_answer_list(args.answers)
    state = processes()
    if state.is_main_process:
        take_parts(args.out)
    state.wait_for_everyone()
    log = AnswerLog(args.out, rows, store, origin_of(args, answers))
    done = log.done
    todo = {number: row for number, row in rows.items() if number not in done}
    if todo:
        from accelerate.utils import gather_object, tqdm

        predictor = load_predictor(args)
        answers = writable_answers(predictor, args.variant, answers)
        numbers = [number for number, row in todo.items() if isinstance(row, QuestionRow)]
        own = own_questions(store, [todo[number] for number in numbers])
        numbers = [numbers[index] for index in own]
        unread = [number for number, row in todo.items() if isinstance(row, RowError)] if state.is_main_process else []
        mine = log.part(state.process_index) if state.num_processes > 1 else log
        total = len(done) + len(numbers) + len(unread)
        with mine, tqdm(total=total, initial=len(done), desc="answering", unit="question") as bar:
            for number in unread:
                mine.write(number, todo[number])
                bar.update()
            ask, questions = ask_with(predictor, args.variant, answers), [todo[number] for number in numbers]
            for index, answer in answer_questions(look_with(predictor, store), ask, store, questions, args.batch_size):
                mine.write(numbers[index], answer)
                bar.update()
        for lines, failed in gather_object([(mine.lines, mine.failed)]):
            log.lines |= lines
            log.failed |= failed
    if not state.is_main_process:
        return 0
    log.sort()
    for number, message in sorted(log.failed.items()):
        print(f"row {number}: {message}", file=sys.stderr)
    print(f"{len(rows) - len(log.failed)} of {len(rows)} questions answered in {args.out}.")
    return 1 if log.failed else 0


def origin_of(args: argparse.Namespace, answers: list[str] | None) -> dict[str, str | None]:
    """What all answers of a run are made from, beside their photographs: variant, weights and list of answers."""
    check_weights(args)
    listed = None if answers is None else hashlib.sha256("\n".join(answers).encode()).hexdigest()[:DIGITS]
    return {"variant": args.variant, "weights": hash_weights(args.weights, args.variant)[:DIGITS], "answers": listed}


def parts_beside(path: Path) -> list[Path]:
    """The files in which several processes keep their answers until the work is done."""
    return sorted(path.parent.glob(f"{glob.escape(path.name)}{PART}*"))


def take_parts(path: Path) -> None:
    """Moves the whole lines of what several processes had answered when they were interrupted into the file itself."""
    parts = parts_beside(path)
    if parts:
        files = [file for file in (path, *parts) if file.exists()]
        lines = [line for file in files for line in file.read_bytes().split(b"\n")[:-1]]  # half a line is left out
        write_whole(path, "".join(f"{line.decode()}\n" for line in lines))
    for part in parts:
        part.unlink()


class AnswerLog:
    """A JSONL file of answers that grows line by line and survives being cut off in the middle of one.

    A line's `made_from` has the fingerprints of the weights, the list of answers and the photograph. `done` are the
    numbers of the rows that are answered, `failed` those that could not be, with the reason; these are tried again when
    the log is opened again.
    """

    def __init__(self, path: Path, rows: dict[int, QuestionRow | RowError], store: ImageStore, origin: dict):
        """Reads what `path` already holds.

        `origin` is what all answers are made from. Raises `ValueError` where the file does not hold answers to these
        `rows`, made from that and from the photographs of `store`.
        """
        self.path, self.rows, self.store, self.origin = path, rows, store, origin
        self.failed: dict[int, str] = {}
        self.lines: dict[int, str] = {}
        self._photographs: dict[str, tuple[int, str | None]] = {}  # of answers in the file: a row, and its photograph
        self._digest = cache(lambda image_id: store.digest(image_id)[:DIGITS])
        if path.exists():
            *lines, _torn = path.read_bytes().split(b"\n")  # nothing follows the last line's end, or half a line
            for line in lines:
                self._keep(line)
            self._check_photographs()

    @property
    def done(self) -> set[int]:
        return set(self.lines) - set(self.failed)

    def __enter__(self) -> "AnswerLog":
        """Rewrites the file without a torn line and failed rows, then opens it to append."""
        self._rewrite(self.lines)
        self._file = self.path.open("a", encoding="utf-8")
        return self

    def __exit__(self, *_) -> None:
        self._file.close()

    def write(self, number: int, answer: object) -> None:
        """Appends the `Prediction` for a row, or the exception that took its place."""
        row = self.rows[number]
        asked = {"image_id": row.image_id, "question": row.question} if isinstance(row, QuestionRow) else {}
        if isinstance(answer, Exception):
            self.failed[number] = str(answer)
            said = {"error": str(answer)}
        else:
            said = {"answer": answer.answer, "confidence": round(answer.confidence, 6), "sure": answer.sure}
            said["variant"] = self.origin["variant"]
            said["made_from"] = self._made_from(row.image_id)
        self.lines[number] = json.dumps({"row": number, **asked, **said}, ensure_ascii=False)
        self._file.write(self.lines[number] + "\n")
        self._file.flush()

    def part(self, number: int) -> "AnswerLog":
        """An empty log of the same rows, beside this one, for one of several processes."""
        path = self.path.with_name(f"{self.path.name}{PART}{number}")
        return AnswerLog(path, self.rows, self.store, self.origin)

    def sort(self) -> None:
        """Puts the lines in the order of their rows; parts, whose lines are among them, go."""
        self._rewrite(dict(sorted(self.lines.items())))
        for part in parts_beside(self.path):
            part.unlink()

    def _rewrite(self, lines: dict[int, str]) -> None:
        write_whole(self.path, "".join(f"{line}\n" for line in lines.values()))

    def _keep(self, line: bytes) -> None:
        try:
            said = json.loads(line)
            number = said["row"]
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{self.path} exists and does not hold answers; choose another file.") from error
        row = self.rows.get(number)
        asked = said.get("image_id"), said.get("question")
        if isinstance(row, QuestionRow) and asked != (row.image_id, row.question):
            row = None
        if row is None:
            raise ValueError(f"{self.path} holds answers to other questions (row {number}); {WAY_OUT}")
        if "error" in said:
            return
        if not isinstance(found := said.get("made_from"), dict):
            raise ValueError(f"{self.path} does not say what its answers were made from (row {number}); {WAY_OUT}")
        for name, text in MADE_FROM.items():
            if (found | {"variant": said.get("variant")}).get(name) != self.origin[name]:
                raise ValueError(f"{self.path} holds answers {text} (row {number}); {WAY_OUT}")
        self.lines[number] = line.decode()
        self._photographs.setdefault(row.image_id, (number, found.get("photograph")))

    def _check_photographs(self) -> None:
        """Each answered photograph is read, in the order in which that is cheapest, and compared by its bytes."""
        for image_id in self.store:
            if image_id in self._photographs:
                number, photograph = self._photographs[image_id]
                if photograph != self._digest(image_id):
                    raise ValueError(
                        f"{self.path} holds answers about another photograph {image_id!r} (row {number}); {WAY_OUT}"
                    )

    def _made_from(self, image_id: str) -> dict:
        shared = {name: self.origin[name] for name in ("weights", "answers")}
        return shared | {"photograph": self._digest(image_id)}
