"""Merchants, stores, their people, connections and API keys."""

from typing import Any

import factory
from django.contrib.auth.models import User

from coupons.choices import PLATFORM
from stores.models import ApiKey, Connection, Merchant, Staff, Store
from stores.roles import Role

PASSWORD = "correct-horse-battery"


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
    platform = PLATFORM
    account = factory.Sequence(lambda n: f"shop{n}@example.com")
    credentials = factory.LazyFunction(lambda: {"password": "sandbox-password"})
    proved_account = factory.SelfAttribute("account")


def member(merchant: Merchant, role: Role, *stores: Store, **fields: Any) -> User:
    """A user with one role at one merchant."""
    user = UserFactory(**fields)
    staff = Staff.objects.create(user=user, merchant=merchant, role=role)
    staff.stores.set(stores)
    return user


def api_key(
    merchant: Merchant, *stores: Store, scopes: tuple[str, ...] = tuple(ApiKey.all_scopes())
) -> tuple[ApiKey, str]:
    """A key and its secret."""
    key = ApiKey(
        merchant=merchant, name="收银系统", scopes=list(scopes), limited_to_stores=bool(stores)
    )
    secret = key.renew_secret()
    key.save()
    key.stores.set(stores)
    return key, secret
