"""A run can be resumed in another process: what it reads is the same whatever the order of Python's sets is there."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = """
import dataclasses, json, sys
from vqa.train.encoder import EncoderData, starting_encoders
from vqa.train.makers.sources import made_questions
from vqa.train.settings import load_settings
encoder = load_settings(sys.argv[1])
vision, _, tokenizer = starting_encoders(encoder)
data = EncoderData(encoder, vision, tokenizer)
rows = [json.loads(line) for line in open(sys.argv[2])]
made = made_questions(rows[:2], rows[2:], [], [], seed=0)
made = {name: [dataclasses.astuple(example) for example in found] for name, found in made.items()}
print(json.dumps([list(data.words), data.answers, data.batch(1)["words"].tolist(), made]))
"""
ROWS = [
    {"image_id": "q", "question": "what is on the beach", "answer": "dog", "source": "coco-qa", "type": "object"},
    {"image_id": "r", "question": "what is in the kitchen", "answer": "cat", "source": "coco-qa", "type": "object"},
    {"image_id": "a", "captions": ["A brown dog runs on a beach.", "Two men sit next to a red bus in the snow."]},
    {"image_id": "b", "captions": ["A black cat sleeps in a kitchen.", "A woman in a white shirt rides a horse."]},
    {"image_id": "c", "captions": ["A man holding a blue umbrella stands on a street at night."]},
    {"image_id": "d", "captions": ["A girl eats a pizza at a table on a sunny day."]},
]


def test_sets_in_another_order_change_nothing(tiny_data, tiny_weights, tmp_path):
    joint = json.loads((tiny_data / "joint.json").read_text())
    fields = {name: joint[name] for name in ("images", "questions", "captions", "boxes", "vision", "text")}
    fields |= {"stage": "encoder", "image_size": 96, "least_word_count": 1, "least_answer_count": 1}
    fields |= {"photos_per_batch": 4, "cache": str(tmp_path / "cache"), "out": str(tmp_path / "out")}
    fields |= {"fit": {"steps": 1, "learning_rate": 1e-3}}
    (tmp_path / "encoder.json").write_text(json.dumps(fields))
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    read = [
        subprocess.run(
            [sys.executable, "-c", CODE, str(tmp_path / "encoder.json"), str(tmp_path / "rows.jsonl")],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    ]
    assert read[0] == read[1] == read[2] and '"dog' in read[0]
