"""What an outage refused at the counter is tried again by one press; its code is kept for a day."""

import re
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.db import connection as database
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from coupons import services
from coupons.counter import scan_result_of
from coupons.models import Verification
from coupons.reasons import Reason
from coupons.services.transitions import refuse
from stores.models import OutboundCall
from stores.platforms.outbox.place import PlaceInLine
from stores.roles import Role
from stores.tenancy import Access
from tests.coupons.factories import Shop, connected_shop
from tests.coupons.flows import arrived, ask_for
from tests.pages import english, state_of
from tests.plans import without_reading_whole_tables
from tests.stores.factories import member

Status = Verification.Status
BUTTON = "Try this code again"


@pytest.fixture
def counter(shop: Shop) -> Client:
    return english(member(shop.merchant, Role.CLERK, shop.store))


def refused(shop: Shop, reason: str, channel: str = "counter") -> Verification:
    row = ask_for(shop, shop.code(), channel=channel)
    refuse(row, reason)
    OutboundCall.objects.filter(subject_id=row.pk).delete()
    row.refresh_from_db()
    return row


def card_of(client: Client, row: Verification) -> str:
    return client.get(f"/counter/result/coupon/{row.pk}/").content.decode()


def press(client: Client, row: Verification, key: str = "a" * 32) -> str:
    asked = {"kind": "coupon", "retry": f"{row.pk}", "request_key": key}
    answer = client.post("/counter/", asked, headers={"HX-Request": "true"})
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


@pytest.mark.parametrize("reason", [Reason.PLATFORM_DOWN, Reason.THROTTLED])
def test_after_an_outage_the_same_code_is_verified_as_a_new_try(
    counter: Client, shop: Shop, reason: str
) -> None:
    row = refused(shop, reason)
    card = card_of(counter, row)
    assert BUTTON in card
    assert shop.codes[0] not in card
    again = press(counter, row)
    assert state_of(again) == "ok"
    assert BUTTON not in again
    assert arrived(shop, "verify") == ["verify"]
    assert [one.status for one in Verification.objects.order_by("pk")] == ["refused", "verified"]


def test_the_button_stands_on_the_page_and_works_without_javascript(
    counter: Client, shop: Shop
) -> None:
    refused(shop, Reason.PLATFORM_DOWN)
    form = re.search(
        r'<form class="choices".*?</form>', counter.get("/counter/").content.decode(), re.S
    )
    assert form
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
    page = counter.post("/counter/", fields, follow=True).content.decode()
    assert 'class="scan ok fresh"' in page


def test_pressing_twice_sends_once(counter: Client, shop: Shop) -> None:
    row = refused(shop, Reason.PLATFORM_DOWN)
    assert [state_of(press(counter, row)) for _ in range(2)] == ["ok", "ok"]
    assert arrived(shop, "verify") == ["verify"]


@pytest.mark.parametrize("reason", [Reason.EXPIRED, Reason.REFUSED_OTHER, Reason.QUOTA_EXHAUSTED])
def test_other_refusals_keep_no_code(counter: Client, shop: Shop, reason: str) -> None:
    row = refused(shop, reason)
    assert row.code == ""
    assert BUTTON not in card_of(counter, row)


@pytest.mark.parametrize("channel", ["api", "batch", "command"])
def test_systems_keep_their_codes_themselves(counter: Client, shop: Shop, channel: str) -> None:
    row = refused(shop, Reason.PLATFORM_DOWN, channel)
    assert row.code == ""
    assert BUTTON not in card_of(counter, row)


def test_after_a_day_the_code_is_gone(counter: Client, shop: Shop) -> None:
    row, late = (refused(shop, Reason.PLATFORM_DOWN) for _ in range(2))
    late.settled_at = timezone.now() - timedelta(hours=25)
    late.save()
    assert BUTTON not in card_of(counter, late)
    assert services.forget_codes() == 1
    assert [bool(one.code) for one in Verification.objects.order_by("pk")] == [True, False]
    assert row.code == shop.codes[0]
    assert services.forget_codes() == 0


def test_a_code_whose_key_is_lost_does_not_keep_its_row_open(
    shop: Shop, settings: Settings
) -> None:
    row = ask_for(shop, shop.code(), channel="counter")
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    row = Verification.objects.get(pk=row.pk)
    refuse(row, Reason.PLATFORM_DOWN)
    assert Verification.objects.get(pk=row.pk).status == Status.REFUSED
    assert services.code_to_retry(shop.store, row.pk) == ""


def test_a_code_is_forgotten_however_long_the_scheduler_was_off(shop: Shop) -> None:
    ages = (timedelta(hours=23), timedelta(days=8), timedelta(days=400))
    for age in ages:
        row = refused(shop, Reason.THROTTLED)
        at = timezone.now() - age
        Verification.objects.filter(pk=row.pk).update(created_at=at, settled_at=at)
    assert services.forget_codes() == 2
    assert [bool(one.code) for one in Verification.objects.order_by("pk")] == [True, False, False]
    assert services.forget_codes() == 0


