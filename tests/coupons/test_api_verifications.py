"""Verifying over the API, with the sandbox on a real socket."""

import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import time_machine
from django.utils import translation
from pytest_django.fixtures import Settings

from coupons.models import Lookup, Product, Verification
from coupons.reasons import TEXTS, Reason
from stores.models import OutboundCall, Pace, RateWindow
from stores.platforms import outbox, pace
from tests.api import Api, api_of, problem
from tests.coupons.factories import GatewayStoreFactory, Shop, connected_shop
from tests.processes import wait_until
from tests.stores.factories import StoreFactory

FIELDS = {
    "id", "store", "status", "reason", "message", "needs_person", "gateway_message", "product",
    "order_id", "code_tail", "inferred", "queue", "requested_by", "created_at", "settled_at",
}  # fmt: skip


def path_of(shop: Shop, wait: int = 0) -> str:
    return f"stores/{shop.store.pk}/verifications/" + (f"?wait={wait}" if wait else "")


def spent(shop: Shop) -> int:
    return len(shop.sandbox.arrivals.all(operation="verify"))


def nothing_happened(shop: Shop) -> bool:
    rows = Verification.objects.exists() or Lookup.objects.exists() or OutboundCall.objects.exists()
    return not rows and shop.sandbox.arrivals.all() == []


def hold(shop: Shop) -> None:
    """Moves the account's next slot far into the future, so that requests are queued."""
    pace.postpone(shop.connection.pace_id, 600)


def test_a_coupon_is_verified_while_the_caller_waits(shop: Shop, api: Api) -> None:
    code = shop.code()
    answer = api.post(path_of(shop, wait=10), {"code": code})
    body = answer.json()
    assert answer.status_code == 201
    assert set(body) == FIELDS
    assert answer["Location"] == f"/api/v1/verifications/{body['id']}/"
    row = Verification.objects.get()
    assert body | {"created_at": "", "settled_at": "", "order_id": ""} == {
        "id": row.pk,
        "store": shop.store.pk,
        "status": "verified",
        "reason": None,
        "message": "",
        "needs_person": False,
        "gateway_message": row.gateway_message,
        "product": {
            "sku_id": shop.product.sku_id,
            "name": shop.product.name,
            "price": str(row.value),
        },
        "order_id": "",
        "code_tail": code[-4:],
        "inferred": False,
        "queue": None,
        "requested_by": "API 收银系统",
        "created_at": "",
        "settled_at": "",
    }
    assert (type(body["order_id"]), len(body["order_id"])) == (str, 19)
    assert api.get(f"verifications/{row.pk}/").json() == body
    assert spent(shop) == 1


def test_without_wait_it_is_still_tried_at_once(shop: Shop, api: Api) -> None:
    answer = api.post(path_of(shop), {"code": shop.code()})
    assert (answer.status_code, answer.json()["status"]) == (201, "verified")


@pytest.fixture
def hold_briefly(settings: Settings) -> None:
    """A caller that names no wait is held for half a second."""
    settings.OUTBOX = replace(settings.OUTBOX, default_wait=0.5)


@pytest.mark.usefixtures("hold_briefly")
@pytest.mark.parametrize(("wait", "longest"), [(0, 0.5), (1, 1.0)])
def test_a_slow_gateway_keeps_the_caller_no_longer_than_the_wait(
    paced_shop: Shop, wait: int, longest: float
) -> None:
    paced_shop.sandbox.faults.add(operation="detail", kind="slow", seconds=longest + 1.5, times=1)
    begun = time.monotonic()
    body = (
        api_of(paced_shop.merchant)
        .post(path_of(paced_shop, wait=wait), {"code": paced_shop.code()})
        .json()
    )
    assert longest - 0.1 <= time.monotonic() - begun < longest + 1.4
    assert (body["status"], body["queue"]["position"]) == ("queued", 1)
    # The try goes on without the caller, and so does the verify behind it.
    wait_until(lambda: Verification.objects.get().status == "verified")
    assert spent(paced_shop) == 1


@pytest.mark.usefixtures("hold_briefly")
@pytest.mark.parametrize(("wait", "longest"), [(0, 0.5), (1, 1.0)])
def test_a_slow_gateway_keeps_whoever_looks_a_coupon_up_no_longer_either(
    paced_shop: Shop, wait: int, longest: float
) -> None:
    paced_shop.sandbox.faults.add(operation="detail", kind="slow", seconds=longest + 1.5, times=1)
    begun = time.monotonic()
    answer = api_of(paced_shop.merchant).post(
        f"stores/{paced_shop.store.pk}/lookups/?wait={wait}", {"code": paced_shop.code()}
    )
    assert longest - 0.1 <= time.monotonic() - begun < longest + 1.4
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    wait_until(lambda: Lookup.objects.get().status == "done")


