"""Four digits at the counter search the store's earlier results; nothing is sent."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from coupons.models import Lookup, Verification
from stores.models import OutboundCall
from stores.roles import Role
from tests.coupons.factories import Shop, VerificationFactory, connected_shop
from tests.pages import english, state_of
from tests.stores.factories import StoreFactory, member


@pytest.fixture
def counter(shop: Shop) -> Client:
    return english(member(shop.merchant, Role.CLERK, shop.store))


def search(client: Client, text: str) -> str:
    answer = client.post("/counter/", {"text": text}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    "text", ["1234", " 1234 ", "１２３４", "尾号1234", "后四位：1234", "尾号是 1234"]
)
def test_four_digits_find_the_stores_results_and_send_nothing(
    counter: Client, shop: Shop, text: str
) -> None:
    at = timezone.localtime() - timedelta(days=2)
    VerificationFactory(
        store=shop.store, product=shop.product, code_tail="1234", created_at=at, settled_at=at
    )
    VerificationFactory(store=shop.store, code_tail="1234", status="refused", reason="expired")
    VerificationFactory(store=shop.store, code_tail="9999")
    card = search(counter, text)
    assert state_of(card) == "found"
    assert "2 results with …1234" in card
    assert "Requested by: 小王" in card
    assert f"{at:%m-%d %H:%M}" in card
    assert shop.product.name in card
    assert "…9999" not in card
    assert "data-unread" not in card
    assert Lookup.objects.count() == OutboundCall.objects.count() == 0


def test_what_was_never_here_is_said(counter: Client, shop: Shop) -> None:
    other = StoreFactory(merchant=shop.merchant)
    VerificationFactory(store=other, code_tail="1234")
    VerificationFactory(store=connected_shop(shop.sandbox).store, code_tail="1234")
    VerificationFactory(
        store=shop.store, code_tail="1234", created_at=timezone.now() - timedelta(days=40)
    )
    card = search(counter, "1234")
    assert "No result with …1234" in card
    assert "nothing was sent" in card
    assert Verification.objects.count() == 3


def test_without_javascript_the_results_stand_on_the_page(counter: Client, shop: Shop) -> None:
    VerificationFactory(store=shop.store, code_tail="1234")
    page = counter.post("/counter/", {"text": "1234"}).content.decode()
    assert "1 result with …1234" in page


def test_three_and_five_digits_are_no_search(counter: Client, shop: Shop) -> None:
    for text in ("123", "12345", "1234a"):
        answer = counter.post("/counter/", {"text": text}, headers={"HX-Request": "true"})
        assert answer.status_code == 422
