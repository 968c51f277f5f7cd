"""Nobody's photograph stays longer than promised, whatever ends the program."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vqa.common import uploads as module
from vqa.common.uploads import (
    DECODED,
    LIFETIME,
    LOCK,
    NoRoom,
    Uploads,
    decoded_of,
    mark_used,
    safe_name,
)

ROOT = Path(__file__).resolve().parents[2]


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and path.name not in (LOCK, DECODED)}


def make_old(path: Path) -> None:
    os.utime(path, (time.time() - LIFETIME - 60,) * 2)


def test_a_file_lies_under_the_hash_of_its_content(tmp_path):
    uploads = Uploads.claim(tmp_path)
    path = uploads.store("ann", "my cat.jpg", b"meow")
    assert path.read_bytes() == b"meow" and path.name == "my cat.jpg"
    assert path.parent.name == "404cdd7bc109c432f8cc2443b45bcfe95980f5107215c645236e577929ac3e52"
    assert path == uploads.store("ben", "my cat.jpg", b"meow") and len(files(tmp_path)) == 1
    assert uploads.folder.stat().st_mode & 0o077 == 0  # for nobody else on this machine


def test_what_was_decoded_stays_as_long_as_the_file_and_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "OF_A_VISITOR", (9, 100))
    uploads = Uploads.claim(tmp_path)
    first = uploads.store("ann", "a", b"first", b"decoded")
    assert decoded_of(first) == b"decoded" and decoded_of(tmp_path / "copy.jpg") is None
    again = uploads.store("ben", "b", b"first", b"decoded")
    assert again.parent == first.parent and decoded_of(again) == b"decoded"
    uploads.store("ann", "a", b"second", bytes(90))
    assert not first.exists() and decoded_of(again) == b"decoded"  # it is of ben's, too
    uploads.sweep(now=time.time() + LIFETIME + 60)
    assert {path.name for path in uploads.folder.rglob("*")} == {LOCK}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("cat.jpg", "cat.jpg"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\harm.jpg", "harm.jpg"),
        ("a\0b\n<b>.png", "abb.png"),
        ("", "photograph"),
        ("..", "photograph"),
        (".partial", "partial"),
        ("猫.jpg", "猫.jpg"),
        ("x" * 3000 + ".jpeg", "x" * 100 + ".jpeg"),
        ("a." + "x" * 3000, "a." + "x" * 10),
    ],
)
def test_names_stay_in_their_folder(given, kept):
    assert safe_name(given) == kept


def test_a_visitor_gives_up_the_oldest_for_the_newest(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "OF_A_VISITOR", (3, 100))
    uploads = Uploads.claim(tmp_path)
    other = uploads.store("ben", "b", b"of ben")
    mine = [uploads.store("ann", "a", b"%d" % number) for number in range(5)]
    assert files(tmp_path) == {other, *mine[2:]}
    large = uploads.store("ann", "a", bytes(99))
    assert files(tmp_path) == {other, large, mine[4]}


def test_what_is_asked_about_is_given_up_last(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "OF_A_VISITOR", (3, 100))
    uploads = Uploads.claim(tmp_path)
    asked = uploads.store("ann", "a", b"asked about")
    for number in range(9):
        written = asked.stat().st_mtime_ns
        mark_used(asked)
        assert asked.stat().st_mtime_ns == written  # it stays no longer for it
        uploads.store("ann", "a", b"%d" % number)
    assert asked in files(tmp_path) and len(files(tmp_path)) == 3


def test_where_room_is_needed_for_all_the_greediest_gives(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "IN_ALL", (6, 10_000))
    uploads = Uploads.claim(tmp_path)
    modest = [uploads.store(f"visitor {number}", "a", b"of %d" % number) for number in range(3)]
    for number in range(20):
        uploads.store("greedy", "a", b"of the greedy, %d" % number)
    assert set(modest) < files(tmp_path) and len(files(tmp_path)) == 6
    monkeypatch.setattr(module, "IN_ALL", (100, 60))
    uploads.store("visitor 1", "b", bytes(30))
    assert {modest[0], modest[2]} < files(tmp_path) and sum(p.stat().st_size for p in files(tmp_path)) <= 60


def test_what_two_have_sent_stays_for_the_other(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "OF_A_VISITOR", (1, 100))
    uploads = Uploads.claim(tmp_path)
    shared = uploads.store("ann", "a", b"shared")
    uploads.store("ben", "a", b"shared")
    uploads.store("ann", "a", b"another")
    assert shared in files(tmp_path)
    uploads.store("ben", "a", b"a third")
    assert shared not in files(tmp_path) and not shared.parent.exists()


def test_a_full_disk_leaves_no_part_of_a_photograph(tmp_path, monkeypatch):
    uploads = Uploads.claim(tmp_path)
    kept = uploads.store("ann", "a", b"kept")

    def full(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(NoRoom, match="no room"):
        uploads.store("ann", "a", b"a photograph")
    assert files(tmp_path) == {kept}


def test_what_is_old_is_swept_whoever_wrote_it(tmp_path, monkeypatch):
    uploads, now = Uploads.claim(tmp_path), time.time()
    monkeypatch.setattr(module.time, "time", lambda: now - LIFETIME - 60)
    old = uploads.store("ann", "a", b"old")
    monkeypatch.setattr(module.time, "time", lambda: now)
    new = uploads.store("ann", "a", b"new")
    os.utime(old)  # gradio touches what it is asked about: it stays no longer for it
    (uploads.folder / "tmpabcdefgh").write_bytes(b"of a parser")
    uploads.sweep(now)
    assert files(tmp_path) == {new, uploads.folder / "tmpabcdefgh"} and not old.parent.exists()
    uploads.sweep(now + LIFETIME + 60)
    assert not files(tmp_path) and (uploads.folder / LOCK).is_file()


def test_an_example_that_gradio_copied_is_as_old_as_its_copy(tmp_path):
    uploads = Uploads.claim(tmp_path)
    copy = uploads.folder / ("0" * 64) / "cat.jpg"
    copy.parent.mkdir()
    copy.write_bytes(b"an example")
    make_old(copy)  # as its original is
    uploads.sweep()
    assert copy.is_file()


def test_nothing_is_kept_once_the_program_ends(tmp_path):
    uploads = Uploads.claim(tmp_path)
    uploads.store("ann", "a", b"mine")
    uploads.remove()
    assert not list(tmp_path.iterdir())
    with pytest.raises(NoRoom, match="stopping"):
        uploads.store("ann", "a", b"late")
    assert not list(tmp_path.iterdir())


LEAVE = """
import os, sys
from pathlib import Path
from vqa.common.uploads import Uploads
uploads = Uploads.claim(Path(sys.argv[1]))
print(uploads.store("ann", "a", b"a photograph"), flush=True)
sys.stdin.read()
os._exit(9)
"""


@pytest.mark.skipif(module.fcntl is None, reason="this system cannot tell which folder's program has ended")
def test_the_next_program_removes_what_one_that_was_killed_left(tmp_path):
    command = [sys.executable, "-c", LEAVE, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as killed:
        path = Path(killed.stdout.readline().strip())
        beside = Uploads.claim(tmp_path)
        beside.sweep()
        assert path.is_file()  # its program still runs
        killed.kill()
        killed.wait()
        beside.sweep()
        assert not path.exists() and beside.folder.is_dir()


def test_what_is_no_programs_folder_stays_whatever_its_name(tmp_path):
    theirs = [tmp_path / "vqa-thesis" / "a.txt", tmp_path / "vqa-notes.txt", tmp_path / "tmp12345678"]
    theirs += [tmp_path / ("a" * 64) / "cat.jpg"]
    for path in theirs:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
        make_old(path)
    Uploads.claim(tmp_path).sweep()
    assert files(tmp_path) == set(theirs)


def test_what_this_user_may_not_look_into_is_passed_over(tmp_path, monkeypatch):
    """As the folder of another user's program is, where both share a place; root may look into all."""
    theirs = tmp_path / "vqa-theirs"
    theirs.mkdir()
    (theirs / LOCK).touch()
    opened = os.open

    def forbidden(path, *options):
        if Path(path).parent == theirs:
            raise PermissionError(13, "Permission denied")
        return opened(path, *options)

    monkeypatch.setattr(os, "open", forbidden)
    Uploads.claim(tmp_path).sweep()
    assert theirs.is_dir()


