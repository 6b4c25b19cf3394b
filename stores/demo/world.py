"""The facts that the demo's parts share, kept in a private file between runs."""

import json
import os
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self

from django.utils import timezone

from stores.demo.environment import Places, Ports, write_private
from stores.domains import domain_of


@dataclass
class World:
    """`facts` is JSON and is kept; it holds passwords and API keys, so the file is private."""

    place: Places
    ports: Ports
    facts: dict[str, Any] = field(default_factory=dict)
    now: datetime = field(default_factory=timezone.now)
    # Settings that only this run knows, for the environment of the demo's processes.
    variables: dict[str, str] = field(default_factory=dict)
    # Of business that lie behind a new demo.
    days: int = 28
    # The same people, days and numbers every time; only secrets are random.
    rng: random.Random = field(default_factory=lambda: random.Random(20))  # noqa: S311

    @classmethod
    def load(cls, place: Places, ports: Ports) -> Self:
        facts = json.loads(place.world.read_text(encoding="utf-8")) if place.world.exists() else {}
        return cls(place, ports, facts)

    def replaced(self, platform: str) -> str:
        """Returns the address in the environment that replaces the platform's sandbox; "" when
        there is none.
        """
        found = os.environ.get(self._address(platform)[0], "").rstrip("/")
        return "" if found == self.sandbox_address(platform) else found

    def sandbox_address(self, platform: str) -> str:
        return f"{self.ports.sandbox_url}{self._address(platform)[1]}"

    @staticmethod
    def _address(platform: str) -> tuple[str, str]:
        """Returns the environment variable of a platform's address, and its path at the sandbox."""
        domain = domain_of(platform)
        if domain is None:
            raise LookupError(f"no domain talks to {platform}")
        [address] = domain.sandbox_addresses.items()
        return address

    def save(self) -> None:
        write_private(self.place.world, json.dumps(self.facts, ensure_ascii=False, indent=1))


@dataclass(frozen=True)
class SandboxWord:
    """A message to a platform's control route: `body` at `path` below /_control/<prefix>/."""

    prefix: str
    path: str
    body: Any


class DemoPart(Protocol):
    """One app's part of the demo, named in `Domain.demo`.

    `fact` is the fact that its `fill` leaves.
    """

    fact: str

    def fill(self, world: World) -> None:
        """Creates the app's rows in a transaction; called once per demo, or when the app is new."""

    def connect(self, world: World) -> None:
        """Points the rows at this run's addresses; called at every start."""

    def sandbox_seeds(self, world: World) -> dict[str, Any]:
        """Returns the sandbox's first content, by platform prefix; none for platforms that are
        elsewhere.
        """

    def sandbox_words(self, world: World) -> Iterable[SandboxWord]:
        """Returns what the sandbox is told at every start, because it may have changed:
        addresses.
        """
