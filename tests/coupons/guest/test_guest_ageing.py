"""The guest's result ages: a moving clock, the minutes since, grey after five of them."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from coupons.models import Verification
from tests.coupons.factories import Shop
from tests.coupons.guest.visiting import confirm, enter


@pytest.mark.parametrize(
    ("passed", "words", "is_old"),
    [
        (timedelta(0), "Verified just now", False),
        (timedelta(seconds=130), "Verified 2 min ago", False),
        (timedelta(minutes=12), "Verified 12 min ago", True),
        (timedelta(hours=3, minutes=5), "Verified 3 h ago", True),
    ],
)
def test_the_result_says_how_old_it_is(
    client: Client, shop: Shop, passed: timedelta, words: str, is_old: bool
) -> None:
    client.cookies["django_language"] = "en"
    page = confirm(client, enter(client, shop, shop.code()))
    settled = Verification.objects.get().settled_at
    assert settled
    with time_machine.travel(settled + passed, tick=False):
        text = client.get(page.request["PATH_INFO"]).content.decode()
        clock = f"{timezone.localtime():%H:%M:%S}"
    assert f'<p class="outcome-age">{words}</p>' in text
    assert ('class="outcome verified old"' in text) == is_old
    assert clock in text
    assert 'http-equiv="refresh" content="30"' in text


def test_on_another_phone_the_address_of_the_result_is_only_a_record(
    client: Client, shop: Shop
) -> None:
    page = confirm(client, enter(client, shop, shop.code()))
    assert 'class="outcome verified"' in page.content.decode()
    other = Client().get(page.request["PATH_INFO"]).content.decode()
    assert 'class="outcome verified old"' in other
    # The script, which counts on, does not make it green again.
    assert 'data-green="0"' in other


def test_entering_a_number_again_later_shows_an_old_result(client: Client, shop: Shop) -> None:
    code = shop.code()
    confirm(client, enter(client, shop, code))
    Verification.objects.update(settled_at=timezone.now() - timedelta(minutes=12))
    assert 'class="outcome verified old"' in enter(client, shop, code).content.decode()
