"""Pictures of measured results for the documents, as SVG: they need no library, and follow light and dark."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

COLUMNS = 3  # of panels
PANEL, PLOT = (262, 226), (190, 150)  # width and height of a panel, and of the plot in it
LEFT, TOP = 56, 34  # of the plot in its panel
MARKS = ("circle", "square", "triangle")
SIZE = 4.0  # half of a mark's width
APART = 5.0  # points of one share are drawn so far from one another that their spreads can be told apart
STYLE = """
.paper{fill:#fff}text,.ink{fill:#1f2328}.box{fill:none;stroke:#8b949e}.grid{stroke:#d8dee4}
.s0{--c:#c2410c}.s1{--c:#0f766e}.s2{--c:#1d4ed8}.line,.spread{stroke:var(--c);fill:none}.mark{fill:var(--c)}
.line{stroke-width:2}.spread{stroke-width:1.5}.s1 .line{stroke-dasharray:2 4}.s2 .line{stroke-dasharray:8 4}
@media(prefers-color-scheme:dark){.paper{fill:#0d1117}text,.ink{fill:#e6edf3}.grid{stroke:#30363d}
.s0{--c:#fb923c}.s1{--c:#2dd4bf}.s2{--c:#79a8ff}}
"""


@dataclass(frozen=True)
class Scale:
    """Where shares (logarithmic) and percentages lie in a plot."""

    shares: tuple[float, float]
    percent: tuple[float, float]

    def x(self, share: float) -> float:
        low, high = map(math.log, self.shares)
        return LEFT + PLOT[0] * (0.08 + 0.84 * (math.log(share) - low) / ((high - low) or 1.0))

    def y(self, percent: float) -> float:
        low, high = self.percent
        return TOP + PLOT[1] * (1 - (percent - low) / (high - low))


def curve_svg(curve: dict) -> str:
    """The content of `curve.json`: a panel for each benchmark, with a line for each variant.

    A point is the mean of the seeds, and the bar through it reaches from the worst seed to the best.
    """
    shares, variants = curve["shares"], curve["variants"]
    benchmarks = list(next(iter(variants.values()))[0]["benchmarks"])
    rows = math.ceil((len(benchmarks) + 1) / COLUMNS)  # the legend takes a panel
    width, height = COLUMNS * PANEL[0], rows * PANEL[1]
    panels = [_panel(shares, variants, benchmark) for benchmark in benchmarks] + [_legend(list(variants))]
    placed = "".join(
        f'<g transform="translate({k % COLUMNS * PANEL[0]} {k // COLUMNS * PANEL[1]})">{panel}</g>\n'
        for k, panel in enumerate(panels)
    )
    title = "Accuracy by the share of the training questions: " + ", ".join(variants)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="13" role="img"><title>{escape(title)}</title>'
        f'<style>{STYLE}</style><rect class="paper" width="{width}" height="{height}"/>\n{placed}</svg>\n'
    )


def _panel(shares: Sequence[float], variants: dict[str, list[dict]], benchmark: str) -> str:
    found = {name: [part["benchmarks"][benchmark] for part in parts] for name, parts in variants.items()}
    everything = [100 * value for figures in found.values() for figure in figures for value in figure["seeds"]]
    ticks = ticks_around(min(everything), max(everything))
    scale = Scale((min(shares), max(shares)), (ticks[0], ticks[-1]))
    right, bottom = LEFT + PLOT[0], TOP + PLOT[1]
    parts = [f'<text x="{LEFT}" y="{TOP - 12}" font-weight="bold">{escape(benchmark)}</text>']
    for tick in ticks:
        y = f"{scale.y(tick):.1f}"
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{right}" y2="{y}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{scale.y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for share in shares:
        parts.append(f'<text x="{scale.x(share):.1f}" y="{bottom + 17}" text-anchor="middle">{100 * share:g}</text>')
    parts.append(f'<rect class="box" x="{LEFT}" y="{TOP}" width="{PLOT[0]}" height="{PLOT[1]}"/>')
    middle, centre = LEFT + PLOT[0] / 2, TOP + PLOT[1] / 2
    parts.append(f'<text x="{middle}" y="{bottom + 34}" text-anchor="middle">share of the questions, %</text>')
    parts.append(f'<text transform="translate(16 {centre}) rotate(-90)" text-anchor="middle">right, %</text>')
    for k, figures in enumerate(found.values()):
        beside = APART * (k - (len(found) - 1) / 2)
        xs = [scale.x(share) + beside for share in shares]
        parts.append(_series(k, xs, figures, scale))
    return "".join(parts)


def _series(number: int, xs: Sequence[float], figures: Sequence[dict], scale: Scale) -> str:
    ys = [scale.y(100 * figure["mean"]) for figure in figures]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    parts = [f'<polyline class="line" points="{points}"/>']
    for x, y, figure in zip(xs, ys, figures, strict=True):
        worst, best = (scale.y(100 * end(figure["seeds"])) for end in (min, max))
        parts.append(f'<line class="spread" x1="{x:.1f}" y1="{worst:.1f}" x2="{x:.1f}" y2="{best:.1f}"/>')
        parts.append(_mark(number, x, y))
    return f'<g class="s{number % len(MARKS)}">{"".join(parts)}</g>'


def _mark(number: int, x: float, y: float) -> str:
    kind = MARKS[number % len(MARKS)]
    if kind == "circle":
        return f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="{SIZE}"/>'
    if kind == "square":
        return f'<rect class="mark" x="{x - SIZE:.1f}" y="{y - SIZE:.1f}" width="{2 * SIZE}" height="{2 * SIZE}"/>'
    corners = ((0, -1.2), (1.2, 1), (-1.2, 1))
    points = " ".join(f"{x + SIZE * across:.1f},{y + SIZE * down:.1f}" for across, down in corners)
    return f'<polygon class="mark" points="{points}"/>'


def _legend(names: Sequence[str]) -> str:
    parts = []
    for k, name in enumerate(names):
        y = TOP + 22 + 26 * k
        line = f'<polyline class="line" points="{LEFT},{y} {LEFT + 44},{y}"/>{_mark(k, LEFT + 22, y)}'
        parts.append(f'<g class="s{k % len(MARKS)}">{line}</g><text x="{LEFT + 56}" y="{y + 4}">{escape(name)}</text>')
    y = TOP + 22 + 26 * len(names) + 8
    parts.append(f'<text x="{LEFT}" y="{y}">points: means of the seeds</text>')
    parts.append(f'<text x="{LEFT}" y="{y + 20}">bars: worst to best seed</text>')
    return "".join(parts)


def ticks_around(low: float, high: float, most: int = 5) -> list[float]:
    """Up to `most` round numbers, evenly apart, of which the first is at most `low` and the last at least `high`."""
    for step in (0.5 * 10**power * factor for power in range(5) for factor in (1, 2, 4, 10)):
        first, last = math.floor(low / step), math.ceil(high / step)
        last = max(last, first + 1)
        if last - first < most:
            return [step * k for k in range(first, last + 1)]
    raise ValueError(f"{low} to {high} are no percentages.")
