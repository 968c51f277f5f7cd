"""Rows from each format that data comes in, and how they are split."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from vqa.data.images import ImageStore
from vqa.data.rows import (
    RowError,
    answered_row,
    any_row,
    box_row,
    caption_row,
    cut_splits,
    iterate_rows,
    of_split,
    question_row,
    read_rows,
    split_name,
    with_photographs,
)


def photo(shade: int) -> dict:
    buffer = io.BytesIO()
    Image.new("RGB", (3, 2), (shade, 0, 0)).save(buffer, "PNG")
    return {"bytes": buffer.getvalue(), "path": None}


def save_to_disk(folder, rows: list[dict]) -> None:
    """As `datasets.Dataset.save_to_disk` lays it out."""
    folder.mkdir(parents=True)
    table = pa.Table.from_pylist(rows)
    with (
        pa.OSFile(str(folder / "data-00000-of-00001.arrow"), "wb") as file,
        pa.ipc.new_stream(file, table.schema) as writer,
    ):
        writer.write_table(table)
    state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}], "_split": "train"}
    (folder / "state.json").write_text(json.dumps(state))


@pytest.fixture
def saved(tmp_path):
    """A saved dataset of two parts, a row a question, with VQA v2's names and numbers for ids."""
    folder = tmp_path / "saved"
    notes = {
        "multiple_choice_answer": "red",
        "answer_type": "other",
        "answers": [{"answer": "red"}, {"answer": "pink"}],
    }
    asked = [{"image_id": 7, "question": q, "image": photo(7), "about": None} | notes for q in ("what?", "which?")]
    save_to_disk(folder / "train", asked)
    save_to_disk(folder / "validation", [{"image_id": 8, "question": "is it?", "answer": "no", "image": photo(8)}])
    (folder / "dataset_dict.json").write_text('{"splits": ["train", "validation"]}')
    return folder


def test_a_saved_dataset_gives_documented_rows(saved):
    common = {"image_id": "7", "split": "train", "source": "questions", "type": "other", "answer": "red"}
    assert read_rows([saved], answered_row) == [
        common | {"question": "what?", "answers": ["red", "pink"]},
        common | {"question": "which?", "answers": ["red", "pink"]},
        {"image_id": "8", "split": "val", "source": "questions", "question": "is it?", "answer": "no"},
    ]


def test_a_saved_dataset_holds_photographs_once_each(saved):
    store = ImageStore([saved])
    assert list(store) == ["7", "8"]
    assert store.open("8").getpixel((0, 0)) == (8, 0, 0)
    (saved / "train" / "data-00000-of-00001.arrow").unlink()
    for read in (ImageStore, read_rows):
        with pytest.raises(ValueError, match="train is not a whole dataset"):
            read([saved])
    save_to_disk(saved / "words", [{"question": "what?"}])
    with pytest.raises(ValueError, match=r"words is not a dataset of photographs.*image"):
        ImageStore([saved / "words"])


def test_a_parquet_file_holds_questions_too(tmp_path):
    rows = [{"image_id": "a", "question": "what?", "answer": "cat", "split": None, "image": photo(1)}] * 2
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "q.parquet")
    asked = {"image_id": "a", "question": "what?", "answer": "cat", "source": "questions", "split": None}
    assert read_rows([tmp_path / "q.parquet"], answered_row) == [asked] * 2
    assert ImageStore([tmp_path / "q.parquet"]).read("a") == rows[0]["image"]["bytes"]
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match="broken.parquet is not a Parquet file"):
        read_rows([tmp_path / "broken.parquet"])


