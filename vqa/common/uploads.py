"""Where the photographs that visitors send lie while the page is served: this program's own folder, and nobody else's.

A file stays for an hour at most, and no longer than the program runs. A program that was killed cannot clean up:
the next one to start, or one that runs beside it, removes what it left. So that one visitor's files take nothing from
another's, it is the visitor with most files who gives one up where room is needed.
"""

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

try:
    import fcntl
except ImportError:  # no Unix: folders of programs that were killed are known by their age alone
    fcntl = None

LIFETIME = 3600.0  # seconds
EVERY = 600.0  # seconds between two sweeps
OF_A_VISITOR = (128, 128 * 2**20)  # files and bytes
IN_ALL = (1024, 2**30)
LONGEST_NAME = 100  # bytes
LOCK = ".lock"  # held while the program runs: the system lets go of it, however the program ends
DECODED = ".decoded"  # beside a file, what a decoder made of it
OWN = "vqa-"  # how the folders of programs begin


class NoRoom(OSError):
    """A file cannot be kept; the message says why, in words fit for a visitor."""


@dataclass(frozen=True)
class Kept:
    """A file that was sent: its bytes with what was decoded of it, who sent it, and when."""

    size: int
    visitors: frozenset[str]
    since: float


class Uploads:
    """The files of one running program. All methods may be called from several threads."""

    def __init__(self, folder: Path, lock: int | None = None):
        self.folder = folder
        self._lock_file = lock
        self._lock = Lock()
        self._removed = False
        self._kept: dict[Path, Kept] = {}

    @classmethod
    def claim(cls, base: Path | None = None) -> "Uploads":
        """A new folder within `base`, after what other programs left there is removed.

        Without `base` it lies where temporary files do, readable by this user alone. Raises `OSError` where there can
        be no such folder.
        """
        if base is None:
            base = Path(tempfile.gettempdir()) / f"{OWN}{os.getuid() if hasattr(os, 'getuid') else 'uploads'}"
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid") and base.name == f"{OWN}{os.getuid()}" and base.lstat().st_uid != os.getuid():
            raise PermissionError(13, "It belongs to someone else", str(base))
        remove_left_behind(base)
        folder = Path(tempfile.mkdtemp(prefix=OWN, dir=base))
        lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        return cls(folder, lock)

    def store(self, visitor: str, name: str, data: bytes, decoded: bytes = b"") -> Path:
        """Keeps a visitor's file, under the hash of its content: who can name it has it. Raises `NoRoom`.

        What was `decoded` of it lies beside it, see `decoded_of`, and counts like the file.
        """
        target = self.folder / hashlib.sha256(data).hexdigest() / safe_name(name)
        partial = target.with_name(".partial")
        with self._lock:
            if self._removed:
                raise NoRoom("The server is stopping.")
            self._make_room(visitor, len(data) + len(decoded))
            is_new = not target.parent.exists()
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                for path, content in ((target.with_name(DECODED), decoded), (target, data)):
                    partial.write_bytes(content)
                    os.replace(partial, path)
            except OSError as error:
                with contextlib.suppress(OSError):
                    partial.unlink(missing_ok=True)
                if is_new:  # else others have sent the same content, and theirs is whole
                    shutil.rmtree(target.parent, ignore_errors=True)
                raise NoRoom("The server has no room for this photograph now; try again later.") from error
            visitors = self._kept[target].visitors if target in self._kept else frozenset()
            self._kept[target] = Kept(len(data) + len(decoded), visitors | {visitor}, time.time())
        return target

    def sweep(self, now: float | None = None) -> None:
        """Removes what is older than an hour, whoever wrote it, and what programs that ended left beside it."""
        now = time.time() if now is None else now
        with self._lock:
            for path in [*self.folder.rglob("*")]:
                if not path.is_file() or path.name in (LOCK, DECODED):
                    continue
                known = self._kept.get(path)  # what gradio copied says when its original was written
                if (now - known.since if known else _age(path, now, by_content=False)) > LIFETIME:
                    path.unlink(missing_ok=True)
                    self._kept.pop(path, None)
            for path in [*self.folder.iterdir()]:
                _tidy(path)
        if self._lock_file is not None:
            remove_left_behind(self.folder.parent, now)

    def remove(self) -> None:
        """Removes all of it, and keeps nothing more; to be called as the program ends."""
        with self._lock:
            self._removed = True
            self._kept.clear()
            shutil.rmtree(self.folder, ignore_errors=True)
            if self._lock_file is not None:
                os.close(self._lock_file)
                self._lock_file = None

    def _make_room(self, visitor: str, size: int) -> None:
        while _full([kept for kept in self._kept.values() if visitor in kept.visitors], size, OF_A_VISITOR):
            self._drop(visitor)
        while _full(list(self._kept.values()), size, IN_ALL):
            self._drop(self._greediest())

    def _greediest(self) -> str:
        """The visitor who holds most bytes; of several the one who came first."""
        bytes_of: dict[str, int] = {}
        for kept in self._kept.values():
            for visitor in kept.visitors:
                bytes_of[visitor] = bytes_of.get(visitor, 0) + kept.size
        return max(bytes_of, key=bytes_of.__getitem__)

    def _drop(self, visitor: str) -> None:
        """A visitor gives up the file that was used longest ago; it stays as long as others have sent it too."""
        path = min((path for path, kept in self._kept.items() if visitor in kept.visitors), key=_last_use)
        kept = self._kept[path]
        if kept.visitors == {visitor}:
            del self._kept[path]
            path.unlink(missing_ok=True)
            _tidy(path.parent)
        else:
            self._kept[path] = replace(kept, visitors=kept.visitors - {visitor})


