"""The list of verifications: finding, exporting, and deciding what did not settle by itself."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import strip_tags

from coupons.admin.timeline import timeline
from coupons.admin.verifications import VerificationAdmin
from coupons.models import Batch, BatchItem, Channel, Product, Verification
from coupons.services import lookup_process, lookup_request
from stores.backoffice import newest
from stores.backoffice.daily import MOST_COUNTED
from stores.fields import keyed_hash
from stores.models import AuditEntry, OutboundAttempt, OutboundCall, Staff, Store
from stores.roles import Permission, Role
from tests.coupons.factories import GatewayStoreFactory, ProductFactory, Shop, VerificationFactory
from tests.coupons.flows import lose_answer, verify
from tests.pages import english
from tests.stores.factories import ConnectionFactory, StoreFactory, member

pytestmark = pytest.mark.django_db
LIST = "/admin/coupons/verification/"
Status = Verification.Status


def listed(client: Client, **query: str) -> set[str]:
    """Returns the ends of the codes that the list shows."""
    return {row.code_tail for row in rows_of(client.get(LIST, query))}


def rows_of(answer: Any) -> list[Any]:
    assert answer.status_code == 200
    return list(answer.context_data["cl"].result_list)


def unclear(store: Store, **fields: Any) -> Verification:
    """Returns a verification whose answer was lost for good, with its dead call."""
    row = VerificationFactory(
        store=store,
        status=Status.UNKNOWN,
        needs_person=True,
        settled_at=None,
        code="700000008866",
        code_tail="8866",
        **fields,
    )
    linked = ConnectionFactory(merchant=store.merchant)
    for operation, state in (("coupon.detail", "done"), ("coupon.verify", "dead")):
        call = OutboundCall.objects.create(
            platform="umember",
            operation=operation,
            key=str(row.pk),
            connection=linked,
            pace=linked.pace,
            store=store,
            subject_id=row.pk,
            state=state,
            expires_at=timezone.now(),
        )
        OutboundAttempt.objects.create(
            call=call, outcome="unknown", detail="no answer for 700000008866"
        )
    return row


# Finding


def test_the_last_four_digits_find_a_verification(owner_client: Client, store: Store) -> None:
    VerificationFactory(store=store, code_tail="0042")
    VerificationFactory(store=store, code_tail="0043")
    assert listed(owner_client, q="0042") == {"0042"}
    assert listed(owner_client, q=" 00 42 ") == {"0042"}


def test_the_whole_code_finds_only_its_own_rows(owner_client: Client, store: Store) -> None:
    VerificationFactory(store=store, code_tail="0042")
    mine = VerificationFactory(store=store, code_tail="0042", code_hash=keyed_hash("700000000042"))
    assert rows_of(owner_client.get(LIST, {"q": "7000 0000 0042"})) == [mine]


@pytest.mark.parametrize("text", ["'; DROP TABLE", "😀", "９９９９", "x" * 10_000, "%", "\x00"])
def test_strange_searches_find_nothing(owner_client: Client, store: Store, text: str) -> None:
    VerificationFactory(store=store, code_tail="0042")
    assert owner_client.get(LIST, {"q": text}).status_code == 200


def test_filters_narrow_the_list(owner_client: Client, store: Store) -> None:
    other = StoreFactory(merchant=store.merchant)
    product = ProductFactory(store=store)
    now = timezone.now()
    VerificationFactory(
        store=store, code_tail="0001", product=product, requested_by="李经理", created_at=now
    )
    VerificationFactory(
        store=other,
        code_tail="0002",
        status=Status.REFUSED,
        reason="expired",
        created_at=now - timedelta(days=3),
    )
    VerificationFactory(
        store=other, code_tail="0003", status=Status.UNKNOWN, needs_person=True, channel="guest"
    )
    today = f"{timezone.localdate():%Y-%m-%d}"
    assert listed(owner_client, store__id__exact=str(store.pk)) == {"0001"}
    assert listed(owner_client, product__id__exact=str(product.pk)) == {"0001"}
    assert listed(owner_client, requested_by__icontains="李") == {"0001"}
    assert listed(owner_client, status="refused") == {"0002"}
    assert listed(owner_client, status="unknown") == {"0003"}
    assert listed(owner_client, reason__exact="expired") == {"0002"}
    assert listed(owner_client, person="yes") == {"0003"}
    assert listed(owner_client, channel__exact="guest") == {"0003"}
    assert listed(owner_client, created_at_from=today) == {"0001", "0003"}
    assert listed(
        owner_client, created_at_to=f"{timezone.localdate() - timedelta(days=1):%Y-%m-%d}"
    ) == {"0002"}


def test_a_day_ends_at_local_midnight(owner_client: Client, store: Store) -> None:
    late = timezone.make_aware(datetime(2026, 5, 1, 23, 59, 59))
    VerificationFactory(store=store, code_tail="0001", created_at=late)
    VerificationFactory(store=store, code_tail="0002", created_at=late + timedelta(seconds=1))
    assert listed(owner_client, created_at_from="2026-05-01", created_at_to="2026-05-01") == {
        "0001"
    }


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_that_no_time_zone_can_count_narrows_nothing(
    owner_client: Client, store: Store, day: str
) -> None:
    VerificationFactory(store=store, code_tail="0001")
    assert listed(owner_client, created_at_from=day, created_at_to=day) == {"0001"}


def test_the_list_is_the_same_when_there_are_many_rows(
    owner_client: Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past a size the query is written differently; it must find the same."""
    VerificationFactory(store=StoreFactory(), code_tail="0009")
    VerificationFactory(store=store, code_tail="0001")
    VerificationFactory(store=StoreFactory(merchant=store.merchant), code_tail="0002")
    assert listed(owner_client) == {"0001", "0002"}
    monkeypatch.setattr(newest, "FEW", 1)
    assert listed(owner_client) == {"0001", "0002"}


