"""The products of the demo's stores on Meituan: one ticket for each combination of rules that
behaves differently.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from stores.models import Connection, Store
from trip.choices import BookAhead, FeeMode, Issuing, RefundType, VisitorInfo, VoucherType
from trip.models import Offer, Place, Product, RefundStep

NONE, PER_TICKET, PER_ORDER = VoucherType.NONE, VoucherType.PER_TICKET, VoucherType.PER_ORDER
OWN, UPSTREAM = Issuing.OWN, Issuing.UPSTREAM
NOBODY, ONE, EACH = VisitorInfo.NONE, VisitorInfo.ONE, VisitorInfo.EACH
# The range of the price calendars in days: back for past orders, ahead for new ones.
DAYS_BEHIND, DAYS_AHEAD = 30, 90
REFUNDS: dict[str, dict[str, Any]] = {
    "auto": {"refund_type": RefundType.ANY_TIME},
    "review": {"refund_type": RefundType.ANY_TIME, "refund_review": True},
    "none": {"refund_type": RefundType.NEVER},
    "steps": {"refund_type": RefundType.CONDITIONAL},
}


@dataclass(frozen=True)
class Ware:
    """One product. `store` is the position among the merchant's stores; prices are yuan: market,
    Meituan's, ours.

    `a_day` is the usual number of orders per day; `left` the number of tickets left, None for
    unlimited.
    """

    number: str
    store: int
    title: str
    voucher: VoucherType
    issuing: Issuing
    calendar: bool
    visitors: VisitorInfo
    refund: str
    prices: tuple[str, str, str]
    a_day: float
    # True for products without limits per buyer; `demo --info` lists these.
    is_listed: bool = True
    left: int | None = None
    days_ahead: int = DAYS_AHEAD
    rules: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def info(self) -> dict[str, Any]:
        """Returns the product's entry in `demo --info`."""
        visitors = {NOBODY: "none", ONE: "one", EACH: "each"}
        _market, sale, settlement = self.prices
        return {
            "partner_deal_id": self.number,
            "voucher_type": int(self.voucher),
            "issuing": str(self.issuing),
            "calendar": self.calendar,
            "buy_price": float(settlement),
            "unit_price": float(sale),
            "visitors": visitors[self.visitors],
            "refund": self.refund,
        }


