"""The dispatch board as a person reads it, and its buttons."""

import re
from typing import Any

from django.test import Client

from delivery.models import Attempt, Delivery

BOARD = "/wechat/board/"


def shown(client: Client, query: str = "") -> str:
    answer = client.get(BOARD + query)
    assert answer.status_code == 200
    return answer.content.decode()


def column(page: str, name: str) -> str:
    """The part of the page that is one column; "" where it is not shown."""
    found = re.search(rf'data-column="{name}">(.*?)</section>', page, re.DOTALL)
    return found[1] if found else ""


def columns_of(page: str, delivery: Delivery) -> list[str]:
    """The columns in which a delivery stands."""
    names = re.findall(r'data-column="(\w+)"', page)
    return [name for name in names if f'data-delivery="{delivery.pk}"' in column(page, name)]


def buttons(page: str, delivery: Delivery) -> list[str]:
    """The verbs that the page offers for a delivery."""
    return re.findall(rf'action="{BOARD}{delivery.pk}/([a-z-]+)/"', page)


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def press(client: Client, delivery: Delivery, verb: str, **fields: Any) -> Any:
    path = f"{BOARD}{delivery.pk}/{verb}/"
    return client.post(path, fields, headers={"HX-Request": "true"})


def said(answer: Any) -> str:
    """What stands above the board after a button was pressed."""
    found = re.search(
        r'id="board-said"[^>]*>(?:<p class="\w+" role="\w+">(.*?)</p>)?</div>',
        answer.content.decode(),
    )
    assert found, answer.content.decode()[:500]
    return found[1] or ""


def is_dialog(answer: Any) -> bool:
    """Whether it is shown in the dialog, which is named by its heading."""
    is_named = '<h2 id="asked">' in answer.content.decode()
    return answer.headers.get("HX-Retarget") == "#board-dialog" and is_named


def quoted(sender: Client, delivery: Delivery) -> tuple[str, Any]:
    """Opens the list of prices; returns it with the number of the rule's choice."""
    answer = press(sender, delivery, "prices")
    assert is_dialog(answer)
    page = answer.content.decode()
    return page, field(page, "quote")


def agree(sender: Client, delivery: Delivery, page: str, *, then: str = "rider") -> Any:
    """Presses a button of the dialog that asks about a cancellation."""
    fields = {"attempt": field(page, "attempt"), "fee": field(page, "fee"), "then": then}
    return press(sender, delivery, "cancel", **fields)


def refreshed(attempt: Attempt) -> Attempt:
    attempt.refresh_from_db()
    attempt.delivery.refresh_from_db()
    return attempt
