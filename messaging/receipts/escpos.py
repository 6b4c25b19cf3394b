"""Receipts as bytes for ESC/POS printers, as Chinese ones understand them
(docs/platforms/takeaway.md §7).

Text is GBK in Chinese mode. A row is centred by blanks and a picture by white dots, so that a row
has the same text here and in the preview.
"""

from collections.abc import Iterable

from messaging.receipts.lines import Line, Paper, Picture, Size, lay_out
from messaging.receipts.texts import ENCODING

ESC, FS, GS = b"\x1b", b"\x1c", b"\x1d"
# Resets the printer, then Chinese mode: some printers begin in it, others do not.
START = ESC + b"@" + FS + b"&"
# Four rows of paper, so that the last one leaves the printer.
FEED = ESC + b"d\x04"
CUT = GS + b"V\x42\x00"
MOST_BEEPS = 9
# The length of a beep, in units of 50 ms.
BEEP = 3


def receipt_bytes(
    lines: Iterable[Line], paper: Paper, *, cut: bool = True, beeps: int = 0
) -> bytes:
    """Returns one print job; with `beeps` (at most 9) the printer's buzzer sounds first."""
    made = [START]
    if beeps:
        made.append(ESC + b"B" + bytes([min(beeps, MOST_BEEPS), BEEP]))
    size, bold = Size.NORMAL, False
    for row in lay_out(lines, paper):
        if isinstance(row, Picture):
            made.append(_raster(row))
            continue
        if row.size != size:
            made.append(GS + b"!" + bytes([row.size]))
        if row.bold != bold:
            made.append(ESC + b"E" + bytes([row.bold]))
        size, bold = row.size, row.bold
        made.append(row.text.encode(ENCODING) + b"\n")
    made.append(FEED)
    if cut:
        made.append(CUT)
    return b"".join(made)


def _raster(picture: Picture) -> bytes:
    """GS v 0: bytes across and dots down, each as two bytes, the low one first."""
    across, down = len(picture.dots[0]), len(picture.dots)
    head = GS + b"v0\x00" + across.to_bytes(2, "little") + down.to_bytes(2, "little")
    return head + b"".join(picture.dots)
