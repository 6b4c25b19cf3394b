"""The chat of a store in the back office: business hours, greetings, deadlines, on and off."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.models import ChatHours, ChatStore, TakeawayStore
from messaging.services.chat import bookkeeping, rules
from stores.models import AuditEntry, Merchant, Store
from stores.roles import Role
from tests.messaging.meituan import Meituan
from tests.pages import english
from tests.stores.factories import member

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]


@pytest.fixture
def chat(binding: TakeawayStore) -> ChatStore:
    return bookkeeping.chat_of(binding.connection_id)


@pytest.fixture
def manager(merchant: Merchant, store: Store) -> Client:
    return english(member(merchant, Role.MANAGER, store, password=None))


def url(chat: ChatStore, *more: str) -> str:
    name = "do" if more else "change"
    return reverse(f"admin:messaging_chatstore_{name}", args=[chat.pk, *more])


def typed(*hours: tuple[Any, str, str], **changes: Any) -> dict[str, Any]:
    """What stands in the form; each period is (day, from, until)."""
    usual = {"reply_minutes": 5, "urgent_seconds": 60, "open_hours": 48, "margin_minutes": 10}
    rows = {"hours-TOTAL_FORMS": len(hours), "hours-INITIAL_FORMS": 0}
    for number, (day, opens, closes) in enumerate(hours):
        row = {"day": day, "opens": opens, "closes": closes}
        rows |= {f"hours-{number}-{name}": value for name, value in row.items()}
    return {**usual, **rows, **changes}


def said(client: Client, address: str, **data: Any) -> str:
    return client.post(address, data, follow=True).content.decode()


def test_a_manager_sets_hours_and_what_is_said_by_itself(manager: Client, chat: ChatStore) -> None:
    periods = [("", "10:00", "14:00"), ("", "17:00", "01:00"), (5, "08:00", "09:00")]
    texts = {"greets": "on", "greeting": "您好", "answers_away": "on", "away": "打烊了"}
    said(manager, url(chat), **typed(*periods, **texts))
    chat.refresh_from_db()
    assert (chat.greets, chat.greeting, chat.away) == (True, "您好", "打烊了")
    assert [str(row) for row in chat.hours.all()] == ["10:00–14:00", "17:00–01:00", "08:00–09:00"]
    entry = AuditEntry.objects.get(verb="chatstore changed")
    assert {"Greeting", "business hours"} <= set(entry.data["fields"])
    shown = manager.get(reverse("admin:messaging_chatstore_changelist")).content.decode()
    assert "10:00–14:00, 17:00–01:00, Saturday 08:00–09:00" in shown


def test_that_only_the_hours_changed_is_in_the_audit_log(manager: Client, chat: ChatStore) -> None:
    said(manager, url(chat), **typed(("", "10:00", "14:00")))
    entry = AuditEntry.objects.get(verb="chatstore changed")
    assert entry.data["fields"] == ["business hours"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"greets": "on"}, "Write what is said to the customer."),
        ({"answers_away": "on", "away": "  "}, "Write what is said to the customer."),
        ({"open_hours": 1, "margin_minutes": 60}, "This leaves no time"),
        ({"reply_minutes": 0}, "greater than or equal to 1"),
        ({"urgent_seconds": 3601}, "less than or equal to 3600"),
        ({"greeting": "长" * 501}, "at most 500 characters"),
        ({"hours-TOTAL_FORMS": 5000}, ""),
    ],
)
def test_what_contradicts_itself_is_not_saved(
    manager: Client, chat: ChatStore, changes: dict[str, Any], words: str
) -> None:
    answer = manager.post(url(chat), typed(("", "10:00", "14:00"), **changes))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not ChatHours.objects.exists()


@pytest.mark.parametrize("period", [(9, "10:00", "14:00"), ("", "25:00", "14:00"), ("", "", "1")])
def test_a_period_that_is_none_is_refused(
    manager: Client, chat: ChatStore, period: tuple[Any, str, str]
) -> None:
    assert manager.post(url(chat), typed(period)).status_code == 200
    assert not ChatHours.objects.exists()


def test_more_periods_than_a_week_needs_are_refused(manager: Client, chat: ChatStore) -> None:
    many = [("", f"{n // 60:02}:{n % 60:02}", "23:00") for n in range(29)]
    assert manager.post(url(chat), typed(*many)).status_code == 200
    assert not ChatHours.objects.exists()


@pytest.mark.parametrize(("day", "is_open"), [(20, False), (21, True), (22, True), (23, False)])
def test_the_same_time_twice_is_a_whole_day(day: int, is_open: bool) -> None:
    at = datetime(2026, 11, day, 7, tzinfo=timezone.get_current_timezone())
    saturday = ChatHours(day=5, opens=time(6), closes=time(6))
    late_saturday = ChatHours(day=5, opens=time(8), closes=time(8))
    assert rules.is_open([saturday], at) == (day == 21)
    assert rules.is_open([saturday, late_saturday], at) == is_open


def test_a_clerk_looks_and_changes_nothing(
    merchant: Merchant, store: Store, chat: ChatStore
) -> None:
    clerk = english(member(merchant, Role.CLERK, store, password=None))
    assert clerk.get(url(chat)).status_code == 200
    assert clerk.post(url(chat), typed(greets="on", greeting="您好")).status_code == 403
    assert clerk.post(url(chat, "turn_off")).status_code == 403


def test_the_store_leads_to_its_chat(manager: Client, binding: TakeawayStore) -> None:
    address = reverse("admin:messaging_takeawaystore_do", args=[binding.pk, "chat_settings"])
    answer = manager.post(address)
    chat = ChatStore.objects.get(binding=binding)
    assert answer["Location"] == url(chat)
    assert manager.get(url(chat)).status_code == 200


def test_the_chat_is_switched_off_and_on_after_a_question(
    manager: Client, meituan: Meituan, chat: ChatStore
) -> None:
    assert "nothing can be answered" in manager.get(url(chat, "turn_off")).content.decode()
    assert "The chat is off." in said(manager, url(chat, "turn_off"))
    chat.refresh_from_db()
    assert chat.is_on is False
    assert "Switch the chat off" not in manager.get(url(chat)).content.decode()
    assert "The chat is on." in said(manager, url(chat, "turn_on"))
    verbs = AuditEntry.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["takeaway.chat.off", "takeaway.chat.on"]


def test_what_meituan_says_is_shown_after_asking(
    manager: Client, meituan: Meituan, chat: ChatStore
) -> None:
    assert "not asked yet" in manager.get(url(chat)).content.decode()
    meituan.post(f"stores/{meituan.binding.connection.account}", im_status=0)
    said(manager, url(chat, "ask_meituan"))
    chat.refresh_from_db()
    assert chat.is_on is False


def test_that_meituan_cannot_be_reached_is_said_and_nothing_is_noted(
    manager: Client, meituan: Meituan, chat: ChatStore
) -> None:
    meituan.server.stop()
    answer = said(manager, url(chat, "turn_off"))
    assert "Nothing listens at the platform" in answer
    chat.refresh_from_db()
    assert chat.is_on is None
    assert not AuditEntry.objects.filter(verb="takeaway.chat.off").exists()


def test_missed_messages_are_an_alert_until_somebody_has_looked(
    merchant: Merchant, store: Store, chat: ChatStore
) -> None:
    clerk = english(member(merchant, Role.CLERK, store, password=None))
    todo, words = reverse("admin:todo"), "messages of 2 customers did not arrive"
    ChatStore.objects.update(missed=2, missed_at=timezone.now())
    shown = clerk.get(todo).content.decode()
    assert f"{store}: {words}" in shown
    assert url(chat) in shown
    assert "no second time" in clerk.get(url(chat, "missed_seen")).content.decode()
    assert "Noted." in said(clerk, url(chat, "missed_seen"))
    assert words not in clerk.get(todo).content.decode()
    entry = AuditEntry.objects.get(verb="takeaway.chat.missed")
    assert entry.data["customers"] == 2


def test_what_was_missed_yesterday_is_no_alert_any_more(manager: Client, chat: ChatStore) -> None:
    ChatStore.objects.update(missed=2, missed_at=timezone.now() - timedelta(days=1, minutes=1))
    assert "did not arrive" not in manager.get(reverse("admin:todo")).content.decode()
