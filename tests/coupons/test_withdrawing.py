"""What waits for Meituan is taken back by one press: nothing is spent once the guest has left."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from coupons.models import Verification
from coupons.services import live_call, verification_withdraw
from stores.conflicts import Conflict
from stores.models import AuditEntry, OutboundCall
from stores.platforms import outbox
from stores.platforms.outbox.claims import claim
from stores.roles import Role
from tests.coupons.factories import Shop, connected_shop
from tests.coupons.flows import arrived, ask_for, coupon, lose_answer, verify
from tests.pages import english
from tests.stores.factories import member

Status = Verification.Status
BUTTON = "Do not verify it any more"


@pytest.fixture
def counter(shop: Shop) -> Client:
    return english(member(shop.merchant, Role.CLERK, shop.store))


def waiting(shop: Shop, *, step: str = "detail") -> Verification:
    """A coupon of the counter that has waited for a minute, before its first or its second call."""
    row = ask_for(shop, shop.code(), channel="counter")
    if step == "verify":
        call = live_call(row)
        assert call is not None
        assert outbox.attempt_now(call, patience=1.0)
    call = live_call(row)
    assert call is not None
    assert call.operation == f"coupon.{step}"
    OutboundCall.objects.filter(pk=call.pk).update(due_at=timezone.now() + timedelta(minutes=5))
    Verification.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    row.refresh_from_db()
    return row


def card_of(client: Client, row: Verification) -> str:
    return client.get(f"/counter/result/coupon/{row.pk}/").content.decode()


def press(client: Client, row: Verification, status: int = 200) -> str:
    asked = {"kind": "coupon", "withdraw": f"{row.pk}"}
    answer = client.post("/counter/", asked, headers={"HX-Request": "true"})
    assert answer.status_code == status
    return answer.content.decode()


@pytest.mark.parametrize("step", ["detail", "verify"])
def test_what_waits_is_withdrawn_and_never_sent(counter: Client, shop: Shop, step: str) -> None:
    row = waiting(shop, step=step)
    assert BUTTON in card_of(counter, row)
    card = press(counter, row)
    assert "the coupon was not used" in card
    assert BUTTON not in card
    row.refresh_from_db()
    assert (row.status, row.reason, row.code) == (Status.REFUSED, "withdrawn", "")
    OutboundCall.objects.update(due_at=timezone.now())
    outbox.sweep()
    outbox.work(seconds=0.5)
    assert "verify" not in arrived(shop)
    assert coupon(shop, shop.codes[0])["state"] == "unused"
    assert AuditEntry.objects.get(verb="verification withdrawn").store == shop.store


def test_a_withdrawn_coupon_is_verified_when_it_is_scanned_again(
    counter: Client, shop: Shop
) -> None:
    row = waiting(shop)
    press(counter, row)
    again = verify(shop, shop.codes[0], channel="counter")
    assert (again.status, again.pk != row.pk) == (Status.VERIFIED, True)


def test_what_is_being_sent_is_not_withdrawn(counter: Client, shop: Shop) -> None:
    row = waiting(shop, step="verify")
    OutboundCall.objects.update(due_at=timezone.now())
    call = live_call(row)
    assert call is not None
    assert claim(call.pk)
    with pytest.raises(Conflict):
        verification_withdraw(verification=row, actor=None)
    card = press(counter, row)
    assert BUTTON not in card
    row.refresh_from_db()
    assert row.status == Status.SENDING


def test_what_is_settled_or_unclear_is_not_withdrawn(counter: Client, shop: Shop) -> None:
    verified, unclear = verify(shop, shop.code()), lose_answer(shop, applied=True)
    for row in (verified, unclear):
        before = row.status
        with pytest.raises(Conflict):
            verification_withdraw(verification=row, actor=None)
        row.refresh_from_db()
        assert row.status == before
    assert BUTTON not in press(counter, verified)


def test_nobody_withdraws_what_is_another_stores(shop: Shop) -> None:
    row = waiting(shop)
    other = connected_shop(shop.sandbox)
    stranger = english(member(other.merchant, Role.OWNER))
    press(stranger, row, status=404)
    row.refresh_from_db()
    assert row.status == Status.QUEUED


def test_the_list_has_the_button_too(counter: Client, shop: Shop) -> None:
    row = waiting(shop)
    page = reverse("admin:coupons_verification_change", args=[row.pk])
    assert BUTTON in counter.get(page).content.decode()
    counter.post(f"{page.removesuffix('change/')}do/withdraw/", {"confirmed": "yes"})
    row.refresh_from_db()
    assert (row.status, row.reason) == (Status.REFUSED, "withdrawn")
