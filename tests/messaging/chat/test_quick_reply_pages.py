"""Quick replies in the back office and on the chat page."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.models import Conversation, Order, QuickReply, TakeawayStore
from stores.models import AuditEntry, Merchant, Staff, Store
from stores.roles import Role
from tests.messaging.chat.writing import write
from tests.messaging.factories import OrderFactory, TakeawayStoreFactory
from tests.messaging.pushing import Pusher
from tests.pages import english
from tests.stores.factories import StoreFactory, member

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]
LIST = reverse("admin:messaging_quickreply_changelist")
ADD = reverse("admin:messaging_quickreply_add")


@pytest.fixture
def owner(merchant: Merchant) -> Client:
    return english(member(merchant, Role.OWNER, password=None))


@pytest.fixture
def manager(merchant: Merchant, store: Store) -> Client:
    return english(member(merchant, Role.MANAGER, store, password=None))


@pytest.fixture
def clerk(merchant: Merchant, store: Store) -> Client:
    return english(member(merchant, Role.CLERK, store, password=None))


def typed(merchant: Merchant, **changes: Any) -> dict[str, Any]:
    """What stands in the form of a quick reply for all stores."""
    usual = {"title": "催单", "text": "您的 {number} 号单马上好", "position": 10}
    return {"merchant": merchant.pk, "store": "", **usual, **changes}


def said(client: Client, url: str, **data: Any) -> str:
    return client.post(url, data, follow=True).content.decode()


def url(row: QuickReply, *more: str) -> str:
    name = "do" if more else "change"
    return reverse(f"admin:messaging_quickreply_{name}", args=[row.pk, *more])


def test_an_owner_writes_changes_and_deletes_a_reply_of_all_stores(
    owner: Client, merchant: Merchant
) -> None:
    said(owner, ADD, **typed(merchant))
    row = QuickReply.objects.get()
    assert (row.merchant, row.store, row.text) == (merchant, None, "您的 {number} 号单马上好")
    assert "all stores" in owner.get(LIST).content.decode()
    said(owner, url(row), **typed(merchant, text="稍等"))
    row.refresh_from_db()
    assert row.text == "稍等"
    assert "The quick reply was deleted." in said(owner, url(row, "remove"))
    assert not QuickReply.objects.exists()
    verbs = AuditEntry.objects.filter(target="催单").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["quickreply added", "quickreply changed", "quickreply deleted"]


def test_the_form_explains_the_variables(owner: Client) -> None:
    shown = owner.get(ADD).content.decode()
    assert "{dishes} dishes" in shown
    assert "none for phone numbers and addresses" in shown


@pytest.mark.parametrize("text", ["{number", "number}", "｛number｝", "{{number}}"])
def test_a_brace_that_the_customer_would_read_is_refused(
    owner: Client, merchant: Merchant, text: str
) -> None:
    answer = said(owner, ADD, **typed(merchant, text=text))
    assert "A brace is alone or full-width" in answer
    assert not QuickReply.objects.exists()


@pytest.mark.parametrize("name", ["{phone}", "{address}", "{}", "{nummer}", "{菜品}", "{Number}"])
def test_a_variable_that_does_not_exist_is_refused(
    owner: Client, merchant: Merchant, name: str
) -> None:
    answer = said(owner, ADD, **typed(merchant, text=f"您的 {name}"))
    assert f"There is no such variable: {name}." in answer
    assert not QuickReply.objects.exists()


def test_a_manager_of_one_store_writes_for_it_and_not_for_all(
    manager: Client, merchant: Merchant, store: Store, binding: TakeawayStore
) -> None:
    assert "Choose your store" in said(manager, ADD, **typed(merchant))
    assert not QuickReply.objects.exists()
    said(manager, ADD, **typed(merchant, store=store.pk))
    assert QuickReply.objects.get().store == store


def test_a_store_of_another_merchant_or_of_nobodys_choice_is_refused(
    merchant: Merchant, manager: Client
) -> None:
    theirs, hidden = StoreFactory(), StoreFactory(merchant=merchant)
    for each in (theirs, hidden):
        TakeawayStoreFactory(store=each)
    for other in (theirs, hidden):
        said(manager, ADD, **typed(merchant, store=other.pk))
    assert not QuickReply.objects.exists()
    both = member(merchant, Role.OWNER, password=None)
    Staff.objects.create(user=both, merchant=theirs.merchant, role=Role.OWNER)
    answer = said(english(both), ADD, **typed(merchant, store=theirs.pk))
    assert "This store belongs to another merchant." in answer
    assert not QuickReply.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [{"title": ""}, {"title": "长" * 31}, {"text": "长" * 501}, {"position": "9" * 30}],
)
def test_what_does_not_fit_is_refused(
    owner: Client, merchant: Merchant, changes: dict[str, Any]
) -> None:
    assert owner.post(ADD, typed(merchant, **changes)).status_code == 200
    assert not QuickReply.objects.exists()


# The chat page


@pytest.fixture
def talk(pusher: Pusher) -> Conversation:
    write(pusher, "到哪里了", cts=int(timezone.now().timestamp()))
    return Conversation.objects.get()


@pytest.fixture
def replies(talk: Conversation) -> None:
    for title, text in (("在做", "{number} 号单在做"), ("好", "好的")):
        QuickReply.objects.create(merchant=talk.store.merchant, title=title, text=text)


def page(client: Client, talk: Conversation) -> str:
    return client.get(f"/takeaway/chat/{talk.pk}/").content.decode()


@pytest.mark.usefixtures("replies")
def test_a_reply_that_lacks_a_value_says_so_and_inserts_nothing(
    clerk: Client, talk: Conversation
) -> None:
    shown = page(clerk, talk)
    assert 'data-reply="好的"' in shown
    assert 'data-lacks="There is no order yet to say “number of the day”."' in shown
    assert "号单在做" not in shown
    talk.order = OrderFactory(binding=talk.connection.takeaway_store, day_number=None)
    talk.save()
    lacks = 'data-lacks="The order says nothing for “number of the day”."'
    assert lacks in page(clerk, talk)


@pytest.mark.usefixtures("replies")
def test_replies_are_filled_in_anew_when_the_talk_is_about_an_order(
    clerk: Client, talk: Conversation
) -> None:
    talk.order = Order.objects.create(
        connection=talk.connection, store=talk.store, order_id="27060130000000001", day_number=12
    )
    talk.save()
    assert 'data-reply="12 号单在做"' in page(clerk, talk)
    news = clerk.get("/takeaway/chat/news/", {"open": talk.pk}).json()
    assert 'data-reply="12 号单在做"' in news["replies"]


def test_the_way_to_set_them_up_is_shown_to_whom_it_is_open(
    clerk: Client, manager: Client, talk: Conversation
) -> None:
    assert LIST not in page(clerk, talk).partition('id="replies"')[2]
    assert LIST in page(manager, talk)
    assert "No quick replies yet." in page(clerk, talk)
