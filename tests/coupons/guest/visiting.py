"""A guest's steps on the pages of a store."""

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from coupons.models import Verification
from stores.models import Pace
from tests.coupons.factories import Shop

Status = Verification.Status


def home(shop: Shop) -> str:
    return reverse("coupons:guest", args=[shop.store.guest_slug])


def enter(client: Client, shop: Shop, code: str, **fields: Any) -> Any:
    """Posts the number and follows the redirects."""
    return client.post(home(shop), {"code": code} | fields, follow=True)


def confirm(client: Client, page: Any, **fields: Any) -> Any:
    key = re.search(r'name="request_key" value="(\w+)"', page.content.decode())
    assert key, page.content.decode()
    return client.post(page.request["PATH_INFO"], {"request_key": key[1]} | fields, follow=True)


def free_the_slot(shop: Shop) -> None:
    Pace.objects.filter(pk=shop.connection.pace_id).update(next_at=0)


def arrived(shop: Shop) -> list[str]:
    return [arrival.operation for arrival in shop.sandbox.arrivals.all()]
