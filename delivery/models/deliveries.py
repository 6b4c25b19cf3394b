"""What a shop sends, and the riders who were called for it. Amounts are yuan."""

from decimal import Decimal
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from delivery.choices import ForPerson, WaybillState
from delivery.models.accounts import StoreCourier
from stores.fields import EncryptedJSONField, EncryptedTextField
from stores.models import Store
from stores.prepared import Literal, literals
from stores.tenancy import TenantQuerySet


def yuan(label: Any) -> "models.DecimalField[Decimal | None, Decimal | None]":
    """A sum that is None as long as nobody has named it."""
    return models.DecimalField(label, max_digits=8, decimal_places=2, null=True)


class DeliveryQuerySet(TenantQuerySet["Delivery"]):
    def real(self) -> Self:
        """Leaves out what the drill makes: it is nobody's to see or to count."""
        return self.filter(is_drill=False)

    def for_staff(self, actor: Any) -> Self:
        return super().for_staff(actor).real()

    def locked(self, pk: int) -> "Delivery":
        """Returns the delivery, locked. Who locks one of its attempts locks it first."""
        return self.select_for_update(no_key=True).get(pk=pk)

    def open(self) -> Self:
        """Filters those that are not over, with their partial index."""
        return self.by_index(Q(state__in=literals(*Delivery.OPEN))).real()

    def needing_person(self) -> Self:
        """Filters those that somebody has to look at, also those of which only the receiver says
        so: an open case need not set `needs_person` (services/cases.py). Each is found by its
        partial index.
        """
        said = Delivery.objects.filter(needs_person=True).order_by().values("pk")
        # Of a table that stands above this one.
        cases: Any = Delivery._meta.get_field("cases").related_model
        open_cases = cases.objects.filter(closed_at=None).order_by().values("delivery")
        return self.real().filter(pk__in=said.union(open_cases))


