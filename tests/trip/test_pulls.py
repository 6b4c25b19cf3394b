"""What Meituan pulls of products and places, and what it says of listings."""

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from stores.models import Merchant
from tests.meituan import Meituan, selling
from tests.trip.factories import OfferFactory, TicketConnectionFactory, TicketProductFactory
from trip.choices import BookAhead, FeeMode, RefundType, VisitorInfo, VoucherType
from trip.models import Offer, Place, Product, RefundStep

pytestmark = pytest.mark.django_db
# 3.8, required
REQUIRED = {
    *(
        "useDateMode",
        "visitorInfoType",
        "visitorInfoRule",
        "refundType",
        "partlyRefund",
        "scheduleOnlineTime",
    ),
    *(
        "scheduleOfflineTime",
        "servicePhones",
        "getInAddresses",
        "needTicket",
        "otherNote",
        "returnVoucher",
    ),
    *(
        "getVoucherRule",
        "idLimitDays",
        "idLimitCount",
        "phoneLimitDays",
        "phoneLimitCount",
        "maxBuyCount",
    ),
    *("minBuyCount", "title", "include", "partnerId", "partnerDealId"),
}


def deal(**fields: Any) -> dict[str, Any]:
    meituan, product = selling(**fields)
    return pulled(meituan, product)


def pulled(meituan: Meituan, product: Product) -> dict[str, Any]:
    answer = meituan.ask("product/list", {"method": "multi", "partnerDealIds": [product.deal_id]})
    assert (answer["code"], answer["totalSize"], len(answer["body"])) == (200, 1, 1)
    found: dict[str, Any] = answer["body"][0]
    assert set(found) >= REQUIRED
    return found


def test_a_ticket_for_any_day_tells_price_stock_and_validity() -> None:
    found = deal(
        offer__stock=9, offer__held=2, valid_from=date(2026, 12, 1), valid_until=date(2099, 5, 31)
    )
    assert {
        name: found[name]
        for name in ("useDateMode", "stock", "marketPrice", "mtPrice", "settlementPrice")
    } == {
        "useDateMode": 0,
        "stock": 7,
        "marketPrice": 120.0,
        "mtPrice": 95.0,
        "settlementPrice": 80.0,
    }
    assert (found["voucherDateBegin"], found["voucherDateEnd"]) == ("2026-12-01", "2099-05-31")
    assert found["scheduleOfflineTime"] == "2099-06-01 00:00:00"


def test_a_ticket_without_a_last_day_is_on_sale_for_another_year_however_old_it_is() -> None:
    meituan, product = selling()
    Product.objects.update(created_at=timezone.now() - timedelta(days=800))
    found = pulled(meituan, product)
    end = timezone.localdate() + timedelta(days=365)
    assert found["voucherDateEnd"] == f"{end}"
    assert found["scheduleOfflineTime"] == f"{end + timedelta(days=1)} 00:00:00"


@pytest.mark.parametrize(
    ("fields", "stock"),
    [({}, -1), ({"stock": 0}, 0), ({"is_open": False}, 0), ({"stock": 2, "sold": 3}, 0)],
)
def test_what_cannot_be_bought_has_no_stock(fields: dict[str, Any], stock: int) -> None:
    meituan, product = selling()
    Offer.objects.update(**fields)
    assert pulled(meituan, product)["stock"] == stock


def test_a_calendar_ticket_leaves_its_prices_to_the_calendar() -> None:
    meituan, product = selling(by_calendar=True, valid_days=3, offer=False)
    OfferFactory(product=product, date=date(2099, 5, 1))
    found = pulled(meituan, product)
    assert found["useDateMode"] == 3
    assert not {"stock", "mtPrice", "voucherDateBegin"} & set(found)


def test_visitors_limits_and_booking_ahead_are_told() -> None:
    found = deal(
        visitor_info=VisitorInfo.GROUP,
        group_size=5,
        credential_types=[0, 1],
        needs_name=False,
        min_per_order=2,
        max_per_order=9,
        phone_limit=4,
        phone_limit_days=30,
        credential_limit=1,
        credential_limit_days=7,
        pay_minutes=45,
        book_ahead=BookAhead.CLOCK,
        ahead_days=1,
        ahead_time=time(20),
    )
    assert (found["visitorInfoType"], found["visitorInfoGroupSize"]) == (4, 5)
    asked = {name for name, wanted in found["visitorInfoRule"].items() if wanted}
    assert asked == {"mobile", "credentials", "passport"}
    assert (found["minBuyCount"], found["maxBuyCount"], found["orderCancelTime"]) == (2, 9, 45)
    assert (found["phoneLimitCount"], found["phoneLimitDays"]) == (4, 30)
    assert (found["idLimitCount"], found["idLimitDays"]) == (1, 7)
    assert (found["aheadHoursType"], found["aheadTimeRules"]) == (
        3,
        [{"aheadDays": 1, "aheadTime": "20:00"}],
    )


