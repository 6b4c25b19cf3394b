"""How the back office writes things down: titles, sums, moments and details as a shop owner reads
them.
"""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from stores import audit
from stores.models import InboundEvent, Merchant, OutboundCall
from stores.roles import Role
from tests.coupons.factories import VerificationFactory
from tests.pages import english
from tests.stores.factories import (
    StoreFactory,
    UserFactory,
    member,
)
from tests.trip.factories import TicketConnectionFactory

pytestmark = pytest.mark.django_db


def read(client: Client, row: Any) -> str:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return client.get(reverse(name, args=[row.pk])).content.decode()


def test_calls_and_messages_are_called_by_their_titles(
    owner_client: Client, merchant: Merchant, in_english: None
) -> None:
    linked = TicketConnectionFactory(merchant=merchant)
    known = {"platform": "trip", "connection": linked}
    call = OutboundCall.objects.create(
        **known,
        operation="ticket.used",
        key="339",
        subject_id=339,
        pace=linked.pace,
        expires_at=timezone.now(),
    )
    event = InboundEvent.objects.create(**known, kind="order.pay", dedup_key="77")
    page = read(owner_client, call)
    assert "Tell Meituan: tickets used 339" in page
    assert ("ticket.used" in page, "Primary key" in page) == (False, False)
    page = read(owner_client, event)
    assert "Meituan reported the payment 77" in page
    assert "order.pay" not in page


def test_the_filter_of_operations_is_in_the_order_of_their_names(owner_client: Client) -> None:
    page = owner_client.get("/admin/stores/outboundcall/").content.decode()
    names = re.findall(r'<option value="([a-z]+\.[a-z]+)"', page)
    assert (names, len(names) > 3) == (sorted(names), True)


def test_rows_that_nobody_changes_offer_no_history(
    owner_client: Client, merchant: Merchant
) -> None:
    store = StoreFactory(merchant=merchant)
    assert "/history/" not in read(owner_client, VerificationFactory(store=store))
    assert "/history/" in read(owner_client, store)


def test_a_verifications_page_has_one_way_to_write_sums_and_moments(
    owner_client: Client, merchant: Merchant
) -> None:
    row = VerificationFactory(
        store=StoreFactory(merchant=merchant), value="68.00", status="unknown", needs_person=True
    )
    page = read(owner_client, row)
    assert ("¥68.00" in page, str(row)) == (True, f"…{row.code_tail}")


def test_details_in_the_audit_log_are_read_without_knowing_json(
    owner_client: Client, merchant: Merchant
) -> None:
    entry = audit.record(
        "settled by hand",
        actor=None,
        merchant=merchant,
        rows=312,
        verified=True,
        note="",
        token="abc",
        names=["a", "b"],
    )
    page = read(owner_client, entry)
    # PostgreSQL keeps them in an order of its own.
    for detail in ("rows: 312", "verified: yes", "note: –", "token: •••", "names: a, b"):
        assert detail in page, detail


def test_an_operator_sees_whose_stores_these_are(merchant: Merchant) -> None:
    store = StoreFactory(merchant=merchant)
    operator = english(UserFactory(is_superuser=True, is_staff=True))
    form = operator.get("/admin/stores/staff/add/").content.decode()
    assert f"{merchant} · {store}" in form
    own = english(member(merchant, Role.OWNER)).get("/admin/stores/staff/add/").content.decode()
    assert (f"{merchant} · {store}" in own, str(store) in own) == (False, True)


def test_the_sign_in_page_calls_the_name_as_its_error_does_and_offers_both_languages() -> None:
    page = Client().get("/admin/login/").content.decode()
    assert ("登录名" in page, "用户名" in page, 'lang="en"' in page) == (True, False, True)
    # A way to the start page would lead here.
    assert "返回首页" not in page


@pytest.mark.parametrize(
    ("rows", "page", "ways"),
    [
        (1, 1, (False, False)),
        (50, 1, (False, False)),
        (51, 1, (False, True)),
        (51, 2, (True, False)),
    ],
)
def test_a_ledger_offers_only_pages_that_there_are(
    owner_client: Client, merchant: Merchant, rows: int, page: int, ways: tuple[bool, bool]
) -> None:
    for _row in range(rows):
        audit.record("signed in", actor=None, merchant=merchant)
    shown = owner_client.get("/admin/stores/auditentry/", {"p": page}).content.decode()
    assert (">Previous</a>" in shown, ">Next</a>" in shown) == ways
