"""A visitor's file is decoded by a process that can be spared."""

import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests import hostile
from vqa.processing import decoder as decoders
from vqa.processing.decoder import Decoder, unpack
from vqa.processing.photos import PhotoError, open_photo

TOO_MUCH = "more time or memory"


@pytest.fixture
def decoder():
    made = Decoder()
    yield made
    made.close()


def test_the_same_pixels_and_the_same_refusals(decoder, tmp_path):
    for format in hostile.FORMATS:
        data = hostile.picture(random.Random(3), format, (41, 23))
        assert np.array_equal(decoder.open(data), open_photo(data))
    path = tmp_path / "photo"
    path.write_bytes(data)
    assert decoder.open(path).tobytes() == decoder.open(data).tobytes()
    for data in (b"", b"no picture", hostile.png(20_000, 20_000, b"")):
        with pytest.raises(PhotoError) as alone:
            open_photo(data)
        with pytest.raises(PhotoError) as apart:
            decoder.open(data)
        assert str(apart.value) == str(alone.value)
    with pytest.raises(PhotoError, match="no photograph at"):
        decoder.open(tmp_path / "nowhere")


def test_what_was_found_can_be_kept(decoder, monkeypatch):
    data = hostile.picture(random.Random(0), "PNG", (7, 5))
    picture, refusal = decoder.pack(data), decoder.pack(b"no picture")
    monkeypatch.setattr(decoders, "_exchange", lambda process, data: pytest.fail("decoded again"))
    assert np.array_equal(unpack(picture), open_photo(data))
    with pytest.raises(PhotoError, match="not an image"):
        unpack(refusal)


def test_memory_is_bounded_and_the_next_file_is_read():
    decoder = Decoder(processes=1, memory=200 * 2**20)
    try:
        heavy = hostile.png(7000, 7000, hostile.zeros(7000 * 7001), 8, 0)
        assert open_photo(heavy).size == (1024, 1024)
        light = hostile.picture(random.Random(0), "PNG", (5, 7))
        assert decoder.open(light).size == (5, 7)
        big = hostile.png(5000, 5000, hostile.zeros(5000 * 20001), 8, 6)
        with pytest.raises(PhotoError):
            decoder.open(big + bytes(100))
        assert decoder.open(hostile.picture(random.Random(1), "PNG", (5, 7))).size == (5, 7)
    finally:
        decoder.close()


def test_time_is_bounded_and_the_next_file_is_read(monkeypatch):
    """A process that says nothing is ended."""
    monkeypatch.setattr(decoders, "PATIENCE", 0.5)
    decoder = Decoder(processes=1)
    try:
        light = hostile.picture(random.Random(0), "PNG", (5, 7))
        process = decoder._start()
        decoder._free.get()
        decoder._free.put(process)
        os.kill(process.pid, signal.SIGSTOP)
        with pytest.raises(PhotoError, match=TOO_MUCH):
            decoder.open(light + bytes(2**20))
        assert decoder.killed == 1 and process.returncode == -signal.SIGKILL
        monkeypatch.setattr(decoders, "PATIENCE", 60)
        assert decoder.open(light + b" ").size == (5, 7)
    finally:
        decoder.close()


@pytest.mark.skipif(decoders.resource is None, reason="this system bounds no process's time")
def test_processor_time_is_bounded(decoder, monkeypatch):
    script = "from vqa.processing import decoder\ndecoder.open_photo = lambda data: [None for _ in iter(int, 1)]\n"
    script += "import sys\ndecoder.main(sys.argv[1:])"
    popen = decoders.subprocess.Popen

    def endless(command, **options):
        return popen([command[0], "-c", script, command[3], "0.1"], **options)

    monkeypatch.setattr(decoders.subprocess, "Popen", endless)
    with pytest.raises(PhotoError, match=TOO_MUCH):
        decoder.open(b"a file")
    monkeypatch.setattr(decoders.subprocess, "Popen", popen)
    assert decoder.open(hostile.picture(random.Random(0), "PNG", (5, 7))).size == (5, 7)


def test_a_process_that_died_between_two_files_is_replaced(decoder):
    assert decoder.open(hostile.picture(random.Random(0), "PNG", (5, 7))).size == (5, 7)
    process = decoder._free.get()
    process.kill()
    process.wait()
    decoder._free.put(process)
    assert decoder.open(hostile.picture(random.Random(1), "PNG", (7, 5))).size == (7, 5)


def test_many_at_once(decoder):
    files = [hostile.picture(random.Random(seed), "PNG", (seed + 1, 3)) for seed in range(12)]
    with ThreadPoolExecutor(12) as pool:
        assert [image.size for image in pool.map(decoder.open, files)] == [(seed + 1, 3) for seed in range(12)]
    assert decoder.killed == 0


def test_closing_leaves_no_process(decoder):
    decoder.open(hostile.picture(random.Random(0), "PNG", (5, 7)))
    process = decoder._free.queue[-1]
    decoder.close()
    assert process.wait(30) == -signal.SIGKILL