class Delivery(models.Model):
    """Goods that a store sends to one receiver, by one rider after the other until one brings it.

    `receiver` is {"name", "phone", "city", "address", "detail", "lng", "lat"}; coordinates
    are texts in GCJ-02. `cargo` is {"first_class", "second_class", "goods": [{"name", "count",
    "price", "unit"}], "pickup_info", "delivery_info", "size": {"goods_height" …: cm as text}},
    `notice` {"page", "picture", "goods", "count"} and `wishes` {"number", "insured_for",
    "is_direct", "needs_pickup_code", "needs_finish_code", "service", "pick_method", "is_arrival"}.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("no rider called")
        RUNNING = "running", _("with a courier")
        DELIVERED = "delivered", _("delivered")
        RETURNED = "returned", _("back at the shop")
        CANCELLED = "cancelled", _("cancelled")

    class Then(models.TextChoices):
        """What is done once the rider who was called is surely gone."""

        NOTHING = "", _("a person decides")
        NEXT = "next", _("call the next courier")
        OURSELVES = "ourselves", _("deliver it ourselves")
        CANCEL = "cancel", _("cancel the delivery")
        # Of one that waits: nobody was called yet.
        AT_TIME = "at_time", _("call by the rule when it is time")

    STATE_FIELD: ClassVar[str] = "state"
    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        # A rider who was taken for gone may bring the goods after all, or take them back.
        State.WAITING: frozenset({State.RUNNING, State.CANCELLED, State.DELIVERED, State.RETURNED}),
        State.RUNNING: frozenset({State.WAITING, State.DELIVERED, State.RETURNED, State.CANCELLED}),
        State.CANCELLED: frozenset({State.DELIVERED, State.RETURNED}),
        State.RETURNED: frozenset({State.RUNNING, State.DELIVERED}),
        State.DELIVERED: frozenset(),
    }
    OPEN = (State.WAITING, State.RUNNING)

    store = models.ForeignKey(
        Store,
        models.PROTECT,
        related_name="deliveries",
        db_index=False,
        verbose_name=_("store"),
    )
    # The shop's own number of the order; "" where it has none.
    reference = models.CharField(_("your order number"), max_length=64, blank=True)
    slug = models.CharField(_("tracking page"), max_length=32, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    then = models.CharField(
        _("afterwards"), max_length=10, choices=Then, default=Then.NOTHING, blank=True
    )
    openid = models.CharField(_("receiver's openid"), max_length=64, blank=True)
    receiver = EncryptedJSONField(_("receiver"), default=dict)
    phone_tail = models.CharField(_("last digits of the phone"), max_length=4, blank=True)
    note = EncryptedTextField(pgettext_lazy("goods", "note"), blank=True, default="")
    value = models.DecimalField(_("value of the goods"), max_digits=8, decimal_places=2)
    weight = models.DecimalField(_("weight in kg"), max_digits=6, decimal_places=2)
    cargo = models.JSONField(_("goods"), default=dict)
    notice = models.JSONField(default=dict, editable=False)
    wishes = models.JSONField(default=dict, editable=False)
    # None means at once. A time that is booked at the courier, or, with "is_arrival" in `wishes`,
    # when the goods are to arrive.
    wanted_at = models.DateTimeField(_("wanted at"), null=True, blank=True)
    # When couriers are to be called so that it arrives by `wanted_at`, and why then
    # (services/arriving.py); None: as soon as it is ready.
    call_at = models.DateTimeField(_("to be called at"), null=True, editable=False)
    call_plan = models.JSONField(default=dict, editable=False)
    # Since when a rider may be called for it; None: the goods are not ready.
    ready_at = models.DateTimeField(_("ready at"), null=True)
    needs_person = models.BooleanField(_("needs a person"), default=False)
    # Counts only together with `needs_person`.
    for_person = models.CharField(_("why"), max_length=20, choices=ForPerson, blank=True)
    # Since when nobody answers who could be called, and when it is tried again; None: not so.
    retry_since = models.DateTimeField(null=True, editable=False)
    retry_at = models.DateTimeField(null=True, editable=False)
    # Made by the drill (drill/), which takes it away again; no list and no figure counts it.
    is_drill = models.BooleanField(_("drill"), default=False, db_default=False, editable=False)
    created_by = models.CharField(_("created by"), max_length=150, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True)
    emptied_at = models.DateTimeField(_("content removed"), null=True, editable=False)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    # True on the row that an order with a known reference gets again; not stored.
    is_repeat = False

    objects = DeliveryQuerySet.as_manager()

    class Tenancy:
        merchant = "store__merchant"

    class Meta:
        verbose_name = pgettext_lazy("goods", "delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["store", "reference"],
                condition=~Q(reference=""),
                name="delivery_one_per_reference",
            ),
        ]
        indexes = [
            models.Index(fields=["store", "-created_at", "-id"], name="delivery_by_store"),
            models.Index(fields=["-created_at", "-id"], name="delivery_newest"),
            # What the dispatch board polls.
            models.Index(fields=["store", "changed_at"], name="delivery_changed"),
            models.Index(
                fields=["store"],
                name="delivery_open",
                condition=Q(state__in=["waiting", "running"]),
            ),
            models.Index(fields=["created_at"], name="delivery_kept", condition=Q(emptied_at=None)),
            models.Index(
                fields=["store"], name="delivery_needs_person", condition=Q(needs_person=True)
            ),
            models.Index(fields=["store", "phone_tail"], name="delivery_phone_tail"),
        ]

    def __str__(self) -> str:
        return self.reference or f"#{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def is_arrival(self) -> bool:
        """Whether `wanted_at` is when the goods are to arrive, and not booked at the courier."""
        return bool(self.wishes.get("is_arrival"))

    def note_change(self) -> None:
        """Notes that something about the delivery is otherwise now: open pages look for that."""
        self.save(update_fields=["changed_at"])


class AttemptQuerySet(TenantQuerySet["Attempt"]):
    def real(self) -> Self:
        """Leaves out those of the drill."""
        return self.filter(delivery__is_drill=False)

    def for_staff(self, actor: Any) -> Self:
        return super().for_staff(actor).real()

    def live(self) -> Self:
        """Filters those by which a rider may come, with their partial index."""
        return self.by_index(Q(state__in=literals(*Attempt.LIVE_STATES)))

    def revived(self) -> Self:
        """Filters those that a rider took after their end, with their partial index."""
        return self.by_index(Q(state=Literal(Attempt.State.REVIVED)))


class Attempt(models.Model):
    """One rider called for a delivery, or, without a courier, the shop's own people.

    At most one attempt of a delivery is live: the database holds it. `life` counts how often a
    rider was called again under the same number (WeChat's readd).
    """

    class State(models.TextChoices):
        CALLING = "calling", _("being called")
        LIVE = "live", _("under way")
        ENDING = "ending", _("being ended")
        DEAD = "dead", _("ended without delivery")
        DELIVERED = "delivered", _("delivered")
        RETURNED = "returned", _("back at the shop")
        REVIVED = "revived", _("a rider took it after its end")

    STATE_FIELD: ClassVar[str] = "state"
    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.CALLING: frozenset(
            {State.LIVE, State.ENDING, State.DEAD, State.DELIVERED, State.RETURNED}
        ),
        State.LIVE: frozenset({State.ENDING, State.DEAD, State.DELIVERED, State.RETURNED}),
        # A courier may refuse a cancellation.
        State.ENDING: frozenset({State.LIVE, State.DEAD, State.DELIVERED, State.RETURNED}),
        State.DEAD: frozenset({State.REVIVED}),
        State.REVIVED: frozenset({State.DEAD, State.DELIVERED, State.RETURNED}),
        State.DELIVERED: frozenset(),
        State.RETURNED: frozenset(),
    }
    # As long as one of these is not left, nobody else is called.
    LIVE_STATES = (State.CALLING, State.LIVE, State.ENDING)

    delivery = models.ForeignKey(
        Delivery,
        models.CASCADE,
        related_name="attempts",
        verbose_name=pgettext_lazy("goods", "delivery"),
    )
    courier = models.ForeignKey(
        StoreCourier,
        models.PROTECT,
        null=True,
        related_name="attempts",
        # delivery_attempt_by_courier begins with it.
        db_index=False,
        verbose_name=_("courier"),
    )
    courier_code = models.CharField(_("courier's id"), max_length=64, blank=True)
    shopid = models.CharField(_("account at the courier"), max_length=64, blank=True)
    shop_order_id = models.CharField(_("order number at the courier"), max_length=128)
    life = models.PositiveSmallIntegerField(default=1, editable=False)
    # Steps of the ladder that were taken.
    steps = models.PositiveSmallIntegerField(default=0, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.CALLING)
    # None before anything was heard.
    waybill_state = models.PositiveSmallIntegerField(
        _("state at the courier"), choices=WaybillState, null=True
    )
    waybill_at = models.DateTimeField(null=True, editable=False)
    waybill_id = models.CharField(_("waybill number"), max_length=128, blank=True)
    price_token = models.CharField(max_length=200, blank=True, editable=False)
    fee = yuan(pgettext_lazy("delivery", "fee"))
    delivery_fee = yuan(_("of which delivery"))
    coupon = yuan(_("courier's coupon"))
    insurance = yuan(_("insurance"))
    tip = models.DecimalField(_("tip"), max_digits=8, decimal_places=2, default=Decimal(0))
    deduction = yuan(_("kept by the courier"))
    # The most that the cancellation asked for may cost; None: whatever it costs.
    cancel_limit = yuan(_("limit of the cancellation"))
    # What a person or a rule wanted before it could be done.
    is_unwanted = models.BooleanField(_("to be cancelled"), default=False)
    cancel_reason = models.PositiveSmallIntegerField(null=True, editable=False)
    refusal = models.CharField(_("courier's words"), max_length=300, blank=True)
    distance = models.PositiveIntegerField(_("distance in metres"), null=True)
    seconds = models.PositiveIntegerField(_("time in seconds"), null=True)
    pickup_code = EncryptedTextField(_("pick-up code"), blank=True, default="")
    finish_code = EncryptedTextField(_("hand-over code"), blank=True, default="")
    # {"name", "phone", "lng", "lat", "at"}: coordinates are texts, `at` is Unix seconds.
    rider = EncryptedJSONField(_("rider"), default=dict, blank=True)
    arrives_at = models.DateTimeField(_("expected at"), null=True)
    # When the courier confirmed the cancellation; None: it has not.
    cancelled_at = models.DateTimeField(_("cancellation confirmed"), null=True)
    revived_at = models.DateTimeField(_("taken after its end"), null=True)
    needs_person = models.BooleanField(_("needs a person"), default=False)
    for_person = models.CharField(_("why"), max_length=20, choices=ForPerson, blank=True)
    called_at = models.DateTimeField(_("called"), default=timezone.now)
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    # When the courier was asked last, and is asked next; None: never.
    asked_at = models.DateTimeField(null=True, editable=False)
    ask_at = models.DateTimeField(null=True, editable=False)

    objects = AttemptQuerySet.as_manager()

    class Tenancy:
        merchant = "delivery__store__merchant"
        store = "delivery__store"

    class Meta:
        verbose_name = _("called rider")
        verbose_name_plural = _("called riders")
        ordering = ["delivery_id", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["delivery"],
                condition=Q(state__in=["calling", "live", "ending"]),
                name="delivery_one_live_attempt",
            ),
            models.UniqueConstraint(
                fields=["shop_order_id", "shopid", "life"], name="delivery_one_attempt_per_number"
            ),
        ]
        indexes = [
            models.Index(
                fields=["ask_at"],
                name="delivery_attempt_to_ask",
                condition=Q(ask_at__isnull=False),
            ),
            models.Index(fields=["courier", "called_at"], name="delivery_attempt_by_courier"),
            models.Index(fields=["called_at"], name="delivery_attempt_by_time"),
            models.Index(
                fields=["delivery"],
                name="delivery_attempt_revived",
                condition=Q(state="revived"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delivery}: {self.courier_name}"

    @property
    def courier_name(self) -> str:
        return self.courier.account.courier if self.courier else str(_("we"))

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE_STATES

    @property
    def has_accepted(self) -> bool:
        """Whether a rider has taken it and not given it back."""
        return self.waybill_state not in (None, WaybillState.WAITING)
