"""Calibration at the end of a run."""

from vqa.train.calibration import FEWEST, answer_val, calibrate
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
