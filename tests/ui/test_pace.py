"""Who spends too fast waits, and nobody else."""

import pytest

from vqa.ui import pace
from vqa.ui.pace import CREDIT, LONGEST, TURNS_OF_AN_ADDRESS, Pace, Turn, Turns, network


def test_a_second_pays_for_a_second():
    now = [50.0]
    paces = Pace(lambda: now[0])
    waits = [paces.charge("192.0.2.1", 0.25) for _ in range(6)]
    assert waits == [0.0, 0.0, 0.0, 0.0, 0.25, 0.5] and CREDIT == 1.0
    assert paces.charge("192.0.2.2", 0.25) == 0.0
    now[0] += 0.5
    assert paces.charge("192.0.2.1", 0.25) == 0.25
    now[0] += 100  # nobody saves more than the credit
    assert [paces.charge("192.0.2.1", 0.5) for _ in range(3)] == [0.0, 0.0, 0.5]


def test_no_wait_is_long_however_much_is_asked():
    paces = Pace(lambda: 50.0)
    assert [paces.charge("192.0.2.1", 4.0) for _ in range(3)] == [3.0, LONGEST, LONGEST]


def test_who_owes_nothing_is_forgotten(monkeypatch):
    monkeypatch.setattr(pace, "REMEMBERED", 3)
    now = [50.0]
    paces = Pace(lambda: now[0])
    for number in range(3):
        paces.charge(f"192.0.2.{number}", 0.5)
    paces.charge("192.0.2.1", 9.0)
    now[0] += 2.0
    paces.charge("192.0.2.9", 0.5)
    assert paces._paid.keys() == {"192.0.2.1", "192.0.2.9"}


def served(sends: list[str], rounds: int, turns: Turns) -> list[str]:
    """Who is answered, one after the other, where each sends anew when answered; `sends` come at once.

    A visitor's first letter is their address.
    """
    line: list[tuple[Turn, str]] = []

    def send(visitor: str) -> None:
        line.append((turns.take(visitor, visitor[0], [turn for turn, _ in line]), visitor))
        line.sort(key=lambda waiting: waiting[0])

    for visitor in sends:
        send(visitor)
    answered = []
    for _ in range(rounds):
        answered.append(line.pop(0)[1])
        send(answered[-1])
    return answered


def test_visitors_take_turns_however_many_questions_one_sends():
    assert served(["a"] * 8 + ["b", "c"], 12, Turns()) == ["a", "b", "c"] * 4
    assert served(["a", "b", "a", "a", "c"], 9, Turns()) == ["a", "b", "c"] * 3
    assert served(["a"] * 3, 3, Turns()) == ["a"] * 3


def test_an_address_has_so_many_turns_a_round_whoever_it_says_it_is():
    crowd = [f"m{number}" for number in range(12)]
    answered = [visitor[0] for visitor in served([*crowd, "a", "b"], 30, Turns())]
    assert answered == list("mabmmm") * 5 and TURNS_OF_AN_ADDRESS == 4
    assert served(["m1", "m2", "a"], 6, Turns()) == ["m1", "a", "m2"] * 2


def test_who_comes_later_waits_for_no_more_than_one_of_each():
    turns = Turns()
    earlier = [turns.take("a", "a", [(turn, 1) for turn in range(number)]) for number in range(5)]
    assert earlier == [(turn, 1) for turn in range(5)]
    # Two are answered: the next of "a" came first, and then comes "b".
    assert turns.take("b", "b", [(2, 1), (3, 1), (4, 1)]) == (2, 1)
    # Nobody waits: what was earlier is forgotten.
    assert turns.take("b", "b", []) == turns.take("c", "c", []) == (4, 1)
    assert turns.take("a", "a", [(4, 1)] * 2) == turns.take("d", "d", [(5, 1)]) == (5, 1)
    assert turns._last == {"a": 5, "d": 5}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_a_machine_has_one_address_of_each_kind(address, expected):
    assert network(address) == expected
