"""A developer account of Meituan's takeaway platform, and stores bound below it."""

from typing import Any

import factory

from messaging.choices import PLATFORM, Provider
from messaging.models import TakeawayStore
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
