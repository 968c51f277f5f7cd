"""How near the model's captions are to people's: BLEU-4 and CIDEr, by COCO's caption evaluation.

The scorers are those of the package `pycocoevalcap`. Its tokenizer needs Java; here the words of a caption are those of
`caption_words`: lower case, without punctuation. N photographs.
"""

from collections.abc import Sequence

import numpy as np

from vqa.common.extras import check_extra
from vqa.data.images import ImageStore
from vqa.data.questions import Captions
from vqa.evaluate.metrics import bootstrap_interval
from vqa.processing.captions import caption_words, says_twice

PACKAGE, NEEDED_BY = "pycocoevalcap", "Scoring captions"
BATCH_SIZE = 16
NGRAM = 4  # the longest runs of words that are compared
RESAMPLES = 500


def describe(predictor, store: ImageStore, rows: Sequence[Captions], variant: str) -> tuple[list[Captions], list[str]]:
    """The rows in the order of their photographs in the store, and the model's caption of each.

    Raises `ValueError` for a photograph that cannot be opened.
    """
    from accelerate.utils import tqdm

    order = {image_id: place for place, image_id in enumerate(store)}
    rows = sorted(rows, key=lambda row: order[row.image_id])
    said = []
    for start in tqdm(range(0, len(rows), BATCH_SIZE), desc="captions", unit="batch"):
        photos = [predictor.encode(store.open(row.image_id)) for row in rows[start : start + BATCH_SIZE]]
        said += [prediction.answer for prediction in predictor.caption_many(photos, variant)]
    return rows, said


def summarise(rows: Sequence[Captions], said: Sequence[str], seed: int = 0) -> dict:
    """The part `captions` of `eval.json`: BLEU-4 and CIDEr with 95 % intervals, by resampling photographs.

    BLEU (Papineni et al. 2002) is of all captions together, 1 at most. CIDEr (Vedantam et al. 2015) is the mean over
    the captions, 10 at most; it weighs a run of words by how few of these photographs people said it of, so that
    figures of other photographs cannot be compared. `repeated` captions join something with itself by "and". Raises
    `ValueError` where the package is missing.
    """
    check_extra(PACKAGE, NEEDED_BY)
    from pycocoevalcap.bleu.bleu_scorer import BleuScorer
    from pycocoevalcap.cider.cider_scorer import CiderScorer

    bleu, cider = BleuScorer(n=NGRAM), CiderScorer(n=NGRAM)
    for row, caption in zip(rows, said, strict=True):
        pair = _scored(caption), [_scored(person) for person in row.captions]
        bleu += pair
        cider += pair
    bleu_4, bleu_interval = _bleu(bleu, seed)
    mean, each = cider.compute_score()
    interval = bootstrap_interval(each, [row.image_id for row in rows], seed)
    return {
        "bleu_4": {"value": bleu_4, "interval": bleu_interval},
        "cider": {"value": float(mean), "interval": list(interval)},
        "count": len(rows),
        "references": sum(len(row.captions) for row in rows),
        "repeated": sum(says_twice(caption_words(caption)) for caption in said),
    }


def as_rows(rows: Sequence[Captions], said: Sequence[str]) -> list[dict]:
    """Each photograph with the model's caption and people's, as lines of a file."""
    return [
        {
            "image_id": row.image_id,
            "caption": caption,
            "captions": list(row.captions),
            "repeated": says_twice(caption_words(caption)),
        }
        for row, caption in zip(rows, said, strict=True)
    ]


def _scored(caption: str) -> str:
    return " ".join(caption_words(caption))


def _bleu(scorer, seed: int) -> tuple[float, list[float]]:
    """The score, and the interval of the scores of photographs drawn again and again."""
    score, _ = scorer.compute_score("closest")
    counted, rng, scores = scorer.ctest, np.random.default_rng(seed), []
    for _ in range(RESAMPLES):
        scorer.ctest = [counted[i] for i in rng.integers(len(counted), size=len(counted))]
        scores.append(scorer.recompute_score("closest")[0][NGRAM - 1])
    return float(score[NGRAM - 1]), [float(end) for end in np.percentile(scores, [2.5, 97.5])]
