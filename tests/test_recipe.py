"""The two commands of `docs/training.md`, with the repository's own configurations, on photographs drawn by the tests.

What is changed is size alone: the encoders to start from, batches, steps and the heads' width.
"""

import json
from pathlib import Path

import pytest

from vqa.__main__ import main
from vqa.inference.predictor import VQAPredictor
from vqa.model.checkpoint import load_encoder

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
SHORT = {"steps": 3, "warmup_steps": 1}


@pytest.fixture(scope="module")
def recipe(tmp_path_factory, tiny_data, tiny_weights):
    """The folder in which both commands have run."""
    folder = tmp_path_factory.mktemp("recipe")
    tiny = json.loads((tiny_data / "joint.json").read_text())
    real = {name: json.loads((CONFIGS / f"{name}.json").read_text()) for name in ("encoder", "joint")}
    rows = [json.loads(line) for line in Path(tiny["questions"][0]).read_text().splitlines()]
    asked = [row | {"source": source} for source in real["joint"]["questions_per_batch"] for row in rows]
    (folder / "questions.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in asked))
    data = {name: tiny[name] for name in ("images", "captions", "boxes")} | {"labels": []}
    data |= {"questions": [str(folder / "questions.jsonl")], "cache": str(folder / "cache")}

    def write(name: str, **changes) -> str:
        """A configuration that is the repository's but for `changes` and the length of its schedules."""
        schedules = {key: real[name][key] | SHORT for key in ("align", "fit") if key in real[name]}
        fields = {"extends": str(CONFIGS / f"{name}.json")} | data | schedules | changes
        (folder / f"{name}.json").write_text(json.dumps(fields))
        return str(folder / f"{name}.json")

    encoders = tiny_weights / "encoders"
    encoder = write(
        "encoder",
        **{"vision": str(encoders / "vision"), "text": str(encoders / "text"), "out": str(folder / "weights/encoders")},
        **{"image_size": load_encoder(encoders / "vision").config.image_size, "photos_per_batch": 4, "text_layers": 1},
        **{"least_word_count": 1, "least_answer_count": 1, "answerer_blocks": 1, "answerer_width": 32},
    )
    assert main(["train", "--config", encoder, "--run", str(folder / "runs/encoder")]) == 0
    tuned = folder / "weights" / "encoders"
    joint = write(
        "joint",
        **{"vision": str(tuned / "vision"), "text": str(tuned / "text"), "out": str(folder / "weights")},
        **{"model": real["joint"]["model"] | {"hidden_size": 16, "num_heads": 2}, "answer_pieces": 300},
        **{"align_batch": 6, "pairs_per_batch": 4},
    )
    for variant in ("aligned", "unaligned"):
        run = str(folder / "runs" / variant)
        assert main(["train", "--config", joint, "--variant", variant, "--run", run]) == 0
    return folder


def test_two_commands_make_weights_that_answer(recipe, photo):
    predictor = VQAPredictor.from_pretrained(recipe / "weights")
    assert predictor.variants == ["aligned", "unaligned"]
    for variant in predictor.variants:
        assert predictor.ask(photo, "what color is this?", variant).top
        config, real = predictor.models[variant].config, json.loads((CONFIGS / "joint.json").read_text())["model"]
        assert {name: getattr(config, name) for name in real} == real | {"hidden_size": 16, "num_heads": 2}


def test_the_two_variants_differ_in_alignment_alone(recipe):
    records = [json.loads((recipe / "weights" / v / "train.json").read_text()) for v in ("aligned", "unaligned")]
    for record in records:
        record["made_from"].pop("settings")  # a digest of what is compared below, and of the variant
    for name in ("settings", "made_from", "examples"):
        assert records[0][name] == records[1][name]
    logs = [(recipe / "runs" / v / "joint" / "log.jsonl").read_text().splitlines() for v in ("aligned", "unaligned")]
    assert len(logs[0]) == len(logs[1]) == SHORT["steps"]
    terms = [set(json.loads(log[0])) for log in logs]
    assert terms[0] - terms[1] == {"align"} and not terms[1] - terms[0]
    assert (recipe / "runs" / "aligned" / "align").is_dir() and not (recipe / "runs" / "unaligned" / "align").exists()
