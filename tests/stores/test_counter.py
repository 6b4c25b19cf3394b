"""The counter: who may use it, what a scan does, and what it makes of odd input."""

import re
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from coupons.models import Verification
from coupons.reasons import TEXTS, Reason
from stores.models import RateWindow
from stores.platforms import pace
from stores.roles import Role
from tests.coupons.factories import Shop, VerificationFactory, connected_shop
from tests.pages import HOSTILE, key_of, state_of
from tests.stores.factories import MerchantFactory, StoreFactory, UserFactory, member

Status = Verification.Status
COUNTER = "/counter/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def clerk(shop: Shop) -> User:
    return member(shop.merchant, Role.CLERK, shop.store)


@pytest.fixture
def counter(clerk: User, client: Client) -> Client:
    client.force_login(clerk)
    return client


def scan(client: Client, text: str, **fields: object) -> str:
    answer = client.post(COUNTER, {"text": text} | fields, headers=HTMX)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def test_a_visitor_is_asked_to_sign_in(client: Client, db: None) -> None:
    answer = client.get(COUNTER)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/counter/")


def test_a_fragment_sends_the_whole_page_to_the_sign_in(client: Client, db: None) -> None:
    answer = client.get(reverse("counter-result", args=["coupon", "1"]), headers=HTMX)
    assert (answer.status_code, answer["HX-Redirect"], answer.content) == (
        204,
        "/admin/login/?next=/counter/",
        b"",
    )


