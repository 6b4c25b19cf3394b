"""Texts at hand, with variables that are filled in from the order: "您的 {number} 号单…".

A variable without a value blocks the text. No variable is a phone number or an address, and a value
in which one stands is none.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from messaging.models import Conversation, Order, QuickReply
from messaging.services.chat.closing import ChatConflict
from messaging.wire.values import mask_phones
from stores.tenancy import TenantQuerySet

_VARIABLE = re.compile(r"\{([^{}]*)\}")
# Full-width braces are what an input method for Chinese writes.
_BRACES = re.compile(r"[{}｛｝]")
MOST_DISHES = 5


@dataclass(frozen=True)
class Variable:
    """`value` returns "" where the order does not say it."""

    name: str
    title: StrOrPromise
    value: Callable[[Order], str]


def _clock(name: str) -> Callable[[Order], str]:
    def value(order: Order) -> str:
        at: Any = getattr(order, name)
        return f"{timezone.localtime(at):%H:%M}" if at else ""

    return value


def _dishes(order: Order) -> str:
    names = [str(dish.get("name", "")) for dish in order.dishes]
    return "、".join(name for name in names if name) if len(names) <= MOST_DISHES else ""


VARIABLES = (
    Variable("number", _("number of the day"), lambda order: str(order.day_number or "")),
    Variable("dishes", _("dishes"), _dishes),
    Variable("paid", _("what the customer paid"), lambda order: _yuan(order.paid)),
    Variable("expected", _("expected time"), _clock("expected_at")),
    Variable("wanted", _("wanted time"), _clock("wanted_at")),
    Variable("store", _("name of the store"), lambda order: order.store.name),
)
_BY_NAME = {variable.name: variable for variable in VARIABLES}


def replies_of(store_id: int, merchant_id: int) -> TenantQuerySet[QuickReply]:
    """Returns the texts of a store and those of all stores."""
    rows: TenantQuerySet[QuickReply] = QuickReply.objects.filter(merchant=merchant_id)
    return rows.filter(Q(store=None) | Q(store=store_id)).order_by("position", "pk")


def unknown_variables(text: str) -> list[str]:
    """Returns the names in braces that are no variables, for the form."""
    return [name for name in _VARIABLE.findall(text) if name not in _BY_NAME]


def has_lone_brace(text: str) -> bool:
    """Whether a brace belongs to no variable, for the form: it would be read by the customer."""
    return bool(_BRACES.search(_VARIABLE.sub("", text)))


def filled(text: str, conversation: Conversation) -> str:
    """Returns the text with the values of the conversation's order. Raises ChatConflict for a
    variable without a value.
    """
    order = conversation.order

    def value(found: re.Match[str]) -> str:
        variable = _BY_NAME.get(found[1])
        if variable is None:
            raise ChatConflict(_("There is no variable {%(name)s}.") % {"name": found[1]})
        if order is None:
            raise ChatConflict(
                _("There is no order yet to say “%(title)s”.") % {"title": variable.title}
            )
        said = variable.value(order)
        if not said or mask_phones(said) != said:
            raise ChatConflict(
                _("The order says nothing for “%(title)s”.") % {"title": variable.title}
            )
        return said

    return _VARIABLE.sub(value, text)


def _yuan(fen: int | None) -> str:
    return f"{Decimal(fen) / 100:.2f}" if fen is not None else ""
