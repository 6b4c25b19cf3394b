"""What a receipt printer makes of the bytes that reach it: commands are obeyed, the rest is GBK."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

DLE, ESC, FS, GS = 0x10, 0x1B, 0x1C, 0x1D
EOT = 0x04
# Bytes that follow the two of a command; a raster picture and a cut bring their own lengths.
_ARGUMENTS = {
    (ESC, ord("@")): 0,
    (ESC, ord("E")): 1,
    (ESC, ord("d")): 1,
    (ESC, ord("a")): 1,
    (ESC, ord("B")): 2,
    (FS, ord("&")): 0,
    (FS, ord(".")): 0,
    (GS, ord("!")): 1,
}
_RASTER_HEAD, _CUT = 8, (GS, ord("V"))
# Cuts with a third byte: so many dots of paper before the cut.
_FEEDING_CUTS = (0x41, 0x42)


@dataclass
class Sheet:
    """A piece of paper: what stands on it until it was cut, or until the printer stopped."""

    at: float
    number: int = 0
    rows: list[str] = field(default_factory=list)
    beeps: int = 0
    pictures: int = 0
    is_cut: bool = False

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "text": "\n".join(self.rows)}


class Reader:
    """Reads a stream of bytes in any pieces. `sheet` is the paper that is being printed."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self._bytes = bytearray()
        self._row = bytearray()

    @property
    def is_blank(self) -> bool:
        return not (self.sheet.rows or self.sheet.beeps or self.sheet.pictures or self._row)

    def add(self, data: bytes) -> None:
        self._bytes += data

    def tear(self) -> None:
        """Takes what stands in an unfinished row onto the paper."""
        if self._row:
            self._end_row()

    def step(self) -> str | int | None:
        """Obeys the next command or takes the next character.

        Returns the n of a question `DLE EOT n`, "row" or "cut" after these, "" after anything else,
        and None when more bytes are needed.
        """
        data = self._bytes
        if not data:
            return None
        first = data[0]
        if first == DLE:
            if len(data) < 3:
                return None
            asked = data[2] if data[1] == EOT else 0
            del data[:3]
            return asked or ""
        if first in (ESC, FS, GS):
            return self._command()
        del data[0]
        if first == 0x0A:
            self._end_row()
            return "row"
        if first >= 0x20:
            self._row.append(first)
        return ""

    def _command(self) -> str | None:
        data = self._bytes
        if len(data) < 2:
            return None
        name = (data[0], data[1])
        length = self._length(name)
        if length is None or len(data) < length:
            return None
        arguments = bytes(data[2:length])
        del data[:length]
        if name == (ESC, ord("B")):
            self.sheet.beeps += arguments[0]
        elif name == (GS, ord("v")):
            self.sheet.pictures += 1
            self.sheet.rows.append("[图]")
        elif name == _CUT:
            self.tear()
            self.sheet.is_cut = True
            return "cut"
        return ""

    def _length(self, name: tuple[int, int]) -> int | None:
        data = self._bytes
        if name == (GS, ord("v")):
            if len(data) < _RASTER_HEAD:
                return None
            across, down = (int.from_bytes(data[n : n + 2], "little") for n in (4, 6))
            return _RASTER_HEAD + across * down
        if name == _CUT:
            return None if len(data) < 3 else 3 + (data[2] in _FEEDING_CUTS)
        return 2 + _ARGUMENTS.get(name, 0)

    def _end_row(self) -> None:
        self.sheet.rows.append(self._row.decode("gbk", "replace"))
        self._row.clear()
