"""Draws docs/drawings/floors.svg from the import contracts: `python -m tests.drawings`."""

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FLOORS_SVG = ROOT / "docs" / "drawings" / "floors.svg"
WIDTH, RIGHT = 980, 940
# From the top floor of stores down.
LABELS = (
    "commands, addresses",
    "people's surfaces",
    "their bases",
    "edges of a process",
    "machinery",
    "tables",
    "who may see what",
    "what apps add",
    "values and helpers",
)
SUBJECTS = {
    "coupons": "group coupons",
    "trip": "Meituan tickets",
    "messaging": "Meituan takeaway",
    "delivery": "couriers (to come)",
}
NOTES = {"platforms": "outbox, inbound, workers, client, pace, tokens"}
HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
width="{width}" height="{height}" role="img" aria-label="Floors of the house">
  <style>
    text {{ font: 14px system-ui, "Helvetica Neue", Arial, sans-serif; fill: #1f2937; }}
    .app {{ font-weight: 700; font-size: 15px; text-anchor: middle; }}
    .what {{ font-size: 12px; fill: #4b5563; text-anchor: middle; }}
    .floor {{ font-size: 12.5px; fill: #374151; }}
    .room {{ font-size: 13px; text-anchor: middle; }}
    .edge {{ fill: none; stroke: #374151; stroke-width: 1.6; marker-end: url(#head); }}
  </style>
  <defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" \
markerHeight="7" orient="auto"><path d="M0 0 10 5 0 10z" fill="#374151"/></marker></defs>
  <rect width="{width}" height="{height}" fill="#ffffff"/>
  <rect x="20" y="16" width="940" height="40" rx="8" fill="#f3f4f6" stroke="#4b5563"/>
  <text class="app" x="490" y="41">config: settings, urls (may import all)</text>
"""


def contracts() -> dict[str, dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {each["name"]: each for each in settings["tool"]["importlinter"]["contracts"]}


def floors_drawing() -> str:
    """Returns the SVG of the domains above stores and of the floors inside stores."""
    known = contracts()
    whole = known["config knows all, a domain knows stores, no domain knows another"]
    floors = known["Nine floors in stores"]["layers"]
    rows = [row for number, floor in enumerate(floors) for row in _rows(number, floor)]
    height = 158 + 48 + 47 * len(rows)
    lines = [HEAD.format(width=WIDTH, height=height + 14)]
    domains = whole["layers"][1].split(" | ")
    lines += [_domain(n, name, len(domains)) for n, name in enumerate(domains)]
    lines.append(_box(20, 158, 940, height - 158, "#ffffff", "#2563eb", 10))
    lines.append('  <text class="app" x="66" y="182">stores</text>')
    lines.append(_text("floor", 100, 182, "a room imports rooms of lower floors only"))
    lines += [_row(194 + 47 * n, label, rooms) for n, (label, rooms) in enumerate(rows)]
    return "\n".join([*lines, "</svg>", ""])


def _rows(number: int, floor: str) -> list[tuple[str, list[str]]]:
    """The rows of one floor: so many that its rooms fit."""
    rooms, rows, width = floor.split(" : "), [[]], 210  # type: ignore[var-annotated]
    for room in rooms:
        if width + _width(room) > RIGHT:
            rows.append([])
            width = 210
        rows[-1].append(room)
        width += _width(room) + 10
    label = f"{len(LABELS) - number}  {LABELS[number]}"
    return [(label if n == 0 else "", row) for n, row in enumerate(rows)]


def _width(room: str) -> int:
    return max(58, int(len(room) * 7.3) + 22)


def _box(x: int, y: int, width: int, height: int, fill: str, stroke: str, radius: int) -> str:
    return (
        f'  <rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" '
        f'fill="{fill}" stroke="{stroke}"/>'
    )


def _text(kind: str, x: int, y: int, text: str) -> str:
    return f'  <text class="{kind}" x="{x}" y="{y}">{text}</text>'


def _domain(number: int, name: str, count: int) -> str:
    width = (940 + 28) // count - 28
    x = 20 + (width + 28) * number
    middle = x + width // 2
    return "\n".join(
        [
            _box(x, 80, width, 52, "#dcfce7", "#15803d", 8),
            _text("app", middle, 102, name),
            _text("what", middle, 121, SUBJECTS.get(name, "")),
            f'  <path class="edge" d="M{middle} 56V78"/>',
            f'  <path class="edge" d="M{middle} 132V156"/>',
        ]
    )


def _row(y: int, label: str, rooms: list[str]) -> str:
    lines = [_box(32, y, 916, 40, "#eff6ff", "none", 6), _text("floor", 44, y + 25, label)]
    x = 210
    for room in rooms:
        width = _width(room)
        lines.append(_box(x, y + 6, width, 28, "#dbeafe", "#2563eb", 6))
        lines.append(_text("room", x + width // 2, y + 25, room))
        x += width + 10
        if room in NOTES:
            lines.append(_text("floor", x, y + 25, NOTES[room]))
            x += 300
    return "\n".join(lines)


if __name__ == "__main__":
    FLOORS_SVG.write_text(floors_drawing(), encoding="utf-8")
    print(f"{FLOORS_SVG.relative_to(ROOT)} is drawn.")
