"""Pictures and films of codes, as files."""

import struct
import zlib
from pathlib import Path

import segno

Rows = list[bytearray]


def picture_of(
    *texts: str,
    width: int = 640,
    height: int = 480,
    side: int = 10,
    border: int = 4,
    inverted: bool = False,
) -> Rows:
    """A grey picture, row by row, with the QR codes of the texts side by side in its middle.

    `side` is the length of a module in points.
    """
    ground = 16 if inverted else 235
    rows = [bytearray([ground]) * width for _ in range(height)]
    share = width // max(len(texts), 1)
    for place, text in enumerate(texts):
        code = [
            list(row)
            for row in segno.make(text, error="m", micro=False).matrix_iter(
                scale=side, border=border
            )
        ]
        left = place * share + (share - len(code)) // 2
        top = (height - len(code)) // 2
        for y, row in enumerate(code):
            for x, dark in enumerate(row):
                rows[top + y][left + x] = 16 if bool(dark) != inverted else 235
    return rows


def film(path: Path, rows: Rows) -> Path:
    """A film (Y4M) of one picture, which stands still before the camera."""
    width, height = len(rows[0]), len(rows)
    frame = b"FRAME\n" + b"".join(rows) + bytes([128]) * (width * height // 2)
    path.write_bytes(f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420\n".encode() + frame * 10)
    return path


def png(path: Path, rows: Rows) -> Path:
    path.write_bytes(png_of(rows))
    return path


def png_of(rows: Rows) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    lines = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")