@pytest.mark.parametrize("few", [1, 5000])
@pytest.mark.parametrize("managed", [0, 1], ids=["no store", "one store"])
def test_the_list_has_only_merchants_where_the_role_may_view_it(
    owner_client: Client, monkeypatch: pytest.MonkeyPatch, few: int, managed: int
) -> None:
    monkeypatch.setattr(newest, "FEW", few)
    monkeypatch.setattr(VerificationAdmin, "view_permission", Permission.SETTLE)
    as_clerk, as_manager = StoreFactory(), StoreFactory()
    VerificationFactory(store=as_clerk, code_tail="0001")
    VerificationFactory(store=as_manager, code_tail="0002")
    both = member(as_clerk.merchant, Role.CLERK, as_clerk)
    Staff.objects.create(user=both, merchant=as_manager.merchant, role=Role.MANAGER).stores.set(
        [as_manager][:managed]
    )
    owner_client.force_login(both)
    assert listed(owner_client) == ({"0002"} if managed else set())


@pytest.mark.parametrize(
    "model",
    ["verification", "product", "gatewaystore", "batch", "syncrun"],
    ids=lambda name: f"{name} list",
)
def test_a_list_of_fifty_takes_as_many_queries_as_one_of_five(
    owner_client: Client, store: Store, model: str
) -> None:
    fill(store, model, 5)
    address = reverse(f"admin:coupons_{model}_changelist")
    owner_client.get(address)
    with CaptureQueriesContext(connection) as few:
        owner_client.get(address)
    fill(store, model, 45)
    with CaptureQueriesContext(connection) as many:
        answer = owner_client.get(address)
    assert len(rows_of(answer)) == (25 if model == "gatewaystore" else 50)
    assert len(many) == len(few)


