"""What common answers mean, for a reader of Chinese: the model itself speaks English."""

import json
import re
from pathlib import Path

GLOSSES: dict[str, str] = json.loads((Path(__file__).parent / "glosses.json").read_text(encoding="utf-8"))
MOST_WORDS = 6  # of a sentence that are explained


def gloss(answer: str) -> str:
    """What an answer means in Chinese, empty where that is not known. "cat, dog" is a list."""
    parts = [GLOSSES.get(part.strip(), "") for part in answer.lower().split(",")]
    return "、".join(parts) if all(parts) else ""


def gloss_words(sentence: str) -> list[tuple[str, str]]:
    """The words of an English sentence that are known, with their meanings: help for a reader, no translation."""
    words = dict.fromkeys(re.findall(r"[a-z]+", sentence.lower()))
    skipped = {"no", "one", "left", "right", "top", "front"}  # mean something else inside a sentence
    return [(word, GLOSSES[word]) for word in words if word in GLOSSES and word not in skipped][:MOST_WORDS]
