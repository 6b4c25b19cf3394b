"""A developer account of Meituan's takeaway platform, stores bound below it, and their orders."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone

from messaging.choices import PLATFORM, OrderState, Provider
from messaging.models import Conversation, Order, Printer, Refund, TakeawayStore
from messaging.wire.orders import Dish
from stores.models import Connection
from tests.stores.factories import ConnectionFactory, StoreFactory

SIGN_KEY = "demoSignKey00001"


class DeveloperFactory(ConnectionFactory):
    """The operator's own account, below which stores of many merchants may be."""

    merchant = None
    platform = PLATFORM
    account = factory.Sequence(lambda n: f"{100_000 + n}")
    credentials = factory.LazyFunction(lambda: {"sign_key": SIGN_KEY})


class TakeawayStoreFactory(factory.django.DjangoModelFactory[TakeawayStore]):
    """A bound store; its name at Meituan is the account of its connection."""

    class Meta:
        model = TakeawayStore
        exclude = ("developer", "e_poi_id")

    developer = factory.SubFactory(DeveloperFactory)
    e_poi_id = factory.Sequence(lambda n: f"shop-{n + 1:03}")
    store = factory.SubFactory(StoreFactory)
    connection = factory.LazyAttribute(lambda row: _connection(row))
    provider = Provider.TAKING
    state = TakeawayStore.State.BOUND
    poi_name = "演示店"


def _connection(row: Any) -> Connection:
    made: Connection = ConnectionFactory(
        merchant=row.store.merchant,
        parent=row.developer,
        platform=PLATFORM,
        account=row.e_poi_id,
        credentials={},
        token=f"token-of-{row.e_poi_id}",
        state=Connection.State.WORKING,
    )
    return made


class OrderFactory(factory.django.DjangoModelFactory[Order]):
    """An order of two dishes that is paid and waits to be accepted; 25.00 yuan for the customer."""

    class Meta:
        model = Order
        exclude = ("binding",)

    binding = factory.SubFactory(TakeawayStoreFactory)
    connection = factory.LazyAttribute(lambda row: row.binding.connection)
    store = factory.LazyAttribute(lambda row: row.binding.store)
    order_id = factory.Sequence(lambda n: f"{27_060_130_000_000_001 + n}")
    day_number = factory.Sequence(lambda n: n + 1)
    state = OrderState.NEW
    paid, received, service_fee = 2500, 2050, 450
    said_at = factory.LazyFunction(timezone.now)
    content = factory.LazyFunction(
        lambda: {
            "dishes": [
                asdict(Dish("云吞面", "大份", "少辣", 1, "份", 1800, 1, 100, 1, "s1")),
                asdict(Dish("冻柠茶", "", "", 1, "杯", 600, 0, 0, 2, "s2")),
            ],
            "discounts": [],
        }
    )
    customer = factory.LazyFunction(
        lambda: {
            "recipient": "林女士",
            "phones": ["13800138000_4321"],
            "address": "花园路 8 号 3 栋 1201",
            "remark": "少辣，到了打 13900139000",
        }
    )


class RefundFactory(factory.django.DjangoModelFactory[Refund]):
    """A refund of a whole order that the shop has to decide."""

    class Meta:
        model = Refund

    order = factory.SubFactory(OrderFactory, state=OrderState.CONFIRMED)
    refund_id = factory.Sequence(lambda n: f"{900_000 + n}")
    reason = "少送了一份"
    decide_until = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=3))


class ConversationFactory(factory.django.DjangoModelFactory[Conversation]):
    """A conversation with a customer about an order, in which nobody waits."""

    class Meta:
        model = Conversation

    order = factory.SubFactory(OrderFactory)
    connection = factory.LazyAttribute(lambda row: row.order.connection)
    store = factory.LazyAttribute(lambda row: row.order.store)
    open_user_id = factory.Sequence(lambda n: f"{880_000_001 + n}")


class PrinterFactory(factory.django.DjangoModelFactory[Printer]):
    """A printer that prints one copy for the kitchen."""

    class Meta:
        model = Printer

    store = factory.SubFactory(StoreFactory)
    name = factory.Sequence(lambda n: f"后厨{n + 1}")
    address = "127.0.0.1:9100"
    kitchen, customer, rider = 1, 0, 0
