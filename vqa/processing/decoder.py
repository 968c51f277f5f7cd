"""Decodes strangers' photographs in processes of their own, which may take so much memory and time and no more.

What a file makes a decoder do ends with the process that does it: another takes its place, and the program that asked
goes on. `python -m vqa.processing.decoder` is such a process: it reads a file's length and its bytes, and writes
the length and the bytes of what it made of it, see `unpack`.
"""

import os
import queue
import select
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from vqa.processing.photos import PhotoError, open_photo, read_photo_bytes

try:
    import resource
except ImportError:  # no Unix: the time is bounded all the same
    resource = None

PROCESSES = 2
MEMORY = 2**30  # bytes of address space of a process; opening takes 250 MB beside the program's own
SECONDS = 5.0  # of processor time for one file; the largest photographs take one
PATIENCE = 30.0  # seconds on the clock, for a machine may be busy
ROOT = Path(__file__).resolve().parents[2]
NICE = 10  # answers come before uploads: a core that both want goes to the former nine times in ten
PIPE = 2**16  # bytes that a pipe takes at once
LENGTH, SIZE = struct.Struct("<Q"), struct.Struct("<II")
PICTURE = b"\0RGB"  # before a picture's size and bytes; what is said of a file that is none begins with a letter


class Decoder:
    """As `open_photo`, for files from anywhere: in another process, one of a few. Processes start when first needed."""

    def __init__(self, processes: int = PROCESSES, memory: int = MEMORY, seconds: float = SECONDS):
        self.killed = 0  # processes that took too much
        self._limits = [str(memory), str(seconds)]
        self._free: queue.LifoQueue[subprocess.Popen | None] = queue.LifoQueue()
        self._running: set[subprocess.Popen] = set()
        for _ in range(processes):
            self._free.put(None)

    def open(self, source: str | Path | bytes) -> Image.Image:
        """An upright RGB image, see `open_photo`. Waits for a process to be free. Raises `PhotoError`."""
        return unpack(self.pack(source if isinstance(source, bytes) else read_photo_bytes(source)))

    def close(self) -> None:
        """Ends all processes, also those at work."""
        for process in list(self._running):
            self._end(process)

    def pack(self, data: bytes) -> bytes:
        """What `unpack` makes the picture of, or the error: to be kept, so that a file is decoded once."""
        process = self._free.get()
        try:
            if process is None or process.poll() is not None:
                process = self._start()
            return _exchange(process, data)
        except (OSError, EOFError):
            self.killed += 1
            self._end(process)
            return b"This image takes more time or memory than a photograph may."
        finally:
            self._free.put(process)

    def _start(self) -> subprocess.Popen:
        paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        process = subprocess.Popen(
            [sys.executable, "-m", "vqa.processing.decoder", *self._limits],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": paths},
            start_new_session=True,  # Ctrl-C is for the program that asks
        )
        os.set_blocking(process.stdin.fileno(), False)
        self._running.add(process)
        return process

    def _end(self, process: subprocess.Popen) -> None:
        self._running.discard(process)
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def unpack(packed: bytes) -> Image.Image:
    """The picture that `Decoder.pack` found. Raises `PhotoError` where there was none."""
    if not packed.startswith(PICTURE):
        raise PhotoError(packed.decode())
    width, height = SIZE.unpack_from(packed, len(PICTURE))
    return Image.frombytes("RGB", (width, height), packed[len(PICTURE) + SIZE.size :])


def _exchange(process: subprocess.Popen, data: bytes) -> bytes:
    """Hands a file to a process and waits for what it says. Raises `OSError` or `EOFError` where it does not."""
    end, view = time.monotonic() + PATIENCE, memoryview(LENGTH.pack(len(data)) + data)
    while view:
        _wait([], [process.stdin], end)
        view = view[os.write(process.stdin.fileno(), view[:PIPE]) :]
    return _read(process.stdout, LENGTH.unpack(_read(process.stdout, LENGTH.size, end))[0], end)


def _read(stream: BinaryIO, count: int, end: float) -> bytes:
    parts = []
    while count:
        _wait([stream], [], end)
        part = os.read(stream.fileno(), min(count, 2**20))
        if not part:
            raise EOFError("The process ended.")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _wait(readers: list[BinaryIO], writers: list[BinaryIO], end: float) -> None:
    if not any(select.select(readers, writers, [], max(0.0, end - time.monotonic()))):
        raise EOFError("It takes too long.")


def main(arguments: list[str]) -> None:
    """One file after the other, until no more come or one of them took too much."""
    memory, seconds = int(arguments[0]), float(arguments[1])
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    Image.init()  # what reads the formats is imported before memory is bounded
    if resource is not None:
        os.nice(NICE)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while head := requests.read(LENGTH.size):
        data = requests.read(LENGTH.unpack(head)[0])
        if resource is not None:
            used = resource.getrusage(resource.RUSAGE_SELF)
            most = int(used.ru_utime + used.ru_stime + seconds) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
        try:
            image = open_photo(data)
            packed = PICTURE + SIZE.pack(*image.size) + image.tobytes()
        except PhotoError as refused:
            packed = str(refused).encode()
        replies.write(LENGTH.pack(len(packed)) + packed)
        replies.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
