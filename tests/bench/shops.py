"""Merchants, stores and codes: in our database and at the sandbox."""

from collections.abc import Sequence
from dataclasses import dataclass

from coupons.models import GatewayStore
from coupons.services import connection_test
from stores.models import Connection, Merchant, Store
from stores.platforms.workers import queue
from tests.bench.gateway import Sandbox
from tests.bench.processes import Broken
from tests.coupons.factories import GatewayStoreFactory, ProductFactory
from tests.stores.factories import ConnectionFactory, MerchantFactory, StoreFactory

QUOTA = 1_000_000


@dataclass(frozen=True)
class Shop:
    store: Store
    connection: Connection
    gateway: GatewayStore
    sku_id: str

    @property
    def account(self) -> str:
        return self.connection.account


def open_shop(sandbox: Sandbox, merchant: Merchant | None = None) -> Shop:
    """A store with an account of its own, logged in, so that no login disturbs what is measured."""
    store = StoreFactory(merchant=merchant or MerchantFactory())
    connection = ConnectionFactory(merchant=store.merchant, base_url=sandbox.umember)
    gateway = GatewayStoreFactory(store=store, connection=connection, request_count=QUOTA)
    shop = Shop(store, connection, gateway, ProductFactory(store=store).sku_id)
    issue_codes(sandbox, [shop], [[]])
    if problem := connection_test(connection=connection, actor=None):
        raise Broken(f"no login at the sandbox: {problem}")
    return shop


def issue_codes(sandbox: Sandbox, shops: Sequence[Shop], codes: Sequence[Sequence[str]]) -> None:
    """Makes the sandbox know unused coupons, one list of codes per shop."""
    sandbox.seed([_account(shop, own) for shop, own in zip(shops, codes, strict=True)])


def _account(shop: Shop, codes: Sequence[str]) -> dict[str, object]:
    store = {
        "store_id": shop.gateway.remote_id,
        "store_name": shop.gateway.remote_name,
        "request_count": QUOTA,
        "products": [{"sku_id": shop.sku_id, "product_name": "通宵8小时", "actual_amount": "49.0"}],
        "codes": [{"code": code, "sku_id": shop.sku_id} for code in codes],
    }
    return {
        "email": shop.account,
        "password": shop.connection.credentials["password"],
        "stores": [store],
    }


def code_of(shop: Shop, number: int) -> str:
    """Twelve digits; the last four tell up to 10,000 codes of a shop apart."""
    return f"{7000 + shop.store.pk % 1000}{number:08d}"


def ring_workers(times: int, *, task: str = queue.BEAT) -> None:
    """Wakes workers; by default only to show that they are there."""
    for _ in range(times):
        queue.wake_worker(task, 0)
