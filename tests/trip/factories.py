"""Ticket products with their offers, and a connection to Meituan's ticket interfaces."""

from decimal import Decimal
from typing import Any

import factory

from tests.stores.factories import ConnectionFactory, StoreFactory
from trip.choices import PLATFORM
from trip.models import Offer, Product

CREDENTIALS = {"client_id": "zhanggui-test", "client_secret": "0123456789abcdef0123456789abcdef"}


class TicketConnectionFactory(ConnectionFactory):
    """A partner of Meituan's ticket interfaces."""

    platform = PLATFORM
    account = factory.Sequence(lambda n: f"{10_000 + n}")
    credentials = factory.LazyFunction(lambda: dict(CREDENTIALS))


class TicketProductFactory(factory.django.DjangoModelFactory[Product]):
    """A ticket for any day with one code each, our own codes, refunded at once; its price and stock
    are an offer.
    """

    class Meta:
        model = Product
        skip_postgeneration_save = True

    connection = factory.SubFactory(TicketConnectionFactory)
    store = factory.LazyAttribute(lambda row: StoreFactory(merchant=row.connection.merchant))
    deal_id = factory.Sequence(lambda n: f"ZG-{n + 1}")
    title = "景区成人票"

    @factory.post_generation
    def offer(self: Any, create: bool, extracted: Any, **fields: Any) -> None:
        """Creates the offer; `offer__stock=…` and similar arguments change it; `offer=False` leaves
        it out.
        """
        if create and extracted is not False:
            OfferFactory(product=self, **fields)


class OfferFactory(factory.django.DjangoModelFactory[Offer]):
    class Meta:
        model = Offer

    product = factory.SubFactory(TicketProductFactory, offer=False)
    market_price = Decimal("120.00")
    sale_price = Decimal("95.00")
    settlement_price = Decimal("80.00")
