"""Past weeks of verifications at one store."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from coupons import codes
from coupons.choices import Authorisation
from coupons.demo.deals import Listing, detail_name
from coupons.models import Channel, GatewayStore, Product, QuotaReading, Verification
from coupons.reasons import Reason
from stores.fields import keyed_hash
from stores.models import OutboundAttempt, OutboundCall

Status = Verification.Status
# Factors from Monday to Sunday, and weights by hour from 9 to 23: most guests come in the evening
# and at weekends.
WEEKDAY = (0.7, 0.7, 0.75, 0.85, 1.2, 1.7, 1.5)
HOURS = {
    9: 1,
    10: 2,
    11: 3,
    12: 4,
    13: 6,
    14: 7,
    15: 6,
    16: 5,
    17: 5,
    18: 8,
    19: 11,
    20: 12,
    21: 9,
    22: 6,
    23: 3,
}
CHANNELS = {Channel.COUNTER: 58, Channel.GUEST: 27, Channel.API: 12, Channel.BATCH: 3}
REFUSED_SHARE = 0.07
REFUSALS = {
    Reason.ALREADY_USED: (40, "该券码已使用"),
    Reason.NOT_FOUND: (18, "券码不存在"),
    Reason.EXPIRED: (14, "该券码已过期"),
    Reason.WRONG_STORE: (12, "该券码非本门店可用"),
    Reason.REFUNDED: (10, "该券码已退款"),
    Reason.NOT_ON_THIS_DAY: (6, "该券码今日不可用"),
}


@dataclass(frozen=True)
class Book:
    """The store whose history is written."""

    listing: Listing
    gateway: GatewayStore
    products: Sequence[Product]
    staff: Sequence[User]
    rng: random.Random
    now: datetime
    days: int

    def code(self) -> str:
        return f"{self.rng.randrange(10_0000_0000_00, 19_0000_0000_00):012d}"


def write(book: Book) -> None:
    rows = sorted(_verifications(book), key=lambda row: row.created_at)
    Verification.objects.bulk_create(rows, batch_size=500)
    _calls(book, rows[-25:])
    _quota(book)


def _verifications(book: Book) -> Iterator[Verification]:
    seen: set[str] = set()
    for moment in _moments(book):
        code = book.code()
        if code not in seen:
            seen.add(code)
            yield _verification(book, code, moment)


def _moments(book: Book) -> Iterator[datetime]:
    """Yields the times of verifications until now; a store without authorisation had none for two
    days.
    """
    end = book.now
    if book.listing.authorisation == Authorisation.EXPIRED:
        end -= timedelta(days=2)
    midnight = timezone.localtime(book.now).replace(hour=0, minute=0, second=0, microsecond=0)
    for back in range(book.days, -1, -1):
        day = midnight - timedelta(days=back)
        usual = book.listing.a_day * WEEKDAY[day.weekday()]
        for _ in range(max(0, round(book.rng.gauss(usual, usual * 0.15)))):
            hour = book.rng.choices(list(HOURS), list(HOURS.values()))[0]
            moment = day + timedelta(hours=hour, seconds=book.rng.randrange(3600))
            if moment < end:
                yield moment


def _verification(book: Book, code: str, moment: datetime) -> Verification:
    channel = book.rng.choices(list(CHANNELS), list(CHANNELS.values()))[0]
    user: User | None = None
    requested_by = "guest" if channel == Channel.GUEST else "API 收银系统"
    if channel in (Channel.COUNTER, Channel.BATCH):
        user = book.rng.choice(book.staff)
        requested_by = user.get_full_name()
    product = book.rng.choice(book.products)
    row = Verification(
        store=book.gateway.store,
        code_hash=keyed_hash(code),
        code_tail=codes.tail_of(code),
        status=Status.VERIFIED,
        channel=channel,
        user=user,
        requested_by=requested_by,
        created_at=moment,
        settled_at=moment + timedelta(seconds=round(book.rng.uniform(0.7, 3.5), 2)),
    )
    if book.rng.random() < REFUSED_SHARE:
        _refuse(book, row)
    else:
        _sell(book, row, product)
        row.inferred = book.rng.random() < 0.004
        row.gateway_message = "" if row.inferred else "验证成功"
    return row


def _refuse(book: Book, row: Verification) -> None:
    weights = [weight for weight, _ in REFUSALS.values()]
    row.status, row.reason = Status.REFUSED, book.rng.choices(list(REFUSALS), weights)[0]
    row.gateway_message = REFUSALS[Reason(row.reason)][1]


def _sell(book: Book, row: Verification, product: Product) -> None:
    row.product, row.value, row.sku_id = product, product.price, product.sku_id
    row.sku_name = detail_name(product.name, str(product.price), product.sku_id)
    row.order_id = str(4_900_000_000_000_000_000 + book.rng.randrange(10**17))


def _call(book: Book, row: Verification, **fields: Any) -> OutboundCall:
    """Returns the call that verifies the row's coupon, not saved yet."""
    return OutboundCall(
        platform="umember",
        operation="coupon.verify",
        key=str(row.pk),
        connection=book.gateway.connection,
        pace_id=book.gateway.connection.pace_id,
        store=row.store,
        subject_id=row.pk,
        **fields,
    )