def test_a_name_is_cut_by_bytes_as_file_systems_count_them(tmp_path):
    uploads = Uploads.claim(tmp_path)
    for name in ("字" * 110 + ".jpg", "字" * 110, "a." + "字" * 50, "🐈" * 99 + ".jpeg"):
        path = uploads.store("ann", name, name.encode())
        assert path.read_bytes() == name.encode() and len(path.name.encode()) <= 120
    assert safe_name("字" * 110 + ".jpg") == "字" * 33 + ".jpg"


def test_who_fails_to_send_the_same_photograph_takes_nothing_from_others(tmp_path, monkeypatch):
    uploads = Uploads.claim(tmp_path)
    kept = uploads.store("ann", "cat.jpg", b"meow", b"decoded")
    replace = os.replace

    def full(source, target) -> None:
        if Path(target).name == "other.jpg":
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(NoRoom):
        uploads.store("ben", "other.jpg", b"meow", b"decoded")
    assert files(tmp_path) == {kept} and decoded_of(kept) == b"decoded"
    assert {path.name for path in kept.parent.iterdir()} == {"cat.jpg", ".decoded"}


def test_links_are_not_followed(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine").write_bytes(b"x")
    make_old(outside / "mine")
    base = tmp_path / "base"
    base.mkdir()
    (base / ("a" * 64)).symlink_to(outside)
    Uploads.claim(base)
    assert (outside / "mine").is_file()


@pytest.mark.parametrize("place", ["a file", "a folder of nobody's"])
def test_where_no_folder_can_be_the_system_says_why(tmp_path, place):
    base = tmp_path / place
    base.write_bytes(b"x") if place == "a file" else base.symlink_to(tmp_path / "nowhere" / "at all")
    with pytest.raises(OSError):
        Uploads.claim(base)


def test_many_threads_keep_the_limits(tmp_path, monkeypatch):
    from concurrent.futures import ThreadPoolExecutor

    monkeypatch.setattr(module, "IN_ALL", (10, 10**6))
    uploads = Uploads.claim(tmp_path)
    rng = random.Random(0)
    contents = [rng.randbytes(100) for _ in range(200)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda at: uploads.store(f"visitor {at % 7}", "a", contents[at]), range(200)))
    assert len(files(tmp_path)) == 10