def test_codes_to_forget_are_found_by_their_own_index(shop: Shop) -> None:
    rows = Verification.objects.with_kept_code(until=timezone.now())
    with without_reading_whole_tables():
        assert "verification_code_kept" in rows.explain()


def test_staff_cannot_send_a_guests_code(counter: Client, shop: Shop) -> None:
    row = refused(shop, Reason.PLATFORM_DOWN, "guest")
    assert BUTTON not in card_of(counter, row)
    asked = {"kind": "coupon", "retry": f"{row.pk}"}
    assert counter.post("/counter/", asked).status_code == 404


@pytest.mark.parametrize("key", ["0", "x", "", "9" * 30])
def test_what_was_never_scanned_is_not_found(counter: Client, shop: Shop, key: str) -> None:
    asked = {"kind": "coupon", "retry": key}
    assert counter.post("/counter/", asked).status_code == 404
    assert counter.post("/counter/", asked | {"kind": "voucher"}).status_code == 404
    assert counter.post("/counter/", asked | {"kind": "nothing"}).status_code == 404


def test_another_stores_code_is_not_sent(counter: Client, shop: Shop) -> None:
    other = connected_shop(shop.sandbox)
    row = refused(other, Reason.PLATFORM_DOWN)
    asked = {"kind": "coupon", "retry": f"{row.pk}"}
    assert counter.post("/counter/", asked).status_code == 404
    assert arrived(shop) == []


def test_a_long_wait_says_that_meituan_is_slow(in_english: None, shop: Shop) -> None:
    row = ask_for(shop, shop.code(), channel="counter")
    assert services.slow_text(row, None) == ""
    row.created_at = timezone.now() - timedelta(seconds=9)
    assert "9" in services.slow_text(row, None)
    card = scan_result_of(row, PlaceInLine(position=1, seconds=1), Access(everything=True))
    assert (str(card.title), card.place, card.can_withdraw) == ("Being verified", None, True)
    row.status = Status.VERIFIED
    assert services.slow_text(row, None) == ""


def test_a_code_that_our_ledger_verified_meanwhile_says_by_whom(
    counter: Client, shop: Shop
) -> None:
    """Another store of the merchant uses the coupon while ours waits; the gateway says "used"."""
    row = ask_for(shop, shop.code(), channel="counter")
    other = connected_shop(shop.sandbox).store
    other.merchant = shop.merchant
    other.save()
    first = Verification.objects.create(
        store=other,
        code_hash=row.code_hash,
        code_tail=row.code_tail,
        status=Status.VERIFIED,
        channel="counter",
        requested_by="小王",
        settled_at=timezone.now(),
    )
    refuse(row, Reason.ALREADY_USED, "已使用")
    row.refresh_from_db()
    assert row.duplicate_of == first
    owner = english(member(shop.merchant, Role.OWNER))
    assert f"Verified by 小王 at {other.name}" in card_of(owner, row)
    clerk = card_of(counter, row)
    assert "Verified at another store" in clerk
    assert "小王" not in clerk


def test_a_use_that_is_settled_after_the_refusal_is_named_too(counter: Client, shop: Shop) -> None:
    row = ask_for(shop, shop.code(), channel="counter")
    refuse(row, Reason.ALREADY_USED)
    assert "Verified by" not in card_of(counter, row)
    Verification.objects.create(
        store=shop.store,
        code_hash=row.code_hash,
        code_tail=row.code_tail,
        status=Status.VERIFIED,
        channel="counter",
        requested_by="小王",
        settled_at=timezone.now(),
    )
    assert "Verified by 小王 on" in card_of(counter, row)


def test_another_merchants_use_is_not_named(counter: Client, shop: Shop) -> None:
    row = ask_for(shop, shop.code(), channel="counter")
    Verification.objects.create(
        store=connected_shop(shop.sandbox).store,
        code_hash=row.code_hash,
        code_tail=row.code_tail,
        status=Status.VERIFIED,
        channel="counter",
        requested_by="小王",
        settled_at=timezone.now(),
    )
    refuse(row, Reason.ALREADY_USED)
    assert "Verified" not in card_of(counter, row)


def test_uses_of_a_code_are_found_by_it_however_long_the_ledger(shop: Shop) -> None:
    Verification.objects.bulk_create(
        Verification(store=shop.store, code_hash=f"{number:064}", status=Status.VERIFIED)
        for number in range(2_000)
    )
    if database.vendor == "postgresql":
        with database.cursor() as cursor:
            cursor.execute("ANALYZE coupons_verification")
    uses = Verification.objects.uses_of("0" * 64, merchant_of=shop.store.pk)
    assert "one_live_verification_per_code" in uses.explain()
