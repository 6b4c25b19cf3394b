"""A store that cannot verify stops a guest before it costs quota."""

from typing import Any

import pytest
from django.test import Client

from coupons.models import Lookup, Verification
from stores.models import Connection
from tests.coupons.factories import Shop
from tests.coupons.guest.visiting import (
    arrived,
    confirm,
    enter,
    home,
)


def close_page(shop: Shop) -> None:
    shop.store.guest_page_open = False
    shop.store.save()


def close_store(shop: Shop) -> None:
    shop.store.is_active = False
    shop.store.save()


def close_merchant(shop: Shop) -> None:
    shop.merchant.is_active = False
    shop.merchant.save()


def spend_quota(shop: Shop) -> None:
    shop.gateway.request_count = 0
    shop.gateway.save()


def expire_authorisation(shop: Shop) -> None:
    shop.gateway.authorisation = shop.gateway.Authorisation.EXPIRED
    shop.gateway.save()


def refuse_login(shop: Shop) -> None:
    shop.connection.state = Connection.State.REFUSED
    shop.connection.save()


def disconnect(shop: Shop) -> None:
    shop.gateway.delete()


@pytest.mark.parametrize(
    "trouble",
    [
        close_page,
        close_store,
        close_merchant,
        spend_quota,
        expire_authorisation,
        refuse_login,
        disconnect,
    ],
)
def test_a_store_that_cannot_verify_says_so_before_the_code_is_touched(
    client: Client, shop: Shop, trouble: Any
) -> None:
    trouble(shop)
    page = client.get(home(shop))
    assert page.status_code == 200
    assert 'class="outcome closed"' in page.content.decode()
    assert 'name="code"' not in page.content.decode()
    answer = client.post(home(shop), {"code": "700000000001"})
    assert answer.status_code == 409
    assert (Lookup.objects.count(), arrived(shop)) == (0, [])


def test_a_page_closed_between_the_steps_spends_nothing(client: Client, shop: Shop) -> None:
    page = enter(client, shop, shop.code())
    close_page(shop)
    assert confirm(client, page).status_code == 409
    assert Verification.objects.count() == 0
