"""Decisions of a person about a verification whose result is unclear."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from coupons.models import Verification
from coupons.reasons import Reason
from coupons.services import verification_ask, verification_settle
from stores.conflicts import Conflict
from stores.models import AuditEntry, OutboundCall
from stores.platforms import outbox
from stores.platforms.outbox.claims import claim
from stores.roles import Role
from tests.coupons.factories import Shop
from tests.coupons.flows import arrived, call_of, coupon, lose_answer, verify
from tests.stores.factories import member

Status = Verification.Status
State = OutboundCall.State


@pytest.fixture
def manager(shop: Shop) -> User:
    return member(shop.merchant, Role.MANAGER, shop.store)


def unclear(shop: Shop, *, applied: bool) -> Verification:
    """Returns a verification that needs a person: its answer was lost, and its questions failed
    until it was too old.
    """
    row = lose_answer(shop, applied=applied)
    shop.sandbox.faults.add(operation="detail", kind="status_500", times=1)
    OutboundCall.objects.filter(state=State.UNKNOWN).update(
        expires_at=timezone.now(), due_at=timezone.now()
    )
    outbox.work(seconds=2)
    row.refresh_from_db()
    assert (row.status, row.needs_person, call_of(row).state) == (Status.UNKNOWN, True, State.DEAD)
    return row


@pytest.mark.parametrize("applied", [True, False])
def test_asking_settles_it_and_spends_it_once(shop: Shop, manager: User, applied: bool) -> None:
    row = unclear(shop, applied=applied)
    code = shop.codes[-1]
    verification_ask(verification=row, actor=manager)
    outbox.work(seconds=5)
    row.refresh_from_db()
    assert (row.status, row.inferred, row.needs_person, row.code) == (
        Status.VERIFIED,
        applied,
        False,
        "",
    )
    assert coupon(shop, code)["applied"] == 1
    entry = AuditEntry.objects.get(verb="asked the platform")
    assert (entry.user, entry.store, entry.merchant) == (manager, shop.store, shop.merchant)


@pytest.mark.parametrize(("verified", "status"), [(True, Status.VERIFIED), (False, Status.REFUSED)])
def test_a_person_settles_it_with_a_reason(
    shop: Shop, manager: User, verified: bool, status: str
) -> None:
    row = unclear(shop, applied=True)
    before = arrived(shop)
    verification_settle(verification=row, verified=verified, note=" 客人已入场 ", actor=manager)
    row.refresh_from_db()
    assert (row.status, row.inferred, row.settled_note, row.needs_person, row.code) == (
        status,
        verified,
        "客人已入场",
        False,
        "",
    )
    assert row.reason == ("" if verified else Reason.REFUSED_OTHER)
    assert call_of(row).state == (State.DONE if verified else State.REFUSED)
    entry = AuditEntry.objects.get(verb="settled by hand")
    assert (entry.actor, entry.data) == (
        manager.username,
        {"verified": verified, "note": " 客人已入场 "},
    )
    assert "7000" not in entry.target
    outbox.work(seconds=1)
    assert arrived(shop) == before


def test_a_reason_is_required(shop: Shop, manager: User) -> None:
    row = unclear(shop, applied=True)
    with pytest.raises(Conflict):
        verification_settle(verification=row, verified=True, note="  ", actor=manager)
    row.refresh_from_db()
    assert (row.status, AuditEntry.objects.exists()) == (Status.UNKNOWN, False)


@pytest.mark.parametrize("state", ["unused", "expired"])
def test_a_settled_verification_cannot_be_settled_again(
    shop: Shop, manager: User, state: str
) -> None:
    row = verify(shop, shop.code(state))
    actions: list[Callable[..., Any]] = [
        lambda: verification_settle(verification=row, verified=True, note="x", actor=manager),
        lambda: verification_ask(verification=row, actor=manager),
    ]
    for act in actions:
        with pytest.raises(Conflict):
            act()
    assert not AuditEntry.objects.exists()


def test_what_is_being_asked_about_cannot_be_settled(shop: Shop, manager: User) -> None:
    row = lose_answer(shop, applied=True)
    OutboundCall.objects.update(due_at=timezone.now())
    assert claim(call_of(row).pk) is not None
    with pytest.raises(Conflict):
        verification_settle(verification=row, verified=True, note="x", actor=manager)


def test_an_answer_that_comes_after_a_person_decided_changes_nothing(
    shop: Shop, manager: User
) -> None:
    row = lose_answer(shop, applied=True)
    OutboundCall.objects.update(due_at=timezone.now())
    frozen = claim(call_of(row).pk)
    assert frozen is not None
    OutboundCall.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    verification_settle(verification=row, verified=False, note="x", actor=manager)
    frozen.lease_until = timezone.now() + timedelta(seconds=60)
    outbox.deliver(frozen, None)
    row.refresh_from_db()
    assert (row.status, call_of(row).state) == (Status.REFUSED, State.REFUSED)


def test_an_unclear_verification_that_waits_is_asked_about_at_once(
    shop: Shop, manager: User
) -> None:
    row = lose_answer(shop, applied=True)
    OutboundCall.objects.filter(state=State.UNKNOWN).update(
        due_at=timezone.now() + timedelta(hours=1)
    )
    verification_ask(verification=row, actor=manager)
    outbox.work(seconds=3)
    row.refresh_from_db()
    assert row.status == Status.VERIFIED


def test_two_who_ask_at_once_ask_once(shop: Shop, manager: User) -> None:
    row = unclear(shop, applied=True)
    before = len(arrived(shop, "detail"))
    verification_ask(verification=row, actor=manager)
    verification_ask(verification=row, actor=manager)
    assert outbox.attempt_now(call_of(row), patience=1.0) is True
    assert outbox.attempt_now(call_of(row), patience=1.0) is False
    assert len(arrived(shop, "detail")) == before + 1


def test_a_dead_call_of_a_refused_verification_is_not_revived(shop: Shop) -> None:
    from tests.coupons.flows import ask_for

    row = ask_for(shop, shop.code())
    assert outbox.attempt_now(OutboundCall.objects.get(), patience=1.0)
    OutboundCall.objects.filter(operation="coupon.verify").update(expires_at=timezone.now())
    outbox.sweep()
    row.refresh_from_db()
    assert (row.status, row.reason, call_of(row).state) == (
        Status.REFUSED,
        Reason.PLATFORM_DOWN,
        State.DEAD,
    )
    for ask_first in (True, False):
        assert outbox.retry_dead(call_of(row), ask_first=ask_first) is False
    assert outbox.work(seconds=0.5) == 0


def test_a_person_and_an_answer_at_the_same_moment_never_block_each_other(
    shop: Shop, manager: User
) -> None:
    """Both lock call and verification, in the same order: a deadlock would raise in one of them."""
    errors: list[Exception] = []
    for _ in range(5):
        row = lose_answer(shop, applied=True)
        OutboundCall.objects.filter(state=State.UNKNOWN).update(due_at=timezone.now())
        asking = claim(call_of(row).pk)
        assert asking is not None
        together = threading.Barrier(2)

        def settle(row: Verification = row, together: threading.Barrier = together) -> None:
            together.wait()
            try:
                verification_settle(verification=row, verified=True, note="x", actor=manager)
            except Conflict:
                pass
            except Exception as error:
                errors.append(error)
            connections.close_all()

        person = threading.Thread(target=settle)
        person.start()
        together.wait()
        outbox.deliver(asking, None)
        person.join()
        row.refresh_from_db()
        assert errors == []
        assert (row.status, call_of(row).state) == (Status.VERIFIED, State.DONE)