def test_a_form_with_an_old_token_is_refused_and_a_fragment_renews_its_page(
    shop: Shop, clerk: User
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(clerk)
    fragment = client.post(COUNTER, {"text": shop.code()}, headers=HTMX)
    assert (fragment.status_code, fragment["HX-Refresh"]) == (403, "true")
    assert "HX-Refresh" not in client.post(COUNTER, {"text": shop.code()})
    assert Verification.objects.count() == 0


def test_a_stranger_finds_no_counter(client: Client, db: None) -> None:
    client.force_login(UserFactory())
    assert client.get(COUNTER).status_code == 404
    assert client.post(COUNTER, {"text": "700000000000"}).status_code == 404


def test_staff_without_a_store_are_told_whom_to_ask(client: Client, db: None) -> None:
    client.force_login(member(MerchantFactory(), Role.CLERK))
    answer = client.get(COUNTER)
    assert answer.status_code == 200
    assert "data-scan-form" not in answer.content.decode()


def test_a_scan_is_verified_and_shown_as_a_card(counter: Client, shop: Shop, clerk: User) -> None:
    card = scan(counter, shop.code())
    row = Verification.objects.get()
    assert (state_of(card), key_of(card)) == ("ok", str(row.pk))
    assert (row.status, row.channel, row.user) == (Status.VERIFIED, "counter", clerk)
    assert shop.product.name in card


def test_the_code_is_found_in_a_pasted_message(counter: Client, shop: Shop) -> None:
    code = shop.code()
    card = scan(
        counter, f"【美团】您的券码：{code[:4]} {code[4:8]} {code[8:]}，请到店出示。电话13800138000"
    )
    assert state_of(card) == "ok"


def test_without_javascript_a_scan_ends_on_a_page_of_its_own(counter: Client, shop: Shop) -> None:
    answer = counter.post(COUNTER, {"text": shop.code()}, follow=True)
    row = Verification.objects.get()
    assert answer.redirect_chain == [(f"/counter/?scan=coupon.{row.pk}", 302)]
    page = answer.content.decode()
    assert page.count(f'data-scan="coupon.{row.pk}"') == 1
    assert 'class="scan ok fresh"' in page


def test_the_same_request_key_is_answered_by_the_same_verification(
    counter: Client, shop: Shop
) -> None:
    code = shop.code()
    first = scan(counter, code, request_key="a" * 32)
    again = scan(counter, code, request_key="a" * 32)
    assert key_of(first) == key_of(again)
    assert len(shop.sandbox.arrivals.all(operation="verify")) == 1


def test_a_second_scan_within_seconds_does_not_look_like_a_second_success(
    counter: Client, shop: Shop
) -> None:
    code = shop.code()
    counter.cookies["django_language"] = "en"
    first, again = scan(counter, code), scan(counter, code)
    assert (state_of(first), state_of(again)) == ("ok", "repeated")
    settled = timezone.localtime(Verification.objects.get().settled_at)
    assert f"Already verified a moment ago ({settled:%H:%M})" in again
    assert key_of(again) != key_of(first)
    page = counter.get(f"/counter/?scan=coupon.{key_of(again)}").content.decode()
    assert re.findall(r'data-state="(\w+)" data-scan', page) == ["repeated", "ok"]
    assert len(shop.sandbox.arrivals.all(operation="verify")) == 1


def test_a_second_scan_while_the_first_waits_does_not_become_a_second_success(
    counter: Client, shop: Shop
) -> None:
    pace.postpone(shop.connection.pace_id, 30)
    code = shop.code()
    cards = [scan(counter, code) for _ in range(2)]
    assert [state_of(card) for card in cards] == ["waiting", "waiting"]
    type(shop.connection.pace).objects.update(next_at=0)
    settled = [
        counter.get(f"/counter/result/coupon/{key_of(card)}/").content.decode() for card in cards
    ]
    assert [state_of(card) for card in settled] == ["ok", "repeated"]


def test_an_old_key_with_another_code_is_another_scan(counter: Client, shop: Shop) -> None:
    first = scan(counter, shop.code(), request_key="a" * 32)
    other = scan(counter, shop.code(), request_key="a" * 32)
    assert key_of(first) != key_of(other)
    assert Verification.objects.count() == 2


def test_a_colleague_scanning_a_used_coupon_sees_by_whom_and_when(
    counter: Client, shop: Shop, clerk: User
) -> None:
    code = shop.code()
    scan(counter, code)
    counter.force_login(member(shop.merchant, Role.OWNER))
    card = scan(counter, code)
    assert state_of(card) == "refused"
    assert str(TEXTS[Reason.ALREADY_USED].staff) in card
    assert clerk.username in card


def test_a_refusal_shows_the_reason_the_next_step_and_the_gateways_words(
    counter: Client, shop: Shop
) -> None:
    card = scan(counter, shop.code("expired"))
    row = Verification.objects.get()
    assert state_of(card) == "refused"
    assert str(TEXTS[Reason.EXPIRED].staff) in card
    assert str(TEXTS[Reason.EXPIRED].next_step) in card
    assert row.gateway_message
    assert row.gateway_message in card


def test_while_the_slot_is_taken_the_card_shows_the_place_and_fetches_itself(
    counter: Client, shop: Shop
) -> None:
    pace.postpone(shop.connection.pace_id, 30)
    card = scan(counter, shop.code())
    assert state_of(card) == "waiting"
    assert f'hx-get="/counter/result/coupon/{key_of(card)}/"' in card
    assert "scan-place" in card
    assert shop.sandbox.arrivals.all() == []


def test_a_waiting_card_is_served_by_its_own_page_when_no_worker_runs(
    counter: Client, shop: Shop
) -> None:
    pace.postpone(shop.connection.pace_id, 30)
    card = scan(counter, shop.code())
    type(shop.connection.pace).objects.update(next_at=0)
    answer = counter.get(f"/counter/result/coupon/{key_of(card)}/", headers=HTMX)
    assert state_of(answer.content.decode()) == "ok"
    assert len(shop.sandbox.arrivals.all(operation="verify")) == 1


def test_a_lost_answer_is_shown_as_being_clarified(
    counter: Client, shop: Shop, settings: Settings
) -> None:
    settings.OUTBOX = replace(settings.OUTBOX, first_question=60.0)
    shop.sandbox.faults.add(operation="verify", kind="drop_after", times=1)
    card = scan(counter, shop.code())
    assert state_of(card) == "unknown"
    assert "hx-get" in card


@pytest.mark.parametrize("text", HOSTILE)
def test_odd_input_is_refused_and_nothing_is_sent(counter: Client, shop: Shop, text: str) -> None:
    for headers in (HTMX, None):
        answer = counter.post(COUNTER, {"text": text, "request_key": text}, headers=headers)
        assert answer.status_code == 422
        assert "<script>alert" not in answer.content.decode()
    assert Verification.objects.count() == 0
    assert shop.sandbox.arrivals.all() == []


def test_missing_fields_and_repeated_fields_are_no_error_of_ours(
    counter: Client, shop: Shop
) -> None:
    assert counter.post(COUNTER).status_code == 422
    assert counter.post(COUNTER, {"text": ["x", "y"]}).status_code == 422
    assert counter.post(COUNTER, b"[1,2]", content_type="application/json").status_code == 422
    assert Verification.objects.count() == 0


def test_another_merchants_store_in_the_form_is_not_found(counter: Client, shop: Shop) -> None:
    other = connected_shop(shop.sandbox)
    for store in (str(other.store.pk), "0", "x", "9" * 40, ""):
        assert counter.post(COUNTER, {"text": shop.code(), "store": store}).status_code == 404
        assert counter.post("/counter/store/", {"store": store}).status_code == 404
    assert Verification.objects.count() == 0


def test_a_foreign_store_in_the_session_falls_back_to_an_own_one(
    counter: Client, shop: Shop
) -> None:
    session = counter.session
    session["counter_store"] = connected_shop(shop.sandbox).store.pk
    session.save()
    scan(counter, shop.code())
    assert Verification.objects.get().store == shop.store


def test_the_chosen_store_is_remembered(counter: Client, shop: Shop, clerk: User) -> None:
    second = StoreFactory(merchant=shop.merchant, name="二号店")
    clerk.memberships.get().stores.add(second)
    assert counter.post("/counter/store/", {"store": second.pk})["Location"] == COUNTER
    assert f'<option value="{second.pk}" selected>' in counter.get(COUNTER).content.decode()


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"]
)
def test_choosing_a_store_leads_nowhere_else(counter: Client, shop: Shop, target: str) -> None:
    assert (
        counter.post("/counter/store/", {"store": shop.store.pk, "next": target})["Location"]
        == COUNTER
    )


