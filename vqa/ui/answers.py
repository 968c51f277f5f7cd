"""An answer as the page shows it: the words, how sure they are, what the model says without looking, and the time."""

from vqa.inference.predictor import Prediction
from vqa.ui.glosses import gloss, gloss_words
from vqa.ui.links import Link
from vqa.ui.markup import choice, choices, columns, download, esc, milliseconds, notice, percent, section
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


def answers_html(visit: Visit, language: str) -> str:
    """The cards of the current question."""
    turn = visit.turn
    if turn is None:
        if visit.photo is None:
            return notice(text(language, "welcome"))
        return notice(text(language, "ready", ms=milliseconds(visit.photo.image_ms)))
    cards = [_card(visit, name, language) for name in turn.predictions]
    verdict = _verdict(turn, language) if len(cards) > 1 else ""
    save = download(text(language, "export"), "answer.jsonl", turn.to_dict())
    link = _link(visit, language)
    said = esc(". ".join(say(prediction, language) for prediction in turn.predictions.values()))
    asked = f'<h3 class="asked" data-say="{said}" data-variant="{esc(turn.variant)}">{esc(turn.question)}</h3>'
    return f"{asked}{columns(*cards)}{verdict}{_strip(turn, visit, language)}<p>{save} {link}</p>"


def say(prediction: Prediction, language: str) -> str:
    """An answer as a screen reader announces it: "Answer: cat, 22 %, a guess"."""
    sure = text(language, "sure." + sureness(prediction))
    return text(language, "say", answer=prediction.answer or "–", percent=percent(prediction.confidence), sure=sure)


def with_gloss(answer: str, language: str) -> str:
    """An answer, for a Chinese reader with its meaning where that is known."""
    meaning = gloss(answer) if language == "zh" else ""
    return f"{answer}（{meaning}）" if meaning else answer


def history_html(visit: Visit, language: str) -> str:
    """Every question asked about this photograph, each a button that shows it again."""
    if not visit.turns:
        return ""
    buttons = [
        choice(turn.question, turn.question, index == visit.current % len(visit.turns), note=_short(turn, language))
        for index, turn in enumerate(visit.turns)
    ]
    return choices(text(language, "history"), buttons)


def suggestions_html(visit: Visit, language: str) -> str:
    """Questions to pick from, for a Chinese reader with their meaning."""
    if not visit.suggestions:
        return ""
    buttons = [
        choice(suggestion.question, suggestion.question, note=suggestion.chinese if language == "zh" else "")
        for suggestion in visit.suggestions
    ]
    return choices(text(language, "suggestions"), buttons)


def descriptions_html(visit: Visit, language: str) -> str:
    """The sentences that were asked for, and what they are worth."""
    if not visit.descriptions:
        return ""
    lines = []
    for name, prediction in visit.descriptions.items():
        words = ""
        if language == "zh":
            known = "，".join(f"{word} {meaning}" for word, meaning in gloss_words(prediction.answer))
            words = f"<small>（{esc(known)}）</small>" if known else ""
        tag = f'<span class="tag">{esc(text(language, name))}</span> ' if len(visit.descriptions) > 1 else ""
        lines.append(f"<p>{tag}“{esc(prediction.answer)}” {words}</p>")
    weakness = f"<p><small>{esc(text(language, 'describe.weakness'))}</small></p>"
    return f'<div class="card" role="status">{"".join(lines)}{weakness}</div>'


def _link(visit: Visit, language: str) -> str:
    """A link to what is shown, for an example; the page's address follows it."""
    address = "?"
    if visit.example:
        among = ", ".join(visit.turn.answers)
        address = Link(visit.example, visit.turn.question, visit.turn.variant, language, among).address()
    shown = "" if visit.example else " hidden"
    return f'<a class="quiet" data-link href="{esc(address)}"{shown}>{esc(text(language, "link"))}</a>'


def _short(turn: Turn, language: str) -> str:
    return " / ".join(dict.fromkeys(with_gloss(one.answer, language) for one in turn.predictions.values()))


