"""Measure speed and memory.

One run measures everything: how long answers take and what they cost, beside models that others published.
"""

import argparse
from pathlib import Path

from vqa.cli.arguments import add_model_arguments, load_predictor
from vqa.common.files import check_writable, write_json
from vqa.evaluate.costs import measure_costs
from vqa.evaluate.records import commit, hash_weights
from vqa.evaluate.speed import Here, measure_growth, measure_speed
from vqa.evaluate.tables import HERE, costs_table, growth_table, speed_table

FILE = "bench.json"
ROUNDS = {"single": 15, "bulk": 3, "growth": 5, "start": 3}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, metavar=FILE, help=f"default: {FILE} beside the weights")
    parser.add_argument(
        "--quick", action="store_true", help="a trial: one round, against small stand-ins, saved only to --out"
    )
    add_model_arguments(parser)


def run(args: argparse.Namespace) -> None:
    out = args.out or (None if args.quick else args.weights / FILE)
    if out:
        check_writable(out)
    rounds = dict.fromkeys(ROUNDS, 1) if args.quick else ROUNDS
    predictor = load_predictor(args)
    costs = measure_costs(args.weights, args.variant, rounds["start"])
    import torch

    from vqa.evaluate.rivals import RIVALS

    here = Here(predictor, args.variant)
    rivals = {name: rival(predictor.processor, args.device, args.quick) for name, rival in RIVALS.items()}
    bench = {
        "device": args.device,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "variant": args.variant,
        "commit": commit(),
        "weights": hash_weights(args.weights, args.variant),
        "parameters": {HERE: here.parameters} | {name: rival.parameters for name, rival in rivals.items()},
        "speed": measure_speed({HERE: here} | rivals, rounds),
        "growth": measure_growth(here, rounds["growth"], 4 if args.quick else None),
        "costs": costs,
    }
    print(speed_table(bench), growth_table(bench), costs_table(bench), sep="\n\n")
    if out:
        write_json(out, bench)
