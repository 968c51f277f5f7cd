"""Do the maps tell the truth? Measurements of every method on many questions, each beside what chance would give.

- deletion and insertion curves (Petsiuk et al. 2018) of the answer's probability;
- sanity (Adebayo et al. 2018): a map must change when the model's weights are shuffled, from the answer downwards;
- agreement of a photograph's map with that of a slightly smaller crop of it.

The pointing game is in `vqa.evaluate.pointing`. N questions, P patches, h and w the grid's height and width.
"""

import copy
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from vqa.common.extras import check_extra
from vqa.data.images import ImageStore
from vqa.data.questions import QuestionRow
from vqa.evaluate.deletion import area, by_value, hide_in_order
from vqa.evaluate.metrics import bootstrap_interval
from vqa.explain.cases import Cases
from vqa.explain.explanation import METHODS, explain_batch
from vqa.model.model import ImageStates

QUICK = ("attention", "rollout", "relevance")  # quick enough for a page; occlusion is the slow reference
RANDOM, CENTRE = "random", "centre"
BATCH = 16
STEPS = 8
RANDOM_ORDERS = 4
LOOKS = 0.1  # an answer whose probability falls by this when all is hidden owes something to the photograph
CROP = 0.9  # of each side that a crop keeps


@dataclass(frozen=True)
class Subject:
    """The model under test, with the photographs."""

    predictor: object
    variant: str
    store: ImageStore

    @property
    def model(self):
        return self.predictor.models[self.variant]

    @property
    def processor(self):
        return self.predictor.processors[self.variant]

    def batches(self, questions: Sequence[QuestionRow], work: str) -> Iterator[tuple]:
        """`(questions, photographs' states, the model's answers)`, a batch at a time, with a progress bar."""
        from accelerate.utils import tqdm

        with tqdm(total=len(questions), desc=work, unit="question") as bar:
            for start in range(0, len(questions), BATCH):
                batch = questions[start : start + BATCH]
                photos = [self.predictor.encode(self.store.open(question.image_id)) for question in batch]
                yield batch, stack([photo.states for photo in photos]), self.answers(photos, batch)
                bar.update(len(batch))

    def answers(self, photos: Sequence, batch: Sequence[QuestionRow]) -> list[str]:
        predictions = self.predictor.ask_many(photos, [question.question for question in batch], self.variant)
        return [prediction.answer for prediction in predictions]

    def maps(
        self, model, states: ImageStates, batch: Sequence[QuestionRow], answers: list[str], method: str
    ) -> np.ndarray:
        """The maps (N, h, w) of `model`, which may be another than the one under test."""
        questions = [question.question for question in batch]
        found = explain_batch(model, self.processor, states, questions, method, answers=answers)
        return np.stack([explanation.image_map for explanation in found])


def stack(states: Sequence[ImageStates]) -> ImageStates:
    """Single photographs as a batch."""
    attentions = zip(*(one.attentions for one in states), strict=True)
    return ImageStates(
        torch.cat([one.states for one in states]), tuple(map(torch.cat, attentions)), states[0].num_prefix
    )


def centre_prior(grid: tuple[int, int]) -> np.ndarray:
    """A map (h, w) that knows only that photographers put what matters in the middle."""
    y, x = (np.abs((np.arange(side) + 0.5) / side - 0.5) for side in grid)
    return -np.hypot(y[:, None], x[None, :])


def interval_of(values: Sequence[float], groups: Sequence[str], seed: int) -> dict:
    """A mean with its 95 % interval over photographs."""
    low, high = bootstrap_interval(values, groups, seed)
    return {"mean": float(np.mean(values)), "count": len(values), "interval": [low, high]}


