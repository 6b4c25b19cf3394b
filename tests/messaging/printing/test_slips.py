"""A slip calls the shop to an urgent message at which nobody looks."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from messaging.choices import MessageKind, PaperState
from messaging.models import Conversation, Message, Order, PrintJob, TakeawayStore
from messaging.services.chat import bookkeeping, presence
from messaging.services.chat.calling import LATEST, NOBODY_FOR, call_shops
from messaging.services.printing import asking, trouble
from messaging.services.printing.working import print_queued
from stores.roles import Role
from tests.messaging.contract.rows import conversation_of, message_in
from tests.messaging.factories import OrderFactory
from tests.messaging.printing.conftest import CONFIRMED, QUEUED, SKIPPED, Device, states
from tests.pages import english
from tests.stores.factories import UserFactory, member

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "餐洒了！打我电话 13800138000"
BUZZER = b"\x1bB"


def arrived(talk: Conversation, ago: timedelta, **changes: object) -> Message:
    """An urgent question that came so long ago."""
    message = message_in(talk, WORDS)
    at = timezone.now() - ago
    fields = {"is_urgent": True, "arrived_at": at, "at": at, **changes}
    Message.objects.filter(pk=message.pk).update(**fields)
    message.refresh_from_db()
    with transaction.atomic():
        row = bookkeeping.locked(talk.pk)
        bookkeeping.recount(row, message)
        row.save()
    message.refresh_from_db()
    return message


@pytest.fixture
def talk(binding: TakeawayStore) -> Conversation:
    return conversation_of(binding.store, binding)


@pytest.fixture
def question(talk: Conversation) -> Message:
    return arrived(talk, NOBODY_FOR)


def test_a_slip_names_store_and_order_and_says_the_words_without_a_phone(
    device: Device, binding: TakeawayStore, question: Message
) -> None:
    order: Order = OrderFactory(binding=binding, day_number=12, view_id="301234567890")
    Message.objects.update(order=order, scene_name="用户投诉商家")
    assert call_shops() == 1
    print_queued(device.row.pk)
    assert states() == CONFIRMED
    (text,) = device.texts
    for words in (binding.store.name, "#12 订单号 301234567890", "用户投诉商家", "餐洒了！"):
        assert words in text.replace("\n", "")
    assert "13800138000" not in text
    assert "138****00" in text.replace("\n", "")


def test_the_buzzer_sounds_where_receipts_have_none(device: Device, question: Message) -> None:
    assert device.row.beeps == 0
    call_shops()
    print_queued(device.row.pk)
    assert device.paper.sheets[-1].as_json()["beeps"] == 3


def test_each_message_is_printed_once(device: Device, question: Message) -> None:
    assert [call_shops(), call_shops()] == [1, 0]
    assert PrintJob.objects.get().message == question
    with pytest.raises(IntegrityError), transaction.atomic():
        PrintJob.objects.create(printer=device.row, message=question, copy="chat")


@pytest.mark.parametrize(
    ("ago", "is_called"),
    [
        (NOBODY_FOR - timedelta(seconds=5), False),
        (NOBODY_FOR, True),
        (LATEST - timedelta(seconds=30), True),
        (LATEST, False),
    ],
)
def test_it_is_printed_after_a_minute_and_not_when_it_is_too_late(
    device: Device, talk: Conversation, ago: timedelta, is_called: bool
) -> None:
    arrived(talk, ago)
    assert call_shops() == is_called


def test_a_usual_message_calls_nobody(device: Device, talk: Conversation) -> None:
    arrived(talk, NOBODY_FOR, is_urgent=False)
    assert call_shops() == 0


def test_whoever_has_opened_the_conversation_since_is_not_called(
    device: Device, talk: Conversation, question: Message
) -> None:
    user: User = UserFactory()
    presence.look(conversation=talk, user=user)
    assert call_shops() == 0
    talk.onlookers.update(seen_at=question.arrived_at - timedelta(seconds=1))
    assert call_shops() == 1


def test_what_needs_no_answer_is_not_printed(
    device: Device, talk: Conversation, question: Message
) -> None:
    presence.conversation_dismiss(conversation=talk, actor=None)
    assert call_shops() == 0


def test_what_was_answered_while_the_printer_was_off_is_left_out(
    device: Device, question: Message
) -> None:
    call_shops()
    Message.objects.update(answered_at=timezone.now())
    print_queued(device.row.pk)
    assert (states(), device.texts) == (SKIPPED, [])


def test_a_slip_that_no_printer_took_in_time_is_given_up_and_is_no_old_receipt(
    device: Device, binding: TakeawayStore, question: Message
) -> None:
    call_shops()
    PrintJob.objects.update(wanted_at=timezone.now() - timedelta(hours=1))
    assert trouble.count_old([binding.store_id]) == 0
    found = asking.leftovers(binding.store)
    assert (found.to_print, found.to_skip) == ((), ())
    call_shops()
    assert states() == SKIPPED


def test_another_printer_of_the_store_prints_it(
    add_printer: Callable[..., Device], question: Message
) -> None:
    broken, working = add_printer(name="一", state="away"), add_printer(name="二")
    call_shops()
    assert PrintJob.objects.get().printer == working.row
    PrintJob.objects.update(printer=broken.row)
    print_queued(working.row.pk)
    assert len(working.texts) == 1


def test_without_a_printer_nothing_happens(question: Message) -> None:
    assert call_shops() == 0
    assert not PrintJob.objects.exists()


@pytest.mark.parametrize("changes", [{"kind": MessageKind.PICTURE}, {"emptied_at": timezone.now()}])
def test_what_is_no_text_is_to_be_looked_up(
    device: Device, talk: Conversation, question: Message, changes: dict[str, object]
) -> None:
    Message.objects.filter(pk=question.pk).update(**changes)
    call_shops()
    print_queued(device.row.pk)
    assert "里查看" in device.texts[-1].replace("\n", "")
    assert "餐洒了" not in device.texts[-1]


def test_a_hostile_text_prints_no_command(device: Device, question: Message) -> None:
    question.text = "\x1bp\x00\x19\xfa\x1d(k" * 50 + "长" * 900
    question.save()
    call_shops()
    print_queued(device.row.pk)
    (text,) = device.texts
    assert states() == CONFIRMED
    assert text.count("长") <= 200


def test_that_nothing_waits_is_two_reads(device: Device, talk: Conversation) -> None:
    with CaptureQueriesContext(database) as queries:
        assert call_shops() == 0
    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "SELECT"]


def test_the_list_of_receipts_shows_a_slip_that_leads_to_its_conversation(
    device: Device, question: Message
) -> None:
    call_shops()
    store = device.row.store
    clerk = english(member(store.merchant, Role.CLERK, store, password=None))
    shown = clerk.get(reverse("admin:messaging_printjob_changelist")).content.decode()
    assert "urgent message" in shown
    assert f"/takeaway/chat/{question.conversation_id}/?at={question.pk}" in shown
    job = PrintJob.objects.get()
    page = clerk.get(reverse("admin:messaging_printjob_change", args=[job.pk]))
    assert page.status_code == 200
    PrintJob.objects.update(state=PaperState.UNKNOWN)
    assert not PrintJob.objects.needing_person().exists()
    again = reverse("admin:messaging_printjob_do", args=[job.pk, "again"])
    assert "A slip is printed once" in clerk.post(again, follow=True).content.decode()
    assert states() == [PaperState.UNKNOWN]


def test_paper_is_of_an_order_or_a_message(device: Device, binding: TakeawayStore) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PrintJob.objects.create(printer=device.row, copy="chat")
    assert states() != QUEUED
