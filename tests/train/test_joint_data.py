"""What a joint run reads: batches of states, what is hidden, marked and said in them, and heads to start from."""

import dataclasses
import json
import random
import shutil

import pytest
import torch
from safetensors.torch import load_file
from transformers import ViTConfig, ViTModel

from vqa.common.checksums import SUMS_FILE
from vqa.data.images import ImageStore
from vqa.data.trained_on import TRAINED_ON_FILE, TrainedOn
from vqa.inference.predictor import VQAPredictor
from vqa.model.model import VQAModel
from vqa.processing.processor import image_processor_for
from vqa.train.checkpoint import save
from vqa.train.contrastive import CaptionPairs
from vqa.train.examples import Example
from vqa.train.joint import train_joint
from vqa.train.joint_data import own_captions, prepare


def test_heads_of_a_folder_are_trained_on(joint_settings, tiny_weights, tmp_path):
    heads = load_file(tiny_weights / "unaligned" / "model.safetensors")
    start = {"start": str(tiny_weights), "model": {"dropout": 0.25}}
    settings = joint_settings(fit={"steps": 0, "learning_rate": 1}, **start)
    model = train_joint(settings, "unaligned", False, tmp_path / "run").model
    assert model.heads.decoder.dropout.p == model.config.dropout == 0.25
    for name, value in model.heads.named_parameters():
        assert torch.equal(value.detach(), heads[name].float())
    encoder = VQAModel.from_pretrained(tiny_weights / "unaligned").vision_encoder.state_dict()
    assert all(torch.equal(value, encoder[name]) for name, value in model.vision_encoder.state_dict().items())


def test_photographs_are_seen_at_another_size_from_there_on(joint_settings, tiny_weights, photo, tmp_path):
    """On a finer grid, in caches and when served; and what starts from there needs not say so again."""
    fit = {"steps": 2, "learning_rate": 1e-3, "warmup_steps": 1}
    own = {"start": str(tiny_weights), "model": {}, "image_size": 160, "out": str(tmp_path / "finer")}
    data = train_joint(joint_settings(fit=fit, **own), "unaligned", False, tmp_path / "run")
    assert data.images[["p0"]].shape[1] == 25
    save(data, {})
    predictor = VQAPredictor.from_pretrained(tmp_path / "finer")
    seen = predictor.encode(photo)
    assert seen.states.states.shape[1] == 25 and predictor.ask(seen, "what color is this?", "unaligned").top
    later = joint_settings(fit=fit | {"steps": 0}, model={}, start=own["out"], out=str(tmp_path / "later"))
    assert train_joint(later, "unaligned", False, tmp_path / "later-run").model.grid_size == (5, 5)


def test_heads_do_not_start_over_another_encoder(joint_settings, tiny_weights, tmp_path):
    config = ViTConfig(image_size=96, patch_size=32, hidden_size=16, num_hidden_layers=1, num_attention_heads=2)
    ViTModel(config, add_pooling_layer=False).save_pretrained(tmp_path / "vit")
    image_processor_for(config).save_pretrained(tmp_path / "vit")
    own = {"model": {}, "vision": str(tmp_path / "vit"), "fit": {"steps": 0, "learning_rate": 1}}
    with pytest.raises(ValueError, match="If `vision` or `text` is another encoder, leave `start` out"):
        prepare(joint_settings(start=str(tiny_weights), **own), "unaligned")
    assert prepare(joint_settings(**own), "unaligned").model.vision_encoder.config.hidden_size == 16


@pytest.fixture(scope="module")
def cats(joint_settings, tmp_path_factory):
    """Data whose photographs have a cat in the upper left, in nine patches of three rows."""
    settings = joint_settings(patch_drop_prob=0.0, fit={"steps": 0, "learning_rate": 1})
    return train_joint(settings, "unaligned", False, tmp_path_factory.mktemp("cats"))


