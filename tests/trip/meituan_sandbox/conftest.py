"""A simulated Meituan on real sockets, and a supplier that gives the answers of the test."""

from collections.abc import Iterator

import pytest

from stores.sandbox import SandboxServer
from tests.trip.meituan_sandbox.talking import PAID, post
from tests.trip.suppliers import CLIENT_ID, PARTNER_ID, SECRET, Supplier, success


@pytest.fixture
def supplier(server: SandboxServer) -> Iterator[Supplier]:
    """A supplier that is registered with Meituan, creates every order as S1 and issues A1 and
    A2.
    """
    with Supplier() as supplier:
        supplier.answers["create"] = lambda body: success({"partnerOrderId": "S1"})
        supplier.answers["pay"] = lambda body: success(
            {"orderId": body["orderId"], "partnerOrderId": "S1", **PAID}
        )
        partner = {"partner_id": PARTNER_ID, "client_id": CLIENT_ID, "client_secret": SECRET}
        post(server, "partners", {**partner, "endpoints": supplier.endpoints})
        yield supplier
