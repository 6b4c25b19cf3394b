"""The chat's API: who waits, what was written, and an answer."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.api import chat_schema as schema
from messaging.api.chat_serializers import (
    ChatMessageSerializer,
    ConversationFilter,
    ConversationSerializer,
    MessageBody,
    MessageFilter,
)
from messaging.choices import ORDERS, MessageState
from messaging.models import Conversation, Message
from messaging.services.chat import listing, sending
from messaging.services.chat.bookkeeping import read_chats
from stores.api.paging import Pages
from stores.api.views import ApiList, ApiView


class PagesOfConversations(Pages):
    ordering = ("-last_at", "-id")


@extend_schema_view(get=schema.LIST_CONVERSATIONS)
class Conversations(ApiList):
    scopes = {"GET": (ORDERS,)}
    filters = ConversationFilter
    serializer = ConversationSerializer
    pagination_class = PagesOfConversations

    def rows(self, given: dict[str, Any]) -> QuerySet[Conversation]:
        rows = Conversation.objects.filter(store_id__in=self.store_ids(given.get("store")))
        return rows.select_related("order")

    def context(self, rows: Sequence[Conversation]) -> dict[str, Any]:
        read_chats(rows)
        return {}


class Messages(ApiView):
    scopes = {"GET": (ORDERS,), "POST": (ORDERS,)}
    parameters = ("after",)

    @schema.LIST_MESSAGES
    def get(self, request: Request, pk: int) -> Response:
        """The messages as they arrived here, so that none is passed over."""
        given = self.asked_for(MessageFilter)
        rows = listing.arrived_after(self.conversation(pk), given.get("after", 0))
        following = None
        if len(rows) == listing.PAGE:
            following = f"{request.build_absolute_uri(request.path)}?after={rows[-1].pk}"
        shown = ChatMessageSerializer(rows, many=True, context=self.seen()).data
        return Response({"results": shown, "next": following})

    @schema.SEND_MESSAGE
    def post(self, request: Request, pk: int) -> Response:
        conversation, body = self.conversation(pk), self.body(MessageBody)
        message, is_new = sending.message_send(
            conversation=conversation,
            actor=self.key,
            text=body["text"],
            key=self.idempotency_key(),
        )
        if is_new:
            sending.send_now(message)
        message = Message.objects.get(pk=message.pk)
        status = 201 if is_new else 200
        if message.state == MessageState.WAITING:
            status = 202
        return Response(ChatMessageSerializer(message, context=self.seen()).data, status=status)

    def seen(self) -> dict[str, bool]:
        """Returns what the key may see, for the serializer."""
        return {"whole": self.key.sees_personal}

    def conversation(self, pk: int) -> Conversation:
        """Returns a conversation of the key's stores; raises NotFound."""
        rows = Conversation.objects.for_staff(self.key).filter(pk=pk)
        return self.row(rows.select_related("order", "store__merchant", "connection"))
