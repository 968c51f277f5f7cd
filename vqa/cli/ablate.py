"""Measure what co-attention, alignment and hard negatives each contribute.

Each cell trains the heads of one setup from one seed, for the same small number of steps, and is measured on one
split. A finished cell is a file, so that an interrupted run continues. Its name has the fingerprint of what it was made
from (settings, data, encoders, code): if any of that changes, the cell is trained again.
"""

import argparse
import dataclasses
import shutil
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import torch

from vqa.cli.arguments import WEIGHTS, positive
from vqa.common.files import check_writable, read_json, write_json
from vqa.data.rows import of_split
from vqa.evaluate.records import commit
from vqa.evaluate.retrieval import RANKS, summarise
from vqa.evaluate.tables import ablation_space_table, ablation_table
from vqa.processing.processor import PAD
from vqa.processing.text import clean_answer, clean_caption
from vqa.train.contrastive import embed_images, embed_texts
from vqa.train.features import TextStates
from vqa.train.fingerprints import code_digest, digest_of, made_from, settings_digest
from vqa.train.joint import train_heads
from vqa.train.joint_data import JointData, new_model, prepare, read_data
from vqa.train.loop import FitSettings
from vqa.train.settings import JointSettings, load_settings

FILE = "ablation.json"
BATCH = 64
PHOTOGRAPHS = 1000  # whose captions are retrieved


@dataclass(frozen=True)
class Setup:
    """The changes that a cell makes to the configuration."""

    fusion: str
    variant: str
    changes: dict = field(default_factory=dict)
    question_only: bool = False


