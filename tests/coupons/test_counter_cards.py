"""What staff read on the counter's cards of coupons."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from coupons.counter import CouponKind
from coupons.models import Channel, Verification
from stores.roles import Role
from tests.coupons.factories import Shop, VerificationFactory
from tests.coupons.flows import ask_for
from tests.stores.factories import member


@pytest.fixture
def clerk(shop: Shop) -> User:
    return member(shop.merchant, Role.CLERK, shop.store)


def queries_for(shop: Shop, user: User) -> int:
    with CaptureQueriesContext(connection) as queries:
        cards = CouponKind().recent(user=user, store=shop.store, limit=10)
    assert [card.place.position for card in cards if card.place] == list(range(len(cards), 0, -1))
    assert not any('"coupons_verification"."code",' in query["sql"] for query in queries)
    return len(queries)


def test_many_waiting_cards_take_as_many_queries_as_one(shop: Shop, clerk: User) -> None:
    ask_for(shop, shop.code(), channel=Channel.COUNTER)
    queries_for(shop, clerk)
    one = queries_for(shop, clerk)
    for _ in range(5):
        ask_for(shop, shop.code(), channel=Channel.COUNTER)
    assert queries_for(shop, clerk) == one


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (Role.CLERK, "Call the manager or the owner"),
        (Role.MANAGER, "settle it in the list of verifications"),
    ],
)
def test_an_unclear_card_sends_each_to_what_they_may_do(
    shop: Shop, in_english: None, role: Role, words: str
) -> None:
    row = VerificationFactory(
        store=shop.store, status=Verification.Status.UNKNOWN, needs_person=True
    )
    card = CouponKind().result(user=member(shop.merchant, role, shop.store), key=str(row.pk))
    assert card is not None
    assert words in str(card.next_step)
