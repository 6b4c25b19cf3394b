"""Tables of the takeaway platform: bound stores, orders and their refunds, the chat."""

from messaging.models.chat import ChatRevision, Conversation, Message
from messaging.models.chat_desk import (
    ChatHours,
    ChatPicture,
    ChatStore,
    Draft,
    Onlooker,
    QuickReply,
)
from messaging.models.orders import MissedPush, Order
from messaging.models.refunds import Refund
from messaging.models.stores import TakeawayStore

__all__ = [
    "ChatHours",
    "ChatPicture",
    "ChatRevision",
    "ChatStore",
    "Conversation",
    "Draft",
    "Message",
    "MissedPush",
    "Onlooker",
    "Order",
    "QuickReply",
    "Refund",
    "TakeawayStore",
]
