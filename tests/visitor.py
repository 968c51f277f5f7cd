"""A visitor who speaks plain HTTP, as a program would: uploads a photograph, asks, and reads the events."""

import json
import re
import urllib.request

TIMEOUT = 120


def post(url: str, body: bytes, kind: str, **headers: str) -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": kind, **headers})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        return response.read()


def upload(address: str, name: str, data: bytes) -> str:
    """The server's path of an uploaded file, whose name may be a lie. Raises `HTTPError` where it is refused."""
    head = f'--edge\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
    body = head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + data + b"\r\n--edge--\r\n"
    return json.loads(post(f"{address}gradio_api/upload", body, "multipart/form-data; boundary=edge"))[0]


def call(address: str, endpoint: str, data: list, **headers: str) -> str:
    """The events that an endpoint answers with. Raises `HTTPError` where the queue is full."""
    url = f"{address}gradio_api/call/{endpoint}"
    event = json.loads(post(url, json.dumps({"data": data}).encode(), "application/json", **headers))["event_id"]
    with urllib.request.urlopen(urllib.request.Request(f"{url}/{event}", headers=headers), timeout=TIMEOUT) as response:
        return response.read().decode()


def from_afar(number: int) -> dict[str, str]:
    """The header by which a proxy on this machine tells the address of a visitor: each number has its own."""
    return {"X-Forwarded-For": f"10.0.{number // 256}.{number % 256}"}


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


class Page:
    """The page in a browser, as far as the server can tell: a session that the server gave, and the page's events."""

    def __init__(self, address: str):
        self.address = address
        with urllib.request.urlopen(f"{address}session", timeout=TIMEOUT) as response:
            self.session = response.read().decode()
        with urllib.request.urlopen(f"{address}config", timeout=TIMEOUT) as response:
            config = json.load(response)
        self.functions = {function["api_name"]: function for function in config["dependencies"]}
        self.values = {part["id"]: part["props"].get("value") for part in config["components"]}
        self.parts = {part["props"].get("elem_id"): part["id"] for part in config["components"]}

    def send(self, name: str, event_data: dict | None = None, **given: object) -> list:
        """What an event of the page answers with; `given` are its parts' values by their ids on the page.

        Raises `HTTPError` where it is refused, and `ValueError` where it fails.
        """
        function = self.functions[name]
        values = self.values | {self.parts[part]: value for part, value in given.items()}
        data = [values[part] for part in function["inputs"]]
        body = {"data": data, "fn_index": function["id"], "session_hash": "page", "event_data": event_data}
        self._request("gradio_api/queue/join", json.dumps(body).encode())
        for line in self._request("gradio_api/queue/data?session_hash=page").splitlines():
            message = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
            if message.get("msg") == "process_completed":
                if not message["success"]:
                    raise ValueError(message["output"].get("error"))
                outputs = message["output"]["data"]
                for part, value in zip(function["outputs"], outputs, strict=True):
                    if isinstance(value, (str, int, float)):
                        self.values[part] = value
                return outputs
        raise ValueError("The events ended without a result.")

    def choose(self, data: bytes) -> None:
        """Uploads a photograph and shows it to the model."""
        head = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="cat.jpg"\r\n\r\n'
        kind = "multipart/form-data; boundary=edge"
        path = json.loads(self._request("gradio_api/upload", head + data + b"\r\n--edge--\r\n", kind))[0]
        self.send("on_photo", photo=uploaded(path))

    def ask(self, question: str) -> bool:
        """Whether a question about the chosen photograph is answered."""
        return any(f">{question}<" in str(value) for value in self.send("on_ask", question=question))

    def _request(self, path: str, body: bytes | None = None, kind: str = "application/json") -> str:
        headers = {"Content-Type": kind, "X-Session": self.session}
        asked = urllib.request.Request(self.address + path, body, headers)
        with urllib.request.urlopen(asked, timeout=TIMEOUT) as response:
            return response.read().decode()