def test_refund_steps_are_told_with_their_fees() -> None:
    meituan, product = selling(refund_type=RefundType.CONDITIONAL, partial_refund=False)
    RefundStep.objects.create(
        product=product, minutes_before=0, fee_mode=FeeMode.PERCENT, fee=Decimal("12.50")
    )
    RefundStep.objects.create(product=product, minutes_before=1440)
    found = pulled(meituan, product)
    assert (found["refundType"], found["partlyRefund"]) == (4, False)
    rows = [
        (row["refundLimitMinutes"], row["refundFeeMode"], row["refundFee"])
        for row in found["refundStairsRules"]
    ]
    assert rows == [(1440, 1, 0.0), (0, 4, 12.5)]


@pytest.mark.parametrize("kind", VoucherType)
def test_a_ticket_without_codes_says_how_one_gets_in(kind: VoucherType) -> None:
    found = deal(voucher_type=kind)
    assert found["returnVoucher"] is (kind != VoucherType.NONE)
    assert bool(found["voucherText"]) is (kind == VoucherType.NONE)
    assert len(found["voucherText"]) <= 20


def test_pages_hold_twenty_and_only_ones_own() -> None:
    connection = TicketConnectionFactory()
    mine = [TicketProductFactory(connection=connection).deal_id for _ in range(23)]
    TicketProductFactory()
    meituan = Meituan(connection)
    pages = [
        meituan.ask("product/list", {"method": "page", "currentPage": n, "pageSize": 50})
        for n in (1, 2, 3)
    ]
    assert [(page["totalSize"], len(page["body"])) for page in pages] == [
        (23, 20),
        (23, 3),
        (23, 0),
    ]
    assert [row["partnerDealId"] for page in pages for row in page["body"]] == mine


def test_a_place_is_told_in_millionths_of_a_degree() -> None:
    meituan, product = selling()
    assert meituan.ask("poi/list", {"method": "page"})["body"] == []
    store = product.store
    Place.objects.create(
        store=store, city="杭州", longitude=Decimal("120.153576"), latitude=Decimal("30.287459")
    )
    TicketProductFactory(connection=product.connection, store=store)
    answer = meituan.ask(
        "poi/list", {"method": "multi", "partnerPoiId": [str(store.pk), "x", "9" * 40, "٣"]}
    )
    assert answer["totalSize"] == 1
    assert answer["body"] == [
        {
            "partnerId": int(product.connection.account),
            "partnerPoiId": str(store.pk),
            "name": store.name,
            "city": "杭州",
            "address": store.address,
            "phone": store.phone,
            "locType": 0,
            "longitude": 120_153_576,
            "latitude": 30_287_459,
        }
    ]


def test_a_listing_is_kept_and_what_is_unknown_left_out() -> None:
    meituan, product = selling()
    row = {"partnerDealId": product.deal_id, "status": 1, "checkStatus": 2, "msRatioCheckStatus": 1}
    assert (
        meituan.ask("product/audit", [row, {"partnerDealId": "nobody's", "status": 1}])["code"]
        == 200
    )
    product.refresh_from_db()
    assert (product.listing, product.listing_check) == (1, 2)
    meituan.ask("product/audit", [row | {"status": 77, "checkStatus": "9"}])
    product.refresh_from_db()
    assert (product.listing, product.listing_check) == (1, 2)
    theirs = TicketProductFactory(deal_id=product.deal_id)
    meituan.ask("product/audit", [row | {"status": 3}])
    theirs.refresh_from_db()
    assert theirs.listing is None


def test_the_last_of_many_products_in_one_audit_notice_is_stored_too() -> None:
    meituan, product = selling()
    others = [{"partnerDealId": f"other-{number}", "status": 1} for number in range(300)]
    notice = [*others, {"partnerDealId": product.deal_id, "status": 3}]
    assert meituan.ask("product/audit", notice)["code"] == 200
    product.refresh_from_db()
    assert product.listing == 3


def test_a_product_beyond_the_calendar_is_left_out_and_all_others_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    meituan, first = selling()
    broken, last = (TicketProductFactory(connection=first.connection) for _time in range(2))
    Product.objects.filter(pk=broken.pk).update(valid_until=date.max)
    answer = meituan.ask("product/list", {"method": "page", "currentPage": 1, "pageSize": 20})
    assert (answer["code"], answer["totalSize"]) == (200, 3)
    assert [found["partnerDealId"] for found in answer["body"]] == [first.deal_id, last.deal_id]
    assert f"product {broken.pk} is left out" in caplog.text


@pytest.mark.parametrize("name", ["product", "order", "refund", "place"])
def test_no_list_fails_for_values_that_forms_refuse_today(name: str, admin_client: Client) -> None:
    meituan, fine = selling(refund_review=True)
    broken = TicketProductFactory(connection=fine.connection, refund_review=True)
    for product in (fine, broken):
        meituan.refund(meituan.bought(product), 1)
    huge = 2**31 - 1
    Product.objects.filter(pk=broken.pk).update(
        valid_from=date.min, valid_until=date.max, ahead_minutes=huge, phone_limit_days=huge,
        credential_limit_days=huge, pay_minutes=huge, book_ahead=BookAhead.MINUTES,
    )  # fmt: skip
    Merchant.objects.update(personal_data_days=huge)
    for address in (f"/admin/trip/{name}/", "/admin/", "/admin/stores/merchant/"):
        assert admin_client.get(address).status_code == 200
