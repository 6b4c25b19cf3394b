"""Choices that tables, wire and services share (docs/platforms/takeaway.md §0, §4.1, §4.5)."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# The short name of the takeaway platform in stored rows.
PLATFORM = "takeaway"
# The scope of API keys; the permissions to handle orders and to decide refunds.
ORDERS = "takeaway"
# The scope of the keys of print agents, which see receipts and no orders.
PRINT = "print"
TAKE, REFUND = "take_orders", "refund_orders"


class Provider(models.IntegerChoices):
    """businessId: what kind of service provider a store has bound us as."""

    TAKING = 2, _("takes orders")
    READING = 16, _("reads orders only")


class OrderState(models.TextChoices):
    """The state of an order for the shop."""

    NEW = "new", pgettext_lazy("takeaway order", "new")
    CONFIRMED = "confirmed", pgettext_lazy("takeaway order", "accepted")
    FINISHED = "finished", pgettext_lazy("takeaway order", "finished")
    CANCELLED = "cancelled", pgettext_lazy("takeaway order", "cancelled")
    UNKNOWN = "unknown", pgettext_lazy("takeaway order", "being asked for")


class DeliveryState(models.TextChoices):
    """How far the delivery of an order is. CANCELLED is not final: another rider may come."""

    NONE = "none", _("not begun")
    SENT = "sent", _("rider looked for")
    HELD = "held", _("held back")
    TAKEN = "taken", _("rider on the way to the shop")
    AT_SHOP = "at_shop", _("rider at the shop")
    PICKED_UP = "picked_up", _("picked up")
    DELIVERED = "delivered", _("delivered")
    CANCELLED = "cancelled", _("rider cancelled")
    UNKNOWN = "unknown", _("unknown to us")


class RefundState(models.TextChoices):
    OPEN = "open", _("to be decided")
    AGREED = "agreed", _("agreed")
    REJECTED = "rejected", pgettext_lazy("takeaway refund", "refused")
    WITHDRAWN = "withdrawn", _("withdrawn")


class PushKind(models.TextChoices):
    """The events that Meituan pushes, each to an address of its own, and what comes after them."""

    ORDER_NEW = "order_new", _("new order")
    ORDER_CONFIRMED = "order_confirmed", _("order accepted")
    ORDER_FINISHED = "order_finished", _("order finished")
    ORDER_CANCELLED = "order_cancelled", _("order cancelled")
    REFUND = "refund", _("refund of a whole order")
    PART_REFUND = "part_refund", _("refund of a part")
    SHIPPING = "shipping", _("delivery")
    REMIND = "remind", _("customer urges")
    POI_STATUS = "poi_status", _("store opened or closed at Meituan")
    SETTLEMENT = "settlement", _("settlement of an order")
    PRIVACY = "privacy", _("hidden numbers have ended")
    MESSAGE = "message", _("chat message")
    BIND = "bind", _("store bound")
    UNBIND = "unbind", _("store unbound")


# `logisticsCode` of orders that the shop's own couriers deliver.
OWN_DELIVERY = "0000"


class Opening(models.TextChoices):
    """What the platform says of a store: `poiStatus` 121, 120, 18, 19."""

    OPEN = "open", pgettext_lazy("takeaway store", "open")
    RESTING = "resting", pgettext_lazy("takeaway store", "resting")
    ONLINE = "online", pgettext_lazy("takeaway store", "online")
    OFFLINE = "offline", pgettext_lazy("takeaway store", "offline")


class Direction(models.TextChoices):
    """Who wrote a chat message."""

    CUSTOMER = "customer", _("customer")
    SHOP = "shop", _("shop")


class MessageKind(models.TextChoices):
    """What a chat message is. UNREADABLE: what came is not sealed with a secret that we know."""

    TEXT = "text", pgettext_lazy("message", "text")
    PICTURE = "picture", _("picture")
    OTHER = "other", _("something else")
    UNREADABLE = "unreadable", _("unreadable")


class Origin(models.TextChoices):
    """How a chat message came to be."""

    CUSTOMER = "customer", _("customer")
    PERSON = "person", _("staff")
    RULE = "rule", _("automatic reply")
    ELSEWHERE = "elsewhere", _("Meituan's own app")


class MessageState(models.TextChoices):
    """How far a message of the shop is; a customer's has none.

    UNKNOWN: it may have arrived, and is not sent again by itself.
    """

    WAITING = "waiting", pgettext_lazy("message", "waiting")
    SENT = "sent", pgettext_lazy("message", "sent")
    FAILED = "failed", pgettext_lazy("message", "not sent")
    UNKNOWN = "unknown", pgettext_lazy("message", "may have arrived")


class AutoReply(models.TextChoices):
    """A rule by which the shop answers without a person."""

    GREETING = "greeting", _("greeting")
    AWAY = "away", _("away reply")


class ReceiptCopy(models.TextChoices):
    """Who a copy of a receipt is for; the values are those of receipts/copies.py."""

    KITCHEN = "kitchen", _("kitchen")
    CUSTOMER = "customer", pgettext_lazy("receipt", "customer")
    RIDER = "rider", pgettext_lazy("receipt", "rider")


# No copies of a receipt: a slip that calls the shop to an urgent chat message, a page that tries a
# printer.
SLIP, TEST_PAGE = "chat", "test"
PAPER_KINDS = [*ReceiptCopy.choices, (SLIP, _("urgent message")), (TEST_PAGE, _("test page"))]


class PaperState(models.TextChoices):
    """How far a receipt is. UNKNOWN: it may be printed, wholly or half, and is not printed again by
    itself. FAILED: it is surely not printed, and will not be. SKIPPED: a person did not want it.
    """

    QUEUED = "queued", pgettext_lazy("receipt", "waiting")
    SENT = "sent", pgettext_lazy("receipt", "sent to the printer")
    CONFIRMED = "confirmed", pgettext_lazy("receipt", "printed")
    UNKNOWN = "unknown", pgettext_lazy("receipt", "may be printed")
    FAILED = "failed", pgettext_lazy("receipt", "not printed")
    SKIPPED = "skipped", pgettext_lazy("receipt", "left out")


class PrinterReach(models.TextChoices):
    """Who connects to a printer: this server, or a machine in the shop (`manage.py
    print_agent`).
    """

    DIRECT = "direct", pgettext_lazy("printer", "by this server")
    AGENT = "agent", pgettext_lazy("printer", "by a machine in the shop")


class PrintResult(models.TextChoices):
    """What became of a receipt that an agent fetched. SENT: it may be printed, wholly or half.
    FAILED: nothing of it was sent to the printer.
    """

    CONFIRMED = "confirmed", pgettext_lazy("receipt", "printed")
    SENT = "sent", pgettext_lazy("receipt", "may be printed")
    FAILED = "failed", pgettext_lazy("receipt", "not printed")


class PrinterState(models.TextChoices):
    """What a printer said last. MUTE: it takes what is sent and answers no question. AWAY: it is
    off or cannot be reached. SILENT: its agent is not heard of.
    """

    UNTRIED = "untried", pgettext_lazy("printer", "not tried yet")
    READY = "ready", pgettext_lazy("printer", "ready")
    MUTE = "mute", pgettext_lazy("printer", "prints, but does not confirm")
    PAPER = "paper", pgettext_lazy("printer", "no paper")
    HALTED = "halted", pgettext_lazy("printer", "cover open or error")
    AWAY = "away", pgettext_lazy("printer", "does not answer")
    FORBIDDEN = "forbidden", pgettext_lazy("printer", "address not allowed")
    SILENT = "silent", pgettext_lazy("printer", "the machine in the shop is not heard of")


class CardKind(models.IntegerChoices):
    """`type` of a store's 安心卡 (docs/platforms/takeaway.md §6)."""

    NORMAL = 0, pgettext_lazy("safety card", "normal")
    UPGRADED = 1, pgettext_lazy("safety card", "upgraded, with measures and their pictures")


