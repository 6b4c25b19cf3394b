"""What the couriers of a store want for a delivery: all are asked at once, outside any transaction.

A courier that does not answer in time delays nobody.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from delivery import reasons
from delivery.choices import ForPerson
from delivery.client.shop import WechatClient
from delivery.models import Delivery, Quote, StoreCourier
from delivery.services import arriving, resting
from delivery.services.choosing import Offer
from delivery.services.orders import account_of, check_receiver, is_same_order, order_of, place_of
from delivery.services.refusals import NobodyToCall
from delivery.services.wechat import Wechat
from delivery.wire.couriers import courier_of
from delivery.wire.orders import Order, RemoteQuote
from stores.conflicts import Conflict
from stores.models import Connection
from stores.platforms.errors import AuthExpired, NotSent, PlatformError, Refused

MOST_AT_ONCE = 12
# A price that the courier does not keep is shown so long as one.
USUAL_LIFE = timedelta(minutes=3)


def couriers_of(delivery: Delivery) -> list[StoreCourier]:
    """Returns the couriers that the store may call, paused ones too. Raises Conflict without an
    address of the store.
    """
    rows = StoreCourier.objects.filter(
        place=place_of(delivery), is_active=True, account__vanished_at=None, account__audit=0
    )
    found = rows.exclude(secret="").select_related("account__connection", "place")
    return list(found.order_by("account__delivery_id", "pk"))


def quotes_ask(
    *, delivery: Delivery, probes: bool = False, only: StoreCourier | None = None
) -> list[Quote]:
    """Asks all couriers that are not paused, or `only` one, and keeps their answers as one round.
    Where all are paused, `probes` asks those that did not answer: who answers now is paused no
    longer.

    Raises Conflict when it is over or its receiver is not known any more, NobodyToCall when there
    is nobody to ask; a courier that fails has a quote that says so.
    """
    if delivery.state in (Delivery.State.DELIVERED, Delivery.State.CANCELLED):
        raise Conflict(_("This delivery is over."))
    check_receiver(delivery)
    couriers = [only] if only else _to_be_asked(delivery, probes=probes)
    asked_at = timezone.now()
    numbers = {courier.pk: new_number(delivery) for courier in couriers}
    answers: dict[int, RemoteQuote | PlatformError] = {}
    for connection in {each.account.connection for each in couriers}:
        own = [each for each in couriers if each.account.connection == connection]
        answers |= _answers(connection, delivery, own, numbers)
    rows = [
        _quote(delivery, courier, numbers[courier.pk], answers[courier.pk], asked_at)
        for courier in couriers
    ]
    with transaction.atomic():
        # Two rounds at once would take the same number.
        locked = Delivery.objects.locked(delivery.pk)
        last = Quote.objects.filter(delivery=delivery).aggregate(last=Max("round"))["last"] or 0
        is_same = is_same_order(locked, delivery)
        for row in rows:
            row.round = last + 1
            if not is_same:
                # The order was corrected while the couriers were asked.
                row.expires_at = asked_at
        Quote.objects.bulk_create(rows)
        distance = next((row.distance for row in rows if row.distance), None)
        arriving.plan_note(locked, [offer_of(row) for row in rows], distance)
        delivery.note_change()
    for row in rows:
        if row.is_silent:
            resting.note_silence(row.courier)
        else:
            resting.note_answer(row.courier)
    return rows


def _to_be_asked(delivery: Delivery, *, probes: bool) -> list[StoreCourier]:
    every = couriers_of(delivery)
    silent = [each for each in every if resting.is_silent(each)]
    found = [each for each in every if not each.is_paused] or (silent if probes else [])
    if found:
        return found
    why = ForPerson.NO_COURIER
    if every:
        why = ForPerson.NO_ANSWER if silent else ForPerson.PAUSED
    raise NobodyToCall(_("No courier of this store can be asked at the moment."), why)


def last_quotes(delivery: Delivery) -> QuerySet[Quote]:
    """Returns the quotes of the last round, the cheapest first, those without a price last."""
    last = Quote.objects.filter(delivery=delivery).aggregate(last=Max("round"))["last"]
    rows = Quote.objects.filter(delivery=delivery, round=last or 0)
    rows = rows.select_related("courier__account", "courier__place")
    return rows.order_by(F("fee").asc(nulls_last=True), "pk")


def usable_quotes(delivery: Delivery) -> list[Quote]:
    """Returns the quotes of the last round while all prices in it are valid, else none."""
    rows = list(last_quotes(delivery))
    used = set(delivery.attempts.values_list("shop_order_id", flat=True))
    return rows if are_usable(rows, used) else []


def are_usable(quotes: Sequence[Quote], used: Collection[str]) -> bool:
    """Whether all prices of a round are valid; `used` are the numbers of riders who were called."""
    now = timezone.now()
    is_valid = all(row.expires_at is None or row.expires_at > now for row in quotes)
    return is_valid and not {row.shop_order_id for row in quotes} & set(used)


def offer_of(quote: Quote) -> Offer:
    refusal = quote.refusal or (str(_("no answer")) if quote.is_silent else "")
    return Offer(
        courier=quote.courier.account.delivery_id,
        fee=quote.fee,
        seconds=quote.seconds,
        expires_at=quote.expires_at,
        refusal=refusal,
        is_paused=quote.courier.is_paused,
    )


def new_number(delivery: Delivery) -> str:
    """Returns a number for the courier that no attempt had before."""
    return f"ZG{delivery.pk}-{secrets.token_hex(5)}"


def _answers(
    connection: Connection,
    delivery: Delivery,
    couriers: Sequence[StoreCourier],
    numbers: Mapping[int, str],
) -> dict[int, RemoteQuote | PlatformError]:
    asked: list[tuple[int, Any, str, Order]] = [
        (each.pk, account_of(each), numbers[each.pk], order_of(delivery, each)) for each in couriers
    ]

    def at_once(client: WechatClient, token: str) -> dict[int, RemoteQuote | PlatformError]:
        def one(given: tuple[int, Any, str, Order]) -> tuple[int, RemoteQuote | PlatformError]:
            pk, account, number, order = given
            try:
                return pk, client.quote(token, account, number, order)
            except PlatformError as error:
                return pk, error

        with ThreadPoolExecutor(min(len(asked), MOST_AT_ONCE)) as pool:
            found = dict(pool.map(one, asked))
        # The token is everybody's: one that is over is over for all.
        for answer in found.values():
            if isinstance(answer, AuthExpired):
                raise answer
        return found

    try:
        return Wechat(connection).call(at_once)
    except PlatformError as error:
        return dict.fromkeys((each.pk for each in couriers), error)


def _quote(
    delivery: Delivery,
    courier: StoreCourier,
    number: str,
    answer: RemoteQuote | PlatformError,
    asked_at: datetime,
) -> Quote:
    row = Quote(delivery=delivery, courier=courier, shop_order_id=number, asked_at=asked_at)
    # A refusal is no longer true than a price.
    row.expires_at = asked_at + USUAL_LIFE
    if isinstance(answer, Refused):
        resting.note_refusal(courier, answer.message)
        row.refusal = (answer.message or answer.code)[:300]
        return row
    if isinstance(answer, NotSent):
        # WeChat let nothing through: the courier is not the one that is silent.
        row.refusal = (reasons.words_of(answer.detail) or answer.detail)[:300]
        return row
    if isinstance(answer, PlatformError):
        row.is_silent = True
        return row
    known = courier_of(courier.account.delivery_id, courier.account.name)
    row.fee, row.delivery_fee = answer.price.fee, answer.price.delivery
    row.coupon, row.insurance = answer.price.coupon, answer.price.insurance
    row.distance, row.seconds = answer.distance, answer.seconds
    row.price_token = answer.token[:200]
    row.expires_at = asked_at + (known.price_lasts or USUAL_LIFE)
    return row
