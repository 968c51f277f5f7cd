"""What an answer and the page cost from nothing, in seconds and megabytes, each measured in a process of its own."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from vqa.common.checksums import loaded_files
from vqa.evaluate.speed import QUESTIONS, photograph, summary

ROOT = Path(__file__).resolve().parents[2]  # where `app.py` is
PATIENCE = 600  # seconds for the page to start, which takes a few where nothing else runs


def measure_costs(
    weights: Path, variant: str, rounds: int, tell: Callable[[str], None]
) -> dict[str, dict | float | None]:
    """Seconds and megabytes that an answer costs from nothing, and the page until it is ready, each in a process.

    `tell` hears of each round as it begins.
    """
    answers, pages = [], []
    for number in range(rounds):
        tell(f"round {number + 1} of {rounds}")
        answers.append(first_answer(weights, variant))
        pages.append(page_ready(weights))
    peaks = [peak for _, peak in answers if peak is not None]
    folders = {path.parent for path in weights.rglob("*.safetensors")}
    return {
        "start to first answer on the command line, s": summary([seconds for seconds, _ in answers]),
        "start of the page until it is ready, s": summary(pages),
        "peak memory of a first answer, MB": summary(peaks) if peaks else None,
        "all weights, MB": sum(path.stat().st_size for folder in folders for path in loaded_files(folder)) / 1e6,
    }


ASK_AND_TELL = """
import sys
from vqa.__main__ import main
from vqa.evaluate.costs import memory_mb
code = main(["ask", *sys.argv[1:]])
print("peak:", memory_mb("VmHWM"))
sys.exit(code)
"""


def first_answer(weights: Path, variant: str) -> tuple[float, float | None]:
    """Seconds that `vqa ask` takes in a new process, and its peak memory in MB. Raises `ValueError` with its reason."""
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo.jpg"
        photo.write_bytes(photograph(0))
        options = [photo, QUESTIONS[0], "--weights", weights.resolve(), "--variant", variant]
        command = [sys.executable, "-c", ASK_AND_TELL, *map(str, options)]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        seconds = time.perf_counter() - start
    if done.returncode:
        raise ValueError(done.stderr.strip())
    peak = re.search(r"peak: ([\d.]+)", done.stdout)
    return seconds, float(peak[1]) if peak else None


def memory_mb(key: str, process: int | str = "self") -> float | None:
    """`VmRSS`, what a process holds in memory, or `VmHWM`, the most it held; None where no Linux tells."""
    status = Path(f"/proc/{process}/status")
    found = re.search(rf"{key}:\s+(\d+) kB", status.read_text()) if status.is_file() else None
    return int(found[1]) * 1024 / 1e6 if found else None


def page_ready(weights: Path) -> float:
    """Seconds from the start of `app.py` until it answers."""
    start = time.perf_counter()
    with running_page(weights):
        return time.perf_counter() - start


@contextmanager
def running_page(
    weights: Path, environment: Mapping[str, str] | None = None, host: str = "127.0.0.1"
) -> Iterator[tuple[str, subprocess.Popen]]:
    """`app.py` in a process of its own, once it answers: its address and the process. Raises `ValueError`."""
    is_ipv6 = ":" in host
    with socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET) as free:
        free.bind((host, 0))
        port = free.getsockname()[1]
    options = ["--host", host, "--port", str(port), "--weights", str(weights.resolve())]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    page = subprocess.Popen(
        [sys.executable, "app.py", *options], cwd=ROOT, env=os.environ | (environment or {}), **quiet
    )
    address, start = f"http://{'[::1]' if is_ipv6 else host}:{port}/", time.perf_counter()
    try:
        while not _answers(address):
            if page.poll() is not None or time.perf_counter() - start > PATIENCE:
                raise ValueError("The page did not start; `python app.py` tells why.")
            time.sleep(0.05)
        yield address, page
    finally:
        page.terminate()
        page.wait()


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}healthz", timeout=PATIENCE).close()
    except OSError:
        return False
    return True
