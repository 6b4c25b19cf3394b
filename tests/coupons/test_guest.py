"""The guest's way from number to result, what stops it, and what it never shows."""

import re
import xml.etree.ElementTree as ET
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from coupons.models import Channel, Lookup, Verification
from coupons.pages import guard, visits
from coupons.reasons import TEXTS, Reason
from coupons.sandbox import UmemberSandbox
from coupons.services import verification_pursue, verification_request
from stores import limits
from stores.models import Connection, Pace
from stores.platforms import pace
from stores.platforms.sandbox import SandboxServer
from stores.tenancy import Role
from tests.factories import Shop, VerificationFactory, connected_shop, member

Status = Verification.Status
HOSTILE = [
    "",
    " ",
    "abc",
    "😀" * 300,
    "1" * 10_000,
    "'; DROP TABLE stores_store; --",
    "\x00\x01",
    "<script>alert(1)</script>",
]


@pytest.fixture(autouse=True)
def _hurry(sandbox: SandboxServer, settings: Any) -> None:
    """The spacing of calls is tested elsewhere; here a slot is free unless the test takes it."""
    settings.PACE_SECONDS = {"umember": 0.0}
    gateway = sandbox.platform("umember")
    assert isinstance(gateway, UmemberSandbox)
    gateway.configure(rate_limit=None)


def home(shop: Shop) -> str:
    return reverse("coupons:guest", args=[shop.store.guest_slug])


def enter(client: Client, shop: Shop, code: str, **fields: Any) -> Any:
    """Posts the number and follows to where it leads."""
    return client.post(home(shop), {"code": code} | fields, follow=True)


def confirm(client: Client, page: Any, **fields: Any) -> Any:
    key = re.search(r'name="request_key" value="(\w+)"', page.content.decode())
    assert key, page.content.decode()
    return client.post(page.request["PATH_INFO"], {"request_key": key[1]} | fields, follow=True)


def free_the_slot(shop: Shop) -> None:
    Pace.objects.filter(pk=shop.connection.pace_id).update(next_at=0)


def arrived(shop: Shop) -> list[str]:
    return [arrival.operation for arrival in shop.sandbox.arrivals.all()]


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


@pytest.mark.parametrize("form", ["{0}", "{1} {2} {3}", "{1}-{2}-{3}", " {0}\r\n", "券码:{0} 请到店使用"])
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
    assert str(TEXTS[Reason.MALFORMED_CODE].guest) in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()
    assert (Lookup.objects.count(), arrived(shop)) == (0, [])


def test_missing_fields_and_lists_are_no_error_of_ours(client: Client, shop: Shop) -> None:
    assert client.post(home(shop)).status_code == 422
    assert client.post(home(shop), {"code": ["x", "y"]}).status_code == 422
    assert client.post(home(shop), b'{"code": [1]}', content_type="application/json").status_code == 422
    assert client.put(home(shop)).status_code == 405
    assert client.head(home(shop)).status_code == 200


@pytest.mark.parametrize(
    ("state", "reason"),
    [("used", Reason.ALREADY_USED), ("expired", Reason.EXPIRED), ("refunded", Reason.REFUNDED)],
)
def test_a_coupon_that_cannot_be_used_is_told_before_confirming(
    client: Client, shop: Shop, state: str, reason: Reason
) -> None:
    page = enter(client, shop, shop.code(state)).content.decode()
    assert str(TEXTS[reason].guest) in page
    assert "request_key" not in page
    assert Verification.objects.count() == 0


def test_a_code_of_another_store_is_not_verified_here(client: Client, shop: Shop) -> None:
    other = connected_shop(shop.sandbox)
    page = enter(client, shop, other.code()).content.decode()
    assert 'class="outcome refused"' in page
    assert "request_key" not in page
    assert Verification.objects.count() == 0


def test_a_coupon_verified_at_the_counter_is_told_without_a_call_and_without_names(client: Client, shop: Shop) -> None:
    code, user = shop.code(), member(shop.merchant, Role.OWNER, first_name="王小明")
    asked = verification_request(store=shop.store, code=code, channel=Channel.COUNTER, actor=user, flow="x")
    verification_pursue(asked.verification, wait=5)
    shop.sandbox.arrivals.clear()
    answer = client.post(home(shop), {"code": code})
    assert answer.status_code == 409
    assert str(TEXTS[Reason.ALREADY_USED].guest) in answer.content.decode()
    assert "王小明" not in answer.content.decode()
    assert arrived(shop) == []


def test_confirming_twice_is_one_verification_with_one_result(client: Client, shop: Shop) -> None:
    page = enter(client, shop, shop.code())
    first, second = confirm(client, page), confirm(client, page)
    assert first.request["PATH_INFO"].split("/")[3] == second.request["PATH_INFO"].split("/")[3] == "result"
    assert 'class="outcome verified"' in second.content.decode()
    assert Verification.objects.count() == 1
    assert arrived(shop).count("verify") == 1


def test_entering_the_own_used_number_again_shows_the_result_again(client: Client, shop: Shop) -> None:
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


