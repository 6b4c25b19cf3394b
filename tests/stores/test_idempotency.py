"""One key, one row: for 24 hours, for each caller, however many ask at once."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from stores import idempotency, tasks
from stores.conflicts import Conflict, KeyReused
from stores.idempotency import form_key, once
from stores.models import AuditEntry, IdempotencyKey, Merchant
from tests.stores.factories import MerchantFactory, UserFactory, api_key


def note(text: str = "") -> AuditEntry:
    entry: AuditEntry = AuditEntry.objects.create(actor="x", verb="noted", target=text)
    return entry


def ask(**given: Any) -> tuple[AuditEntry, bool]:
    values: dict[str, Any] = {
        "actor": None,
        "key": "k",
        "fingerprint": "f",
        "rows": AuditEntry.objects.all(),
        "make": note,
    } | given
    return once(**values)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """The results of calls in threads that start together: what each returned or raised."""
    start, results = threading.Barrier(len(calls)), list[Any]()

    def run(call: Callable[[], Any]) -> None:
        start.wait()
        try:
            results.append(call())
        except Conflict as conflict:
            results.append(conflict)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def make_slowly(text: str = "") -> AuditEntry:
    entry = note(text)
    time.sleep(0.05)
    return entry


def test_the_same_key_gets_the_first_row(db: None) -> None:
    first, is_new = ask()
    again, is_new_again = ask()
    assert (is_new, is_new_again, again.pk) == (True, False, first.pk)
    assert AuditEntry.objects.count() == 1


def test_without_a_key_every_request_is_new(db: None) -> None:
    assert [ask(key="")[1] for _ in range(2)] == [True, True]
    assert (AuditEntry.objects.count(), IdempotencyKey.objects.count()) == (2, 0)


def test_the_same_key_with_other_content_is_refused(db: None) -> None:
    ask()
    with pytest.raises(KeyReused):
        ask(fingerprint="other")
    assert AuditEntry.objects.count() == 1


def test_the_same_key_for_rows_of_another_kind_is_refused(db: None) -> None:
    ask()
    with pytest.raises(KeyReused):
        ask(rows=Merchant.objects.all(), make=MerchantFactory)
    assert Merchant.objects.count() == 0


def test_a_key_is_each_callers_own(db: None) -> None:
    merchant = MerchantFactory()
    api_keys = [api_key(merchant)[0] for _ in range(2)]
    users = [UserFactory() for _ in range(2)]
    callers = [*api_keys, *users, "guest:a", "guest:b", None]
    assert len({ask(actor=caller)[0].pk for caller in callers}) == len(callers)
    assert not any(ask(actor=caller)[1] for caller in callers)


def test_a_key_counts_for_24_hours(db: None) -> None:
    first = ask()[0]
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=23, minutes=59))
    assert ask()[0].pk == first.pk
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=24))
    later, is_new = ask(fingerprint="other")
    assert (is_new, later.pk != first.pk) == (True, True)
    assert ask(fingerprint="other") == (later, False)


def test_a_key_whose_row_is_gone_is_new(db: None) -> None:
    ask()
    AuditEntry.objects.all().delete()
    assert ask()[1]


def test_a_make_that_raises_leaves_neither_key_nor_row(db: None) -> None:
    def fail() -> AuditEntry:
        note()
        raise Conflict("no")

    with pytest.raises(Conflict, match="no"):
        ask(make=fail)
    assert (AuditEntry.objects.count(), IdempotencyKey.objects.count()) == (0, 0)
    assert ask()[1]


def test_a_make_that_can_succeed_only_once_is_replayed_all_the_same(db: None) -> None:
    def make() -> AuditEntry:
        if AuditEntry.objects.exists():
            raise Conflict("used up")
        return note()

    first = ask(make=make)[0]
    assert ask(make=make) == (first, False)
    with pytest.raises(Conflict, match="used up"):
        ask(make=make, key="another")


def test_what_is_stored_tells_nothing_of_the_key(db: None) -> None:
    ask(key="order-4711")
    assert "order-4711" not in str(IdempotencyKey.objects.values().get())


def test_an_old_form_with_new_content_has_another_key() -> None:
    assert form_key("a" * 32, 1, "x") == form_key("a" * 32, 1, "x")
    assert len({form_key("a" * 32, 1, "x"), form_key("a" * 32, 2, "x"), form_key("b" * 32, 1)}) == 3


def test_old_keys_are_pruned_each_day(transactional_db: None) -> None:
    for key in ("old", "new"):
        ask(key=key)
    old = IdempotencyKey.objects.filter(pk=idempotency.digest_of(None, "old"))
    old.update(created_at=timezone.now() - timedelta(hours=25))
    tasks.prune()
    assert [ask(key=key)[1] for key in ("old", "new")] == [True, False]


def test_two_requests_that_both_find_a_key_too_old_get_one_row(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask()
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    usual, others = idempotency.too_old, list[tuple[AuditEntry, bool]]()

    def too_old() -> datetime:
        """The other request is served between our look and what follows from it."""
        monkeypatch.setattr(idempotency, "too_old", usual)
        others.append(ask())
        return usual()

    monkeypatch.setattr(idempotency, "too_old", too_old)
    [other, is_new] = ask()
    assert (others, is_new) == ([(other, True)], False)


def test_identical_requests_at_once_get_one_row(transactional_db: None) -> None:
    for round_ in range(5):
        results = at_once(*[lambda: ask(key=f"k{round_}", make=make_slowly)] * 4)  # noqa: B023
        assert len({row.pk for row, _is_new in results}) == 1
        assert [is_new for _row, is_new in results].count(True) == 1
    assert AuditEntry.objects.count() == IdempotencyKey.objects.count() == 5


def test_of_different_requests_at_once_one_wins_and_the_others_are_refused(
    transactional_db: None,
) -> None:
    results = at_once(
        *[
            lambda text=text: ask(fingerprint=text, make=lambda: make_slowly(text))
            for text in "abcd"
        ]
    )
    winners = [result for result in results if isinstance(result, tuple)]
    assert [isinstance(result, KeyReused) for result in results].count(True) == 3
    assert [row.target for row, _is_new in winners] == [AuditEntry.objects.get().target]


def test_a_request_that_fails_beside_its_twin_does_not_take_the_key(transactional_db: None) -> None:
    def fail() -> AuditEntry:
        make_slowly("lost")
        raise Conflict("no")

    results = at_once(lambda: ask(make=fail), lambda: ask(make=make_slowly))
    assert AuditEntry.objects.get().target == ""
    assert sum(isinstance(result, tuple) and result[1] for result in results) == 1
