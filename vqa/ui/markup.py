"""Small pieces of HTML. Whatever a visitor or a model wrote passes through `esc` here and comes out as text."""

import base64
import io
import json
from collections.abc import Iterable, Sequence
from html import escape as esc

from PIL import Image


def percent(share: float) -> str:
    """0.0312 as "3.1 %", 0.72 as "72 %", and what is too small to show as "< 0.1 %"."""
    value = 100 * share
    if 0 < value < 0.05:
        return "< 0.1 %"
    return f"{value:.1f} %" if 0 < value < 9.95 else f"{value:.0f} %"


def decimal(value: float, digits: int = 3) -> str:
    """A number without a minus before zero."""
    return f"{round(float(value), digits) + 0.0:.{digits}f}"


def milliseconds(value: float) -> str:
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def picture_url(image: Image.Image) -> str:
    """The picture inside the page itself: nothing is left on a disk for others to find."""
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def download(label: str, name: str, content: dict) -> str:
    """A link that saves `content` as a file of one JSON line: such files can be joined."""
    data = base64.b64encode(json.dumps(content, ensure_ascii=False).encode() + b"\n").decode()
    url = f"data:application/json;base64,{data}"
    return f'<a class="quiet" download="{esc(name)}" href="{url}">{esc(label)}</a>'


def choice(label: str, pick: str, chosen: bool = False, weight: float | None = None, note: str = "") -> str:
    """A button that reports `pick` when it is chosen, shaded by a weight in 0..1 where there is one."""
    shade = "" if weight is None else f' style="--weight:{min(max(weight, 0.0), 1.0):.3f}"'
    note = f"<small>{esc(note)}</small>" if note else ""
    return (
        f'<button type="button" class="choice" data-pick="{esc(pick)}" aria-pressed="{str(chosen).lower()}"{shade}>'
        f"{esc(label)}{note}</button>"
    )


def choices(title: str, buttons: Iterable[str]) -> str:
    """A titled row of buttons."""
    buttons = "".join(buttons)
    return f'<div class="choices" role="group" aria-label="{esc(title)}"><h4>{esc(title)}</h4>{buttons}</div>'


def bars(rows: Sequence[tuple[str, float]]) -> str:
    """Names with their shares, as bars."""
    items = "".join(
        f'<li style="--share:{share:.4f}"><span class="name">{esc(name)}</span><span class="bar"></span>'
        f'<span class="number">{percent(share)}</span></li>'
        for name, share in rows
    )
    return f'<ol class="bars">{items}</ol>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """A table of texts; the first column heads its row."""
    top = "".join(f'<th scope="col">{esc(name)}</th>' if name else "<td></td>" for name in head)
    body = "".join(
        f'<tr><th scope="row">{esc(first)}</th>' + "".join(f"<td>{esc(cell)}</td>" for cell in rest) + "</tr>"
        for first, *rest in rows
    )
    caption = f"<caption>{esc(caption)}</caption>" if caption else ""
    whole = f"<table>{caption}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll" tabindex="0">{whole}</div>'


def notice(message: str, kind: str = "hint") -> str:
    """A line the visitor should read: `hint` or `warning`. Nothing for an empty message."""
    return f'<p class="notice {kind}" role="status">{esc(message)}</p>' if message else ""


def section(title: str, body: str) -> str:
    return f"<section><h3>{esc(title)}</h3>{body}</section>"


def columns(*parts: str) -> str:
    """Parts side by side where there is room, below one another where there is not."""
    return '<div class="columns">' + "".join(f"<div>{part}</div>" for part in parts) + "</div>"
