"""`python -m vqa contrast`: it measures, chooses and writes."""

import json

from vqa.__main__ import main
from vqa.evaluate.contrast import FILE, KINDS, read_contrast
from vqa.evaluate.records import hash_weights


def test_the_command_measures_both_models_and_keeps_what_it_chose(tiny_weights, tiny_data, tmp_path, capsys):
    out = tmp_path / "contrast.json"
    photos = ["--images", str(tiny_data / "photos"), "--questions", str(tiny_data / "questions.jsonl")]
    assert main(["contrast", "--weights", str(tiny_weights), *photos, "--out", str(out)]) == 0
    found = read_contrast(out)
    assert found["count"] == 20 and {case["kind"] for case in found["cases"]} <= set(KINDS)
    assert found["weights"] == {name: hash_weights(tiny_weights, name) for name in ("aligned", "unaligned")}
    assert "right: aligned " in capsys.readouterr().out


def test_one_model_has_nothing_to_compare_with(tiny_weights, tiny_data, tmp_path, capsys):
    for part in ("encoders", "aligned"):
        (tmp_path / part).symlink_to(tiny_weights / part)
    photos = ["--images", str(tiny_data / "photos"), "--questions", str(tiny_data / "questions.jsonl")]
    assert main(["contrast", "--weights", str(tmp_path), *photos]) == 2
    assert "no variant 'unaligned'" in capsys.readouterr().err and not (tmp_path / FILE).exists()


def test_bad_places_are_told_before_anything_is_measured(tiny_weights, tmp_path, capsys):
    out = tmp_path / "nowhere" / "contrast.json"
    assert main(["contrast", "--weights", str(tiny_weights), "--out", str(out)]) == 2
    assert "no folder" in capsys.readouterr().err
    row = {"image_id": "a", "question": "is it?"}
    (tmp_path / "questions.jsonl").write_text(json.dumps(row))
    assert main(["contrast", "--weights", str(tiny_weights), "--images", str(tmp_path)]) == 2
    assert "cannot be written" in (told := capsys.readouterr().err) or "no answer" in told
