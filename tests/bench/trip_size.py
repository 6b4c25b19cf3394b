"""(f) Whether a long past of ticket orders makes anything slower."""

from functools import partial

from django.db import transaction
from django.urls import reverse

from stores.models import InboundEvent
from tests.bench import past, sides
from tests.bench.client import CONNECTIONS, caller_of
from tests.bench.context import Bench
from tests.bench.meituan import Buyer, buyer
from tests.bench.shops import open_shop
from tests.bench.sides import Growth, Page, owner_of
from tests.bench.trip import bought
from tests.stores.factories import api_key
from trip import services
from trip.models import Order, Voucher
from trip.wire.requests import OrderRef, parse_create

NUMBER = 200_000_000_000_000


def run(bench: Bench) -> None:
    one = buyer(products=CONNECTIONS)
    merchant = one.connection.tenant
    template = _bought_one(one)
    headers = {"Authorization": f"Bearer {api_key(merchant)[1]}"}
    caller = caller_of(open_shop(bench.sandbox))
    owner = owner_of(merchant)
    growth = Growth(
        name="trip size",
        rows="past orders",
        work_name="create+pay+query",
        copy=partial(_copy, template),
        warm_up=caller.warm_up,
        work=lambda server: bought(server, one, count=bench.size(300, 100)),
        pages={
            "start page": Page(reverse("admin:index"), owner),
            "admin list": Page(reverse("admin:trip_order_changelist"), owner),
            "API list": Page("/api/v1/trip/orders/", headers),
        },
    )
    sides.compare(bench, growth)


@transaction.atomic
def _bought_one(one: Buyer) -> Order:
    """The real one, of which the past is made."""
    order = services.order_create(
        connection=one.connection, request=parse_create(one.order_body(NUMBER))
    )
    services.order_pay(connection=one.connection, request=OrderRef(NUMBER, ""))
    for kind in ("order.create", "order.pay", "order.query"):
        InboundEvent.objects.create(
            platform="trip", connection=one.connection, kind=kind, dedup_key=str(NUMBER),
            subject_id=order.pk,
            state=InboundEvent.State.HANDLED, answer="x" * 300, body={"orderId": NUMBER},
        )  # fmt: skip
    return order


def _copy(template: Order, first: int, last: int) -> None:
    """Copies number `first` to `last` of a paid order, with its voucher and what was said about
    it.
    """
    ours = f"{past.FIRST} + n.i"
    number, then = f"{NUMBER} + n.i", past.words()["then"]
    copies = partial(past.copy_rows, first=first, last=last)
    named = {"order_id": number, "partner_order_id": "'PAST' || n.i"}
    times = dict.fromkeys(("created_at", "pay_until", "paid_at", "issued_at"), then)
    past.copy_rows(Order, template.pk, first=first, last=last, **named, **times)
    copies(Voucher, template.vouchers.get().pk, order_id=ours, code="'P' || n.i", valid_at=then)
    for place, event in enumerate(
        InboundEvent.objects.filter(subject_id=template.pk).order_by("pk")
    ):
        own = f"{past.FIRST} + 3 * n.i + {place}"
        key = f"CAST({number} AS {past.words()['text']})"
        copies(
            InboundEvent,
            event.pk,
            id=own,
            dedup_key=key,
            subject_id=ours,
            received_at=then,
            handled_at=then,
        )
