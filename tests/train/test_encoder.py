"""Training the image encoder on, on tiny data."""

import json
import shutil

import torch

from vqa.__main__ import main
from vqa.data.images import ImageStore
from vqa.model.checkpoint import load_encoder
from vqa.processing.processor import image_processor
from vqa.train.joint_data import prepare


def test_an_encoder_learns_from_where_it_starts(joint_settings, tiny_data, tiny_weights, tmp_path, monkeypatch):
    """The words of its photographs, by its ViT and the top of its stem; the trunk, whose maps are cached, stays."""
    monkeypatch.setattr("vqa.train.encoder.ImageNetTeacher", lambda: lambda maps: torch.full((len(maps), 1000), 1e-3))
    start = tmp_path / "encoders"
    shutil.copytree(tiny_weights / "encoders", start)
    before = load_encoder(start / "vision")
    for module in before.stem.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)  # with weights as small as they came, gradients vanish
    before.half().save_pretrained(start / "vision")
    before.float()
    joint = json.loads((tiny_data / "joint.json").read_text())
    fit = {"steps": 40, "learning_rate": 3e-3, "warmup_steps": 1, "ema": 0.5}
    config = {name: joint[name] for name in ("images", "questions", "captions", "boxes")}
    config |= {"stage": "encoder", "start": str(start), "cache": str(tmp_path / "cache")}
    config |= {"out": str(tmp_path / "out"), "batch_size": 8, "least_word_count": 1, "heads": fit, "fit": fit}
    (tmp_path / "tuned.json").write_text(json.dumps(config))
    run_folder = tmp_path / "run"
    assert main(["train", "--config", str(tmp_path / "tuned.json"), "--run", str(run_folder)]) == 0

    logs = {name: (run_folder / name / "log.jsonl").read_text().splitlines() for name in ("heads", "encoder")}
    words = {name: [json.loads(line)["words"] for line in lines] for name, lines in logs.items()}
    assert all(len(values) == fit["steps"] for values in words.values())
    assert sum(words["encoder"][-5:]) < sum(words["encoder"][:5])
    after = load_encoder(tmp_path / "out" / "vision")
    trunk = zip(before.stem.trunk_layers.parameters(), after.stem.trunk_layers.parameters(), strict=True)
    assert all(torch.equal(old, new) for old, new in trunk)
    for part in (lambda encoder: encoder.stem.top_layers, lambda encoder: encoder.vit):
        old, new = (torch.cat([p.flatten() for p in part(encoder).parameters()]) for encoder in (before, after))
        assert (old - new).abs().mean() > 1e-3
    settings = joint_settings(vision=str(tmp_path / "out" / "vision"), cache=str(tmp_path / "cache"))
    states = prepare(settings, "unaligned").images.plain  # through the maps of the trunk
    pixels = image_processor(settings.vision)(ImageStore(settings.images).open("p3"), return_tensors="pt").pixel_values
    with torch.no_grad():
        torch.testing.assert_close(states[["p3"]], after(pixels).last_hidden_state[:, 1:], atol=5e-3, rtol=1e-2)
