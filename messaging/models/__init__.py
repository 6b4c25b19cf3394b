"""Tables of the takeaway platform: bound stores, orders and their refunds, the chat, receipts."""

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
from messaging.models.printing import Printer, PrintJob
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
    "PrintJob",
    "Printer",
    "QuickReply",
    "Refund",
    "TakeawayStore",
]