def measure_curves(subject: Subject, questions: Sequence[QuestionRow], seed: int) -> dict:
    """Areas under deletion curves (less is better) and insertion curves (more is better), and gains over random.

    `looking` repeats the gains on those answers that owe at least `LOOKS` of probability to the photograph: where an
    answer comes from the question alone, no map can be right or wrong.
    """
    rng = np.random.default_rng(seed)
    names = [*METHODS, CENTRE]
    areas, images, looking = [], [], []
    for batch, states, answers in subject.batches(questions, "hiding patches"):
        maps = [subject.maps(subject.model, states, batch, answers, method) for method in METHODS]
        cases = Cases.encode(subject.model, subject.processor, states.states, [q.question for q in batch], answers)
        for row, question in enumerate(batch):
            orders = [by_value(of_method[row], rng) for of_method in maps]
            orders += [by_value(centre_prior(subject.model.grid_size), rng)]
            orders += [rng.permutation(orders[0].size) for _ in range(RANDOM_ORDERS)]
            of_kind = []
            for insert in (False, True):
                fractions, curves = hide_in_order(subject.model, cases, row, np.stack(orders), STEPS, insert)
                under = area(fractions, curves)
                of_kind.append([*under[: len(names)], under[len(names) :].mean()])
            areas.append(of_kind)
            images.append(question.image_id)
            looking.append(curves[0, -1] - curves[0, 0] >= LOOKS)
    areas, looking = np.array(areas), np.array(looking)  # (N, 2, methods + 1), (N,)

    def mean(values: np.ndarray, kept: np.ndarray | None = None) -> dict | None:
        kept = np.ones(len(values), dtype=bool) if kept is None else kept
        return interval_of(values[kept], np.array(images)[kept], seed) if kept.any() else None

    deletion, insertion = areas[:, 0], areas[:, 1]
    methods = {}
    for i, name in enumerate([*names, RANDOM]):
        gains = {
            "deletion_gain": deletion[:, -1] - deletion[:, i],
            "insertion_gain": insertion[:, i] - insertion[:, -1],
            "deletion_over_centre": deletion[:, names.index(CENTRE)] - deletion[:, i],
        }
        methods[name] = {
            "deletion": mean(deletion[:, i]),
            "insertion": mean(insertion[:, i]),
            **{key: mean(values) for key, values in gains.items()},
            "looking": {key: mean(values, looking) for key, values in gains.items()},
        }
    return {"count": len(areas), "looking": int(looking.sum()), "methods": methods}


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's: the correlation of ranks, equal values sharing theirs; 0 where one side is constant. Needs SciPy."""
    check_extra("scipy", "Comparing maps")
    from scipy.stats import spearmanr

    constant = any(np.ptp(values) == 0 for values in (a, b))
    return 0.0 if constant else float(spearmanr(a.ravel(), b.ravel()).statistic)


def measure_sanity(subject: Subject, questions: Sequence[QuestionRow], seed: int) -> dict:
    """Rank correlation of the maps with those of the model with its weights shuffled, one stage more at a time."""
    found: dict[str, dict[str, list[float]]] = {method: {} for method in METHODS}
    for batch, states, answers in subject.batches(questions, "shuffling weights"):
        before = {method: subject.maps(subject.model, states, batch, answers, method) for method in METHODS}
        for stage, model in shuffled_from_the_top(subject.model, seed):
            for method in METHODS:
                after = subject.maps(model, states, batch, answers, method)
                found[method].setdefault(stage, []).extend(map(rank_correlation, before[method], after))
    means = {method: {stage: float(np.mean(v)) for stage, v in stages.items()} for method, stages in found.items()}
    return {"count": len(questions), "methods": means}


@torch.no_grad()
def shuffled_from_the_top(model, seed: int) -> Iterator[tuple[str, object]]:
    """Copies of the model, `(the stage shuffled last, model)`: the decoder's weights, then each block's, then all.

    Each tensor's values are permuted, which keeps their distribution. The model itself is left alone.
    """
    kept = {id(encoder): encoder for encoder in (model.vision_encoder, model.text_encoder)}
    broken = copy.deepcopy(model, memo=kept)
    generator = torch.Generator().manual_seed(seed)
    blocks = broken.heads.fusion.blocks
    stages = [("decoder", broken.heads.decoder)]
    stages += [(f"block {i}", blocks[i]) for i in reversed(range(len(blocks)))]
    for stage, module in [*stages, ("projections", broken.heads.aligner)]:
        for parameter in module.parameters():
            order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
            parameter.copy_(parameter.flatten()[order].view_as(parameter))
        yield stage, broken


