"""Questions that suit a photograph: about what the model sees in it, and of each kind the one it answers best."""

from vqa.inference.predictor import Photo, Prediction, VQAPredictor

LOOKS = ("What is in the picture?", "What is this?", "What animal is this?", "What is in the background?")
KINDS = (  # about the thing that the first look found
    ("What color is the {thing}?", "What is the color of the {thing}?"),
    ("How many people are in the picture?", "How many are there?"),
    ("Is there a person in the picture?", "Is this outdoors?", "Is it daytime?"),
    ("Where is the {thing}?", "What is the {thing} on?", "What is the {thing} doing?"),
)


def suggest(predictor: VQAPredictor, photo: Photo) -> tuple[str, ...]:
    """One question of each kind, the surest answer first; two batches, and the ViT does not run."""
    variant = predictor.variants[0]
    looks = predictor.ask_many([photo] * len(LOOKS), LOOKS, variant)
    thing = looks[0].answer if looks[0].answer.replace(" ", "").isalpha() else "main thing"
    kinds = [[question.format(thing=thing) for question in kind] for kind in KINDS]
    questions = [question for kind in kinds for question in kind]
    answered = predictor.ask_many([photo] * len(questions), questions, variant)
    best = [_surest(looks)] + [_surest([p for p in answered if p.question in kind]) for kind in kinds]
    return tuple(prediction.question for prediction in sorted(best, key=_doubt))


def _surest(predictions: list[Prediction]) -> Prediction:
    return min(predictions, key=_doubt)


def _doubt(prediction: Prediction) -> tuple[bool, float]:
    return not prediction.sure, -prediction.confidence