def test_both_steps_show_the_place_while_the_slot_is_taken_and_then_go_on(client: Client, shop: Shop) -> None:
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


def test_a_lost_answer_asks_the_guest_to_keep_the_page_open(client: Client, shop: Shop) -> None:
    page = enter(client, shop, shop.code())
    shop.sandbox.faults.add(operation="verify", kind="drop_after", times=1)
    text = confirm(client, page).content.decode()
    assert 'class="outcome unclear"' in text
    assert "hx-get" in text


def close_page(shop: Shop) -> None:
    shop.store.guest_page_open = False
    shop.store.save()


def close_store(shop: Shop) -> None:
    shop.store.is_active = False
    shop.store.save()


def close_merchant(shop: Shop) -> None:
    shop.merchant.is_active = False
    shop.merchant.save()


def spend_quota(shop: Shop) -> None:
    shop.gateway.request_count = 0
    shop.gateway.save()


def lapse(shop: Shop) -> None:
    shop.gateway.authorisation = shop.gateway.Authorisation.EXPIRED
    shop.gateway.save()


def refuse_login(shop: Shop) -> None:
    shop.connection.state = Connection.State.REFUSED
    shop.connection.save()


def disconnect(shop: Shop) -> None:
    shop.gateway.delete()


@pytest.mark.parametrize(
    "trouble", [close_page, close_store, close_merchant, spend_quota, lapse, refuse_login, disconnect]
)
def test_a_store_that_cannot_verify_says_so_before_the_code_is_touched(
    client: Client, shop: Shop, trouble: Any
) -> None:
    trouble(shop)
    page = client.get(home(shop))
    assert page.status_code == 200
    assert 'class="outcome closed"' in page.content.decode()
    assert 'name="code"' not in page.content.decode()
    answer = client.post(home(shop), {"code": "700000000001"})
    assert answer.status_code == 409
    assert (Lookup.objects.count(), arrived(shop)) == (0, [])


def test_a_page_closed_between_the_steps_spends_nothing(client: Client, shop: Shop) -> None:
    page = enter(client, shop, shop.code())
    close_page(shop)
    assert confirm(client, page).status_code == 409
    assert Verification.objects.count() == 0


def test_guessing_locks_the_address_before_it_costs_quota(client: Client, shop: Shop) -> None:
    for number in range(guard.FAILURES_PER_ADDRESS.count):
        enter(client, shop, f"99900000{number:04d}")
    shop.sandbox.arrivals.clear()
    answer = client.post(home(shop), {"code": shop.code()})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) <= guard.FAILURES_PER_ADDRESS.seconds
    assert str(TEXTS[Reason.TOO_MANY_TRIES].guest) in answer.content.decode()
    assert arrived(shop) == []
    elsewhere = client.post(home(shop), {"code": shop.code()}, REMOTE_ADDR="203.0.113.9")
    assert elsewhere.status_code == 302


def test_one_failure_counts_once_however_often_its_page_is_opened(client: Client, shop: Shop) -> None:
    page = enter(client, shop, "999000000001")
    for _ in range(guard.FAILURES_PER_ADDRESS.count):
        client.get(page.request["PATH_INFO"])
    assert client.post(home(shop), {"code": "999000000002"}).status_code == 302


def test_guessing_from_many_addresses_locks_the_store(client: Client, shop: Shop) -> None:
    for _ in range(guard.FAILURES_PER_STORE.count):
        limits.take(guard.FAILURES_PER_STORE, str(shop.store.pk))
    assert client.post(home(shop), {"code": shop.code()}).status_code == 429
    other = connected_shop(shop.sandbox)
    assert client.post(home(other), {"code": other.code()}).status_code == 302


def test_guests_behind_one_address_are_not_locked_by_their_successes(client: Client, shop: Shop) -> None:
    for _ in range(guard.FAILURES_PER_ADDRESS.count + 2):
        guest = Client()
        assert 'name="request_key"' in enter(guest, shop, shop.code()).content.decode()


def test_even_waiting_look_ups_are_limited_per_address(client: Client, shop: Shop) -> None:
    pace.postpone(shop.connection.pace_id, 600)
    with time_machine.travel(timezone.now(), tick=False):
        answers = [
            client.post(home(shop), {"code": f"99900000{number:04d}"}).status_code
            for number in range(guard.LOOKUPS_PER_ADDRESS.count + 1)
        ]
    assert answers == [302] * guard.LOOKUPS_PER_ADDRESS.count + [429]
    assert arrived(shop) == []


def test_another_phone_cannot_open_or_confirm_the_coupon_page(client: Client, shop: Shop) -> None:
    page = enter(client, shop, shop.code())
    here = page.request["PATH_INFO"]
    thief = Client()
    assert thief.get(here).status_code == 404
    assert thief.post(here, {"request_key": "b" * 32}).status_code == 404
    assert Verification.objects.count() == 0


