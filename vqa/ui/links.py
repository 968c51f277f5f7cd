"""A link that shows what is shown: example, question, model, language, and a list of answers. Nothing of an upload."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from vqa.processing.text import MAX_QUESTION_CHARACTERS
from vqa.ui.texts import LANGUAGES
from vqa.ui.visit import COMPARE

BOTH = "both"  # how a link calls a comparison
MAX_LIST_CHARACTERS = 2000  # of a list of answers


@dataclass(frozen=True)
class Link:
    """What a link asks for; an empty part is left to the page."""

    example: str = ""
    question: str = ""
    variant: str = ""
    language: str = ""
    among: str = ""  # the only answers that may come, as they are typed

    @classmethod
    def parse(cls, query: Mapping[str, str], examples: list[str], variants: list[str]) -> "Link":
        """From an address's query. What the page does not have, an example or a model, is left out."""
        example, question = query.get("example", ""), query.get("q", "")[:MAX_QUESTION_CHARACTERS]
        variant = {BOTH: COMPARE}.get(query.get("model", ""), query.get("model", ""))
        offered = [*variants, COMPARE] if len(variants) > 1 else variants
        language = query.get("lang", "")
        return cls(
            example if example in examples else "",
            question if example in examples else "",
            variant if variant in offered else "",
            language if language in LANGUAGES else "",
            query.get("among", "")[:MAX_LIST_CHARACTERS] if example in examples else "",
        )

    def address(self) -> str:
        """The link, relative to the page."""
        model = {COMPARE: BOTH}.get(self.variant, self.variant)
        parts = {
            "example": self.example,
            "q": self.question,
            "model": model,
            "lang": self.language,
            "among": self.among,
        }
        return "?" + urlencode({name: value for name, value in parts.items() if value})