def test_a_share_has_whole_photographs_and_all_captions(cats):
    def photographs(data, source="colours"):
        return {example.image_id for example in data.sources[source]}

    half, tenth = cats.with_share(0.5, 1), cats.with_share(0.1, 1)
    assert len(photographs(cats)) == 16
    assert len(photographs(half)) == 8 and photographs(tenth) < photographs(half) < photographs(cats)
    for source, examples in cats.sources.items():
        assert half.sources[source] == [e for e in examples if e.image_id in photographs(half)]
    assert half.captions is cats.captions and half.caption_rows is cats.caption_rows
    assert photographs(cats.with_share(0.5, 2)) != photographs(half)
    assert cats.with_share(1.0, 1).sources == cats.sources
    assert len(photographs(cats.with_share(0.001, 1))) == 1


def test_a_share_is_of_the_photographs_that_the_batches_ask_about(cats):
    own = dataclasses.replace(cats.settings, questions_per_batch={"colours": 8})
    sources = cats.sources | {"other": [Example("elsewhere", "q", ("a",))]}
    data = dataclasses.replace(cats, settings=own, sources=sources).with_share(1.0, 0)
    assert len(data.sources["colours"]) == 16 and data.sources["other"] == []


def test_what_is_asked_about_is_marked(cats):
    def marked(about="cat", image_id="p0"):
        return cats.patches_asked_about(Example(image_id, "q", ("a",), about)).view(3, 3).int().tolist()

    assert marked() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    nothing = [[0] * 3] * 3
    assert marked("dog") == marked(None) == nothing
    assert marked(image_id="p17") == nothing  # of val, no box is known


def test_only_boxes_of_classes_boxed_in_full_are_known(joint_settings, tmp_path):
    things = [["cat", 0.1, 0.1, 0.6, 0.6], ["person", 0.5, 0.5, 1.0, 1.0]]
    rows = [
        {"image_id": "p0", "split": "train", "classes": "person", "boxes": things},
        {"image_id": "p1", "split": "train", "classes": "all", "boxes": things},
        {"image_id": "p19", "split": "val", "classes": "all", "boxes": things},
    ]
    (tmp_path / "boxes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = joint_settings(
        boxes=[str(tmp_path / "boxes.jsonl")],
        questions_per_batch={"colours": 8},
        cache=str(tmp_path / "cache"),
    )
    assert prepare(settings, "unaligned").boxes == {"p0": things[1:], "p1": things}


def test_hidden_patches_are_nothing_to_look_at(cats):
    examples = [Example(f"p{i}", "what color is this?", ("red",), "cat") for i in range(6)]
    _, seen = cats.collate(examples, random.Random(0), question_only_prob=0.0)
    _, question_only = cats.collate(examples, random.Random(0), question_only_prob=1.0)
    assert seen.shape == (6, 9) and seen.any(1).all() and not question_only.any()


@pytest.mark.parametrize(("own", "pool"), [(1, 2), (3, 1), (4, 0)])
def test_a_photographs_own_captions_are_never_mined_as_wrong(cats, own, pool):
    captions = {"p0": [f"a photo of {c}" for c in ("red", "blue", "green", "white")[:own]]}
    captions |= {
        "p1": ["a photo of red"],
        "p2": ["a photo of white"],
        "p3": [f"a photo of {c}" for c in ("blue", "green")],
    }
    texts = {caption for of_image in captions.values() for caption in of_image}
    pairs = CaptionPairs(captions, cats.images, cats.texts, 4, hard_negatives=2, mine_every=1, seed=0)
    assert len(texts) == 4 and pairs.pool_size == pool
    if not pool:  # every caption is the photograph's own: there is none to be wrong
        assert "hard_states" not in pairs.batch(0, cats.model.heads.aligner)
        return
    distinct, nearest = sorted(texts), pairs.mine(cats.model.heads.aligner)
    assert nearest.shape == (4, pool)
    for image_id, row in zip(sorted(captions), nearest.tolist(), strict=True):
        assert not {distinct[i] for i in row} & set(captions[image_id])


