"""Checks of the address, of BA authentication in every call, and of the answers to invalid
bodies.
"""

from collections.abc import Iterator

from django.conf import settings
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from stores.drills.results import LeftOut
from trip.addresses import is_local, why_not_called
from trip.drill.drilling import USUAL_OTHER, Drill, check
from trip.models import Order
from trip.sandbox.calls import Exchange
from trip.sandbox.orders import create_body, named
from trip.sandbox.signing import Manner

MUST = ("create", "pay", "query", "refund", "refunded", "close")
STRANGE: tuple[bytes, ...] = (
    b"",
    b"{",
    b"[]",
    b'"text"',
    b"\xff\xfe",
    b"null",
    b'{"partnerId": 1}',
)


@check("address.port", _("Meituan may call the port of the public address"))
def port(drill: Drill) -> None:
    why = lazy(why_not_called, str)(drill.base_url)
    if is_local(drill.base_url):
        raise LeftOut(why)
    drill.expect(not str(why), why)


@check("access.signed", _("A call that is signed right is answered with code 200"))
def signed(drill: Drill) -> None:
    exchange = drill.player.heartbeat()
    drill.expect_code(exchange, 200)
    drill.expect_equal(
        "partnerId", exchange.envelope.get("partnerId"), int(drill.partner.partner_id)
    )


@check(
    "access.clock",
    _("A clock that is a little off does not matter, one that is far off does"),
)
def clock(drill: Drill) -> None:
    window = settings.TRIP_DATE_WINDOW
    for ahead in (60 - window, window - 60) if window > 120 else (0.0,):
        drill.expect_code(drill.player.send("heartbeat", manner=Manner(clock=ahead)), 200)
    for manner in (Manner(clock=-window - 60), Manner(clock=window + 60)):
        for interface in MUST:
            drill.expect_other(_call(drill, interface, manner))


@check("access.signature", _("Every call is refused without a right signature"))
def signature(drill: Drill) -> None:
    for wrong in ("garbled", "wrong_secret", "foreign_client", "bare"):
        for interface in MUST:
            drill.expect_other(_call(drill, interface, Manner(signature=wrong)))


@check(
    "access.headers",
    _("Every call is refused when Authorization, Date or PartnerId is missing or wrong"),
)
def headers(drill: Drill) -> None:
    wrong = [Manner(without=(name,)) for name in ("Authorization", "Date", "PartnerId")]
    wrong += [Manner(partner_header="1"), Manner(date="yesterday")]
    for manner in wrong:
        for interface in MUST:
            drill.expect_other(_call(drill, interface, manner))


@check("access.partner", _("PartnerId of header, body and connection must be the same"))
def partner(drill: Drill) -> None:
    other = int(drill.partner.partner_id) + 1
    for interface, body in _bodies(drill):
        drill.expect_other(drill.player.send_raw(interface, {"partnerId": other, "body": body}))


@check("access.no_effect", _("What is not signed right has no effect"))
def no_effect(drill: Drill) -> None:
    asked = drill.order()
    drill.player.send("create", create_body(asked), Manner(signature="wrong_secret"))
    exists = Order.objects.filter(connection=drill.connection, order_id=asked.order_id).exists()
    drill.expect(not exists, _("A call that was refused has made an order."))


@check(
    "access.garbage",
    _("Garbage is answered with a code and a reason, never with an error page"),
)
def garbage(drill: Drill) -> None:
    for interface in MUST:
        for body in STRANGE:
            drill.expect_refusal(drill.player.send_raw(interface, None, Manner(body=body)))
        without = drill.player.send(interface)
        drill.expect_refusal(without)


@check("access.unknown", _("Unknown interfaces are answered with code 300"))
def unknown(drill: Drill) -> None:
    drill.expect_refusal(drill.player.send("nonsense", {}), USUAL_OTHER)


def _bodies(drill: Drill) -> Iterator[tuple[str, dict[str, object]]]:
    """Yields a valid body for each interface, about an order that does not exist."""
    asked = drill.order()
    body = create_body(asked) | named(asked) | {"closeType": 1}
    for interface in MUST:
        yield interface, body


def _call(drill: Drill, interface: str, manner: Manner) -> Exchange:
    return drill.player.send(
        interface, {"orderId": 999_900_000_000_000, "partnerOrderId": ""}, manner
    )
