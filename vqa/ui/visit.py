"""What one visitor has done so far: a photograph, the questions about it, and what they look at. No gradio here."""

from dataclasses import dataclass, field, replace

from vqa.evaluate.deletion import DeletionTest, deletion_test
from vqa.explain.explanation import Explanation, explain
from vqa.inference.predictor import Photo, Prediction, Question, Similarity, VQAPredictor

COMPARE = "compare"
KEPT_TURNS = 20


@dataclass(frozen=True)
class MapView:
    """Which heatmap is wanted. `layer` is "rollout", "mean" or a number, `head` "mean" or a number."""

    mode: str = "relevance"
    layer: str = "rollout"
    head: str = "mean"

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
    """What of an answer is looked at: all of it, a word, one of its pieces (of one model), or a spot of the grid."""

    kind: str = "answer"  # answer, word, piece, spot
    variant: str = ""
    index: int = 0
    spot: tuple[int, int] = (0, 0)

    @classmethod
    def parse(cls, pick: str) -> "Focus":
        """From the page: `answer`, `word:2`, `piece:aligned:1` or `spot:3,5`. Raises `ValueError`."""
        match pick.split(":"):
            case ["answer"]:
                return cls()
            case ["word", index]:
                return cls("word", index=int(index))
            case ["piece", variant, index]:
                return cls("piece", variant, int(index))
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
        """The result as the page exports it."""
        results = {}
        for name, prediction in self.predictions.items():
            question_only = self.question_only[name]
            results[name] = prediction.to_dict() | {
                "without_looking": {"answer": question_only.answer, "confidence": question_only.confidence}
            }
            if name in self.similarities:
                results[name]["similarity"] = similarity_dict(self.similarities[name])
        return {"question": self.question, "results": results}


@dataclass(frozen=True)
class Visit:
    """Everything the page keeps for one visitor, and for nobody else."""

    photo: Photo | None = None
    suggestions: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()
    current: int = -1
    view: MapView = MapView()
    focus: Focus = Focus()
    explanations: dict[str, Explanation] = field(default_factory=dict)
    tests: dict[str, DeletionTest] = field(default_factory=dict)

    @property
    def turn(self) -> Turn | None:
        return self.turns[self.current] if self.turns else None


def similarity_dict(similarity: Similarity) -> dict:
    """A `Similarity` as plain values."""
    return {
        "cosine": similarity.cosine,
        "matched_percentile": similarity.matched_percentile,
        "mismatched_percentile": similarity.mismatched_percentile,
        "words": similarity.words,
        "word_patch": similarity.word_patch.round(4).tolist(),
    }


def wanted_models(predictor: VQAPredictor, variant: str) -> list[str]:
    """The models that a choice of variant names; both for `compare`."""
    return predictor.variants if variant == COMPARE else [variant]


def ask(visit: Visit, predictor: VQAPredictor, question: str, variant: str, view: MapView) -> Visit:
    """The visit after one more question; asked again, a question takes the place of its last answer.

    Raises `QuestionError`.
    """
    read, names = predictor.read(question), wanted_models(predictor, variant)
    predictions = {name: predictor.ask(visit.photo, read, name) for name in names}
    turn = Turn(
        asked=read,
        variant=variant,
        predictions=predictions,
        question_only={name: predictor.ask_question_only(read, name, top_k=1) for name in names},
        similarities={name: predictor.similarity(visit.photo, read, name) for name in names if len(names) > 1},
        first=not next(iter(predictions.values())).photo_was_cached,
    )
    others = (earlier for earlier in visit.turns if earlier.question != turn.question)
    turns = (*others, turn)[-KEPT_TURNS:]
    asked = replace(visit, turns=turns, current=len(turns) - 1, focus=Focus())
    return look(asked, predictor, view)


def recall(visit: Visit, predictor: VQAPredictor, index: int, view: MapView) -> Visit:
    """The visit with an earlier question shown again."""
    return look(replace(visit, current=min(max(index, 0), len(visit.turns) - 1), focus=Focus()), predictor, view)


def look(visit: Visit, predictor: VQAPredictor, view: MapView) -> Visit:
    """The visit with the maps of another view on the same answer."""
    explanations = {}
    if visit.turn is not None and view.mode != "off":
        for name, prediction in visit.turn.predictions.items():
            explanations[name] = explain(
                predictor.models[name],
                predictor.processors[name],
                visit.photo.states,
                visit.turn.asked,
                answer=prediction.answer,
                **view.arguments(),
            )
    return replace(visit, view=view, explanations=explanations, tests={})


def try_maps(visit: Visit, predictor: VQAPredictor) -> Visit:
    """The visit with each shown map put to the test of hiding what it marks."""
    tests = {
        name: deletion_test(
            predictor.models[name],
            predictor.processors[name],
            visit.photo.states,
            visit.turn.asked,
            explanation.image_map,
            answer=visit.turn.predictions[name].answer,
        )
        for name, explanation in visit.explanations.items()
    }
    return replace(visit, tests=tests)