def test_captions_spread_over_rows_are_all_trained_on(joint_settings, tmp_path):
    rows = [{"image_id": f"p{i}", "captions": [f"a photo of {c}"]} for i in range(4) for c in ("red", "blue")]
    (tmp_path / "c.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[::2] + rows[1::2]))
    box = {"classes": "all", "boxes": [["cat", 0, 0, 1, 1]], "image_id": "p1"}
    (tmp_path / "b.jsonl").write_text(f"{json.dumps(box)}\n{json.dumps(box)}\n")
    files = {"captions": [str(tmp_path / "c.jsonl")], "boxes": [str(tmp_path / "b.jsonl")]}
    data = prepare(joint_settings(**files, cache=str(tmp_path / "cache")), "aligned")
    assert own_captions(data.caption_rows["train"]) == {
        f"p{i}": ["a photo of red", "a photo of blue"] for i in range(4)
    }
    assert data.boxes == {"p1": [["cat", 0, 0, 1, 1]]}  # one cat, in two rows


def test_what_is_missing_is_counted_and_what_nobody_asks_about_is_not_opened(
    joint_settings, tiny_data, tmp_path, caplog
):
    photos = tmp_path / "photos"
    photos.mkdir()
    for i in (*range(8), 16, 17):  # half of the sixteen, and half of val
        shutil.copy(tiny_data / "photos" / f"p{i}.png", photos)
    (photos / "torn.png").write_bytes((photos / "p1.png").read_bytes()[:60])
    (photos / "._p1.png").write_bytes(b"what macOS writes")
    cache = str(tmp_path / "cache")
    data = prepare(joint_settings(images=[str(photos)], cache=cache), "unaligned")
    assert "10 of 20 questions are left out: 10 photographs are not among the images, for instance p10" in caplog.text
    assert "10 of 20 photographs with captions are left out" in caplog.text
    assert len(data.sources["colours"]) == 8 and len(data.val) == 2
    assert "p16" in data.images and "torn" not in data.images
    (photos / "p1.png").write_bytes((photos / "p1.png").read_bytes()[:60])
    with pytest.raises(ValueError, match="The photograph 'p1' cannot be used"):
        prepare(joint_settings(images=[str(photos)], cache=str(tmp_path / "other")), "unaligned")


def test_answers_that_are_cut_are_counted(joint_settings, tiny_data, tmp_path, caplog):
    rows = [json.loads(line) for line in (tiny_data / "questions.jsonl").read_text().splitlines()]
    rows[3]["answer"] = " ".join(f"word{chr(97 + i)}" for i in range(26))
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    prepare(joint_settings(questions=[str(tmp_path / "q.jsonl")], cache=str(tmp_path / "cache")), "unaligned")
    assert "1 answers have more than 24 pieces and are learned without their end, for instance 'worda" in caplog.text
    caplog.clear()
    prepare(joint_settings(cache=str(tmp_path / "cache")), "unaligned")
    assert "pieces" not in caplog.text


def test_the_weights_know_which_photographs_they_were_trained_on(joint_settings, tiny_data, tiny_weights, tmp_path):
    encoders = tmp_path / "encoders"
    shutil.copytree(tiny_weights / "encoders", encoders)
    store = ImageStore([tiny_data / "photos"])
    TrainedOn.of_photographs(store, ["p19"]).write(encoders / "vision")  # by an earlier stage
    places = {name: str(encoders / name) for name in ("vision", "text")}
    settings = joint_settings(**places, out=str(tmp_path / "out"), fit={"steps": 0, "learning_rate": 1})
    save(train_joint(settings, "unaligned", False, tmp_path / "run"), {"questions": "abc"})
    known = TrainedOn.of_weights(tmp_path / "out", "unaligned")
    assert known.among(store, store) == {f"p{i}" for i in range(16)} | {"p19"}
    assert TrainedOn.read(tmp_path / "out" / "encoders" / "vision").among(store, store) == {"p19"}
    assert TRAINED_ON_FILE in (tmp_path / "out" / "unaligned" / SUMS_FILE).read_text()
    assert json.loads((tmp_path / "out" / "unaligned" / "train.json").read_text())["made_from"] == {"questions": "abc"}
