"""The card of a completed order: sent by Meituan, by us, or on the receipt, each once."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.choices import CardAudit, CardSender, CardWay, Direction, MessageState, PushKind
from messaging.models import CardDelivery, ChatStore, Message, Order, SafetyCard, SavedCard
from messaging.services.cards import forgetting, giving, saving
from messaging.services.chat.bookkeeping import chat_of
from messaging.services.orders import order_told
from messaging.wire.cards import CardRow
from messaging.wire.orders import parse_order
from stores.models import Merchant, OutboundCall
from tests.messaging.cards.conftest import Shop
from tests.messaging.chat.writing import write
from tests.messaging.meituan import deliver_all
from tests.messaging.pushing import Pusher

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("quick", "in_english"),
]
WhyNot = CardDelivery.WhyNot


@pytest.fixture
def order(shop: Shop) -> Order:
    """An accepted order of a day whose card is saved; we send it."""
    shop.set_up(im_by=CardSender.SHOP, tips="请安心食用")
    fill_in(shop)
    made = shop.meituan.known()
    shop.meituan.act(made.order_id, "confirm")
    return told(shop, made, PushKind.ORDER_CONFIRMED)


def fill_in(shop: Shop) -> None:
    rows = (CardRow("厨师", "王师傅", "36.5"),)
    row = saving.card_save(binding=shop.row, rows=rows, actor=None)
    saving.save_now(row)


def told(shop: Shop, order: Order, kind: PushKind) -> Order:
    said = shop.meituan.get(f"orders/{order.order_id}")["shown"]
    with transaction.atomic():
        return order_told(
            connection=shop.row.connection, kind=kind, remote=parse_order(said), at=timezone.now()
        )


def finish(shop: Shop, order: Order) -> None:
    """The order is completed, and a worker has done what is owed."""
    shop.meituan.act(order.order_id, "finish")
    told(shop, order, PushKind.ORDER_FINISHED)
    giving.send_owed()
    deliver_all()


def ways(order: Order) -> list[tuple[str, str]]:
    rows = CardDelivery.objects.filter(order=order)
    return list(rows.values_list("way", "why_not"))


def asks(shop: Shop, pusher: Pusher, order: Order) -> None:
    """The customer writes about the order."""
    text = "多久能到"
    said = shop.meituan.post("messages", order_id=int(order.order_id), text=text)
    write(
        pusher,
        text,
        msg_id=int(said["msg_id"]),
        order_id=int(order.order_id),
        open_user_id=said["open_user_id"],
        cts=int(timezone.now().timestamp()),
    )


@pytest.mark.urls("messaging.urls")
class TestOurMessage:
    def test_who_has_written_gets_the_card_once(
        self, shop: Shop, order: Order, pusher: Pusher
    ) -> None:
        asks(shop, pusher, order)
        finish(shop, order)
        message = CardDelivery.objects.get(way=CardWay.SHOP).message
        assert message is not None
        assert message.state == MessageState.SENT
        for words in ("厨师 王师傅 36.5℃", "请安心食用", shop.card()["landPage"]):
            assert words in message.text
        arrived = shop.meituan.get("messages")["messages"][-1]
        talk = message.conversation
        assert (arrived["text"], str(arrived["open_user_id"])) == (message.text, talk.open_user_id)
        finish_again(shop, order)
        assert Message.objects.filter(direction=Direction.SHOP).count() == 1

    def test_who_has_not_written_cannot_be_written_to(self, shop: Shop, order: Order) -> None:
        finish(shop, order)
        assert ways(order) == [(CardWay.SHOP, WhyNot.NO_TALK)]

    def test_without_a_card_of_that_day_nothing_is_sent(
        self, shop: Shop, order: Order, pusher: Pusher
    ) -> None:
        asks(shop, pusher, order)
        SavedCard.objects.update(day=timezone.localdate() - timedelta(days=1))
        finish(shop, order)
        assert ways(order) == [(CardWay.SHOP, WhyNot.NO_CARD)]

    @pytest.mark.parametrize("audit", [CardAudit.OFFLINE, CardAudit.REJECTED])
    def test_a_card_that_meituan_does_not_show_is_not_sent(
        self, shop: Shop, order: Order, pusher: Pusher, audit: CardAudit
    ) -> None:
        asks(shop, pusher, order)
        SafetyCard.objects.update(audit=audit)
        finish(shop, order)
        assert ways(order) == [(CardWay.SHOP, WhyNot.NO_CARD)]

    def test_with_the_chat_off_nothing_is_sent(
        self, shop: Shop, order: Order, pusher: Pusher
    ) -> None:
        asks(shop, pusher, order)
        ChatStore.objects.filter(pk=chat_of(shop.row.connection_id).pk).update(is_on=False)
        finish(shop, order)
        assert ways(order) == [(CardWay.SHOP, WhyNot.CLOSED)]

    def test_after_48_hours_nothing_is_sent(self, shop: Shop, order: Order, pusher: Pusher) -> None:
        asks(shop, pusher, order)
        shop.meituan.act(order.order_id, "finish")
        told(shop, order, PushKind.ORDER_FINISHED)
        Order.objects.update(finished_at=timezone.now() - timedelta(hours=48))
        giving.send_owed()
        assert ways(order) == [(CardWay.SHOP, WhyNot.CLOSED)]
        assert not OutboundCall.objects.filter(operation="message.send").exists()

    def test_two_workers_send_one_message(self, shop: Shop, order: Order, pusher: Pusher) -> None:
        asks(shop, pusher, order)
        shop.meituan.act(order.order_id, "finish")
        told(shop, order, PushKind.ORDER_FINISHED)
        pk = CardDelivery.objects.get().pk
        giving.card_send(pk)
        giving.card_send(pk)
        assert OutboundCall.objects.filter(operation="message.send").count() == 1


def finish_again(shop: Shop, order: Order) -> None:
    told(shop, order, PushKind.ORDER_FINISHED)
    giving.send_owed()
    deliver_all()


def test_what_meituan_sends_itself_is_only_noted(shop: Shop) -> None:
    shop.set_up(im_by=CardSender.MEITUAN)
    fill_in(shop)
    order = shop.meituan.known()
    shop.meituan.act(order.order_id, "confirm")
    finish(shop, order)
    assert ways(order) == [(CardWay.MEITUAN, "")]
    (sent,) = shop.meituan.get("messages")["messages"]
    assert sent["text"] == shop.card()["landPage"]
    assert not Message.objects.exists()


def test_a_store_that_sends_none_has_nothing_on_its_orders(shop: Shop) -> None:
    shop.set_up()
    fill_in(shop)
    order = shop.meituan.known()
    shop.meituan.act(order.order_id, "confirm")
    finish(shop, order)
    assert ways(order) == []


def test_the_order_says_which_way_it_went(shop: Shop, order: Order, clerk: Client) -> None:
    finish(shop, order)
    CardDelivery.objects.create(order=order, way=CardWay.PAPER)
    shown = clerk.get(reverse("admin:messaging_order_change", args=[order.pk])).content.decode()
    assert "the customer has not written about this order" in shown
    assert "on the receipt" in shown


def test_staff_of_old_cards_are_removed_with_the_merchants_days(shop: Shop, order: Order) -> None:
    assert forgetting.forget_staff() == 0
    Merchant.objects.update(personal_data_days=30)
    SavedCard.objects.update(filled_at=timezone.now() - timedelta(days=31), filled_by="小李")
    assert forgetting.forget_staff() == 1
    row = SavedCard.objects.get()
    assert (row.whole.rows, row.filled_by, bool(row.emptied_at)) == ((), "", True)


def test_a_long_card_keeps_the_address_of_its_page(order: Order) -> None:
    page = "https://card.example/101"
    SafetyCard.objects.update(page=page)
    SavedCard.objects.update(content=SavedCard.objects.get().content | {"tips": "安" * 2000})
    text = giving.text_of(SavedCard.objects.get())
    assert (len(text), text.endswith(f"安\n{page}")) == (1000, True)
