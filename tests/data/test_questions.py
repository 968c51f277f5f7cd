"""Reading questions and captions."""

import json

import pytest

from vqa.data.questions import (
    QuestionRow,
    RowError,
    answer_kind,
    guess_type,
    iterate_questions,
    read_captions,
    read_questions,
)


def write(path, rows):
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    return path


def row(image_id="a", **changes):
    return {"image_id": image_id, "question": "what?", "answer": "cat", "source": "s", "split": "test"} | changes


def test_rows_become_questions(tmp_path):
    file = write(tmp_path / "q.jsonl", [row(type="object", answers=["cat"] * 10), "\n", row(image_id="b", split=None)])
    first, second = read_questions([file])
    assert first == QuestionRow("a", "what?", "cat", "s", "test", "object", ("cat",) * 10)
    assert second.image_id == "b" and second.answers == second.accepted == ()
    file = write(tmp_path / "q.jsonl", [row(accepted=["cat", "kitten"])])
    assert read_questions([file])[0].accepted == ("cat", "kitten")


def test_split_and_source_choose_rows(tmp_path):
    rows = [row(question="1?"), row("b", question="2?", split="train"), row(question="3?", source="t")]
    rows += [row("c", split="dev"), row("red", split=None)]
    file = write(tmp_path / "q.jsonl", rows)
    for name in ("test", "TEST"):
        assert [q.question for q in read_questions([file], name)] == ["1?", "3?"]
    assert [q.question for q in read_questions([file], "test", "t")] == ["3?"]
    assert [q.image_id for q in read_questions([file], "validation")] == ["c"]
    assert len(read_questions([file], "all", "all")) == len(read_questions([file])) == 5
    with pytest.raises(ValueError, match=r"No questions of source 'u'\. Sources: s, t\."):
        read_questions([file], "test", "u")
    with pytest.raises(ValueError, match=r"No questions of split 'val'\. Splits: test, train\. `--split all` takes"):
        read_questions([write(tmp_path / "r.jsonl", rows[:3])], "val")
    with pytest.raises(ValueError, match="the split 'mine' is none of train, val, test"):
        read_questions([file], "mine")


def test_val_is_what_training_holds_out(tmp_path):
    file = write(tmp_path / "q.jsonl", [row(image_id=i, split="train") for i in ("red", "blue")])
    assert [q.image_id for q in read_questions([file], "val")] == ["blue"]
    with pytest.raises(ValueError, match="No questions of split 'val'"):
        read_questions([file], "val", trained_on=lambda image_ids: {"blue"})
    boxes = [{"image_id": "blue", "split": "test"}, {"image_id": "red"}]
    file = write(tmp_path / "q.jsonl", [row(image_id=i, split=None) for i in ("red", "blue")])
    assert [q.image_id for q in read_questions([file], "test", beside=[boxes])] == ["blue"]
    assert [box["split"] for box in boxes] == ["test", "train"]


def test_rows_that_name_no_split_are_not_test(tmp_path):
    questions = write(tmp_path / "q.jsonl", [row(image_id=str(i), split=None) for i in range(30)])
    captions = write(tmp_path / "c.jsonl", [{"image_id": str(i), "captions": ["a dog"]} for i in range(30)])
    for read, file in ((read_questions, questions), (read_captions, captions)):
        with pytest.raises(ValueError, match=r"rows name no split.*`--split val` takes these, `--split all` every row"):
            read([file], "test")
        assert 0 < len(read([file], "val")) < 10 and len(read([file], "all")) == 30


def test_questions_without_a_photograph_are_left_out_and_counted(tmp_path, caplog):
    file = write(tmp_path / "q.jsonl", [row(image_id=i) for i in "aab"])
    assert [q.image_id for q in read_questions([file], "test", images={"b"})] == ["b"]
    assert "2 of 3 questions are left out" in caplog.text


