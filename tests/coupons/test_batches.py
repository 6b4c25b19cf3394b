"""Many codes at once: every line is written down, and worked off behind the people."""

import pytest

from coupons.models import BatchItem, Channel, Verification
from coupons.reasons import Reason
from coupons.services import batch_lines, batch_progress, batch_request
from coupons.services.batches import MAX_CODES, Progress, _write_lines
from stores.models import AuditEntry, OutboundCall
from stores.platforms import outbox
from stores.platforms.workers import queue
from stores.roles import Role
from tests.coupons.factories import Shop
from tests.coupons.flows import ask_for, coupon
from tests.stores.factories import member


def test_every_line_is_written_down_with_what_becomes_of_it(shop: Shop) -> None:
    good, used = shop.code(), shop.code("used")
    owner = member(shop.merchant, Role.OWNER)
    batch = batch_request(
        store=shop.store,
        raw_codes=[good, "garbage", used, f" {good[:4]} {good[4:8]} {good[8:]} ", None],
        actor=owner,
    )[0]
    outbox.work(seconds=10)
    progress = batch_progress(batch)
    assert (progress.total, progress.verified, progress.refused, progress.malformed) == (5, 1, 1, 2)
    assert progress.repeated == 1
    assert (progress.waiting, progress.unknown, progress.settled, progress.percent) == (
        0,
        0,
        5,
        100,
    )
    assert coupon(shop, good)["applied"] == 1
    lines = list(batch.items.values_list("position", "code_tail", "reason"))
    assert lines[:4] == [
        (1, good[-4:], ""),
        (2, "", Reason.MALFORMED_CODE),
        (3, used[-4:], ""),
        (4, good[-4:], ""),
    ]
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.store, entry.data) == ("batch created", shop.store, {"lines": 5})


@pytest.mark.parametrize("state", ["unused", "used"])
def test_a_repeated_code_counts_once_however_late_it_is_written(shop: Shop, state: str) -> None:
    code, owner = shop.code(state), member(shop.merchant, Role.OWNER)
    batch = batch_request(store=shop.store, raw_codes=[code], actor=owner)[0]
    assert [same_as for _item, same_as in batch_lines(batch)] == [None]
    outbox.work(seconds=10)
    _write_lines(batch, [code, "x", code], owner)
    assert [same_as for _item, same_as in batch_lines(batch)] == [None, None, 1]
    progress = batch_progress(batch)
    assert (progress.verified + progress.refused, progress.malformed, progress.repeated) == (
        1,
        1,
        1,
    )
    assert (progress.settled, progress.percent) == (3, 100)
    assert Verification.objects.count() == 1


def test_a_code_that_we_verified_before_is_refused_once(shop: Shop) -> None:
    code = shop.code()
    batch_request(store=shop.store, raw_codes=[code], actor=None)
    outbox.work(seconds=10)
    progress = batch_progress(
        batch_request(store=shop.store, raw_codes=[code, code], actor=None)[0]
    )
    assert (progress.verified, progress.refused, progress.repeated, progress.settled) == (
        0,
        1,
        1,
        2,
    )


def test_a_batch_goes_through_the_background_lane(shop: Shop) -> None:
    batch_request(store=shop.store, raw_codes=[shop.code()], actor=None)
    assert OutboundCall.objects.get().lane == OutboundCall.Lane.BACKGROUND
    assert Verification.objects.get().channel == Channel.BATCH


def test_a_batch_rings_a_few_times_and_not_for_each_line(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings: list[int] = []
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: rings.append(pk))
    batch_request(store=shop.store, raw_codes=[shop.code() for _ in range(9)], actor=None)
    assert len(rings) == 4
    rings.clear()
    batch_request(store=shop.store, raw_codes=["garbage"], actor=None)
    assert rings == []


def test_codes_in_flight_are_joined(shop: Shop) -> None:
    code = shop.code()
    row = ask_for(shop, code)
    batch = batch_request(store=shop.store, raw_codes=[code], actor=None)[0]
    assert BatchItem.objects.get(batch=batch).verification == row
    assert OutboundCall.objects.count() == 1


def test_only_so_many_lines_are_taken(shop: Shop) -> None:
    batch = batch_request(store=shop.store, raw_codes=["x"] * (MAX_CODES + 5), actor=None)[0]
    assert batch_progress(batch).total == MAX_CODES


def test_lines_that_no_database_takes_are_malformed(shop: Shop) -> None:
    batch = batch_request(
        store=shop.store, raw_codes=["a\x00b", "\ud800", {"a": 1}, 5, "🀄🀄🀄"], actor=None
    )[0]
    assert batch_progress(batch).malformed == 5


def test_a_line_that_is_no_single_code_keeps_what_it_was_read_as_and_nothing_else(
    shop: Shop,
) -> None:
    lines = ["123456789012 223456789013", "134512345678901234", "SF1234567890123", "张三"]
    batch = batch_request(store=shop.store, raw_codes=lines, actor=None)[0]
    items = batch.items.order_by("position")
    assert [item.read_as for item in items] == ["several_codes", "payment", "waybill", "other"]
    assert {(item.reason, item.code_tail) for item in items} == {(Reason.MALFORMED_CODE, "")}
    assert not Verification.objects.exists()


def test_an_empty_batch_is_complete(shop: Shop) -> None:
    assert (
        batch_progress(batch_request(store=shop.store, raw_codes=[], actor=None)[0]).percent == 100
    )


def test_a_batch_that_is_still_at_work_is_not_at_a_hundred_percent() -> None:
    progress = Progress(
        total=1000, verified=996, refused=0, malformed=0, repeated=0, waiting=4, unknown=0
    )
    assert (progress.settled, progress.percent) == (996, 99)
