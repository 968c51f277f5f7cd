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
    box_row,
    caption_row,
    iterate_rows,
    question_row,
    read_rows,
    settle_splits,
    split_rows,
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
    assert own["source"] == "questions" and "split" not in own
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
    with pytest.raises(RowError, match=r"test-dev2015\.json, question 1: answer is missing"):
        read_rows([files[2]], answered_row)


@pytest.mark.parametrize(
    ("check", "row", "reason"),
    [
        (answered_row, {"image_id": "a", "question": "what?"}, "answer is missing"),
        (answered_row, {"image_id": "a", "question": "what?", "answer": " "}, "answer must be a text"),
        (caption_row, {"image_id": "a", "captions": "one"}, "captions must be a list"),
        (box_row, {"image_id": "a", "boxes": [["cat", 0, 1]], "classes": "all"}, "boxes must be a list of"),
        (box_row, {"image_id": "a", "boxes": [["cat", 0, 0, 1, 1]]}, "classes must be all or person"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path, check, row, reason):
    (tmp_path / "r.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(RowError, match=rf"r\.jsonl, line 1: {reason}"):
        read_rows([tmp_path / "r.jsonl"], check)


def test_rows_take_the_split_that_others_give_their_photograph(caplog):
    questions = [{"image_id": "a", "split": "train"}, {"image_id": "b", "split": "test"}, {"image_id": "c"}]
    captions = [{"image_id": "a"}, {"image_id": "b", "split": None}, {"image_id": "d", "split": "val"}]
    settle_splits(questions, captions)
    assert [row.get("split") for row in captions] == ["train", "test", "val"]
    assert "split" not in questions[2] and not caplog.records


def test_a_photograph_in_train_and_elsewhere_is_warned_about(caplog):
    rows = [{"image_id": i, "split": split} for i in "ab" for split in ("train", "val", None)][1:]
    settle_splits(rows)
    assert [row["split"] for row in rows] == ["val", "val", "train", "val", "val"]
    [record] = caplog.records
    assert "1 photographs are in train and in another split, for instance b" in record.getMessage()


def test_rows_without_a_split_are_split_by_photograph_and_measured_whole():
    rows = [{"image_id": f"i{n // 3}", "source": "a"} for n in range(300)]
    train, val = split_rows(rows, "train"), split_rows(rows, "val")
    assert len(train) + len(val) == 300 and 10 <= len(val) <= 60
    assert not {row["image_id"] for row in train} & {row["image_id"] for row in val}
    assert split_rows(rows, "test") == rows
    assert split_rows([*rows, {"image_id": "x", "source": "a", "split": "test"}], "test")[-1]["image_id"] == "x"


def test_a_source_without_val_gets_one_by_photograph():
    rows = [{"image_id": f"i{n // 3}", "source": "a", "split": "train", "n": n} for n in range(600)]
    rows += [{"image_id": f"j{n}", "source": "b", "split": "val" if n % 2 else "train"} for n in range(10)]
    train, val = split_rows(rows, "train"), split_rows(rows, "val")
    assert len(train) + len(val) == len(rows)
    assert not {r["image_id"] for r in train} & {r["image_id"] for r in val}
    assert 30 <= sum(r["source"] == "a" for r in val) <= 100
    assert sum(r["source"] == "b" for r in val) == 5