OURS = (
    Ware("ZG-1001", 3, "喵呜单人畅撸票·不限时",
         PER_TICKET, OWN, False, NOBODY, "auto", ("58", "45", "40.5"), 3),
    Ware("ZG-1002", 2, "抱石攀岩单日票",
         PER_TICKET, OWN, True, NOBODY, "auto", ("128", "98", "88.2"), 1.5),
    Ware("ZG-1003", 1, "黑八好友通票·一码多人",
         PER_ORDER, OWN, False, NOBODY, "auto", ("66", "49", "44.1"), 2),
    Ware("ZG-1004", 0, "围炉煮茶体验·报姓名入场",
         NONE, OWN, False, ONE, "auto", ("88", "69", "62.1"), 1),
    Ware("ZG-1005", 2, "恒温泳池实名票",
         PER_TICKET, OWN, True, EACH, "auto", ("60", "39.9", "35.9"), 1.5),
    Ware("ZG-1006", 0, "雀王争霸赛观赛票",
         PER_TICKET, OWN, False, NOBODY, "review", ("50", "36", "32.4"), 1),
    Ware("ZG-1007", 3, "一大一小喂猫亲子票",
         PER_ORDER, OWN, True, ONE, "review", ("128", "68", "61.2"), 1),
    Ware("ZG-1008", 1, "斯诺克教练一对一体验课",
         PER_TICKET, OWN, False, ONE, "none", ("299", "168", "151.2"), 0.5),
    Ware("ZG-1009", 2, "燃脂单车团体课",
         PER_ORDER, OWN, True, EACH, "none", ("79", "49.9", "44.9"), 0.7),
    Ware("ZG-1010", 0, "通宵畅玩票·闸机取码",
         PER_TICKET, UPSTREAM, False, NOBODY, "auto", ("168", "78", "70.2"), 1),
    Ware("ZG-1011", 2, "极限公园实名票",
         PER_TICKET, UPSTREAM, True, EACH, "review", ("198", "149", "134.1"), 0.8),
    Ware("ZG-1012", 1, "城市公开赛套票",
         PER_ORDER, UPSTREAM, False, ONE, "auto", ("180", "128", "115.2"), 0.6),
    Ware("ZG-1013", 3, "闭馆后奇妙夜·报姓名入场",
         NONE, UPSTREAM, True, EACH, "none", ("158", "99", "89.1"), 0.5),
    Ware("ZG-1014", 2, "晨间瑜伽体验·报姓名入场",
         NONE, OWN, False, EACH, "review", ("99", "29.9", "26.9"), 0.6),
    Ware("ZG-1015", 3, "领养开放日团队票",
         PER_ORDER, UPSTREAM, True, NOBODY, "review", ("40", "25", "22.5"), 0.4),
    Ware("ZG-1016", 0, "大厅散座下午场·报订单号入场",
         NONE, OWN, False, NOBODY, "none", ("30", "19.9", "17.9"), 0.8),
    Ware(
        "ZG-1101", 2, "周末极限挑战票·阶梯退款",
        PER_TICKET, OWN, True, NOBODY, "steps", ("268", "199", "179.1"), 0.6,
        is_listed=False, left=80, rules={"last_entry": time(20, 0)},
    ),
    Ware(
        "ZG-1102", 3, "新客首单撸猫票·限购",
        PER_TICKET, OWN, False, EACH, "auto", ("58", "9.9", "8.9"), 0.5,
        is_listed=False, left=500,
        rules={
            "max_per_order": 2, "phone_limit": 2, "phone_limit_days": 30, "credential_limit": 1,
            "credential_types": [0, 1],
        },
    ),
    Ware(
        "ZG-1103", 1, "跨年夜球房派对票·余票不多",
        PER_TICKET, OWN, False, NOBODY, "auto", ("199", "128", "115.2"), 0.5,
        is_listed=False, left=3,
    ),
    Ware(
        "ZG-1104", 0, "夏日茶会票（暂停销售）",
        PER_TICKET, OWN, False, NOBODY, "auto", ("48", "32", "28.8"), 0,
        is_listed=False, rules={"state": Product.State.PAUSED},
    ),
    Ware(
        "ZG-1105", 3, "节日限定摄影场",
        PER_TICKET, OWN, True, NOBODY, "auto", ("158", "118", "106.2"), 0.4,
        is_listed=False, left=40, days_ahead=9,
        rules={"book_ahead": BookAhead.CLOCK, "ahead_days": 1, "ahead_time": time(18, 0)},
    ),
)  # fmt: skip
OTHER = (
    Ware("XH-2001", 0, "星河台球双人票",
         PER_TICKET, OWN, False, NOBODY, "auto", ("76", "49", "44.1"), 1.5),
    Ware("XH-2002", 1, "棋牌大赛观赛票",
         PER_ORDER, UPSTREAM, True, ONE, "review", ("60", "38", "34.2"), 1),
    Ware("XH-2003", 0, "九球公开课·报姓名入场",
         NONE, OWN, False, ONE, "none", ("99", "59", "53.1"), 0.5),
)  # fmt: skip
# Minutes before the last entry, fee mode, fee, note
STEPS = (
    (24 * 60, FeeMode.NONE, "0", "入园前24小时以上免费退"),
    (2 * 60, FeeMode.PERCENT, "20", "入园前2至24小时收取20%"),
    (0, FeeMode.PER_TICKET, "100", "入园前2小时内每张收取100元"),
)
# City, longitude, latitude (GCJ-02) of the stores, in the order of stores.demo.people.STORES
OUR_PLACES = (
    ("上海", "121.530912", "31.221537"),
    ("上海", "121.571203", "31.115642"),
    ("上海", "121.428664", "31.172905"),
    ("上海", "121.437815", "31.221066"),
)
OTHER_PLACES = (("杭州", "120.130663", "30.279504"), ("杭州", "120.155070", "30.296812"))


def put_on_sale(ware: Ware, connection: Connection, store: Store, today: date) -> Product:
    """Creates the product with its prices and refund steps, as if it had existed for two months."""
    product = Product.objects.create(
        connection=connection,
        store=store,
        deal_id=ware.number,
        title=ware.title,
        subtitle=f"{store.name}·美团专享",
        includes=f"{ware.title} 1 张",
        note="请在营业时间内到店，过期不候。",
        voucher_type=ware.voucher,
        issuing=ware.issuing,
        by_calendar=ware.calendar,
        valid_until=None if ware.calendar else today + timedelta(days=365),
        visitor_info=ware.visitors,
        **REFUNDS[ware.refund],
        **ware.rules,
    )
    if ware.refund == "steps":
        RefundStep.objects.bulk_create(
            RefundStep(
                product=product, minutes_before=minutes, fee_mode=mode, fee=Decimal(fee), note=note
            )
            for minutes, mode, fee, note in STEPS
        )
    lay_out(
        ware, product, today - timedelta(days=DAYS_BEHIND), today + timedelta(days=ware.days_ahead)
    )
    return product


def lay_out(ware: Ware, product: Product, first: date, last: date) -> None:
    """Adds prices for every day of the period, or one for the whole validity; existing ones
    stay.
    """
    market, sale, settlement = (Decimal(price) for price in ware.prices)
    Offer.objects.bulk_create(
        (
            Offer(
                product=product,
                date=day,
                market_price=market,
                sale_price=sale,
                settlement_price=settlement,
                stock=ware.left,
            )
            for day in _days(ware, first, last)
        ),
        ignore_conflicts=True,
    )


def _days(ware: Ware, first: date, last: date) -> Iterator[date | None]:
    if not ware.calendar:
        yield None
        return
    while first <= last:
        yield first
        first += timedelta(days=1)


def put_on_the_map(store: Store, place: tuple[str, str, str]) -> None:
    city, longitude, latitude = place
    Place.objects.create(
        store=store, city=city, longitude=Decimal(longitude), latitude=Decimal(latitude)
    )
