"""`eval.json`: the figures of one checkpoint with what they were made from."""

import argparse
import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

from vqa.common.checksums import hash_files, hash_loaded, list_again, loaded_files
from vqa.common.files import check_writable, read_json, write_json
from vqa.data.trained_on import parts_of


class EvalFile:
    """The file beside a checkpoint that the results' tables are written from.

    `evaluate`, `retrieve` and `captions` each write their part. Parts are kept together only while weights and split
    are the same, so that a file never mixes two models.
    """

    def __init__(self, path: Path):
        """Reads `path` where it exists. Raises `ValueError` where it cannot be written or is another kind of file."""
        self.path = path
        self.content: dict = {}
        check_writable(path)
        if path.exists():
            self.content = read_eval(path)

    def write(self, part: dict, args: argparse.Namespace, files: Sequence[Path]) -> None:
        """Writes `part` (keys of `eval.json`) with the options and the hashes of the data `files` behind it."""
        header = {
            "variant": args.variant,
            "split": args.split,
            "seed": args.seed,
            "commit": commit(),
            "weights": hash_weights(args.weights, args.variant),
        }
        if any(self.content.get(key) != header[key] for key in ("variant", "split", "weights")):
            self.content = {}
        data = self.content.get("data", {}) | {file.name: hash_files([file]) for file in files if file.is_file()}
        benchmarks = self.content.get("benchmarks", {})
        for source, figures in part.get("benchmarks", {}).items():
            benchmarks[source] = benchmarks.get(source, {}) | figures  # keeps what was measured without photographs
        self.content |= header | {"data": data} | part | {"benchmarks": benchmarks}
        write_json(self.path, self.content)
        list_again(self.path)

    def add_question_only(self, benchmarks: dict, args: argparse.Namespace) -> None:
        """Puts accuracies without photographs, of these weights or of a model trained without, beside those with.

        Raises `ValueError` where those with photographs are of another split, or of another number of questions.
        """
        if self.content.get("split", args.split) != args.split:
            raise ValueError(
                f"{self.path} has figures of the split {self.content['split']!r}, not {args.split!r}: the two do not "
                "belong side by side. Choose another file, or the same split."
            )
        for source, figures in benchmarks.items():
            with_photographs = self.content.get("benchmarks", {}).get(source)
            if with_photographs is None:
                print(f"{self.path} has no figures for {source} yet; evaluate with photographs first.")
            elif with_photographs["count"] != figures["count"]:
                raise ValueError(
                    f"{self.path} has figures of {with_photographs['count']} questions of {source}, not of "
                    f"{figures['count']}: evaluate with photographs on the same questions first."
                )
            else:
                with_photographs["question_only"] = figures | {"weights": hash_weights(args.weights, args.variant)}
        write_json(self.path, self.content)
        list_again(self.path)


def read_eval(path: Path) -> dict:
    """The content of an `eval.json`. Raises `ValueError`."""
    return read_json(path, {"benchmarks"}, "an evaluation")


def hash_weights(weights: Path, variant: str) -> str:
    """SHA-256 of all files that one checkpoint of a folder of weights is read from: its heads and its encoders.

    It depends on what these hold, and not on where the folder lies or what it is called.
    """
    digest = hashlib.sha256()
    for part, folder in parts_of(weights, variant).items():
        for file in loaded_files(folder):
            digest.update(f"{part}/{file.name} {hash_loaded(file)}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def commit() -> str | None:
    """The commit the code is at, with `+` where the package was changed since; None outside a git repository."""
    package = Path(__file__).resolve().parents[1]

    def git(*args: str) -> subprocess.CompletedProcess:
        return subprocess.run(["git", "--no-optional-locks", *args], cwd=package, capture_output=True, text=True)

    try:
        head = git("rev-parse", "HEAD")
        if head.returncode:
            return None
        return head.stdout.strip() + ("+" if git("diff", "--quiet", "HEAD", "--", ".").returncode else "")
    except OSError:  # no git at hand
        return None
