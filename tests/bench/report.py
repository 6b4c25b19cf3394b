"""What the benchmark prints: one row per figure, with its target and the raw figures behind it."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from unicodedata import east_asian_width


@dataclass(frozen=True)
class Figure:
    """`value` is compared with `target` (None: only informative).

    `at_least` says which side is good.
    """

    name: str
    value: float
    raw: str
    target: float | None = None
    at_least: bool = True

    @property
    def verdict(self) -> str:
        if self.target is None:
            return "-"
        good = self.value >= self.target if self.at_least else self.value <= self.target
        return "PASS" if good else "below"

    @property
    def goal(self) -> str:
        if self.target is None:
            return ""
        sign = ">=" if self.at_least else "<="
        return f"{sign} {self.target:g}"


@dataclass
class Report:
    """Everything measured, in the order of measuring; `about` describes the machine and the run."""

    about: dict[str, str] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)

    def add(self, figure: Figure) -> None:
        self.figures.append(figure)
        print(f"  {figure.name}: {figure.value:.3g} {figure.verdict}  ({figure.raw})", flush=True)

    def table(self) -> str:
        head = ("name", "ratio", "target", "", "raw figures")
        rows = [
            (one.name, f"{one.value:.3g}", one.goal, one.verdict, one.raw) for one in self.figures
        ]
        widths = [max(_width(row[column]) for row in (head, *rows)) for column in range(4)]
        lines = ["  ".join([*_padded(row, widths), row[4]]) for row in (head, *rows)]
        about = [f"{name}: {text}" for name, text in self.about.items()]
        return "\n".join([*about, "", lines[0], "-" * 100, *lines[1:]])

    def write_json(self, path: Path) -> None:
        figures = [asdict(one) | {"verdict": one.verdict} for one in self.figures]
        path.write_text(
            json.dumps({"about": self.about, "figures": figures}, indent=2, ensure_ascii=False)
            + "\n"
        )


def _width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=False)]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else float("nan")
