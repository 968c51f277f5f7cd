"""A model as one whole folder: for the Hub, for a process that lacks this package, and for this package again."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import yaml
from huggingface_hub import HfApi, ModelCard, parse_eval_result_entries
from transformers import AutoModel, AutoProcessor

from vqa.common.checksums import check_sums
from vqa.inference.predictor import VQAPredictor

QUESTION = "what is the color of this ball?"
EVAL = {"split": "test", "benchmarks": {"coco-qa": {"accuracy": 0.53125, "count": 743, "interval": [0.49, 0.57]}}}
CARD = "---\nlicense: apache-2.0\nbase_model: some/encoder\ndatasets: [coco-qa]\n---\n\n# Weights\n"
WITHOUT_THE_PACKAGE = """
import json, sys
sys.modules["vqa"] = None  # an import of it fails, wherever it may be installed
from transformers import AutoConfig, AutoModel, AutoProcessor
folder, photo, question = sys.argv[1:]
model = AutoModel.from_pretrained(folder, trust_remote_code=True)
processor = AutoProcessor.from_pretrained(folder, trust_remote_code=True)
inputs = processor(images=photo, text=question)
answers = processor.batch_decode(model.generate(**inputs, num_return_sequences=3), skip_special_tokens=True)
print(json.dumps({"answers": answers, "fused": list(model(**inputs).fused_text.shape), "type": type(model).__module__}))
"""


@pytest.fixture(scope="module")
def whole(tiny_weights, tmp_path_factory):
    """The unaligned of two checkpoints that share their encoders, saved whole."""
    source = tmp_path_factory.mktemp("source") / "weights"
    shutil.copytree(tiny_weights, source)
    (source / "README.md").write_text(CARD)
    (source / "unaligned" / "eval.json").write_text(json.dumps(EVAL))
    (source / "unaligned" / "space.json").write_text(json.dumps({"matched": [0.1], "mismatched": [0.0]}))
    folder = tmp_path_factory.mktemp("whole")
    VQAPredictor.from_pretrained(source).save_pretrained(folder, "unaligned")
    return folder


def test_a_whole_folder_answers_as_what_it_was_saved_from(whole, tiny_predictor, photo):
    loaded = VQAPredictor.from_pretrained(whole)
    assert loaded.variants == ["unaligned"]
    expected, found = (p.ask(photo, QUESTION, "unaligned") for p in (tiny_predictor, loaded))
    assert [a.text for a in found.top] == [a.text for a in expected.top]
    assert found.confidence == pytest.approx(expected.confidence, rel=1e-5)
    assert loaded.similarity(photo, "a cat", "unaligned").matched_percentile is not None
    check_sums(whole)
    assert tiny_predictor.models["unaligned"].config.encoders == "../encoders"  # the one that was saved is as before


def test_the_card_and_the_results_are_in_the_hubs_form(whole):
    card = ModelCard.load(whole / "README.md")
    data = card.data
    assert (data.license, data.language, data.pipeline_tag) == ("apache-2.0", "en", "visual-question-answering")
    assert (data.base_model, data.datasets, data.metrics) == ("some/encoder", ["coco-qa"], ["accuracy"])
    assert [(r.dataset_name, r.metric_value, r.dataset_split) for r in data.eval_results] == [
        ("coco-qa", 0.53125, "test")
    ]
    assert "| coco-qa | 743 | 53.1 |" in card.text and "{" not in card.text.replace("{}", "")
    [entry] = parse_eval_result_entries(yaml.safe_load((whole / ".eval_results" / "coco-qa.yaml").read_text()))
    assert (entry.dataset_id, entry.task_id, entry.value) == ("coco-qa", "test", 53.12)
    assert json.loads((whole / "eval.json").read_text()) == EVAL


def test_a_model_of_which_nothing_is_known_claims_nothing(tiny_weights, tmp_path):
    VQAPredictor.from_pretrained(tiny_weights).save_pretrained(tmp_path)
    card = ModelCard.load(tmp_path / "README.md")
    assert card.data.license is None and card.data.eval_results is None and "Results" not in card.text
    assert not (tmp_path / ".eval_results").exists() and not (tmp_path / "eval.json").exists()


def generated(model, processor, photo) -> list[str]:
    return processor.batch_decode(model.generate(**processor(images=photo, text=QUESTION), num_return_sequences=3))


def expected_of(predictor, photo) -> list[str]:
    """What the model that was saved generates; the predictor's own answers merge spellings."""
    return generated(predictor.models["unaligned"], predictor.processors["unaligned"], photo)


def test_auto_classes_read_it_where_the_package_is(whole, tiny_predictor, photo):
    model, processor = AutoModel.from_pretrained(whole), AutoProcessor.from_pretrained(whole)
    assert generated(model, processor, photo) == expected_of(tiny_predictor, photo)


def test_auto_classes_read_a_copy_where_the_package_is_not(whole, tiny_predictor, photo, tmp_path):
    shutil.copytree(whole, tmp_path / "copy")
    photo.save(tmp_path / "photo.png")
    (tmp_path / "elsewhere").mkdir()
    told = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_PACKAGE, tmp_path / "copy", tmp_path / "photo.png", QUESTION],
        cwd=tmp_path / "elsewhere",
        env=os.environ | {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout.splitlines()[-1])
    assert found["answers"] == expected_of(tiny_predictor, photo) and len(found["answers"]) == 3
    assert found["fused"] == [1, len(tiny_predictor.read(QUESTION).mask[0]), 16]
    assert found["type"].startswith("transformers_modules.")


def test_uploading_sends_the_whole_folder(whole, tiny_weights, monkeypatch):
    sent = {}

    class Repository(str):
        repo_id = "me/tiny"

    def create_repo(self, repo_id, private, exist_ok):
        sent.update(repo_id=repo_id, private=private, exist_ok=exist_ok, token=self.token)
        return Repository(f"https://hub.example/{repo_id}")

    def upload_folder(self, *, folder_path, repo_id, commit_message):
        sent.update(files=sorted(os.listdir(folder_path)), to=repo_id)

    monkeypatch.setattr(HfApi, "create_repo", create_repo)
    monkeypatch.setattr(HfApi, "upload_folder", upload_folder)
    url = VQAPredictor.from_pretrained(whole).push_to_hub("tiny", private=True, token="secret")
    assert url == "https://hub.example/tiny" and sent["to"] == "me/tiny"
    assert (sent["private"], sent["exist_ok"], sent["token"]) == (True, True, "secret")
    assert sent["files"] == sorted(os.listdir(whole))
    needed = {"config.json", "model.safetensors", "answers.model", "processor_config.json", "tokenizer.json"}
    assert needed | {"README.md", "model.py", "processor.py", "SHA256SUMS", ".eval_results"} <= set(sent["files"])
