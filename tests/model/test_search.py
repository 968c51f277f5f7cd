"""Beam and closed search against looking at every answer there is."""

import itertools
import math

import pytest
import torch

from vqa.model.search import PrefixTree, beam_search, closed_search, repeating

BOS, EOS, V = 1, 2, 5
LONGEST = 5  # pieces, BOS and EOS among them


def table_model(seed: int):
    """Next-piece distributions that depend on the row and the whole prefix."""

    def log_probs(prefixes, rows):
        out = []
        for prefix, row in zip(prefixes, rows, strict=True):
            generator = torch.Generator().manual_seed(hash((seed, row, prefix)) % 2**31)
            out.append((2 * torch.randn(V, generator=generator)).log_softmax(-1))
        return torch.stack(out)

    return log_probs


def probability(log_probs, row, pieces) -> float:
    return sum(log_probs([pieces[:i]], [row])[0, pieces[i]].item() for i in range(1, len(pieces)))


def every_answer(banned=()):
    letters = [p for p in range(V) if p not in (EOS, *banned)]
    for length in range(LONGEST - 1):
        for middle in itertools.product(letters, repeat=length):
            yield (BOS, *middle, EOS)


@pytest.mark.parametrize("seed", range(5))
def test_a_wide_beam_finds_what_exhaustive_search_finds(seed):
    log_probs, banned = table_model(seed), (0, BOS)
    found = beam_search(log_probs, 2, 40, LONGEST, BOS, EOS, banned)
    for row in range(2):
        scored = sorted(((probability(log_probs, row, a), a) for a in every_answer(banned)), reverse=True)
        assert len(scored) == 15
        for (pieces, log_prob), (expected_score, expected) in zip(found[row], scored, strict=True):
            assert pieces == expected
            assert log_prob == pytest.approx(expected_score, abs=1e-4)


def greedy(log_probs) -> tuple[int, ...]:
    """The likeliest piece at each step, EOS left for the others, until one more would be too long."""
    pieces = (BOS,)
    while len(pieces) < LONGEST - 1:
        scores = log_probs([pieces], [0])[0].clone()
        scores[EOS] = float("-inf")
        pieces += (int(scores.argmax()),)
    return pieces


@pytest.mark.parametrize("seed", range(6))
def test_a_beam_of_one_follows_the_likeliest_pieces_and_ends_where_that_is_best(seed):
    log_probs = table_model(seed)
    path = greedy(log_probs)
    ends = [(*path[:length], EOS) for length in range(1, len(path) + 1)]
    [[(found, log_prob)]] = beam_search(log_probs, 1, 1, LONGEST, BOS, EOS)
    best = max(ends, key=lambda pieces: probability(log_probs, 0, pieces))
    assert found == best
    assert log_prob == pytest.approx(probability(log_probs, 0, best), abs=1e-5)


def test_nothing_banned_and_nothing_too_long_comes_out():
    for pieces, log_prob in beam_search(table_model(3), 1, 6, LONGEST, BOS, EOS, banned=(3,))[0]:
        assert 3 not in pieces
        assert pieces[0] == BOS and pieces[-1] == EOS and len(pieces) <= LONGEST
        assert log_prob <= 0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("expand", [1, 3])
def test_closed_search_is_exact_and_agrees_with_teacher_forcing(seed, expand):
    answers = [a for i, a in enumerate(every_answer()) if i % 3 == seed % 3]
    log_probs = table_model(seed)
    found = closed_search(log_probs, 2, PrefixTree(answers), 7, BOS, EOS, expand)
    for row in range(2):
        scored = sorted(((probability(log_probs, row, a), a) for a in answers), reverse=True)[:7]
        assert [pieces for pieces, _ in found[row]] == [answer for _, answer in scored]
        for (_, log_prob), (expected, _) in zip(found[row], scored, strict=True):
            assert log_prob == pytest.approx(expected, abs=1e-4)


def test_closed_search_returns_all_of_a_short_list():
    answers = [(BOS, 3, EOS), (BOS, 3, 4, EOS), (BOS, EOS)]
    [found] = closed_search(table_model(1), 1, PrefixTree(answers), 9, BOS, EOS)
    assert sorted(pieces for pieces, _ in found) == sorted(answers)
    assert sum(math.exp(log_prob) for _, log_prob in found) < 1


def test_an_empty_list_is_refused():
    with pytest.raises(ValueError, match="empty"):
        PrefixTree([])


def test_ranking_by_length_finds_what_exhaustive_search_finds():
    log_probs, banned = table_model(2), (0, BOS)
    [found] = beam_search(log_probs, 1, 60, LONGEST, BOS, EOS, banned, length_power=1.0)
    scored = sorted(((probability(log_probs, 0, a) / len(a), a) for a in every_answer(banned)), reverse=True)
    assert [pieces for pieces, _ in found[:8]] == [answer for _, answer in scored[:8]]


def repeats(pieces, size) -> bool:
    runs = [pieces[i : i + size] for i in range(len(pieces) - size + 1)]
    return len(set(runs)) < len(runs)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [1, 2])
def test_no_run_of_pieces_comes_twice_and_all_others_are_found(seed, size):
    log_probs, banned = table_model(seed), (0, BOS)
    found = beam_search(log_probs, 2, 60, LONGEST, BOS, EOS, banned, 1.0, size)
    for row in range(2):
        kept = [answer for answer in every_answer(banned) if not repeats(answer, size)]
        assert len(kept) < 15
        scored = sorted(((probability(log_probs, row, a) / len(a), a) for a in kept), reverse=True)
        assert [pieces for pieces, _ in found[row]] == [answer for _, answer in scored]
        for pieces, log_prob in found[row]:  # which is still the model's own, not that of what was left
            assert log_prob == pytest.approx(probability(log_probs, row, pieces), abs=1e-4)


def test_which_pieces_would_repeat_a_run():
    assert repeating((BOS, 7, 8, 9, 7, 8), 3) == {9}
    assert repeating((BOS, 7, 8, 9, 7, 8, 5, 7, 8), 3) == {9, 5}
    assert repeating((BOS, 7, 8), 1) == {BOS, 7, 8}
    assert repeating((BOS, 7), 3) == repeating((BOS, 7, 7), 0) == set()


@pytest.mark.parametrize("seed", range(4))
def test_what_is_refused_after_a_prefix_does_not_come(seed):
    log_probs, banned = table_model(seed), (0, BOS)

    def refused(prefix):
        return [EOS, 3] if prefix[-1] == 3 else []  # nothing ends with a 3, nor are there two

    [found] = beam_search(log_probs, 1, 60, LONGEST, BOS, EOS, banned, refused=refused)
    kept = [a for a in every_answer(banned) if a[-2] != 3 and (3, 3) not in itertools.pairwise(a)]
    scored = sorted(((probability(log_probs, 0, a), a) for a in kept), reverse=True)
    assert [pieces for pieces, _ in found] == [answer for _, answer in scored]
