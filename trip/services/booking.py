"""Checks of a booking: dates, booking-ahead rule, numbers, visitors. Each Refusal has the true
reason.
"""

from datetime import date, datetime, timedelta

from stores.platforms.reading import BEIJING, Malformed
from trip.choices import BookAhead, Code, Refusal, VisitorInfo
from trip.models import Offer, Product
from trip.services.terms import Terms
from trip.wire.problems import describe
from trip.wire.requests import Asked, CreateRequest, VisitorData, parse_visitors


def check_product(product: Product | None) -> Product:
    if product is None:
        raise Refusal(Code.NOT_ON_SALE, "产品不存在")
    if product.state != Product.State.ON_SALE or not product.store.is_active:
        raise Refusal(Code.NOT_ON_SALE, "产品已暂停销售")
    return product


def check_dates(product: Product, travel_date: date | None, now: datetime) -> None:
    """Checks the day of visit, the validity period and the booking deadline. Raises Refusal."""
    today = now.astimezone(BEIJING).date()
    if not product.by_calendar:
        if product.valid_until and now > last_entry(product, product.valid_until):
            raise Refusal(Code.NOT_ON_SALE, "产品已过有效期")
        return
    if travel_date is None:
        raise Refusal(Code.INVALID, "travelDate缺失：该产品需要选择游玩日期")
    if travel_date < today:
        raise Refusal(Code.OUTSIDE_BOOKING, "游玩日期已过")
    if (product.valid_from and travel_date < product.valid_from) or (
        product.valid_until and travel_date > product.valid_until
    ):
        raise Refusal(Code.OUTSIDE_BOOKING, "游玩日期不在产品有效期内")
    until = book_until(product, travel_date)
    if now > until:
        raise Refusal(
            Code.OUTSIDE_BOOKING, f"已过预订截止时间{until.astimezone(BEIJING):%Y-%m-%d %H:%M}"
        )


def book_until(product: Product, travel_date: date) -> datetime:
    """Returns the last moment at which that day can be booked."""
    entry = last_entry(product, travel_date)
    if product.book_ahead == BookAhead.MINUTES:
        return entry - timedelta(minutes=product.ahead_minutes)
    if product.book_ahead == BookAhead.CLOCK and product.ahead_time:
        day = travel_date - timedelta(days=product.ahead_days)
        return min(entry, datetime.combine(day, product.ahead_time, BEIJING))
    return entry


def last_entry(terms: Product | Terms, day: date) -> datetime:
    return datetime.combine(day, terms.last_entry, BEIJING)


def usable_days(
    terms: Product | Terms, travel_date: date | None
) -> tuple[date | None, date | None]:
    """Returns the first and the last day on which the ticket can be used; None means no limit."""
    if travel_date is None:
        return terms.valid_from, terms.valid_until
    return travel_date, travel_date + timedelta(days=terms.valid_days - 1)


def check_quantity(product: Product, quantity: int) -> None:
    if quantity < product.min_per_order:
        raise Refusal(Code.INVALID, f"每单至少购买{product.min_per_order}张")
    if product.max_per_order and quantity > product.max_per_order:
        raise Refusal(Code.INVALID, f"每单最多购买{product.max_per_order}张")


def check_price(offer: Offer | None, request: CreateRequest) -> Offer:
    if offer is None or not offer.is_open:
        reason = "该日期未开放销售" if request.travel_date else "产品未设置价格"
        raise Refusal(Code.NOT_ON_SALE, reason)
    if request.buy_price != offer.settlement_price:
        raise Refusal(Code.INVALID, f"结算价不一致：buyPrice应为{offer.settlement_price}")
    if request.unit_price != offer.sale_price:
        raise Refusal(Code.INVALID, f"销售价不一致：unitPrice应为{offer.sale_price}")
    if request.total_price != offer.sale_price * request.quantity:
        raise Refusal(
            Code.INVALID, f"总价不一致：totalPrice应为{offer.sale_price * request.quantity}"
        )
    return offer


def visitors_needed(product: Product, quantity: int) -> int:
    """Returns how many visitors an order of that many tickets must name."""
    match product.visitor_info:
        case VisitorInfo.ONE:
            return 1
        case VisitorInfo.EACH:
            return quantity
        case VisitorInfo.GROUP:
            return -(-quantity // product.group_size)
    return 0


def check_visitors(product: Product, request: CreateRequest) -> tuple[VisitorData, ...]:
    """Returns the visitors that the product asks for; other visitor data in the request is dropped.
    Raises Refusal.
    """
    needed = visitors_needed(product, request.quantity)
    if not needed:
        return ()
    asked = Asked(
        name=product.needs_name,
        mobile=product.needs_mobile or bool(product.phone_limit),
        credentials=tuple(product.credential_types),
    )
    try:
        visitors = parse_visitors(request.visitors, asked)
    except Malformed as malformed:
        raise Refusal(Code.INVALID, describe(malformed)) from malformed
    if len(visitors) != needed:
        raise Refusal(Code.INVALID, f"每笔订单需要{needed}个游玩人信息")
    for visitor in visitors:
        _check_visitor(product, visitor)
    return visitors


def _check_visitor(product: Product, visitor: VisitorData) -> None:
    if product.needs_name and not visitor.name:
        raise Refusal(Code.INVALID, "游玩人姓名缺失")
    if product.needs_mobile and not visitor.mobile:
        raise Refusal(Code.INVALID, "游玩人手机号缺失")
    if product.credential_types and not visitor.credentials:
        raise Refusal(Code.INVALID, "游玩人证件缺失或类型不符")


def tickets_of_visitor(product: Product, quantity: int, position: int) -> int:
    """Returns the number of tickets of the visitor at this position (from 0)."""
    match product.visitor_info:
        case VisitorInfo.EACH:
            return 1
        case VisitorInfo.GROUP:
            return min(product.group_size, quantity - position * product.group_size)
    return quantity
