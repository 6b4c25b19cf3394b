"""The guest's way from number to result."""

import time
from dataclasses import replace

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from coupons.codes import read
from coupons.models import Channel, Lookup, Verification
from coupons.reasons import BEING_USED, READ, TEXTS, Reason
from coupons.services import verification_process, verification_request
from stores.platforms import pace
from stores.roles import Role
from tests.coupons.factories import Shop, connected_shop
from tests.coupons.flows import ask_for
from tests.coupons.guest.visiting import (
    Status,
    arrived,
    confirm,
    enter,
    free_the_slot,
    home,
)
from tests.pages import HOSTILE, english
from tests.processes import wait_until
from tests.stores.factories import member


def test_a_guest_looks_a_coupon_up_and_then_uses_it(client: Client, shop: Shop) -> None:
    code = shop.code(price="49.0")
    page = enter(client, shop, code)
    text = page.content.decode()
    assert page.status_code == 200
    assert shop.product.name in text
    assert shop.store.name in text
    assert "¥49" in text
    assert arrived(shop) == ["login", "detail"]
    done = confirm(client, page)
    row = Verification.objects.get()
    assert (row.status, row.channel, row.user) == (Status.VERIFIED, Channel.GUEST, None)
    assert 'class="outcome verified"' in done.content.decode()
    assert arrived(shop) == ["login", "detail", "verify"]


@pytest.mark.parametrize(
    "form", ["{0}", "{1} {2} {3}", "{1}-{2}-{3}", " {0}\r\n", "券码:{0} 请到店使用"]
)
def test_numbers_are_understood_as_people_write_them(client: Client, shop: Shop, form: str) -> None:
    code = shop.code()
    enter(client, shop, form.format(code, code[:4], code[4:8], code[8:]))
    assert Lookup.objects.get().is_unused is True


def test_full_width_digits_are_digits(client: Client, shop: Shop) -> None:
    wide = shop.code().translate({ord(str(digit)): 0xFF10 + digit for digit in range(10)})
    enter(client, shop, wide)
    assert Lookup.objects.get().is_unused is True


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_number_is_told_so_without_a_call(client: Client, shop: Shop, text: str) -> None:
    answer = client.post(home(shop), {"code": text})
    assert answer.status_code == 422
    no_code = read(text if isinstance(text, str) else "").no_code
    assert no_code
    assert str(READ[no_code].guest) in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()
    assert (Lookup.objects.count(), arrived(shop)) == (0, [])


def test_missing_fields_and_lists_are_no_error_of_ours(client: Client, shop: Shop) -> None:
    assert client.post(home(shop)).status_code == 422
    assert client.post(home(shop), {"code": ["x", "y"]}).status_code == 422
    assert (
        client.post(home(shop), b'{"code": [1]}', content_type="application/json").status_code
        == 422
    )
    assert client.put(home(shop)).status_code == 405
    assert client.head(home(shop)).status_code == 200


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("used", Reason.ALREADY_USED),
        ("expired", Reason.EXPIRED),
        ("refunded", Reason.REFUNDED),
    ],
)
def test_a_coupon_that_cannot_be_used_is_told_before_confirming(
    client: Client, shop: Shop, state: str, reason: Reason
) -> None:
    page = enter(client, shop, shop.code(state)).content.decode()
    assert str(TEXTS[reason].guest) in page
    assert str(TEXTS[reason].guest_step) in page
    assert "request_key" not in page
    assert Verification.objects.count() == 0


def test_a_code_of_another_store_is_not_verified_here(client: Client, shop: Shop) -> None:
    other = connected_shop(shop.sandbox)
    page = enter(client, shop, other.code()).content.decode()
    assert 'class="outcome refused"' in page
    assert str(TEXTS[Reason.WRONG_STORE].guest_step) in page
    assert "request_key" not in page
    assert Verification.objects.count() == 0


def test_a_guest_with_a_wrong_address_is_not_sent_to_the_back_office(
    client: Client, shop: Shop
) -> None:
    guests, staff = (
        client.get("/g/nowhere/"),
        english(member(shop.merchant, Role.OWNER)).get("/g/nowhere/"),
    )
    assert guests.status_code == staff.status_code == 404
    assert "/admin/" not in guests.content.decode()
    assert "To the back office" in staff.content.decode()


def test_a_coupon_verified_at_the_counter_is_told_without_a_call_and_without_names(
    client: Client, shop: Shop
) -> None:
    code, user = shop.code(), member(shop.merchant, Role.OWNER, first_name="王小明")
    asked = verification_request(
        store=shop.store, code=code, channel=Channel.COUNTER, actor=user, flow="x"
    )
    verification_process(asked.verification, wait=5)
    shop.sandbox.arrivals.clear()
    answer = client.post(home(shop), {"code": code})
    assert answer.status_code == 409
    assert str(TEXTS[Reason.ALREADY_USED].guest) in answer.content.decode()
    assert "王小明" not in answer.content.decode()
    at = timezone.localtime(Verification.objects.get().settled_at)
    assert f"这张券已于 {at:%Y-%m-%d %H:%M} 在本店由店员核销。" in answer.content.decode()
    assert arrived(shop) == []