def test_official_files_stand_beside_others_and_keep_their_split(tmp_path):
    (tmp_path / "own.jsonl").write_text('{"image_id": "a", "question": "what?", "answer": "cat"}\n')
    files = [tmp_path / "own.jsonl"]
    for subtype in ("train2014", "test-dev2015"):
        document = {"data_type": "mscoco", "data_subtype": subtype}
        document["questions"] = [{"image_id": 12345, "question": "is it?", "question_id": 1}]
        files.append(tmp_path / f"{subtype}.json")
        files[-1].write_text(json.dumps(document))
    note = {"question_id": 1, "answer_type": "yes/no", "multiple_choice_answer": "yes", "answers": [{"answer": "yes"}]}
    files.append(tmp_path / "annotations.json")
    files[-1].write_text(json.dumps({"annotations": [note]}))
    own, train = read_rows([files[0], files[1], files[3]], answered_row)
    assert own["source"] == "questions" and own["split"] is None
    assert train == {
        "image_id": "COCO_train2014_000000012345",
        "question": "is it?",
        "source": "vqa-v2",
        "split": "train",
        "answer": "yes",
        "type": "yes/no",
        "answers": ["yes"],
    }
    [(number, row)] = iterate_rows(files[2], question_row)
    assert (number, row["image_id"], row["split"]) == (1, "COCO_test2015_000000012345", "test")
    with pytest.raises(
        RowError, match=r"test-dev2015\.json, question 1: answer is missing; give the file of .* annotations"
    ):
        read_rows([files[2]], answered_row)


