"""What each outcome does to a verification, and the one way it changes its status."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone
from pytest_django.fixtures import Settings

from coupons.models import Channel, GatewayStore, Verification
from coupons.reasons import Reason
from coupons.services import verification_ask
from coupons.services.transitions import settle
from stores.models import Connection, OutboundAttempt, OutboundCall
from stores.platforms import outbox
from stores.platforms.outbox.claims import first_in_line
from stores.platforms.outbox.delivering import ENOUGH_ANSWERS
from tests.canned import Canned, envelope
from tests.coupons.factories import Shop, VerificationFactory
from tests.coupons.flows import arrived, ask_for, call_of, coupon, lose_answer, verify

Status = Verification.Status


def test_a_final_state_takes_the_code_away(db: None) -> None:
    row = VerificationFactory(
        status=Status.SENDING, code="123456789012", needs_person=True, settled_at=None
    )
    settle(row, Status.VERIFIED)
    fresh = Verification.objects.get()
    assert (fresh.code, fresh.needs_person, fresh.settled_at is not None) == ("", False, True)


def test_the_ledger_keeps_what_the_gateway_said(shop: Shop) -> None:
    row = ask_for(shop, shop.code())
    ask_for(shop, shop.code("used"))
    outbox.work(seconds=5)
    row.refresh_from_db()
    words = set(OutboundAttempt.objects.values_list("detail", flat=True))
    assert words == {
        f"未使用 · {row.sku_name} · ¥{row.value}",
        f"已使用 · {row.sku_name} · ¥{row.value}",
        "验证成功",
    }


def test_a_refusal_as_used_after_a_lost_answer_was_ours(shop: Shop) -> None:
    """The gateway was still working: detail answered unused, the second verify answers used."""
    row = lose_answer(shop, applied=False)
    shop.sandbox.platform("umember").control(f"codes/{shop.codes[0]}", {"state": "unused"})
    call = call_of(row)
    OutboundCall.objects.update(due_at=timezone.now())
    assert outbox.attempt_now(call, patience=1.0)
    shop.sandbox.platform("umember").control(f"codes/{shop.codes[0]}", {"state": "used"})
    outbox.work(seconds=5)
    row.refresh_from_db()
    assert (row.status, row.inferred, row.gateway_message) == (
        Status.VERIFIED,
        True,
        "该券码已使用",
    )


def test_a_refusal_as_used_without_a_lost_answer_is_a_refusal(shop: Shop) -> None:
    code = shop.code()
    row = ask_for(shop, code)
    assert outbox.attempt_now(OutboundCall.objects.get(), patience=1.0)
    shop.sandbox.platform("umember").control(f"codes/{code}", {"state": "used"})
    outbox.work(seconds=5)
    row.refresh_from_db()
    assert (row.status, row.reason, row.inferred) == (Status.REFUSED, Reason.ALREADY_USED, False)


@pytest.mark.parametrize(
    ("state", "status", "reason"),
    [
        ("used", Status.VERIFIED, ""),
        ("expired", Status.REFUSED, Reason.EXPIRED),
        ("refunded", Status.REFUSED, Reason.REFUNDED),
        ("unused", Status.VERIFIED, ""),
    ],
)
@pytest.mark.parametrize("edition", [1, 2])
def test_an_unclear_verify_is_settled_by_what_detail_says_now(
    shop: Shop, state: str, status: str, reason: str, edition: int
) -> None:
    shop.sandbox.platform("umember").configure(edition=edition)
    row = lose_answer(shop, applied=False)
    shop.sandbox.platform("umember").control(f"codes/{shop.codes[0]}", {"state": state})
    outbox.work(seconds=5)
    row.refresh_from_db()
    assert (row.status, row.reason, row.inferred) == (status, reason, state == "used")


@pytest.mark.parametrize("state", ["已锁定", "冻结", "已作废", "", "次数已用完", "未授权"])
@pytest.mark.parametrize("edition", [1, 2])
def test_a_state_that_we_do_not_know_is_put_before_a_person(
    shop: Shop, state: str, edition: int
) -> None:
    """The verify was never applied, and meanwhile the guest locked or cancelled the coupon."""
    row = lose_answer(shop, applied=False)
    told = {"status": state, "sku_id": "1", "sku_name": "x", "order_id": "1"}
    with Canned(envelope(told if edition == 1 else told | {"status_code": 2})) as server:
        Connection.objects.update(base_url=server.url)
        OutboundCall.objects.update(due_at=timezone.now())
        assert outbox.attempt_now(call_of(row), patience=1.0)
    row.refresh_from_db()
    assert (row.status, row.needs_person, row.inferred) == (Status.UNKNOWN, True, False)
    assert call_of(row).state == OutboundCall.State.DEAD
    assert len(server.requests) == 1
    # What a coupon's state says is about the coupon and closes no store.
    shop.gateway.refresh_from_db()
    assert shop.gateway.closed_reason is None


def test_a_coupon_that_was_unlocked_again_is_verified_when_a_person_asks(shop: Shop) -> None:
    row = lose_answer(shop, applied=False)
    shop.sandbox.platform("umember").control(f"codes/{shop.codes[0]}", {"state": "locked"})
    outbox.work(seconds=5)
    row.refresh_from_db()
    assert (row.status, row.needs_person, arrived(shop, "verify")) == (
        Status.UNKNOWN,
        True,
        ["verify"],
    )
    shop.sandbox.platform("umember").control(f"codes/{shop.codes[0]}", {"state": "unused"})
    verification_ask(verification=row, actor=None)
    outbox.work(seconds=5)
    row.refresh_from_db()
    assert (row.status, row.needs_person, row.inferred) == (Status.VERIFIED, False, False)


def test_a_question_that_the_gateway_refuses_slows_down_no_other_store(shop: Shop) -> None:
    row = lose_answer(shop, applied=True)
    shop.sandbox.platform("umember").control(f"stores/{shop.gateway.remote_id}", {"status": 3})
    OutboundCall.objects.update(due_at=timezone.now())
    assert outbox.attempt_now(call_of(row), patience=1.0)
    call = call_of(row)
    assert (call.state, call.pace.failures) == (OutboundCall.State.UNKNOWN, 0)
    assert "the question was refused" in call.last_error


def test_answers_that_never_decide_are_put_before_a_person_and_asked_for_rarely(
    shop: Shop,
) -> None:
    row = lose_answer(shop, applied=False)
    gateway = Connection.objects.get().base_url
    with Canned(*[envelope(code=50004, msg="券码不存在")] * (ENOUGH_ANSWERS + 2)) as server:
        Connection.objects.update(base_url=server.url)
        outbox.work(seconds=3)
    row.refresh_from_db()
    call = call_of(row)
    assert (row.status, row.needs_person, call.state) == (
        Status.UNKNOWN,
        True,
        OutboundCall.State.UNKNOWN,
    )
    assert len(server.requests) == ENOUGH_ANSWERS
    assert call.due_at > timezone.now() + timedelta(minutes=25)
    Connection.objects.update(base_url=gateway)
    OutboundCall.objects.update(due_at=timezone.now())
    outbox.work(seconds=5)
    row.refresh_from_db()
    assert (row.status, row.needs_person, coupon(shop, shop.codes[0])["applied"]) == (
        Status.VERIFIED,
        False,
        1,
    )


def test_a_gateway_in_trouble_is_asked_on_without_a_person(shop: Shop) -> None:
    row = lose_answer(shop, applied=True)
    shop.sandbox.faults.add(operation="detail", kind="status_500", times=ENOUGH_ANSWERS + 2)
    outbox.work(seconds=5)
    row.refresh_from_db()
    assert (row.status, row.inferred) == (Status.VERIFIED, True)


def test_whoever_waits_is_served_before_a_second_question(shop: Shop) -> None:
    row = lose_answer(shop, applied=True)
    OutboundCall.objects.filter(pk=call_of(row).pk).update(due_at=timezone.now())
    waiting = ask_for(shop, shop.code())
    assert first_in_line(shop.connection.pace_id) == call_of(row).pk
    shop.sandbox.faults.add(operation="detail", kind="status_500", times=1)
    assert outbox.attempt_now(call_of(row), patience=1.0)
    OutboundCall.objects.update(due_at=timezone.now())
    assert (
        first_in_line(shop.connection.pace_id) == OutboundCall.objects.get(subject_id=waiting.pk).pk
    )


def test_a_verify_that_a_slow_gateway_still_works_on_is_not_sent_again(
    shop: Shop, settings: Settings
) -> None:
    settings.OUTBOX = replace(settings.OUTBOX, still_executing=4.0)
    code = shop.code()
    shop.sandbox.faults.add(operation="verify", kind="slow", seconds=3.0, times=1)
    row = verify(shop, code)
    assert (row.status, row.inferred, coupon(shop, code)["verifies"]) == (Status.VERIFIED, True, 1)
    kinds = list(
        OutboundAttempt.objects.filter(call=call_of(row))
        .order_by("id")
        .values_list("kind", "outcome")
    )
    assert kinds == [("send", "timed_out"), ("ask", "unknown"), ("ask", "answered")]


def test_a_lost_verify_is_sent_again_at_once_where_the_connection_was_closed(
    shop: Shop, settings: Settings
) -> None:
    settings.OUTBOX = replace(settings.OUTBOX, still_executing=3600.0)
    row = lose_answer(shop, applied=False)
    outbox.work(seconds=3)
    row.refresh_from_db()
    assert row.status == Status.VERIFIED


def test_a_verify_that_failed_because_of_the_limit_is_sent_again(shop: Shop) -> None:
    with Canned(
        envelope({"token": "t"}),
        envelope({"status": "未使用", "sku_id": "1", "sku_name": "x", "order_id": "1"}),
        envelope({"verify_success": False, "verify_message": "请求频繁"}),
        envelope({"verify_success": True, "verify_message": ""}),
    ) as server:
        Connection.objects.update(base_url=server.url)
        row = verify(shop, "234567890123")
    assert (row.status, row.inferred, len(server.requests)) == (Status.VERIFIED, False, 4)


def test_a_login_that_the_gateway_stumbles_over_stops_nobody(shop: Shop) -> None:
    with Canned(
        envelope(code=50000, msg="服务开小差了，请重试"),
        envelope({"token": "t"}),
        envelope({"status": "已使用", "sku_id": "1", "sku_name": "x", "order_id": "1"}),
    ) as server:
        Connection.objects.update(base_url=server.url)
        row = verify(shop, "234567890123")
    assert (row.status, row.reason, len(server.requests)) == (
        Status.REFUSED,
        Reason.ALREADY_USED,
        3,
    )
    assert Connection.objects.get().state == Connection.State.WORKING


def test_a_store_that_closed_or_was_switched_off_may_still_be_asked_about_a_lost_answer(
    shop: Shop,
) -> None:
    row = lose_answer(shop, applied=True)
    GatewayStore.objects.update(request_count=0)
    Connection.objects.update(is_active=False)
    outbox.work(seconds=5)
    row.refresh_from_db()
    assert (row.status, row.inferred) == (Status.VERIFIED, True)


@pytest.mark.parametrize("message", ["券码{code}已过期", "不认识 {code}"])
def test_the_full_code_is_nowhere_after_the_end(
    shop: Shop, caplog: pytest.LogCaptureFixture, message: str
) -> None:
    caplog.set_level(logging.DEBUG)
    code = "234567890123"
    with Canned(
        envelope({"token": "t"}),
        envelope(
            {
                "status": f"未使用 {code}",
                "status_code": 0,
                "sku_id": "1",
                "sku_name": "x",
                "order_id": "1",
            }
        ),
        envelope(code=10010, msg=message.format(code=code)),
    ) as server:
        Connection.objects.update(base_url=server.url)
        row = verify(shop, code, channel=Channel.GUEST)
    assert (row.status, row.gateway_message) == (Status.REFUSED, message.format(code="…0123"))
    assert len(server.requests) == 3
    assert code not in caplog.text
    assert code not in whole_database()


def whole_database() -> str:
    """Returns every value of every row of ours, as text."""
    with database.cursor() as cursor:
        tables = [
            name
            for name in database.introspection.table_names(cursor)
            if name.startswith(("stores_", "coupons_"))
        ]
        found = []
        for table in tables:
            cursor.execute(f"SELECT * FROM {table}")
            found += cursor.fetchall()
    assert found
    return repr(found)


def test_attempts_tell_what_happened_without_the_code(shop: Shop) -> None:
    code = shop.code()
    verify(shop, code)
    details = list(
        OutboundAttempt.objects.order_by("id").values_list("call__operation", "outcome", "detail")
    )
    assert [row[:2] for row in details] == [
        ("coupon.detail", "answered"),
        ("coupon.verify", "answered"),
    ]
    assert code not in repr(details)
    assert "验证成功" in details[1][2]


def test_while_it_waits_the_code_is_ciphertext_in_the_database(shop: Shop) -> None:
    code = shop.code()
    ask_for(shop, code)
    assert code not in whole_database()


def test_a_wrong_password_marks_the_connection_and_nothing_is_hammered(shop: Shop) -> None:
    Connection.objects.update(credentials={**shop.connection.credentials, "password": "wrong"})
    rows = [ask_for(shop, shop.code()) for _ in range(3)]
    outbox.work(seconds=3)
    assert arrived(shop) == ["login"]
    assert Connection.objects.get().state == Connection.State.REFUSED
    for row in rows:
        row.refresh_from_db()
        assert row.status == Status.QUEUED
    assert verify(shop, shop.code(), wait=0).reason == Reason.STORE_UNAUTHORISED


def test_after_the_password_is_corrected_what_waited_is_verified(shop: Shop) -> None:
    from coupons.services import connection_test

    code, right = shop.code(), shop.connection.credentials
    Connection.objects.update(credentials={**right, "password": "wrong"})
    row = ask_for(shop, code)
    outbox.work(seconds=2)
    Connection.objects.update(credentials=right)
    assert connection_test(connection=Connection.objects.get(), actor=None) == ""
    OutboundCall.objects.update(due_at=timezone.now())
    outbox.work(seconds=10)
    row.refresh_from_db()
    assert (row.status, coupon(shop, code)["verifies"]) == (Status.VERIFIED, 1)


def test_no_password_stored_is_a_refused_login(shop: Shop) -> None:
    Connection.objects.update(credentials={})
    ask_for(shop, shop.code())
    outbox.work(seconds=1)
    assert arrived(shop) == []
    assert Connection.objects.get().state == Connection.State.REFUSED


def test_a_test_of_the_connection_repeats_words_that_nobody_knows(shop: Shop) -> None:
    from coupons.services import connection_test

    with Canned(envelope(code=50000, msg="今天心情不好")) as server:
        Connection.objects.update(base_url=server.url)
        assert connection_test(connection=Connection.objects.get(), actor=None) == "今天心情不好"
    assert Connection.objects.get().state == Connection.State.NEW
