"""What one visitor has done so far: a photograph, the questions about it, and what they look at. No gradio here."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from vqa.common.steps import finish
from vqa.evaluate.deletion import DeletionTest, deletion_steps
from vqa.explain.explanation import Explanation, explain, occlusion_steps
from vqa.inference.predictor import Photo, Prediction, Question, Similarity, VQAPredictor
from vqa.processing.text import clean_answer
from vqa.ui.ranking import Ranking
from vqa.ui.suggestions import Suggestion

COMPARE = "compare"
KEPT_TURNS = 20


@dataclass(frozen=True)
class MapView:
    """Which heatmap is wanted. `layer` is "rollout", "mean" or a number, `head` "mean" or a number."""

    mode: str = "relevance"
    layer: str = "mean"
    head: str = "mean"
    same_scale: bool = False  # for both models' maps

    def arguments(self) -> dict:
        """What `explain` takes for this view."""
        if self.mode != "attention":
            return {"method": self.mode}
        if self.layer == "rollout":
            return {"method": "rollout"}
        head = None if self.head == "mean" else int(self.head)
        return {"method": "attention", "layer": None if self.layer == "mean" else int(self.layer), "head": head}


@dataclass(frozen=True)
class Focus:
    """What of an answer is looked at: all of it, a word, one of its pieces (of one model), or a spot of the grid.

    `rival` looks at another answer of one model's list in place of its first, `against` at the difference of the two.
    """

    kind: str = "answer"  # answer, word, piece, spot, rival, against
    variant: str = ""
    index: int = 0
    spot: tuple[int, int] = (0, 0)

    @classmethod
    def parse(cls, pick: str) -> "Focus":
        """From the page: `answer`, `word:2`, `piece:aligned:1`, `rival:aligned:2`, `spot:3,5`. Raises `ValueError`."""
        match pick.split(":"):
            case ["answer"]:
                return cls()
            case ["word", index]:
                return cls("word", index=int(index))
            case [("piece" | "rival" | "against") as kind, variant, index]:
                return cls(kind, variant, int(index))
            case ["spot", spot]:
                row, column = (int(part) for part in spot.split(","))
                return cls("spot", spot=(row, column))
        raise ValueError(f"There is nothing to pick at {pick!r}.")


@dataclass(frozen=True)
class Turn:
    """One question, as BERT has read it, and what the chosen models made of it, by the models' names."""

    asked: Question
    variant: str  # aligned, unaligned or compare
    predictions: dict[str, Prediction]
    question_only: dict[str, Prediction]
    similarities: dict[str, Similarity]
    first: bool  # the photograph had to be read for it
    image_id: str = ""  # what the photograph is called, in an export
    right: str = ""  # what the visitor says would be right
    answers: tuple[str, ...] = ()  # the only ones that the visitor allowed, where there are any

    @property
    def question(self) -> str:
        return self.asked.text

    @property
    def milliseconds(self) -> dict[str, float]:
        """Time by stage. Both models share the reading of the photograph; their other stages add up."""
        timings = [prediction.timings_ms for prediction in self.predictions.values()]
        stages = {stage: sum(t[stage] for t in timings) for stage in ("question", "fusion", "decode")}
        return {"image": max(t["image"] for t in timings), **stages}

    def to_dict(self) -> dict:
        """The result as the page exports it: with a correction, a row of questions that training reads."""
        results = {}
        for name, prediction in self.predictions.items():
            question_only = self.question_only[name]
            results[name] = prediction.to_dict() | {
                "without_looking": {"answer": question_only.answer, "confidence": question_only.confidence}
            }
            if name in self.similarities:
                results[name]["similarity"] = {"cosine": round(self.similarities[name].cosine, 4)}
        row = {"image_id": self.image_id, "question": self.question}
        if self.right:
            row |= {"answer": self.right, "source": "visitor"}
        return row | {"results": results}