def measure_crops(subject: Subject, questions: Sequence[QuestionRow], seed: int) -> dict:
    """Rank correlation of a map with that of a crop which keeps `CROP` of each side, where both see the photograph.

    `others` is the same with the crop of another question's photograph: what a common bias alone would give.
    """
    rng = random.Random(seed)
    points = (np.arange(12) + 0.5) / 12
    whole: dict[str, list[np.ndarray]] = {method: [] for method in METHODS}
    cropped: dict[str, list[np.ndarray]] = {method: [] for method in METHODS}
    for batch, states, answers in subject.batches(questions, "cropping"):
        corners = [(rng.uniform(0, 1 - CROP), rng.uniform(0, 1 - CROP)) for _ in batch]
        crops = []
        for question, (left, top) in zip(batch, corners, strict=True):
            image = subject.store.open(question.image_id)
            width, height = image.size
            box = (left * width, top * height, (left + CROP) * width, (top + CROP) * height)
            crops.append(subject.predictor.encode(image.crop(tuple(map(round, box)))).states)
        for method in METHODS:
            maps = subject.maps(subject.model, states, batch, answers, method)
            for image_map, (left, top) in zip(maps, corners, strict=True):
                whole[method].append(sample(image_map, top + CROP * points, left + CROP * points))
            maps = subject.maps(subject.model, stack(crops), batch, answers, method)
            cropped[method].extend(sample(image_map, points, points) for image_map in maps)
    methods = {}
    for method in METHODS:
        others = cropped[method][1:] + cropped[method][:1]
        methods[method] = {
            "same": float(np.mean(list(map(rank_correlation, whole[method], cropped[method])))),
            "others": float(np.mean(list(map(rank_correlation, whole[method], others)))),
        }
    return {"count": len(questions), "kept": CROP, "methods": methods}


def sample(image_map: np.ndarray, ys: np.ndarray, xs: np.ndarray) -> np.ndarray:
    """The map's values at all pairs of heights and widths in 0..1, bilinear between the patches' centres."""
    rows, columns = ((np.arange(side) + 0.5) / side for side in image_map.shape)
    by_row = np.stack([np.interp(xs, columns, row) for row in image_map])
    return np.stack([np.interp(ys, rows, column) for column in by_row.T], axis=1)


def best_method(methods: dict) -> str:
    """Of the methods quick enough for a page, the one with the greatest gains over random, deletion and insertion."""
    return max(QUICK, key=lambda name: sum(methods[name][f"{kind}_gain"]["mean"] for kind in ("deletion", "insertion")))


def draw_evenly(questions: Sequence[QuestionRow], limit: int, seed: int, store: ImageStore) -> list[QuestionRow]:
    """`limit` questions, the same number of each source as far as they go, in the order of their photographs.

    Raises `ValueError` where no photograph is at hand.
    """
    place = {image_id: i for i, image_id in enumerate(store)}
    sources: dict[str, list[QuestionRow]] = {}
    for question in questions:
        if question.image_id in place:
            sources.setdefault(question.source, []).append(question)
    if not sources:
        raise ValueError("None of the questions is about one of the photographs.")
    rng = random.Random(seed)
    for rows in sources.values():
        rng.shuffle(rows)
    turns = max(map(len, sources.values()))
    drawn = [rows[turn] for turn in range(turns) for _, rows in sorted(sources.items()) if turn < len(rows)][:limit]
    return sorted(drawn, key=lambda question: place[question.image_id])
