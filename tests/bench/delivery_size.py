"""(j) Whether a long past of deliveries makes the dispatch board and its neighbours slower."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from delivery.choices import Moment, WaybillState
from delivery.models import (
    Attempt,
    Decision,
    Delivery,
    Quote,
    StoreCourier,
)
from delivery.pages.board_news import TICKETS, digest_of
from stores.models import InboundEvent, OutboundAttempt, OutboundCall
from tests.bench import past, shops, sides, wechat
from tests.bench.client import caller_of
from tests.bench.context import Bench
from tests.bench.load import Load
from tests.bench.pushes import Kind, pushed
from tests.bench.sides import Growth, Page, owner_of
from tests.bench.web import Web
from tests.delivery.factories import (
    AttemptFactory,
    DecisionFactory,
    DeliveryFactory,
    DeliveryMomentFactory,
    QuoteFactory,
    WaybillNewsFactory,
)
from tests.stores.factories import api_key

STORES, LIVE = 5, 1_000
# How far the live ones are, in turn: none called, none heard of, and how far the rider is.
STAGES = (
    None,
    WaybillState.WAITING,
    WaybillState.ACCEPTED,
    WaybillState.AT_SHOP,
    WaybillState.PICKED_UP,
)
# What was heard of each delivery of the past.
HEARD = (
    WaybillState.ACCEPTED,
    WaybillState.AT_SHOP,
    WaybillState.PICKED_UP,
    WaybillState.DELIVERED,
)
MOMENTS = (Moment.ACCEPTED, Moment.PICKED_UP, Moment.DELIVERED)


def run(bench: Bench) -> None:
    shop = wechat.open_shop(bench.sandbox, stores=STORES)
    caller = caller_of(shops.open_shop(bench.sandbox))
    stores = [place.store_id for place in shop.places]
    _live(shop)
    template = _over(shop)
    owner = owner_of(shop.store.merchant)
    key = {"Authorization": f"Bearer {api_key(shop.store.merchant)[1]}"}
    kind = Kind("pushes", partial(shop.push, mode="secure"), b'"Encrypt"')
    growth = Growth(
        name="delivery size",
        rows="past deliveries",
        work_name="pushes",
        copy=partial(_copy, shop, template),
        warm_up=caller.warm_up,
        work=lambda server: _pushes(server, kind, bench.size(600, 200)),
        pages={
            "dispatch board": Page(reverse("delivery:board"), owner, target=1.2),
            "board's pulse": Page(partial(_pulse, stores), owner, status=204, target=1.2),
            "start page": Page(reverse("admin:index"), owner),
            "admin list": Page(reverse("admin:delivery_delivery_changelist"), owner),
            "API list": Page("/api/v1/deliveries/", key),
        },
    )
    sides.compare(bench, growth)


def _pushes(server: Web, kind: Kind, count: int) -> Load:
    return pushed(server, kind, 0, count)


def _pulse(stores: Sequence[int]) -> str:
    """What an open board asks on which nothing is new."""
    query = {"after": digest_of(stores), "ticket": TICKETS.of(stores)}
    return f"{reverse('delivery:board-live')}?{urlencode(query)}"


def _live(shop: wechat.Shop) -> None:
    """LIVE deliveries that are not over, at all stages, with prices of three couriers for those for
    which nobody is called.
    """
    couriers: dict[int, list[StoreCourier]] = {}
    for courier in StoreCourier.objects.filter(place__in=shop.places).select_related("account"):
        couriers.setdefault(courier.place_id, []).append(courier)
    made = _live_deliveries(shop)
    attempts, quotes = [], []
    for number, row in enumerate(made):
        of_store = couriers[shop.places[number % STORES].pk]
        stage = STAGES[number % len(STAGES)]
        if stage is None:
            quotes += [_price(row, each) for each in of_store[:3]]
        else:
            attempts.append(_rider(row, of_store[number % len(of_store)], stage))
    Attempt.objects.bulk_create(attempts)
    Quote.objects.bulk_create(quotes)


def _live_deliveries(shop: wechat.Shop) -> list[Delivery]:
    now = timezone.now()
    made: list[Delivery] = DeliveryFactory.build_batch(LIVE, store=None)
    for number, row in enumerate(made):
        row.store = shop.places[number % STORES].store
        row.slug, row.reference = f"live-{number}", f"L-{number}"
        row.created_at = row.ready_at = now - timedelta(seconds=5 * number)
        is_waiting = STAGES[number % len(STAGES)] is None
        row.state = Delivery.State.WAITING if is_waiting else Delivery.State.RUNNING
    Delivery.objects.bulk_create(made)
    return made


def _price(row: Delivery, courier: StoreCourier) -> Quote:
    # Later ones only are offered, and the run takes its time.
    asked_at = timezone.now() + timedelta(hours=1)
    return Quote(
        delivery=row,
        courier=courier,
        round=1,
        shop_order_id=f"ZG{row.pk}-{courier.pk}",
        fee=Decimal("12.00"),
        asked_at=asked_at,
        expires_at=asked_at + timedelta(hours=1),
    )


def _rider(row: Delivery, courier: StoreCourier, stage: WaybillState) -> Attempt:
    return Attempt(
        delivery=row,
        courier=courier,
        courier_code=courier.account.delivery_id,
        shopid=courier.account.shopid,
        shop_order_id=f"ZG{row.pk}-live",
        state=Attempt.State.LIVE,
        waybill_state=stage,
        waybill_at=timezone.now(),
        fee=Decimal("12.00"),
        called_at=row.created_at,
        rider={"name": "王师傅", "phone": "13900000009"},
    )


@transaction.atomic
def _over(shop: wechat.Shop) -> Attempt:
    """The delivered one, of which the past is made."""
    courier = shop.couriers[0]
    now = timezone.now()
    ended = {"ended_at": now - timedelta(days=2)}
    row = DeliveryFactory(
        store=shop.store,
        state=Delivery.State.DELIVERED,
        created_at=now - timedelta(days=2),
        **ended,
    )
    attempt: Attempt = AttemptFactory(
        delivery=row, courier=courier, state=Attempt.State.DELIVERED, waybill_state=302, **ended
    )
    DecisionFactory(delivery=row, attempt=attempt)
    for each in shop.couriers:
        QuoteFactory(delivery=row, courier=each)
    for code in HEARD:
        WaybillNewsFactory(attempt=attempt, code=code)
        InboundEvent.objects.create(
            platform="wechat", connection=shop.connection, kind="update_waybill_status",
            dedup_key=str(code), subject_id=attempt.pk, state=InboundEvent.State.HANDLED,
            body={"said": {"order_status": code}, "mode": "secure", "form": "json"},
        )  # fmt: skip
    for kind in MOMENTS:
        DeliveryMomentFactory(delivery=row, kind=kind)
    call = OutboundCall.objects.create(
        platform="wechat", operation="rider.call", key=attempt.shop_order_id,
        connection=shop.connection, pace=shop.connection.pace, store=shop.store,
        subject_id=attempt.pk, state=OutboundCall.State.DONE, settled_at=now, expires_at=now,
    )  # fmt: skip
    OutboundAttempt.objects.create(call=call, outcome="done", ended_at=now)
    return attempt


def _copy(shop: wechat.Shop, template: Attempt, first: int, last: int) -> None:
    """Copies number `first` to `last` of a delivery with all that belongs to it, spread over the
    shop's stores (consecutive primary keys).
    """
    stores = [place.store_id for place in shop.places]
    words = past.words()
    ours, then = f"{past.FIRST} + n.i", words["then"]
    store = f"{min(stores)} + n.i % {len(stores)}"
    number = "'ZG' || n.i || '-past'"
    row = template.delivery
    copies = partial(past.copy_rows, first=first, last=last)
    copies(
        Delivery, row.pk, slug="'past' || n.i", reference="'P-' || n.i", store_id=store,
        created_at=then, ended_at=then, changed_at=then, ready_at=then,
    )  # fmt: skip
    copies(
        Attempt, template.pk, delivery_id=ours, shop_order_id=number, called_at=then,
        accepted_at=then, ended_at=then, waybill_at=then,
    )  # fmt: skip
    copies(Decision, template.decision.pk, delivery_id=ours, attempt_id=ours, at=then)
    _several(
        row.quotes.all(), first, last, delivery_id=ours, asked_at=then, expires_at=then,
        shop_order_id=number,
    )  # fmt: skip
    _several(template.news.all(), first, last, attempt_id=ours, at=then, heard_at=then)
    _several(row.moments.all(), first, last, delivery_id=ours, at=then)
    told = InboundEvent.objects.filter(connection=shop.connection, subject_id=template.pk)
    _several(
        told, first, last,
        dedup_key="dedup_key || '-' || n.i", subject_id=ours, received_at=then, handled_at=then,
        due_at=then,
    )  # fmt: skip
    call = OutboundCall.objects.get(operation="rider.call", key=template.shop_order_id)
    copies(
        OutboundCall, call.pk, key=number, subject_id=ours, store_id=store, queued_at=then,
        due_at=then, expires_at=then, settled_at=then,
    )  # fmt: skip
    copies(OutboundAttempt, call.attempts.get().pk, call_id=ours, started_at=then, ended_at=then)


def _several(rows: QuerySet[Any], first: int, last: int, **columns: str) -> None:
    """Copies several rows of the one delivery."""
    found = list(rows.order_by("pk"))
    for place, each in enumerate(found):
        own = f"{past.FIRST} + {len(found)} * n.i + {place}"
        past.copy_rows(type(each), each.pk, first=first, last=last, id=own, **columns)
