"""An order in WeChat's words (docs/platforms/wechat_delivery.md §2.3): shape, lengths and limits.

What needs the store or the clock is checked by services/creating.py.
"""

from decimal import Decimal

from django.utils.translation import gettext_lazy

from delivery.api.fields import (
    Line,
    Number,
    Only,
    Part,
    Phone,
    UnixSeconds,
    Whole,
    ZeroOrOne,
)
from delivery.wire.orders import LARGEST_SIZE, LONGEST_PHONE, STORE_TO_RECEIVER
from stores.api.serializers import Body, TrueOrFalse
from stores.api.times import Moment

LEAST = Decimal("0.01")
MOST_VALUE, MOST_WEIGHT = Decimal(5000), Decimal(50)
MOST_COUNT = 9999
LONGEST_SERVICE = 20
KIND = gettext_lazy(
    "One of WeChat's kinds of goods, in Chinese; a wrong one is told the right ones"
)


class DeliveryReceiver(Part):
    name = Line(256)
    phone = Phone(
        LONGEST_PHONE,
        help_text=gettext_lazy("It may be virtual and have an extension: 13800138000-1234"),
    )
    city = Line(64, help_text=gettext_lazy("In Chinese, as the store's own"))
    address = Line(256)
    address_detail = Line(256)
    lng = Number(least=Decimal(-180), most=Decimal(180), places="0.000001")
    lat = Number(least=Decimal(-180), most=Decimal(180), places="0.000001")
    coordinate_type = ZeroOrOne(
        help_text=gettext_lazy("0: `GCJ-02` (Tencent, Amap); 1: `BD-09` (Baidu), is converted")
    )


class DeliveryGood(Part):
    good_count = Whole(min_value=1, max_value=MOST_COUNT)
    good_name = Line(200)
    good_price = Number(least=Decimal(0), most=Decimal(99_999), required=False)
    good_unit = Line(20, required=False)


class DeliveryGoods(Part):
    goods = DeliveryGood(many=True, required=False)


def _centimetres(name: str) -> Number:
    help_text = gettext_lazy("centimetres")
    return Number(least=LEAST, most=LARGEST_SIZE[name], required=False, help_text=help_text)


class DeliveryCargo(Part):
    goods_value = Number(least=LEAST, most=MOST_VALUE, help_text=gettext_lazy("yuan"))
    goods_weight = Number(least=LEAST, most=MOST_WEIGHT, help_text=gettext_lazy("kilograms"))
    goods_height = _centimetres("goods_height")
    goods_length = _centimetres("goods_length")
    goods_width = _centimetres("goods_width")
    cargo_first_class = Line(20, help_text=KIND)
    cargo_second_class = Line(20, help_text=KIND)
    goods_detail = DeliveryGoods(required=False)
    goods_pickup_info = Line(100, required=False)
    goods_delivery_info = Line(100, required=False)


class DeliveryWishes(Part):
    delivery_service_code = Line(
        LONGEST_SERVICE,
        required=False,
        help_text=gettext_lazy("Goes to the courier that knows it; others get their store's own"),
    )
    order_type = ZeroOrOne(help_text=gettext_lazy("0: at once, 1: booked, with one of the times"))
    expected_delivery_time = UnixSeconds()
    expected_finish_time = UnixSeconds()
    expected_pick_time = UnixSeconds()
    order_time = UnixSeconds(help_text=gettext_lazy("Not kept: it is when you sent this"))
    poi_seq = Line(32, required=False, help_text=gettext_lazy("The number that the rider asks for"))
    note = Line(200, required=False)
    is_insured = ZeroOrOne()
    declared_value = Number(
        least=Decimal(0),
        most=Decimal(999_999),
        required=False,
        help_text=gettext_lazy("For how much it is insured; without it, for its value"),
    )
    is_direct_delivery = ZeroOrOne()
    is_finish_code_needed = ZeroOrOne()
    is_pickup_code_needed = ZeroOrOne()
    rider_pick_method = Only(
        STORE_TO_RECEIVER,
        gettext_lazy("Riders fetch at the store here: give 1, or leave it out."),
        help_text=gettext_lazy("1: from the store to the receiver"),
    )
    tips = Only(0, gettext_lazy("Raise the tip once a rider is called."))
    cash_on_delivery = Only(0, gettext_lazy("Riders collect no money here."))
    cash_on_pickup = Only(0, gettext_lazy("Riders collect no money here."))


class DeliveryNotice(Part):
    wxa_path = Line(256, help_text=gettext_lazy("The page that the receiver's notice opens"))
    img_url = Line(1000, help_text=gettext_lazy("The address of a picture"))
    goods_name = Line(200)
    goods_count = Whole(min_value=1, max_value=MOST_COUNT)


class OrderBody(Body):
    reference = Line(
        64,
        required=False,
        help_text=gettext_lazy("Your number of the order. The same order again changes nothing."),
    )
    openid = Line(64, help_text=gettext_lazy("The receiver's, of your mini-program"))
    receiver = DeliveryReceiver()
    cargo = DeliveryCargo()
    order_info = DeliveryWishes(required=False)
    shop = DeliveryNotice()
    arrive_by = Moment(
        required=False,
        allow_null=True,
        help_text=gettext_lazy(
            "When the goods are to arrive, at the latest: couriers are called in time for it, and"
            " not before. Another thing than an `expected_…` time, which is booked at the courier"
        ),
    )
    ready = TrueOrFalse(
        default=True,
        help_text=gettext_lazy("Whether a rider may come at once; else ask for `ready/` later."),
    )
