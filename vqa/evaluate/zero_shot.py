"""Answers by cosine alone: is a photograph nearest, in the shared space, to the text that names what is in it?

As CLIP classifies (Radford et al. 2021): each possible answer becomes "a photo of a dog", and the nearest one counts.
Nothing is trained for it. Beside it, the same questions answered by the model, by closed search among the same answers.
"""

from collections.abc import Sequence

from vqa.common.english import with_article
from vqa.data.images import ImageStore
from vqa.data.questions import QuestionRow
from vqa.evaluate.metrics import wilson_interval
from vqa.inference.batches import BATCH_SIZE, answer_questions, ask_with, look_with
from vqa.processing.text import normalise

TEMPLATE = "a photo of {}"


def classify(
    predictor,
    store: ImageStore,
    questions: Sequence[QuestionRow],
    answers: Sequence[str],
    variant: str,
    batch_size: int = BATCH_SIZE,
) -> list[tuple[str, str]]:
    """For each question, in its order, the answer nearest to its photograph and the one that closed search finds.

    `answers` are normalised. Raises `ValueError` for a question that cannot be asked.
    """
    from accelerate.utils import tqdm

    texts = predictor.embed_texts([TEMPLATE.format(with_article(answer)) for answer in answers], variant=variant)
    open_photo, nearest = look_with(predictor, store), {}

    def look(image_id: str):
        photo = open_photo(image_id)
        cosines = predictor.embed_photos([photo], variant=variant)[0] @ texts.T
        nearest[image_id] = answers[int(cosines.argmax())]
        return photo

    found: dict[int, tuple[str, str]] = {}
    asked = answer_questions(look, ask_with(predictor, variant, answers), store, questions, batch_size)
    for index, prediction in tqdm(asked, desc="by cosine", unit="question", total=len(questions)):
        if isinstance(prediction, ValueError):
            raise ValueError(f"{questions[index].question!r} about {questions[index].image_id}: {prediction}")
        found[index] = nearest[questions[index].image_id], normalise(prediction.answer)
    return [found[index] for index in range(len(questions))]


def summarise(questions: Sequence[QuestionRow], found: Sequence[tuple[str, str]], answers: Sequence[str]) -> dict:
    """The part `zero_shot` of `eval.json`; `majority` is what always saying the first of `answers` is right in."""
    truths = [normalise(question.answer) for question in questions]
    cosine, closed = zip(*found, strict=True)
    return {
        "count": len(truths),
        "answers": len(answers),
        "chance": 1 / len(answers),
        "majority": truths.count(answers[0]) / len(truths),
        "cosine": _accuracy(cosine, truths),
        "closed_search": _accuracy(closed, truths),
    }


def _accuracy(said: Sequence[str], truths: Sequence[str]) -> dict:
    right = sum(answer == truth for answer, truth in zip(said, truths, strict=True))
    return {"accuracy": right / len(truths), "interval": list(wilson_interval(right, len(truths)))}
