"""A store's chat at Meituan: on or off, its push, and blocked customers.

A person presses a button and waits, so that Meituan is asked at once, outside any transaction
(docs/platforms/takeaway.md §5.1).
"""

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from messaging.choices import OrderState
from messaging.models import ChatStore, Conversation, TakeawayStore
from messaging.services.at_once import client_at_once
from messaging.services.chat import secrets
from messaging.services.chat.asking import may_ask_for_review
from messaging.services.chat.bookkeeping import changed, chat_for, chat_of, locked
from messaging.services.chat.closing import ChatConflict, why_closed
from stores import audit
from stores.audit import Actor

BLOCK_CODES = {
    1: _("insults or threats"),
    2: _("wants WeChat, without an order"),
    3: _("something else"),
}
OTHER_CODE, MOST_PICTURES = 3, 9
# Characters; Meituan publishes no limit.
LONGEST_REASON = 200
# Customers of Meituan read Chinese.
REVIEW_WORDS = (
    "您好，感谢您的订单！这次用餐还满意吗？如果方便，欢迎在订单页写下真实评价；"
    "有不满意的地方请告诉我们，我们马上处理。"
)


def chat_switch(*, binding: TakeawayStore, is_on: bool, actor: Actor) -> None:
    """Switches a store's chat on or off. Raises PlatformError."""
    client_at_once(binding.connection).switch_chat(is_on=is_on)
    _note(binding, is_on=is_on)
    audit.record(
        "takeaway.chat.on" if is_on else "takeaway.chat.off",
        actor=actor,
        store=binding.store,
        target=binding,
    )


def chat_subscribe(*, binding: TakeawayStore, wanted: bool = True, actor: Actor) -> None:
    """Has a store's messages come by push too, or no longer. Raises PlatformError."""
    client = client_at_once(binding.connection)
    if wanted:
        client.subscribe_chat()
    else:
        client.unsubscribe_chat()
    _note(binding, is_subscribed=wanted)
    audit.record(
        "takeaway.chat.subscribe" if wanted else "takeaway.chat.unsubscribe",
        actor=actor,
        store=binding.store,
        target=binding,
    )


def chat_check(*, binding: TakeawayStore) -> ChatStore:
    """Asks how a store's chat stands at Meituan, and for the secret. Raises PlatformError."""
    client = client_at_once(binding.connection)
    developer = binding.connection.parent
    if developer:
        secrets.learn(developer, client.socket_token().secret)
    is_on = client.is_chat_on()
    _note(binding, is_on=is_on, is_subscribed=client.is_chat_subscribed())
    return chat_of(binding.connection_id)


def why_not_block(conversation: Conversation) -> StrOrPromise | None:
    """Returns why a customer cannot be blocked from here, for people; None when it can be done."""
    if not conversation.open_user_id:
        return _("Meituan does not say who wrote this; answer in Meituan's own app.")
    if conversation.blocked_at:
        return _("This customer is blocked.")
    if not settings.TAKEAWAY_EVIDENCE_PATH:
        return _(
            "Meituan has not published how evidence is uploaded. Block this customer in "
            "Meituan's own app."
        )
    return None


def customer_block(
    *, conversation: Conversation, code: int, reason: str, pictures: Sequence[bytes], actor: Actor
) -> None:
    """Blocks a customer, with one to nine JPEGs as evidence. Raises ChatConflict, PlatformError."""
    if reason_against := why_not_block(conversation):
        raise ChatConflict(reason_against)
    if code not in BLOCK_CODES:
        raise ChatConflict(_("Choose one of the reasons."))
    if code == OTHER_CODE and not reason.strip():
        raise ChatConflict(_("Say why."))
    if not 1 <= len(pictures) <= MOST_PICTURES:
        raise ChatConflict(_("Add one to nine pictures as evidence."))
    client = client_at_once(conversation.connection)
    ids = [client.upload_evidence(content) for content in pictures]
    said = reason.strip()[:LONGEST_REASON] if code == OTHER_CODE else ""
    client.block(conversation.open_user_id, code=code, reason=said, picture_ids=ids)
    _blocked(conversation, True, actor)


def customer_unblock(*, conversation: Conversation, actor: Actor) -> None:
    """Lets a blocked customer write again. Raises PlatformError."""
    client_at_once(conversation.connection).unblock(conversation.open_user_id)
    _blocked(conversation, False, actor)


@transaction.atomic
def missed_settle(*, chat: ChatStore, actor: Actor) -> None:
    """Notes that somebody has looked at Meituan's own app for the messages that were missed."""
    rows = ChatStore.objects.filter(pk=chat.pk, missed__gt=0)
    if rows.update(missed=0):
        audit.record(
            "takeaway.chat.missed",
            actor=actor,
            store=chat.binding.store,
            target=chat.binding,
            customers=chat.missed,
        )


def review_words(conversation: Conversation) -> str:
    """Returns what a person may say to a customer about the review of the order that is over; ""
    where the rate or the order does not allow it. It is shown in the box and sent by the person.
    """
    order = conversation.order
    if order is None or order.state != OrderState.FINISHED or why_closed(conversation):
        return ""
    return REVIEW_WORDS if may_ask_for_review(chat_for(conversation)) else ""


@transaction.atomic
def _blocked(conversation: Conversation, is_blocked: bool, actor: Actor) -> None:
    row = locked(conversation.pk)
    row.blocked_at = timezone.now() if is_blocked else None
    changed(row)
    audit.record(
        "takeaway.chat.block" if is_blocked else "takeaway.chat.unblock",
        actor=actor,
        store=row.store,
        target=row.pk,
    )


def _note(binding: TakeawayStore, **changes: bool) -> None:
    ChatStore.objects.filter(pk=chat_of(binding.connection_id).pk).update(**changes)
