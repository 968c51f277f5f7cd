"""The pointing game (Zhang et al. 2018): does a map's maximum fall on what the question is about?

N questions, h and w the grid's height and width.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vqa.data.labels import class_asked_about, patches_in_box
from vqa.data.questions import QuestionRow, existence_question
from vqa.evaluate.trials import CENTRE, Subject, centre_prior, interval_of
from vqa.explain.explanation import METHODS

SHARES = ("attention", "rollout", "relevance")  # the methods whose maps are shares of a whole


@dataclass(frozen=True)
class AboutClass:
    """A question about one class of things, and where these are: boxes `(x1, y1, x2, y2)` in 0..1."""

    question: QuestionRow
    name: str
    boxes: tuple[tuple[float, float, float, float], ...]

    def target(self, grid: tuple[int, int]) -> np.ndarray:
        """(h, w) bool: the patches in one of its boxes."""
        return np.any([patches_in_box(box, grid).numpy() for box in self.boxes], axis=0)


def questions_about_classes(questions: Sequence[QuestionRow], rows: Sequence[dict]) -> list[AboutClass]:
    """The questions whose answer is a boxed class, and those that ask yes or no, how many or what color of just one.

    `rows` have `image_id` and `boxes` of `[class, x1, y1, x2, y2]`.
    """
    boxes = _boxes(rows)
    classes = {name for of_image in boxes.values() for name in of_image}
    found = []
    for question in questions:
        here = boxes.get(question.image_id, {})
        name = class_asked_about(question.question, question.answer or "", question.kind, classes)
        if name in here:
            found.append(AboutClass(question, name, here[name]))
    return found


def existence_questions(rows: Sequence[dict]) -> list[AboutClass]:
    """ "Is there a dog in the photo?" of every boxed class but persons, who are in the middle of most photographs."""
    return [
        AboutClass(QuestionRow(image_id, existence_question(name), "yes"), name, places)
        for image_id, of_image in _boxes(rows).items()
        for name, places in of_image.items()
        if name != "person"
    ]


def _boxes(rows: Sequence[dict]) -> dict[str, dict[str, tuple]]:
    """Each photograph's boxes by class."""
    boxes: dict[str, dict[str, tuple]] = {}
    for row in rows:
        of_image = boxes.setdefault(row["image_id"], {})
        for name, *corners in row["boxes"]:
            of_image[name] = (*of_image.get(name, ()), tuple(corners))
    return boxes


def measure_pointing(subject: Subject, asked: Sequence[AboutClass], seed: int) -> dict | None:
    """How often a map's maximum lies in a box, and its share of weight there; chance is the boxes' share of patches.

    Where several patches share the maximum, the hit is the part of them that lies in a box. `ratio` is hits over
    chance, both summed over the questions; `small` is the half of the questions with the smaller boxes. None without
    questions.
    """
    if not asked:
        return None
    place = {image_id: i for i, image_id in enumerate(subject.store)}
    asked = sorted(asked, key=lambda item: place[item.question.image_id])
    targets = np.stack([item.target(subject.model.grid_size) for item in asked])
    images = [item.question.image_id for item in asked]
    found: dict[str, list[np.ndarray]] = {method: [] for method in METHODS}
    for batch, states, answers in subject.batches([item.question for item in asked], "pointing game"):
        for method in METHODS:
            found[method].extend(subject.maps(subject.model, states, batch, answers, method))
    found[CENTRE] = [centre_prior(subject.model.grid_size)] * len(asked)
    chance = targets.mean((1, 2))
    small = chance <= np.median(chance)
    methods = {}
    for name, maps in found.items():
        maps = np.stack(maps)
        peaks = maps == maps.max((1, 2), keepdims=True)
        hits = (peaks & targets).sum((1, 2)) / peaks.sum((1, 2))
        methods[name] = {
            "hits": interval_of(hits, images, seed),
            "over_chance": interval_of(hits - chance, images, seed),
            "ratio": float(hits.sum() / chance.sum()),
            "small_hits": float(hits[small].mean()),
            "small_ratio": float(hits[small].sum() / chance[small].sum()),
        }
        if name in SHARES:
            methods[name]["weight_in_boxes"] = interval_of((maps * targets).sum((1, 2)), images, seed)
    return {
        "count": len(asked),
        "chance": float(chance.mean()),
        "small_chance": float(chance[small].mean()),
        "methods": methods,
    }
