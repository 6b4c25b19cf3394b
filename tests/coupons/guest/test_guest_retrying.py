"""What an outage refused to a guest is tried again by one press on the guest's own page, and by
nobody else.
"""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from coupons.models import Verification
from coupons.reasons import TEXTS, Reason
from coupons.services.transitions import refuse
from stores.models import OutboundCall
from stores.platforms import pace
from tests.coupons.factories import Shop, connected_shop
from tests.coupons.guest.visiting import arrived, confirm, enter, free_the_slot, home

BUTTON = "再试一次"


def after_an_outage(client: Client, shop: Shop, reason: str = Reason.PLATFORM_DOWN) -> str:
    """Returns the address of a guest's result that an outage refused."""
    page = enter(client, shop, shop.code())
    pace.postpone(shop.connection.pace_id, 600)
    address: str = confirm(client, page).request["PATH_INFO"]
    refuse(Verification.objects.get(), reason)
    OutboundCall.objects.all().delete()
    free_the_slot(shop)
    return address


def press(client: Client, address: str) -> Any:
    key = re.search(r'name="request_key" value="(\w+)"', client.get(address).content.decode())
    return client.post(address, {"request_key": key[1] if key else "a" * 32}, follow=True)


@pytest.mark.parametrize("reason", [Reason.PLATFORM_DOWN, Reason.THROTTLED])
def test_after_an_outage_a_guest_tries_the_same_coupon_again(
    client: Client, shop: Shop, reason: str
) -> None:
    address = after_an_outage(client, shop, reason)
    page = client.get(address).content.decode()
    assert BUTTON in page
    assert shop.codes[0] not in page
    assert 'class="outcome verified"' in press(client, address).content.decode()
    assert arrived(shop).count("verify") == 1


def test_pressing_twice_sends_once(client: Client, shop: Shop) -> None:
    address = after_an_outage(client, shop)
    pages = [press(client, address).content.decode() for _ in range(2)]
    assert all('class="outcome verified"' in page for page in pages)
    assert arrived(shop).count("verify") == 1


def test_who_was_only_given_the_address_cannot(client: Client, shop: Shop) -> None:
    address, other = after_an_outage(client, shop), Client()
    assert BUTTON not in other.get(address).content.decode()
    assert str(TEXTS[Reason.PLATFORM_DOWN].guest) in press(other, address).content.decode()
    assert "verify" not in arrived(shop)


def test_a_code_of_another_store_is_not_sent_here(client: Client, shop: Shop) -> None:
    token = after_an_outage(client, shop).removeprefix(home(shop))
    other = connected_shop(shop.sandbox)
    assert client.post(home(other) + token).status_code == 404
    assert "verify" not in arrived(shop)


def test_other_refusals_and_old_ones_have_no_button(client: Client, shop: Shop) -> None:
    address = after_an_outage(client, shop)
    Verification.objects.update(settled_at=timezone.now() - timedelta(hours=25))
    assert BUTTON not in client.get(address).content.decode()
    press(client, address)
    Verification.objects.update(settled_at=timezone.now(), reason=Reason.EXPIRED)
    assert BUTTON not in client.get(address).content.decode()
    press(client, address)
    assert "verify" not in arrived(shop)


def test_a_page_that_is_closed_meanwhile_sends_nothing(client: Client, shop: Shop) -> None:
    address = after_an_outage(client, shop)
    shop.store.guest_page_open = False
    shop.store.save()
    assert press(client, address).status_code == 409
    assert "verify" not in arrived(shop)
