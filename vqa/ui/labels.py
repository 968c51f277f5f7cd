"""Components that can say their words again in another language."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from vqa.ui.style import own_html
from vqa.ui.texts import T, text

Props = Callable[[str], dict[str, Any]]  # from a language to the props that hold words


class Labels:
    """Makes components and remembers which of their words are texts of ours, so that one event can translate all.

    `gr.I18n` follows the browser alone; visitors may choose, and half of the page is written in Python anyway.
    """

    def __init__(self) -> None:
        self.components: list[Any] = []
        self._props: list[Props] = []

    def __call__(self, kind: type, *args: Any, **props: Any) -> Any:
        """A component of class `kind`; props that are a `T`, or choices named by one, are translated."""
        words = {name: value for name, value in props.items() if _has_text(value)}
        return self._keep(kind, args, props, lambda language: _translated(words, language))

    def html(self, render: Callable[[str], str], **props: Any) -> gr.HTML:
        """HTML that `render` writes in a language."""
        return self._keep(own_html, (), props, lambda language: {"value": render(language)})

    def markdown(self, render: Callable[[str], str], **props: Any) -> gr.Markdown:
        """Markdown that `render` writes in a language."""
        return self._keep(gr.Markdown, (), props, lambda language: {"value": render(language)})

    def updates(self, language: str) -> list[dict]:
        """One update a component, in the order of `components`."""
        return [gr.update(**props(language)) for props in self._props]

    def _keep(self, kind: Callable, args: tuple, props: dict, words: Props) -> Any:
        component = kind(*args, **{**props, **words("en")})
        self.components.append(component)
        self._props.append(words)
        return component


def _has_text(value: Any) -> bool:
    return isinstance(value, T) or (isinstance(value, list) and any(isinstance(entry[0], T) for entry in value))


def _translated(props: dict[str, Any], language: str) -> dict[str, Any]:
    def say(value: str) -> str:
        return text(language, value, **value.values) if isinstance(value, T) else value

    return {
        name: [(say(label), chosen) for label, chosen in value] if isinstance(value, list) else say(value)
        for name, value in props.items()
    }