def _calls(book: Book, rows: Sequence[Verification]) -> None:
    """Writes the ledger of the last verifications; older ones have no calls."""
    states = {
        Status.VERIFIED: OutboundCall.State.DONE,
        Status.REFUSED: OutboundCall.State.REFUSED,
    }
    calls = OutboundCall.objects.bulk_create(
        _call(
            book,
            row,
            state=states[Status(row.status)],
            queued_at=row.created_at,
            due_at=row.created_at,
            expires_at=row.created_at + timedelta(hours=2),
            attempts_made=1,
            last_error="" if row.status == Status.VERIFIED else row.gateway_message,
            settled_at=row.settled_at,
        )
        for row in rows
    )
    OutboundAttempt.objects.bulk_create(
        OutboundAttempt(
            call=call,
            outcome="answered" if call.state == OutboundCall.State.DONE else "refused",
            detail=call.last_error,
            started_at=call.queued_at,
            ended_at=call.settled_at,
        )
        for call in calls
    )


def _quota(book: Book) -> None:
    """Writes the calls left, twice a day for two weeks, down to the present number."""
    steps = 28
    a_step = book.listing.a_day * 1.05 / 2
    QuotaReading.objects.bulk_create(
        QuotaReading(
            gateway_store=book.gateway,
            request_count=round(book.listing.request_count + a_step * back),
            at=book.now - timedelta(hours=12 * back),
        )
        for back in range(steps, -1, -1)
    )


def leave_open(book: Book, code: str) -> Verification:
    """Adds last night's verification whose answer was lost and whose questions got no answer, so
    that a person must settle it.
    """
    moment = book.now - timedelta(hours=27)
    row = _verification(book, code, moment)
    _sell(book, row, book.products[0])
    row.status, row.reason, row.gateway_message, row.inferred = Status.UNKNOWN, "", "", False
    row.code, row.needs_person, row.settled_at = code, True, None
    row.save()
    error = "HTTP 502: Bad Gateway"
    call = _call(
        book,
        row,
        state=OutboundCall.State.DEAD,
        queued_at=moment,
        due_at=moment + timedelta(hours=2),
        expires_at=moment + timedelta(hours=2),
        was_unknown=True,
        attempts_made=3,
        last_error=error,
        settled_at=moment + timedelta(hours=2),
    )
    call.save()
    for kind, minutes in (("send", 0), ("ask", 1), ("ask", 119)):
        started = moment + timedelta(minutes=minutes)
        ended = started + timedelta(seconds=1)
        OutboundAttempt.objects.create(
            call=call,
            kind=kind,
            outcome="unknown",
            detail=error,
            started_at=started,
            ended_at=ended,
        )
    return row


def sell_unlisted(book: Book) -> Verification:
    """Adds a verification of today whose deal is not in the synced list."""
    code = book.code()
    row = _verification(book, code, book.now - timedelta(minutes=35))
    _sell(book, row, book.products[0])
    row.status, row.reason, row.gateway_message = Status.VERIFIED, "", "验证成功"
    row.product, row.unmapped, row.sku_id = None, True, "1206999999"
    row.sku_name, row.value = "老客专享畅玩5小时[59.00元][1206999999]", Decimal("59.00")
    row.save()
    return row
