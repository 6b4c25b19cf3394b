"""Guessed numbers stop the phone that enters them, and only slow down its address and the store."""

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from coupons import dashboard
from coupons.models import Lookup
from coupons.reasons import SLOWED, TEXTS, Reason
from coupons.services import abuse
from coupons.services.operations import LookUp
from stores.models import AuditEntry, OutboundCall, RateWindow
from stores.platforms import outbox, pace
from stores.roles import Role
from stores.web import limits
from stores.web.limits import Limit
from tests.coupons.factories import Shop, connected_shop
from tests.coupons.guest.visiting import arrived, enter, free_the_slot, home
from tests.stores.factories import member

LOCKED = str(TEXTS[Reason.TOO_MANY_TRIES].guest)


def guess(number: int) -> str:
    return f"99900000{number:04d}"


def post(client: Client, shop: Shop, code: str, address: str = "127.0.0.1") -> int:
    return client.post(home(shop), {"code": code}, REMOTE_ADDR=address).status_code


def lock(client: Client, shop: Shop) -> None:
    for number in range(abuse.FAILURES_PER_PHONE.count):
        enter(client, shop, guess(number))


def test_a_phone_that_guesses_is_locked_before_it_costs_more_quota(
    client: Client, shop: Shop
) -> None:
    lock(client, shop)
    shop.sandbox.arrivals.clear()
    answer = client.post(home(shop), {"code": shop.code()})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) <= abuse.FAILURES_PER_PHONE.seconds
    assert LOCKED in answer.content.decode()
    assert arrived(shop) == []


def test_a_locked_phone_stays_locked_in_another_network(client: Client, shop: Shop) -> None:
    lock(client, shop)
    assert post(client, shop, shop.code(), "203.0.113.9") == 429


def test_other_phones_of_the_same_address_go_on(client: Client, shop: Shop) -> None:
    lock(client, shop)
    assert post(Client(), shop, shop.code()) == 302


def test_the_page_shows_the_shops_telephone_when_it_locks(client: Client, shop: Shop) -> None:
    shop.store.phone = "021-6234 5678 / 13800001234"
    shop.store.save()
    lock(client, shop)
    page = client.post(home(shop), {"code": shop.code()}).content.decode()
    assert 'href="tel:02162345678"' in page
    assert shop.store.phone in page


def test_without_a_telephone_there_is_no_link(client: Client, shop: Shop) -> None:
    lock(client, shop)
    assert "tel:" not in client.post(home(shop), {"code": shop.code()}).content.decode()


@pytest.mark.parametrize(
    ("phone", "tel"),
    [
        ("", ""),
        ("  ", ""),
        ("-", ""),
        ("12", ""),
        ("13800001234", "13800001234"),
        ("+86 138-0000-1234", "+8613800001234"),
        ("０２１－６２３４５６７８", "02162345678"),
        ("021-62345678转12", "02162345678"),
        ("021-62345678 ext. 12", "02162345678"),
        ("400-123-4567、021-62345678", "4001234567"),
        ('"><script>1234', "1234"),
    ],
)
def test_the_first_number_of_the_field_is_called(shop: Shop, phone: str, tel: str) -> None:
    shop.store.phone = phone
    assert shop.store.tel == tel


def test_the_owner_is_told_once_for_each_lock(client: Client, shop: Shop) -> None:
    lock(client, shop)
    owner = member(shop.merchant, Role.OWNER)
    assert abuse.LOCKED not in AuditEntry.objects.values_list("verb", flat=True)
    for number in range(4):
        abuse.admit(abuse.Guest(shop.store, f"guest:{'a' * 31}{number}", f"address{number}"))
    for _ in range(abuse.FAILURES_PER_PHONE.count + 3):
        abuse.admit(abuse.Guest(shop.store, "guest:b", "address"))
    assert AuditEntry.objects.filter(verb=abuse.LOCKED, store=shop.store).count() == 1
    texts = [str(alert.text) for alert in dashboard.alerts(owner)]
    assert [text for text in texts if "(1 in a day)" in text or "1 次" in text]
    clerk = member(shop.merchant, Role.CLERK, shop.store)
    stranger = member(connected_shop(shop.sandbox).merchant, Role.OWNER)
    for other in (clerk, stranger):
        assert not [text for text in map(str, dashboard.alerts(other)) if shop.store.name in text]


def test_texts_without_a_code_are_no_tries(client: Client, shop: Shop) -> None:
    for text in ("13800138000", "hello", "123", "6901234567892", "") * 5:
        assert post(client, shop, text) == 422
    assert RateWindow.objects.count() == 0
    assert post(client, shop, shop.code()) == 302


def test_look_ups_that_wait_count_before_they_are_answered(client: Client, shop: Shop) -> None:
    pace.postpone(shop.connection.pace_id, 600)
    with time_machine.travel(timezone.now(), tick=False):
        answers = [
            post(client, shop, guess(number))
            for number in range(abuse.FAILURES_PER_PHONE.count + 2)
        ]
    assert answers == [302] * abuse.FAILURES_PER_PHONE.count + [429] * 2
    free_the_slot(shop)
    outbox.work(seconds=10)
    assert arrived(shop).count("detail") == abuse.FAILURES_PER_PHONE.count
    assert post(client, shop, shop.code()) == 429
    assert post(Client(), shop, shop.code()) == 302


