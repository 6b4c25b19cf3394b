"""The answers to Meituan's pulls (products, prices by day, places), and its messages about a
product's listing.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from stores.models import Connection, Store
from stores.text import is_id
from trip.choices import (
    BookAhead,
    Code,
    CredentialType,
    Listing,
    ListingCheck,
    RefundType,
    Refusal,
    VisitorInfo,
    VoucherType,
)
from trip.models import Offer, Product
from trip.wire.pulls import ListingNotice, Page, PricesRequest
from trip.wire.values import wire_moment, wire_yuan

log = logging.getLogger(__name__)
Body = dict[str, Any]
UNLIMITED_PER_DAY = 100_000_000


def products_pull(*, connection: Connection, page: Page) -> tuple[int, list[Body]]:
    """Returns (the number of all products, the deals of this page)."""
    rows = (
        Product.objects.filter(connection=connection)
        .select_related("store", "connection")
        .order_by("pk")
    )
    if page.names is not None:
        rows = rows.filter(deal_id__in=page.names)
    undated = Prefetch("offers", Offer.objects.filter(date=None))
    found = _page(rows.prefetch_related(undated, "refund_steps"), page)
    return rows.count(), list(_deals(found))


def _deals(products: Iterable[Product]) -> Iterator[Body]:
    """Leaves out products with stored values that no calendar has, which forms refuse today."""
    for product in products:
        try:
            yield _deal(product)
        except (OverflowError, ValueError) as error:
            log.warning("product %s is left out of the answer to Meituan: %s", product.pk, error)


def _page(rows: "QuerySet[Any]", page: Page) -> Iterable[Any]:
    if page.names is not None:
        return rows
    return rows[(page.number - 1) * page.size : page.number * page.size]


def _deal(product: Product) -> Body:
    body = _terms(product) | _visitors(product) | _limits(product) | _texts(product)
    if not product.by_calendar:
        body |= _validity(product)
    if product.refund_type == RefundType.CONDITIONAL:
        body["refundStairsRules"] = [_step(step) for step in product.refund_steps.all()]
    return body


def _terms(product: Product) -> Body:
    online = timezone.localtime(product.created_at).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    has_codes = product.voucher_type != VoucherType.NONE
    counts_minutes = product.book_ahead == BookAhead.MINUTES
    return {
        "partnerId": int(product.connection.account),
        "partnerDealId": product.deal_id,
        "partnerPoiId": str(product.store_id),
        "useDateMode": product.valid_days if product.by_calendar else 0,
        "refundType": product.refund_type,
        "partlyRefund": product.partial_refund,
        "scheduleOnlineTime": wire_moment(online),
        "scheduleOfflineTime": f"{_last_day(product) + timedelta(days=1):%Y-%m-%d} 00:00:00",
        "needTicket": False,
        "returnVoucher": has_codes,
        "voucherText": "" if has_codes else "凭姓名或手机号入园",
        "orderCancelTime": product.pay_minutes,
        "aheadHoursType": product.book_ahead,
        "aheadMinutes": product.ahead_minutes if counts_minutes else 0,
        "aheadTimeRules": _clock_rule(product),
    }


def _last_day(product: Product) -> date:
    """Returns the last day of sale; for a product without one, a day one year from today."""
    return product.valid_until or timezone.localdate() + timedelta(days=365)


def _clock_rule(product: Product) -> list[Body]:
    if product.book_ahead != BookAhead.CLOCK or product.ahead_time is None:
        return []
    return [{"aheadDays": product.ahead_days, "aheadTime": f"{product.ahead_time:%H:%M}"}]


def _visitors(product: Product) -> Body:
    asked = product.visitor_info != VisitorInfo.NONE
    kinds = set(product.credential_types) if asked else set()
    rule = dict.fromkeys(("pinyin", "address", "postCode", "email"), False) | {
        "name": asked and product.needs_name,
        "mobile": asked and product.needs_mobile,
        "credentials": CredentialType.IDENTITY_CARD in kinds,
        "passport": CredentialType.PASSPORT in kinds,
        "tlp": CredentialType.TAIWAN in kinds,
        "hkmlp": CredentialType.HONG_KONG_MACAU in kinds,
        "mtp": CredentialType.MAINLAND_TO_TAIWAN in kinds,
    }
    body: Body = {"visitorInfoType": product.visitor_info, "visitorInfoRule": rule}
    if product.visitor_info == VisitorInfo.GROUP:
        body["visitorInfoGroupSize"] = product.group_size
    return body


def _limits(product: Product) -> Body:
    return {
        "minBuyCount": product.min_per_order,
        "maxBuyCount": product.max_per_order,
        "phoneLimitDays": product.phone_limit_days,
        "phoneLimitCount": product.phone_limit,
        "idLimitDays": product.credential_limit_days,
        "idLimitCount": product.credential_limit,
    }


def _texts(product: Product) -> Body:
    store = product.store
    return {
        "title": product.title,
        "subTitle": product.subtitle,
        "include": product.includes or product.title,
        "otherNote": product.note,
        "servicePhones": [
            {"phone": store.phone, "startHour": 9, "startMin": 0, "endHour": 21, "endMin": 0}
        ],
        "getInAddresses": [store.address or store.name],
        "getVoucherRule": {"effectiveMinutes": 0},
    }


def _validity(product: Product) -> Body:
    offer = next(iter(product.offers.all()), None)
    if offer is None:
        return {"stock": 0}
    first = product.valid_from or timezone.localtime(product.created_at).date()
    left = -1 if offer.left is None else offer.left
    return {
        "stock": left if offer.is_open else 0,
        "marketPrice": wire_yuan(offer.market_price),
        "mtPrice": wire_yuan(offer.sale_price),
        "settlementPrice": wire_yuan(offer.settlement_price),
        "voucherDateBegin": f"{first:%Y-%m-%d}",
        "voucherDateEnd": f"{_last_day(product):%Y-%m-%d}",
        "validWeekRule": "1,2,3,4,5,6,7",
    }


def _step(step: Any) -> Body:
    return {
        "refundTimeType": 1,
        "refundLimitMinutes": step.minutes_before,
        "refundFeeMode": step.fee_mode,
        "refundFee": wire_yuan(step.fee),
        "refundNote": step.note,
    }


def prices_pull(*, connection: Connection, request: PricesRequest) -> list[Body]:
    """Returns one row per day with a price; a closed day has stock 0. Raises Refusal for an unknown
    product.
    """
    product = Product.objects.filter(connection=connection, deal_id=request.deal_id).first()
    if product is None:
        raise Refusal(Code.BAD_PRICE_QUERY, "产品不存在")
    days = Offer.objects.filter(
        product=product, date__range=(request.first, request.last)
    ).order_by("date")
    return [_price(product, offer) for offer in days]


def _price(product: Product, offer: Offer) -> Body:
    left = UNLIMITED_PER_DAY if offer.left is None else offer.left
    return {
        "partnerDealId": product.deal_id,
        "date": f"{offer.date:%Y-%m-%d}",
        "marketPrice": wire_yuan(offer.market_price),
        "mtPrice": wire_yuan(offer.sale_price),
        "settlementPrice": wire_yuan(offer.settlement_price),
        "stock": left if offer.is_open else 0,
    }


def places_pull(*, connection: Connection, page: Page) -> tuple[int, list[Body]]:
    """Returns (the number of all stores with a place on the map, the places of this page)."""
    rows = Store.objects.filter(
        trip_products__connection=connection, place__isnull=False
    ).distinct()
    if page.names is not None:
        rows = rows.filter(pk__in=[name for name in page.names if is_id(name)])
    partner = int(connection.account)
    return rows.count(), [
        _place(partner, store) for store in _page(rows.select_related("place").order_by("pk"), page)
    ]


def _place(partner: int, store: Store) -> Body:
    place = store.place
    return {
        "partnerId": partner,
        "partnerPoiId": str(store.pk),
        "name": store.name,
        "city": place.city,
        "address": store.address,
        "phone": store.phone,
        "locType": place.system,
        "longitude": int(place.longitude * 1_000_000),
        "latitude": int(place.latitude * 1_000_000),
    }


def listing_take(*, connection: Connection, notices: Iterable[ListingNotice]) -> None:
    """Stores the listing and audit state that Meituan reports; unknown numbers are ignored."""
    for notice in notices:
        state: dict[str, Any] = {"listing_at": timezone.now()}
        if notice.status in Listing.values:
            state["listing"] = notice.status
        if notice.check in ListingCheck.values:
            state["listing_check"] = notice.check
        Product.objects.filter(connection=connection, deal_id=notice.deal_id).update(**state)
