"""Meituan as a load: prepared, signed requests for one connection's order interfaces."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from stores.models import Connection
from tests.bench import load
from tests.stores.factories import StoreFactory
from tests.trip.factories import TicketConnectionFactory, TicketProductFactory
from trip.models import Product
from trip.sandbox.signing import Manner, headers

PRICE, COST = "95.00", "80.00"


@dataclass
class Buyer:
    """Buys the products of one partner in wait_for_slot.

    The signature covers path and Date, not the body, so that one lasts for ten minutes.
    """

    connection: Connection
    products: Sequence[Product]
    _signed: dict[str, dict[str, str]] = field(default_factory=dict)

    def _post(self, interface: str, body: dict[str, Any]) -> bytes:
        path = f"/trip/{self.connection.pk}/{interface}"
        content = json.dumps({"partnerId": int(self.connection.account), "body": body}).encode()
        return load.http("POST", path, headers=self._headers(path), body=content)

    def _headers(self, path: str) -> dict[str, str]:
        if path not in self._signed:
            known = self.connection.credentials
            account = self.connection.account
            self._signed[path] = headers(
                account, known["client_id"], known["client_secret"], path, Manner()
            )
        return self._signed[path]

    def sign_again(self) -> None:
        """Forgets signatures that are growing old."""
        self._signed.clear()

    def order_body(self, number: int) -> dict[str, Any]:
        """The order of that number: one ticket."""
        return {
            "orderId": number,
            "partnerDealId": self.products[number % len(self.products)].deal_id,
            "mtDealId": 555,
            "buyPrice": COST,
            "unitPrice": PRICE,
            "totalPrice": PRICE,
            "quantity": 1,
            "visitors": [],
            "travelDate": "",
        }

    def create(self, number: int) -> bytes:
        return self._post("order/create", self.order_body(number))

    def pay(self, number: int) -> bytes:
        return self._post("order/pay", {"orderId": number, "partnerOrderId": ""})

    def query(self, number: int) -> bytes:
        return self._post("order/query", {"orderId": number, "partnerOrderId": ""})


def buyer(*, products: int = 1, stock: int | None = None) -> Buyer:
    """A partner with products for any day: our own codes, no visitors to name."""
    connection = TicketConnectionFactory()
    store = StoreFactory(merchant=connection.merchant)
    prices = {"offer__stock": stock, "offer__sale_price": PRICE, "offer__settlement_price": COST}
    made = [
        TicketProductFactory(connection=connection, store=store, **prices) for _ in range(products)
    ]
    return Buyer(connection, made)