def _full(held: list[Kept], size: int, most: tuple[int, int]) -> bool:
    """Whether one more file of this size is too much."""
    return bool(held) and (len(held) >= most[0] or sum(kept.size for kept in held) + size > most[1])


def remove_left_behind(base: Path, now: float | None = None) -> None:
    """Removes the folders of programs that ended, which their lock tells from all else, whatever its name.

    What this user may not look into is someone else's, and is passed over.
    """
    now = time.time() if now is None else now
    for path in [*base.glob(f"{OWN}*")]:
        with contextlib.suppress(OSError):
            if not path.is_symlink() and (path / LOCK).is_file() and _ended(path, now):
                shutil.rmtree(path, ignore_errors=True)


def decoded_of(path: Path) -> bytes | None:
    """What was decoded of a file as it was stored, None for one that came here otherwise."""
    try:
        return path.with_name(DECODED).read_bytes()
    except OSError:
        return None


def _tidy(folder: Path) -> None:
    """Removes a folder without a photograph."""
    if folder.is_dir() and {path.name for path in folder.iterdir()} <= {DECODED}:
        shutil.rmtree(folder, ignore_errors=True)


def mark_used(path: Path) -> None:
    """A file was asked about: of those who sent it, it is the last to be given up. It stays no longer for it."""
    with contextlib.suppress(OSError):
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


def safe_name(name: str) -> str:
    """The last part of a name that a stranger gave, without what means something to a file system or to a page."""
    kept = re.sub(r"[^\w.\- ]", "", name.replace("\\", "/").rsplit("/", 1)[-1]).strip(". ")
    stem, dot, ending = kept.rpartition(".")
    if dot and stem:
        return f"{_cut(stem, LONGEST_NAME)}.{_cut(ending, 10)}"
    return _cut(kept, LONGEST_NAME) or "photograph"


def _cut(text: str, most: int) -> str:
    """The beginning of a text, so many bytes at most, which is how file systems count."""
    return text.encode()[:most].decode(errors="ignore")


def _last_use(path: Path) -> int:
    try:
        return path.stat().st_atime_ns
    except OSError:
        return 0


def _age(path: Path, now: float, by_content: bool = True) -> float:
    """Seconds since a file was written, or else since it came to be here."""
    try:
        return now - (path.lstat().st_mtime if by_content else path.lstat().st_ctime)
    except FileNotFoundError:
        return 0.0


def _ended(folder: Path, now: float) -> bool:
    """Whether nobody holds the lock of a folder any more; where no system tells, whether all in it is old."""
    if fcntl is None:
        return all(_age(file, now) > LIFETIME for file in folder.rglob("*"))
    handle = os.open(folder / LOCK, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
