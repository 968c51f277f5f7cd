"""The running page under load and under attack: `python -m tests.load`. Its figures go into weights/load.json.

`--parts` names what is measured: `visits`, more and more visitors at once; `soak`, one who stays; `requests`, each kind
of bad request alone; `siege`, visitors while one stranger sends bad requests; `abandoned`, visits that nobody comes
back to; `ends`, servers that are ended in each way. What is not measured anew stays in the file.
"""

import argparse
import contextlib
import itertools
import json
import multiprocessing
import random
import signal
import statistics
import tempfile
import threading
import time
import urllib.error
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

from tests import hostile
from tests.visitor import Page, call, from_afar, outcome, upload, uploaded
from vqa.cli.arguments import WEIGHTS, positive
from vqa.common.files import write_json
from vqa.evaluate.costs import memory_mb, running_page
from vqa.evaluate.records import commit
from vqa.evaluate.speed import QUESTIONS, photograph
from vqa.evaluate.tables import attack_table, load_table

PHOTOGRAPHS = 8  # that visitors ask about, with as many questions each
SPAWN = multiprocessing.get_context("spawn")
PREPARED = 600  # seconds that a stranger may take to make what it sends
ENDED = 300  # seconds in which what was ended must be gone
SETTLED = 25  # seconds after which a server has given back what it can
PARTS = ("visits", "soak", "requests", "siege", "abandoned", "ends")
PAUSE = 0.5  # seconds that a visitor waits who found the queue full
Expected = dict[tuple[str, str], list[dict]]  # answers by the server's path of a photograph and by question


def answers(address: str, path: str, question: str, visitor: int = 0) -> list[dict]:
    """What a visitor with an address of their own is told about an uploaded photograph.

    Raises `HTTPError`, or `ValueError` with the reason.
    """
    event, result = outcome(call(address, "ask", [uploaded(path), question, "", 3, ""], **from_afar(visitor)))
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
                found = answers(address, path, question, number)
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


def requests(address: str, process: int, tries: int) -> list[dict]:
    """Each kind of bad request alone: how many were let in, the longest time to an answer, and the most memory."""
    found = []
    for name, send in hostile.REQUESTS.items():
        rng, statuses, worst, before = random.Random(name), Counter(), 0.0, reset_peak(process)
        for _ in range(tries):
            start = time.perf_counter()
            statuses[send(address, rng)] += 1
            worst = max(worst, time.perf_counter() - start)
        peak = memory_mb("VmHWM", process)
        found.append(
            {
                "kind": name,
                "tried": tries,
                "accepted": statuses[200],
                "faults": sum(count for status, count in statuses.items() if status == 500),
                "worst_seconds": worst,
                "memory_mb": None if before is None else max(0.0, peak - before),
            }
        )
    return found


def reset_peak(process: int) -> float | None:
    """The memory that a process holds, from which on the most is counted; None where the system cannot tell."""
    try:
        Path(f"/proc/{process}/clear_refs").write_text("5")
    except OSError:
        return None
    return memory_mb("VmRSS", process)


def siege(address: str, process: int, expected: Expected, visitors: int, seconds: float) -> dict:
    """Visitors alone, and beside a stranger who sends each kind of bad request in a loop; then the memory again."""
    steps, ended, sent = SPAWN.Barrier(2), SPAWN.Event(), SPAWN.Value("l", 0)
    stranger = SPAWN.Process(target=attack, args=(address, steps, ended, sent), daemon=True)  # whose work is not theirs
    stranger.start()
    steps.wait(PREPARED)
    visit(address, expected, visitors, min(seconds, 5))  # what grows once has grown
    before = memory_mb("VmRSS", process)
    alone_ = visit(address, expected, visitors, seconds)
    steps.wait(PREPARED)
    beside = visit(address, expected, visitors, seconds)
    ended.set()
    stranger.join(ENDED)
    time.sleep(SETTLED)
    after = memory_mb("VmRSS", process)
    return {"alone": alone_, "beside": beside, "bad_requests": sent.value, "memory_mb": [before, after]}


def attack(address: str, steps: Barrier, ended: Event, sent: Synchronized) -> None:
    """Makes what it sends, and then sends each kind of bad request in turn, again and again, until it is `ended`."""
    rng = random.Random(0)
    hostile.prepare()
    steps.wait(PREPARED)
    steps.wait(PREPARED + 3600)
    for send in itertools.cycle(hostile.REQUESTS.values()):
        if ended.is_set():
            return
        send(address, rng)
        sent.value += 1