def test_a_coupon_page_does_not_open_at_another_store_or_when_it_is_old(client: Client, shop: Shop) -> None:
    other = connected_shop(shop.sandbox)
    here = enter(client, shop, shop.code()).request["PATH_INFO"]
    assert client.get(here.replace(shop.store.guest_slug, other.store.guest_slug)).status_code == 404
    with time_machine.travel(timezone.now() + timedelta(seconds=visits.LOOK_SECONDS + 5)):
        assert client.get(here).status_code == 404


def test_the_address_of_the_coupon_page_does_not_tell_the_code(client: Client, shop: Shop) -> None:
    code = shop.code()
    here = enter(client, shop, code).request["PATH_INFO"]
    assert code not in here
    assert code not in str(client.cookies)


@pytest.mark.parametrize("token", ["x", "1", "MTIz:abc:def", "9" * 3000, "券", "%00", "..", "gAAAAAB"])
def test_made_up_addresses_are_answered_kindly(client: Client, shop: Shop, token: str) -> None:
    for step in ("coupon", "result"):
        for method in (client.get, client.post):
            answer = method(f"{home(shop)}{step}/{token}/")
            assert answer.status_code == 404
            assert b"<h1>" in answer.content


def test_a_result_address_is_signed_and_bound_to_the_store(client: Client, shop: Shop) -> None:
    theirs = VerificationFactory(code_tail="4321", requested_by="李四")
    answer = client.get(f"{home(shop)}result/{visits.sign_result(theirs.pk)}/")
    assert answer.status_code == 404
    assert "4321" not in answer.content.decode()
    assert client.get(f"{home(shop)}result/{visits.sign_result(theirs.pk)}x/").status_code == 404


def test_the_result_shows_nothing_of_staff_or_gateway(client: Client, shop: Shop) -> None:
    row = VerificationFactory(
        store=shop.store,
        status=Status.REFUSED,
        reason=Reason.REFUSED_OTHER,
        gateway_message="内部错误E42",
        requested_by="李四",
    )
    page = client.get(f"{home(shop)}result/{visits.sign_result(row.pk)}/").content.decode()
    assert str(TEXTS[Reason.REFUSED_OTHER].guest) in page
    assert "李四" not in page
    assert "E42" not in page


def test_an_unknown_store_is_not_found(client: Client, db: None) -> None:
    for slug in ("nothing", "9" * 500, "a%20b", "%00"):
        assert client.get(f"/g/{slug}/").status_code == 404


def test_forms_are_protected_against_other_sites(shop: Shop) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(home(shop), {"code": shop.code()}).status_code == 403
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', strict.get(home(shop)).content.decode())
    assert token
    assert strict.post(home(shop), {"code": shop.code(), "csrfmiddlewaretoken": token[1]}).status_code == 302


def test_a_guest_reads_chinese_until_choosing_english(client: Client, shop: Shop) -> None:
    assert '<html lang="zh-hans">' in client.get(home(shop)).content.decode()
    answer = client.post(reverse("set_language"), {"language": "en", "next": home(shop)})
    assert answer["Location"] == home(shop)
    assert '<html lang="en">' in client.get(home(shop)).content.decode()


def test_the_pages_are_not_kept_by_caches_and_allow_nothing_inline(client: Client, shop: Shop) -> None:
    answer = client.get(home(shop))
    assert "no-store" in answer["Cache-Control"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert not re.search(r'\sstyle="|\son\w+="|<script>|https?://', answer.content.decode())


def test_staff_print_the_poster_and_strangers_do_not_find_it(client: Client, shop: Shop) -> None:
    places = [
        reverse("coupons:poster-page", args=[shop.store.guest_slug]),
        reverse("coupons:poster", args=[shop.store.guest_slug, "svg"]),
        reverse("coupons:poster", args=[shop.store.guest_slug, "pdf"]),
    ]
    assert [client.get(place).status_code for place in places] == [302] * 3
    client.force_login(member(connected_shop(shop.sandbox).merchant, Role.OWNER))
    assert [client.get(place).status_code for place in places] == [404] * 3
    client.force_login(member(shop.merchant, Role.CLERK, shop.store))
    assert [client.get(place).status_code for place in places] == [200] * 3
    assert client.get("/counter/poster/")["Location"] == places[0]


def test_the_poster_is_a_drawing_and_the_pdf_a_pdf(client: Client, shop: Shop, settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://shop.example"
    shop.store.name = 'Tea & "Cats" <喵>\x0b'
    shop.store.save()
    client.force_login(member(shop.merchant, Role.OWNER))
    svg = client.get(reverse("coupons:poster", args=[shop.store.guest_slug, "svg"]))
    texts = [element.text for element in ET.fromstring(svg.content).iter("{http://www.w3.org/2000/svg}text")]
    assert svg["Content-Type"].startswith("image/svg+xml")
    assert texts[0] == 'Tea & "Cats" <喵>'
    assert texts[-1] == f"https://shop.example/g/{shop.store.guest_slug}/"
    pdf = client.get(reverse("coupons:poster", args=[shop.store.guest_slug, "pdf"]))
    assert pdf.content.startswith(b"%PDF-")
