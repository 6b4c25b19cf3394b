"""A store whose card is filled in by its people, at a simulated Meituan."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from messaging.models import TakeawayStore
from messaging.services.cards import setting_up
from stores.roles import Role
from tests.messaging.chat.conftest import binding, meituan  # noqa: F401
from tests.messaging.meituan import Meituan
from tests.pages import english
from tests.stores.factories import member

PEOPLE = (("厨师", "王师傅", "36.5"), ("打包员", "小李", "36.8"))


@dataclass
class Shop:
    """The store's people and Meituan's side of its card."""

    meituan: Meituan

    @property
    def row(self) -> TakeawayStore:
        return self.meituan.binding

    def url(self, name: str = "card", *args: object) -> str:
        return reverse(f"takeaway:{name}", args=[self.row.pk, *args])

    def staff(self, role: Role) -> User:
        made: User = member(self.row.store.merchant, role, self.row.store)
        return made

    def at_meituan(self) -> dict[str, Any]:
        rows = self.meituan.get("stores")["stores"]
        account = self.row.connection.account
        found: dict[str, Any] = next(row for row in rows if row["e_poi_id"] == account)
        return found

    def card(self) -> dict[str, Any]:
        """The card that Meituan has."""
        return self.at_meituan()["card"] or {}

    def change(self, **changes: Any) -> None:
        """Changes how the store stands at Meituan."""
        self.meituan.post(f"stores/{self.row.connection.account}", **changes)

    def set_up(self, **changes: Any) -> None:
        usual: dict[str, Any] = {
            "kind": 0,
            "on_poster": True,
            "on_receipt": False,
            "im_by": "nobody",
            "tips": "",
            "reminds": True,
            "measures": {},
        }
        setting_up.card_set_up(binding=self.row, actor=None, **(usual | changes))


@pytest.fixture
def shop(meituan: Meituan) -> Shop:  # noqa: F811
    return Shop(meituan)


@pytest.fixture
def clerk(shop: Shop) -> Client:
    return english(shop.staff(Role.CLERK))


@pytest.fixture
def manager(shop: Shop) -> Client:
    return english(shop.staff(Role.MANAGER))


def typed(*people: tuple[str, str, str], do: str = "save") -> dict[str, Any]:
    """What stands in the form of a day."""
    jobs, names, temperatures = zip(*people, strict=True) if people else ((), (), ())
    return {"job": jobs, "name": names, "temperature": temperatures, "do": do}
