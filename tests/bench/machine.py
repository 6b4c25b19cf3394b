"""How busy the machine was, and with what: /proc before and after."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """Seconds of processor time since the machine started, and per session of processes (sid →
    seconds).
    """

    at: float
    busy: float
    sessions: dict[int, float]


def usage() -> Usage:
    fields = [int(part) for part in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return Usage(time.monotonic(), (sum(fields) - idle) / TICKS, _sessions())


def _sessions() -> dict[int, float]:
    seconds: dict[int, float] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The command's name stands in parentheses and may hold anything.
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        session, used = int(fields[3]), (int(fields[11]) + int(fields[12])) / TICKS
        seconds[session] = seconds.get(session, 0.0) + used
    return seconds


def busy_share(before: Usage, after: Usage) -> float:
    """Share of all cores that were busy, by whomever."""
    return (after.busy - before.busy) / (after.at - before.at) / (os.cpu_count() or 1)


def cores_used(before: Usage, after: Usage, *sessions: int) -> float:
    """Cores that these sessions kept busy on average; processes that ended meanwhile are not
    seen.
    """
    used = sum(after.sessions.get(one, 0.0) - before.sessions.get(one, 0.0) for one in sessions)
    return max(0.0, used) / (after.at - before.at)


def load_of_others() -> str:
    one, five, _ = os.getloadavg()
    return f"{one:.1f} over one minute, {five:.1f} over five"
