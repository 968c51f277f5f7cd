"""Questions that suit a photograph: of a list of well supported ones, those that the model answers with confidence."""

from vqa.predictor import Photo, VQAPredictor

SHOWN = 5
GENERAL = (
    "What is in the picture?",
    "What is this?",
    "What animal is this?",
    "What color is it?",
    "How many are there?",
    "Is there a person in the picture?",
    "What is the man doing?",
    "What is the woman holding?",
    "Where was this picture taken?",
    "Is this outdoors?",
    "What is on the table?",
    "What is in the background?",
)
ABOUT_A_THING = ("What color is the {thing}?", "How many {thing}s are there?", "Where is the {thing}?")


def suggest(predictor: VQAPredictor, photo: Photo) -> tuple[str, ...]:
    """Up to `SHOWN` questions, surest answer first; two batches, and the ViT does not run."""
    features = predictor.features[0]
    answered = predictor.ask_many([photo] * len(GENERAL), GENERAL, features)
    thing = answered[0].answer
    if thing.isalpha():
        about = [question.format(thing=thing) for question in ABOUT_A_THING]
        answered += predictor.ask_many([photo] * len(about), about, features)
    answered.sort(key=lambda prediction: (not prediction.sure, -prediction.confidence))
    return tuple(prediction.question for prediction in answered[:SHOWN])
