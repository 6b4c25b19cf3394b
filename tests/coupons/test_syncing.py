"""Syncs of the gateway's lists: new, changed and vanished rows are shown, and nothing is
deleted.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from coupons import tasks
from coupons.choices import Authorisation
from coupons.models import GatewayStore, Product, QuotaReading, SyncRun
from coupons.services import connection_test, products_sync, quota_outlooks, stores_sync
from coupons.tools import sync_messages
from stores.models import AuditEntry, Connection, Merchant, Store
from stores.platforms import pace
from stores.platforms.workers import queue
from stores.roles import Role
from tests.canned import Canned, answer, envelope
from tests.coupons.factories import Shop
from tests.coupons.flows import arrived
from tests.pages import english
from tests.stores.factories import member

REMOTE = {
    "store_id": 990001,
    "store_name": "新店",
    "status": 2,
    "request_count": 500,
    "address": "南京路1号",
}


def answering(shop: Shop, *rows: dict[str, object]) -> Canned:
    """Starts a gateway that logs in and answers one list."""
    server = Canned(envelope({"token": "t"}), envelope(list(rows)))
    Connection.objects.filter(pk=shop.connection.pk).update(base_url=server.url)
    shop.connection.refresh_from_db()
    return server


def test_new_changed_and_vanished_stores_are_shown(shop: Shop) -> None:
    GatewayStore.objects.update(remote_name="旧名")
    gone = GatewayStore.objects.create(
        connection=shop.connection,
        remote_id=1,
        remote_name="关了",
        store=Store.objects.create(merchant=shop.merchant),
    )
    with answering(
        shop, REMOTE, {**REMOTE, "store_id": shop.gateway.remote_id, "store_name": "改名"}
    ):
        run = stores_sync(connection=shop.connection)
    assert (run.added, run.changed, run.error) == (["新店"], ["改名"], "")
    assert run.vanished == [str(gone)]
    assert run.ended_at is not None
    gone.refresh_from_db()
    assert gone.vanished_at is not None
    new = GatewayStore.objects.get(remote_id=990001)
    assert (new.store.merchant, new.store.name, new.store.address) == (
        shop.merchant,
        "新店",
        "南京路1号",
    )
    assert (new.authorisation, new.request_count) == (Authorisation.AUTHORISED, 500)
    assert QuotaReading.objects.filter(gateway_store=new, request_count=500).count() == 1


def test_a_store_that_comes_back_is_no_longer_vanished(shop: Shop) -> None:
    GatewayStore.objects.update(vanished_at=timezone.now())
    run = stores_sync(connection=shop.connection)
    assert run.changed == [shop.gateway.remote_name]
    assert GatewayStore.objects.get().vanished_at is None


def test_a_list_that_names_a_store_twice_makes_one(shop: Shop) -> None:
    with answering(shop, REMOTE, REMOTE):
        run = stores_sync(connection=shop.connection)
    assert run.added == ["新店"]
    assert GatewayStore.objects.filter(remote_id=990001).count() == 1


def test_nothing_changed_shows_nothing(shop: Shop) -> None:
    stores_sync(connection=shop.connection)
    run = stores_sync(connection=shop.connection)
    assert (run.added, run.changed, run.vanished) == ([], [], [])


def test_a_sync_of_stores_asks_for_the_products_that_were_never_read(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[tuple[str, int]] = []
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: rung.append((task, pk)))
    Connection.objects.update(token="")
    with answering(shop, REMOTE):
        stores_sync(connection=shop.connection)
    store = GatewayStore.objects.get(remote_id=990001).store
    wanted = ("coupons.tasks.sync_products", store.pk)
    assert rung == [wanted]
    SyncRun.objects.create(connection=shop.connection, store=store, kind="products", error="no")
    Connection.objects.update(token="")
    with answering(shop, REMOTE):
        lines = sync_messages(stores_sync(connection=shop.connection))
    assert rung == [wanted, wanted]
    assert "1" in str(lines[-1].text)
    Connection.objects.update(token="")
    with answering(shop):
        products_sync(store=store)
    Connection.objects.update(token="")
    with answering(shop, REMOTE):
        stores_sync(connection=shop.connection)
    assert rung == [wanted, wanted]


def test_new_changed_and_vanished_products_are_shown_and_none_deleted(shop: Shop) -> None:
    kept = shop.product
    gone = Product.objects.create(store=shop.store, sku_id="gone", name="下架")
    rows: list[dict[str, object]] = [
        {
            "sku_id": kept.sku_id,
            "product_name": kept.name,
            "actual_amount": "59.0",
            "origin_amount": "78.0",
        },
        {"sku_id": "new", "product_name": "新品", "actual_amount": "9.9", "origin_amount": "10"},
        {"sku_id": "new", "product_name": "新品", "actual_amount": "9.9", "origin_amount": "10"},
    ]
    with answering(shop, *rows):
        run = products_sync(store=shop.store)
    assert (run.added, run.changed, run.vanished) == (["新品"], [kept.name], ["下架"])
    kept.refresh_from_db()
    gone.refresh_from_db()
    assert (str(kept.price), gone.vanished_at is not None) == ("59.00", True)
    assert Product.objects.filter(store=shop.store).count() == 3


@pytest.mark.parametrize(
    "kind", ["status_500", "html", "half_body", "wrong_types", "drop_before", "throttle"]
)
def test_a_sync_that_fails_says_so_and_changes_nothing(shop: Shop, kind: str) -> None:
    shop.sandbox.faults.add(operation="stores", kind=kind, times=1)
    before = GatewayStore.objects.values().get()
    run = stores_sync(connection=shop.connection)
    assert run.error != ""
    assert run.ended_at is not None
    assert GatewayStore.objects.values().get() == before


def test_a_sync_waits_only_so_long_for_a_slot(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    take = pace.take
    monkeypatch.setattr(pace, "take", lambda account, patience: take(account, patience=0.0))
    pace.postpone(shop.connection.pace_id, 60.0)
    run = stores_sync(connection=Connection.objects.get())
    assert arrived(shop) == []
    assert SyncRun.objects.get(pk=run.pk).error != ""


def test_a_sync_by_a_person_is_in_the_audit_log(shop: Shop) -> None:
    owner = member(shop.merchant, Role.OWNER)
    products_sync(store=shop.store, actor=owner)
    stores_sync(connection=shop.connection)
    entry = AuditEntry.objects.get()
    assert (entry.user, entry.verb, entry.merchant) == (owner, "synced products", shop.merchant)


def test_a_connection_test_logs_in_anew(shop: Shop) -> None:
    owner = member(shop.merchant, Role.OWNER)
    assert connection_test(connection=shop.connection, actor=owner) == ""
    assert connection_test(connection=shop.connection, actor=owner) == ""
    assert arrived(shop) == ["login", "login"]
    assert AuditEntry.objects.filter(verb="connection tested").count() == 2


def test_a_connection_test_says_in_plain_words_that_nobody_answers(
    shop: Shop, in_english: None
) -> None:
    shop.connection.base_url = "http://127.0.0.1:9/nothing"
    message = connection_test(connection=shop.connection, actor=None)
    assert message.startswith("Nothing listens at the platform's address.")
    assert "ConnectionError" in AuditEntry.objects.get(verb="connection tested").data["error"]
    shop.connection.refresh_from_db()
    assert shop.connection.last_error == message
    assert shop.connection.checked_at


def test_a_failed_test_stands_on_the_connections_page_until_one_works(shop: Shop) -> None:
    client = english(member(shop.merchant, Role.OWNER))
    page, test = (
        reverse(f"admin:stores_connection_{name}", args=[shop.connection.pk, *more])
        for name, *more in (("change",), ("do", "test"))
    )
    right = shop.connection.base_url
    Connection.objects.update(base_url="http://127.0.0.1:9/nothing")
    client.post(test)
    shown = client.get(page).content.decode()
    assert ("the last test failed" in shown, "not tested yet" in shown) == (True, False)
    assert shown.count("Nothing listens at the platform") == 2
    Connection.objects.update(base_url=right)
    client.post(test)
    assert "the last test failed" not in client.get(page).content.decode()


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (envelope(code=1, msg="账号已停用"), "账号已停用"),
        (
            answer("<html>maintenance</html>"),
            "A server answers at the platform's address, but not as the platform does.",
        ),
    ],
)
def test_a_sync_that_fails_says_why_in_plain_words(
    shop: Shop, in_english: None, told: bytes, words: str
) -> None:
    assert connection_test(connection=shop.connection, actor=None) == ""
    with Canned(told) as server:
        shop.connection.base_url = server.url
        run = stores_sync(connection=shop.connection)
    assert words in run.message
    assert run.error


def test_a_connection_test_says_in_plain_words_that_it_is_too_busy(
    shop: Shop, in_english: None
) -> None:
    with Canned(envelope(code=429, msg="请求过于频繁")) as server:
        shop.connection.base_url = server.url
        assert "too many" in connection_test(connection=shop.connection, actor=None)


def test_a_connection_test_with_a_wrong_password_says_so_and_a_corrected_one_works_at_once(
    shop: Shop,
) -> None:
    owner = member(shop.merchant, Role.OWNER)
    right = shop.connection.credentials
    shop.connection.credentials = {**right, "password": "wrong"}
    shop.connection.save()
    assert "账号或密码错误" in connection_test(connection=shop.connection, actor=owner)
    assert Connection.objects.get().state == Connection.State.REFUSED
    Connection.objects.filter(pk=shop.connection.pk).update(credentials=right)
    assert connection_test(connection=Connection.objects.get(), actor=owner) == ""
    assert Connection.objects.get().state == Connection.State.WORKING


def test_an_account_in_other_letters_is_the_same_account(shop: Shop, client: Client) -> None:
    client.force_login(member(shop.merchant, Role.OWNER))
    page = client.post(
        reverse("admin:stores_connection_add") + "?platform=umember",
        {
            "merchant": shop.merchant.pk,
            "platform": "umember",
            "account": shop.connection.account.upper(),
            "password": "x",
        },
    ).content.decode()
    assert "这个账号已经添加过了。" in page
    assert Connection.objects.count() == 1


def test_a_sync_after_a_refused_login_says_what_the_platform_said(
    shop: Shop, client: Client
) -> None:
    shop.connection.credentials = {**shop.connection.credentials, "password": "wrong"}
    shop.connection.save()
    connection_test(connection=shop.connection, actor=None)
    client.force_login(member(shop.merchant, Role.OWNER))
    page = reverse("admin:stores_connection_do", args=[shop.connection.pk, "sync"])
    answer = client.post(page, follow=True)
    assert [str(message) for message in answer.context["messages"]] == [
        "没能读取列表：10002: 账号或密码错误"
    ]


@pytest.mark.parametrize("button", ["test", "sync"])
def test_a_connection_without_a_password_says_so_in_the_readers_language(
    shop: Shop, client: Client, button: str
) -> None:
    Connection.objects.filter(pk=shop.connection.pk).update(credentials={}, token="")
    client.force_login(member(shop.merchant, Role.OWNER))
    page = reverse("admin:stores_connection_do", args=[shop.connection.pk, button])
    (said,) = map(str, client.post(page, follow=True).context["messages"])
    assert said.endswith("：该平台账号没有完整的凭证，请在表单里填写。")


def test_a_connection_test_ends_no_throttle_of_the_account(shop: Shop) -> None:
    pace.postpone(shop.connection.pace_id, 30.0)
    assert connection_test(connection=shop.connection, actor=None)
    assert pace.seconds_until_free(shop.connection.pace_id, "umember") > 15
    assert arrived(shop) == []


def test_the_schedule_rings_for_connections_and_stores_that_work(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings: list[tuple[str, int]] = []
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: rings.append((task, pk)))
    tasks.sync_all_stores()
    tasks.sync_all_products()
    assert rings == [
        ("coupons.tasks.sync_stores", shop.connection.pk),
        ("coupons.tasks.sync_products", shop.store.pk),
    ]
    rings.clear()
    Connection.objects.update(state=Connection.State.REFUSED)
    GatewayStore.objects.update(authorisation=Authorisation.EXPIRED)
    tasks.sync_all_stores()
    tasks.sync_all_products()
    assert rings == []


@pytest.mark.parametrize("off", ["connection", "merchant", "store", "login"])
def test_the_schedule_reads_no_products_of_what_is_switched_off(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, off: str
) -> None:
    rings: list[int] = []
    monkeypatch.setattr(queue, "wake_worker", lambda _task, pk: rings.append(pk))
    match off:
        case "connection":
            Connection.objects.update(is_active=False)
        case "merchant":
            Merchant.objects.update(is_active=False)
        case "store":
            Store.objects.update(is_active=False)
        case "login":
            Connection.objects.update(state=Connection.State.REFUSED)
    tasks.sync_all_products()
    assert rings == []
    if off != "login":
        call_command("sync_products")
        assert not SyncRun.objects.exists()


def test_tasks_take_one_number(shop: Shop) -> None:
    tasks.sync_stores(shop.connection.pk)
    tasks.sync_products(shop.store.pk)
    tasks.prune_lookups()
    assert list(SyncRun.objects.order_by("id").values_list("kind", "error")) == [
        ("stores", ""),
        ("products", ""),
    ]


def readings(shop: Shop, *counts: int) -> None:
    """Adds one reading a day, the last one now."""
    now = timezone.now()
    for days, count in enumerate(reversed(counts)):
        QuotaReading.objects.create(
            gateway_store=shop.gateway, request_count=count, at=now - timedelta(days=days)
        )
    GatewayStore.objects.update(request_count=counts[-1])


@pytest.mark.parametrize(
    ("counts", "wanted"),
    [
        ((100, 90, 80), (80, 10, 8)),
        ((20, 10, 110, 100), (100, 20 / 3, 15)),
        ((50, 50), (50, 0, None)),
        ((50,), (50, None, None)),
    ],
)
def test_the_burn_rate_and_the_days_left(shop: Shop, counts: tuple[int, ...], wanted: Any) -> None:
    readings(shop, *counts)
    gateway = GatewayStore.objects.get()
    outlook = quota_outlooks([gateway])[gateway.pk]
    left, per_day, days_left = wanted
    assert outlook.left == left
    assert outlook.per_day == (None if per_day is None else pytest.approx(per_day, abs=0.01))
    assert outlook.days_left == (None if days_left is None else pytest.approx(days_left, abs=0.01))
