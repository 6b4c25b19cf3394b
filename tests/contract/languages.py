"""A language as a browser that reads it, and what does not belong on its pages."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.contract.visible import chinese_in, english_in, half_width_in

_MANAGEMENT = re.compile(r'name="([\w-]+-(?:TOTAL|INITIAL)_FORMS)" value="(\d+)"')


@dataclass(frozen=True)
class Language:
    code: str
    foreign: Callable[[str], list[str]]

    def client(self, user: User | None = None) -> Client:
        client = Client()
        client.cookies["django_language"] = self.code
        if user:
            client.force_login(user)
        return client

    def wrong_on(self, client: Client, *addresses: str) -> dict[str, list[str]]:
        """Texts in the other language, for each page that has some."""
        found = {
            address: self.foreign(client.get(address).content.decode()) for address in addresses
        }
        return {address: texts for address, texts in found.items() if texts}


def _wrong_in_chinese(html: str) -> list[str]:
    return [*english_in(html), *half_width_in(html)]


LANGUAGES = [Language("zh-hans", _wrong_in_chinese), Language("en", chinese_in)]
IN_BOTH = pytest.mark.parametrize("language", LANGUAGES, ids=["zh-hans", "en"])


def nothing_typed(client: Client, address: str) -> dict[str, str]:
    """What a browser posts from the page's form when nothing was filled in: how many rows its
    tables have.
    """
    return dict(_MANAGEMENT.findall(client.get(address).content.decode()))
