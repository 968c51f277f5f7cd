"""A visitor who speaks plain HTTP, as a program would: uploads a photograph, asks, and reads the events."""

import json
import re
import urllib.request

TIMEOUT = 120


def post(url: str, body: bytes, kind: str) -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        return response.read()


def upload(address: str, name: str, data: bytes) -> str:
    """The server's path of an uploaded file, whose name may be a lie. Raises `HTTPError` where it is refused."""
    head = f'--edge\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
    body = head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + data + b"\r\n--edge--\r\n"
    return json.loads(post(f"{address}gradio_api/upload", body, "multipart/form-data; boundary=edge"))[0]


def call(address: str, endpoint: str, data: list) -> str:
    """The events that an endpoint answers with. Raises `HTTPError` where the queue is full."""
    url = f"{address}gradio_api/call/{endpoint}"
    event = json.loads(post(url, json.dumps({"data": data}).encode(), "application/json"))["event_id"]
    with urllib.request.urlopen(f"{url}/{event}", timeout=TIMEOUT) as response:
        return response.read().decode()


def uploaded(path: str) -> dict:
    """What a client sends for a file it has uploaded."""
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def outcome(events: str) -> tuple[str, object]:
    """The last event and what it holds: `complete` with the results, or `error` with the reason.

    Raises `ValueError` where the stream ended before.
    """
    found = re.findall(r"^event: (\w+)\ndata: (.*)$", events, re.MULTILINE)
    if not found:
        raise ValueError("The events ended without a result.")
    return found[-1][0], json.loads(found[-1][1])
