"""Bulk answering: nothing lost, nothing doubled, each photograph seen once."""

import errno
import json
import shutil

import pytest
from PIL import Image

from tests.faults import full_disk
from vqa.__main__ import main
from vqa.cli.answer import AnswerLog
from vqa.data.images import ImageStore
from vqa.data.questions import iterate_questions
from vqa.inference.predictor import VQAPredictor

COLOURS = {"ball": "red", "sea": "blue", "grass": "green"}


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, colour in COLOURS.items():
        Image.new("RGB", (40, 30), colour).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def questions(tmp_path):
    """Seven questions that go from photograph to photograph, so that their order is not that of the photographs."""
    texts = ["what is this?", "is there a cat?", "what color is the ball?"]
    rows = [{"image_id": list(COLOURS)[i % 3], "question": texts[i // 3]} for i in range(7)]
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def answer(tmp_path, photos, questions, tiny_weights):
    """Runs the command and returns its exit code (alone: `answer.code`) and what it wrote."""
    out = tmp_path / "answers.jsonl"

    def code(*options: str) -> int:
        paths = ["--images", photos, "--questions", questions, "--out", out, "--weights", tiny_weights]
        return main(["answer", *map(str, paths), *options])

    def run(*options: str):
        return code(*options), [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else None

    run.out, run.code = out, code
    return run


def test_answers_come_in_the_order_of_the_questions(answer, questions, photos, tiny_predictor):
    code, lines = answer("--batch-size", "3")
    assert code == 0
    assert [line["row"] for line in lines] == list(range(1, 8))
    for (_, question), line in zip(iterate_questions(questions), lines, strict=True):
        alone = tiny_predictor.ask(photos / f"{question.image_id}.png", question.question)
        assert (line["image_id"], line["question"]) == (question.image_id, question.question)
        assert line["answer"] == alone.answer
        assert line["confidence"] == pytest.approx(alone.confidence, abs=1e-4)
        assert line["variant"] == "aligned" and line["sure"] == alone.sure


def test_each_photograph_is_encoded_once(answer, monkeypatch):
    encoded = []
    encode = VQAPredictor.encode
    monkeypatch.setattr(VQAPredictor, "encode", lambda self, photo: encoded.append(1) or encode(self, photo))
    answer("--batch-size", "2")
    assert len(encoded) == len(COLOURS)


@pytest.mark.parametrize("torn", [b"", b'{"row": 6, "image', b'{"row": 7}'])
def test_an_interrupted_run_goes_on(answer, monkeypatch, torn):
    _, whole = answer()
    lines = answer.out.read_bytes().splitlines(keepends=True)
    answer.out.write_bytes(b"".join(lines[i] for i in (5, 0, 2)) + torn)  # in the order they happened to be answered
    asked = []
    ask_many = VQAPredictor.ask_many

    def counted(self, photos, texts, *args, **kwargs):
        asked.extend(texts)
        return ask_many(self, photos, texts, *args, **kwargs)

    monkeypatch.setattr(VQAPredictor, "ask_many", counted)
    code, resumed = answer()
    assert code == 0
    assert len(asked) == 4
    assert [line["row"] for line in resumed] == list(range(1, 8))
    assert [line["answer"] for line in resumed] == [line["answer"] for line in whole]


def test_stopped_in_the_middle_and_run_again(answer, monkeypatch):
    ask_many = VQAPredictor.ask_many
    batches = []

    def interrupted(self, *args, **kwargs):
        if len(batches) == 2:
            raise KeyboardInterrupt
        batches.append(1)
        return ask_many(self, *args, **kwargs)

    monkeypatch.setattr(VQAPredictor, "ask_many", interrupted)
    code, lines = answer("--batch-size", "2")
    assert code == 130 and len(lines) == 4
    monkeypatch.undo()
    code, lines = answer("--batch-size", "2")
    assert code == 0 and [line["row"] for line in lines] == list(range(1, 8))


@pytest.mark.parametrize("room", [0, 300, 600])
def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_room(answer, capsys, room):
    with full_disk(room):
        assert answer.code("--batch-size", "2") == 2
    assert "answer: [Errno 27] File too large" in capsys.readouterr().err
    assert len(answer.out.read_bytes()) == room
    code, lines = answer("--batch-size", "2")
    assert code == 0 and [line["row"] for line in lines] == list(range(1, 8))


def test_a_disk_that_cannot_be_written_is_told(answer, monkeypatch, capsys):
    def read_only(self, *args, **options):
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    monkeypatch.setattr("pathlib.Path.write_text", read_only)
    assert answer() == (2, None)
    assert capsys.readouterr().err.endswith("answers.jsonl.partial: Read-only file system.\n")


def test_bad_rows_and_photographs_are_told_and_the_others_answered(answer, questions, photos, capsys):
    with questions.open("a") as file:
        file.write("{not json\n\n")
        for image_id, question in [("moon", "what?"), ("sea.png", "what?"), ("broken", "what?"), ("sea", "w" * 501)]:
            file.write(json.dumps({"image_id": image_id, "question": question}) + "\n")
        file.write(json.dumps({"image_id": "sea", "question": "what?"}) + "\n")
    (photos / "broken.jpg").write_text("no photograph")
    code, lines = answer()
    errors = {line["row"]: line["error"] for line in lines if "error" in line}
    assert code == 1
    assert [line["row"] for line in lines] == [*range(1, 9), *range(10, 15)]  # line 9 is empty
    assert list(errors) == [8, 10, 11, 12, 13]
    assert "not JSON" in errors[8] and "'moon'" in errors[10] and "'sea'" in errors[11]
    assert "not an image" in errors[12] and "501 characters" in errors[13]
    told = capsys.readouterr()
    assert "row 12: " in told.err and "8 of 13 questions answered" in told.out

    Image.new("RGB", (20, 20), "white").save(photos / "broken.jpg")  # mended: only what failed is tried again
    code, lines = answer()
    assert code == 1 and [line["row"] for line in lines if "error" in line] == [8, 10, 11, 13]
    assert len(lines) == 13


def test_other_languages_are_refused_row_by_row(answer, questions, capsys):
    with questions.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"image_id": "sea", "question": "这是什么？"}) + "\n")
    code, lines = answer()
    assert code == 1 and "English only" in lines[-1]["error"] and "English only" in capsys.readouterr().err
    assert all("answer" in line for line in lines[:-1])


def test_a_finished_file_needs_no_model(answer, monkeypatch):
    answer()
    monkeypatch.setattr(VQAPredictor, "from_pretrained", None)
    assert answer()[0] == 0


def test_the_output_file_is_not_taken_for_something_else(answer, questions, capsys):
    def refused(reason: str) -> bool:
        before = answer.out.read_bytes()
        code = main_code()
        return code == 2 and reason in capsys.readouterr().err and answer.out.read_bytes() == before

    def main_code() -> int:
        try:
            return answer()[0]
        except json.JSONDecodeError:  # the file is no JSON, as it was
            return 2

    answer.out.write_text("my diary\nsecond line\n")
    assert refused("does not hold answers")
    answer.out.write_bytes(questions.read_bytes())
    assert refused("does not hold answers")
    answer.out.write_text('{"row": 1, "image_id": "sea", "question": "other?", "answer": "x", "variant": "aligned"}\n')
    assert refused("other questions")


def test_closed_answers(answer, tmp_path):
    (tmp_path / "list.txt").write_text("red\nblue\n\nred\n")
    _, lines = answer("--answers", str(tmp_path / "list.txt"))
    assert {line["answer"] for line in lines} <= {"red", "blue"}


def test_the_log_holds_every_line_it_was_given(tmp_path, questions, photos):
    rows, origin = dict(iterate_questions(questions)), {"variant": "aligned", "weights": "w", "answers": None}
    log = AnswerLog(tmp_path / "log.jsonl", rows, ImageStore([photos]), origin)
    with log:
        log.write(3, ValueError("no"))
        assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 1  # on disk at once
    assert log.failed == {3: "no"} and log.done == set()
    assert AnswerLog(tmp_path / "log.jsonl", rows, ImageStore([photos]), origin).failed == {}  # to be tried again


def test_a_file_is_not_completed_with_answers_made_from_something_else(answer, tmp_path, photos, tiny_weights, capsys):
    def refused(reason: str, *options) -> bool:
        before = answer.out.read_bytes()
        code = answer.code(*map(str, options))
        told = capsys.readouterr().err
        assert reason in told and "choose another file, or delete it" in told, told
        return code == 2 and answer.out.read_bytes() == before

    words = tmp_path / "list.txt"
    words.write_text("red\nblue\n")
    assert answer("--answers", str(words))[0] == 0
    assert answer("--answers", str(words))[0] == 0  # the same again: nothing is refused
    assert refused("that another list allowed (--answers) (row 1)")
    words.write_text("red\ngreen\n")
    assert refused("that another list allowed (--answers)", "--answers", words)
    words.write_text("red\nblue\n")
    assert refused("of another variant (--variant)", "--answers", words, "--variant", "unaligned")

    other = tmp_path / "other"
    shutil.copytree(tiny_weights, other)
    assert answer("--answers", str(words), "--weights", str(other))[0] == 0  # the same weights elsewhere
    config = json.loads((other / "aligned" / "config.json").read_text())
    (other / "aligned" / "config.json").write_text(json.dumps(config | {"temperatures": {"open": 3.0}}))
    assert refused("of other weights (--weights)", "--answers", words, "--weights", other)

    Image.new("RGB", (40, 30), "white").save(photos / "sea.png")
    assert refused("about another photograph 'sea'", "--answers", words)
    lines = [json.loads(line) for line in answer.out.read_text().splitlines()]
    answer.out.write_text("".join(json.dumps(line | {"made_from": None}) + "\n" for line in lines))
    assert refused("does not say what its answers were made from (row 1)", "--answers", words)


def test_images_that_are_not_there(questions, tmp_path, tiny_weights, capsys):
    options = ["--questions", str(questions), "--out", str(tmp_path / "o.jsonl"), "--weights", str(tiny_weights)]
    assert main(["answer", "--images", str(tmp_path / "nowhere"), *options]) == 2
    assert "nowhere" in capsys.readouterr().err
    assert len(ImageStore([])) == 0


def test_a_question_that_is_too_long_for_the_encoder_stops_no_other(answer, questions, monkeypatch, capsys):
    rows = [json.loads(line) for line in questions.read_text().splitlines()]
    rows[3]["question"] = "x " * 200  # a token each
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows))
    from_pretrained = VQAPredictor.from_pretrained

    def of_few_places(*args, **options):
        predictor = from_pretrained(*args, **options)
        predictor.processor.tokenizer.model_max_length = 100
        return predictor

    monkeypatch.setattr(VQAPredictor, "from_pretrained", of_few_places)
    code, lines = answer()
    assert code == 1 and [line["row"] for line in lines if "answer" in line] == [1, 2, 3, 5, 6, 7]
    assert "has 202 tokens; this text encoder reads at most 100" in lines[3]["error"]


