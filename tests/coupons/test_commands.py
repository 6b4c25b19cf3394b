import json
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command, execute_from_command_line
from django.utils import timezone
from pytest_django.fixtures import Settings

from coupons.models import GatewayStore, Product, Verification
from stores import audit
from stores.models import Store
from stores.roles import Role
from tests.coupons.factories import Shop, seed
from tests.coupons.flows import verify
from tests.stores.factories import MerchantFactory, StoreFactory, member


def run(*args: str) -> tuple[Any, int]:
    """Returns the output of a command (JSON if asked for), and its exit code."""
    out, code = StringIO(), 0
    try:
        call_command(*args, stdout=out, stderr=StringIO())
    except SystemExit as ended:
        code = int(str(ended.code))
    except CommandError as error:
        return str(error), error.returncode
    return (json.loads(out.getvalue()) if "--json" in args else out.getvalue()), code


def test_a_coupon_is_verified(shop: Shop) -> None:
    told, code = run("verify_coupon", str(shop.store.pk), shop.code(), "--json")
    assert (code, told["status"], told["store"], told["reason"]) == (
        0,
        "verified",
        shop.store.pk,
        None,
    )
    assert (told["code_tail"], told["queue"], told["requested_by"]) == (
        shop.codes[0][-4:],
        None,
        "system",
    )


def test_the_store_may_be_named(shop: Shop) -> None:
    text, code = run("verify_coupon", shop.store.name, shop.code())
    assert code == 0
    assert text.startswith(
        f"{shop.store.name}: …{shop.codes[0][-4:]} verified\ngateway: 验证成功\ndeal: "
    )


def test_a_used_coupon_is_refused_with_its_reason(shop: Shop) -> None:
    text, code = run("verify_coupon", str(shop.store.pk), shop.code("used"))
    assert code == 1
    assert "already_used: This coupon was used before." in text


def test_a_used_coupon_of_ours_names_who_used_it_and_when(shop: Shop) -> None:
    code_text = shop.code()
    first = verify(
        shop, code_text, actor=member(shop.merchant, Role.CLERK, shop.store, first_name="小王")
    )
    assert first.settled_at is not None
    text, code = run("verify_coupon", str(shop.store.pk), code_text)
    when = timezone.localtime(first.settled_at).strftime("%Y-%m-%d %H:%M")
    assert code == 1
    assert f"Verified by {audit.shown(first.requested_by)} on {when}" in text


@pytest.mark.parametrize("as_json", [True, False])
def test_what_is_no_code_is_refused_without_a_row(shop: Shop, as_json: bool) -> None:
    told, code = run("verify_coupon", str(shop.store.pk), "abc", *(["--json"] if as_json else []))
    assert code == 1
    assert (told["reason"] if as_json else told.split(":")[0]) == "malformed_code"
    assert as_json or "No code found in what was entered. Scan again" in told
    assert not Verification.objects.exists()
    assert shop.sandbox.arrivals.all() == []


def test_a_coupon_that_does_not_settle_in_time_is_open(shop: Shop, settings: Settings) -> None:
    settings.OUTBOX = replace(settings.OUTBOX, backoff=(60.0,), account_backoff=(60.0,))
    code_text = shop.code()
    shop.sandbox.faults.add(operation="detail", kind="drop_before", times=1)
    told, code = run("verify_coupon", str(shop.store.pk), code_text, "--json", "--wait", "0")
    assert (code, told["status"]) == (2, "queued")
    assert told["queue"]["position"] == 1


def test_the_command_waits_until_the_coupon_is_settled(shop: Shop) -> None:
    code_text = shop.code()
    shop.sandbox.faults.add(operation="verify", kind="drop_after", times=1)
    told, code = run("verify_coupon", str(shop.store.pk), code_text, "--json", "--wait", "25")
    assert (code, told["status"], told["inferred"]) == (0, "verified", True)
    assert len(shop.sandbox.arrivals.all(operation="verify")) == 1


@pytest.mark.parametrize("text", ["99999999", "no such store", "9" * 30])
def test_an_unknown_store_is_wrong_usage(shop: Shop, text: str) -> None:
    assert run("verify_coupon", text, shop.code())[1] == 3
    assert not Verification.objects.exists()


def test_a_name_that_two_stores_share_is_not_guessed(shop: Shop) -> None:
    StoreFactory(name=shop.store.name)
    problem, code = run("verify_coupon", shop.store.name, shop.code())
    assert (problem, code) == (
        f"More than one store is called {shop.store.name!r}; give the id.",
        3,
    )


def test_an_inactive_store_is_unknown(shop: Shop) -> None:
    Store.objects.update(is_active=False)
    assert run("verify_coupon", str(shop.store.pk), shop.code())[1] == 3


@pytest.mark.parametrize("name", ["verify_coupon", "sync_stores", "sync_products"])
def test_wrong_arguments_end_with_3_not_with_2(
    name: str, transactional_db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        execute_from_command_line(["manage.py", name, "--no-such-option"])
    assert (ended.value.code, "usage:" in capsys.readouterr().err) == (3, True)


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "soon"])
def test_what_nobody_can_wait_is_wrong_usage(shop: Shop, seconds: str) -> None:
    with pytest.raises(SystemExit) as ended:
        execute_from_command_line(
            ["manage.py", "verify_coupon", str(shop.store.pk), shop.code(), f"--wait={seconds}"]
        )
    assert ended.value.code == 3
    assert not Verification.objects.exists()


def test_stores_are_synced(shop: Shop) -> None:
    seed(shop, codes=[], status=3)
    (told,), code = run("sync_stores", "--json")
    assert (code, told["changed"], told["error"]) == (0, [shop.gateway.remote_name], "")
    shop.gateway.refresh_from_db()
    assert shop.gateway.authorisation == GatewayStore.Authorisation.EXPIRED


def test_one_connection_is_synced_by_its_id(shop: Shop) -> None:
    text, code = run("sync_stores", str(shop.connection.pk))
    expected = (
        f"connection {shop.connection.pk}: 0 added, 0 changed, 0 vanished\n1 read, 0 failed\n"
    )
    assert (text, code) == (expected, 0)
    assert run("sync_stores", "99999") == ("There is no coupon connection 99999.", 3)


def test_a_failed_sync_ends_with_1(shop: Shop) -> None:
    shop.sandbox.stop()
    try:
        text, code = run("sync_stores")
    finally:
        shop.sandbox.start()
    assert code == 1
    assert text.startswith(f"connection {shop.connection.pk}: failed: ")


def test_products_are_synced_for_one_store_or_all(shop: Shop) -> None:
    Product.objects.all().delete()
    (told,), code = run("sync_products", "--json")
    assert (code, told["store"], told["added"]) == (0, shop.store.pk, [shop.product.name])
    text, code = run("sync_products", shop.store.name)
    assert (text.splitlines()[0], code) == (
        f"store {shop.store.pk}: 0 added, 0 changed, 0 vanished",
        0,
    )


def test_a_store_that_the_gateway_does_not_list_has_no_products(shop: Shop) -> None:
    other = StoreFactory(merchant=MerchantFactory())
    assert run("sync_products", str(other.pk))[1] == 3
    assert run("sync_products", "no such store")[1] == 3
