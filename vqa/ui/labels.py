"""Components that can say their words again in another language."""

from typing import Any

import gradio as gr

from vqa.ui.texts import T, text


class Labels:
    """Makes components and remembers which of their words are texts of ours, so that one event can translate all.

    `gr.I18n` follows the browser alone; visitors may choose, and half of the page is written in Python anyway.
    """

    def __init__(self) -> None:
        self.components: list[Any] = []
        self._texts: list[dict[str, Any]] = []

    def __call__(self, kind: type, **props: Any) -> Any:
        """A component of class `kind`; props that are a `T`, or choices named by one, are translated."""
        texts = {name: value for name, value in props.items() if _has_text(value)}
        component = kind(**{**props, **_translated(texts, "en")})
        if texts:
            self.components.append(component)
            self._texts.append(texts)
        return component

    def updates(self, language: str) -> list[dict]:
        """One update a component, in the order of `components`."""
        return [gr.update(**_translated(texts, language)) for texts in self._texts]


def _has_text(value: Any) -> bool:
    return isinstance(value, T) or (isinstance(value, list) and any(isinstance(name, T) for name, _ in value))


def _translated(texts: dict[str, Any], language: str) -> dict[str, Any]:
    def say(value: Any) -> str:
        return text(language, value) if isinstance(value, T) else value

    return {
        name: [(say(label), chosen) for label, chosen in value] if isinstance(value, list) else say(value)
        for name, value in texts.items()
    }
