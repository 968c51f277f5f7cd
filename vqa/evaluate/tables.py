"""Markdown tables of the files beside the weights.

`maps.json` tells whether maps are faithful, `bench.json` and `load.json` what answers cost, `ablation.json` what each
part of the model contributes, `curve.json` what alignment does where questions are few, `config.json`, `train.json` and
the weights themselves what was trained.
"""

import json
import math
import statistics
import struct
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

NONE = "–"
NOT_MEASURED = "Not measured yet."
CURVE_PICTURE = "curve.svg"  # beside the document
CONTRASTS = {"helps": "helps", "hurts": "hurts", "same": "makes no difference"}  # kinds of cases, in words
RUN = {"machine": "trained_on", "torch": "torch"}  # what `training_table` names, by its key in `train.json`
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
    if soak is None:
        return markdown(head, rows)
    grown = (
        f"{soak['questions']:,} questions about {soak['photographs']:,} photographs: the server held "
        f"{soak['memory_mb'][0]:,.0f} MB after the first fifth and {soak['memory_mb'][1]:,.0f} MB at the end."
    )
    return f"{markdown(head, rows)}\n\n{grown}"


def attack_table(load: dict) -> str:
    """What strangers' bad requests cost: each kind alone, beside visitors, and what stays when a server ends."""
    parts = []
    if requests := load.get("requests"):
        head = ["bad request", "tried", "accepted", "faults", "longest answer, s", "memory at most, MB"]
        rows = [
            [
                found["kind"],
                *(f"{found[key]:,}" for key in ("tried", "accepted", "faults")),
                _digits(found["worst_seconds"]),
                NONE if found["memory_mb"] is None else f"{found['memory_mb']:,.0f}",
            ]
            for found in requests
        ]
        parts.append(markdown(head, rows))
    if siege := load.get("siege"):
        alone, beside = siege["alone"], siege["beside"]
        parts.append(
            f"{alone['visitors']} visitors for {alone['seconds']:.0f} seconds, 95th percentile of their answers: "
            f"{_digits(alone['p95'])} s alone, {_digits(beside['p95'])} s while a stranger sent "
            f"{siege['bad_requests']:,} bad requests; {beside['errors']:,} errors, {beside['different']:,} other "
            f"answers. Memory: {siege['memory_mb'][0]:,.0f} MB before, {siege['memory_mb'][1]:,.0f} MB after."
        )
    if abandoned := load.get("abandoned"):
        told = "was answered as before" if abandoned["answered"] else "was NOT answered"
        parts.append(
            f"{abandoned['visits']:,} visits that nobody came back to: the server held "
            f"{abandoned['memory_mb'][0]:,.0f} MB after the first fifth and {abandoned['memory_mb'][1]:,.0f} MB at the "
            f"end; the visitor who was there before them {told}."
        )
    if ends := load.get("ends"):
        rows = [
            [found["signal"], f"{found['tried']}", _digits(found["worst_seconds"]), f"{found['uploads_left']}"]
            for found in ends
        ]
        parts.append(markdown(["a server ended by", "times", "longest end, s", "photographs that stayed"], rows))
    return "\n\n".join(parts)


def ablation_table(ablation: dict) -> str:
    """One row a variant, one column a benchmark: the mean of the seeds, and their standard deviation."""
    return _variants(ablation, "benchmarks", lambda name: 100.0)


def ablation_space_table(ablation: dict) -> str:
    """One row a variant, with recalls in percent and the geometry of the shared space."""
    return _variants(ablation, "space", lambda name: 100.0 if "R@" in name else 1.0)


def curve_table(curve: dict) -> str:
    """A picture, and one row a benchmark and variant: the mean of the seeds at each share, and their deviation.

    Below, how far the first variant is from the last, seed by seed: these share the questions that were drawn.
    """
    variants = curve["variants"]
    first, *_, last = variants
    head = [
        f"{share:.0%} ({questions:,.0f} questions)"
        for share, questions in zip(curve["shares"], curve["questions"], strict=True)
    ]
    rows = []
    for benchmark in variants[first][0]["benchmarks"]:
        found = {name: [part["benchmarks"][benchmark] for part in parts] for name, parts in variants.items()}
        rows += [[benchmark, name, *(_deviating(f, 100.0) for f in figures)] for name, figures in found.items()]
        gaps = [_gap(one["seeds"], other["seeds"]) for one, other in zip(found[first], found[last], strict=True)]
        rows.append([benchmark, f"{first} − {last}", *gaps])
    picture = f"![Accuracy by the share of the training questions, a line for each variant]({CURVE_PICTURE})"
    return f"{picture}\n\n{markdown(['benchmark', 'variant', *head], rows)}"