def test_a_caller_finds_the_result_of_a_queued_verification_later(shop: Shop, api: Api) -> None:
    hold(shop)
    body = api.post(path_of(shop), {"code": shop.code()}).json()
    assert (body["status"], body["product"], body["queue"]["position"]) == ("queued", None, 1)
    assert 590 <= body["queue"]["seconds"] <= 601
    Pace.objects.update(next_at=0)
    later = api.get(f"verifications/{body['id']}/", {"wait": 10}).json()
    assert (later["status"], later["queue"]) == ("verified", None)


def test_the_wait_ends_with_a_place_in_the_queue(shop: Shop, api: Api, settings: Settings) -> None:
    settings.PACE_SECONDS = {"umember": 0.56}
    hold(shop)
    first = api.post(path_of(shop), {"code": shop.code()}).json()
    body = api.post(path_of(shop, wait=1), {"code": shop.code()}).json()
    assert (body["status"], body["queue"]["position"]) == ("queued", 2)
    assert body["queue"]["seconds"] >= first["queue"]["seconds"]
    assert shop.sandbox.arrivals.all() == []


def test_a_read_without_wait_sends_nothing(shop: Shop, api: Api) -> None:
    hold(shop)
    body = api.post(path_of(shop), {"code": shop.code()}).json()
    Pace.objects.update(next_at=0)
    assert api.get(f"verifications/{body['id']}/").json()["status"] == "queued"
    assert shop.sandbox.arrivals.all() == []


def test_a_second_request_joins_the_code_in_flight(shop: Shop, api: Api) -> None:
    hold(shop)
    code = shop.code()
    first = api.post(path_of(shop), {"code": code}, key="one")
    second = api_of(shop.merchant).post(path_of(shop), {"code": code}, key="two")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert OutboundCall.objects.count() == 1


def test_the_same_key_gets_the_first_answer_again(shop: Shop, api: Api) -> None:
    code = shop.code()
    first = api.post(path_of(shop, wait=10), {"code": code}, key="order-4711")
    again = api.post(
        path_of(shop, wait=10), {"code": f" {code[:4]}-{code[4:8]}-{code[8:]} "}, key="order-4711"
    )
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert (Verification.objects.count(), spent(shop)) == (1, 1)


def test_a_refusal_is_replayed_too(shop: Shop, api: Api) -> None:
    code = shop.code("expired")
    first = api.post(path_of(shop, wait=10), {"code": code}, key="k")
    shop.sandbox.arrivals.clear()
    again = api.post(path_of(shop, wait=10), {"code": code}, key="k")
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    assert first.json()["reason"] == "expired"
    assert shop.sandbox.arrivals.all() == []


def test_a_key_used_for_another_code_is_refused(shop: Shop, api: Api) -> None:
    api.post(path_of(shop, wait=10), {"code": shop.code()}, key="k")
    shop.sandbox.arrivals.clear()
    answer = api.post(path_of(shop), {"code": shop.code()}, key="k")
    assert problem(answer) == (409, "key_reused")
    assert (Verification.objects.count(), shop.sandbox.arrivals.all()) == (1, [])


def test_a_key_used_for_another_store_is_refused(shop: Shop, api: Api) -> None:
    other = GatewayStoreFactory(store__merchant=shop.merchant).store
    code = shop.code()
    api.post(path_of(shop, wait=10), {"code": code}, key="k")
    answer = api.post(f"stores/{other.pk}/verifications/", {"code": code}, key="k")
    assert problem(answer) == (409, "key_reused")


def test_two_merchants_may_choose_the_same_key(shop: Shop, api: Api) -> None:
    other = connected_shop(shop.sandbox)
    first = api.post(path_of(shop, wait=10), {"code": shop.code()}, key="k")
    second = api_of(other.merchant).post(path_of(other, wait=10), {"code": other.code()}, key="k")
    assert (first.status_code, second.status_code) == (201, 201)


