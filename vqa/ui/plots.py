"""Small plots as SVG, drawn in the page's own colours: they scale, follow the dark mode, and need no library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vqa.evaluate.deletion import DeletionTest
from vqa.ui.markup import esc, percent
from vqa.ui.texts import text


@dataclass(frozen=True)
class Frame:
    """A plotting area in SVG units, and what its corners mean."""

    left: float = 60
    top: float = 14
    width: float = 300
    height: float = 200
    x: tuple[float, float] = (0.0, 1.0)
    y: tuple[float, float] = (0.0, 1.0)

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return self.left + self.width * across, self.top + self.height * (1 - up)

    def points(self, xs: Sequence[float], ys: Sequence[float]) -> str:
        return " ".join("{:.1f},{:.1f}".format(*self.at(x, y)) for x, y in zip(xs, ys, strict=True))

    def axes(self, x_label: str, y_label: str) -> str:
        """A box with three ticks a side, as shares."""
        parts = [f'<rect class="box" x="{self.left}" y="{self.top}" width="{self.width}" height="{self.height}"/>']
        for k in range(3):
            x, y = (low + (high - low) * k / 2 for low, high in (self.x, self.y))
            across, up = self.at(x, y)
            parts.append(
                f'<text x="{across:.1f}" y="{self.top + self.height + 16}" text-anchor="middle">{percent(x)}</text>'
            )
            parts.append(f'<text x="{self.left - 6}" y="{up + 4:.1f}" text-anchor="end">{percent(y)}</text>')
        middle, centre = self.left + self.width / 2, self.top + self.height / 2
        parts.append(f'<text x="{middle}" y="{self.top + self.height + 34}" text-anchor="middle">{esc(x_label)}</text>')
        parts.append(f'<text transform="translate(12 {centre}) rotate(-90)" text-anchor="middle">{esc(y_label)}</text>')
        return "".join(parts)


def _svg(width: float, height: float, label: str, body: str) -> str:
    return f'<svg class="plot" viewBox="0 0 {width} {height}" role="img" aria-label="{esc(label)}">{body}</svg>'


def _key(entries: Sequence[tuple[str, str]]) -> str:
    """A legend in words: CSS class of the mark, and its name."""
    items = "".join(f'<li><span class="mark {kind}"></span>{esc(name)}</li>' for kind, name in entries)
    return f'<ul class="key">{items}</ul>'


def deletion_plot(tested: DeletionTest, language: str) -> str:
    """The answer's probability while patches are hidden in the map's order, and in random orders (band)."""
    top = max(float(tested.map_probability.max()), float(tested.random_high.max()), 1e-6)
    frame = Frame(y=(0.0, top))
    xs = tested.fractions
    band = frame.points(xs, tested.random_high) + " " + frame.points(xs[::-1], tested.random_low[::-1])
    body = (
        frame.axes(text(language, "test.x"), text(language, "test.y"))
        + f'<polygon class="band" points="{band}"/>'
        + f'<polyline class="line second" points="{frame.points(xs, tested.random_mean)}"/>'
        + f'<polyline class="line first" points="{frame.points(xs, tested.map_probability)}"/>'
    )
    key = _key([("first", text(language, "test.map")), ("second", text(language, "test.random"))])
    return _svg(378, 256, text(language, "test.hint"), body) + key


def reliability_plot(bins: Sequence[Mapping], label: str, language: str) -> str:
    """Accuracy against confidence: one dot a bin of eval.json's `reliability`, its area the number of answers."""
    frame = Frame(height=300)
    most = max((entry["count"] for entry in bins), default=1) or 1
    dots = []
    for entry in bins:
        if entry["count"]:
            x, y = frame.at(entry["confidence"], entry["accuracy"])
            radius = 3 + 9 * (entry["count"] / most) ** 0.5
            title = f"{percent(entry['confidence'])} → {percent(entry['accuracy'])}, n = {entry['count']}"
            dots.append(
                f'<circle class="dot first" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>{title}</title></circle>'
            )
    body = (
        frame.axes(text(language, "results.confidence"), text(language, "results.right"))
        + f'<polyline class="diagonal" points="{frame.points([0, 1], [0, 1])}"/>'
        + "".join(dots)
    )
    return _svg(378, 356, label, body)


def pairs_plot(images: np.ndarray, texts: np.ndarray, names: Sequence[str], label: str) -> str:
    """Pairs (N, 2) on a plane: dots are photographs, diamonds captions, a line joins a pair."""
    both = np.concatenate([images, texts])
    reach = max(float(np.abs(both).max()), 1e-6) * 1.12
    frame = Frame(left=8, top=8, width=344, height=344, x=(-reach, reach), y=(-reach, reach))
    lines, marks = [], []
    for number, (image, caption, name) in enumerate(zip(images, texts, names, strict=True), start=1):
        (x1, y1), (x2, y2) = frame.at(*image), frame.at(*caption)
        title = f"<title>{number}: {esc(name)}</title>"
        lines.append(f'<line class="join" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')
        marks.append(f'<circle class="dot first" cx="{x1:.1f}" cy="{y1:.1f}" r="8">{title}</circle>')
        marks.append(
            f'<rect class="dot second" x="{x2 - 7:.1f}" y="{y2 - 7:.1f}" width="14" height="14" '
            f'transform="rotate(45 {x2:.1f} {y2:.1f})">{title}</rect>'
        )
        marks += [
            f'<text class="number" x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle">{number}</text>'
            for x, y in ((x1, y1), (x2, y2))
        ]
    box = f'<rect class="box" x="{frame.left}" y="{frame.top}" width="{frame.width}" height="{frame.height}"/>'
    return _svg(360, 360, label, box + "".join(lines) + "".join(marks))


def pairs_key(language: str) -> str:
    return _key([("first round", text(language, "lab.photos")), ("second diamond", text(language, "lab.captions"))])


def matrix(values: np.ndarray, rows: Sequence[str], columns: Sequence[str], label: str, low: float, high: float) -> str:
    """A table of shaded numbers; `low` and `high` are the ends of the shading. Titles are given as numbers."""
    head = "".join(f'<th scope="col" title="{esc(name)}">{k}</th>' for k, name in enumerate(columns, start=1))
    body = []
    for k, (name, row) in enumerate(zip(rows, values, strict=True)):
        cells = "".join(
            f'<td style="--share:{min(max((value - low) / max(high - low, 1e-9), 0), 1):.3f}"'
            f"{' class=match' if j == k else ''}>{_short(value)}</td>"
            for j, value in enumerate(row)
        )
        body.append(f'<tr><th scope="row" title="{esc(name)}">{k + 1}</th>{cells}</tr>')
    return (
        f'<div class="scroll" tabindex="0"><table class="matrix" aria-label="{esc(label)}">'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _short(value: float) -> str:
    """0.42 as ".42", to keep the cells narrow."""
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 0.995 else f"{value:.1f}"
