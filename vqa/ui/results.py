"""The third tab: what `python -m vqa evaluate` measured, read from eval.json beside the weights."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from vqa.evaluate.records import read_eval
from vqa.ui.markup import columns, decimal, esc, notice, section, table
from vqa.ui.plots import reliability_plot
from vqa.ui.texts import TEXTS, text

logger = logging.getLogger(__name__)

RESULTS_FILE = "eval.json"
RANKS = ("R@1", "R@5", "R@10")
SPACE = {
    "alignment": "lab.alignment",
    "uniformity_images": "lab.uniformity.images",
    "uniformity_texts": "lab.uniformity.texts",
    "modality_gap": "lab.gap",
}
PARTS = {  # text: where a benchmark holds it
    "results.soft": ("soft_accuracy",),
    "results.single": ("single_word",),
    "results.wups.9": ("single_word", "wups_0.9"),
    "results.wups.0": ("single_word", "wups_0.0"),
}


def read_results(weights: Path | None, names: list[str]) -> dict[str, dict]:
    """eval.json of each named checkpoint in `weights`; one that is absent or damaged is left out."""
    results = {}
    for name in names if weights is not None else []:
        for path in (weights / name / RESULTS_FILE, weights / RESULTS_FILE):
            if path.is_file():
                try:
                    results[name] = read_eval(path)
                except (OSError, ValueError) as error:
                    logger.warning("%s cannot be read: %s", path, error)
                break
    return results


def results_html(results: Mapping[str, dict], names: list[str], language: str) -> str:
    """The whole tab."""
    if not results:
        return notice(text(language, "results.none"))
    missing = [name for name in names if name not in results]
    parts = [notice(text(language, "results.missing", names=", ".join(missing)))] if missing else []
    parts += [
        _summary(results, language),
        section(_accuracy_title(results, language), _accuracy(results, language)),
        section(text(language, "results.reliability"), _reliability(results, language)),
        _retrieval(results, language),
        _space(results, language),
        section(text(language, "results.types"), _types(results, language)),
        _source(results, language),
    ]
    return "".join(parts)


def _summary(results: Mapping[str, dict], language: str) -> str:
    """What alignment changes, in two sentences of figures; nothing where a figure is missing."""
    values = {}
    for name in ("aligned", "unaligned"):
        result = results.get(name, {})
        first = _recall(_dig(result, ("retrieval", "image_to_text")), RANKS[0])["accuracy"]
        benchmarks = result.get("benchmarks", {}).values()
        count = sum(figures["count"] for figures in benchmarks)
        if first is None or not count:
            return ""
        right = sum(figures["accuracy"] * figures["count"] for figures in benchmarks) / count
        values |= {f"{name}_first": f"{100 * first:.1f} %", f"{name}_right": f"{100 * right:.1f} %", "count": count}
    return notice(text(language, "results.summary", **values))


def _accuracy_title(results: Mapping[str, dict], language: str) -> str:
    """Says that the photographs are new only where it is known, and of how many the opposite is known."""
    benchmarks = [figures for result in results.values() for figures in result.get("benchmarks", {}).values()]
    known = [figures for figures in benchmarks if figures.get("trained_on") is not None]
    if seen := sum(figures["trained_on"] for figures in known):
        photographs = sum(figures["photographs"] for figures in known)
        return text(language, "results.accuracy.seen", seen=seen, photographs=photographs)
    return text(language, "results.accuracy.new" if known and len(known) == len(benchmarks) else "results.accuracy")


def _accuracy(results: Mapping[str, dict], language: str) -> str:
    """A row a benchmark, and below it what else is measured there."""
    head = [text(language, "results.benchmark"), text(language, "results.count")]
    head += [text(language, name) for name in results] + [text(language, "results.question_only")]
    rows = []
    for benchmark in _names(result.get("benchmarks", {}) for result in results.values()):
        found = [result.get("benchmarks", {}).get(benchmark) for result in results.values()]
        question_only = next((entry["question_only"] for entry in found if entry and "question_only" in entry), None)
        rows.append(_row(benchmark, found, question_only))
        for label, path in PARTS.items():
            parts = [_dig(entry, path) for entry in found]
            if any(parts):
                rows.append(_row(f"{benchmark}, {text(language, label)}", parts, _dig(question_only, path)))
    return table(head, rows) + f"<p><small>{esc(text(language, 'results.interval'))}</small></p>"


def _row(label: str, found: list[dict | None], question_only: dict | None) -> list[str]:
    count = next(entry["count"] for entry in found if entry)
    return [label, f"{count:,}", *(_with_interval(entry) for entry in found), _with_interval(question_only)]


def _dig(figures: Mapping | None, path: Sequence[str]) -> Mapping | None:
    for key in path:
        figures = (figures or {}).get(key)
    return figures


def _types(results: Mapping[str, dict], language: str) -> str:
    head = [text(language, "results.benchmark"), text(language, "results.type"), text(language, "results.count")]
    head += [text(language, name) for name in results]
    rows = []
    for benchmark in _names(result.get("benchmarks", {}) for result in results.values()):
        kinds = {name: result["benchmarks"].get(benchmark, {}).get("by_type", {}) for name, result in results.items()}
        for kind in _names(kinds.values()):
            found = [by_type.get(kind) for by_type in kinds.values()]
            count = next(entry for entry in found if entry).get("count")
            rows.append(
                [
                    benchmark,
                    _kind(kind, language),
                    f"{count:,}" if count else "–",
                    *(_with_interval(entry) for entry in found),
                ]
            )
    return table(head, rows) if rows else "–"


def _kind(kind: str, language: str) -> str:
    """A type of questions in the reader's language; one that is not known stays as the data call it."""
    key = f"type.{kind}"
    return text(language, key) if key in TEXTS else kind