ALIGNMENTS = {
    "unaligned": ("unaligned", {}),
    "projection only": ("aligned", {"align_weight": 0.0}),
    "contrastive": ("aligned", {"hard_negatives": 0}),
    "contrastive, hard negatives": ("aligned", {}),
}
SETUPS = {"question only": Setup("coattention", "unaligned", question_only=True)} | {
    f"{label}, {alignment}": Setup(fusion, variant, changes)
    for label, fusion in (("pooled", "pooled"), ("co-attention", "coattention"))
    for alignment, (variant, changes) in ALIGNMENTS.items()
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", default="configs/ablate.json", help="default: configs/ablate.json")
    parser.add_argument(
        "--steps", type=positive, metavar="N", help="steps of joint training; default: the configuration's"
    )
    parser.add_argument("--seeds", type=positive, default=3, metavar="N", help="runs of each setup (default 3)")
    parser.add_argument("--split", choices=("val", "test"), default="val", help="the split to measure (default val)")
    parser.add_argument(
        "--cells", type=Path, default=Path("runs/ablate"), metavar="DIR", help="folder of finished cells"
    )
    parser.add_argument(
        "--out", type=Path, default=WEIGHTS / FILE, metavar="FILE.json", help=f"default: weights/{FILE}"
    )


def run(args: argparse.Namespace) -> None:
    base = load_settings(args.config)
    if not isinstance(base, JointSettings):
        raise ValueError(f"{args.config} is not the configuration of a joint run.")
    steps = args.steps or base.fit.steps
    check_writable(args.out)
    args.cells.mkdir(parents=True, exist_ok=True)
    origin = made_from(dataclasses.replace(base, start=None), "") | {"code": code_digest()}
    testbed: Testbed | None = None
    cells = defaultdict(list)
    for seed in range(args.seeds):  # all variants of a seed first, so that a part of the table can be read early
        for name, setup in SETUPS.items():
            settings = cell_settings(base, setup, steps, seed)
            own = origin | {"settings": settings_digest(settings, dataclasses.asdict(setup), args.split)}
            path = args.cells / f"{_slug(name)}-{seed}-{digest_of(own)[:12]}.json"
            if not path.is_file():
                testbed = testbed or Testbed(base, args.split)
                start = time.monotonic()
                cell = testbed.measure(settings, setup, path.with_suffix(""))
                write_json(path, cell | {"made_from": own, "commit": commit()})
                print(f"{name}, seed {seed}: {time.monotonic() - start:.0f} s", flush=True)
            cells[name].append(read_json(path, {"benchmarks", "space", "commit"}, "a finished cell; delete it"))
    report = {
        "split": args.split,
        "steps": steps,
        "seeds": args.seeds,
        "commit": ", ".join(sorted({str(cell["commit"]) for measured in cells.values() for cell in measured})),
        "made_from": origin | {"settings": settings_digest(base)},
        "variants": {name: _summary(measured) for name, measured in cells.items()},
    }
    write_json(args.out, report)
    print(f"{ablation_table(report)}\n\n{ablation_space_table(report)}")


def cell_settings(base: JointSettings, setup: Setup, steps: int, seed: int) -> JointSettings:
    """The settings of one cell: fresh heads, and all stages shortened alike.

    There is no moving average, which over so few steps would remember the start.
    """

    def shortened(schedule: FitSettings) -> FitSettings:
        length = {name: round(getattr(schedule, name) * steps / base.fit.steps) for name in ("steps", "warmup_steps")}
        return dataclasses.replace(schedule, **length, ema=0.0, seed=seed)

    return dataclasses.replace(
        base,
        start=None,
        model=base.model | {"fusion": setup.fusion},
        align=shortened(base.align),
        fit=shortened(base.fit),
        **setup.changes,
    )


class Testbed:
    """The data that all cells share, read once, and what they are measured on."""

    def __init__(self, base: JointSettings, split: str):
        self.data = prepare(dataclasses.replace(base, start=None), "aligned", ("train", "val", split))
        rows, captions, _, _ = read_data(base)
        self.rows, self.captions = of_split(rows, split), of_split(captions, split)[:PHOTOGRAPHS]
        if not self.rows:
            raise ValueError(f"No question of the split {split} has a photograph.")
        texts = [row["question"] for row in self.rows]
        texts += [clean_caption(caption) for row in self.captions for caption in row["captions"]]
        directory = Path(base.cache) / f"ablate-{split}"
        self.texts = TextStates(self.data.model, self.data.processor, texts, directory)

    def measure(self, settings: JointSettings, setup: Setup, run: Path) -> dict:
        """Trains one cell in the folder `run`, deletes the folder, and measures the cell."""
        torch.manual_seed(settings.fit.seed)
        model = new_model(settings, setup.variant, self.data.processor.answer_vocab_size)
        data = dataclasses.replace(self.data, settings=settings, model=model)
        train_heads(data, setup.question_only, run)
        shutil.rmtree(run)
        return {
            "benchmarks": self.accuracies(data, setup.question_only),
            "space": {} if setup.question_only or not self.captions else self.space(data),
        }

    @torch.inference_mode()
    def accuracies(self, data: JointData, question_only: bool) -> dict[str, float]:
        """The share of each source's questions whose answer greedy decoding writes.

        That is where every piece of the answer, and its end, is the most likely one after those before it.
        """
        hits = defaultdict(list)
        for start in range(0, len(self.rows), BATCH):
            rows = self.rows[start : start + BATCH]
            image_states = data.images[[row["image_id"] for row in rows]]
            if question_only:
                image_states[:] = data.model.heads.mean_image_state
            answers = data.processor.pad_answers([data.answer_ids(clean_answer(row["answer"])) for row in rows])
            logits = data.model.heads(image_states, *self.texts[[row["question"] for row in rows]], answers).logits
            target = answers[:, 1:]
            right = ((logits[:, :-1].argmax(-1) == target) | (target == PAD)).all(1)
            for row, hit in zip(rows, right.tolist(), strict=True):
                hits[row["source"]].append(hit)
        return {source: sum(found) / len(found) for source, found in sorted(hits.items())}

    @torch.inference_mode()
    def space(self, data: JointData) -> dict[str, float]:
        """Recalls in both directions, and the geometry of the shared space."""
        captions = [clean_caption(caption) for row in self.captions for caption in row["captions"]]
        image_of = [i for i, row in enumerate(self.captions) for _ in row["captions"]]
        ids, aligner = [row["image_id"] for row in self.captions], data.model.heads.aligner
        images = [embed_images(aligner, data.images[ids[i : i + BATCH]]) for i in range(0, len(ids), BATCH)]
        texts = [embed_texts(aligner, self.texts, captions[i : i + BATCH]) for i in range(0, len(captions), BATCH)]
        found = summarise(torch.cat(images).numpy(), torch.cat(texts).numpy(), torch.tensor(image_of).numpy())
        recalls = {
            f"{direction.replace('_', ' ')} R@{rank}": found["retrieval"][direction][f"R@{rank}"]
            for direction in ("image_to_text", "text_to_image")
            for rank in RANKS
        }
        return recalls | {name.replace("_", " "): value for name, value in found["space"].items()}


def _summary(cells: list[dict]) -> dict:
    """Mean and standard deviation over the seeds of each figure; one seed has no deviation."""
    return {
        part: {
            name: {
                "mean": statistics.mean(values := [cell[part][name] for cell in cells]),
                "deviation": statistics.stdev(values) if len(values) > 1 else None,
            }
            for name in cells[0][part]
        }
        for part in ("benchmarks", "space")
    }


def _slug(name: str) -> str:
    return name.replace(", ", "-").replace(" ", "-")
