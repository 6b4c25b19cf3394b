"""What every recorded push does, at the address to which Meituan sends it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from messaging.choices import PushKind
from messaging.models import Conversation, Message, Order, Refund, TakeawayStore
from messaging.urls import BY_KIND
from stores.models import InboundEvent, OutboundCall, Store
from tests.messaging.factories import SIGN_KEY, TakeawayStoreFactory
from tests.messaging.pushing import Pusher
from tests.messaging.recorded_pushes import (
    DEVELOPER,
    SECRET,
    STORE,
    as_text,
    recorded_kinds,
    recorded_push,
)
from tests.recorded import shown

pytestmark = [pytest.mark.django_db, pytest.mark.urls("messaging.urls")]


@pytest.fixture
def binding(store: Store) -> TakeawayStore:
    made: TakeawayStore = TakeawayStoreFactory(
        store=store,
        e_poi_id=STORE,
        developer__account=DEVELOPER,
        developer__credentials={"sign_key": SIGN_KEY, "im_secret": SECRET},
    )
    return made


def stands(row: Any, name: str) -> Any:
    """Returns a field in the form of a file; "now" for a moment of this test."""
    value = getattr(row, name)
    if isinstance(value, datetime) and abs(timezone.now() - value) < timedelta(minutes=5):
        return "now"
    return shown(value)


def only_row(name: str) -> Any:
    rows: dict[str, Callable[[], Any]] = {
        "order": Order.objects.get,
        "refund": Refund.objects.get,
        "message": Message.objects.get,
        "conversation": Conversation.objects.get,
        "store": TakeawayStore.objects.get,
        "connection": lambda: TakeawayStore.objects.get().connection,
    }
    return rows[name]()


@pytest.mark.parametrize("kind", PushKind)
def test_a_recorded_push_does_what_stands_beside_it(pusher: Pusher, kind: PushKind) -> None:
    push = recorded_push(kind)
    for earlier in push.after:
        recorded_push(earlier).send(pusher)
    known = set(OutboundCall.objects.values_list("pk", flat=True))
    answer = push.send(pusher)
    assert (answer.status_code, answer.content.decode()) == (200, as_text(BY_KIND[kind].success))
    event = InboundEvent.objects.get(kind=kind)
    assert (event.state, event.error) == (InboundEvent.State.HANDLED, "")
    assert event.connection == pusher.binding.connection
    owed = OutboundCall.objects.exclude(pk__in=known).order_by("operation")
    assert list(owed.values_list("operation", flat=True)) == push.expect.pop("owed")
    for name, fields in push.expect.items():
        row = only_row(name)
        assert {field: stands(row, field) for field in fields} == fields


def test_every_kind_is_recorded() -> None:
    assert recorded_kinds() == set(PushKind.values)
