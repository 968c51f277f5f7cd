"""Write the tables of measured results into the documents.

The documents are `README.md`, `docs/*.md` and `weights/README.md`. The figures come from the files beside the weights:
`config.json`, `train.json`, `eval.json` and `maps.json` of each checkpoint, `contrast.json` of the aligned one, and
`bench.json`, `load.json`, `ablation.json`, `curve.json` and `easy-vqa.json`. A table stands between
`<!-- results:NAME -->` and `<!-- /results -->`. NAME is one of `TABLES`. Each table stands in one document only; a
table's picture, if it has one, lies beside its document. `--check` tells whether a table or a picture differs from the
files.
"""

import argparse
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from vqa.cli.arguments import WEIGHTS
from vqa.common.files import read_json
from vqa.evaluate.contrast import FILE as CONTRAST_FILE
from vqa.evaluate.paired import difference
from vqa.evaluate.plots import curve_svg
from vqa.evaluate.records import read_eval
from vqa.evaluate.tables import (
    CURVE_PICTURE,
    NONE,
    NOT_MEASURED,
    ablation_space_table,
    ablation_table,
    attack_table,
    contrast_table,
    costs_table,
    count_parameters,
    curve_table,
    growth_table,
    load_table,
    maps_table,
    markdown,
    parameters_table,
    pointing_table,
    settings_table,
    speed_table,
    training_table,
)

ROOT = WEIGHTS.parent
EVAL_FILE, WEIGHTS_FILE = "eval.json", "model.safetensors"
HOLDS = {
    "config.json": {"variant", "hidden_size", "vision_config", "text_config"},
    "train.json": {"settings", "examples", "seconds"},
    "maps.json": {"curves", "pointing"},
    "bench.json": {"speed", "growth", "costs"},
    "load.json": {"visits", "soak"},
    "ablation.json": {"variants"},
    "curve.json": {"shares", "questions", "variants"},
    CONTRAST_FILE: {"cases", "count"},
    "easy-vqa.json": {"benchmarks"},
}
MAIN_SOURCES = ("visitor", "vqa1-human", "vqa-human", "vqa-yesno", "coco-qa", "daquar")  # of the summary
Results = dict[str, dict]  # the content of a file by the name of its checkpoint


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "documents", nargs="*", type=Path, metavar="FILE.md", help="default: all documents of the project"
    )
    parser.add_argument("--weights", type=Path, default=WEIGHTS, metavar="DIR", help="the folder of the measurements")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a table is out of date")


def run(args: argparse.Namespace) -> int:
    texts = {path: path.read_text(encoding="utf-8") for path in args.documents or find_documents()}
    check_once(texts)
    measured = read_measured(args.weights)
    contents = {path: fill(text, measured) for path, text in texts.items()}
    contents |= {place: picture for path, text in texts.items() for place, picture in draw(path, text, measured)}
    outdated = {
        path: content
        for path, content in contents.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != content
    }
    for path, content in outdated.items():
        if not args.check:
            path.write_text(content, encoding="utf-8")
        print(f"{path} {'is out of date; run `python -m vqa report`' if args.check else 'written'}.")
    if args.check and not outdated:
        print("All tables are up to date.")
    return 1 if args.check and outdated else 0


