"""Questions about many photographs, a batch at a time, each photograph encoded once."""

from collections.abc import Callable, Iterator, Sequence

from vqa.common.distributed import own_part, processes
from vqa.data.images import ImageStore
from vqa.data.questions import QuestionRow
from vqa.data.rows import RowError
from vqa.processing.text import QuestionError, clean_question

BATCH_SIZE = 32


def own_questions(store: ImageStore, questions: Sequence[QuestionRow]) -> list[int]:
    """Which of the questions are this process's, where several share the photographs: all about its part of them.

    The main process also gets those about photographs that there are not, to say so.
    """
    asked = {question.image_id for question in questions}
    own = set(own_part([image_id for image_id in store if image_id in asked]))
    if processes().is_main_process:
        own |= asked - set(store)
    return [index for index, question in enumerate(questions) if question.image_id in own]


def look_with(predictor, store: ImageStore) -> Callable:
    """`image_id -> Photo`, the call by which `answer_questions` looks at a photograph."""
    return lambda image_id: predictor.encode(store.open(image_id))


def ask_with(predictor, variant: str, answers: Sequence[str] | None = None) -> Callable:
    """`(photos, questions) -> predictions`, the batch call that `answer_questions` makes."""
    return lambda photos, questions: predictor.ask_many(photos, questions, variant, answers=answers)


def answer_questions(
    look: Callable, ask: Callable, store: ImageStore, questions: Sequence[QuestionRow], batch_size: int = BATCH_SIZE
) -> Iterator[tuple[int, object]]:
    """Each question's index with its `Prediction`, or with the `ValueError` that says why there is none.

    The order is that of the photographs in `store`, so that each is opened and encoded once, by `look(image_id)`;
    `ask(photos, questions)` answers up to `batch_size` questions about any of them at a time.
    """
    about: dict[str, list[int]] = {}
    for index, question in enumerate(questions):
        about.setdefault(question.image_id, []).append(index)
    for image_id in about.keys() - set(store):
        yield from ((index, _unknown_photo(image_id, store)) for index in about.pop(image_id))

    batch: list[tuple[int, object, str]] = []
    for image_id in (image_id for image_id in store if image_id in about):
        try:
            photo = look(image_id)
        except ValueError as error:
            yield from ((index, error) for index in about[image_id])
            continue
        for index in about[image_id]:
            try:
                batch.append((index, photo, clean_question(questions[index].question)))
            except ValueError as error:
                yield index, error
            if len(batch) == batch_size:
                yield from _answer(ask, batch)
                batch = []
    if batch:
        yield from _answer(ask, batch)


def _answer(ask: Callable, batch: list) -> Iterator[tuple[int, object]]:
    indices, photos, texts = zip(*batch, strict=True)
    try:
        yield from zip(indices, ask(list(photos), list(texts)), strict=True)
    except QuestionError as error:
        if len(batch) == 1:
            yield indices[0], error
        else:  # one of them is too long for the text encoder
            for one in batch:
                yield from _answer(ask, [one])


def _unknown_photo(image_id: str, store: ImageStore) -> RowError:
    stem = image_id.rpartition(".")[0]
    hint = f"; without its suffix, {stem!r}, there is one" if stem in store else ""
    return RowError(f"there is no photograph {image_id!r} among the images{hint}.")
