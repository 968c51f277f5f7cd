"""Measure what each part of the model contributes, or what alignment does where questions are few.

The parts are co-attention, alignment and hard negatives. Each cell trains the heads of one setup from one seed, for the
same small number of steps, and is measured on one split. A finished cell is a file, so that an interrupted run
continues. Its name has the fingerprint of what it was made from (settings, data, encoders, code): if any of that
changes, the cell is trained again.
"""

import argparse
import dataclasses
import re
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
from vqa.evaluate.tables import ablation_space_table, ablation_table, curve_table
from vqa.processing.processor import PAD
from vqa.processing.text import clean_answer, clean_caption
from vqa.train.contrastive import embed_images, embed_texts
from vqa.train.features import TextStates
from vqa.train.fingerprints import code_digest, json_digest, made_from, settings_digest
from vqa.train.joint import train_heads
from vqa.train.joint_data import JointData, new_model, prepare, read_data
from vqa.train.loop import FitSettings
from vqa.train.settings import JointSettings, load_settings

FILE, CURVE_FILE = "ablation.json", "curve.json"
BATCH = 64
PHOTOGRAPHS = 1000  # whose captions are retrieved


@dataclass(frozen=True)
class Setup:
    """The changes that a cell makes to the configuration."""

    fusion: str
    variant: str
    changes: dict = field(default_factory=dict)
    question_only: bool = False
    share: float = 1.0  # of the photographs that are asked about; all captions stay


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
CELL = {"benchmarks", "space", "questions", "commit"}
MEAN = "mean"  # over the sources of a batch, beside each of them
CURVE_SHARES = (0.02, 0.1, 0.5, 1.0)
CURVES = {"aligned": "contrastive, hard negatives", "projection only": "projection only", "unaligned": "unaligned"}


def curve_cell(alignment: str, share: float) -> str:
    """The name of a cell of the curve; those of all questions are cells of the ablation."""
    return f"co-attention, {alignment}" + ("" if share == 1 else f", {share:.0%} of the questions")


CURVE_SETUPS = {
    curve_cell(alignment, share): dataclasses.replace(SETUPS[curve_cell(alignment, 1)], share=share)
    for share in CURVE_SHARES
    for alignment in CURVES.values()
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", default="configs/ablate.json", help="default: configs/ablate.json")
    parser.add_argument(
        "--curve",
        action="store_true",
        help="train aligned, projection only and unaligned co-attention with shares of the questions "
        f"({', '.join(f'{share:g}' for share in CURVE_SHARES)}) and all captions",
    )
    parser.add_argument(
        "--steps", type=positive, metavar="N", help="steps of joint training; default: the configuration's"
    )
    parser.add_argument("--seeds", type=positive, default=3, metavar="N", help="runs of each setup (default 3)")
    parser.add_argument("--split", choices=("val", "test"), default="val", help="the split to measure (default val)")
    parser.add_argument(
        "--cells", type=Path, default=Path("runs/ablate"), metavar="DIR", help="folder of finished cells"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE.json", help=f"default: weights/{FILE}, or weights/{CURVE_FILE} with --curve"
    )


def run(args: argparse.Namespace) -> None:
    base = load_settings(args.config)
    if not isinstance(base, JointSettings):
        raise ValueError(f"{args.config} is not the configuration of a joint run.")
    steps = args.steps or base.fit.steps
    out = args.out or WEIGHTS / (CURVE_FILE if args.curve else FILE)
    check_writable(out)
    args.cells.mkdir(parents=True, exist_ok=True)
    origin = made_from(dataclasses.replace(base, start=None), "") | {"code": code_digest()}
    setups = CURVE_SETUPS if args.curve else SETUPS
    testbed: Testbed | None = None
    cells = defaultdict(list)
    for seed in range(args.seeds):  # all variants of a seed first, so that a part of the table can be read early
        for name, setup in setups.items():
            settings = cell_settings(base, setup, steps, seed)
            own = origin | {"settings": settings_digest(settings, dataclasses.asdict(setup), args.split)}
            path = args.cells / f"{_slug(name)}-{seed}-{json_digest(own)[:12]}.json"
            if not path.is_file():
                testbed = testbed or Testbed(base, args.split)
                start = time.monotonic()
                cell = testbed.measure(settings, setup, path.with_suffix(""))
                write_json(path, cell | {"made_from": own, "commit": commit()})
                print(f"{name}, seed {seed}: {time.monotonic() - start:.0f} s", flush=True)
            cells[name].append(read_json(path, CELL, "a finished cell; delete it"))
    report = {
        "split": args.split,
        "steps": steps,
        "seeds": args.seeds,
        "commit": ", ".join(sorted({str(cell["commit"]) for measured in cells.values() for cell in measured})),
        "made_from": origin | {"settings": settings_digest(base)},
    }
    if args.curve:
        report |= curve_of(cells, list(base.questions_per_batch))
        print(curve_table(report))
    else:
        report |= {"variants": {name: _summary(measured) for name, measured in cells.items()}}
        print(f"{ablation_table(report)}\n\n{ablation_space_table(report)}")
    write_json(out, report)


def curve_of(cells: dict[str, list[dict]], sources: list[str]) -> dict:
    """The shares, how many questions each is on average over the seeds, and for each variant what each share gives.

    Accuracies are those of the `sources` that are trained, and their mean.
    """
    measured = {
        share: {label: cells[curve_cell(alignment, share)] for label, alignment in CURVES.items()}
        for share in CURVE_SHARES
    }
    return {
        "shares": list(CURVE_SHARES),
        "questions": [
            statistics.mean(cell["questions"] for found in by_label.values() for cell in found)
            for by_label in measured.values()
        ],
        "variants": {
            label: [_summary([_with_mean(cell, sources) for cell in by_label[label]]) for by_label in measured.values()]
            for label in CURVES
        },
    }


def _with_mean(cell: dict, sources: list[str]) -> dict:
    own = {name: value for name, value in cell["benchmarks"].items() if name in sources}
    return cell | {"benchmarks": own | {MEAN: statistics.mean(own.values())}}


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
        data = data.with_share(setup.share, settings.fit.seed)
        train_heads(data, setup.question_only, run)
        shutil.rmtree(run)
        return {
            "questions": sum(len(data.sources.get(name, ())) for name in settings.questions_per_batch or data.sources),
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
    """Mean and standard deviation over the seeds of each figure, and each seed's; one seed has no deviation."""
    return {
        part: {
            name: {
                "mean": statistics.mean(values := [cell[part][name] for cell in cells]),
                "deviation": statistics.stdev(values) if len(values) > 1 else None,
                "seeds": values,
            }
            for name in cells[0][part]
        }
        for part in ("benchmarks", "space")
    }


def _slug(name: str) -> str:
    return re.sub(r"\W+", "-", name)