def _card(visit: Visit, name: str, language: str) -> str:
    turn = visit.turn
    prediction = turn.predictions[name]
    level = sureness(prediction)
    confidence = text(language, "confidence", percent=percent(prediction.confidence))
    answer = with_gloss(prediction.answer or "–", language)
    if prediction.sure:
        lead = f'<p class="big">{esc(answer)}</p>'
    else:
        guess = text(language, "unknown.guess", answer=answer)
        lead = f'<p class="big">{esc(text(language, "unknown"))}</p><p class="guess">{esc(guess)}</p>'
    choices = ""
    if prediction.choices:
        key = "choices.listed" if turn.answers else "choices"
        choices = f"<p><small>{esc(text(language, key, answers=', '.join(prediction.choices)))}</small></p>"
    return (
        f'<article class="card answer" data-variant="{esc(name)}" aria-label="{esc(text(language, "answer"))}">'
        f'<p class="tag">{esc(text(language, name))}</p>{lead}'
        f'<p class="sure {level}"><b>{esc(text(language, "sure." + level))}</b> · {esc(confidence)}</p>{choices}'
        f"<h4>{esc(text(language, 'top'))}</h4>{_bars(visit, name, language)}"
        f'<p class="question-only">{esc(_without_photo(turn, name, language))}</p></article>'
    )


def _bars(visit: Visit, name: str, language: str) -> str:
    """The answers with their probabilities, each a button that shows the areas that speak for it."""
    focus, items = visit.focus, []
    for place, answer in enumerate(visit.turn.predictions[name].top):
        here = focus.kind in ("rival", "against") and (focus.variant, focus.index) == (name, place)
        chosen = here or (place == 0 and not (focus.kind in ("rival", "against") and focus.variant == name))
        label = with_gloss(answer.text or "–", language)
        items.append(
            f'<li><button type="button" class="bar-row" data-pick="rival:{esc(name)}:{place}" '
            f'aria-pressed="{str(chosen).lower()}" title="{esc(text(language, "bar.hint"))}" '
            f'style="--share:{answer.probability:.4f}"><span class="name">{esc(label)}</span>'
            f'<span class="bar"></span><span class="number">{percent(answer.probability)}</span></button></li>'
        )
    return f'<ol class="bars">{"".join(items)}</ol>'


SURER = 2.0  # times the odds that it had without the photo: then the photo did something, though the answer is the same


def _without_photo(turn: Turn, name: str, language: str) -> str:
    """What the photo did, in a sentence: nothing, made the model surer, or changed its mind."""
    prediction, alone = turn.predictions[name], turn.question_only[name]
    if alone.answer == prediction.answer:
        surer = prediction.sure and _odds(prediction.confidence) >= SURER * _odds(alone.confidence)
        key = "question_only.surer" if surer else "question_only.same"
    else:
        key = "question_only.other" if prediction.sure else "question_only.unsure"
    values = {"percent": percent(alone.confidence), "now": percent(prediction.confidence)}
    return text(language, key, answer=f"“{with_gloss(alone.answer, language)}”", **values)


def _odds(probability: float) -> float:
    return probability / max(1 - probability, 1e-9)


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
        sentence = text(language, "time.kept", total=milliseconds(total), full=milliseconds(full))
    return f'<div class="times"><p>{esc(sentence)}</p><div class="strip" aria-hidden="false">{parts}</div></div>'


def _verdict(turn: Turn, language: str) -> str:
    """What the difference between the two models means, and what it does not."""
    one, other = turn.predictions["aligned"], turn.predictions["unaligned"]
    if one.answer == other.answer:
        lines = [text(language, "verdict.same", answer=with_gloss(one.answer, language))]
    else:
        said = {"aligned": with_gloss(one.answer, language), "unaligned": with_gloss(other.answer, language)}
        lines = [text(language, "verdict.differ", **said)]
    more, less = sorted((one, other), key=lambda prediction: -prediction.confidence)
    if percent(more.confidence) == percent(less.confidence):
        lines.append(text(language, "verdict.even"))
    else:
        shares = {"more": percent(more.confidence), "less": percent(less.confidence)}
        lines.append(text(language, "verdict.surer", variant=text(language, more.variant), **shares))
    return section(text(language, "verdict"), f'<p class="verdict">{esc(" ".join(lines))}</p>')
