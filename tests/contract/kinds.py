"""What an app's tests/<app>/contract.py says about its admins, API routes, outbox calls and
endpoints.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.contrib.auth.models import User
from django.db import models
from django.http import HttpResponse

from stores.models import Merchant, OutboundCall, Store

NOBODY = "nobody"


@dataclass(frozen=True)
class Expect:
    """The lowest role that may view, add and change rows of one admin; nobody may delete.

    `unseen` are roles that may view such rows, but not the row of `two_merchants`.
    `pages` are further pages of a row, each with the lowest role that may open it.
    `buttons` are those of a row that a clerk may press; all others need a higher role.
    """

    view: str
    add: str = NOBODY
    change: str = NOBODY
    unseen: tuple[str, ...] = ()
    pages: dict[str, str] = field(default_factory=dict)
    buttons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """One API route below /api/v1/.

    `scope` names the scopes of which a key needs one.
    `expected` is the status for each of `ACTORS` in tests/contract/test_api_routes.py.
    `sends` is true if the request sends to a platform in a thread of its own.
    """

    method: str
    path: str
    scope: str
    expected: tuple[int, ...]
    body: Any = None
    is_list: bool = False
    sends: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def id_for(path: str, ids: Mapping[str, int | str], parameter: str) -> int | str | None:
    """The id that the api_ids have for a parameter of a route's path: their entry for the path with
    * for its parameters, for the parameter, or for the first word of the path.
    """
    starred = re.sub(r"<[^>]*>|{[^}]*}", "*", path)
    names = (starred, parameter, path.split("/")[0])
    return next((ids[name] for name in names if name in ids), None)


@dataclass(frozen=True)
class OperationContract:
    """How the contract tests make one kind of outbound call and read its business row."""

    platform: str
    # The `call` in tests/fixtures/<platform>/*.json whose answers are understood, and our client's
    # call for it.
    remote_call: str
    answer: Callable[[str], Any]
    # Enqueues one live call.
    enqueue: Callable[[], OutboundCall]
    # Reads the state of the business row.
    row: Callable[[OutboundCall], Any]
    # The states of the row that are allowed beside each state of the call.
    allowed: dict[str, set[Any]]
    # Whether a person may retry the call after its answer was lost, by `ask_first`.
    retried: dict[bool, bool]


class Caller(Protocol):
    """A platform that calls one of our addresses about rows that exist."""

    def post(self, body: bytes | None = None, *, is_signed: bool = True) -> HttpResponse:
        """Sends a body, or a valid one if none is given, with or without the signature."""


@dataclass(frozen=True)
class EndpointContract:
    """How the contract tests call one address, and which answers mean that the request is taken."""

    caller: Callable[[], Caller]
    is_taken: Callable[[HttpResponse], bool]


@dataclass
class Side:
    """One merchant of `two_merchants`: its people by role, and one row for each admin."""

    word: str
    merchant: Merchant
    store: Store
    people: dict[str, User]
    rows: dict[str, models.Model] = field(default_factory=dict)