@pytest.mark.parametrize(
    ("check", "row", "reason"),
    [
        (answered_row, {"image_id": "a", "question": "what?"}, "answer is missing"),
        (answered_row, {"image_id": "a", "question": "what?", "answer": " "}, "answer must be a text"),
        (caption_row, {"image_id": "a", "captions": "one"}, "captions must be a list"),
        (box_row, {"image_id": "a", "boxes": [["cat", 0, 1]], "classes": "all"}, "boxes must be a list of"),
        (box_row, {"image_id": "a", "boxes": [["cat", 0, 0, 1, "1"]], "classes": "all"}, "boxes must be a list of"),
        (box_row, {"image_id": "a", "boxes": [["cat", 0, 0, 1, 1]]}, "classes must be all or person"),
        (caption_row, {"image_id": "a", "captions": ["a dog", " . "]}, "the caption ' . ' has no word"),
        (answered_row, {"image_id": "a", "question": "?", "answer": "x", "accepted": "x"}, "accepted must be strings"),
        (answered_row, {"image_id": "a", "question": "?", "answer": "x", "split": 1}, "split must be a string"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path, check, row, reason):
    (tmp_path / "r.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(RowError, match=rf"r\.jsonl, line 1: {reason}"):
        read_rows([tmp_path / "r.jsonl"], check)


@pytest.mark.parametrize(
    ("names", "split"),
    [
        (["train", "Train", "TRAIN", " training ", "train2014", "train-extra", "train_1"], "train"),
        (["val", "validation", "Valid", "dev", "development", "val2014"], "val"),
        (["test", "TEST", "testing", "test2015", "test-dev2015"], "test"),
    ],
)
def test_splits_go_by_many_names(names, split):
    assert {split_name(name) for name in names} == {split}


@pytest.mark.parametrize("name", ["trainval", "train-val", "holdout", "testament", "2014", "val_test"])
@pytest.mark.parametrize(
    ("check", "row"),
    [
        (any_row, {}),
        (answered_row, {"question": "what?", "answer": "red"}),
        (caption_row, {"captions": ["a dog"]}),
        (box_row, {"boxes": [], "classes": "all"}),
    ],
)
def test_a_split_of_no_known_name_is_refused(tmp_path, check, row, name):
    (tmp_path / "r.jsonl").write_text(json.dumps({"image_id": "a", "split": name} | row))
    with pytest.raises(RowError, match=rf"r\.jsonl, line 1: the split '{name}' is none of train, val, test"):
        read_rows([tmp_path / "r.jsonl"], check)


def test_rows_take_the_split_that_others_give_their_photograph(caplog):
    questions = [{"image_id": "a", "split": "train"}, {"image_id": "b", "split": "test"}]
    captions = [{"image_id": "a"}, {"image_id": "b", "split": None}, {"image_id": "d", "split": "val"}]
    cut_splits(questions, captions)
    assert [row["split"] for row in captions] == ["train", "test", "val"]
    assert not caplog.records


def test_a_photograph_in_train_and_elsewhere_is_warned_about(caplog):
    rows = [{"image_id": i, "split": split} for i in "ab" for split in ("train", "val", None)][1:]
    cut_splits(rows)
    assert [row["split"] for row in rows] == ["val", "val", "train", "val", "val"]
    [record] = caplog.records
    assert "1 photograph is in train and in another split, for instance b" in record.getMessage()


def test_rows_without_a_split_are_cut_by_photograph_and_never_test():
    rows = [{"image_id": f"i{n // 3}", "source": f"s{n % 3}"} for n in range(600)]
    named = [{"image_id": f"n{n}", "split": split} for n in range(50) for split in ("val", "test")]
    cut_splits(rows, named)
    train, val = of_split(rows, "train"), of_split(rows, "val")
    assert len(train) + len(val) == 600 and 30 <= len(val) <= 100 and not of_split(rows, "test")
    assert not {row["image_id"] for row in train} & {row["image_id"] for row in val}
    alone = [{"image_id": row["image_id"]} for row in rows]
    cut_splits(alone)  # whatever else is read, the same photographs are held out
    assert [row["split"] for row in alone] == [row["split"] for row in rows]


def test_where_nothing_is_val_a_tenth_of_the_training_photographs_is():
    def rows():
        return [{"image_id": f"i{n // 3}", "source": f"s{n % 2}", "split": "train"} for n in range(600)]

    without, others = rows(), [{"image_id": "t", "split": "test"}]
    cut_splits(without, others)
    val = {row["image_id"] for row in of_split(without, "val")}
    assert 10 <= len(val) <= 35 and others[0]["split"] == "test"
    assert not val & {row["image_id"] for row in of_split(without, "train")}  # whatever their source
    given = rows()
    cut_splits(given, [{"image_id": "v", "split": "val"}])
    assert {row["split"] for row in given} == {"train"}


def test_what_a_model_was_trained_on_is_never_cut_off_as_val():
    rows = [{"image_id": f"i{n}"} for n in range(200)]
    cut_splits(rows)
    val = [row["image_id"] for row in of_split(rows, "val")]
    asked = []

    def trained_on(image_ids):
        asked.extend(image_ids)
        return set(val[::2])

    again = [{"image_id": row["image_id"]} for row in rows]
    cut_splits(again, trained_on=trained_on)
    assert sorted(asked) == sorted(val)  # no other photograph need be read
    assert [row["image_id"] for row in of_split(again, "val")] == val[1::2]


def test_rows_of_one_photograph_are_one_photograph(tmp_path, caplog):
    captions = [("a", ["one", "two"], None), ("b", ["three"], "train"), ("a", ["two", "four"], "Training")]
    lines = [json.dumps({"image_id": i, "captions": c, "split": split}) for i, c, split in captions]
    (tmp_path / "1.jsonl").write_text("\n".join(lines[:2]))
    (tmp_path / "2.jsonl").write_text(lines[2])
    merged = read_rows([tmp_path / "1.jsonl", tmp_path / "2.jsonl"], caption_row)
    assert merged == [
        {"image_id": "a", "captions": ["one", "two", "four"], "split": "train"},
        {"image_id": "b", "captions": ["three"], "split": "train"},
    ]
    assert not caplog.records
    (tmp_path / "3.jsonl").write_text(json.dumps({"image_id": "b", "captions": ["five"], "split": "test"}))
    assert [row["split"] for row in read_rows(sorted(tmp_path.glob("*.jsonl")), caption_row)] == ["train", "test"]
    assert "1 photograph is in train and in another split" in caplog.text


def test_boxes_that_several_rows_give_are_there_once(tmp_path):
    dog, cat, man = ["dog", 0.1, 0.2, 0.3, 0.4], ["cat", 0, 0, 1, 1], ["person", 0.5, 0.5, 0.9, 1]
    near = ["person", 0.5, 0.5, 0.9, 0.99]  # the man, as another file has him
    rows = [("a", "all", [dog]), ("a", "all", [dog, cat]), ("b", "all", [dog, man]), ("b", "person", [near])]
    rows += [("c", "person", [man]), ("c", "all", [dog]), ("d", "person", [man]), ("d", "person", [near])]
    lines = [json.dumps({"image_id": i, "classes": classes, "boxes": boxes}) for i, classes, boxes in rows]
    (tmp_path / "b.jsonl").write_text("\n".join(lines))
    found = {row["image_id"]: (row["classes"], row["boxes"]) for row in read_rows([tmp_path / "b.jsonl"], box_row)}
    assert found == {
        "a": ("all", [dog, cat]),
        "b": ("all", [dog, man]),
        "c": ("all", [dog, man]),
        "d": ("person", [man, near]),
    }


def test_rows_whose_photograph_is_missing_are_counted(caplog):
    rows = [{"image_id": i} for i in "abcab"]
    assert with_photographs(rows, {"a", "c"}, "questions") == [rows[0], rows[2], rows[3]]
    assert "2 of 5 questions are left out: 1 photograph is not among the images, for instance b" in caplog.text
    caplog.clear()
    assert with_photographs(rows, set("abc"), "questions") == rows and not caplog.records


def test_vqa_json_may_have_ids_and_splits_of_its_own(tmp_path):
    questions = [{"image_id": i, "question": "what?", "question_id": n} for n, i in enumerate(("cat", 7))]
    (tmp_path / "q.json").write_text(json.dumps({"questions": questions}))
    assert [(row["image_id"], row["split"]) for row in read_rows([tmp_path / "q.json"])] == [("cat", None), ("7", None)]
    official = {"data_type": "mscoco", "data_subtype": "train2014", "questions": questions}
    (tmp_path / "q.json").write_text(json.dumps(official))
    rows = read_rows([tmp_path / "q.json"])
    assert [row["image_id"] for row in rows] == ["cat", "COCO_train2014_000000000007"] and rows[0]["split"] == "train"
    official |= {"data_subtype": "kitchen", "questions": [{"image_id": None, "question": "what?", "question_id": 1}]}
    (tmp_path / "q.json").write_text(json.dumps(official))
    with pytest.raises(RowError, match=r"q\.json is not one of VQA v2's official files: .*image_id None"):
        read_rows([tmp_path / "q.json"])


@pytest.mark.parametrize("suffix", [".PARQUET", ".Parquet"])
def test_suffixes_are_known_in_capitals(tmp_path, suffix):
    pq.write_table(pa.table({"image_id": ["a"], "question": ["what?"], "image": [photo(3)]}), tmp_path / f"q{suffix}")
    [row] = read_rows([tmp_path / f"q{suffix}"], question_row)
    assert row["question"] == "what?" and list(ImageStore([tmp_path / f"q{suffix}"])) == ["a"]
    (tmp_path / "Q.JSON").write_text('{"questions": [{"image_id": "a", "question": "who?"}]}')
    assert [row["question"] for row in read_rows([tmp_path / "Q.JSON"])] == ["who?"]


def test_rows_are_read_in_one_form(tmp_path):
    nfc, nfd = "caf\u00e9", "cafe\u0301"
    row = {"image_id": nfd, "question": f"is  this a\u00a0{nfd}\u200b?", "answer": nfd, "answers": [nfd, nfc]}
    row |= {"captions": [f"A {nfd} .\n"], "boxes": [], "classes": "all"}
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    [question] = read_rows([file], question_row)
    asked = {"image_id": nfc, "question": f"is this a {nfc}?", "answer": nfc, "answers": [nfc, nfc]}
    assert {name: question[name] for name in asked} == asked
    [captions] = read_rows([file], caption_row)
    assert (captions["image_id"], captions["captions"]) == (nfc, [f"A {nfc} ."])
    assert read_rows([file], box_row)[0]["image_id"] == nfc


def test_a_question_that_is_too_long_is_refused_by_its_line(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"image_id": "a", "question": "why " * 126}) + "\n")
    with pytest.raises(RowError, match="rows.jsonl, line 1: The question has 504 characters; at most 500 are read"):
        read_rows([file], question_row)
