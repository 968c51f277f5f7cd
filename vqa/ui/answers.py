"""An answer as the page shows it: the words, how sure they are, what the model says without looking, and the time."""

from collections.abc import Mapping

from vqa.inference.predictor import Prediction
from vqa.ui.markup import bars, choice, choices, columns, download, esc, milliseconds, notice, percent, section
from vqa.ui.texts import text
from vqa.ui.visit import Turn, Visit

STAGES = ("image", "question", "fusion", "decode")


def sureness(prediction: Prediction) -> str:
    """The key of the words for a calibrated confidence."""
    if not prediction.sure:
        return "guess"
    if prediction.confidence >= 0.85:
        return "very"
    return "fairly" if prediction.confidence >= 0.6 else "leaning"


def answers_html(visit: Visit, language: str, results: Mapping[str, dict] | None = None) -> str:
    """The cards of the current question; `results` (eval.json by model) lets the comparison cite the record."""
    turn = visit.turn
    if turn is None:
        if visit.photo is None:
            return notice(text(language, "welcome"))
        return notice(text(language, "ready", ms=milliseconds(visit.photo.image_ms)))
    cards = [_card(turn, name, language) for name in turn.predictions]
    verdict = _verdict(turn, language, results or {}) if len(cards) > 1 else ""
    save = download(text(language, "export"), "answer.json", turn.to_dict())
    asked = f'<h3 class="asked">{esc(turn.question)}</h3>'
    return f"{asked}{columns(*cards)}{verdict}{_strip(turn, visit, language)}<p>{save}</p>"


def history_html(visit: Visit, language: str) -> str:
    """Every question asked about this photograph, each a button that shows it again."""
    if not visit.turns:
        return ""
    buttons = [
        choice(turn.question, str(index), index == visit.current % len(visit.turns), note=_short(turn))
        for index, turn in enumerate(visit.turns)
    ]
    return choices(text(language, "history"), buttons)


def suggestions_html(visit: Visit, language: str) -> str:
    """Questions to pick from."""
    if not visit.suggestions:
        return ""
    buttons = [choice(question, str(index)) for index, question in enumerate(visit.suggestions)]
    return choices(text(language, "suggestions"), buttons)


def _short(turn: Turn) -> str:
    return " / ".join(dict.fromkeys(prediction.answer for prediction in turn.predictions.values()))


def _card(turn: Turn, name: str, language: str) -> str:
    prediction, question_only = turn.predictions[name], turn.question_only[name]
    level = sureness(prediction)
    confidence = text(language, "confidence", percent=percent(prediction.confidence))
    same = "question_only.same" if question_only.answer == prediction.answer else "question_only.other"
    without_text = text(language, same, answer=f"“{question_only.answer}”", percent=percent(question_only.confidence))
    return (
        f'<article class="card answer" data-variant="{esc(name)}" aria-label="{esc(text(language, "answer"))}">'
        f'<p class="tag">{esc(text(language, name))}</p><p class="big">{esc(prediction.answer) or "–"}</p>'
        f'<p class="sure {level}"><b>{esc(text(language, "sure." + level))}</b> · {esc(confidence)}</p>'
        f"<h4>{esc(text(language, 'top'))}</h4>{bars([(a.text, a.probability) for a in prediction.top])}"
        f'<p class="question-only">{esc(without_text)}</p></article>'
    )


def _strip(turn: Turn, visit: Visit, language: str) -> str:
    """Where the time went, and what was saved because the photograph had been read."""
    spent = turn.milliseconds
    total, full = sum(spent.values()), sum(spent.values()) - spent["image"] + visit.photo.image_ms
    parts = "".join(
        f'<span class="{stage}" style="--ms:{spent[stage]:.2f}">{esc(text(language, "time." + stage))} '
        f"<b>{milliseconds(spent[stage])}</b></span>"
        for stage in STAGES
    )
    sentence = text(language, "times", total=milliseconds(total))
    if not turn.first:
        saved = text(
            language,
            "time.kept",
            total=milliseconds(total),
            full=milliseconds(full),
            percent=percent(1 - total / full) if full else percent(0),
        )
        sentence = saved
    return f'<div class="times"><p>{esc(sentence)}</p><div class="strip" aria-hidden="false">{parts}</div></div>'


def _verdict(turn: Turn, language: str, results: Mapping[str, dict]) -> str:
    """What the difference between the two models means, and what it does not."""
    one, other = turn.predictions["aligned"], turn.predictions["unaligned"]
    if one.answer == other.answer:
        lines = [text(language, "verdict.same", answer=one.answer)]
    else:
        lines = [text(language, "verdict.differ", aligned=one.answer, unaligned=other.answer)]
    more, less = sorted((one, other), key=lambda prediction: -prediction.confidence)
    if percent(more.confidence) == percent(less.confidence):
        lines.append(text(language, "verdict.even"))
    else:
        shares = {"more": percent(more.confidence), "less": percent(less.confidence)}
        lines.append(text(language, "verdict.surer", variant=text(language, more.variant), **shares))
    lines.append(_record(language, results))
    space = {name: similarity.mismatched_percentile for name, similarity in turn.similarities.items()}
    if None not in space.values():
        shares = {name: percent(value / 100) for name, value in space.items()}
        lines.append(text(language, "verdict.space", **shares))
    return section(text(language, "verdict"), f'<p class="verdict">{esc(" ".join(filter(None, lines)))}</p>')


def _record(language: str, results: Mapping[str, dict]) -> str:
    """How the two compare over whole test sets, where that was measured."""
    measured = [results.get(name, {}).get("benchmarks", {}) for name in ("aligned", "unaligned")]
    common = [name for name in measured[0] if name in measured[1]]
    if not common:
        return ""
    figures = [f"{name} {' : '.join(percent(part[name]['accuracy']) for part in measured)}" for name in common]
    return text(language, "verdict.record", figures=", ".join(figures))
