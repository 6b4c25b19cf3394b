"""Lists, pages, filters, look-ups and batches of the API, and how many queries each route takes."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from coupons.api import batch_serializers, serializers
from coupons.models import Batch, BatchItem, Lookup, Verification
from coupons.reasons import READ, Reason
from stores.models import OutboundCall, Pace
from stores.platforms import outbox, pace
from tests.api import Api, api_of, problem
from tests.coupons.factories import GatewayStoreFactory, ProductFactory, Shop, VerificationFactory
from tests.stores.factories import StoreFactory

Status = Verification.Status
pytestmark = pytest.mark.django_db


@pytest.fixture
def store(db: None, settings: Any) -> Any:
    """A store whose gateway has its next slot far in the future; requests are not counted, which
    would be one more query.
    """
    settings.API_REQUESTS_PER_MINUTE = 0
    gateway = GatewayStoreFactory()
    pace.postpone(gateway.connection.pace_id, 600)
    return gateway.store


@pytest.fixture
def api(store: Any) -> Api:
    api = api_of(store.merchant)
    # The first use of a key is written down.
    api.get("stores/")
    return api


@contextmanager
def queries(expected: int, at_least: int | None = None) -> Iterator[None]:
    """Expects exactly so many statements (or from `at_least` on), without those that begin and end
    transactions.
    """
    with CaptureQueriesContext(connection) as captured:
        yield
    words = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    statements = [
        query["sql"] for query in captured.captured_queries if not query["sql"].startswith(words)
    ]
    fewest = expected if at_least is None else at_least
    assert fewest <= len(statements) <= expected, "\n".join(sql[:200] for sql in statements)


def ids(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_a_store_is_shown_with_what_the_gateway_says(store: Any, api: Api, settings: Any) -> None:
    assert api.get("stores/").json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "id": store.pk,
                "name": store.name,
                "trade": "chess",
                "remote_id": store.gateway.remote_id,
                "authorisation": "authorised",
                "requests_left": 9983,
                "guest_page": f"{settings.PUBLIC_BASE_URL}/g/{store.guest_slug}/",
            }
        ],
    }


def test_a_store_without_gateway_or_guest_page_shows_null(store: Any, api: Api) -> None:
    bare = StoreFactory(merchant=store.merchant, guest_page_open=False)
    row = next(row for row in api.get("stores/").json()["results"] if row["id"] == bare.pk)
    assert [
        row[name] for name in ("remote_id", "authorisation", "requests_left", "guest_page")
    ] == [None] * 4


def test_a_key_for_some_stores_lists_only_these(store: Any, api: Api) -> None:
    other = StoreFactory(merchant=store.merchant)
    assert ids(api.get("stores/")) == [store.pk, other.pk]
    assert ids(api_of(store.merchant, other).get("stores/")) == [other.pk]


def test_products_show_prices_in_strings(store: Any, api: Api) -> None:
    product = ProductFactory(store=store)
    ProductFactory()
    gone = ProductFactory(store=store, price=None, vanished_at=timezone.now())
    results = api.get(f"stores/{store.pk}/products/").json()["results"]
    assert results[0] == {
        "sku_id": product.sku_id,
        "name": product.name,
        "price": "49.00",
        "list_price": "78.00",
        "on_sale": True,
        "synced_at": None,
    }
    assert [results[1][name] for name in ("sku_id", "price", "on_sale")] == [
        gone.sku_id,
        None,
        False,
    ]
    assert len(results) == 2


def test_pages_neither_lose_nor_repeat_a_row(store: Any, api: Api) -> None:
    at = timezone.now()
    rows = [
        VerificationFactory(store=store, created_at=at - timedelta(seconds=n // 3))
        for n in range(25)
    ]
    seen, page = [], api.get("verifications/", {"page_size": 10})
    while True:
        seen += ids(page)
        VerificationFactory(store=store, created_at=timezone.now())
        if not (address := page.json()["next"]):
            break
        page = api.get(address.split("/api/v1/")[1])
    wanted = sorted(rows, key=lambda row: (row.created_at, row.pk), reverse=True)
    assert seen == [row.pk for row in wanted]
    assert ids(api.get(page.json()["previous"].split("/api/v1/")[1])) == seen[10:20]


def test_a_page_has_50_rows_and_200_at_most(store: Any, api: Api) -> None:
    Verification.objects.bulk_create(VerificationFactory.build_batch(201, store=store))
    assert len(ids(api.get("verifications/"))) == 50
    assert len(ids(api.get("verifications/", {"page_size": 1000}))) == 200


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [3, 2, 1, 0]),
        ({"created_after": "2026-01-02T00:00:00Z"}, [3, 2, 1]),
        ({"created_before": "2026-01-02T00:00:00Z"}, [0]),
        (
            {
                "created_after": "2026-01-02T08:00:00+08:00",
                "created_before": "2026-01-03T00:00:00Z",
            },
            [1],
        ),
        ({"created_after": "2026-01-03T08:00:00 08:00"}, [3, 2]),
        ({"created_after": "2026-01-03T08:00:00"}, [3, 2]),
        ({"created_after": "2026-01-04"}, [3]),
        ({"settled_after": "2026-01-03T00:00:05Z"}, [2]),
        ({"status": "verified"}, [1, 0]),
        ({"status": ["queued", "refused"]}, [3, 2]),
        ({"reason": "expired"}, [2]),
        ({"reason": "expired", "status": "verified"}, []),
    ],
)
def test_verifications_are_filtered(store: Any, api: Api, params: Any, expected: list[int]) -> None:
    rows = []
    for day, status in enumerate(
        [Status.VERIFIED, Status.VERIFIED, Status.REFUSED, Status.QUEUED], 1
    ):
        at = datetime(2026, 1, day, tzinfo=UTC)
        settled = None if status == Status.QUEUED else at + timedelta(seconds=5)
        reason = Reason.EXPIRED if status == Status.REFUSED else ""
        rows.append(
            VerificationFactory(
                store=store, created_at=at, settled_at=settled, status=status, reason=reason
            ).pk
        )
    assert ids(api.get("verifications/", params)) == [rows[index] for index in expected]


def test_the_store_filter_shows_one_store_and_no_strangers(store: Any, api: Api) -> None:
    other = StoreFactory(merchant=store.merchant)
    row, here = VerificationFactory(store=other), VerificationFactory(store=store)
    stranger = VerificationFactory()
    assert ids(api.get("verifications/", {"store": other.pk})) == [row.pk]
    assert set(ids(api.get("verifications/"))) == {row.pk, here.pk}
    assert ids(api_of(store.merchant, other).get("verifications/")) == [row.pk]
    assert problem(api.get("verifications/", {"store": stranger.store_id})) == (404, "not_found")
    assert problem(api_of(store.merchant, other).get("verifications/", {"store": store.pk})) == (
        404,
        "not_found",
    )


@pytest.mark.parametrize(
    "params",
    [
        {"created_after": "yesterday"},
        {"status": "done"},
        {"reason": "x"},
        {"store": "x"},
        {"cursor": "x"},
    ],
    ids=lambda params: next(iter(params)),
)
def test_a_filter_that_makes_no_sense_is_named(api: Api, params: dict[str, str]) -> None:
    answer = api.get("verifications/", params)
    assert problem(answer) == (400, "invalid")
    assert list(answer.json()["errors"]) == list(params)


# Texts that are not base64 of a cursor's parts, and times as no answer writes them.
NO_CURSORS = (
    *(
        "\x00",
        "!!!!",
        "AAAA",
        "bz0x!",
        "YWJj",
        "eD0x",
        "bz0xJng9MQ==",
        "cD0=",
        "中",
        "bz1h",
        "cj14",
    ),
    b64encode(b"p=2026-W48-1T00:00:00%2B00:00").decode(),
    b64encode(b"p=2026-11-29+10:00:00%2B08:00").decode(),
)


@pytest.mark.parametrize("cursor", NO_CURSORS)
@pytest.mark.parametrize("path", ["verifications/", "stores/"])
def test_a_cursor_that_no_answer_contained_is_named(api: Api, path: str, cursor: str) -> None:
    answer = api.get(path, {"cursor": cursor})
    assert problem(answer) == (400, "invalid")
    assert list(answer.json()["errors"]) == ["cursor"]


@pytest.mark.parametrize("rows", [3, 30])
def test_a_page_takes_the_same_queries_however_many_rows(store: Any, api: Api, rows: int) -> None:
    for number in range(rows):
        first = VerificationFactory(
            store=store, product=ProductFactory(store=store, sku_id=str(number))
        )
        VerificationFactory(
            store=store, status=Status.REFUSED, reason="already_used", duplicate_of=first
        )
        GatewayStoreFactory(store__merchant=store.merchant)
    with queries(3):
        assert len(ids(api.get("verifications/"))) == min(2 * rows, 50)
    with queries(2):
        assert len(ids(api.get("stores/"))) == rows + 1
    with queries(3):
        assert len(api.get(f"stores/{store.pk}/products/").json()["results"]) == rows


@pytest.mark.parametrize("rows", [3, 30])
def test_a_page_of_waiting_rows_takes_two_queries_more(store: Any, api: Api, rows: int) -> None:
    for number in range(rows):
        api.post(f"stores/{store.pk}/verifications/", {"code": f"{700000000000 + number}"})
    with queries(5):
        page = api.get("verifications/").json()["results"]
    assert [row["queue"]["position"] for row in page] == list(range(rows, 0, -1))


def test_one_verification_takes_two_queries_or_four_while_it_waits(store: Any, api: Api) -> None:
    settled = VerificationFactory(store=store, product=ProductFactory(store=store))
    waiting = api.post(f"stores/{store.pk}/verifications/", {"code": "700000000001"}).json()
    with queries(2):
        api.get(f"verifications/{settled.pk}/")
    with queries(4):
        assert api.get(f"verifications/{waiting['id']}/").json()["queue"]["position"] == 1


@pytest.mark.parametrize(("key", "expected"), [("", 10), ("order-1", 12)])
def test_a_queued_verification_takes_twelve_queries_at_most(
    store: Any, api: Api, key: str, expected: int, django_capture_on_commit_callbacks: Any
) -> None:
    api.post(f"stores/{store.pk}/verifications/", {"code": "700000000001"})
    # The last of them rings for a worker.
    with queries(expected, at_least=5), django_capture_on_commit_callbacks(execute=True):
        answer = api.post(f"stores/{store.pk}/verifications/", {"code": "700000000002"}, key=key)
    assert (answer.status_code, answer.json()["queue"]["position"]) == (201, 2)


def test_a_joined_verification_takes_eight_queries_at_most(
    store: Any, api: Api, django_capture_on_commit_callbacks: Any
) -> None:
    for _ in range(2):
        api.post(f"stores/{store.pk}/verifications/", {"code": "700000000001"})
    api.post(f"stores/{store.pk}/verifications/", {"code": "700000000002"})
    with queries(8, at_least=5), django_capture_on_commit_callbacks(execute=True):
        assert (
            api.post(f"stores/{store.pk}/verifications/", {"code": "700000000002"}).status_code
            == 200
        )


def test_a_replayed_verification_takes_five_queries_at_most(store: Any, api: Api) -> None:
    path = f"stores/{store.pk}/verifications/"
    first = api.post(path, {"code": "700000000001"}, key="k").json()
    Verification.objects.update(status=Status.VERIFIED, settled_at=timezone.now())
    with queries(5, at_least=3):
        assert api.post(path, {"code": "700000000001"}, key="k").json()["id"] == first["id"]


def test_a_lookup_waits_reads_and_spends_nothing(shop: Shop) -> None:
    api, code = api_of(shop.merchant), shop.code()
    answer = api.post(f"stores/{shop.store.pk}/lookups/?wait=10", {"code": code})
    body = answer.json()
    assert (answer.status_code, body["status"], body["unused"], body["queue"]) == (
        200,
        "done",
        True,
        None,
    )
    assert body["product"]["name"] == shop.product.name
    assert set(body) == set(serializers.LookupSerializer().fields)
    assert api.get(f"lookups/{body['id']}/").json() == body
    assert [call.operation for call in shop.sandbox.arrivals.all()] == ["login", "detail"]


def test_a_lookup_counts_as_the_first_step_of_the_verification(shop: Shop) -> None:
    api, code = api_of(shop.merchant), shop.code()
    api.post(f"stores/{shop.store.pk}/lookups/?wait=10", {"code": code})
    body = api.post(f"stores/{shop.store.pk}/verifications/?wait=10", {"code": code}).json()
    assert body["status"] == "verified"
    assert [call.operation for call in shop.sandbox.arrivals.all()] == ["login", "detail", "verify"]


def test_a_lookup_of_a_used_code_says_why(shop: Shop) -> None:
    answer = api_of(shop.merchant).post(
        f"stores/{shop.store.pk}/lookups/?wait=10", {"code": shop.code("used")}
    )
    body = answer.json()
    assert (answer.status_code, body["status"], body["unused"], body["reason"]) == (
        200,
        "done",
        False,
        "already_used",
    )
    assert body["message"]


def test_a_queued_lookup_is_202_until_it_is_read(shop: Shop) -> None:
    api = api_of(shop.merchant)
    pace.postpone(shop.connection.pace_id, 600)
    answer = api.post(f"stores/{shop.store.pk}/lookups/", {"code": shop.code()})
    body = answer.json()
    assert (answer.status_code, body["status"], body["queue"]["position"]) == (202, "queued", 1)
    assert api.get(f"lookups/{body['id']}/").status_code == 202
    Pace.objects.update(next_at=0)
    later = api.get(f"lookups/{body['id']}/", {"wait": 10})
    assert (later.status_code, later.json()["unused"]) == (200, True)


def test_a_lookup_of_no_code_is_malformed(store: Any, api: Api) -> None:
    assert problem(api.post(f"stores/{store.pk}/lookups/", {"code": "abc"})) == (
        422,
        "malformed_code",
    )
    assert not Lookup.objects.exists()


def test_a_batch_is_written_down_and_worked_off(shop: Shop) -> None:
    api = api_of(shop.merchant)
    codes = [shop.code(), shop.code("expired"), "223456789012 323456789012"]
    answer = api.post(f"stores/{shop.store.pk}/verification-batches/", {"codes": codes})
    body = answer.json()
    assert answer.status_code == 201
    assert set(body) == set(batch_serializers.BatchSerializer().fields)
    assert [body[name] for name in ("total", "settled", "percent", "waiting", "malformed")] == [
        3,
        1,
        33,
        2,
        1,
    ]
    assert [line["status"] for line in body["lines"]] == ["queued", "queued", "malformed"]
    last = body["lines"][2]
    assert (last["reason"], last["read_as"]) == ("malformed_code", "several_codes")
    assert str(READ["several_codes"].staff) in last["message"]
    assert body["lines"][0]["read_as"] == ""
    outbox.work(seconds=8)
    later = api.get(f"verification-batches/{body['id']}/").json()
    assert [later[name] for name in ("total", "settled", "percent", "verified", "refused")] == [
        3,
        3,
        100,
        1,
        1,
    ]
    assert [line["reason"] for line in later["lines"]] == [None, "expired", "malformed_code"]
    assert set(later["lines"][0]) == set(batch_serializers.LineSerializer().fields)


@pytest.mark.parametrize("codes", [[], [1], [None], "700000000001", {}, ["700000000001"] * 1001])
def test_a_batch_is_a_list_of_1_to_1000_strings(store: Any, api: Api, codes: Any) -> None:
    answer = api.post(f"stores/{store.pk}/verification-batches/", {"codes": codes})
    assert problem(answer) == (400, "invalid")
    assert list(answer.json()["errors"]) == ["codes"]
    assert [model.objects.count() for model in (Batch, Verification, OutboundCall)] == [0, 0, 0]


def test_a_batch_of_1000_codes_is_taken(store: Any, api: Api) -> None:
    codes = [f"{700000000000 + number}" for number in range(1000)]
    body = api.post(f"stores/{store.pk}/verification-batches/", {"codes": codes}).json()
    assert (body["total"], body["waiting"], len(body["lines"])) == (1000, 1000, 1000)


def test_a_batch_asked_for_again_is_the_first_one_and_completes_its_lines(
    store: Any, api: Api
) -> None:
    path, body = (
        f"stores/{store.pk}/verification-batches/",
        {"codes": ["234567890123", "x", "234567890124"]},
    )
    first = api.post(path, body, key="batch-1")
    BatchItem.objects.filter(position=3).delete()
    again = api.post(path, body, key="batch-1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert (Batch.objects.count(), BatchItem.objects.count()) == (1, 3)


@pytest.mark.parametrize("other", ["codes", "a verification"])
def test_a_key_of_a_batch_is_for_nothing_else(store: Any, api: Api, other: str) -> None:
    path = f"stores/{store.pk}/verification-batches/"
    api.post(path, {"codes": ["234567890123"]}, key="batch-1")
    if other == "codes":
        answer = api.post(path, {"codes": ["234567890124"]}, key="batch-1")
    else:
        answer = api.post(
            f"stores/{store.pk}/verifications/", {"code": "234567890123"}, key="batch-1"
        )
    assert problem(answer) == (409, "key_reused")
    assert (Batch.objects.count(), BatchItem.objects.count(), Verification.objects.count()) == (
        1,
        1,
        1,
    )


@pytest.mark.parametrize("rows", [3, 30])
def test_a_batch_takes_the_same_queries_however_many_lines(store: Any, api: Api, rows: int) -> None:
    batch = Batch.objects.create(store=store, requested_by="小王")
    for position in range(1, rows + 1):
        BatchItem.objects.create(
            batch=batch, position=position, verification=VerificationFactory(store=store)
        )
    with queries(4):
        assert len(api.get(f"verification-batches/{batch.pk}/").json()["lines"]) == rows


def test_what_is_shown_is_what_the_schema_says(store: Any, api: Api) -> None:
    first = VerificationFactory(store=store, product=ProductFactory(store=store))
    again = VerificationFactory(
        store=store, status=Status.REFUSED, reason="already_used", duplicate_of=first
    )
    shown = api.get(f"verifications/{again.pk}/").json()
    assert set(shown) == set(serializers.VerificationSerializer().fields)
    assert set(shown["duplicate_of"]) == set(serializers.DuplicateSerializer().fields)
    assert set(api.get(f"verifications/{first.pk}/").json()["product"]) == set(
        serializers.DealSerializer().fields
    )
    assert set(api.get("stores/").json()["results"][0]) == set(serializers.StoreSerializer().fields)
    products = api.get(f"stores/{store.pk}/products/").json()["results"]
    assert set(products[0]) == set(serializers.ProductSerializer().fields)


@pytest.mark.parametrize("size", ["0", "-1", "x", "", "1.5"])
@pytest.mark.parametrize("path", ["stores/", "verifications/"])
def test_a_page_of_no_size_is_refused(api: Api, path: str, size: str) -> None:
    answer = api.get(path, {"page_size": size})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["page_size"])


@pytest.mark.parametrize(
    "path", ["verifications/1/?foo=1", "lookups/1/?foo=1", "verification-batches/1/?wait=x"]
)
def test_a_parameter_that_one_row_does_not_know_is_refused(api: Api, path: str) -> None:
    answer = api.get(path)
    name = path.partition("?")[2].partition("=")[0]
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [name])