def find_documents() -> list[Path]:
    """The documents of the project that may hold tables."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), WEIGHTS / "README.md"]
    return [path for path in paths if path.is_file()]


def check_once(texts: Mapping[Path, str]) -> None:
    """Raises `ValueError` for a table that stands twice in the documents."""
    places: dict[str, Path] = {}
    for path, text in texts.items():
        for name in re.findall(r"<!-- results:(\w+) -->", text):
            if name in places:
                raise ValueError(f"The table {name!r} stands in {places[name]} and again in {path}; keep one of them.")
            places[name] = path


def read_measured(weights: Path) -> dict[str, dict]:
    """The content of each file of measurements that exists, by its name; by checkpoint where each has its own.

    Of `model.safetensors` it is the number of parameters, by folder. Raises `ValueError` for a file of another kind.
    """
    measured: dict[str, dict] = {}
    for path in sorted(weights.glob(f"*/{EVAL_FILE}")):
        measured.setdefault(EVAL_FILE, {})[path.parent.name] = read_eval(path)
    for name, keys in HOLDS.items():
        for path in sorted(weights.glob(f"*/{name}")):
            measured.setdefault(name, {})[path.parent.name] = read_json(path, keys, f"what {path.stem} measures")
        if (path := weights / name).is_file():
            measured[name] = read_json(path, keys, f"what {path.stem} measures")
    if files := sorted(weights.rglob(WEIGHTS_FILE)):
        measured[WEIGHTS_FILE] = {path.parent.relative_to(weights).as_posix(): count_parameters(path) for path in files}
    return measured


def fill(text: str, measured: Mapping[str, dict]) -> str:
    """A document with each table between its markers written anew. A table without measurements is empty.

    Raises `ValueError` for markers that do not match.
    """

    def table(match: re.Match) -> str:
        if match["name"] not in TABLES:
            raise ValueError(f"There is no table {match['name']!r}, only {', '.join(TABLES)}.")
        file, make = TABLES[match["name"]]
        return "\n".join([match["begin"], *([make(measured[file])] if file in measured else []), match["end"]])

    if len(re.findall(r"<!-- results:\w+ -->", text)) != text.count("<!-- /results -->"):
        raise ValueError("Each marker `<!-- results:NAME -->` needs a `<!-- /results -->` after its table.")
    return re.sub(r"(?P<begin><!-- results:(?P<name>\w+) -->)\n.*?(?P<end><!-- /results -->)", table, text, flags=re.S)


def draw(document: Path, text: str, measured: Mapping[str, dict]) -> Iterator[tuple[Path, str]]:
    """The place and the content of each picture that belongs to a table of a document and is measured."""
    for name, (picture, make) in PICTURES.items():
        file = TABLES[name][0]
        if f"<!-- results:{name} -->" in text and file in measured:
            yield document.with_name(picture), make(measured[file])


def summary_table(results: Results) -> str:
    """The main figures, one column a checkpoint, without intervals."""
    rows = []
    for source in [source for source in MAIN_SOURCES if source in _keys(results, "benchmarks")]:
        found = _at(results, "benchmarks", source)
        part = ("single_word",) if any(_dig(figures, ("single_word",)) for figures in found) else ()
        figures = [_dig(f, part) for f in [*found, _question_only(found)]]
        label = f"{source}, single words" if part else source
        rows.append([f"{label}: accuracy, %", *(_percent(f and f["accuracy"]) for f in figures)])
    for label, direction in (("photograph to caption", "image_to_text"), ("caption to photograph", "text_to_image")):
        found = _at(results, "retrieval", direction)
        if any(found):
            rows.append([f"{label}: R@1, %", *(_percent(f and f["R@1"]) for f in found), NONE])
    if any(found := _at(results, "captions", "bleu_4")):
        rows.append(["captions: BLEU-4", *(_percent(f and f["value"]) for f in found), NONE])
    rows.append(["expected calibration error", *(f"{result['ece']:.3f}" for result in results.values()), NONE])
    return markdown(["test split", *results, "question-only"], rows)


def benchmarks_table(results: Results) -> str:
    """One row a source, and below it what else is measured there, with question-only beside it.

    Of two checkpoints, also the paired difference of their accuracies.
    """
    rows = []
    for source in _keys(results, "benchmarks"):
        found = _at(results, "benchmarks", source)
        question_only = _question_only(found)
        for label, path, value in (("", (), "accuracy"), *_parts(found)):
            own = [_dig(figures, path) for figures in found]
            row = _row(f"{source}, {label}".rstrip(", "), own, _dig(question_only, path), value)
            rows.append(row + [_difference(own, value)] * (len(results) == 2))
    change = [" − ".join(results)] * (len(results) == 2)
    return markdown(["benchmark", "questions", *results, "question-only", *change], rows)


def easy_table(result: dict) -> str:
    """The benchmarks of the checkpoint that was trained further on easy-VQA."""
    return benchmarks_table({result["variant"]: result})


def types_table(results: Results) -> str:
    """One row a source and type of question."""
    rows = []
    for source in _keys(results, "benchmarks"):
        found = _at(results, "benchmarks", source)
        question_only = _question_only(found)
        for kind in _unique(key for figures in found for key in (_dig(figures, ("by_type",)) or {})):
            path = ("by_type", kind)
            rows.append(
                _row(f"{source}, {kind}", [_dig(f, path) for f in found], _dig(question_only, path), "accuracy")
            )
    return markdown(["questions of type", "questions", *results, "question-only"], rows)


def calibration_table(results: Results) -> str:
    """What share of the answers is right at each confidence."""
    rows = []
    for bins in zip(*(result["reliability"] for result in results.values()), strict=True):
        cells = [
            f"{_percent(bin['accuracy'])} of {bin['count']:,}, said {_percent(bin['confidence'])}"
            if bin["count"]
            else NONE
            for bin in bins
        ]
        rows.append([f"{bins[0]['low']:.0%} – {bins[0]['high']:.0%}", *cells])
    rows.append(["expected calibration error", *(f"{result['ece']:.3f}" for result in results.values())])
    return markdown(["confidence", *results], rows)


def retrieval_table(results: Results) -> str:
    """Recall in both directions, one row a checkpoint."""
    rows = []
    for name, result in results.items():
        for direction in ("image_to_text", "text_to_image"):
            found = _dig(result, ("retrieval", direction))
            if found:
                recalls = [
                    f"{100 * found[key]:.1f} [{100 * low:.1f}, {100 * high:.1f}]"
                    for key, (low, high) in found["intervals"].items()
                ]
                rows.append([name, direction.replace("_", " "), f"{found['count']:,}", *recalls])
    return markdown(["variant", "direction", "queries", "R@1", "R@5", "R@10"], rows)


def captions_table(results: Results) -> str:
    """How near captions are to people's, one row a checkpoint; both scores times 100, as papers have them."""
    rows = [
        [
            name,
            f"{found['count']:,}",
            *(_with_interval(found[score], "value") for score in ("bleu_4", "cider")),
            f"{found['repeated']:,}",
        ]
        for name, result in results.items()
        if (found := result.get("captions"))
    ]
    head = ["variant", "photographs", "BLEU-4", "CIDEr", "something twice around “and”"]
    return markdown(head, rows) if rows else NOT_MEASURED


