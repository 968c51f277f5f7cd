"""Pictures as SVG: what is drawn where, and that every part of them is named."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from vqa.evaluate.plots import LEFT, PLOT, TOP, Scale, curve_svg, ticks_around


def part(**seeds):
    return {
        "benchmarks": {name: {"mean": sum(values) / len(values), "seeds": values} for name, values in seeds.items()}
    }


CURVE = {
    "shares": [0.1, 1.0],
    "questions": [100, 1000],
    "variants": {
        "aligned": [part(colours=[0.1, 0.3], mean=[0.5]), part(colours=[0.4, 0.4], mean=[0.5])],
        "a & b": [part(colours=[0.2, 0.2], mean=[0.25]), part(colours=[0.0, 0.2], mean=[0.25])],
    },
}


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 40, [0, 10, 20, 30, 40]), (12, 13.1, [12, 12.5, 13, 13.5]), (31, 57, [30, 40, 50, 60]), (50, 50, [50, 50.5])],
)
def test_ticks_are_round_and_go_around(low, high, ticks):
    assert ticks_around(low, high) == ticks


@pytest.mark.parametrize("low", [0.0, 3.3, 41.7])
@pytest.mark.parametrize("reach", [0.0, 0.4, 7.0, 58.0])
def test_ticks_leave_nothing_out(low, reach):
    ticks = ticks_around(low, low + reach)
    assert ticks[0] <= low <= low + reach <= ticks[-1] and 2 <= len(ticks) <= 5


def test_places_on_the_scale():
    scale = Scale((0.01, 1.0), (20, 40))
    assert scale.y(20) == TOP + PLOT[1] and scale.y(40) == TOP and scale.y(30) == TOP + PLOT[1] / 2
    assert scale.x(0.1) == pytest.approx(LEFT + PLOT[0] / 2)  # half way from 1 to 100 percent
    assert LEFT < scale.x(0.01) < scale.x(1) < LEFT + PLOT[0]


def test_each_benchmark_has_a_panel_and_each_variant_a_line_with_its_seeds():
    svg = curve_svg(CURVE)
    root = ElementTree.fromstring(svg)
    name = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in root.iter(f"{name}text")]
    for word in ("colours", "mean", "aligned", "a & b", "10", "100", "share of the questions, %", "right, %"):
        assert word in texts
    first = root.findall(f"{name}g")[0]
    lines = [line.get("points").split() for line in first.iter(f"{name}polyline")]
    scale = Scale((0.1, 1.0), (0, 40))
    heights = [[float(point.split(",")[1]) for point in line] for line in lines]
    assert heights == [
        pytest.approx([scale.y(20), scale.y(40)], abs=0.06),
        pytest.approx([scale.y(20), scale.y(10)], abs=0.06),
    ]
    bars = [bar for bar in first.iter(f"{name}line") if bar.get("class") == "spread"]
    ends = [(float(bar.get("y1")), float(bar.get("y2"))) for bar in bars]
    assert ends[0] == pytest.approx((scale.y(10), scale.y(30)), abs=0.06)
    assert ends[3] == pytest.approx((scale.y(0), scale.y(20)), abs=0.06)


def test_ink_and_paper_are_drawn_for_light_and_dark():
    svg = curve_svg(CURVE)
    light, dark = svg.split("@media(prefers-color-scheme:dark)")
    for rule in (".paper{fill:", "text,.ink{fill:", ".s0{--c:", ".s1{--c:", ".s2{--c:"):
        values = [re.search(re.escape(rule) + "(#[0-9a-f]+)", half)[1] for half in (light, dark)]
        assert values[0] != values[1]
