"""A request that waits for a row has it tried as soon as possible, and costs nothing until then."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from coupons.models import Channel, Lookup, Verification
from coupons.services import lookup_process, lookup_request, verification_process
from stores.models import OutboundCall
from stores.platforms import outbox, pace
from stores.platforms.outbox import processing
from tests.coupons.factories import Shop
from tests.coupons.flows import arrived, ask_for

Pursue = Callable[..., Lookup | Verification]


@pytest.fixture
def senders(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The tries that ran in a thread of their own."""
    begun: list[Any] = []

    def counted(sending: Callable[[], object], *, until: float) -> bool:
        begun.append(sending)
        return outbox.run_in_thread(sending, until=until)

    monkeypatch.setattr(processing, "run_in_thread", counted)
    return begun


@pytest.fixture(params=["look-up", "verification"])
def process(request: pytest.FixtureRequest, shop: Shop) -> Pursue:
    """Processes an enqueued row of either kind."""
    code = shop.code()
    if request.param == "verification":
        row = ask_for(shop, code)
        return lambda **how: verification_process(row, **how)
    lookup = lookup_request(store=shop.store, code=code, channel=Channel.API, flow="x")
    return lambda **how: lookup_process(lookup, **how)


def test_waiting_for_a_postponed_account_starts_no_thread(
    shop: Shop, process: Pursue, senders: list[Any]
) -> None:
    pace.postpone(shop.connection.pace_id, 60)
    assert process(wait=1, in_background=True).status == "queued"
    assert (senders, arrived(shop)) == ([], [])


@pytest.mark.parametrize("why", ["not due yet", "somebody else is at it"])
def test_waiting_for_a_call_that_cannot_be_tried_starts_no_thread(
    shop: Shop, process: Pursue, senders: list[Any], why: str
) -> None:
    later = timezone.now() + timedelta(minutes=1)
    if why == "not due yet":
        OutboundCall.objects.update(due_at=later)
    else:
        OutboundCall.objects.update(state=OutboundCall.State.SENDING, lease_until=later)
    assert process(wait=1, in_background=True).status == "queued"
    assert (senders, arrived(shop)) == ([], [])


def test_what_can_be_tried_is_tried_in_one_thread(
    shop: Shop, process: Pursue, senders: list[Any]
) -> None:
    assert process(wait=10, in_background=True).status in ("done", "verified")
    assert len(senders) == 1
