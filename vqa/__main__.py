"""The command line: `python -m vqa COMMAND`, or `vqa COMMAND` where the package is installed.

A command is a module of `vqa.cli` with `add_arguments(parser)` and `run(args)`; its docstring's first line says what it
does. `run` returns an exit code or nothing, and raises `ValueError` or `OSError` for bad input. Only the module of the
command asked for is imported.
"""

import argparse
import ast
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).parent / "cli"
BAD_INPUT, INTERRUPTED = 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0 done, 1 not all of it, 2 bad input, 130 interrupted."""
    argv = list(sys.argv[1:] if argv is None else argv)
    commands = read_commands()
    program = "vqa" if Path(sys.argv[0]).stem == "vqa" else "python -m vqa"  # as it was called
    listing = "\n".join(f"  {name:<10}{text[0].lower()}{text[1:-1]}" for name, text in commands.items())
    parser = argparse.ArgumentParser(
        prog=program,
        usage=f"{program} COMMAND ...",
        description="Visual question answering: ask questions about photographs.",
        epilog=f"commands:\n{listing}\n\n`{program} COMMAND --help` lists the options of a command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=commands, help=argparse.SUPPRESS)
    command = parser.parse_args(argv[:1]).command

    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        module = importlib.import_module(f"vqa.cli.{command}")
        command_parser = argparse.ArgumentParser(prog=f"{program} {command}", description=commands[command])
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


def read_commands() -> dict[str, str]:
    """Each command, by name, with what it does; nothing is imported for it."""
    commands = {}
    for path in sorted(FOLDER.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in tree.body):
            commands[path.stem] = (ast.get_docstring(tree) or "").splitlines()[0]
    return commands


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}."
    return " ".join(str(error).split()) or type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