def fill(store: Store, model: str, count: int) -> None:
    for _ in range(count):
        if model == "verification":
            VerificationFactory(
                store=store,
                product=ProductFactory(store=store, sku_id=f"s{Product.objects.count()}"),
            )
        elif model == "product":
            ProductFactory(store=store, sku_id=f"s{Product.objects.count()}")
        elif model == "gatewaystore":
            linked = ConnectionFactory(merchant=store.merchant)
            GatewayStoreFactory(store=StoreFactory(merchant=store.merchant), connection=linked)
        elif model == "batch":
            BatchItem.objects.create(
                batch=Batch.objects.create(store=store, requested_by="x"), position=1
            )
        else:
            ConnectionFactory(merchant=store.merchant).sync_runs.create(kind="stores", added=["a"])


def test_only_so_many_rows_of_the_list_are_counted(owner_client: Client, store: Store) -> None:
    VerificationFactory(store=store)
    with CaptureQueriesContext(connection) as queries:
        owner_client.get(LIST)
    counted = [
        q["sql"]
        for q in queries
        if "COUNT(" in q["sql"] and 'FROM "coupons_verification"' in q["sql"]
    ]
    week, most = '"coupons_verification"."created_at" >=', f"LIMIT {MOST_COUNTED + 1})"
    assert [(week in sql, most in sql) for sql in counted] == [(True, False), (False, True)]


# Deciding


def press(client: Client, row: Verification, name: str, **data: str) -> int:
    return client.post(
        reverse("admin:coupons_verification_do", args=[row.pk, name]), data
    ).status_code


def test_the_page_shows_what_happened_without_the_code(owner_client: Client, store: Store) -> None:
    page = owner_client.get(
        reverse("admin:coupons_verification_change", args=[unclear(store).pk])
    ).content.decode()
    for words in (
        "Requested",
        "Read the coupon at Meituan: answer lost",
        "no answer for …8866",
        "Settle by hand",
    ):
        assert words in page
    assert "700000008866" not in page


def test_a_verified_deal_that_is_not_in_the_list_reads_verified(
    owner_client: Client, store: Store
) -> None:
    row = VerificationFactory(store=store, reason="sku_unmapped", unmapped=True)
    with translation.override("en"):
        assert "verified" in [moment.text for moment in timeline(row)]
    page = owner_client.get(reverse("admin:coupons_verification_changelist")).content.decode()
    assert re.search(r"<span[^>]*>\s*verified\s*</span>", page)


def test_the_page_shows_the_look_up_that_counted_as_the_first_step(shop: Shop) -> None:
    code = shop.code()
    looked = lookup_request(store=shop.store, code=code, channel=Channel.GUEST, flow="guest-1")
    lookup_process(looked, wait=5)
    row = verify(shop, code, flow="guest-1")
    page = english(member(shop.merchant, Role.OWNER, password=None))
    shown = page.get(reverse("admin:coupons_verification_change", args=[row.pk])).content.decode()
    assert [
        shown.count(words)
        for words in ("Read the coupon at Meituan", "Verify the coupon at Meituan")
    ] == [1, 1]


def test_settling_by_hand_needs_a_reason(owner_client: Client, store: Store) -> None:
    row = unclear(store)
    assert press(owner_client, row, "settle", verdict="verified", note=" ") == 200
    row.refresh_from_db()
    assert (row.status, AuditEntry.objects.count()) == (Status.UNKNOWN, 0)


@pytest.mark.parametrize(
    ("verdict", "status"), [("verified", Status.VERIFIED), ("refused", Status.REFUSED)]
)
def test_settling_by_hand_is_final_and_audited(
    owner_client: Client, store: Store, verdict: str, status: str
) -> None:
    row = unclear(store)
    assert press(owner_client, row, "settle", verdict=verdict, note="seen in the app") == 302
    row.refresh_from_db()
    assert (row.status, row.settled_note, row.code, row.needs_person) == (
        status,
        "seen in the app",
        "",
        False,
    )
    entry = AuditEntry.objects.get(verb="settled by hand")
    assert (entry.data["note"], entry.ip) == ("seen in the app", "127.0.0.1")