class Measure(models.IntegerChoices):
    """`type` of a measure of an upgraded card; MEASURE_TEXTS has the text that Meituan demands."""

    TEMPERATURES = 1, _("everybody's temperature is normal")
    MASKS = 2, _("everybody wears a mask")
    HANDS = 3, _("everybody washes hands at fixed times")
    CLEANED = 4, _("the shop is disinfected every day")


MEASURE_TEXTS = {
    Measure.TEMPERATURES: "全员体温检测正常",
    Measure.MASKS: "全员佩戴口罩",
    Measure.HANDS: "全员定时洗手",
    Measure.CLEANED: "店内每日消毒",
}


class CardSender(models.TextChoices):
    """Who sends the card to customers after an order is completed. MEITUAN is `syncIM` 1."""

    NOBODY = "nobody", pgettext_lazy("safety card", "nobody")
    MEITUAN = "meituan", pgettext_lazy("safety card", "Meituan, as a picture")
    SHOP = "shop", pgettext_lazy("safety card", "we, to customers who have written")


class CardAudit(models.TextChoices):
    """`auditStatus` 0, 1, 2. A card that is not NORMAL is shown nowhere."""

    NORMAL = "normal", pgettext_lazy("safety card", "shown")
    OFFLINE = "offline", pgettext_lazy("safety card", "taken offline")
    REJECTED = "rejected", pgettext_lazy("safety card", "rejected")


class CardState(models.TextChoices):
    """How far one day's card is. REPLACED: a later one was filled in before it was sent."""

    WAITING = "waiting", pgettext_lazy("safety card", "being sent")
    SAVED = "saved", pgettext_lazy("safety card", "saved at Meituan")
    REFUSED = "refused", pgettext_lazy("safety card", "refused")
    FAILED = "failed", pgettext_lazy("safety card", "not sent")
    REPLACED = "replaced", pgettext_lazy("safety card", "filled in anew")


class CardWay(models.TextChoices):
    """How the card of an order gets to its customer."""

    MEITUAN = "meituan", pgettext_lazy("safety card", "sent by Meituan")
    SHOP = "shop", pgettext_lazy("safety card", "sent by us")
    PAPER = "paper", pgettext_lazy("safety card", "on the receipt")
