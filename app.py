"""Serves the page: `python app.py`, then http://127.0.0.1:7860. Also what Hugging Face Spaces runs."""

import argparse
import contextlib
import importlib.util
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from vqa.common.uploads import Uploads

WEIGHTS = Path(__file__).resolve().parent / "weights"
MOST_FILES = 16_384  # open at once
PATIENCE = 5  # seconds that a host's name may take to be found
GPU_SECONDS = 20  # of ZeroGPU, for one answer


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Ask a photograph: the page, served on this machine.")
    host, port = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), os.environ.get("GRADIO_SERVER_PORT", "7860")
    parser.add_argument("--host", default=host, help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=port_number, default=port, help="port to listen on (default: %(default)s)")
    parser.add_argument(
        "--allowed-hosts",
        nargs="+",
        default=os.environ.get("VQA_ALLOWED_HOSTS", "").split(),
        metavar="NAME",
        help="names that requests may call this server by (default: this machine's own where only it is served, "
        "and any elsewhere)",
    )
    parser.add_argument("--weights", type=Path, default=WEIGHTS, metavar="DIR", help="default: the shipped weights")
    parser.add_argument("--device", help="cpu, cuda, ... (default: cpu, and cuda where Spaces lends a GPU)")
    parser.add_argument(
        "--share", action="store_true", help="a public address through gradio's servers (off by default)"
    )
    parser.add_argument(
        "--mcp",
        action=argparse.BooleanOptionalAction,
        help="offer the endpoints to MCP clients (default: where gradio[mcp] is installed)",
    )
    parser.add_argument(
        "--root-path",
        type=root_path,
        default=os.environ.get("GRADIO_ROOT_PATH", ""),
        metavar="/PATH",
        help="where a reverse proxy serves the page, if not at its root",
    )
    return parser.parse_args(arguments)


def port_number(text: str) -> int:
    """An argument that must be a port."""
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"must be a number up to 65535, not {text!r}")
    return int(text)


def root_path(text: str) -> str:
    """An argument that must be the path, or the whole address, at which others find the page."""
    if text and not text.startswith(("/", "http://", "https://")):
        raise argparse.ArgumentTypeError(f"must begin with / (or be an address), not {text!r}")
    return text.rstrip("/")


def prepare_environment() -> None:
    """Before anything is imported: no statistics are sent, and no hub is asked, for the weights are a folder."""
    os.environ.pop("GRADIO_SERVER_NAME", None)  # it was read above; gradio would try its port at no other address
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # there is nothing to wait for


def lent_gpu():
    """The decorator of ZeroGPU on Hugging Face Spaces, and one that does nothing elsewhere."""
    try:
        import spaces
    except ImportError:
        return lambda handler: handler
    return spaces.GPU(duration=GPU_SECONDS)


def allow_connections() -> None:
    """Takes as many open files as the system gives: each connection is one, and the usual 1,024 are soon taken."""
    try:
        import resource
    except ImportError:  # no Unix
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def host_problem(host: str) -> str:
    """Why nothing can listen at `host`; empty where its name was found.

    A resolver that does not answer is not waited for.
    """
    found: list[str] = []

    def look() -> None:
        try:
            socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found.append("")
        except (OSError, UnicodeError):
            found.append(f"There is no host {host!r} to listen at; name one of this machine's addresses in --host.")

    search = threading.Thread(target=look, daemon=True)
    search.start()
    search.join(PATIENCE)
    if not found:
        return f"The host {host!r} was not found within {PATIENCE} seconds; name an address in --host."
    return found[0]


@contextlib.contextmanager
def ended_by_signals(end: Callable[[], None]) -> Iterator[None]:
    """Within, the signals that end a program call `end` first, and nothing that still runs is waited for."""

    def stop(number: int, frame: object) -> None:
        for other in signals:
            signal.signal(other, signal.SIG_IGN)  # whoever is impatient does not break off the end
        end()
        sys.stdout.flush()
        os._exit(0)

    names = [name for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]
    is_main = threading.current_thread() is threading.main_thread()  # no other thread may set them
    signals = [getattr(signal, name) for name in names if is_main]
    before = {number: signal.getsignal(number) for number in signals}
    for number in signals:
        if before[number] is not signal.SIG_IGN:  # as of nohup
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def own_uploads() -> Iterator[Uploads]:
    """A folder for what visitors send, which gradio is told of, and which is gone when the program ends."""
    base = os.environ.get("GRADIO_TEMP_DIR")
    uploads = Uploads.claim(Path(base) if base else None)
    os.environ["GRADIO_TEMP_DIR"] = str(uploads.folder)
    try:
        yield uploads
    finally:
        uploads.remove()
        if base:
            os.environ["GRADIO_TEMP_DIR"] = base
        else:
            del os.environ["GRADIO_TEMP_DIR"]


def main(arguments: list[str] | None = None) -> int:
    args = parse_arguments(arguments)
    args.host = args.host.strip("[]")  # as an address in a URL has them
    prepare_environment()
    try:
        tempfile.gettempdir()  # where gradio keeps uploads: it would fail while it is imported
    except OSError:
        print("There is no temporary folder that can be written to; name one in TMPDIR.", file=sys.stderr)
        return 1
    if problem := host_problem(args.host):
        print(problem, file=sys.stderr)
        return 1
    with contextlib.ExitStack() as stack:
        try:
            uploads = stack.enter_context(own_uploads())
        except OSError as error:
            place = os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir()
            told = f"Photographs cannot be kept in {place}: {error.strerror}. Name another folder in GRADIO_TEMP_DIR."
            print(told, file=sys.stderr)
            return 1
        stack.enter_context(ended_by_signals(uploads.remove))
        return run(args, uploads)


def run(args: argparse.Namespace, uploads: Uploads) -> int:
    """Loads the weights and serves the page until the program is ended; the exit code where it cannot."""
    allow_connections()
    gpu = lent_gpu()  # `spaces` must be imported before torch
    from vqa.inference.predictor import VQAPredictor
    from vqa.ui import build_page, serve, speak_mcp

    device = args.device or ("cuda" if os.environ.get("SPACES_ZERO_GPU") else "cpu")
    try:
        predictor = VQAPredictor.from_pretrained(args.weights, device=device)
    except (OSError, ValueError) as error:
        print(f"The model cannot be loaded. {error}", file=sys.stderr)
        return 1
    has_mcp = importlib.util.find_spec("mcp") is not None
    if args.mcp and not has_mcp:
        print("MCP stays off: its package is not installed (pip install 'gradio[mcp]').", file=sys.stderr)
    with_mcp = has_mcp and args.mcp is not False
    if with_mcp:
        speak_mcp()
    page = build_page(predictor, args.weights, gpu)
    try:
        serve(
            page,
            server_name=args.host,
            uploads=uploads,
            hosts=args.allowed_hosts,
            server_port=args.port,
            share=args.share,
            mcp_server=with_mcp,
            root_path=args.root_path,
        )
    except OSError as error:
        print(f"The page cannot be served on {args.host}:{args.port}: {error}", file=sys.stderr)
        return 1
    page.block_thread()
    return 0


if __name__ == "__main__":
    sys.exit(main())
