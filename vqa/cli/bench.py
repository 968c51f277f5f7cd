"""Measure speed and memory.

How long answers take and what they cost, beside models that others published. Each part is saved as it is measured:
after an interruption, run it again and it goes on.
"""

import argparse
import json
import platform
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import vqa
from vqa.cli.arguments import add_model_arguments, load_predictor
from vqa.common.checksums import hash_files
from vqa.common.files import check_writable, write_json
from vqa.evaluate.costs import measure_costs
from vqa.evaluate.records import commit, hash_weights
from vqa.evaluate.speed import Here, growth_parts, speed_parts
from vqa.evaluate.tables import HERE, costs_table, growth_table, speed_table

FILE = "bench.json"
ROUNDS = {"single": 15, "bulk": 3, "growth": 5, "start": 3}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, metavar=FILE, help=f"default: {FILE} beside the weights")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a trial: one round, with small stand-ins for the other models; saved only if --out is given",
    )
    add_model_arguments(parser)


def run(args: argparse.Namespace) -> None:
    out = args.out or (None if args.quick else args.weights / FILE)
    if out:
        check_writable(out)
    rounds = dict.fromkeys(ROUNDS, 1) if args.quick else ROUNDS
    predictor = load_predictor(args)
    import torch

    from vqa.evaluate.rivals import RIVALS

    here = Here(predictor, args.variant)
    rivals = {name: rival(predictor.processor, args.device, args.quick) for name, rival in RIVALS.items()}
    header = {
        "device": args.device,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "variant": args.variant,
        "commit": commit(),
        "weights": hash_weights(args.weights, args.variant),
        "parameters": {HERE: here.parameters} | {name: rival.parameters for name, rival in rivals.items()},
    }
    speed = speed_parts({HERE: here} | rivals, rounds)
    growth = growth_parts(here, rounds["growth"], 4 if args.quick else None)
    code = hash_files(sorted(Path(vqa.__file__).parent.rglob("*.py")))
    made_from = header | {"rounds": rounds, "machine": platform.node(), "code": code}
    measured = Parts(out and out.with_name(out.name + ".parts"), made_from)
    costs = {"costs": partial(measure_costs, args.weights, args.variant, rounds["start"])}
    for name, measure in {**speed, **growth, **costs}.items():
        measured.take(name, measure)
    bench = header | {
        "speed": {task: times for name in speed for task, times in measured.found[name].items()},
        "growth": {name: measured.found[name] for name in growth},
        "costs": measured.found["costs"],
    }
    print(speed_table(bench), growth_table(bench), costs_table(bench), sep="\n\n")
    if out:
        write_json(out, bench)
        measured.drop()


class Parts:
    """What is measured so far, in a file of its own until all is there, so that an interrupted run goes on.

    It is taken up again only where it was made from the same: model, code, machine and settings.
    """

    def __init__(self, path: Path | None, made_from: dict):
        """Reads `path` where it exists; None keeps nothing."""
        self.path, self.made_from = path, made_from
        self.found: dict[str, dict] = {}
        if path is not None and path.is_file():
            try:
                saved = json.loads(path.read_bytes())
                differing = [key for key, value in made_from.items() if saved["made_from"].get(key) != value]
                found = dict(saved["found"])
            except (ValueError, TypeError, KeyError, AttributeError):
                differing = ["file"]
            if differing:
                _tell(f"{path} is measured anew: {', '.join(differing)} differ{'s' * (len(differing) == 1)}.")
            else:
                self.found = found

    def take(self, name: str, measure: Callable[[Callable], dict]) -> dict:
        """What an earlier run found, or what `measure(tell)` finds, which is saved at once."""
        if name in self.found:
            _tell(f"{name}: taken from the run that was interrupted")
        else:
            self.found[name] = measure(lambda round: _tell(f"{name}: {round}"))
            if self.path is not None:
                write_json(self.path, {"made_from": self.made_from, "found": self.found})
        return self.found[name]

    def drop(self) -> None:
        """Deletes the file, when all is measured and saved."""
        self.path.unlink(missing_ok=True)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
