"""Serves the page: `python app.py`, then http://127.0.0.1:7860. Also what Hugging Face Spaces runs."""

import argparse
import importlib.util
import os
import sys
import tempfile
from pathlib import Path

WEIGHTS = Path(__file__).resolve().parent / "weights"
GPU_SECONDS = 20  # of ZeroGPU, for one answer


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Ask a photograph: the page, served on this machine.")
    host, port = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), os.environ.get("GRADIO_SERVER_PORT", "7860")
    parser.add_argument("--host", default=host, help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=port_number, default=port, help="port to listen on (default: %(default)s)")
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


def main(arguments: list[str] | None = None) -> int:
    args = parse_arguments(arguments)
    prepare_environment()
    try:
        tempfile.gettempdir()  # where gradio keeps uploads: it would fail while it is imported
    except OSError:
        print("There is no temporary folder that can be written to; name one in TMPDIR.", file=sys.stderr)
        return 1
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
