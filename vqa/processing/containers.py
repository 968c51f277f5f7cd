"""What a decoder is handed of a strange file: the parts that make its pixels, counted before a decoder sees one.

A small file may ask for much work in ways that its width and height don't show: thousands of scans over the same
pixels, metadata that grows when it is unpacked, millions of empty parts, strips that all name the same bytes. Each
kind of file has a walker here that passes over its parts once, without unpacking any. Comments, profiles, thumbnails
and later frames are left out; how the camera was held is kept.
"""

import re
from dataclasses import dataclass

from .metadata import check_tiff

MOST_PARTS = 10_000  # of an honest file: some dozens, and in a PNG one for each few kilobytes
MOST_PADDING = 2**16  # bytes between two parts of a JPEG
MOST_BOX = 2**18  # bytes that describe an AVIF picture; its pixels lie elsewhere
PNG_KEPT = (b"PLTE", b"tRNS", b"IDAT", b"eXIf", b"IEND")
WEBP_KEPT = (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"EXIF")
JPEG_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # FF00 is data, FFD0 to FFD7 stand between data
JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
JPEG_APPLICATION = {0xE0: b"JFIF\0", 0xE1: b"Exif\0\0", 0xEE: b"Adobe"}  # what else an application writes is left out
PPM_START = re.compile(rb"P[0-6fy]")
PPM_HEADER = re.compile(rb"P[\w]{1,4}(?:\s+(?:#[^\r\n]*[\r\n]\s*)*[\d.+-]+){2,3}\s")
PPM_LONGEST_HEADER = 4096


@dataclass(frozen=True)
class Bare:
    """A file without what its pixels don't need, and how often a decoder passes over all of them."""

    data: bytes
    passes: int = 1


def bare(data: bytes) -> Bare:
    """The parts of a file that a decoder needs. Raises `ValueError` for a file that no honest program writes."""
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Bare(_png(data))
    if data.startswith((b"GIF87a", b"GIF89a")):
        return Bare(_gif(data))
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return Bare(_webp(data))
    if data[:2] in (b"II", b"MM"):
        check_tiff(data)
    elif data[4:8] == b"ftyp":
        _check_avif(data)
    elif PPM_START.match(data) and PPM_HEADER.match(data[:PPM_LONGEST_HEADER]) is None:
        raise ValueError("The header of this PPM file has no end.")
    return Bare(data)


def _jpeg(data: bytes) -> Bare:
    """The first picture of a JPEG: its tables, scans and size, and one block of EXIF."""
    kept, seen, at, scans, components, parts = [b"\xff\xd8"], set(), 2, 0, 1, 0
    while (found := JPEG_MARKER.search(data, at)) is not None:
        start, code = found.span()[0], data[found.end() - 1]
        if scans:
            kept.append(data[at:start])
        elif start - at > MOST_PADDING:
            raise ValueError("There is too much between the parts of this JPEG.")
        if code == 0xD9:  # the end; a telephone's second picture may follow
            return Bare(b"".join([*kept, b"\xff\xd9"]), scans)
        parts = _count(parts)
        if code in (0x01, 0xD8):  # they have no length
            at = found.end()
            continue
        length = int.from_bytes(data[start + 2 : start + 4], "big")
        if length < 2:
            raise ValueError("A part of this JPEG has no length.")
        at = start + 2 + length
        if code in JPEG_FRAMES:
            components = max(components, data[start + 9] if start + 9 < len(data) else 1)
        if code == 0xDA:
            alone = scans == 0 and start + 4 < len(data) and data[start + 4] < components
            scans += 2 if alone else 1  # each component has scans of its own
        if 0xE0 <= code <= 0xEF or code == 0xFE:
            wanted = JPEG_APPLICATION.get(code)
            if wanted is None or code in seen or not data.startswith(wanted, start + 4):
                continue
            seen.add(code)
        kept.append(data[start:at])
    return Bare(b"".join([*kept, data[at:]] if scans else kept), max(scans, 1))


def _png(data: bytes) -> bytes:
    """A PNG without text, profiles and the frames of an animation."""
    kept, at, parts, most = [data[:8]], 8, 0, MOST_PARTS + len(data) // 512
    while at + 8 <= len(data):
        name, end = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4], "big")
        parts = _count(parts, most)
        if name in PNG_KEPT or (name == b"IHDR" and at == 8):
            kept.append(data[at:end])
        if name == b"IEND":
            break
        at = end
    return b"".join(kept)


def _gif(data: bytes) -> bytes:
    """A GIF from its first frame on, with what says which colour of the frame is clear."""
    at = 13 + (3 << (data[10] & 7) + 1 if len(data) > 10 and data[10] & 128 else 0)
    head, control, parts = data[:at], b"", 0
    while at < len(data) and data[at] != 0x2C:  # a frame
        start, extension = at, data[at] == 0x21
        parts, at = _count(parts), at + (2 if extension else 1)
        while extension and at < len(data) and data[at]:
            parts, at = _count(parts), at + 1 + data[at]
        at += extension
        if data[start : start + 2] == b"\x21\xf9":
            control = data[start:at]
    return head + control + data[at:]


def _webp(data: bytes) -> bytes:
    """A WebP without profile and XMP, and of an animation the first frame."""
    kept, at, parts, frames = [], 12, 0, 0
    while at + 8 <= len(data):
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        end, parts = at + 8 + length + length % 2, _count(parts)
        if name == b"VP8X":  # its flags say which parts follow: a profile is 32, XMP is 4
            kept.append(data[at : at + 8] + bytes([data[at + 8] & ~36]) + data[at + 9 : end] if length else b"")
        elif name in WEBP_KEPT or (name == b"ANMF" and not frames):
            kept.append(data[at:end])
        frames, at = frames + (name == b"ANMF"), end
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _check_avif(data: bytes) -> None:
    """Raises `ValueError` where the description of a picture is long: it is searched for each of its parts anew."""
    at, parts = 0, 0
    while at + 8 <= len(data):
        length, name, parts = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], _count(parts)
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        length = length or len(data) - at  # none: to the end
        if name in (b"meta", b"moov") and length > MOST_BOX:
            raise ValueError("The description of this AVIF picture is too long.")
        at += max(length, 8)


def _count(parts: int, most: int = MOST_PARTS) -> int:
    if parts >= most:
        raise ValueError("The file has too many parts.")
    return parts + 1
