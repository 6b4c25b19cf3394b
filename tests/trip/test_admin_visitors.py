"""Visitors' phones and certificates: masked, shown whole once for a click that is noted."""

import pytest
from django.test import Client

from stores.models import AuditEntry
from stores.roles import Role
from tests.meituan import VISITOR, Meituan, selling
from tests.pages import english
from tests.stores.factories import UserFactory
from tests.trip.back_office import at_work, page
from trip.choices import VisitorInfo
from trip.models import Order, Product

pytestmark = pytest.mark.django_db
WHOLE = ("王小明", "13800001234", "110101199001010000")


def shown(client: Client, order: Order) -> str:
    answer = client.get(page(order))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def named() -> Order:
    """An order with one visitor."""
    meituan, product = selling(visitor_info=VisitorInfo.EACH, credential_types=[0])
    return meituan.bought(product, visitors=[VISITOR])


def test_personal_data_is_masked_for_all_and_names_by_role(named: Order) -> None:
    roles = (Role.CLERK, Role.MANAGER, Role.OWNER)
    pages = {role: shown(at_work(named.store, role), named) for role in roles}
    seen = {role: [word in page for word in WHOLE] for role, page in pages.items()}
    assert seen == {
        Role.CLERK: [False, False, False],
        Role.MANAGER: [True, False, False],
        Role.OWNER: [True, False, False],
    }
    assert ("王**" in pages[Role.CLERK], "138****1234" in pages[Role.OWNER]) == (True, True)


def test_whole_numbers_are_shown_once_for_a_click_that_is_noted(named: Order) -> None:
    owner = at_work(named.store, Role.OWNER)
    answered = owner.post(page(named, "do", "show_visitors"), follow=True).content.decode()
    assert [word in answered for word in WHOLE] == [True, True, True]
    assert "13800001234" not in shown(owner, named)
    entry = AuditEntry.objects.get(verb="trip.visitors.shown")
    assert (entry.target, entry.store, entry.user is None) == (
        str(named.order_id),
        named.store,
        False,
    )
    assert [word in str(entry.data) for word in WHOLE] == [False] * 3


def test_a_click_for_one_order_shows_no_other(named: Order) -> None:
    meituan, product = selling(visitor_info=VisitorInfo.EACH, credential_types=[0])
    other = meituan.bought(product, visitors=[VISITOR])
    owner = english(UserFactory(is_superuser=True))
    owner.post(page(named, "do", "show_visitors"))
    assert "13800001234" not in shown(owner, other)
    assert "13800001234" not in shown(owner, named)


def test_clerks_cannot_ask_for_whole_numbers(named: Order) -> None:
    clerk = at_work(named.store, Role.CLERK)
    assert clerk.post(page(named, "do", "show_visitors")).status_code == 403
    assert "13800001234" not in shown(clerk, named)
    assert not AuditEntry.objects.filter(verb="trip.visitors.shown").exists()


def test_an_order_without_visitors_offers_no_click(sold: tuple[Meituan, Product]) -> None:
    order = sold[0].bought(sold[1])
    assert "show_visitors" not in shown(at_work(order.store, Role.OWNER), order)


def test_an_operator_who_views_as_the_owner_sees_names_masked(named: Order) -> None:
    operator = english(UserFactory(is_superuser=True))
    # Asked for before the view, and not looked at yet.
    operator.post(page(named, "do", "show_visitors"))
    merchant = named.store.merchant_id
    operator.post(f"/admin/stores/merchant/{merchant}/do/view_as_owner/")
    seen = shown(operator, named)
    assert [word in seen for word in WHOLE] == [False, False, False]
    assert "138****1234" in seen
    assert operator.post(page(named, "do", "show_visitors")).status_code == 403
