"""MCP clients are told what a photograph may be, and get no more than that: gradio would offer to fetch addresses."""

import re
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

PHOTOGRAPH = "a data: URI (data:image/jpeg;base64,…), or the path of a file uploaded to /gradio_api/upload"
UPLOADED = re.compile(r"^https?://[^/]+(?:/[^?#]*)?/gradio_api/file=")  # how gradio's own helper names an upload


def speak_mcp() -> None:
    """Makes gradio's MCP server ours. To be called before the page is launched; needs the package `mcp`."""
    from gradio import mcp

    class PhotographServer(mcp.GradioMCPServer):
        """Gradio's server with photographs as the other endpoints take them."""

        def simplify_filedata_schema(self, schema: dict[str, Any]) -> tuple[dict[str, Any], list]:
            simplified, places = super().simplify_filedata_schema(schema)
            for place in places:
                simplified["properties"][place[0]]["format"] = PHOTOGRAPH
            return simplified, places

        def convert_strings_to_filedata(self, value: Any, filedata_positions: list) -> Any:
            photographs = {place[0] for place in filedata_positions}
            value = {
                name: _photograph(sent) if name in photographs and isinstance(sent, str) else sent
                for name, sent in value.items()
            }
            return super().convert_strings_to_filedata(value, filedata_positions)

    mcp.GradioMCPServer = PhotographServer


def _photograph(sent: str) -> Any:
    """What a client sent as a photograph, for gradio to read. Raises `ValueError` for what is none."""
    from gradio_client import handle_file

    if sent.startswith("data:"):
        return sent
    path = Path(UPLOADED.sub("", sent))
    if path.resolve().is_relative_to(Path(get_upload_folder()).resolve()) and path.is_file():
        return handle_file(str(path))
    raise ValueError(f"A photograph is {PHOTOGRAPH}. Addresses are not fetched.")