def zero_shot_table(results: Results) -> str:
    """Answers by cosine alone and by closed search, one column a checkpoint, and what they are compared with."""
    measured = {name: result["zero_shot"] for name, result in results.items() if "zero_shot" in result}
    if not measured:
        return NOT_MEASURED
    parts = {"nearest by cosine": "cosine", "closed search on the question": "closed_search"}
    rows = [
        [label, *(_with_interval(found[part], "accuracy") for found in measured.values())]
        for label, part in parts.items()
    ]
    rows += [
        [label, *(_percent(found[part]) for found in measured.values())]
        for label, part in (("always the most frequent answer", "majority"), ("chance", "chance"))
    ]
    first = next(iter(measured.values()))
    note = f"{first['count']:,} questions, {first['answers']} answers."
    return f"{markdown(['right, %', *measured], rows)}\n\n{note}"


def space_table(results: Results) -> str:
    """The geometry of the shared space, one column a checkpoint."""
    spaces = {name: result.get("space", {}) for name, result in results.items()}
    rows = [
        [key.replace("_", " "), *(f"{space[key]:.3f}" if key in space else NONE for space in spaces.values())]
        for key in _unique(key for space in spaces.values() for key in space)
    ]
    return markdown(["", *results], rows)


def origin_table(results: Results) -> str:
    """What the figures were made from, one column a checkpoint."""
    rows = [[key, *(str(result.get(key)) for result in results.values())] for key in ("split", "seed")]
    rows += [[key, *(f"`{str(result.get(key))[:12]}`" for result in results.values())] for key in ("commit", "weights")]
    return markdown(["", *results], rows)