def _reliability(results: Mapping[str, dict], language: str) -> str:
    plots = []
    for name, result in results.items():
        label = text(language, "results.reliability.alt", variant=text(language, name))
        plot = reliability_plot(result.get("reliability", []), label, language)
        plots.append(f'<figure><figcaption class="tag">{esc(text(language, name))}</figcaption>{plot}</figure>')
    errors = ", ".join(
        f"{text(language, name)} {result['ece']:.3f}"
        for name, result in results.items()
        if result.get("ece") is not None
    )
    caption = text(language, "results.reliability.caption", values=errors or "–")
    return columns(*plots) + f"<p><small>{esc(caption)}</small></p>"


def _retrieval(results: Mapping[str, dict], language: str) -> str:
    """Recall in both directions, with intervals."""
    rows = []
    for direction in ("image_to_text", "text_to_image"):
        found = [_dig(result, ("retrieval", direction)) for result in results.values()]
        for rank in RANKS:
            cells = [_with_interval(_recall(entry, rank)) for entry in found]
            if any(cell != "–" for cell in cells):
                rows.append([f"{text(language, 'results.' + direction)}, {rank}", *cells])
    return _titled("results.retrieval", results, rows, language)


def _recall(entry: Mapping | None, rank: str) -> dict:
    """One recall in the shape of the other figures."""
    return {"accuracy": (entry or {}).get(rank), "interval": _dig(entry, ("intervals", rank))}


def _space(results: Mapping[str, dict], language: str) -> str:
    spaces = [result.get("space", {}) for result in results.values()]
    rows = [
        [text(language, label), *("–" if key not in space else decimal(space[key]) for space in spaces)]
        for key, label in SPACE.items()
        if any(key in space for space in spaces)
    ]
    return _titled("results.space", results, rows, language)


def _titled(title: str, results: Mapping[str, dict], rows: list[list[str]], language: str) -> str:
    """A section with one column a model, nothing where there are no rows."""
    if not rows:
        return ""
    return section(text(language, title), table(["", *(text(language, name) for name in results)], rows))


def _source(results: Mapping[str, dict], language: str) -> str:
    first = next(iter(results.values()))
    line = text(language, "results.from", split=first.get("split", "?"), commit=str(first.get("commit", "?"))[:12])
    return f"<p><small>{esc(line)}</small></p>"


def _names(mappings) -> list[str]:
    """Keys of several mappings, each once, in the order they come."""
    return list(dict.fromkeys(key for mapping in mappings for key in mapping))


def _with_interval(entry: Mapping | None) -> str:
    """An accuracy or a mean score with its 95 % interval, a dash where nothing was measured."""
    value = (entry or {}).get("accuracy", (entry or {}).get("mean"))
    if value is None:
        return "–"
    interval = entry.get("interval")
    brackets = f" [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]" if interval else ""
    return f"{100 * value:.1f} %{brackets}"