@dataclass(frozen=True)
class Visit:
    """Everything the page keeps for one visitor, and for nobody else.

    `example` is the example's name, empty for a visitor's own photograph, which is called `name`; `sent` is what finds
    the photograph again, an example's name or where a visitor's lies. `hidden` are the (row, column) of the patches
    that the visitor covered.
    """

    photo: Photo | None = None
    example: str = ""
    name: str = ""
    sent: str = ""
    suggestions: tuple[Suggestion, ...] = ()
    turns: tuple[Turn, ...] = ()
    current: int = -1
    blocks: int = 0  # co-attention blocks of the models: layers below this number know no answer
    view: MapView = MapView()
    focus: Focus = Focus()
    explanations: dict[str, Explanation] = field(default_factory=dict)
    rivals: dict[tuple[str, str], Explanation] = field(default_factory=dict)  # by model and answer
    heads: dict[str, list[Explanation]] = field(default_factory=dict)
    tests: dict[str, DeletionTest] = field(default_factory=dict)
    hidden: frozenset[tuple[int, int]] = frozenset()
    without: dict[str, Prediction] = field(default_factory=dict)  # what is answered without the hidden patches
    descriptions: dict[str, Prediction] = field(default_factory=dict)
    ranking: Ranking | None = None  # of captions of the photograph; made when both models are compared

    @property
    def turn(self) -> Turn | None:
        return self.turns[self.current] if self.turns else None


def wanted_models(predictor: VQAPredictor, variant: str) -> list[str]:
    """The models that a choice of variant names; both for `compare`."""
    return predictor.variants if variant == COMPARE else [variant]


def ask(
    visit: Visit,
    predictor: VQAPredictor,
    question: str,
    variant: str,
    view: MapView,
    answers: Sequence[str] | None = None,
) -> Visit:
    """The visit after one more question; asked again, a question takes the place of its last answer.

    It is asked of the whole photograph: patches that were covered are shown again. With `answers` only these can
    come out. Raises `QuestionError`.
    """
    read, names = predictor.read(question), wanted_models(predictor, variant)
    predictions = {name: predictor.ask(visit.photo, read, name, answers=answers) for name in names}
    turn = Turn(
        asked=read,
        variant=variant,
        predictions=predictions,
        question_only={name: predictor.ask_question_only(read, name, top_k=1, answers=answers) for name in names},
        similarities={name: predictor.similarity(visit.photo, read, name) for name in names if len(names) > 1},
        first=not next(iter(predictions.values())).photo_was_cached,
        image_id=visit.name,
        answers=tuple(answers or ()),
    )
    others = (earlier for earlier in visit.turns if earlier.question != turn.question)
    turns = (*others, turn)[-KEPT_TURNS:]
    asked = replace(visit, turns=turns, current=len(turns) - 1, focus=Focus(), hidden=frozenset(), without={})
    return look(asked, predictor, view)


def recall(visit: Visit, predictor: VQAPredictor, index: int, view: MapView) -> Visit:
    """The visit with an earlier question shown again."""
    index = min(max(index, 0), len(visit.turns) - 1)
    return look(replace(visit, current=index, focus=Focus(), without={}), predictor, view)


def look(visit: Visit, predictor: VQAPredictor, view: MapView) -> Visit:
    """The visit with the maps of another view on the same answer."""
    return finish(look_steps(visit, predictor, view))


def look_steps(visit: Visit, predictor: VQAPredictor, view: MapView) -> Generator[tuple[int, int], None, Visit]:
    """`look`, a part at a time where that takes long: yields `(done, steps)` before each part."""
    names = list(visit.turn.predictions) if visit.turn is not None and view.mode != "off" else []
    explanations = {}
    for name in names:
        explanations[name] = yield from _explain(
            visit, predictor, view, name, visit.turn.predictions[name].answer, len(explanations), len(names)
        )
    focus = visit.focus if visit.focus.kind not in ("rival", "against") else Focus()
    return replace(visit, view=view, focus=focus, explanations=explanations, rivals={}, heads={}, tests={})


def _explain(
    visit: Visit, predictor: VQAPredictor, view: MapView, name: str, answer: str, before: int = 0, of: int = 1
) -> Generator[tuple[int, int], None, Explanation]:
    case = predictor.models[name], predictor.processors[name], visit.photo.states, visit.turn.asked
    if view.mode != "occlusion":
        return explain(*case, answer=answer, **view.arguments())
    return (yield from _counted(occlusion_steps(*case, answer=answer), before, of))


