"""Values that models, wire and services share (docs/platforms/wechat_delivery.md §5, §7)."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

PLATFORM = "wechat"
# The scope of API keys, and the permission of people, to send goods.
DELIVERIES = "deliveries"
SEND = "send_deliveries"
# The permission of people to see what couriers charge, and to compare their bills.
BILLS = "courier_bills"


class WaybillState(models.IntegerChoices):
    """How far a courier is with an order: WeChat's `order_status`."""

    WAITING = 101, _("waits for a rider")
    ACCEPTED = 102, _("a rider has accepted")
    CANCELLED_EARLY = 103, _("cancelled before a rider came")
    AT_SHOP = 201, _("rider at the shop")
    PICKED_UP = 202, pgettext_lazy("waybill", "picked up")
    NOT_PICKED_UP = 203, _("not picked up: cancelled by the shop")
    RIDER_LEFT = 204, _("not picked up: cancelled by the rider")
    SHOP_FAILED = 205, _("not picked up because of the shop")
    ON_THE_WAY = 301, _("on the way")
    DELIVERED = 302, _("delivered")
    GOES_BACK = 303, _("cancelled by the shop, goes back")
    NOT_REACHED = 304, _("receiver not reached, goes back")
    REFUSED = 305, _("receiver refuses, goes back")
    RETURNED = 401, _("is back at the shop")
    NO_RIDER = 501, _("cancelled by the courier")
    FORCE_MAJEURE = 502, _("cancelled by force majeure")


class Moment(models.TextChoices):
    """What the receiver and the merchant's own system are told, each once per delivery."""

    ACCEPTED = "accepted", _("a rider has accepted")
    PICKED_UP = "picked_up", _("on the way")
    DELIVERED = "delivered", _("delivered")
    ABNORMAL = "abnormal", _("something went wrong")


class Source(models.TextChoices):
    """How we heard of an order's state."""

    PUSH = "push", _("WeChat told us")
    ASKED = "asked", _("we asked")
    PERSON = "person", _("a person said it")


class ForPerson(models.TextChoices):
    """Why a delivery, or a rider who was called for it, was put before a person. What the person
    can do stands in services/persons.py.
    """

    NO_FIT = "no_fit", _("no courier fits the store's rule")
    ALL_REFUSE = "all_refuse", _("all couriers refuse the order")
    PAUSED = "paused", _("all couriers of the store are paused")
    NO_COURIER = "no_courier", _("the store has no courier that could be called")
    NO_ANSWER = "no_answer", _("WeChat or its couriers do not answer")
    COURIER_ENDED = "courier_ended", _("the courier has ended the order")
    COURIER_REFUSED = "courier_refused", _("the courier has refused the order")
    LADDER_END = "ladder_end", _("nobody accepts, and no step of the ladder is left")
    RETURNED = "returned", _("the goods are back at the shop")
    CASE = "case", _("the receiver says that nothing came")
    UNSURE = "unsure", _("the courier does not say for sure whether somebody rides")
    OVER_LIMIT = "over_limit", _("cancelling costs more than was allowed")
    CANCEL_REFUSED = "cancel_refused", _("the courier refuses to cancel")
    RETURN_REFUSED = "return_refused", _("the courier refuses that the goods are back")
    REVIVED = "revived", _("a rider took it after its end")
    OTHER = "other", _("nobody could be called by itself")


class Basis(models.TextChoices):
    """How it is known how long a delivery takes."""

    LEARNED = "learned", _("learned from own orders")
    QUOTED = "quoted", _("named by the courier")
    USUAL = "usual", _("what is usual")


class CancelReason(models.IntegerChoices):
    """Why a rider is no longer wanted: `cancel_reason_id`."""

    NOT_NEEDED = 1, _("no longer needed")
    PRICE = 2, _("the price does not fit")
    WRONG_ORDER = 3, _("wrong details, will be ordered again")
    LATE_AT_SHOP = 4, _("the rider is late at the shop")
    LATE_AT_RECEIVER = 5, _("the rider is late at the receiver")
    OTHER = 6, _("another reason")


class Audit(models.IntegerChoices):
    """Whether WeChat has let a bound courier account through: `audit_result`."""

    PASSED = 0, _("passed")
    WAITING = 1, _("being checked")
    FAILED = 2, _("not passed")


class Sure(models.TextChoices):
    """How sure a fact is."""

    OFFICIAL = "official", _("official")
    AGREED = "agreed", _("several sources agree")
    OPEN = "open", _("not known, or sources disagree")


class Told(models.TextChoices):
    """`InfoType` of a push to a provider."""

    TICKET = "component_verify_ticket"
    AUTHORISED = "authorized"
    CHANGED = "updateauthorized"
    WITHDRAWN = "unauthorized"


class TileSystem(models.TextChoices):
    """The coordinates in which the tiles of a map are drawn."""

    GCJ02 = "gcj02", "GCJ-02"
    WGS84 = "wgs84", "WGS-84"
    BD09 = "bd09", "BD-09"
