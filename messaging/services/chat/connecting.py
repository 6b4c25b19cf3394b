"""The chat's step of connecting a store: its messages come by push too, and are read."""

from datetime import timedelta
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from messaging.choices import PLATFORM
from messaging.models import ChatStore, TakeawayStore
from messaging.services.chat import secrets
from messaging.services.chat.bookkeeping import chat_of
from messaging.services.reading import client_of
from stores.models import OutboundCall
from stores.platforms.outbox import Operation, SlotWaiter, enqueue, operation


@operation
class ChatConnecting(Operation):
    """Subscribes, and asks for the secret and whether the chat is on. The subject is the store."""

    platform = PLATFORM
    name = "chat.connect"
    title = _("Connect the chat of a store")
    repeatable = True
    requests_left = 3
    patience = timedelta(hours=6)
    backoff: ClassVar[tuple[float, ...]] = (1, 5, 30, 120, 600)

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        client = client_of(call.connection, wait_for_slot)
        secrets.learn(call.connection.parent or call.connection, client.socket_token().secret)
        client.subscribe_chat()
        return client.is_chat_on()

    def on_done(self, call: OutboundCall, answer: Any, *, inferred: bool) -> None:
        chat = chat_of(call.connection_id)
        ChatStore.objects.filter(pk=chat.pk).update(is_on=answer, is_subscribed=True)


def connect(binding: TakeawayStore) -> OutboundCall:
    """Owes the connection of a bound store's chat, once per token."""
    return enqueue(
        ChatConnecting,
        connection=binding.connection,
        key=f"{binding.pk}:{binding.connection.token_serial}",
        subject_id=binding.pk,
        store_id=binding.store_id,
    )
