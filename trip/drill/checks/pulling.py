"""Checks of the optional points of the acceptance table: pulls, the audit notice, heartbeat,
balance.
"""

from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from stores.drills.results import LeftOut
from stores.text import listed_lazy
from trip.drill.drilling import Drill, check
from trip.models import Place
from trip.sandbox.calls import Exchange

DEAL_FIELDS = (
    "useDateMode", "visitorInfoType", "visitorInfoRule", "refundType", "partlyRefund",
    "scheduleOnlineTime", "scheduleOfflineTime", "servicePhones", "getInAddresses", "needTicket",
    "otherNote", "returnVoucher", "getVoucherRule", "idLimitDays", "idLimitCount",
    "phoneLimitDays", "phoneLimitCount", "maxBuyCount", "minBuyCount", "title", "include",
    "partnerId", "partnerDealId",
)  # fmt: skip
PRICE_FIELDS = ("partnerDealId", "date", "marketPrice", "mtPrice", "settlementPrice", "stock")
PLACE_FIELDS = (
    "partnerId", "partnerPoiId", "name", "city", "address", "phone", "locType", "longitude",
    "latitude",
)  # fmt: skip


@check(
    "products.pull",
    _("Products can be pulled by page and by number, with all required fields"),
)
def products(drill: Drill) -> None:
    deal_id = drill.ware().product.deal_id
    page = drill.player.products()
    rows = _rows(drill, page, DEAL_FIELDS)
    total = page.envelope.get("totalSize")
    drill.expect(
        isinstance(total, int) and total >= len(rows) > 0, _("totalSize must count all rows.")
    )
    one = _rows(drill, drill.player.products([deal_id]), DEAL_FIELDS)
    drill.expect_equal("partnerDealId", [row["partnerDealId"] for row in one], [deal_id])


@check("prices.pull", _("The price calendar can be pulled and says what an order must pay"))
def prices(drill: Drill) -> None:
    ware = drill.ware(calendar=True)
    day = ware.offer.date or date.min
    rows = _rows(
        drill, drill.player.prices(ware.product.deal_id, _day(day), _day(day)), PRICE_FIELDS
    )
    drill.expect_equal("date", [row["date"] for row in rows], [_day(day)])
    drill.expect_equal("mtPrice", float(rows[0]["mtPrice"]), float(ware.offer.sale_price))
    drill.expect_equal(
        "settlementPrice", float(rows[0]["settlementPrice"]), float(ware.offer.settlement_price)
    )
    drill.expect_refusal(
        drill.player.prices(ware.product.deal_id, _day(day), _day(day - timedelta(days=1)))
    )
    drill.expect_refusal(drill.player.prices(ware.product.deal_id, "soon", "later"))


@check("pois.pull", _("Places on the map can be pulled"))
def pois(drill: Drill) -> None:
    if not Place.objects.filter(store__merchant=drill.connection.tenant).exists():
        raise LeftOut(_("No store has a place on the map."))
    _rows(drill, drill.player.pois(), PLACE_FIELDS)


@check("audit.notice", _("Meituan's news about a product's listing is acknowledged"))
def audit(drill: Drill) -> None:
    product = drill.ware().product
    if product.listing is None or product.listing_check is None:
        raise LeftOut(_("Meituan has not reported a listing yet, and the drill invents none."))
    drill.expect_code(
        drill.player.audit(product.deal_id, product.listing, product.listing_check), 200
    )


@check("support.balance", _("The balance query is answered for every product asked about"))
def balance(drill: Drill) -> None:
    deal_id = drill.ware().product.deal_id
    fields = ("partnerDealId", "prepaidAccountBalance", "creditAccountBalance")
    rows = _rows(drill, drill.player.balance([deal_id]), fields)
    drill.expect_equal("partnerDealId", [row["partnerDealId"] for row in rows], [deal_id])


def _rows(drill: Drill, exchange: Exchange, fields: tuple[str, ...]) -> list[dict[str, Any]]:
    drill.expect_code(exchange, 200)
    rows = exchange.body
    if not isinstance(rows, list):
        drill.expect(False, _("body must be a list."))
    for row in rows:
        missing = [name for name in fields if name not in row]
        drill.expect(not missing, _("Missing fields: %(names)s."), names=listed_lazy(missing))
    return list(rows)


def _day(day: date) -> str:
    return day.isoformat()
