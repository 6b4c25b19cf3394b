"""What the counter and the guest's page do with texts that hold several codes, or none."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from coupons.codes import Reading
from coupons.codes.lookalikes import NoCode
from coupons.counter import CouponKind
from coupons.models import Lookup, Verification
from coupons.reasons import READ
from stores.counter.kinds import ScanResult
from stores.counter.pages import MOST_CHOSEN
from stores.roles import Role
from tests.api import Api
from tests.coupons.factories import Shop
from tests.pages import english
from tests.stores.factories import member

PAYMENT, EAN = "134512345678901234", "6901234567892"


@pytest.fixture
def clerk(shop: Shop) -> User:
    return member(shop.merchant, Role.CLERK, shop.store)


@pytest.fixture
def counter(clerk: User) -> Client:
    return english(clerk)


def scan(counter: Client, shop: Shop, text: str, *, htmx: bool = True, status: int = 422) -> str:
    headers = {"HX-Request": "true"} if htmx else {}
    answer = counter.post("/counter/", {"store": shop.store.pk, "text": text}, headers=headers)
    assert answer.status_code == status
    return answer.content.decode()


def choose(counter: Client, shop: Shop, *codes: str) -> str:
    sent = {"store": shop.store.pk, "kind": "coupon", "chosen": codes, "request_key": "a" * 32}
    answer = counter.post("/counter/", sent, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.content.decode()


def arrived(shop: Shop) -> int:
    return len(shop.sandbox.arrivals.all())


@pytest.mark.parametrize("no_code", [name for name in NoCode if name != NoCode.EMPTY])
def test_what_is_no_code_is_refused_by_its_name(
    counter: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch, no_code: NoCode
) -> None:
    monkeypatch.setattr("coupons.codes.read", lambda text: Reading((), no_code, (), "13…34"))
    card = scan(counter, shop, "x")
    assert str(READ[no_code].staff) in card
    assert "13…34" in card
    assert "data-unread" in card
    assert (arrived(shop), Verification.objects.count(), Lookup.objects.count()) == (0, 0, 0)


def test_a_payment_code_is_neither_sent_nor_shown_nor_stored(counter: Client, shop: Shop) -> None:
    for htmx in (True, False):
        page = scan(counter, shop, f" ]Q1{PAYMENT} ", htmx=htmx)
        assert "This is a payment code, please put it away" in page
        # Without JavaScript the text stays in the box of this very page.
        assert page.count(PAYMENT) == (0 if htmx else 1)
    assert arrived(shop) == 0


def test_several_codes_are_offered_and_nothing_is_sent_before_the_choice(
    counter: Client, shop: Shop
) -> None:
    first, second = shop.code(), shop.code()
    card = scan(counter, shop, f"券一 {first} 券二 {second}", status=200)
    assert "2 codes found" in card
    assert "Verify all 2 codes" in card
    assert "data-unread" not in card
    assert re.findall(r'name="chosen" value="(\d+)"', card) == [first, second] * 2
    assert arrived(shop) == 0
    cards = choose(counter, shop, first, second)
    assert cards.count('class="scan ') == 2
    assert Verification.objects.count() == 2


def test_of_more_codes_than_go_at_once_none_is_offered(counter: Client, shop: Shop) -> None:
    codes = [f"7000000000{number:02d}" for number in range(MOST_CHOSEN + 1)]
    card = scan(counter, shop, "\n".join(codes))
    assert "21 codes found" in card
    assert "at most 20 codes go at once" in card
    assert 'name="chosen"' not in card
    card = scan(counter, shop, "\n".join(codes[1:]), status=200)
    assert "Verify all 20 codes" in card
    assert choose(counter, shop, *codes[1:]).count('class="scan ') == 20


def test_one_of_several_codes_is_chosen(counter: Client, shop: Shop) -> None:
    first, second = shop.code(), shop.code()
    scan(counter, shop, f"{first} {second}", status=200)
    assert choose(counter, shop, second).count('class="scan ') == 1
    assert [row.code_tail for row in Verification.objects.all()] == [second[-4:]]


def test_digits_that_may_be_a_code_beside_a_sure_one_are_offered_and_nothing_is_sent(
    counter: Client, shop: Shop
) -> None:
    code, other = shop.code(), "223456789013"
    card = scan(counter, shop, f"{code}，{other[:4]} {other[4:]}", status=200)
    assert "1 code found" in card
    assert "Other digits may be a code too" in card
    assert "Verify all" not in card
    assert re.findall(r'name="chosen" value="(\d+)"', card) == [code, other]
    assert arrived(shop) == 0
    choose(counter, shop, code)
    assert [row.code_tail for row in Verification.objects.all()] == [code[-4:]]


def test_the_same_choice_pressed_twice_is_one_verification(counter: Client, shop: Shop) -> None:
    code = shop.code()
    choose(counter, shop, code, code)
    choose(counter, shop, code)
    assert Verification.objects.count() == 1


def test_eleven_digits_are_offered_with_a_zero_in_front(counter: Client, shop: Shop) -> None:
    card = scan(counter, shop, "12345678901")
    assert re.findall(r'name="chosen" value="(\d+)"', card) == ["012345678901", "12345678901"]
    choose(counter, shop, "012345678901")
    assert Verification.objects.get().code_tail == "8901"


def test_a_code_that_looks_like_goods_is_verified_when_the_clerk_says_so(
    counter: Client, shop: Shop
) -> None:
    assert f'value="{EAN}"' in scan(counter, shop, EAN)
    choose(counter, shop, EAN)
    assert Verification.objects.count() == 1


def test_chosen_codes_share_the_time_that_the_user_waits(
    counter: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    redeem = CouponKind.redeem
    left: list[float] = []

    def noted(self: CouponKind, *, patience: float, **given: Any) -> ScanResult:
        left.append(patience)
        return redeem(self, patience=patience, **given)

    monkeypatch.setattr(CouponKind, "redeem", noted)
    codes = [shop.code(), shop.code(), shop.code()]
    choose(counter, shop, *codes)
    assert len(left) == 3
    assert settings.OUTBOX.default_wait > left[0] > left[1] > left[2] >= 0


@pytest.mark.parametrize("chosen", [PAYMENT, "", "abc", "1" * 21, "13812345678", "١٢٣٤٥٦٧٨٩٠١٢"])
def test_a_choice_that_was_never_offered_is_not_found(
    counter: Client, shop: Shop, chosen: str
) -> None:
    sent = {"store": shop.store.pk, "kind": "coupon", "chosen": chosen}
    assert counter.post("/counter/", sent).status_code == 404
    assert counter.post("/counter/", sent | {"kind": "x"}).status_code == 404
    many = [f"7{number:011d}" for number in range(21)]
    assert counter.post("/counter/", sent | {"chosen": many}).status_code == 404
    assert (arrived(shop), Verification.objects.count()) == (0, 0)


def test_a_guest_chooses_one_of_several_codes(client: Client, shop: Shop) -> None:
    first, second = shop.code(), shop.code()
    home = f"/g/{shop.store.guest_slug}/"
    page = client.post(home, {"code": f"{first} {second}"})
    assert page.status_code == 422
    assert re.findall(r'name="chosen" value="(\d+)"', page.content.decode()) == [first, second]
    assert Lookup.objects.count() == 0
    assert client.post(home, {"chosen": second}).status_code == 302
    assert Lookup.objects.get().code_tail == second[-4:]


def test_a_guest_is_offered_the_digits_beside_a_sure_code(client: Client, shop: Shop) -> None:
    code = shop.code()
    page = client.post(f"/g/{shop.store.guest_slug}/", {"code": f"{code} 2234 56789013"})
    assert page.status_code == 422
    offered = re.findall(r'name="chosen" value="(\d+)"', page.content.decode())
    assert offered == [code, "223456789013"]


def test_a_guest_is_told_what_was_read_and_no_try_is_counted(client: Client, shop: Shop) -> None:
    home = f"/g/{shop.store.guest_slug}/"
    for _ in range(60):
        page = client.post(home, {"code": PAYMENT})
        assert page.status_code == 422
    assert str(READ[NoCode.PAYMENT].guest) in page.content.decode()
    assert client.post(home, {"code": shop.code()}).status_code == 302


def test_the_api_says_what_was_read_and_what_may_be_meant(api: Api, shop: Shop) -> None:
    path = f"stores/{shop.store.pk}/verifications/"
    for code, read_as, offered in (
        (PAYMENT, "payment", []),
        ("12345678901", "lacks_zero", ["012345678901", "12345678901"]),
        (EAN, "goods", [EAN]),
        ("223456789013 323456789014", "several_codes", ["223456789013", "323456789014"]),
        ("223456789013，3234 56789014", "several_codes", ["223456789013", "323456789014"]),
        ("SF1234567890123", "waybill", []),
    ):
        answer = api.post(path, {"code": code})
        body = answer.json()
        assert (answer.status_code, body["code"]) == (422, "malformed_code")
        assert (body["read_as"], body["offered"]) == (read_as, offered)
    assert (arrived(shop), Verification.objects.count()) == (0, 0)


def test_the_api_takes_an_offered_number_when_a_person_confirmed_it(api: Api, shop: Shop) -> None:
    path = f"stores/{shop.store.pk}/verifications/"
    assert api.post(path, {"code": PAYMENT, "confirmed": True}).status_code == 422
    assert api.post(path, {"code": EAN, "confirmed": True}).status_code == 201
    assert api.post(path, {"code": shop.code(), "confirmed": True}).status_code == 201


def test_a_decimal_of_a_spreadsheet_is_not_joined_to_the_code(api: Api, shop: Shop) -> None:
    code = shop.code()
    api.post(f"stores/{shop.store.pk}/verifications/?wait=10", {"code": f"{code}.0"})
    row = Verification.objects.get()
    assert (row.status, row.code_tail) == (Verification.Status.VERIFIED, code[-4:])
