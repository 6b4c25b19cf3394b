"""The input and output of the chat's API, declared once for the code and for OpenAPI."""

from typing import Any

from django.utils.translation import gettext_lazy
from rest_framework import serializers

from messaging.choices import Direction, MessageKind, MessageState
from messaging.models import Conversation, Message
from messaging.services.chat.sending import LONGEST
from messaging.services.chat.texts import text_of
from messaging.services.deadlines import deadlines_of_talk
from stores.api.serializers import MAX_ID, AnswerSerializer, Body, ListFilter, TextField


class ConversationFilter(ListFilter):
    store = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID)


class MessageFilter(ListFilter):
    after = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_ID,
        help_text=gettext_lazy("The `id` of the last message that you have: only later ones come."),
    )


class MessageBody(Body):
    text = TextField(
        max_length=LONGEST,
        help_text=gettext_lazy("What the customer reads."),
        not_text=gettext_lazy("Give the text as a string."),
    )


class ReplyDeadlineSerializer(AnswerSerializer):
    what = serializers.CharField(
        help_text=gettext_lazy(
            "`reply`: a customer waits; `closes`: later nothing can be written any more"
        )
    )
    until = serializers.DateTimeField()


class ConversationSerializer(AnswerSerializer):
    id = serializers.IntegerField()
    open_user_id = serializers.CharField(
        help_text=gettext_lazy("The customer at Meituan; empty when Meituan does not say")
    )
    store = serializers.IntegerField(source="store_id")
    order_id = serializers.CharField(
        help_text=gettext_lazy("Meituan's order number as text; empty before an order")
    )
    unanswered = serializers.BooleanField()
    is_urgent = serializers.BooleanField()
    unread = serializers.IntegerField()
    last_at = serializers.DateTimeField()
    deadlines = ReplyDeadlineSerializer(many=True)

    def get_order_id(self, row: Conversation) -> str:
        return row.order.order_id if row.order else ""

    def get_unanswered(self, row: Conversation) -> bool:
        return row.reply_until is not None

    def get_deadlines(self, row: Conversation) -> list[dict[str, Any]]:
        return [{"what": each.what.value, "until": each.until} for each in deadlines_of_talk(row)]


# Context: `whole` shows the phones in texts unmasked.
class ChatMessageSerializer(AnswerSerializer):
    id = serializers.IntegerField()
    text = serializers.CharField(
        help_text=gettext_lazy(
            "The text, or the address of a picture; empty once it was removed. Phones in a text are"
            " masked, unless the key may see personal data"
        )
    )
    kind = serializers.ChoiceField(choices=MessageKind.choices)
    cts = serializers.IntegerField(help_text=gettext_lazy("When it was written, Unix seconds"))
    tie = serializers.CharField(
        help_text=gettext_lazy("Puts messages of the same second in order: compare it as text")
    )
    direction = serializers.ChoiceField(choices=Direction.choices)
    state = serializers.ChoiceField(
        choices=MessageState.choices,
        allow_null=True,
        help_text=gettext_lazy(
            "Of ours; `null` for a customer's. `unknown`: it may have arrived, and is not sent"
            " again by itself"
        ),
    )
    error = serializers.CharField()

    def get_text(self, row: Message) -> str:
        is_readable = row.kind in (MessageKind.TEXT, MessageKind.PICTURE)
        return text_of(row, whole=self.context["whole"]) if is_readable else ""

    def get_state(self, row: Message) -> str | None:
        return row.state or None

    def get_cts(self, row: Message) -> int:
        return int(row.at.timestamp())

    def get_tie(self, row: Message) -> str:
        return f"{row.tie:019d}"


class ChatMessagePageSerializer(AnswerSerializer):
    results = ChatMessageSerializer(many=True)
    next = serializers.CharField(
        allow_null=True,
        help_text=gettext_lazy("Where the next ones are; `null` when there are none"),
    )