def test_an_answer_that_is_too_long_is_named_and_ends_no_run(answer, tmp_path, capsys):
    long, allowed = "no answer of this length was ever written", tmp_path / "list.txt"
    allowed.write_text(f"T-Shirt\n{long}\n\u200b\nNew York\n", encoding="utf-8-sig")
    code, lines = answer("--answers", str(allowed))
    assert code == 0 and {line["answer"] for line in lines} <= {"T-Shirt", "New York"} and len(lines) == 7
    assert f"The answer {long!r} is too long for this model and is left out." in capsys.readouterr().err
    allowed.write_text(long)
    answer.out.unlink()
    assert answer.code("--answers", str(allowed)) == 2
    assert "All answers of the list are too long" in capsys.readouterr().err


@pytest.mark.parametrize(("of_file", "asked"), [("caf\u00e9", "cafe\u0301"), ("cafe\u0301", "caf\u00e9")])
def test_an_id_finds_the_file_whose_name_looks_the_same(answer, questions, photos, of_file, asked):
    Image.new("RGB", (40, 30), "white").save(photos / f"{of_file}.png")
    questions.write_text(json.dumps({"image_id": asked, "question": "what is this?"}) + "\n")
    code, lines = answer()
    assert code == 0 and lines[0]["image_id"] == "caf\u00e9" and "answer" in lines[0]
