"""The command line, `python -m vqa COMMAND`.

A command is a module with `add_arguments(parser)` and `run(args)`. `run` returns an exit code or nothing, and raises
`ValueError` or `OSError` for bad input. Only the module of the command asked for is imported.
"""

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence

COMMANDS = {
    "ask": "answer a question about a photograph",
    "caption": "describe a photograph in a sentence",
    "answer": "answer a file of questions about many photographs",
    "maps": "show where the answer to a question comes from",
    "evaluate": "measure accuracy, calibration and intervals on files of questions",
    "retrieve": "measure how well photographs and captions find each other",
    "probe": "measure what an image encoder knows, with a linear probe",
    "train": "train a model from a configuration",
    "easy": "write the pictures and questions of easy-vqa as files",
    "ablate": "measure what co-attention, alignment and hard negatives each contribute",
    "bench": "measure speed and memory",
    "report": "write the tables of measured results into the documents",
}
MODULES = {"answer": "bulk", "maps": "evidence"}  # where it is not the command's own name
BAD_INPUT, INTERRUPTED = 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0 done, 1 not all of it, 2 bad input, 130 interrupted."""
    argv = list(sys.argv[1:] if argv is None else argv)
    commands = {name: text for name, text in COMMANDS.items() if importlib.util.find_spec(_module(name))}
    listing = "\n".join(f"  {name:<10}{text}" for name, text in commands.items())
    parser = argparse.ArgumentParser(
        prog="python -m vqa",
        usage="python -m vqa COMMAND ...",
        description="Asks photographs questions.",
        epilog=f"commands:\n{listing}\n\n`python -m vqa COMMAND --help` tells more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=commands, help=argparse.SUPPRESS)
    command = parser.parse_args(argv[:1]).command

    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        module = importlib.import_module(_module(command))
        command_parser = argparse.ArgumentParser(prog=f"python -m vqa {command}", description=commands[command] + ".")
        module.add_arguments(command_parser)
        code = module.run(command_parser.parse_args(argv[1:]))
        sys.stdout.flush()
        return code or 0
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        print(f"{command}: {_one_line(error)}", file=sys.stderr)
        return BAD_INPUT


def _module(command: str) -> str:
    return f"vqa.{MODULES.get(command, command)}"


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}."
    return " ".join(str(error).split()) or type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