def test_confirming_twice_is_one_verification_with_one_result(client: Client, shop: Shop) -> None:
    page = enter(client, shop, shop.code())
    first, second = confirm(client, page), confirm(client, page)
    assert (
        first.request["PATH_INFO"].split("/")[3]
        == second.request["PATH_INFO"].split("/")[3]
        == "result"
    )
    assert 'class="outcome verified"' in second.content.decode()
    assert Verification.objects.count() == 1
    assert arrived(shop).count("verify") == 1


def test_of_two_guests_with_one_picture_only_one_sees_a_success(client: Client, shop: Shop) -> None:
    code, second = shop.code(), Client()
    mine, theirs = enter(client, shop, code), enter(second, shop, code)
    pace.postpone(shop.connection.pace_id, 30)
    waiting = confirm(client, mine)
    # The second press of the button repeats the first one's key.
    for page in (confirm(second, theirs), confirm(second, theirs)):
        assert page.status_code == 409
        assert str(BEING_USED.guest) in page.content.decode()
    free_the_slot(shop)
    assert 'class="outcome verified"' in client.get(waiting.request["PATH_INFO"]).content.decode()
    late = confirm(second, theirs).content.decode()
    assert str(TEXTS[Reason.ALREADY_USED].guest) in late
    assert "在本店的顾客手机上核销。" in late
    assert arrived(shop).count("verify") == 1


def test_a_guest_does_not_see_as_a_success_what_the_counter_is_verifying(
    client: Client, shop: Shop
) -> None:
    code = shop.code()
    page = enter(client, shop, code)
    row = ask_for(shop, code, channel=Channel.COUNTER)
    answer = confirm(client, page)
    assert (answer.status_code, Verification.objects.get()) == (409, row)
    assert str(BEING_USED.guest) in answer.content.decode()


def test_entering_the_own_used_number_again_shows_the_result_again(
    client: Client, shop: Shop
) -> None:
    code = shop.code()
    page = enter(client, shop, code)
    confirm(client, page)
    shop.sandbox.arrivals.clear()
    assert 'class="outcome verified"' in enter(client, shop, code).content.decode()
    assert (Verification.objects.count(), arrived(shop)) == (1, [])


def test_a_key_used_for_another_coupon_is_not_an_error(client: Client, shop: Shop) -> None:
    for code in (shop.code(), shop.code()):
        page = enter(client, shop, code)
        assert confirm(client, page, request_key="a" * 64).status_code == 200
    assert Verification.objects.filter(status=Status.VERIFIED).count() == 2


def test_both_steps_show_the_place_while_the_slot_is_taken_and_then_go_on(
    client: Client, shop: Shop
) -> None:
    pace.postpone(shop.connection.pace_id, 30)
    page = enter(client, shop, shop.code())
    here, text = page.request["PATH_INFO"], page.content.decode()
    assert 'http-equiv="refresh"' in text
    assert f'hx-get="{here}"' in text
    assert 'class="turn-seconds"' in text
    free_the_slot(shop)
    page = client.get(here, HTTP_HX_REQUEST="true")
    assert 'http-equiv="refresh"' not in page.content.decode()
    pace.postpone(shop.connection.pace_id, 30)
    page = confirm(client, page)
    assert 'class="turn-seconds"' in page.content.decode()
    free_the_slot(shop)
    assert 'class="outcome verified"' in client.get(page.request["PATH_INFO"]).content.decode()
    assert arrived(shop) == ["login", "detail", "verify"]


def test_a_slow_gateway_does_not_keep_the_guest_from_the_page(
    client: Client, shop: Shop, settings: Settings
) -> None:
    settings.UMEMBER_TIMEOUT = (5.0, 15.0)
    settings.OUTBOX = replace(settings.OUTBOX, default_wait=0.5)
    for operation in ("detail", "verify"):
        shop.sandbox.faults.add(operation=operation, kind="slow", seconds=1.5, times=1)
    begun = time.monotonic()
    page = enter(client, shop, shop.code())
    assert 'http-equiv="refresh"' in page.content.decode()
    assert time.monotonic() - begun < 1.4
    wait_until(lambda: Lookup.objects.get().is_unused)
    page, begun = client.get(page.request["PATH_INFO"]), time.monotonic()
    waiting = confirm(client, page)
    assert 'http-equiv="refresh"' in waiting.content.decode()
    assert time.monotonic() - begun < 1.4
    wait_until(lambda: Verification.objects.get().status == Status.VERIFIED)


def test_a_lost_answer_asks_the_guest_to_keep_the_page_open(
    client: Client, shop: Shop, settings: Settings
) -> None:
    settings.OUTBOX = replace(settings.OUTBOX, first_question=60.0)
    page = enter(client, shop, shop.code())
    shop.sandbox.faults.add(operation="verify", kind="drop_after", times=1)
    text = confirm(client, page).content.decode()
    assert 'class="outcome unclear"' in text
    assert "hx-get" in text
