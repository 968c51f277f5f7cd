"""Calibration at the end of a run."""

import math
from dataclasses import replace

import pytest

from vqa.inference.predictor import Answer, Prediction
from vqa.train.calibration import FEWEST, answer_val, calibrate, fitted_temperatures
from vqa.train.joint import train_joint


def test_a_few_val_questions_are_counted_and_change_no_probability(joint_settings, tmp_path, caplog):
    settings = joint_settings(fit={"steps": 0, "learning_rate": 1})
    data = train_joint(settings, "unaligned", False, tmp_path / "run")
    few = data.val
    for rows, is_fitted in ((few, False), ([], False), (few * FEWEST, True)):
        data.val, data.model.config.sure_threshold, data.val_right = rows, 0.123, None
        before = data.model.config.to_dict()
        caplog.clear()
        calibrate(data)
        assert (data.model.config.to_dict() != before) == is_fitted
        assert (f"{len(rows)} questions are held out as val, fewer than" in caplog.text) == (not is_fitted)
        assert data.val_right == sum(answer_val(data)[-1])


def test_each_kind_of_answer_has_a_temperature_if_there_are_enough_of_it(joint_settings, tmp_path):
    data = train_joint(joint_settings(fit={"steps": 0, "learning_rate": 1}), "unaligned", False, tmp_path / "run")
    yes = Prediction("is it red?", "unaligned", [Answer("yes", 0.9), Answer("no", 0.1)], True, {})
    yes = replace(yes, choices=("yes", "no"))
    colour = Prediction("what color is this?", "unaligned", [Answer("red", 0.5)], True, {})
    offered = Prediction("is it red or blue?", "unaligned", [Answer("red", 0.8), Answer("blue", 0.2)], True, {})
    offered = replace(offered, choices=("red", "blue"))
    predictions = [yes] * (2 * FEWEST) + [colour] * FEWEST + [offered] * (FEWEST - 1)
    correct = [place % 4 > 0 for place in range(2 * FEWEST)] + [place % 2 > 0 for place in range(2 * FEWEST - 1)]
    data.val = [{"image_id": data.val[0]["image_id"], "question": "what color is this?"}] * len(predictions)
    fitted = fitted_temperatures(data, predictions, correct)
    assert fitted.keys() == {"yes/no", "open"}
    # Three in four are right: 90 % becomes 75 %, odds of 9 odds of 3.
    assert fitted["yes/no"] == pytest.approx(math.log(9) / math.log(3), rel=0.01)
