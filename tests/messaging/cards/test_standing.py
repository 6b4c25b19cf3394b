"""How the card stands at Meituan, and what a person has to do about it."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.choices import CardAudit, CardState
from messaging.dashboard.safety_cards import card_alerts
from messaging.models import SafetyCard, SavedCard, TakeawayStore
from messaging.services.cards import asking, saving, setting_up
from messaging.services.cards.standing import Trouble, trouble_of
from messaging.wire.cards import CardRow
from stores.clock import end_of
from stores.models import OutboundCall
from tests.messaging.cards.conftest import Shop
from tests.messaging.meituan import deliver_all

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("quick", "in_english"),
]


def trouble(shop: Shop) -> Trouble | None:
    return trouble_of(setting_up.card_of(shop.row))


def asked(shop: Shop) -> SafetyCard:
    return asking.card_check(card=setting_up.kept_card(shop.row))


def fill_in(shop: Shop) -> SavedCard:
    row = saving.card_save(binding=shop.row, rows=(CardRow("厨师", "王", "36.5"),), actor=None)
    saving.save_now(row)
    return row


def test_what_is_done_first_comes_first(shop: Shop) -> None:
    asked(shop)
    assert trouble(shop) == Trouble.UNFILLED
    fill_in(shop)
    assert trouble(shop) is None
    shop.change(audit_status=1)
    asked(shop)
    assert trouble(shop) == Trouble.OFFLINE
    shop.change(audit_status=2)
    assert asked(shop).audit == CardAudit.REJECTED
    assert trouble(shop) == Trouble.REJECTED
    shop.change(protocol_status=0)
    asked(shop)
    assert trouble(shop) == Trouble.UNSIGNED
    shop.change(protocol_status=1, audit_status=0)
    asked(shop)
    assert trouble(shop) is None


def test_who_wants_no_reminder_gets_none(shop: Shop) -> None:
    shop.set_up(reminds=False)
    assert trouble(shop) is None


@pytest.mark.parametrize("state", [CardState.REFUSED, CardState.FAILED])
def test_a_card_that_was_not_saved_is_named(shop: Shop, state: CardState) -> None:
    row = fill_in(shop)
    SavedCard.objects.filter(pk=row.pk).update(state=state)
    assert trouble(shop) == Trouble.NOT_SAVED


def test_a_worker_asks_about_all_bound_stores_once_in_half_an_hour(shop: Shop) -> None:
    asking.ask_all()
    assert not OutboundCall.objects.exists()
    setting_up.kept_card(shop.row)
    shop.change(protocol_status=0)
    assert (asking.ask_all(), asking.ask_all()) == (1, 1)
    assert OutboundCall.objects.count() == 1
    deliver_all()
    assert trouble(shop) == Trouble.UNSIGNED
    TakeawayStore.objects.update(state=TakeawayStore.State.UNBOUND)
    assert asking.ask_all() == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"protocol_status": 0}, "门店运营 → 外卖安心卡"),
        ({"audit_status": 1}, "Meituan has taken the card offline"),
        ({"audit_status": 2}, "Meituan has rejected the card"),
        ({}, "card is not filled in yet"),
    ],
)
def test_each_state_stands_under_to_do_and_leads_to_what_to_do(
    shop: Shop, clerk: Client, changes: dict[str, int], words: str
) -> None:
    shop.change(**changes)
    assert words in clerk.post(shop.url("card-check"), follow=True).content.decode()
    todo = clerk.get(reverse("admin:todo")).content.decode()
    assert shop.url() in todo
    assert words in clerk.get(shop.url()).content.decode()


def test_todays_card_can_be_filled_in_until_the_day_ends(shop: Shop) -> None:
    asked(shop)
    (alert,) = card_alerts([shop.row.store_id])
    assert (alert.level, alert.until) == ("warning", end_of(timezone.localdate()))
    assert str(alert.text).startswith(f"{shop.row.store}:"), "as all other pages name it"
    shop.change(audit_status=1)
    asked(shop)
    (alert,) = card_alerts([shop.row.store_id])
    assert (alert.level, alert.until) == ("error", None)


def test_a_store_that_uses_no_card_is_not_reminded(shop: Shop, clerk: Client) -> None:
    clerk.get(shop.url())
    assert shop.url() not in clerk.get(reverse("admin:todo")).content.decode()


def test_meituan_that_cannot_be_reached_is_said(shop: Shop, clerk: Client) -> None:
    shop.meituan.server.faults.add(kind="status_503", operation="card/query")
    shown = clerk.post(shop.url("card-check")).content.decode()
    assert 'class="error" role="alert"' in shown
    assert setting_up.card_of(shop.row).asked_at is None