TABLES: dict[str, tuple[str, Callable[[dict], str]]] = {
    "summary": (EVAL_FILE, summary_table),
    "benchmarks": (EVAL_FILE, benchmarks_table),
    "types": (EVAL_FILE, types_table),
    "calibration": (EVAL_FILE, calibration_table),
    "retrieval": (EVAL_FILE, retrieval_table),
    "captions": (EVAL_FILE, captions_table),
    "zero_shot": (EVAL_FILE, zero_shot_table),
    "space": (EVAL_FILE, space_table),
    "origin": (EVAL_FILE, origin_table),
    "maps": ("maps.json", maps_table),
    "pointing": ("maps.json", pointing_table),
    "bench": ("bench.json", speed_table),
    "growth": ("bench.json", growth_table),
    "costs": ("bench.json", costs_table),
    "load": ("load.json", load_table),
    "attack": ("load.json", attack_table),
    "ablation": ("ablation.json", ablation_table),
    "ablation_space": ("ablation.json", ablation_space_table),
    "curve": ("curve.json", curve_table),
    "contrast": (CONTRAST_FILE, contrast_table),
    "easy": ("easy-vqa.json", easy_table),
    "settings": ("config.json", settings_table),
    "parameters": (WEIGHTS_FILE, parameters_table),
    "training": ("train.json", training_table),
}
PICTURES: dict[str, tuple[str, Callable[[dict], str]]] = {"curve": (CURVE_PICTURE, curve_svg)}  # by their tables


def _parts(found: Sequence[dict | None]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Label, path and name of the value of what a source's figures hold besides its accuracy."""
    if any(_dig(figures, ("soft_accuracy",)) for figures in found):
        yield "soft accuracy", ("soft_accuracy",), "mean"
    if any(_dig(figures, ("single_word",)) for figures in found):
        yield "single word", ("single_word",), "accuracy"
    for key in ("wups_0.9", "wups_0.0"):
        if any(_dig(figures, ("single_word", key)) for figures in found):
            yield f"single word, {key.replace('_', ' ').upper()}", ("single_word", key), "mean"


def _question_only(found: Sequence[dict | None]) -> dict | None:
    """What the first checkpoint that was asked without photographs made of the same questions."""
    return next((figures["question_only"] for figures in found if figures and "question_only" in figures), None)


def _row(label: str, found: Sequence[dict | None], question_only: dict | None, value: str) -> list[str]:
    count = next(figures["count"] for figures in found if figures)
    return [
        label,
        f"{count:,}",
        *(_with_interval(f, value) for f in found),
        _percent(question_only and question_only[value]),
    ]


def _difference(found: Sequence[dict | None], value: str) -> str:
    noted = [figures.get("paired") for figures in found if figures and value == "accuracy"]
    changed = difference(*noted) if len(noted) == 2 and all(noted) else None
    return NONE if changed is None else "{:+.1f} [{:+.1f}, {:+.1f}]".format(*(100 * share for share in changed))


def _with_interval(figures: dict | None, value: str) -> str:
    if not figures:
        return NONE
    low, high = figures["interval"]
    return f"{100 * figures[value]:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _percent(share: float | None) -> str:
    return NONE if share is None else f"{100 * share:.1f}"


def _keys(results: Results, field: str) -> list[str]:
    return _unique(key for result in results.values() for key in result.get(field, {}))


def _at(results: Results, *path: str) -> list[dict | None]:
    return [_dig(result, path) for result in results.values()]


def _dig(figures: dict | None, path: Sequence[str]) -> dict | None:
    for key in path:
        figures = (figures or {}).get(key)
    return figures


def _unique(keys: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(keys))
