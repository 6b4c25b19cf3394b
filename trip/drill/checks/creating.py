"""Checks of order create: complete validation, the true reason of each failure, no second order for
one number.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stores.drills.results import LeftOut
from trip.drill.drilling import Drill, check
from trip.drill.sample_products import new_order_id
from trip.models import Offer, Order, Product
from trip.sandbox.orders import Order as Asked
from trip.sandbox.orders import create_body

REQUIRED = (
    "orderId",
    "partnerDealId",
    "mtDealId",
    "buyPrice",
    "unitPrice",
    "totalPrice",
    "quantity",
)
WRONG: dict[str, tuple[Any, ...]] = {
    "orderId": (0, -1, "abc", None, [], 1.5),
    "partnerDealId": ("", None, [], {}),
    "mtDealId": ("abc", None, []),
    "buyPrice": ("abc", None, -1, []),
    "unitPrice": ("abc", None, -1, {}),
    "totalPrice": ("abc", None, -1, True),
    "quantity": (0, -1, 10**9, "abc", 1.5, None),
    "travelDate": ("tomorrow", 20260501, "2026-13-01"),
}


@check(
    "create.accepted",
    _("A right order is accepted, and a query says: created, not paid (2)"),
)
def accepted(drill: Drill) -> None:
    asked = drill.created()
    body = drill.queried(asked)
    drill.expect_equal("orderStatus", body["orderStatus"], 2)
    drill.expect(
        len(asked.partner_order_id) <= 60, _("partnerOrderId is longer than 60 characters.")
    )


@check(
    "create.repeated",
    _("The same order again gets the same answer and holds no second tickets"),
)
def repeated(drill: Drill) -> None:
    asked = drill.order()
    first = drill.create(asked)
    drill.expect_same_always(first, lambda: drill.player.create(asked))
    _expect_held_once(drill, asked)


@check(
    "create.twins",
    _("The same order several times at once is one order with one answer"),
)
def twins(drill: Drill) -> None:
    asked = drill.order()
    first, *others = drill.player.send_at_once("create", create_body(asked), 4)
    drill.expect_code(first, 200)
    drill.expect_same_bytes(first, *others)
    asked.partner_order_id = drill.body(first)["partnerOrderId"]
    asked.status = "created"
    _expect_held_once(drill, asked)


def _expect_held_once(drill: Drill, asked: Asked) -> None:
    """Expects one row, and not more tickets held for its offer than its unpaid orders need."""
    rows = list(
        Order.objects.filter(connection=drill.connection, order_id=asked.order_id).select_related(
            "offer"
        )
    )
    drill.expect_equal("orders", len(rows), 1)
    unpaid = Order.objects.filter(offer=rows[0].offer, status=Order.Status.CREATED)
    wanted = sum(unpaid.values_list("quantity", flat=True))
    held = Offer.objects.values_list("held", flat=True).get(pk=rows[0].offer_id)
    drill.expect(
        held <= wanted,
        _("%(held)d tickets are held for orders of %(wanted)d."),
        held=held,
        wanted=wanted,
    )


@check("create.unknown_product", _("An unknown product is refused with that reason"))
def unknown_product(drill: Drill) -> None:
    asked = drill.order()
    asked.deal_id = "no-such-product"
    drill.expect_refusal(drill.player.create(asked), 421)
    _expect_nothing(drill, asked)


@check(
    "create.paused_product",
    _("A product that is not on sale is refused with that reason"),
)
def paused_product(drill: Drill) -> None:
    paused = Product.objects.filter(connection=drill.connection, state=Product.State.PAUSED).first()
    if paused is None:
        raise LeftOut(_("No product is paused."))
    asked = drill.order()
    asked.deal_id = paused.deal_id
    drill.expect_refusal(drill.player.create(asked), 421)
    _expect_nothing(drill, asked)


@check("create.price", _("A price that is a cent off is refused with that reason"))
def price(drill: Drill) -> None:
    for name in ("buyPrice", "unitPrice", "totalPrice"):
        asked = drill.order()
        body = create_body(asked)
        body[name] = float(Decimal(str(body[name])) + Decimal("0.01"))
        drill.expect_refusal(drill.player.send("create", body), 410)
        _expect_nothing(drill, asked)


@check(
    "create.sold_out",
    _("One ticket more than is left is refused as sold out, and nothing is held"),
)
def sold_out(drill: Drill) -> None:
    ware = drill.ware(limited=True)
    asked = ware.order(drill.partner.partner_id)
    drill.asked.append(asked)
    before = Offer.objects.get(pk=ware.offer.pk)
    asked.quantity = (before.left or 0) + 1
    drill.expect_refusal(drill.player.create(asked), 420)
    _expect_nothing(drill, asked)


@check("create.visitors", _("Missing visitor information is refused with that reason"))
def visitors(drill: Drill) -> None:
    asked = drill.order(visitors=True)
    people = asked.visitors
    asked.visitors = []
    drill.expect_refusal(drill.player.create(asked), 410)
    for value in ("abc", 1, [1]):
        drill.expect_refusal(
            drill.player.send("create", create_body(asked) | {"visitors": value}), 410
        )
    ware = drill.ware(visitors=True)
    for needed, name in ((ware.product.needs_name, "name"), (ware.product.needs_mobile, "mobile")):
        if needed:
            asked.visitors = [
                {key: value for key, value in person.items() if key != name} for person in people
            ]
            drill.expect_refusal(drill.player.create(asked), 410)
    _expect_nothing(drill, asked)


@check("create.visitor_numbers", _("An order with all visitors it needs is accepted"))
def visitor_numbers(drill: Drill) -> None:
    asked = drill.created(visitors=True)
    drill.expect_equal("orderStatus", drill.queried(asked)["orderStatus"], 2)


@check("create.date", _("A missing or past day of visit is refused with that reason"))
def date(drill: Drill) -> None:
    asked = drill.order(calendar=True)
    asked.travel_date = None
    drill.expect_refusal(drill.player.create(asked), 410)
    asked.order_id = new_order_id()
    asked.travel_date = (timezone.localdate() - timedelta(days=2)).isoformat()
    drill.expect_refusal(drill.player.create(asked), 422, 421)
    _expect_nothing(drill, asked)


@check(
    "create.fields",
    _("Missing and wrong fields are refused with a reason that names them"),
)
def fields(drill: Drill) -> None:
    asked = drill.order()
    right = create_body(asked)
    for name in REQUIRED:
        exchange = drill.player.send(
            "create", {key: value for key, value in right.items() if key != name}
        )
        drill.expect_refusal(exchange, 410)
        drill.expect(
            name in exchange.describe,
            _("describe does not name the missing field %(name)s."),
            name=name,
        )
    for name, values in WRONG.items():
        for value in values:
            drill.expect_refusal(
                drill.player.send("create", right | {"orderId": new_order_id(), name: value}), 410
            )
    _expect_nothing(drill, asked)


@check("create.texts", _("Numbers and prices may be sent as texts"))
def texts(drill: Drill) -> None:
    asked = drill.order()
    body = create_body(asked)
    changed: dict[str, Callable[[Any], str]] = {
        "orderId": str,
        "quantity": str,
        "buyPrice": lambda yuan: f"{yuan:.2f}",
        "unitPrice": str,
        "totalPrice": str,
    }
    exchange = drill.player.send(
        "create", body | {name: text(body[name]) for name, text in changed.items()}
    )
    drill.expect_code(exchange, 200)
    drill.expect_equal(
        "orderId", drill.body(exchange).get("orderId", asked.order_id), asked.order_id
    )
    asked.partner_order_id, asked.status = drill.body(exchange)["partnerOrderId"], "created"
    drill.queried(asked)


def _expect_nothing(drill: Drill, asked: Asked) -> None:
    exists = Order.objects.filter(connection=drill.connection, order_id=asked.order_id).exists()
    drill.expect(not exists, _("A call that was refused has made an order."))
