"""What the page of a takeaway order and its card on the desk say of an urge, and how its buttons
look.
"""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from messaging.admin.orders import TakeawayOrderAdmin
from messaging.choices import OrderState
from messaging.models import Order, TakeawayStore
from messaging.services.allowed import is_urged
from stores.roles import Role
from tests.back_office import at_work, page, shown
from tests.messaging.factories import OrderFactory, PrinterFactory

DESK = "/takeaway/desk/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def order(binding: TakeawayStore) -> Order:
    made: Order = OrderFactory(binding=binding, state=OrderState.CONFIRMED)
    return made


@time_machine.travel("2026-11-20 12:30:00+08:00", tick=False)
def test_an_urge_that_was_answered_is_said_with_the_time_and_that_no_text_was_sent(
    order: Order,
) -> None:
    clerk = at_work(order.store, Role.CLERK)
    answered, line = "Urge answered at 12:30, without a text", "today 12:28, answered today 12:30"
    assert "urge</" not in shown(clerk, order)
    order.urged_at = timezone.now() - timedelta(minutes=2)
    order.save()
    assert "today 12:28, not answered" in shown(clerk, order)
    assert answered not in clerk.get(DESK).content.decode()
    order.urge_answered_at = timezone.now()
    order.save()
    assert f"{line} without a text" in shown(clerk, order)
    assert answered in clerk.get(DESK).content.decode()
    # The customer urges again: that one waits.
    order.urged_at = timezone.now() + timedelta(minutes=1)
    order.save()
    assert is_urged(order)
    assert "today 12:31, not answered" in shown(clerk, order)
    assert answered not in clerk.get(DESK).content.decode()


def test_printing_at_the_receipt_printer_and_in_the_browser_are_told_apart(order: Order) -> None:
    PrinterFactory(store=order.store)
    html = shown(at_work(order.store), order)
    for name, title in (
        ("print_again", "Print again at the receipt printer"),
        ("print_here", "Print in the browser"),
    ):
        assert title in html
        assert page(order, "do", name) in html
    assert (
        "<h1>Print in the browser"
        in at_work(order.store).get(f"{DESK}{order.pk}/print/").content.decode()
    )


def test_no_two_buttons_of_an_order_look_alike() -> None:
    buttons = [getattr(TakeawayOrderAdmin, name).button for name in TakeawayOrderAdmin.buttons]
    for looks in ([each.icon for each in buttons], [str(each.title) for each in buttons]):
        assert len(set(looks)) == len(looks)