@pytest.mark.django_db(transaction=True)
def test_asking_the_platform_puts_the_call_back_to_work(owner_client: Client, store: Store) -> None:
    row = unclear(store)
    assert press(owner_client, row, "ask") == 302
    assert OutboundCall.objects.get(operation="coupon.verify").state == OutboundCall.State.UNKNOWN
    row.refresh_from_db()
    assert row.needs_person is False


def ask_the_platform(shop: Shop, row: Verification) -> str:
    page = english(member(shop.merchant, Role.OWNER, password=None))
    assert press(page, row, "ask") == 302
    return page.get(reverse("admin:coupons_verification_change", args=[row.pk])).content.decode()


def test_asking_the_platform_tells_the_result_when_it_comes_at_once(shop: Shop) -> None:
    row = lose_answer(shop, applied=True)
    assert "Meituan has answered: verified" in ask_the_platform(shop, row)
    row.refresh_from_db()
    assert row.status == Status.VERIFIED


def test_asking_the_platform_says_so_when_nothing_is_settled_yet(shop: Shop) -> None:
    row = lose_answer(shop, applied=True)
    # Also a second question, where the machine is slow, gets no answer.
    shop.sandbox.faults.add(operation="detail", kind="status_500", times=20)
    page = ask_the_platform(shop, row)
    assert "Meituan is being asked. Reload this page in a moment" in page
    assert "Meituan has answered" not in page


TOO_LATE = "Only unclear verifications can be settled by a person"


def test_what_is_settled_already_is_not_asked_about_and_the_reason_is_told(
    owner_client: Client, store: Store
) -> None:
    row = VerificationFactory(store=store)
    assert press(owner_client, row, "ask") == 302
    assert (
        TOO_LATE
        in owner_client.get(
            reverse("admin:coupons_verification_change", args=[row.pk])
        ).content.decode()
    )
    assert AuditEntry.objects.count() == 0


def test_a_form_that_comes_too_late_keeps_what_was_typed_and_says_why(
    owner_client: Client, store: Store
) -> None:
    row = VerificationFactory(store=store)
    address = reverse("admin:coupons_verification_do", args=[row.pk, "settle"])
    answer = owner_client.post(address, {"verdict": "refused", "note": "the guest showed me"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert TOO_LATE in page
    assert "the guest showed me" in page
    row.refresh_from_db()
    assert (row.status, AuditEntry.objects.count()) == (Status.VERIFIED, 0)


def test_a_clerk_sees_no_buttons_and_cannot_settle(store: Store) -> None:
    row = unclear(store)
    clerk = english(member(store.merchant, Role.CLERK, store, password=None))
    page = clerk.get(reverse("admin:coupons_verification_change", args=[row.pk])).content.decode()
    assert ("Settle by hand" in page, "Export" in clerk.get(LIST).content.decode()) == (
        False,
        False,
    )
    assert press(clerk, row, "settle", verdict="verified", note="x") == 403
    row.refresh_from_db()
    assert row.status == Status.UNKNOWN


def test_products_say_what_is_new_and_what_has_vanished(owner_client: Client, store: Store) -> None:
    now = timezone.now()
    gone = ProductFactory(store=store, synced_at=now - timedelta(minutes=1), vanished_at=now)
    new = ProductFactory(store=store, synced_at=now - timedelta(minutes=1))
    old = ProductFactory(store=store, synced_at=now + timedelta(minutes=1))
    products: Any = admin.site.get_model_admin(Product)
    with translation.override("en"):
        shown = [strip_tags(products.listing(row)).strip() for row in (gone, new, old)]
    assert (shown, owner_client.get(reverse("admin:coupons_product_changelist")).status_code) == (
        ["vanished", "new", "on sale"],
        200,
    )
