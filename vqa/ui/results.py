"""The third tab: what `python -m vqa evaluate` measured, read from eval.json beside the weights."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from vqa.ui.markup import columns, decimal, esc, notice, section, table
from vqa.ui.plots import reliability_plot
from vqa.ui.texts import text

logger = logging.getLogger(__name__)

RESULTS_FILE = "eval.json"


def read_results(weights: Path | None, names: list[str]) -> dict[str, dict]:
    """eval.json of each named checkpoint in `weights`; one that is absent or damaged is left out."""
    results = {}
    for name in names if weights is not None else []:
        for path in (weights / name / RESULTS_FILE, weights / RESULTS_FILE):
            if path.is_file():
                try:
                    results[name] = json.loads(path.read_text(encoding="utf-8"))
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
        section(text(language, "results.accuracy"), _accuracy(results, language)),
        section(text(language, "results.reliability"), _reliability(results, language)),
        _retrieval(results, language),
        _space(results, language),
        section(text(language, "results.types"), _types(results, language)),
        _source(results, language),
    ]
    return "".join(parts)


def _accuracy(results: Mapping[str, dict], language: str) -> str:
    benchmarks = _names(result.get("benchmarks", {}) for result in results.values())
    head = [text(language, "results.benchmark"), text(language, "results.count")]
    head += [text(language, name) for name in results] + [text(language, "results.blind")]
    rows = []
    for benchmark in benchmarks:
        found = {name: result["benchmarks"].get(benchmark) for name, result in results.items()}
        first = next(entry for entry in found.values() if entry)
        blind = (first.get("question_only") or {}).get("accuracy")
        rows.append(
            [benchmark, f"{first['count']:,}", *(_with_interval(entry) for entry in found.values()), _share(blind)]
        )
    return table(head, rows) + f"<p><small>{esc(text(language, 'results.interval'))}</small></p>"


def _types(results: Mapping[str, dict], language: str) -> str:
    head = [text(language, "results.benchmark"), text(language, "results.type"), text(language, "results.count")]
    head += [text(language, name) for name in results]
    rows = []
    for benchmark in _names(result.get("benchmarks", {}) for result in results.values()):
        kinds = {name: result["benchmarks"].get(benchmark, {}).get("by_type", {}) for name, result in results.items()}
        for kind in _names(kinds.values()):
            found = [by_type.get(kind) for by_type in kinds.values()]
            count = next(entry for entry in found if entry).get("count")
            rows.append([benchmark, kind, f"{count:,}" if count else "–", *(_with_interval(entry) for entry in found)])
    return table(head, rows) if rows else "–"


def _reliability(results: Mapping[str, dict], language: str) -> str:
    plots = []
    for name, result in results.items():
        label = text(language, "results.reliability.alt", features=text(language, name))
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
    """Retrieval figures of any depth, one row a figure."""
    return _figures(results, "retrieval", "results.retrieval", language)


def _space(results: Mapping[str, dict], language: str) -> str:
    return _figures(results, "space", "results.space", language)


def _figures(results: Mapping[str, dict], field: str, title: str, language: str) -> str:
    flat = {name: dict(_flatten(result.get(field) or {})) for name, result in results.items()}
    rows = [
        [key, *(_number(found.get(key)) for found in flat.values())]
        for key in _names(flat.values())
        if any(_number(found.get(key)) != "–" for found in flat.values())
    ]
    if not rows:
        return ""
    return section(text(language, title), table(["", *(text(language, name) for name in results)], rows))


def _flatten(values: Mapping, prefix: str = ""):
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key} · ")
        else:
            yield f"{prefix}{key}".replace("_", " "), value


def _source(results: Mapping[str, dict], language: str) -> str:
    first = next(iter(results.values()))
    line = text(language, "results.from", split=first.get("split", "?"), commit=str(first.get("commit", "?"))[:12])
    return f"<p><small>{esc(line)}</small></p>"


def _names(mappings) -> list[str]:
    """Keys of several mappings, each once, in the order they come."""
    return list(dict.fromkeys(key for mapping in mappings for key in mapping))


def _with_interval(entry: Mapping | None) -> str:
    if not entry or entry.get("accuracy") is None:
        return "–"
    interval = entry.get("interval")
    brackets = f" [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]" if interval else ""
    return f"{100 * entry['accuracy']:.1f} %{brackets}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "–"
    return f"{value:,}" if isinstance(value, int) else decimal(value)
