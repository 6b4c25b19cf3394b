"""Rows for tests, and merchants that are connected to the sandbox."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import factory
from django.contrib.auth.models import User
from django.utils import timezone

from coupons.choices import Authorisation
from coupons.models import GatewayStore, Product, Verification
from coupons.sandbox import UmemberSandbox
from stores.models import ApiKey, Connection, Merchant, Staff, Store
from stores.sandbox import SandboxServer
from stores.tenancy import Role
from trip.models import Offer
from trip.models import Product as TicketProduct

PASSWORD = "correct-horse-battery"
TRIP_CREDENTIALS = {
    "client_id": "zhanggui-test",
    "client_secret": "0123456789abcdef0123456789abcdef",
}


class MerchantFactory(factory.django.DjangoModelFactory[Merchant]):
    class Meta:
        model = Merchant

    name = factory.Sequence(lambda n: f"商家{n}")


class StoreFactory(factory.django.DjangoModelFactory[Store]):
    class Meta:
        model = Store

    merchant = factory.SubFactory(MerchantFactory)
    name = factory.Sequence(lambda n: f"雀友棋牌室{n}号店")
    trade = Store.Trade.CHESS


class UserFactory(factory.django.DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    password = factory.django.Password(PASSWORD)
    is_staff = True


class ConnectionFactory(factory.django.DjangoModelFactory[Connection]):
    class Meta:
        model = Connection

    merchant = factory.SubFactory(MerchantFactory)
    platform = Connection.Platform.UMEMBER
    account = factory.Sequence(lambda n: f"shop{n}@example.com")
    credentials = factory.LazyFunction(lambda: {"password": "sandbox-password"})

    class Params:
        # A partner of Meituan's ticket interfaces.
        trip = factory.Trait(
            platform=Connection.Platform.TRIP,
            account=factory.Sequence(lambda n: f"{10_000 + n}"),
            credentials=factory.LazyFunction(lambda: dict(TRIP_CREDENTIALS)),
        )


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


class TicketProductFactory(factory.django.DjangoModelFactory[TicketProduct]):
    """A ticket for any day, one code each, our own codes, refundable at once; its price and stock are an offer."""

    class Meta:
        model = TicketProduct
        skip_postgeneration_save = True

    connection = factory.SubFactory(ConnectionFactory, trip=True)
    store = factory.LazyAttribute(lambda row: StoreFactory(merchant=row.connection.merchant))
    deal_id = factory.Sequence(lambda n: f"ZG-{n + 1}")
    title = "景区成人票"

    @factory.post_generation
    def offer(self: Any, create: bool, extracted: Any, **fields: Any) -> None:
        """`offer__stock=…` and the like change it; `offer=False` leaves it out."""
        if create and extracted is not False:
            OfferFactory(product=self, **fields)


class OfferFactory(factory.django.DjangoModelFactory[Offer]):
    class Meta:
        model = Offer

    product = factory.SubFactory(TicketProductFactory, offer=False)
    market_price = Decimal("120.00")
    sale_price = Decimal("95.00")
    settlement_price = Decimal("80.00")


def member(merchant: Merchant, role: Role, *stores: Store, **fields: Any) -> User:
    """A user with one role at one merchant."""
    user = UserFactory(**fields)
    staff = Staff.objects.create(user=user, merchant=merchant, role=role)
    staff.stores.set(stores)
    return user


def api_key(
    merchant: Merchant, *stores: Store, scopes: tuple[str, ...] = tuple(ApiKey.Scope.values)
) -> tuple[ApiKey, str]:
    """A key and its secret."""
    key = ApiKey(
        merchant=merchant, name="收银系统", scopes=list(scopes), limited_to_stores=bool(stores)
    )
    secret = key.renew_secret()
    key.save()
    key.stores.set(stores)
    return key, secret


@dataclass
class Shop:
    """A merchant, its store and what the sandbox knows of them."""

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
        """A new code of this store at the sandbox."""
        code = f"{7000_0000_0000 + self.store.pk * 10_000_000 + len(self.codes)}"
        self.codes.append(code)
        seed(self, codes=[{"code": code, "sku_id": self.product.sku_id, "state": state} | fields])
        return code


def seed(shop: Shop, *, codes: list[dict[str, Any]], **store: Any) -> None:
    """Tells the sandbox about the shop's account, store and codes."""
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
