"""Events of one visitor that run side by side do not undo one another."""

from copy import deepcopy
from dataclasses import replace

import pytest

from vqa.ui import visit as visits
from vqa.ui.held import Held, at_once, in_turn
from vqa.ui.visit import Focus, MapView, Visit

STATE, WORDS, NOTE = "state", "words", "note"  # stand for components
STOPPED = {NOTE: "stopped"}


@pytest.fixture
def visit(tiny_predictor, photo) -> Visit:
    return visits.ask(Visit(tiny_predictor.encode(photo)), tiny_predictor, "is it red?", "aligned", MapView("off"))


def turns(held: Held) -> list[tuple[str, str]]:
    return [(turn.question, turn.right) for turn in held.visit.turns]


def test_an_answer_stays_where_a_quick_event_began_before_it(visit, tiny_predictor):
    held, began = Held(visit), []

    def on_focus(visit: Visit, index: int) -> dict:
        if not began:  # meanwhile an answer comes
            after = visits.ask(visit, tiny_predictor, "is it blue?", "aligned", MapView("off"))
            held.merge(visit, after)
        began.append(len(visit.turns))
        return {STATE: replace(visit, focus=Focus("word", index=index)), WORDS: len(visit.turns)}

    assert at_once(on_focus, STATE)(held, 3) == {STATE: held, WORDS: 2}  # what is drawn is the newest
    assert began == [1, 2] and held.visit.focus == Focus("word", index=3)
    assert turns(held) == [("is it red?", ""), ("is it blue?", "")]


def test_what_changes_while_a_model_runs_stays(visit, tiny_predictor):
    held = Held(replace(visit, focus=Focus("word", index=1)))

    def on_ask(visit: Visit) -> dict:
        held.swap(visit, replace(visits.correct(visit, "green"), hidden=frozenset({(0, 1)}), focus=Focus("piece")))
        return {STATE: visits.ask(visit, tiny_predictor, "is it blue?", "aligned", MapView("off"))}

    assert in_turn(on_ask, STATE, STOPPED.copy)(held) == {STATE: held}
    assert turns(held) == [("is it red?", "green"), ("is it blue?", "")]
    assert held.visit.hidden == {(0, 1)} and held.visit.focus == Focus()  # a new answer is looked at as a whole


def test_of_another_photograph_nothing_stays(visit):
    held, own = Held(Visit()), Visit(visit.photo, name="mine", sent="/mine.png")

    def on_photo(begun: Visit) -> dict:
        held.swap(begun, replace(visit, example="cat", sent="cat", hidden=frozenset({(0, 1)})))  # the page opens
        return {STATE: own}

    in_turn(on_photo, STATE, STOPPED.copy)(held)
    assert held.visit is own


def test_the_focus_stays_where_the_maps_do(visit):
    held = Held(visit)

    def meanwhile(made: dict):
        def handler(visit: Visit) -> dict:
            held.swap(visit, replace(visit, focus=Focus("rival", "aligned", 1)))
            return {STATE: replace(visit, **made)}

        return in_turn(handler, STATE, STOPPED.copy)

    meanwhile({"explanations": {}, "rivals": {}})(held)  # the rival's map is gone
    assert held.visit.focus == Focus()
    meanwhile({"descriptions": {"aligned": "a cat"}})(held)
    assert held.visit.focus == Focus("rival", "aligned", 1) and held.visit.descriptions == {"aligned": "a cat"}


def test_patches_covered_while_others_were_hidden_are_not_answered_for(visit):
    held = Held(replace(visit, hidden=frozenset({(0, 0)})))

    def on_ask_without(visit: Visit) -> dict:
        held.swap(visit, visits.toggle(visit, (0, 1)))
        return {STATE: replace(visit, without=visit.turn.predictions)}

    in_turn(on_ask_without, STATE, STOPPED.copy)(held)
    assert held.visit.hidden == {(0, 0), (0, 1)} and held.visit.without == {}


def test_a_question_asked_again_loses_its_correction(visit, tiny_predictor):
    held = Held(visit)

    def on_ask(visit: Visit) -> dict:
        held.swap(visit, visits.correct(visit, "green"))
        return {STATE: visits.ask(visit, tiny_predictor, "is it red?", "unaligned", MapView("off"))}

    in_turn(on_ask, STATE, STOPPED.copy)(held)
    assert turns(held) == [("is it red?", "")] and held.visit.turn.variant == "unaligned"


def test_steps_are_held_one_by_one_and_end_where_they_are_cancelled(visit):
    held, ended = Held(visit), []

    def on_look(visit: Visit, count: int):
        try:
            for number in range(count):
                visit = replace(visit, focus=Focus("word", index=number))
                yield {STATE: visit, NOTE: number}
        finally:
            ended.append(number)

    held.is_cancelled = True  # by somebody who was too late for the event before
    steps = in_turn(on_look, STATE, STOPPED.copy)(held, 5)
    assert next(steps) == {STATE: held, NOTE: 0} and held.visit.focus.index == 0
    held.swap(held.visit, replace(held.visit, hidden=frozenset({(0, 1)})))
    assert next(steps) == {STATE: held, NOTE: 1} and (held.visit.focus.index, held.visit.hidden) == (1, {(0, 1)})
    held.is_cancelled = True
    assert list(steps) == [STOPPED] and ended == [1] and held.visit.focus.index == 1


def test_an_event_that_changes_nothing_leaves_the_visit_as_it_is(visit):
    held = Held(visit)
    assert in_turn(lambda visit: {NOTE: "no"}, STATE, STOPPED.copy)(held) == {NOTE: "no", STATE: held}
    assert at_once(lambda visit: {NOTE: "no"}, STATE)(held) == {NOTE: "no", STATE: held}
    assert held.visit is visit


def test_each_session_begins_with_a_visit_of_its_own(visit):
    first = Held(Visit())
    other = deepcopy(first)
    other.swap(other.visit, visit)
    assert first.visit.photo is None and other.visit is visit
