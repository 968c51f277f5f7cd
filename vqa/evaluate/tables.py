"""Markdown tables: of `maps.json`, whether maps are true; of `bench.json` and `load.json`, what answers cost; of
`ablation.json`, what each part of the model contributes."""

from collections.abc import Callable, Iterable, Sequence

NONE = "–"
HERE = "this model"  # the name in `bench.json` of the model that the others are compared with


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a head; every row has as many cells."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def maps_table(reports: dict[str, dict]) -> str:
    """One row a method and checkpoint. Gains are of the area under the answer's probability, in points of 100."""
    rows = []
    for method in next(iter(reports.values()))["curves"]["methods"]:
        for variant, report in reports.items():
            curves = report["curves"]["methods"][method]
            gains = ("deletion_gain", "insertion_gain", "deletion_over_centre")
            cells = [_points(curves[key]) for key in gains]
            sanity, crops = (report[part]["methods"].get(method) for part in ("sanity", "crops"))
            cells.append(f"{sanity['projections']:.2f}" if sanity else NONE)
            cells.append(f"{crops['same']:.2f} ({crops['others']:.2f})" if crops else NONE)
            rows.append([f"**{method}**" if method == report["default"] else method, variant, *cells])
    head = ["map", "variant", "deletion: over random", "insertion: over random", "deletion: over the centre prior"]
    notes = [
        f"{variant}: {report['curves']['count']} questions, {report['curves']['looking']} of whose answers owe at "
        f"least a tenth of probability to the photograph; {report['sanity']['count']} for shuffling and crops"
        for variant, report in reports.items()
    ]
    return f"{markdown([*head, 'weights shuffled', 'a crop (of another)'], rows)}\n\n{'. '.join(notes)}."


def pointing_table(reports: dict[str, dict]) -> str:
    """One row a set of questions and method: hits and how many times chance; the map's weight in the boxes."""
    rows = []
    sets = [name for name, found in next(iter(reports.values()))["pointing"].items() if found]
    for name in sets:
        parts = [report["pointing"][name] for report in reports.values()]
        chance = parts[0]["chance"]
        for method in parts[0]["methods"]:
            cells = [f"{name} ({parts[0]['count']})", method, f"{100 * chance:.1f}"]
            for part in parts:
                found = part["methods"][method]
                weight = found.get("weight_in_boxes")
                low, high = (100 * end for end in found["hits"]["interval"])
                cells.append(f"{100 * found['hits']['mean']:.1f} [{low:.1f}, {high:.1f}], {found['ratio']:.2f} ×")
                cells.append(f"{100 * weight['mean']:.1f}" if weight else NONE)
            rows.append(cells)
    heads = [head for variant in reports for head in (f"{variant}: hits", f"{variant}: weight in boxes")]
    return markdown(["about (questions)", "map", "chance", *heads], rows)


def _points(gain: dict) -> str:
    low, high = (100 * end for end in gain["interval"])
    return f"{100 * gain['mean']:+.2f} [{low:+.2f}, {high:+.2f}]"


def speed_table(bench: dict) -> str:
    """One row a task, one column a model: milliseconds, and how many times those of this model they are."""
    models = list(bench["parameters"])
    rows = []
    for task, times in bench["speed"].items():
        here = times[HERE]["median"]
        cells = [
            _quartiles(times[name]) + (f", {_digits(times[name]['median'] / here)} ×" if name != HERE else "")
            for name in models
        ]
        rows.append([task, *cells])
    rows.append(["parameters, millions", *(f"{bench['parameters'][name] / 1e6:.0f}" for name in models)])
    return f"{markdown(['milliseconds', *models], rows)}\n\n{_origin(bench)}"


def growth_table(bench: dict) -> str:
    """One row a quantity, with the milliseconds at each of its sizes."""
    rows = [
        [name, ", ".join(f"{size}: {_digits(times['median'])}" for size, times in sizes.items())]
        for name, sizes in bench["growth"].items()
    ]
    return markdown(["what grows", "milliseconds at each size"], rows)


def costs_table(bench: dict) -> str:
    """One row a cost, with its quartiles where it was measured more than once."""
    rows = [
        [name, NONE if cost is None else _quartiles(cost) if isinstance(cost, dict) else _digits(cost)]
        for name, cost in bench["costs"].items()
    ]
    return markdown(["what it costs", ""], rows)


def load_table(load: dict) -> str:
    """One row a number of visitors who ask at once; below it, what the memory did."""
    rows = [
        [
            f"{visit['visitors']}",
            f"{visit['answers']:,}",
            _digits(visit["answers"] / visit["seconds"]),
            *(NONE if visit[key] is None else _digits(visit[key]) for key in ("p50", "p95")),
            *(f"{visit[key]:,}" for key in ("refused", "errors", "different")),
        ]
        for visit in load["visits"]
    ]
    head = ["visitors", "answers", "a second", "median, s", "95th percentile, s", "refused", "errors", "different"]
    soak = load["soak"]
    grown = (
        f"{soak['questions']:,} questions about {soak['photographs']:,} photographs: the server held "
        f"{soak['memory_mb'][0]:,.0f} MB after the first fifth and {soak['memory_mb'][1]:,.0f} MB at the end."
    )
    return f"{markdown(head, rows)}\n\n{grown}"


def ablation_table(ablation: dict) -> str:
    """One row a variant, one column a benchmark: the mean of the seeds, and their standard deviation."""
    return _variants(ablation, "benchmarks", lambda name: 100.0)


def ablation_space_table(ablation: dict) -> str:
    """One row a variant, with recalls in percent and the geometry of the shared space."""
    return _variants(ablation, "space", lambda name: 100.0 if "R@" in name else 1.0)


def _variants(ablation: dict, part: str, scale: Callable[[str], float]) -> str:
    variants = {name: figures[part] for name, figures in ablation["variants"].items() if figures[part]}
    names = list(dict.fromkeys(name for figures in variants.values() for name in figures))
    rows = [[label, *(_deviating(figures[name], scale(name)) for name in names)] for label, figures in variants.items()]
    return markdown(["", *names], rows)


def _deviating(figure: dict, scale: float) -> str:
    digits = 1 if scale > 1 else 3
    mean = f"{scale * figure['mean']:.{digits}f}"
    return mean if figure["deviation"] is None else f"{mean} ± {scale * figure['deviation']:.{digits}f}"


def _origin(bench: dict) -> str:
    rounds = sorted({times["rounds"] for by_model in bench["speed"].values() for times in by_model.values()})
    return (
        f"{bench['device']}, {bench['threads']} threads, float32, torch {bench['torch']}; medians [quartiles] of "
        f"{' or '.join(map(str, rounds))} rounds, the models taking turns; commit `{str(bench['commit'])[:12]}`."
    )


def _quartiles(times: dict) -> str:
    return f"{_digits(times['median'])} [{', '.join(map(_digits, times['quartiles']))}]"


def _digits(value: float) -> str:
    """Three digits that count, or all before the point."""
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"
