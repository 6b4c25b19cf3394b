"""The place of a waiting call. Imports nothing of ours."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PlaceInLine:
    """The place of a waiting call in its account's line; `position` 1 is next.

    `seconds` estimates the time until its answer; None while the platform does not answer.
    """

    position: int
    seconds: int | None

    @property
    def is_held_up(self) -> bool:
        return self.seconds is None
