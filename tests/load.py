"""The running page under load: `python -m tests.load`. The table is in the README, the figures in weights/load.json."""

import argparse
import itertools
import random
import statistics
import threading
import time
import urllib.error
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.visitor import call, outcome, upload, uploaded
from vqa.cli.arguments import WEIGHTS, positive
from vqa.common.files import write_json
from vqa.evaluate.costs import memory_mb, running_page
from vqa.evaluate.records import commit
from vqa.evaluate.speed import QUESTIONS, photograph
from vqa.evaluate.tables import load_table

PHOTOGRAPHS = 8  # that visitors ask about, with as many questions each
PAUSE = 0.5  # seconds that a visitor waits who found the queue full
Expected = dict[tuple[str, str], list[dict]]  # answers by the server's path of a photograph and by question


def answers(address: str, path: str, question: str) -> list[dict]:
    """The answers to a question about an uploaded photograph. Raises `HTTPError`, or `ValueError` with the reason."""
    event, result = outcome(call(address, "ask", [uploaded(path), question, "", 3, ""]))
    if event != "complete":
        raise ValueError(f"{question} of {path}: {result}")
    return result[0]["top"]


def alone(address: str, photographs: int = PHOTOGRAPHS) -> Expected:
    """What a single visitor is told."""
    paths = [upload(address, f"{number}.jpg", photograph(number)) for number in range(photographs)]
    asked = itertools.product(paths, QUESTIONS[:photographs])
    return {(path, question): answers(address, path, question) for path, question in asked}


def visit(address: str, expected: Expected, visitors: int, seconds: float) -> dict:
    """`visitors` at once, each asking one question after the other for so many seconds."""
    counts, waits, lock = Counter(), [], threading.Lock()
    start = time.perf_counter()

    def ask_on(number: int) -> None:
        rng = random.Random(number)
        while time.perf_counter() - start < seconds:
            (path, question), known = rng.choice(list(expected.items()))
            asked = time.perf_counter()
            try:
                found = answers(address, path, question)
                kind = "answers" if same(found, known) else "different"
            except urllib.error.HTTPError as error:
                kind = "refused" if error.code == 503 else "errors"
            except (ValueError, OSError):
                kind = "errors"
            with lock:
                counts[kind] += 1
                if kind == "answers":
                    waits.append(time.perf_counter() - asked)
            if kind in ("refused", "errors"):
                time.sleep(PAUSE)

    with ThreadPoolExecutor(visitors) as pool:
        list(pool.map(ask_on, range(visitors)))
    waits = sorted(waits)
    return {
        "visitors": visitors,
        "seconds": time.perf_counter() - start,
        **{kind: counts[kind] for kind in ("answers", "refused", "errors", "different")},
        "p50": statistics.median(waits) if waits else None,
        "p95": waits[int(0.95 * (len(waits) - 1))] if waits else None,
    }


def same(found: Sequence[dict], known: Sequence[dict]) -> bool:
    """The same answers, with probabilities that differ by rounding at most."""
    pairs = zip(found, known, strict=False)
    return len(found) == len(known) and all(
        one["answer"] == other["answer"] and abs(one["probability"] - other["probability"]) < 1e-3
        for one, other in pairs
    )


def soak(address: str, process: int, questions: int, photographs: int) -> dict:
    """One visitor with many questions about many photographs, and the server's memory in MB early on and at the end.

    A fifth of the photographs is early enough to see a leak, and late enough for the predictor's cache to be full.
    """
    each, memory = questions // photographs, []
    for number in range(photographs):
        path = upload(address, f"{number}.jpg", photograph(10**7 + number))
        for question in itertools.islice(itertools.cycle(QUESTIONS), each):
            answers(address, path, question)
        if number + 1 in (max(1, photographs // 5), photographs):
            memory.append(memory_mb("VmRSS", process))
    return {"questions": each * photographs, "photographs": photographs, "memory_mb": [memory[0], memory[-1]]}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description="Visits the page, more and more at once.")
    parser.add_argument("--visitors", type=positive, nargs="+", default=[1, 4, 16, 64], metavar="N")
    parser.add_argument("--seconds", type=positive, default=120, help="for each number of visitors (default 120)")
    parser.add_argument("--questions", type=positive, default=1000, help="by the visitor who stays (default 1000)")
    parser.add_argument("--photographs", type=positive, default=200, help="of that visitor (default 200)")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, metavar="DIR", help="default: the shipped weights")
    parser.add_argument("--out", type=Path, metavar="load.json", help="default: load.json beside the weights")
    args = parser.parse_args()
    with running_page(args.weights) as (address, process):
        expected = alone(address)
        visits = [visit(address, expected, visitors, args.seconds) for visitors in args.visitors]
        load = {"commit": commit(), "visits": visits, "soak": soak(address, process, args.questions, args.photographs)}
    print(load_table(load))
    out = args.out or args.weights / "load.json"
    write_json(out, load)


if __name__ == "__main__":
    main()