def test_what_turns_out_to_be_a_coupon_is_forgiven(client: Client, shop: Shop) -> None:
    for state in ("unused", "used", "expired", "refunded") * 5:
        assert enter(client, shop, shop.code(state)).status_code == 200
    assert limits.peek(abuse.FAILURES_PER_STORE, str(shop.store.pk)).allowed
    assert sorted(
        RateWindow.objects.filter(bucket__contains="failures").values_list("count", flat=True)
    ) == [0, 0, 0]


def test_a_platform_that_does_not_answer_counts_against_nobody(client: Client, shop: Shop) -> None:
    pace.postpone(shop.connection.pace_id, 600)
    post(client, shop, shop.code())
    call = OutboundCall.objects.get(operation=LookUp.name)
    LookUp().on_dead(call, maybe_executed=False)
    assert Lookup.objects.get().reason == Reason.PLATFORM_DOWN
    counts = RateWindow.objects.filter(bucket__contains="failures").values_list("count", flat=True)
    assert set(counts) == {0}


def test_many_guests_of_one_address_who_wait_are_all_served(client: Client, shop: Shop) -> None:
    pace.postpone(shop.connection.pace_id, 600)
    codes = [shop.code() for _ in range(20)]
    for code in codes:
        assert post(Client(), shop, code) == 302
    free_the_slot(shop)
    outbox.work(seconds=10)
    assert Lookup.objects.filter(is_unused=True).count() == len(codes)


def test_whose_guess_it_was_is_kept_unreadable(client: Client, shop: Shop) -> None:
    enter(client, shop, guess(1))
    assert "127.0.0.1" not in Lookup.objects.get().address_hash
    assert len(Lookup.objects.get().address_hash) == 64


def test_one_failure_counts_once_however_often_its_page_is_opened(
    client: Client, shop: Shop
) -> None:
    page = enter(client, shop, guess(1))
    for _ in range(abuse.FAILURES_PER_PHONE.count):
        client.get(page.request["PATH_INFO"])
    assert post(client, shop, guess(2)) == 302


def test_an_address_of_many_wrong_numbers_is_slowed_and_not_closed(
    client: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abuse, "FAILURES_PER_ADDRESS", Limit("guest-failures", 3, 600))
    pace.postpone(shop.connection.pace_id, 600)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        # A new phone for each: somebody throws the cookie away.
        answers = [post(Client(), shop, guess(number)) for number in range(6)]
        slowed = client.post(home(shop), {"code": shop.code()})
        elsewhere = post(Client(), shop, shop.code(), "203.0.113.9")
        clock.shift(10)
        later = post(client, shop, shop.code())
    assert answers == [302] * 4 + [429] * 2
    assert (slowed.status_code, elsewhere, later) == (429, 302, 302)
    assert 1 <= int(slowed["Retry-After"]) <= 10
    assert str(SLOWED.guest) in slowed.content.decode()
    assert LOCKED not in slowed.content.decode()


def test_who_is_slowed_may_press_as_often_as_he_likes(
    client: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abuse, "FAILURES_PER_ADDRESS", Limit("guest-failures", 0, 600))
    pace.postpone(shop.connection.pace_id, 600)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        code = shop.code()
        assert post(Client(), shop, shop.code()) == 302
        for _ in range(abuse.LOOKUPS_PER_PHONE.count + 1):
            assert post(client, shop, code) == 429
        clock.shift(10)
        assert post(client, shop, code) == 302


def test_many_wrong_numbers_at_a_store_slow_it_down(client: Client, shop: Shop) -> None:
    pace.postpone(shop.connection.pace_id, 600)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(abuse.FAILURES_PER_STORE.count):
            limits.take(abuse.FAILURES_PER_STORE, str(shop.store.pk))
        answers = [post(Client(), shop, shop.code(), f"203.0.113.{n}") for n in range(3)]
        clock.shift(3)
        answers.append(post(Client(), shop, shop.code(), "203.0.113.9"))
    assert answers == [302, 429, 429, 302]
    other = connected_shop(shop.sandbox)
    assert post(client, other, other.code()) == 302


def test_one_phone_beyond_its_limit_does_not_slow_the_page_for_others(
    client: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abuse, "FAILURES_PER_PHONE", Limit("guest-phone-failures", 3, 600))
    monkeypatch.setattr(abuse, "FAILURES_PER_STORE", Limit("guest-store-failures", 5, 600))
    pace.postpone(shop.connection.pace_id, 600)
    # An address of its own for every request, as a phone in a mobile network may take.
    with time_machine.travel(timezone.now(), tick=False):
        answers = [post(client, shop, guess(n), f"2001:db8:{n:x}::1") for n in range(12)]
        elsewhere = [post(Client(), shop, shop.code(), "203.0.113.9") for _ in range(2)]
    assert answers == [302] * 3 + [429] * 9
    assert elsewhere == [302, 302]


def test_a_number_entered_again_counts_once(
    client: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abuse, "LOOKUPS_PER_PHONE", Limit("guest-phone-lookups", 1, 300))
    code = shop.code()
    with time_machine.travel(timezone.now(), tick=True):
        assert [enter(client, shop, code).status_code for _ in range(3)] == [200] * 3
        assert post(client, shop, shop.code()) == 429
