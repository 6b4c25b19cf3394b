"""The OpenAPI description of the chat's routes; shapes are in chat_serializers.py."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema

from messaging.api.chat_serializers import (
    ChatMessagePageSerializer,
    ChatMessageSerializer,
    ConversationFilter,
    ConversationSerializer,
    MessageBody,
    MessageFilter,
)
from messaging.choices import ORDERS
from stores.api.schema import (
    IDEMPOTENCY_KEY,
    IN_BODIES,
    JSON,
    NO_SUCH_PARAMETER,
    example,
    problems,
    sent,
    without,
)

MESSAGE: dict[str, Any] = {
    "id": 4711,
    "text": _("It will be ready in five minutes."),
    "kind": "text",
    "cts": 1795991476,
    "direction": "shop",
    "state": "sent",
    "error": "",
}
LIST_CONVERSATIONS = extend_schema(
    operation_id="conversations_list",
    tags=["takeaway"],
    summary=_("Conversations with customers, the latest first"),
    description=_("Those of all stores that the key reaches. The key needs the scope `takeaway`."),
    parameters=[ConversationFilter],
    responses={
        (200, JSON): ConversationSerializer(many=True),
        **problems("not_found", scopes=(ORDERS,), invalid=NO_SUCH_PARAMETER),
    },
)
LIST_MESSAGES = extend_schema(
    operation_id="conversations_messages_list",
    tags=["takeaway"],
    summary=_("The messages of a conversation, as they arrived here"),
    description=_(
        "Up to 50 at a time, the oldest first. Ask with `after` for what came later: a message that"
        " Meituan brings late is not passed over, so sort by `cts` and `tie` to show them."
    ),
    parameters=[MessageFilter],
    responses={
        (200, JSON): ChatMessagePageSerializer,
        **problems("not_found", scopes=(ORDERS,), invalid=NO_SUCH_PARAMETER),
    },
)
SEND_MESSAGE = extend_schema(
    operation_id="conversations_messages_create",
    tags=["takeaway"],
    summary=_("Answer a customer"),
    description=_(
        "Meituan is told at once when its account is free, else in the background: 202 and the"
        " state `waiting`. With `unknown` the answer was lost: it may have arrived, and is not sent"
        " again by itself. Repeat a request with the same Idempotency-Key whenever its answer was"
        " lost; a new key with the same text sends it again."
    ),
    parameters=[IDEMPOTENCY_KEY],
    request=MessageBody,
    responses={
        (201, JSON): OpenApiResponse(ChatMessageSerializer, _("Handed over")),
        (202, JSON): OpenApiResponse(ChatMessageSerializer, _("Waits")),
        (200, JSON): OpenApiResponse(ChatMessageSerializer, _("The first message again")),
        **problems(
            *IN_BODIES,
            "key_reused",
            scopes=(ORDERS,),
            invalid=without("text"),
            chat_conflict={"detail": _("This customer is blocked.")},
        ),
    },
    examples=[
        sent("answer", _("An answer"), {"text": _("It will be ready in five minutes.")}),
        example("sent", _("Sent"), MESSAGE, 201),
    ],
)
