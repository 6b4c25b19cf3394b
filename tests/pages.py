"""What tests of pages share: visitors, hostile words, and the reading of a counter's result
card.
"""

import re

from django.contrib.auth.models import User
from django.test import Client

HOSTILE = [
    "",
    " ",
    "abc",
    "😀" * 300,
    "1" * 10_000,
    "'; DROP TABLE stores_store; --",
    "\x00\x01",
    "<script>alert(1)</script>",
]


def english(user: User | None = None) -> Client:
    """A browser that wants English pages, signed in as `user`."""
    client = Client()
    client.cookies["django_language"] = "en"
    if user:
        client.force_login(user)
    return client


def dangling(page: str) -> set[str]:
    """Returns what fields are said to be described by, and does not stand on the page."""
    named = re.findall(r'aria-describedby="([^"]*)"', page)
    return {each for ids in named for each in ids.split() if f'id="{each}"' not in page}


def state_of(card: str) -> str:
    found = re.search(r'data-state="(\w+)"', card)
    assert found
    return found[1]


def key_of(card: str) -> str:
    found = re.search(r'data-scan="\w+\.([\w\-]+)"', card)
    assert found
    return found[1]


def has_number(text: str, number: str) -> bool:
    """Whether a number stands in a text by itself: times and tokens may hold the same digits."""
    return re.search(rf"(?<![0-9A-Za-z]){re.escape(number)}(?![0-9A-Za-z])", text) is not None
