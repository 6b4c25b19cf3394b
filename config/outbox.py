"""The pauses of the outbox, all in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OutboxSettings:
    # Until the next try of a call, by the number of tries so far.
    backoff: tuple[float, ...] = (1, 2, 5, 10, 20, 30)
    # Until the next call of an account, by the number of its failures in a row.
    account_backoff: tuple[float, ...] = (0, 1, 2, 5, 10, 20, 30)
    # Until the next call of an account that was throttled, if the platform names no time.
    after_throttle: float = 1.0
    # Until the first question after a lost answer: the platform may still be executing the call.
    first_question: float = 3.0
    # How long a platform may go on executing a call that it did not answer in time.
    still_executing: float = 60.0
    # How long a request that names no wait is held at most: a healthy platform needs less.
    default_wait: float = 3.0
    # How long an outcome is written again while the database is busy.
    settle_patience: float = 20.0
