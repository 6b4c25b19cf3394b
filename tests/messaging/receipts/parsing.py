"""A printer that knows only the commands that a receipt may contain."""

from dataclasses import dataclass, field

# Commands and the number of their arguments.
COMMANDS = {
    b"\x1b@": 0,
    b"\x1c&": 0,
    b"\x1bB": 2,
    b"\x1bE": 1,
    b"\x1bd": 1,
    b"\x1d!": 1,
    b"\x1dV\x42": 1,
    b"\x1dv0": 5,
}
RESET, CHINESE, BUZZER, BOLD, FEED, SIZE, CUT, RASTER = COMMANDS
WIDTH_OF_SIZE = {0x00: 1, 0x01: 1, 0x11: 2}


@dataclass
class Printed:
    """The rows of text with the columns that each takes, the commands with their arguments, and the
    dots of pictures.
    """

    rows: list[str] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    commands: list[bytes] = field(default_factory=list)
    dots: list[bytes] = field(default_factory=list)


def parse(job: bytes) -> Printed:
    """Raises KeyError for any other command, UnicodeDecodeError for text that is no GBK."""
    printed, row, size, at = Printed(), b"", 1, 0
    while at < len(job):
        if job[at] == 0x0A:
            printed.rows.append(row.decode("gbk"))
            printed.widths.append(len(row) * size)
            row, at = b"", at + 1
        elif job[at] < 0x20 or job[at] == 0x7F:
            assert row == b"", "a command stands inside a row"
            name = job[at : at + 2] if job[at : at + 2] in COMMANDS else job[at : at + 3]
            end = at + len(name) + COMMANDS[name]
            printed.commands.append(job[at:end])
            if name == SIZE:
                size = WIDTH_OF_SIZE[job[end - 1]]
            if name == RASTER:
                across = int.from_bytes(job[end - 4 : end - 2], "little")
                down = int.from_bytes(job[end - 2 : end], "little")
                printed.dots += [job[end + across * n :][:across] for n in range(down)]
                end += across * down
            at = end
        else:
            length = 2 if job[at] > 0x80 else 1
            row += job[at : at + length]
            at += length
    assert row == b"", "the last row does not end"
    return printed
