"""A mini-program with its accounts at couriers, and a store that sends by them."""

from datetime import date
from decimal import Decimal

import factory
from django.utils import timezone

from delivery.choices import PLATFORM, Audit, Moment, Source, WaybillState
from delivery.models import (
    Attempt,
    Bill,
    CourierAccount,
    Decision,
    Delivery,
    DeliveryMoment,
    DeliveryStore,
    Quote,
    ReceiverCase,
    StoreCourier,
    WaybillNews,
)
from tests.stores.factories import ConnectionFactory, StoreFactory


class MiniProgramFactory(ConnectionFactory):
    platform = PLATFORM
    account = factory.Sequence(lambda n: f"wxdemo{n:010}")
    credentials = factory.LazyFunction(lambda: {"secret": "demo-app-secret"})


class CourierAccountFactory(factory.django.DjangoModelFactory[CourierAccount]):
    class Meta:
        model = CourierAccount

    connection = factory.SubFactory(MiniProgramFactory)
    delivery_id = "SS"
    name = "闪送"
    shopid = factory.Sequence(lambda n: f"ss-{n}")
    audit = Audit.PASSED


class DeliveryStoreFactory(factory.django.DjangoModelFactory[DeliveryStore]):
    class Meta:
        model = DeliveryStore

    store = factory.SubFactory(StoreFactory)
    connection = factory.SubFactory(
        MiniProgramFactory, merchant=factory.SelfAttribute("..store.merchant")
    )
    contact = "江南小厨"
    phone = "13800000001"
    city = "杭州市"
    address = "文三路88号"
    detail = "1楼"
    lng = Decimal("120.131441")
    lat = Decimal("30.279383")


class StoreCourierFactory(factory.django.DjangoModelFactory[StoreCourier]):
    class Meta:
        model = StoreCourier

    place = factory.SubFactory(DeliveryStoreFactory)
    account = factory.SubFactory(
        CourierAccountFactory, connection=factory.SelfAttribute("..place.connection")
    )
    secret = "SS-secret"
    shop_no = "S01"


class DeliveryFactory(factory.django.DjangoModelFactory[Delivery]):
    class Meta:
        model = Delivery

    store = factory.SubFactory(StoreFactory)
    slug = factory.Sequence(lambda n: f"slug-{n}")
    openid = "oTESTopenid0001"
    receiver = factory.LazyFunction(
        lambda: {
            "name": "陈女士",
            "phone": "13800000002",
            "city": "杭州市",
            "address": "翠苑一区",
            "detail": "3幢502",
            "lng": "120.125310",
            "lat": "30.287120",
        }
    )
    phone_tail = "0002"
    value = Decimal("46.50")
    weight = Decimal("1.20")
    cargo = factory.LazyFunction(
        lambda: {"first_class": "美食夜宵", "second_class": "零食小吃", "goods": []}
    )
    notice = factory.LazyFunction(
        lambda: {
            "page": "/pages/order/detail?id=1",
            "picture": "https://shop.example/1.png",
            "goods": "片儿川等",
            "count": 2,
        }
    )


class AttemptFactory(factory.django.DjangoModelFactory[Attempt]):
    class Meta:
        model = Attempt

    delivery = factory.SubFactory(DeliveryFactory, state=Delivery.State.RUNNING)
    courier = factory.SubFactory(
        StoreCourierFactory, place__store=factory.SelfAttribute("...delivery.store")
    )
    courier_code = "SS"
    shopid = factory.SelfAttribute("courier.account.shopid")
    shop_order_id = factory.Sequence(lambda n: f"ZG{n}-test")
    state = Attempt.State.LIVE


class QuoteFactory(factory.django.DjangoModelFactory[Quote]):
    class Meta:
        model = Quote

    delivery = factory.SubFactory(DeliveryFactory)
    courier = factory.SubFactory(
        StoreCourierFactory, place__store=factory.SelfAttribute("...delivery.store")
    )
    round = 1
    shop_order_id = factory.Sequence(lambda n: f"ZG{n}-quote")
    fee = Decimal("18.08")


class DecisionFactory(factory.django.DjangoModelFactory[Decision]):
    class Meta:
        model = Decision

    delivery = factory.SubFactory(DeliveryFactory)
    chosen = "SS"


class WaybillNewsFactory(factory.django.DjangoModelFactory[WaybillNews]):
    class Meta:
        model = WaybillNews

    attempt = factory.SubFactory(AttemptFactory)
    code = WaybillState.ACCEPTED
    at = factory.LazyFunction(timezone.now)
    source = Source.PUSH


class DeliveryMomentFactory(factory.django.DjangoModelFactory[DeliveryMoment]):
    class Meta:
        model = DeliveryMoment

    delivery = factory.SubFactory(DeliveryFactory)
    kind = Moment.ACCEPTED
    at = factory.LazyFunction(timezone.now)


class ReceiverCaseFactory(factory.django.DjangoModelFactory[ReceiverCase]):
    class Meta:
        model = ReceiverCase

    delivery = factory.SubFactory(DeliveryFactory, state=Delivery.State.DELIVERED)
    text = "门口没有"


class BillFactory(factory.django.DjangoModelFactory[Bill]):
    """A bill whose columns are chosen already."""

    class Meta:
        model = Bill

    courier = factory.SubFactory(StoreCourierFactory)
    file_name = "bill.csv"
    digest = factory.Sequence(lambda n: f"{n:064}")
    first_day = date(2026, 11, 1)
    last_day = date(2026, 11, 30)
    by = "小王"
    imported_at = factory.LazyFunction(timezone.now)
