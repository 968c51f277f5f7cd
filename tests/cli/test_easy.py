"""easy-VQA as files that training and evaluation read."""

import sys
from collections import Counter

import pytest

from vqa.__main__ import main
from vqa.data.images import ImageStore
from vqa.data.rows import answered_row, read_rows


def test_both_splits_are_written_whole_and_read_back(tmp_path, capsys):
    easy_vqa = pytest.importorskip("easy_vqa", reason="the package easy-vqa is not installed")
    assert main(["easy", "--out", str(tmp_path / "easy")]) == 0
    assert "48,248 questions about 5,000 pictures" in capsys.readouterr().out
    store = ImageStore([tmp_path / "easy" / "images"])
    rows = read_rows([tmp_path / "easy" / "questions.jsonl"], answered_row)
    assert Counter(row["split"] for row in rows) == {"train": 38575, "test": 9673}
    assert {row["image_id"] for row in rows} == set(store)
    asked, answers, numbers = easy_vqa.get_test_questions()
    tested = [row for row in rows if row["split"] == "test"]
    for row, *official in zip(tested[::97], asked[::97], answers[::97], numbers[::97], strict=True):
        assert [row["question"], row["answer"], row["image_id"]] == [*official[:2], f"test-{official[2]}"]
    with open(easy_vqa.get_test_image_paths()[7], "rb") as picture:
        assert (tmp_path / "easy" / "images" / "test-7.png").read_bytes() == picture.read()


def test_without_the_package_it_says_how_to_get_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "easy_vqa", None)
    assert main(["easy", "--out", str(tmp_path / "easy")]) == 2
    assert "pip install easy-vqa" in capsys.readouterr().err
    assert not (tmp_path / "easy").exists()
