"""Choices that tables, wire and services share (docs/platforms/takeaway.md §0, §4.1, §4.5)."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# The short name of the takeaway platform in stored rows.
PLATFORM = "takeaway"


class Provider(models.IntegerChoices):
    """businessId: what kind of service provider a store has bound us as."""

    TAKING = 2, _("takes orders")
    READING = 16, _("reads orders only")


class OrderState(models.TextChoices):
    """The state of an order for the shop."""

    NEW = "new", _("new")
    CONFIRMED = "confirmed", _("accepted")
    FINISHED = "finished", _("finished")
    CANCELLED = "cancelled", _("cancelled")
    UNKNOWN = "unknown", _("unknown to us")


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
    REJECTED = "rejected", _("refused")
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

    OPEN = "open", _("open")
    RESTING = "resting", _("resting")
    ONLINE = "online", _("online")
    OFFLINE = "offline", _("offline")


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
