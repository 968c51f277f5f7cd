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


def plane_plot(
    images: np.ndarray, texts: np.ndarray, photos: Sequence[str], lines: Sequence[str], label: str, paired: bool
) -> str:
    """Photographs (N, 2) and texts (M, 2) on a plane: `photos` are HTML, `lines` words; `paired` joins the k-th two."""
    both = np.concatenate([images, texts])
    reach = max(float(np.abs(both).max()), 1e-6) * 1.15

    def at(point: np.ndarray) -> tuple[float, float]:
        """In percent, from the left and from the top."""
        return 50 + 50 * float(point[0]) / reach, 50 - 50 * float(point[1]) / reach

    def style(point: np.ndarray) -> str:
        return 'style="left:{:.1f}%;top:{:.1f}%"'.format(*at(point))

    joins = []
    for one, other in zip(images, texts, strict=True) if paired else ():
        (x1, y1), (x2, y2) = at(one), at(other)
        joins.append(f'<line class="join" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')
    drawn = f'<svg viewBox="0 0 100 100" aria-hidden="true">{"".join(joins)}</svg>'
    drawn += "".join(
        f'<span class="text" {style(point)} title="{esc(line)}"><i></i><b>{esc(line)}</b></span>'
        for point, line in zip(texts, lines, strict=True)
    )
    drawn += "".join(
        f'<span class="spot" {style(point)}>{photo}</span>' for point, photo in zip(images, photos, strict=True)
    )
    return f'<div class="plane" role="group" aria-label="{esc(label)}">{drawn}</div>'


def heat_table(
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    label: str,
    ends: tuple[float, float],
    best: np.ndarray,
    paired: bool = False,
) -> str:
    """A table of shaded numbers between heads in HTML, the shading from one of the `ends` to the other.

    Column `best[k]` of row k is bold; `paired` marks the diagonal, which belongs together.
    """
    low, high = ends
    head = "".join(f'<th scope="col">{name}</th>' for name in columns)
    body = []
    for k, (name, row) in enumerate(zip(rows, values, strict=True)):
        cells = "".join(
            f'<td style="--share:{min(max((value - low) / max(high - low, 1e-9), 0), 1):.3f}"'
            f"{_kind(best=j == best[k], match=paired and j == k)}>{_short(value)}</td>"
            for j, value in enumerate(row)
        )
        body.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{esc(label)}"><table class="matrix">'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _kind(**kinds: bool) -> str:
    names = " ".join(name for name, holds in kinds.items() if holds)
    return f' class="{names}"' if names else ""


def _short(value: float) -> str:
    """0.42 as ".42", to keep the cells narrow."""
    shown = f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 0.995 else f"{value:.1f}"
    return shown.removeprefix("-") if shown == "-.00" else shown
