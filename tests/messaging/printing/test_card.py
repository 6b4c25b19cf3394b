"""The store's safety card on the customer's copy of a receipt."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from messaging.choices import CardAudit, CardKind, CardState, CardWay
from messaging.models import CardDelivery, SafetyCard, SavedCard, TakeawayStore
from messaging.services.printing.working import print_queued
from messaging.wire.cards import Card, CardMeasure, CardRow
from tests.messaging.printing.conftest import Counter, Device

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def device(add_printer: Callable[..., Device]) -> Device:
    """A printer that prints one copy for the kitchen and one for the customer."""
    return add_printer(customer=1)


def fill_in(binding: TakeawayStore, *, on_receipt: bool = True) -> SavedCard:
    card = Card(
        CardKind.UPGRADED,
        (CardRow("厨师", "王师傅", "36.5"),),
        measures=(CardMeasure(2, "全员佩戴口罩", "https://p.example.com/2.jpg"),),
        on_receipt=on_receipt,
    )
    row: SavedCard = SavedCard.objects.create(
        card=SafetyCard.objects.create(binding=binding),
        day=timezone.localdate(),
        content=card.as_biz(),
        state=CardState.SAVED,
    )
    return row


def printed(device: Device, counter: Counter) -> list[str]:
    counter.accept()
    print_queued(device.row.pk)
    return device.texts


def test_the_customers_copy_names_who_cooked(
    binding: TakeawayStore, device: Device, counter: Counter
) -> None:
    fill_in(binding)
    kitchen, customer = printed(device, counter)
    assert "厨师 王师傅" in customer
    assert "36.5℃" in customer
    assert "王师傅" not in kitchen
    assert "全员佩戴口罩" not in customer
    delivery = CardDelivery.objects.get()
    assert (delivery.way, delivery.order) == (CardWay.PAPER, counter.orders[0])


def test_a_store_that_does_not_want_it_prints_none(
    binding: TakeawayStore, device: Device, counter: Counter
) -> None:
    fill_in(binding, on_receipt=False)
    assert "安心卡" not in "".join(printed(device, counter))
    assert not CardDelivery.objects.exists()


@pytest.mark.parametrize("audit", [CardAudit.OFFLINE, CardAudit.REJECTED])
def test_a_card_that_is_offline_is_not_printed(
    binding: TakeawayStore, device: Device, counter: Counter, audit: CardAudit
) -> None:
    fill_in(binding)
    SafetyCard.objects.update(audit=audit)
    assert "安心卡" not in "".join(printed(device, counter))


def test_paper_that_may_not_be_printed_is_no_delivery(
    binding: TakeawayStore, device: Device, counter: Counter
) -> None:
    fill_in(binding)
    device.set(printer="paper_ends")
    printed(device, counter)
    assert not CardDelivery.objects.exists()