def _counted(steps: Generator, before: int, of: int) -> Generator[tuple[int, int], None, object]:
    """One of `of` equal works, `before` of which are done, counted as a part of all."""
    while True:
        try:
            done, count = next(steps)
        except StopIteration as end:
            return end.value
        yield before * count + done, of * count


def compare_answers(visit: Visit, predictor: VQAPredictor, focus: Focus) -> Visit:
    """The visit with the map of another of a model's answers, or of its difference from the first."""
    answer = rival_answer(visit, focus)
    key = focus.variant, answer
    rivals = dict(visit.rivals)
    if key not in rivals:
        rivals[key] = finish(_explain(visit, predictor, visit.view, focus.variant, answer))
    return replace(visit, focus=focus, rivals=rivals)


def rival_answer(visit: Visit, focus: Focus) -> str:
    """The answer that a focus of the kind `rival` or `against` names; the last of the list where it has fewer."""
    top = visit.turn.predictions[focus.variant].top
    return top[min(max(focus.index, 0), len(top) - 1)].text


def has_rival(visit: Visit, focus: Focus) -> bool:
    """Whether the map of the answer that a focus of the kind `rival` or `against` names was made."""
    return focus.variant in visit.explanations and (focus.variant, rival_answer(visit, focus)) in visit.rivals


def look_at_heads(visit: Visit, predictor: VQAPredictor) -> Visit:
    """The visit with a map of each head of the layer that is shown."""
    heads = {}
    for name, prediction in visit.turn.predictions.items():
        heads[name] = [
            finish(_explain(visit, predictor, replace(visit.view, head=str(head)), name, prediction.answer))
            for head in range(predictor.models[name].config.num_heads)
        ]
    return replace(visit, heads=heads)


def try_maps(visit: Visit, predictor: VQAPredictor) -> Visit:
    """The visit with each shown map put to the test of hiding what it marks."""
    return finish(try_steps(visit, predictor))


def try_steps(visit: Visit, predictor: VQAPredictor) -> Generator[tuple[int, int], None, Visit]:
    """`try_maps`, a part at a time: yields `(done, steps)` before each."""
    tests = {}
    for name, explanation in visit.explanations.items():
        steps = deletion_steps(
            predictor.models[name],
            predictor.processors[name],
            visit.photo.states,
            visit.turn.asked,
            explanation.image_map,
            answer=visit.turn.predictions[name].answer,
        )
        tests[name] = yield from _counted(steps, len(tests), len(visit.explanations))
    return replace(visit, tests=tests)


def toggle(visit: Visit, spot: tuple[int, int]) -> Visit:
    """The visit with one patch covered, or uncovered where it was."""
    height, width = visit.photo.grid
    spot = min(max(spot[0], 0), height - 1), min(max(spot[1], 0), width - 1)
    return replace(visit, hidden=visit.hidden ^ {spot}, without={})


def ask_without(visit: Visit, predictor: VQAPredictor) -> Visit:
    """The visit with what the models answer where the covered patches are hidden from them."""
    mask = np.zeros(visit.photo.grid, dtype=bool)
    for spot in visit.hidden:
        mask[spot] = True
    without = {}
    for name in visit.turn.predictions:
        covered = predictor.hide(visit.photo, mask, name)
        without[name] = predictor.ask(covered, visit.turn.asked, name, answers=visit.turn.answers or None)
    return replace(visit, without=without)


def describe(visit: Visit, predictor: VQAPredictor, variant: str) -> Visit:
    """The visit with a sentence about the photograph by each chosen model."""
    names = wanted_models(predictor, variant)
    return replace(visit, descriptions={name: predictor.caption(visit.photo, name) for name in names})


def correct(visit: Visit, right: str) -> Visit:
    """The visit with what the visitor says would have been right, in the question that is shown."""
    place = visit.current % len(visit.turns)
    turn = replace(visit.turn, right=clean_answer(right))
    return replace(visit, turns=(*visit.turns[:place], turn, *visit.turns[place + 1 :]))
