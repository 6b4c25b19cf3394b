"""Coupon stores, products and verifications, and a merchant that is connected to the sandbox."""

from dataclasses import dataclass, field
from typing import Any

import factory
from django.utils import timezone

from coupons.choices import Authorisation
from coupons.models import GatewayStore, Product, Verification
from coupons.sandbox import UmemberSandbox
from stores.models import Connection, Merchant, Store
from stores.sandbox import SandboxServer
from tests.stores.factories import ConnectionFactory, StoreFactory


class GatewayStoreFactory(factory.django.DjangoModelFactory[GatewayStore]):
    class Meta:
        model = GatewayStore

    store = factory.SubFactory(StoreFactory)
    connection = factory.LazyAttribute(lambda row: ConnectionFactory(merchant=row.store.merchant))
    remote_id = factory.Sequence(lambda n: 880000 + n)
    remote_name = factory.LazyAttribute(lambda row: row.store.name)
    authorisation = Authorisation.AUTHORISED
    request_count = 9983
    synced_at = factory.LazyFunction(timezone.now)


class ProductFactory(factory.django.DjangoModelFactory[Product]):
    class Meta:
        model = Product

    store = factory.SubFactory(StoreFactory)
    sku_id = factory.Sequence(lambda n: f"12069412{n:02d}")
    name = "【开业特惠】通用通宵8小时"
    price = "49.00"
    list_price = "78.00"


class VerificationFactory(factory.django.DjangoModelFactory[Verification]):
    class Meta:
        model = Verification

    store = factory.SubFactory(StoreFactory)
    code_hash = factory.Sequence(lambda n: f"{n:064d}")
    code_tail = factory.Sequence(lambda n: f"{n % 10000:04d}")
    status = Verification.Status.VERIFIED
    channel = "counter"
    requested_by = "小王"
    settled_at = factory.LazyFunction(timezone.now)


@dataclass
class Shop:
    """A merchant, its store and their data in the sandbox."""

    merchant: Merchant
    store: Store
    connection: Connection
    gateway: GatewayStore
    product: Product
    sandbox: SandboxServer
    codes: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.sandbox.url}/umember"

    def code(self, state: str = "unused", **fields: Any) -> str:
        """Returns a new code of this store at the sandbox."""
        code = f"{7000_0000_0000 + self.store.pk * 10_000_000 + len(self.codes)}"
        self.codes.append(code)
        seed(self, codes=[{"code": code, "sku_id": self.product.sku_id, "state": state} | fields])
        return code


def seed(shop: Shop, *, codes: list[dict[str, Any]], **store: Any) -> None:
    """Registers the shop's account, store and codes at the sandbox."""
    gateway = shop.sandbox.platform("umember")
    assert isinstance(gateway, UmemberSandbox)
    gateway.seed(
        {
            "accounts": [
                {
                    "email": shop.connection.account,
                    "password": shop.connection.credentials["password"],
                    "stores": [
                        {
                            "store_id": shop.gateway.remote_id,
                            "store_name": shop.gateway.remote_name,
                            "products": [
                                {"sku_id": shop.product.sku_id, "product_name": shop.product.name}
                            ],
                            "codes": codes,
                        }
                        | store
                    ],
                }
            ]
        }
    )


def connected_shop(sandbox: SandboxServer, **fields: Any) -> Shop:
    store = StoreFactory(**fields)
    connection = ConnectionFactory(merchant=store.merchant, base_url=f"{sandbox.url}/umember")
    gateway = GatewayStoreFactory(store=store, connection=connection)
    shop = Shop(store.merchant, store, connection, gateway, ProductFactory(store=store), sandbox)
    seed(shop, codes=[])
    return shop
