"""Finding the most probable answers: freely with a beam, or exactly among those of a list.

Both work on a function `log_probs(prefixes, rows)`: for each prefix (a list of pieces that begins with BOS) and the
row of the batch it belongs to, the log-probabilities (N, V) of the next piece. A hypothesis is `(pieces, log_prob)`
with pieces from BOS to EOS; its probability is the product of its pieces', never normalised by length.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence

import torch

Pieces = tuple[int, ...]
LogProbs = Callable[[list[Pieces], list[int]], torch.Tensor]
Refused = Callable[[Pieces], Iterable[int]]  # of a prefix, the pieces that must not follow it
Hypothesis = tuple[Pieces, float]


def beam_search(
    log_probs: LogProbs,
    batch: int,
    width: int,
    max_pieces: int,
    bos: int,
    eos: int,
    banned: Sequence[int] = (),
    length_power: float = 0.0,
    no_repeat_ngram_size: int = 0,
    refused: Refused = lambda prefix: (),
) -> list[list[Hypothesis]]:
    """The best `width` hypotheses found for each of `batch` rows, best first.

    Finished hypotheses are ranked by `log_prob / pieces ** length_power` (Wu et al. 2016): 0 ranks by probability,
    which is right for answers; sentences, where the most probable one is too short to say anything, want 1.
    A row is done when no prefix alive can beat its `width` finished hypotheses, since probabilities only fall.
    Prefixes that reach `max_pieces` without EOS are dropped.

    `banned` pieces never come. With `no_repeat_ngram_size`, no run of so many pieces comes twice in a hypothesis, as in
    transformers' generation (Paulus et al. 2018); `refused` says which other pieces must not follow a prefix.
    """

    def rank(log_prob: float, pieces: int) -> float:
        return log_prob / pieces**length_power

    alive: list[list[Hypothesis]] = [[((bos,), 0.0)] for _ in range(batch)]
    finished: list[list[Hypothesis]] = [[] for _ in range(batch)]
    for _ in range(max_pieces - 1):
        open_rows = [row for row in range(batch) if alive[row]]
        if not open_rows:
            break
        prefixes = [pieces for row in open_rows for pieces, _ in alive[row]]
        rows = [row for row in open_rows for _ in alive[row]]
        scores = torch.tensor([score for row in open_rows for _, score in alive[row]])
        next_scores = log_probs(prefixes, rows).clone()
        next_scores[:, list(banned)] = float("-inf")
        for i, prefix in enumerate(prefixes):
            if barred := [*repeating(prefix, no_repeat_ngram_size), *refused(prefix)]:
                next_scores[i, barred] = float("-inf")
        # EOS and the best `width` others of each prefix are all that can matter.
        values, pieces = next_scores.topk(min(width + 1, next_scores.shape[1]), dim=-1)
        totals = (values + scores[:, None]).tolist()
        ends = (next_scores[:, eos] + scores).tolist()
        candidates: list[list[Hypothesis]] = [[] for _ in range(batch)]
        for i, row in enumerate(rows):
            if ends[i] > float("-inf"):
                finished[row].append(((*prefixes[i], eos), ends[i]))
            candidates[row] += [
                ((*prefixes[i], piece), total)
                for piece, total in zip(pieces[i].tolist(), totals[i], strict=True)
                if piece != eos and total > float("-inf")
            ]
        for row in open_rows:
            finished[row] = sorted(finished[row], key=lambda h: -rank(h[1], len(h[0])))[:width]
            full = len(finished[row]) == width
            bar = rank(finished[row][-1][1], len(finished[row][-1][0])) if full else float("-inf")
            best = sorted(candidates[row], key=lambda h: -h[1])[:width]
            alive[row] = [hypothesis for hypothesis in best if rank(hypothesis[1], max_pieces) > bar]
    return finished


def repeating(prefix: Pieces, size: int) -> set[int]:
    """The pieces that would repeat a run of `size` pieces of the prefix; none for a size of 0."""
    if not size:
        return set()
    last = prefix[len(prefix) - size + 1 :]
    runs = (prefix[start : start + size] for start in range(len(prefix) - size + 1))
    return {run[-1] for run in runs if run[:-1] == last}


class PrefixTree:
    """The answers of a list as a tree of pieces; a path from the root to EOS is an answer."""

    def __init__(self, answers: Iterable[Sequence[int]]):
        """`answers` are pieces from BOS to EOS. Raises `ValueError` for an empty list."""
        self.root: dict = {}
        for answer in answers:
            node = self.root
            for piece in answer[1:]:
                node = node.setdefault(piece, {})
        if not self.root:
            raise ValueError("The list of answers is empty.")


def closed_search(
    log_probs: LogProbs, batch: int, tree: PrefixTree, count: int, bos: int, eos: int, expand: int = 8
) -> list[list[Hypothesis]]:
    """The `count` most probable answers of the tree for each row, best first, and exactly so.

    Best-first search: a prefix is at least as probable as any answer below it, so an answer that heads the queue
    beats all that has not been looked at. `expand` prefixes a row are looked at together.
    """
    queues: list[list] = [[(0.0, (bos,), tree.root)] for _ in range(batch)]
    found: list[list[Hypothesis]] = [[] for _ in range(batch)]
    while True:
        prefixes, rows, nodes, costs = [], [], [], []
        for row, queue in enumerate(queues):
            while queue and len(found[row]) < count and queue[0][1][-1] == eos:
                cost, pieces, _ = heapq.heappop(queue)
                found[row].append((pieces, -cost))
            if len(found[row]) == count:
                continue
            opened = [entry for entry in heapq.nsmallest(2 * expand, queue, key=_cost) if entry[1][-1] != eos][:expand]
            for entry in opened:
                queue.remove(entry)
                costs.append(entry[0])
                prefixes.append(entry[1])
                nodes.append(entry[2])
                rows.append(row)
            heapq.heapify(queue)
        if not prefixes:
            return found
        scores = log_probs(prefixes, rows)
        for cost, pieces, row, node, score in zip(costs, prefixes, rows, nodes, scores, strict=True):
            children = list(node)
            for piece, value in zip(children, score[children].tolist(), strict=True):
                heapq.heappush(queues[row], (cost - value, (*pieces, piece), node[piece]))


def _cost(entry: tuple) -> float:
    return entry[0]
