"""Other people's traffic takes nothing from a visitor."""

import importlib
import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace

import gradio as gr
import pytest

from tests import hostile
from tests.browser import served
from tests.visitor import Page, call, outcome, upload, uploaded
from vqa.ui.held import Held
from vqa.ui.sessions import Sessions
from vqa.ui.visit import Visit

PHOTO = SimpleNamespace()  # to count sessions it need not be one


@pytest.fixture
def sessions() -> Sessions:
    with gr.Blocks() as page:
        state = gr.State(Held(Visit()))
    made = Sessions(with_photograph=3, without=4)
    made.set_blocks(page)
    made.state = state._id
    return made


def arrive(sessions: Sessions, name: str, photo: object = None) -> None:
    sessions[name][sessions.state] = Held(Visit(photo))
    sessions[name]  # the next event of this session


def held(sessions: Sessions) -> int:
    return sum(state[sessions.state].visit.photo is not None for state in sessions.session_data.values())


def test_calls_and_openings_take_no_photograph(sessions):
    arrive(sessions, "ann", PHOTO)
    for number in range(200):
        sessions[f"call {number}"]
    assert sessions["ann"][sessions.state].visit.photo is PHOTO
    assert list(sessions.session_data) == ["call 196", "call 197", "call 198", "call 199", "ann"]


def test_openings_of_the_page_take_no_photograph_either(sessions):
    opening = Visit(PHOTO, example="cat")  # as it is handed to everyone
    arrive(sessions, "ann", PHOTO)
    for number in range(50):
        sessions[f"opened {number}"][sessions.state] = Held(opening)
    sessions["last"]
    assert sessions["ann"][sessions.state].visit.photo is PHOTO and len(sessions.session_data) == 1 + 4


def test_of_visits_with_photographs_the_one_unused_longest_is_forgotten(sessions):
    for name in ("ann", "ben", "cem"):
        arrive(sessions, name, PHOTO)
    sessions["ann"]
    arrive(sessions, "dan", PHOTO)
    assert "ben" not in sessions and set(sessions.session_data) == {"ann", "cem", "dan"}
    assert sessions["ben"][sessions.state].visit.photo is None  # begins anew
    assert set(sessions.time_last_used) == set(sessions.session_data)


def test_five_hundred_abandoned_visits_leave_as_many_as_are_kept(sessions):
    for number in range(500):
        arrive(sessions, f"visitor {number}", PHOTO)
        arrive(sessions, f"opened {number}")
    assert len(sessions.session_data) <= 3 + 4 and held(sessions) == 3


def test_many_at_once_keep_the_limits(sessions):
    def come(number: int) -> None:
        arrive(sessions, f"{number}", PHOTO if number % 2 else None)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come, range(400)))
    sessions["last"]
    assert len(sessions.session_data) <= 7 and held(sessions) <= 3


def test_a_visitor_whose_visit_gave_way_is_answered_from_the_photograph_sent(tiny_predictor, monkeypatch):
    serving = importlib.import_module("vqa.ui.serve")  # `vqa.ui` has a function of that name
    monkeypatch.setattr(serving, "Sessions", partial(Sessions, with_photograph=2, without=3))
    rng = random.Random(0)
    with served(tiny_predictor) as address:
        ann = Page(address)
        ann.choose(hostile.picture(rng, "PNG", (40, 30)))
        path = upload(address, "cat.png", hostile.picture(rng, "PNG", (31, 17)))
        for _ in range(8):
            assert outcome(call(address, "ask", [uploaded(path), "what is this?", "", 3, ""]))[0] == "complete"
            Page(address)
        assert ann.ask("is this a dog?")
        for _ in range(4):
            Page(address).choose(hostile.picture(rng, "PNG", (25, 20)))
        before = tiny_predictor.calls["vit"]
        tiny_predictor._photos.clear()
        assert ann.ask("how many balls are there?")
        assert tiny_predictor.calls["vit"] == before + 1  # encoded again, from what her browser remembers


def test_a_photograph_that_was_removed_is_asked_for(tiny_predictor, tmp_path):
    with served(tiny_predictor) as address:
        ann = Page(address)
        assert not ann.ask("is this a dog?")
        sent = ann.parts["sent"]
        for gone in (str(tmp_path / "nothing.png"), "/etc/passwd", "http://127.0.0.1/", "a\0b", "x" * 5000):
            ann.values[sent] = gone
            try:
                assert not ann.ask("is this a dog?")
            except OSError as refused:  # the door's word
                assert 400 <= refused.code < 500
