"""Who is served first at one account: the counter, then guests and systems, then batches."""

import pytest

from coupons.models import Channel, Lookup, Verification
from coupons.services import batch_request, lookup_place, lookup_request, place_of
from stores.models import OutboundCall
from stores.platforms import outbox
from stores.platforms.outbox.claims import first_in_line
from tests.coupons.factories import Shop
from tests.coupons.flows import arrived, ask_for

GUESTS = 20


@pytest.fixture
def lookups(shop: Shop) -> list[Lookup]:
    """Look-ups of guests that wait, the earliest first."""
    return [
        lookup_request(
            store=shop.store, code=shop.code(), channel=Channel.GUEST, flow=f"guest:{number}"
        )
        for number in range(GUESTS)
    ]


def scanned(shop: Shop, code: str = "") -> Verification:
    return ask_for(shop, code or shop.code(), channel=Channel.COUNTER, flow="counter:1")


def serve(shop: Shop, slots: int) -> None:
    """Sends the calls that are first in the account's line, one in each slot."""
    for _ in range(slots):
        first = first_in_line(shop.connection.pace_id)
        assert first is not None
        assert outbox.attempt_now(OutboundCall.objects.get(pk=first), patience=5.0)


def position(row: Verification) -> int:
    place = place_of(row)
    assert place
    return place.position


def positions(lookups: list[Lookup]) -> list[int]:
    places = [lookup_place(lookup) for lookup in lookups]
    return [place.position for place in places if place]


def test_the_clerks_verification_is_next_although_twenty_guests_wait(
    shop: Shop, lookups: list[Lookup]
) -> None:
    row = scanned(shop)
    assert position(row) == 1
    serve(shop, 2)
    row.refresh_from_db()
    assert row.status == Verification.Status.VERIFIED
    assert arrived(shop) == ["login", "detail", "verify"]
    assert Lookup.objects.filter(status=Lookup.Status.QUEUED).count() == GUESTS


def test_places_count_the_counter_then_guests_then_batches(
    shop: Shop, lookups: list[Lookup]
) -> None:
    batch_request(store=shop.store, raw_codes=[shop.code()], actor=None)
    last = Verification.objects.get(channel=Channel.BATCH)
    assert positions(lookups) == list(range(1, GUESTS + 1))
    assert position(last) == GUESTS + 1
    first, second = scanned(shop), scanned(shop)
    assert (position(first), position(second)) == (1, 2)
    assert positions(lookups) == list(range(3, GUESTS + 3))
    assert position(last) == GUESTS + 3


def test_a_counter_at_human_speed_leaves_guests_their_slots(
    shop: Shop, lookups: list[Lookup]
) -> None:
    for scans in range(1, 6):
        row = scanned(shop)
        serve(shop, 4)  # two of them for the scan
        row.refresh_from_db()
        assert row.status == Verification.Status.VERIFIED
        waiting = Lookup.objects.filter(status=Lookup.Status.QUEUED).count()
        assert waiting == GUESTS - 2 * scans


@pytest.mark.parametrize("channel", [Channel.GUEST, Channel.BATCH])
def test_a_code_that_waits_already_moves_ahead_when_the_clerk_scans_it(
    shop: Shop, lookups: list[Lookup], channel: str
) -> None:
    code = shop.code()
    row = ask_for(shop, code, channel=channel, flow="earlier")
    assert position(row) == GUESTS + 1
    assert scanned(shop, code) == row
    assert position(row) == 1
    serve(shop, 2)
    row.refresh_from_db()
    assert row.status == Verification.Status.VERIFIED


def test_a_guest_who_scans_what_the_counter_has_does_not_move_it_back(
    shop: Shop, lookups: list[Lookup]
) -> None:
    row = scanned(shop)
    assert ask_for(shop, row.code, channel=Channel.GUEST, flow="guest:late") == row
    assert position(row) == 1
