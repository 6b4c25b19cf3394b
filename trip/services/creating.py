"""Order create: makes all checks first, then holds the tickets until the buyer has paid."""

import secrets
from datetime import timedelta
from typing import Any

from django.utils import timezone

from stores.models import Connection
from stores.prepared import insert
from trip.choices import Code, Refusal
from trip.models import DrillRun, Offer, Order, Product, Visitor, prepared
from trip.services import booking, limits, stock
from trip.services.terms import kept
from trip.wire.requests import CreateRequest, VisitorData

# The order numbers of the acceptance drill: fifteen digits that begin with 9999. Meituan may use
# them too one day.
DRILL_NUMBERS = range(999_900_000_000_000, 1_000_000_000_000_000)


def order_create(*, connection: Connection, request: CreateRequest) -> Order:
    """Returns the order that this request makes. Raises Refusal.

    Runs in the caller's transaction, which ensures that this is the first request with its number:
    there is one order per number.
    """
    product, offer = _on_sale(connection, request)
    now = timezone.now()
    booking.check_dates(product, request.travel_date, now)
    booking.check_quantity(product, request.quantity)
    visitors = booking.check_visitors(product, request)
    offer = booking.check_price(offer, request)
    limits.check(product, visitors, request.quantity)
    if offer.left is not None and offer.left < request.quantity:
        raise _sold_out(offer, request.quantity)
    order = Order(
        connection=connection,
        store_id=product.store_id,
        product=product,
        offer=offer,
        order_id=request.order_id,
        partner_order_id=f"ZG{secrets.token_hex(9).upper()}",
        quantity=request.quantity,
        unit_price=request.unit_price,
        buy_price=request.buy_price,
        total_price=request.total_price,
        travel_date=offer.date,
        voucher_type=product.voucher_type,
        issuing=product.issuing,
        terms=kept(product),
        usable_until=booking.usable_days(product, offer.date)[1],
        is_drill=is_of_drill(connection, request.order_id),
        created_at=now,
        pay_until=now + timedelta(minutes=product.pay_minutes),
    )
    insert(order)
    _keep_visitors(order, product, visitors)
    # This UPDATE is the last step, because it makes all orders of that day wait until this
    # transaction ends.
    if not stock.hold(offer, request.quantity):
        offer.refresh_from_db(fields=["stock", "held", "sold"])
        raise _sold_out(offer, request.quantity)
    return order


def is_of_drill(connection: Connection, order_id: int) -> bool:
    """Whether a running drill may speak of the order; most numbers are decided without a query."""
    return (
        order_id in DRILL_NUMBERS
        and DrillRun.objects.under_way().filter(connection=connection).exists()
    )


def _on_sale(connection: Connection, request: CreateRequest) -> tuple[Product, Offer | None]:
    """Returns the product and its offer for the requested day, if there is one. Raises Refusal."""
    found = prepared.PRODUCT.one(connection=connection.pk, deal_id=request.deal_id)
    product = booking.check_product(found)
    if not product.by_calendar:
        return product, prepared.OFFER_WITHOUT_DAY.one(product=product.pk)
    if request.travel_date is None:
        return product, None
    return product, prepared.OFFER_OF_DAY.one(product=product.pk, date=request.travel_date)


def _sold_out(offer: Offer, quantity: int) -> Refusal:
    return Refusal(Code.NO_STOCK, f"余票不足：剩余{offer.left or 0}张，需要{quantity}张")


def _keep_visitors(order: Order, product: Product, visitors: tuple[VisitorData, ...]) -> None:
    Visitor.objects.bulk_create(
        Visitor(
            order=order,
            product=product,
            details=_details(visitor),
            mobile_hash=limits.hash_of(visitor.mobile),
            credential_hash=limits.hash_of(limits.credential_of(product, visitor)),
            tickets=booking.tickets_of_visitor(product, order.quantity, position),
        )
        for position, visitor in enumerate(visitors)
    )


def _details(visitor: VisitorData) -> dict[str, Any]:
    credentials = {str(kind): number for kind, number in visitor.credentials.items()}
    return {"name": visitor.name, "mobile": visitor.mobile, "credentials": credentials}