@pytest.mark.parametrize("key", ["0", "x", "-1", "9" * 30, "٣"])
def test_an_unknown_result_is_not_found(counter: Client, shop: Shop, key: str) -> None:
    assert counter.get(f"/counter/result/coupon/{key}/").status_code == 404
    assert counter.get(f"/counter/result/nothing/{key}/").status_code == 404
    assert counter.get(f"/counter/?scan=coupon.{key}").status_code == 200


def test_another_merchants_result_is_not_found(counter: Client, shop: Shop) -> None:
    theirs = VerificationFactory(code_tail="4321")
    assert counter.get(f"/counter/result/coupon/{theirs.pk}/").status_code == 404
    assert "4321" not in counter.get(f"/counter/?scan=coupon.{theirs.pk}").content.decode()


def test_the_last_ten_results_of_the_own_store_are_listed_newest_first(
    counter: Client, shop: Shop
) -> None:
    rows = [VerificationFactory(store=shop.store) for _ in range(12)]
    VerificationFactory()
    page = counter.get(COUNTER).content.decode()
    assert (
        re.findall(r'data-scan="coupon\.(\d+)"', page)
        == [str(row.pk) for row in reversed(rows)][:10]
    )


def test_the_list_costs_the_same_few_queries_however_long_it_is(
    counter: Client, shop: Shop, django_assert_max_num_queries: object
) -> None:
    for _ in range(10):
        VerificationFactory(store=shop.store, product=shop.product)
    with django_assert_max_num_queries(13):  # type: ignore[operator]
        counter.get(COUNTER)


def test_the_page_allows_no_inline_script_and_no_other_host(counter: Client, shop: Shop) -> None:
    answer = counter.get(COUNTER)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    page = answer.content.decode()
    assert not re.search(r'\sstyle="|\son\w+="|<script>|https?://', page)
    assert RateWindow.objects.count() == 0


def test_a_store_that_cannot_verify_says_so_before_anything_is_scanned(
    client: Client, shop: Shop
) -> None:
    shop.gateway.authorisation = "expired"
    shop.gateway.save()
    client.force_login(member(shop.merchant, Role.OWNER))
    page = client.get("/counter/").content.decode()
    assert 'class="trouble"' in page
    assert str(TEXTS[Reason.AUTHORISATION_EXPIRED].staff) in page