def _gap(one: Sequence[float], other: Sequence[float]) -> str:
    gaps = [100 * (a - b) for a, b in zip(one, other, strict=True)]
    return f"{statistics.mean(gaps):+.1f}" + (f" ± {statistics.stdev(gaps):.1f}" if len(gaps) > 1 else "")


def contrast_table(contrast: dict) -> str:
    """One row a case: what alignment does to an answer, and how probable each model's answer is."""
    rows = []
    for case in contrast["cases"]:
        cells = [f"{case[name]['answer']}, {case[name]['probability']:.0%}" for name in ("aligned", "unaligned")]
        rows.append([CONTRASTS[case["kind"]], case["example"], case["question"], case["truth"], *cells])
    table = markdown(["alignment", "photograph", "question", "right", "aligned", "unaligned"], rows)
    return f"{table}\n\nChosen among {contrast['count']} questions."


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


def count_parameters(file: Path) -> int:
    """The number of values in a safetensors file, read from its header. Raises `ValueError` for another file."""
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(length))
        return sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
    except (struct.error, ValueError, TypeError, KeyError, AttributeError, OverflowError, MemoryError) as error:
        raise ValueError(f"{file} is not a safetensors file.") from error


def parameters_table(counts: dict[str, int]) -> str:
    """One row a folder of weights."""
    return markdown(["folder", "parameters, millions"], [[f"`{name}`", f"{n / 1e6:.1f}"] for name, n in counts.items()])


def settings_table(configs: dict[str, dict]) -> str:
    """The sizes of the model, by the letters of the dimension key, and its calibration: one column a checkpoint."""
    columns = [_settings(config) for config in configs.values()]
    names = list(dict.fromkeys(name for column in columns for name in column))
    return markdown(["", *configs], [[name, *(column.get(name, NONE) for column in columns)] for name in names])


def _settings(config: dict) -> dict[str, str]:
    vision, text = config["vision_config"], config["text_config"]
    pixels, patch = (
        size if isinstance(size, list) else [size] * 2 for size in (vision["image_size"], vision["patch_size"])
    )
    grid = [side // cut for side, cut in zip(pixels, patch, strict=True)]
    blocks = ["patch_blocks", "word_blocks"] if config["fusion"] == "coattention" else []
    return {
        "photograph, pixels": _by(pixels),
        "P, patches": f"{math.prod(grid)} ({_by(grid)})",
        "W, width of the image encoder": str(vision["hidden_size"]),
        "W, width of the text encoder": str(text["hidden_size"]),
        "D, shared width": str(config["hidden_size"]),
        "H, attention heads": str(config["num_heads"]),
        "fusion": config["fusion"],
        **{name.replace("_", " "): str(config.get(name, NONE)) for name in blocks},
        "decoder layers": str(config["decoder_layers"]),
        "V, answer pieces": f"{config['answer_vocab_size']:,}",
        **{f"temperature, {kind}": f"{value:.3f}" for kind, value in (config["temperatures"] or {}).items()},
        "called a guess below": f"{config['sure_threshold']:.0%}",
    }


def _by(sides: Sequence[int]) -> str:
    return " × ".join(map(str, sides))


def _steps_on_captions(record: dict) -> str:
    return f"{record['settings']['align']['steps']:,}" if record.get("variant") == "aligned" else NONE


def training_table(records: dict[str, dict]) -> str:
    """What the run of the encoders and of each checkpoint was: steps, time and machine, and rows by source."""
    examples = [record["examples"] for record in records.values()]
    sources = list(dict.fromkeys(name for own in examples for name in own))
    rows = [
        ["steps on captions alone", *map(_steps_on_captions, records.values())],
        ["steps", *(f"{record['settings']['fit']['steps']:,}" for record in records.values())],
        ["minutes", *(f"{record['seconds'] / 60:,.0f}" for record in records.values())],
        *([name, *(str(record.get(key, NONE)) for record in records.values())] for name, key in RUN.items()),
        *([f"rows of `{name}`", *(f"{own[name]:,}" if name in own else NONE for own in examples)] for name in sources),
    ]
    return markdown(["", *records], rows)