@pytest.mark.parametrize("key", [" ", "x" * 101, "a b", "schlüssel", "tab\t", "\x7f"])
def test_an_idempotency_key_is_visible_ascii_of_at_most_100(shop: Shop, api: Api, key: str) -> None:
    answer = api.post(path_of(shop), {"code": shop.code()}, **{"Idempotency-Key": key})
    assert problem(answer) == (400, "invalid")
    assert list(answer.json()["errors"]) == ["Idempotency-Key"]
    assert nothing_happened(shop)


def test_an_idempotency_key_of_100_characters_is_taken(shop: Shop, api: Api) -> None:
    assert api.post(path_of(shop), {"code": shop.code()}, key="~" * 100).status_code == 201


def test_a_code_verified_before_names_the_first_verification(shop: Shop, api: Api) -> None:
    code = shop.code()
    first = api.post(path_of(shop, wait=10), {"code": code}, key="a").json()
    second = api.post(path_of(shop, wait=10), {"code": code}, key="b")
    body = second.json()
    assert (second.status_code, body["status"], body["reason"]) == (201, "refused", "already_used")
    assert set(body) == FIELDS | {"duplicate_of"}
    assert body["duplicate_of"] == {
        name: first[name] for name in ("id", "store", "requested_by", "settled_at")
    }
    assert spent(shop) == 1


def test_a_code_of_another_store_is_refused(shop: Shop, api: Api) -> None:
    other = connected_shop(shop.sandbox, merchant=shop.merchant)
    body = api.post(path_of(shop, wait=10), {"code": other.code()}).json()
    assert body["status"] == "refused"
    assert body["reason"] in ("wrong_store", "not_found")
    assert body["gateway_message"]
    assert spent(shop) == 0


@pytest.mark.parametrize("language", ["en", "zh-CN", "", "fr"])
def test_the_message_is_in_the_callers_language_and_chinese_otherwise(
    shop: Shop, api: Api, language: str
) -> None:
    headers = {"Accept-Language": language} if language else {}
    body = api.post(path_of(shop, wait=10), {"code": shop.code("refunded")}, **headers).json()
    with translation.override("en" if language == "en" else "zh-hans"):
        assert body["message"] == str(TEXTS[Reason.REFUNDED].staff)


def test_full_width_digits_and_separators_are_normalised(shop: Shop, api: Api) -> None:
    code = shop.code()
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    body = api.post(path_of(shop, wait=10), {"code": f"{wide[:4]} {wide[4:8]} {wide[8:]}\n"}).json()
    assert (body["status"], body["code_tail"]) == ("verified", code[-4:])


@pytest.mark.parametrize(
    "code",
    [
        "",
        " ",
        "1234567",
        "1" * 21,
        "12345678901a",
        "😀" * 12,
        "1' OR '1'='1",
        "1" * 10_240,
        "\x00" * 12,
        "١٢٣٤٥٦٧٨٩٠١٢x",
    ],
    ids=lambda code: repr(code)[:12],
)
def test_what_is_not_a_code_is_refused_before_anything_is_written(
    shop: Shop, api: Api, code: str
) -> None:
    assert problem(api.post(path_of(shop), {"code": code})) == (422, "malformed_code")
    assert nothing_happened(shop)


@pytest.mark.parametrize(
    "body", [{}, {"code": None}, {"code": 700012345678}, {"code": ["1"]}, [], "700012345678", None]
)
def test_a_body_without_a_code_in_a_string_is_invalid(shop: Shop, api: Api, body: Any) -> None:
    answer = api.post(path_of(shop), body)
    assert problem(answer) == (400, "invalid")
    assert answer.json()["errors"]
    assert nothing_happened(shop)


@pytest.mark.parametrize("wait", ["-1", "ten", "NaN", "inf", "１"])
def test_a_wait_that_is_no_number_of_seconds_is_invalid(shop: Shop, api: Api, wait: str) -> None:
    answer = api.post(f"{path_of(shop)}?wait={wait}", {"code": shop.code()})
    assert problem(answer) == (400, "invalid")
    assert list(answer.json()["errors"]) == ["wait"]
    assert nothing_happened(shop)


@pytest.mark.parametrize("wait", ["1e1", "99999", "2.5"])
def test_a_wait_is_any_number_and_ten_seconds_at_most(shop: Shop, api: Api, wait: str) -> None:
    answer = api.post(f"{path_of(shop)}?wait={wait}", {"code": shop.code()})
    assert (answer.status_code, answer.json()["status"]) == (201, "verified")


