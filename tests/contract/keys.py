"""How the problem key_reused is provoked."""

from collections.abc import Callable
from typing import Any

from stores.models import IdempotencyKey


def reused(first: Any, second: Any) -> Callable[..., Any]:
    """Asks twice with one key, for different things."""

    def provoke(ask: Callable[..., Any]) -> Any:
        key = {"Idempotency-Key": "till-1"}
        ask(first, **key)
        return ask(second, **key)

    return provoke


def reused_elsewhere(ask: Callable[..., Any]) -> Any:
    """Asks with a key that was used for something else."""
    key = {"Idempotency-Key": "till-1"}
    ask({}, **key)
    IdempotencyKey.objects.update(fingerprint="something else")
    return ask({}, **key)
