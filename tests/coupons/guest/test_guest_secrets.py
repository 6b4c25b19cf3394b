"""What guest pages never show, and the printed poster."""

import re
import xml.etree.ElementTree as ET
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from coupons.models import Verification
from coupons.pages import visits
from coupons.reasons import TEXTS, Reason
from stores.roles import Role
from tests.coupons.factories import Shop, VerificationFactory, connected_shop
from tests.coupons.guest.visiting import (
    Status,
    enter,
    home,
)
from tests.pages import has_number
from tests.stores.factories import member


def test_another_phone_cannot_open_or_confirm_the_coupon_page(client: Client, shop: Shop) -> None:
    page = enter(client, shop, shop.code())
    here = page.request["PATH_INFO"]
    thief = Client()
    assert thief.get(here).status_code == 404
    assert thief.post(here, {"request_key": "b" * 32}).status_code == 404
    assert Verification.objects.count() == 0


def test_a_coupon_page_does_not_open_at_another_store_or_when_it_is_old(
    client: Client, shop: Shop
) -> None:
    other = connected_shop(shop.sandbox)
    here = enter(client, shop, shop.code()).request["PATH_INFO"]
    assert (
        client.get(here.replace(shop.store.guest_slug, other.store.guest_slug)).status_code == 404
    )
    with time_machine.travel(timezone.now() + timedelta(seconds=visits.LOOK_SECONDS + 5)):
        assert client.get(here).status_code == 404


def test_the_address_of_the_coupon_page_does_not_tell_the_code(client: Client, shop: Shop) -> None:
    code = shop.code()
    here = enter(client, shop, code).request["PATH_INFO"]
    assert code not in here
    assert code not in str(client.cookies)


@pytest.mark.parametrize(
    "token", ["x", "1", "MTIz:abc:def", "9" * 3000, "券", "%00", "..", "gAAAAAB"]
)
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
    assert not has_number(answer.content.decode(), "4321")
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
    # Not "E42": a token of the page may hold it by chance.
    assert "内部错误" not in page


def test_an_unknown_store_is_not_found(client: Client, db: None) -> None:
    for slug in ("nothing", "9" * 500, "a%20b", "%00"):
        assert client.get(f"/g/{slug}/").status_code == 404


def test_forms_are_protected_against_other_sites(shop: Shop) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(home(shop), {"code": shop.code()}).status_code == 403
    token = re.search(
        r'name="csrfmiddlewaretoken" value="(\w+)"', strict.get(home(shop)).content.decode()
    )
    assert token
    assert (
        strict.post(home(shop), {"code": shop.code(), "csrfmiddlewaretoken": token[1]}).status_code
        == 302
    )


def test_a_guest_reads_chinese_until_choosing_english(client: Client, shop: Shop) -> None:
    assert '<html lang="zh-hans">' in client.get(home(shop)).content.decode()
    answer = client.post(reverse("set_language"), {"language": "en", "next": home(shop)})
    assert answer["Location"] == home(shop)
    assert '<html lang="en">' in client.get(home(shop)).content.decode()


def test_the_pages_are_not_kept_by_caches_and_allow_nothing_inline(
    client: Client, shop: Shop
) -> None:
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


def test_the_poster_is_a_drawing_and_the_pdf_a_pdf(
    client: Client, shop: Shop, settings: Any
) -> None:
    settings.PUBLIC_BASE_URL = "https://shop.example"
    shop.store.name = 'Tea & "Cats" <喵>\x0b'
    shop.store.save()
    client.force_login(member(shop.merchant, Role.OWNER))
    svg = client.get(reverse("coupons:poster", args=[shop.store.guest_slug, "svg"]))
    texts = [
        element.text
        for element in ET.fromstring(svg.content).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert svg["Content-Type"].startswith("image/svg+xml")
    assert texts[0] == 'Tea & "Cats" <喵>'
    assert texts[-1] == f"https://shop.example/g/{shop.store.guest_slug}/"
    pdf = client.get(reverse("coupons:poster", args=[shop.store.guest_slug, "pdf"]))
    assert pdf.content.startswith(b"%PDF-")