def test_a_blocked_store_is_refused_before_a_call_is_owed(shop: Shop, api: Api) -> None:
    shop.gateway.request_count = 0
    shop.gateway.save()
    body = api.post(path_of(shop, wait=10), {"code": shop.code()}).json()
    assert (body["status"], body["reason"]) == ("refused", "quota_exhausted")
    assert shop.sandbox.arrivals.all() == []


def test_a_store_without_gateway_is_refused_too(shop: Shop, api: Api) -> None:
    store = StoreFactory(merchant=shop.merchant)
    body = api.post(f"stores/{store.pk}/verifications/", {"code": "700012345678"}).json()
    assert (body["status"], body["reason"]) == ("refused", "store_unauthorised")


def test_an_inactive_store_is_not_found(shop: Shop, api: Api) -> None:
    shop.store.is_active = False
    shop.store.save()
    assert problem(api.post(path_of(shop), {"code": shop.code()})) == (404, "not_found")
    assert nothing_happened(shop)


def test_an_unmapped_deal_is_verified_and_shown_under_the_gateways_name(
    shop: Shop, api: Api
) -> None:
    code = shop.code()
    Product.objects.all().delete()
    body = api.post(path_of(shop, wait=10), {"code": code}).json()
    row = Verification.objects.get()
    assert (body["status"], body["reason"]) == ("verified", "sku_unmapped")
    assert body["product"]["sku_id"] == shop.product.sku_id
    assert body["product"]["name"] == row.sku_name != ""
    with translation.override("zh-hans"):
        assert body["message"] == str(TEXTS[Reason.SKU_UNMAPPED].staff)


def test_a_lost_answer_is_unknown_and_then_inferred(
    shop: Shop, api: Api, settings: Settings
) -> None:
    settings.OUTBOX = replace(settings.OUTBOX, first_question=2.0)
    shop.sandbox.faults.add(operation="verify", kind="drop_after", times=1)
    body = api.post(path_of(shop), {"code": shop.code()}).json()
    assert (body["status"], body["queue"], body["settled_at"]) == ("unknown", None, None)
    outbox.work(seconds=8)
    later = api.get(f"verifications/{body['id']}/").json()
    assert (later["status"], later["inferred"]) == ("verified", True)


def test_a_key_over_its_rate_is_told_when_to_come_back(shop: Shop, api: Api, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3
    answers = [api.get("stores/") for _ in range(8)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
    assert problem(refused[-1]) == (429, "too_many_tries")
    assert 1 <= int(refused[-1]["Retry-After"]) <= 60
    assert api_of(shop.merchant).get("stores/").status_code == 200


def test_tries_are_bought_in_packets_and_never_exceed_the_limit(
    shop: Shop, api: Api, settings: Any
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 100
    # In the middle of a window: over its end the limit begins anew.
    with time_machine.travel(datetime(2026, 11, 22, 9, 30, 30, tzinfo=UTC), tick=False):
        answers = Counter(api.get("stores/").status_code for _ in range(230))
    assert answers == {200: 100, 429: 130}
    assert RateWindow.objects.count() == 1


def test_a_wrong_key_is_refused_and_then_locked_out(shop: Shop) -> None:
    answers = [Api("zg_wrong").get("stores/") for _ in range(70)]
    assert problem(answers[0]) == (401, "unauthenticated")
    locked = next(answer for answer in answers if answer.status_code == 429)
    assert problem(locked) == (429, "too_many_tries")
    assert locked["Retry-After"]


def test_ten_threads_with_one_code_spend_it_once(shop: Shop, api: Api, live_server: Any) -> None:
    code = shop.code()
    url = f"{live_server.url}/api/v1/{path_of(shop, wait=10)}"
    start, answers = threading.Barrier(10), []

    def post(number: int) -> None:
        headers = {"Authorization": f"Bearer {api.secret}", "Idempotency-Key": f"thread-{number}"}
        start.wait()
        answers.append(requests.post(url, json={"code": code}, headers=headers, timeout=60))

    threads = [threading.Thread(target=post, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bodies = [answer.json() for answer in answers]
    assert spent(shop) == 1
    assert len(answers) == 10
    assert {answer.status_code for answer in answers} <= {200, 201}
    verified = {body["id"] for body in bodies if body["status"] == "verified"}
    assert len(verified) == 1
    for body in bodies:
        assert body["status"] == "verified" or body["duplicate_of"]["id"] in verified
