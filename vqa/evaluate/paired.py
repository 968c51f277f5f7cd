"""Two models on the same questions: the difference of their accuracies, question by question."""

import hashlib
import math
from collections.abc import Iterable

import numpy as np

from vqa.evaluate.metrics import Z


def note(judged: Iterable[tuple[str, str, bool]]) -> dict:
    """Which questions were answered rightly, for `eval.json`, from (photograph's id, question, is right) of each.

    `asked` is a digest of the questions, `right` a bit a question in the order of their ids and texts, as hex.
    """
    ordered = sorted(judged)
    asked = hashlib.sha256("\n".join(f"{image_id}\t{question}" for image_id, question, _ in ordered).encode())
    right = np.packbits([is_right for *_, is_right in ordered]).tobytes().hex()
    return {"asked": asked.hexdigest(), "right": right, "count": len(ordered)}


def difference(first: dict, second: dict) -> tuple[float, float, float] | None:
    """The first accuracy minus the second, and its 95 % interval; None where not the same questions were asked.

    Wald's interval for paired proportions (Agresti 2013, section 11.1.1): only questions that one model answers
    rightly and the other wrongly count. Takes what `note` made.
    """
    if first["asked"] != second["asked"]:
        return None
    count = first["count"]
    rights = [
        np.unpackbits(np.frombuffer(bytes.fromhex(one["right"]), np.uint8), count=count) for one in (first, second)
    ]
    changes = rights[0].astype(int) - rights[1]
    mean = float(changes.mean())
    half = Z * math.sqrt(float((changes**2).mean()) - mean**2) / math.sqrt(count)
    return mean, mean - half, mean + half
