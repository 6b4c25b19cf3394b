"""Tables of the takeaway platform: bound stores, orders, refunds, chat, receipts, safety cards."""

from messaging.models.cards import CardDelivery, CardMeasure, CardTest, SafetyCard, SavedCard
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
    "CardDelivery",
    "CardMeasure",
    "CardTest",
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
    "SafetyCard",
    "SavedCard",
    "TakeawayStore",
]
