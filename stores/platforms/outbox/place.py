"""Where a waiting call stands. Imports nothing of ours."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PlaceInLine:
    """Where a waiting call stands: `position` 1 is next; `seconds` is an estimate until its answer, None while the
    platform does not answer and nobody can tell."""

    position: int
    seconds: int | None

    @property
    def is_held_up(self) -> bool:
        return self.seconds is None
