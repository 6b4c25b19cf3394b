"""Takeaway orders. Amounts are fen; None is what Meituan did not say."""

from datetime import timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from messaging.choices import DeliveryState, OrderState, PushKind
from stores.fields import EncryptedJSONField
from stores.models import Connection, Store
from stores.prepared import literals
from stores.tenancy import TenantQuerySet

# A push may be told so much later than we asked.
ON_ITS_WAY = timedelta(minutes=1)


class TakeawayOrderQuerySet(TenantQuerySet["Order"]):
    def open(self) -> Self:
        """Filters the orders that are not over, with their partial index."""
        return self.by_index(Q(state__in=literals(*Order.OPEN)))


class Order(models.Model):
    """One takeaway order. Pushes and queries change it; what they say is merged, so that neither
    their order nor their number matters (services/merging.py).

    `customer` holds what is personal: {"recipient", "phones", "address", "remark", "invoice_title",
    "taxpayer", "rider", "rider_phones"}. `content` is {"dishes": […], "discounts": […]} as in
    wire/orders.py.
    """

    STATE_FIELD: ClassVar[str] = "state"
    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        # Heard of by something else before the order itself came.
        OrderState.UNKNOWN: frozenset(
            {OrderState.NEW, OrderState.CONFIRMED, OrderState.FINISHED, OrderState.CANCELLED}
        ),
        OrderState.NEW: frozenset(
            {OrderState.CONFIRMED, OrderState.FINISHED, OrderState.CANCELLED}
        ),
        OrderState.CONFIRMED: frozenset({OrderState.FINISHED, OrderState.CANCELLED}),
        OrderState.FINISHED: frozenset({OrderState.CANCELLED}),
        OrderState.CANCELLED: frozenset(),
    }
    OPEN = (OrderState.UNKNOWN, OrderState.NEW, OrderState.CONFIRMED)

    # Its number and the time below have indexes that begin with it.
    connection = models.ForeignKey(
        Connection,
        models.PROTECT,
        related_name="takeaway_orders",
        db_index=False,
        verbose_name=_("connection"),
    )
    store = models.ForeignKey(
        Store,
        models.PROTECT,
        related_name="takeaway_orders",
        db_index=False,
        verbose_name=_("store"),
    )
    # Beyond 2^53, and text wherever programs see it.
    order_id = models.CharField(_("Meituan's order number"), max_length=20)
    view_id = models.CharField(_("order number as customers see it"), max_length=20, blank=True)
    day_number = models.PositiveIntegerField(_("number of the day"), null=True)
    state = models.CharField(
        _("state"), max_length=10, choices=OrderState, default=OrderState.UNKNOWN
    )
    delivery = models.CharField(
        _("delivery"), max_length=10, choices=DeliveryState, default=DeliveryState.NONE
    )
    delivery_at = models.DateTimeField(null=True, editable=False)
    heard_at = models.DateTimeField(_("arrived here"), default=timezone.now)
    ordered_at = models.DateTimeField(pgettext_lazy("order", "ordered"), default=timezone.now)
    accepted_at = models.DateTimeField(_("accepted at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True)
    cancel_code = models.CharField(_("why it was cancelled"), max_length=10, blank=True)
    cancel_reason = models.CharField(_("reason"), max_length=300, blank=True)
    # None means at once.
    wanted_at = models.DateTimeField(_("wanted at"), null=True)
    expected_at = models.DateTimeField(_("expected at"), null=True)
    ready_until = models.DateTimeField(_("meal to be ready"), null=True)
    ready_at = models.DateTimeField(_("meal ready at"), null=True)
    urged_at = models.DateTimeField(_("urged at"), null=True)
    urge_answered_at = models.DateTimeField(null=True)
    # Another time that the customer asks for.
    new_time = models.DateTimeField(_("other time asked for"), null=True)
    new_time_until = models.DateTimeField(null=True)
    new_time_answered_at = models.DateTimeField(null=True)
    is_pick_up = models.BooleanField(_("picked up by the customer"), null=True)
    is_cash = models.BooleanField(_("paid in cash"), default=False)
    guests = models.IntegerField(_("cutlery for"), null=True)
    logistics = models.CharField(_("kind of delivery"), max_length=20, blank=True)
    paid = models.IntegerField(_("customer paid"), null=True)
    original = models.IntegerField(_("before discounts"), null=True)
    shipping_fee = models.IntegerField(_("delivery fee"), null=True)
    bag_fee = models.IntegerField(_("bag"), default=0)
    received = models.IntegerField(_("shop receives"), null=True)
    # When Meituan told another sum than before; None: never.
    received_changed_at = models.DateTimeField(null=True, editable=False)
    service_fee = models.IntegerField(_("Meituan's service fee"), null=True)
    delivery_charge = models.IntegerField(_("Meituan's delivery charge"), null=True)
    content = models.JSONField(default=dict, editable=False)
    customer = EncryptedJSONField(
        pgettext_lazy("takeaway order", "customer"), default=dict, blank=True
    )
    # What of the order could not be read, by its names at Meituan.
    unreadable = models.JSONField(default=list, editable=False)
    # When Meituan changed last what stands here; None: nothing stands here yet.
    said_at = models.DateTimeField(null=True, editable=False)
    # When Meituan was asked for it last; None: never.
    read_at = models.DateTimeField(_("read at Meituan"), null=True, editable=False)
    address_removed_at = models.DateTimeField(null=True, editable=False)
    emptied_at = models.DateTimeField(_("content removed"), null=True, editable=False)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = TakeawayOrderQuerySet.as_manager()

    class Tenancy:
        merchant = "store__merchant"

    class Meta:
        verbose_name = _("takeaway order")
        verbose_name_plural = _("takeaway orders")
        ordering = ["-ordered_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "order_id"], name="takeaway_one_order_per_number"
            ),
        ]
        indexes = [
            models.Index(fields=["store", "-ordered_at", "-id"], name="takeaway_order_by_store"),
            models.Index(fields=["-ordered_at", "-id"], name="takeaway_order_newest"),
            models.Index(fields=["order_id"], name="takeaway_order_number"),
            models.Index(fields=["view_id"], name="takeaway_order_view_number"),
            # What the order desk polls.
            models.Index(fields=["store", "changed_at"], name="takeaway_order_changed"),
            models.Index(
                fields=["store"],
                name="takeaway_order_open",
                condition=Q(state__in=["unknown", "new", "confirmed"]),
            ),
            models.Index(
                fields=["heard_at"], name="takeaway_order_kept", condition=Q(emptied_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.day_number}" if self.day_number else self.order_id

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    def note_change(self) -> None:
        """Notes that something about the order is otherwise now: open pages look for that."""
        self.save(update_fields=["changed_at"])

    @property
    def dishes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.content.get("dishes", [])
        return found

    @property
    def discounts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.content.get("discounts", [])
        return found


class MissedPushQuerySet(TenantQuerySet["MissedPush"]):
    def lost(self) -> Self:
        """Filters those whose push was not merely on its way when we asked."""
        before = timezone.now() - ON_ITS_WAY
        is_late = Q(came_at__gte=models.F("found_at") + ON_ITS_WAY)
        return self.filter(Q(came_at=None, found_at__lt=before) | is_late)


class MissedPush(models.Model):
    """Something about an order that we found by asking and had not been told by a push.

    A push that comes late sets `came_at`.
    """

    order = models.ForeignKey(
        Order, models.CASCADE, related_name="missed", verbose_name=_("takeaway order")
    )
    kind = models.CharField(_("what was not told"), max_length=20, choices=PushKind)
    found_at = models.DateTimeField(pgettext_lazy("missed push", "found"), default=timezone.now)
    came_at = models.DateTimeField(_("push came"), null=True)

    objects = MissedPushQuerySet.as_manager()

    class Tenancy:
        merchant = "order__store__merchant"
        store = "order__store"

    class Meta:
        verbose_name = _("missed push")
        verbose_name_plural = _("missed pushes")
        ordering = ["-found_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "kind"], condition=Q(came_at=None), name="takeaway_missed_once"
            ),
        ]
        indexes = [models.Index(fields=["-found_at"], name="takeaway_missed_newest")]

    def __str__(self) -> str:
        return f"{self.order} {self.get_kind_display()}"
