"""Where those who handle takeaway orders find them in the menu."""

import pytest
from django.contrib.auth.models import User
from django.test import RequestFactory

from messaging.models import TakeawayStore
from stores.backoffice.menu import ORDERS, bar, menu, navigation, tabs
from stores.models import Store
from stores.roles import Role
from tests.messaging.contract.rows import conversation_of
from tests.pages import english
from tests.stores.factories import StoreFactory, UserFactory, member

pytestmark = pytest.mark.django_db
DESK = "/takeaway/desk/"


def seen_by(user: User, path: str = "/admin/") -> tuple[str, str, list[str]]:
    """Where the entry of orders leads in the side menu and in a phone's bar, and its pages."""
    request = RequestFactory().get(path)
    request.user = user
    [side] = [
        line["link"]
        for group in navigation(request)
        for line in group["items"]
        if line["title"] == ORDERS.title
    ]
    [thumb] = [line["link"] for line in bar(request) if line["title"] == ORDERS.title]
    [entry] = [shown for shown in menu(request) if shown.entry is ORDERS]
    return side, thumb, [tab.link for tab in entry.tabs]


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER, Role.CLERK])
def test_orders_open_the_desk_of_those_who_have_takeaway(
    binding: TakeawayStore, store: Store, role: Role
) -> None:
    side, thumb, pages = seen_by(member(store.merchant, role, store))
    assert (side, thumb) == (DESK, DESK)
    assert pages[:2] == [DESK, "/takeaway/chat/"]
    assert "/admin/trip/order/?created_at_day=today" in pages


def test_orders_open_a_list_for_all_others(binding: TakeawayStore) -> None:
    elsewhere = StoreFactory()
    for user in (member(elsewhere.merchant, Role.OWNER), UserFactory(is_superuser=True)):
        side, thumb, pages = seen_by(user)
        assert side == thumb == pages[0] == "/admin/trip/order/?created_at_day=today"
        assert DESK not in pages


def test_the_desk_is_the_first_tab_of_the_lists_and_leads_back_to_them(
    binding: TakeawayStore, store: Store
) -> None:
    clerk = member(store.merchant, Role.CLERK, store)
    request = RequestFactory().get("/admin/messaging/order/")
    request.user = clerk
    assert [each["items"][0]["link"] for each in tabs(request)][:1] == [DESK]
    page = english(clerk).get(DESK).content.decode()
    assert f'<a href="{DESK}" aria-current="page">Order desk</a>' in page
    assert ">Ticket orders</a>" in page


def test_each_page_of_takeaway_leads_to_the_others(binding: TakeawayStore, store: Store) -> None:
    """Who cooks goes to and fro between the desk and the messages."""
    owner = english(member(store.merchant, Role.OWNER))
    talk = conversation_of(store, binding)
    card = f"/takeaway/cards/{binding.pk}/"
    chat, cards = "/takeaway/chat/", "/takeaway/cards/"
    for path, tab in (
        (DESK, DESK),
        (chat, chat),
        (f"{chat}{talk.pk}/", chat),
        (f"{chat}rate/", chat),
        (f"{chat}search/?q=x", chat),
        (cards, cards),
        (card, cards),
        (f"{card}set-up/", cards),
    ):
        page = owner.get(path, follow=True).content.decode()
        assert f'<a href="{DESK}"' in page, path
        assert f'<a href="{tab}" aria-current="page">' in page, path


@pytest.mark.parametrize("path", ["desk/", "chat/", "chat/search/", "chat/rate/", "cards/"])
@pytest.mark.parametrize(("role", "is_led"), [(Role.OWNER, True), (Role.CLERK, False)])
def test_who_has_no_takeaway_store_is_led_to_one(path: str, role: Role, is_led: bool) -> None:
    store = StoreFactory()
    page = english(member(store.merchant, role, store)).get(f"/takeaway/{path}").content.decode()
    assert "No takeaway store yet" in page
    assert ("/admin/messaging/takeawaystore/add/" in page) is is_led