def abandoned(address: str, process: int, visits: int) -> dict:
    """Visits with a photograph that nobody comes back to: what the server holds after a fifth of them, and after all.

    A visitor who was there before them all asks on.
    """
    first, memory = Page(address), []
    first.choose(photograph(0))
    for number in range(visits):
        Page(address).choose(photograph(10**6 + number))
        if number + 1 in (max(1, visits // 5), visits):
            memory.append(memory_mb("VmRSS", process))
    return {"visits": visits, "memory_mb": [memory[0], memory[-1]], "answered": first.ask(QUESTIONS[0])}


def ends(weights: Path, rounds: int) -> list[dict]:
    """Servers that are ended in each way while they answer: seconds until they are gone, and uploads that stay.

    After a kill that no program hears of, those that stay once the next server has started.
    """
    found = []
    for name, number in ENDS.items():
        if signal.getsignal(number) is signal.SIG_IGN:  # as under nohup: a server would ignore it as well
            signal.signal(number, signal.SIG_DFL)
        seconds, left = [], 0
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                environment = {"GRADIO_TEMP_DIR": folder}
                with running_page(weights, environment) as (address, page):
                    path = upload(address, "cat.jpg", photograph(0))
                    with contextlib.suppress(OSError):
                        hostile.call(address, uploaded(path), QUESTIONS[0], "", 3, "")
                    start = time.perf_counter()
                    page.send_signal(number)
                    page.wait(ENDED)
                    seconds.append(time.perf_counter() - start)
                if number == signal.SIGKILL:
                    with running_page(weights, environment):
                        left += len(list(Path(folder).rglob("cat.jpg")))
                else:
                    left += len(list(Path(folder).rglob("cat.jpg")))
        found.append({"signal": name, "tried": rounds, "worst_seconds": max(seconds), "uploads_left": left})
    return found


ENDS = {name: getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGKILL")}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description="Visits the page, more and more at once.")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure (default: all)")
    parser.add_argument("--visitors", type=positive, nargs="+", default=[1, 4, 16, 64], metavar="N")
    parser.add_argument("--seconds", type=positive, default=120, help="for each number of visitors (default 120)")
    parser.add_argument("--questions", type=positive, default=1000, help="by the visitor who stays (default 1000)")
    parser.add_argument("--photographs", type=positive, default=200, help="of that visitor (default 200)")
    parser.add_argument("--tries", type=positive, default=20, help="of each kind of bad request (default 20)")
    parser.add_argument("--abandoned", type=positive, default=500, help="visits that are left (default 500)")
    parser.add_argument("--rounds", type=positive, default=5, help="of each way to end a server (default 5)")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, metavar="DIR", help="default: the shipped weights")
    parser.add_argument("--out", type=Path, metavar="load.json", help="default: load.json beside the weights")
    args = parser.parse_args()
    out = args.out or args.weights / "load.json"
    load = json.loads(out.read_bytes()) if out.is_file() else {"visits": [], "soak": None}
    load["commits"] = load.get("commits", {}) | dict.fromkeys(args.parts, commit())
    if "requests" in args.parts:
        hostile.prepare()  # making what is sent is not the server's time
    if set(args.parts) - {"ends"}:
        with running_page(args.weights) as (address, page):
            expected, process = alone(address), page.pid
            most = max(args.visitors)
            measures = {
                "visits": lambda: [visit(address, expected, visitors, args.seconds) for visitors in args.visitors],
                "soak": lambda: soak(address, process, args.questions, args.photographs),
                "requests": lambda: requests(address, process, args.tries),
                "siege": lambda: siege(address, process, alone(address), most, args.seconds),
                "abandoned": lambda: abandoned(address, process, args.abandoned),
            }
            for part in filter(measures.__contains__, args.parts):
                load[part] = measures[part]()
                write_json(out, load)  # what was measured stays, whatever comes
    if "ends" in args.parts:
        load["ends"] = ends(args.weights, args.rounds)
    write_json(out, load)
    print(load_table(load), attack_table(load), sep="\n\n")


if __name__ == "__main__":
    main()
