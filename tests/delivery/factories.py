"""A mini-program with its accounts at couriers, and a store that sends by them."""

from decimal import Decimal

import factory

from delivery.choices import PLATFORM, Audit
from delivery.models import CourierAccount, DeliveryStore, StoreCourier
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