def test_what_is_only_asked_may_be_of_any_split(tmp_path):
    file = write(tmp_path / "q.jsonl", [row(split="kitchen"), row(split=7)])
    assert all(isinstance(item, QuestionRow) for _, item in iterate_questions(file))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{broken\n", "not JSON"),
        ("[1]\n", "not a JSON object"),
        ({"question": "what?"}, "image_id is missing"),
        ({"image_id": "a"}, "question is missing"),
        (row(question="  "), "question must be a text"),
        (row(image_id=7), "image_id must be a text"),
        (row(answer=3), "answer must be a string"),
        (row(answers="cat"), "answers must be strings"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(tmp_path, line, reason):
    file = write(tmp_path / "q.jsonl", [row(), "\n", line, row()])
    with pytest.raises(RowError, match=rf"q\.jsonl, line 3: {reason}"):
        read_questions([file])
    found = dict(iterate_questions(file))
    assert [number for number, item in found.items() if isinstance(item, QuestionRow)] == [1, 4]
    assert isinstance(found[3], RowError)


def test_bytes_that_are_no_text_are_a_bad_row(tmp_path):
    (tmp_path / "q.jsonl").write_bytes(b"\xff\xfe\x00\n")
    with pytest.raises(RowError, match="line 1: not JSON"):
        read_questions([tmp_path / "q.jsonl"])


def test_a_missing_file_and_a_missing_answer(tmp_path):
    with pytest.raises(RowError, match="No such file"):
        read_questions([tmp_path / "none.jsonl"])
    file = write(tmp_path / "q.jsonl", [row(answer=None)])
    with pytest.raises(RowError, match="no answer to compare with"):
        read_questions([file])
    assert read_questions([file], answered=False)[0].answer is None


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many chairs are there?", "number"),
        ("what colour is the wall", "color"),
        ("Is it red?", "yes/no"),
        ("what is this?", "other"),
        ("", "other"),
    ],
)
def test_types_are_guessed_from_words(question, kind):
    assert guess_type(question) == kind
    assert QuestionRow("a", question, type="given").kind == "given"


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Is it red?", "yes/no"),
        ("is this photo in color", "yes/no"),
        ("Are there how many cats?", "yes/no"),
        ("what color is it?", "open"),
        ("how many are there?", "open"),
        ("", "open"),
    ],
)
def test_the_kind_of_answer_is_told_by_the_first_word(question, kind):
    assert answer_kind(question) == kind


@pytest.fixture
def official(tmp_path):
    """A pair of files in VQA v2's layout, whose rows are in different orders."""
    questions = {
        "data_type": "mscoco",
        "data_subtype": "val2014",
        "questions": [
            {"image_id": 458752, "question": "What color?", "question_id": 1},
            {"image_id": 9, "question": "Is it?", "question_id": 2},
        ],
    }
    notes = [
        {
            "question_id": number,
            "image_id": 0,
            "answer_type": kind,
            "multiple_choice_answer": answer,
            "answers": [{"answer": answer, "answer_id": i} for i in range(10)],
        }
        for number, kind, answer in [(2, "yes/no", "yes"), (1, "other", "red")]
    ]
    pair = [tmp_path / "v2_Questions.json", tmp_path / "v2_annotations.json"]
    for path, document in zip(pair, (questions, {"annotations": notes}), strict=True):
        path.write_text(json.dumps(document))
    return pair


def test_vqa_v2_is_read_as_published(official):
    first, second = read_questions(official)
    assert first == QuestionRow(
        "COCO_val2014_000000458752", "What color?", "red", "vqa-v2", "val", "other", answers=("red",) * 10
    )
    assert second.image_id == "COCO_val2014_000000000009" and second.type == "yes/no"
    assert [q.answer for q in read_questions(official[:1], answered=False)] == [None, None]


def test_vqa_v2_files_that_do_not_belong_together(official):
    notes = json.loads(official[1].read_text())
    official[1].write_text(json.dumps({"annotations": notes["annotations"][:1]}))
    with pytest.raises(RowError, match="question 1 has no annotation"):
        read_questions(official)
    notes["annotations"][0]["question_id"] = 77
    official[1].write_text(json.dumps({"annotations": notes["annotations"][:1]}))
    with pytest.raises(RowError, match="other questions"):
        read_questions(official)
    official[0].write_text('{"a": 1}')
    with pytest.raises(RowError, match="not one of VQA v2's"):
        read_questions(official)
    official[0].write_text("[]")
    with pytest.raises(RowError, match="belong in a .jsonl"):
        read_questions(official)


def test_captions(tmp_path):
    rows = [{"image_id": "a", "captions": [text], "split": "test"} for text in ("one", "two")]
    rows += [{"image_id": "b", "captions": ["three"]}]
    file = write(tmp_path / "c.jsonl", rows)
    assert [(c.image_id, c.captions) for c in read_captions([file], "test")] == [("a", ("one", "two"))]
    assert [c.image_id for c in read_captions([file], "train")] == ["b"]
    with pytest.raises(RowError, match="line 1: captions must be a list"):
        read_captions([write(tmp_path / "d.jsonl", [{"image_id": "a", "captions": []}])])
    with pytest.raises(ValueError, match="split 'val'"):
        read_captions([write(tmp_path / "e.jsonl", rows[:1])], "val")
