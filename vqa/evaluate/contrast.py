"""`contrast.json`: questions that show what alignment changes, one for each way it can go, chosen by measurement."""

from collections.abc import Sequence
from pathlib import Path

from vqa.common.files import read_json
from vqa.evaluate.accuracy import Scored

ALIGNED, UNALIGNED = "aligned", "unaligned"
FILE = f"{ALIGNED}/contrast.json"  # within the weights; the list of sums there has it
KINDS = ("helps", "hurts", "same")  # alignment makes the answer right, makes it wrong, or both are right


def choose(aligned: Sequence[Scored], unaligned: Sequence[Scored]) -> list[dict]:
    """One case of each kind, in the order of `KINDS`, out of both models' answers to the same questions.

    Where one model is right and the other wrong, the case in which the right one is surest; where both are right, the
    one in which the less sure is surest. A kind that did not happen is left out. Raises `ValueError` for answers to
    different questions.
    """
    if [item.question for item in aligned] != [item.question for item in unaligned]:
        raise ValueError("Both models must have answered the same questions.")
    found: dict[str, tuple[float, dict]] = {}
    for one, other in zip(aligned, unaligned, strict=True):
        kind = kind_of(one, other)
        if kind is None:
            continue
        sure = min(item.confidence for item in (one, other) if item.is_correct)
        if kind not in found or sure > found[kind][0]:
            found[kind] = sure, _case(kind, one, other)
    return [found[kind][1] for kind in KINDS if kind in found]


def kind_of(aligned: Scored, unaligned: Scored) -> str | None:
    """Which way it went; None where both are wrong."""
    if aligned.is_correct:
        return "same" if unaligned.is_correct else "helps"
    return "hurts" if unaligned.is_correct else None


def read_contrast(path: Path) -> dict:
    """A `contrast.json`: its `cases`, and of how many questions (`count`) they were chosen. Raises `ValueError`."""
    kind = "a choice of contrasting cases"
    content = read_json(path, {"cases", "count", "weights"}, kind)
    keys = {"kind", "example", "question", "truth", ALIGNED, UNALIGNED}
    cases = content["cases"]
    if not isinstance(cases, list) or any(not isinstance(case, dict) or not keys <= case.keys() for case in cases):
        raise ValueError(f"{path} is not {kind}.")
    return content


def _case(kind: str, aligned: Scored, unaligned: Scored) -> dict:
    asked = aligned.question
    return {
        "kind": kind,
        "example": asked.image_id,
        "question": asked.question,
        "truth": asked.answer,
        **{
            name: {"answer": item.answer, "probability": round(item.confidence, 4)}
            for name, item in ((ALIGNED, aligned), (UNALIGNED, unaligned))
        },
    }
