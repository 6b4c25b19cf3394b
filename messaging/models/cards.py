"""The 安心卡 of a takeaway store: what it says every day, what was saved, and who got it."""

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise

from messaging.choices import CardAudit, CardKind, CardSender, CardState, CardWay, Measure
from messaging.models.chat import Message
from messaging.models.orders import Order
from messaging.models.stores import TakeawayStore
from messaging.wire.cards import Card
from stores.fields import EncryptedJSONField, readable
from stores.tenancy import TenantQuerySet

LONGEST_NOTE, LONGEST_TIPS = 50, 200
# What `error` holds when it is no text of Meituan's: each reader has a language.
LATE, UNREACHED = "late", "unreached"
OURS: dict[str, StrOrPromise] = {
    LATE: _("The day of this card is over."),
    UNREACHED: _("Meituan could not be reached in time."),
}


class SafetyCard(models.Model):
    """What the card of a store always says, and how it stands at Meituan. Who works that day stands
    in SavedCard (docs/platforms/takeaway.md §6).
    """

    binding = models.OneToOneField(
        TakeawayStore,
        models.CASCADE,
        related_name="safety_card",
        editable=False,
        verbose_name=_("takeaway store"),
    )
    kind = models.PositiveSmallIntegerField(
        pgettext_lazy("safety card", "edition"), choices=CardKind, default=CardKind.NORMAL
    )
    on_poster = models.BooleanField(_("show it as the first poster of the store"), default=True)
    on_receipt = models.BooleanField(
        _("print it on the receipt"),
        default=False,
        help_text=_("On the customer's copy, with the people of that day."),
    )
    im_by = models.CharField(
        _("who sends it after an order"),
        max_length=10,
        choices=CardSender,
        default=CardSender.NOBODY,
    )
    tips = models.CharField(
        pgettext_lazy("safety card", "a word to customers"), max_length=LONGEST_TIPS, blank=True
    )
    reminds = models.BooleanField(_("remind us every day"), default=True)
    # What Meituan says; None and "" before it was asked.
    is_signed = models.BooleanField(_("letter of commitment signed"), null=True, editable=False)
    audit = models.CharField(
        pgettext_lazy("safety card", "at Meituan"),
        max_length=10,
        choices=CardAudit,
        blank=True,
        editable=False,
    )
    audit_tip = models.CharField(max_length=200, blank=True, editable=False)
    card_id = models.CharField(max_length=20, blank=True, editable=False)
    page = models.CharField(max_length=500, blank=True, editable=False)
    asked_at = models.DateTimeField(_("asked last"), null=True, editable=False)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "binding__store__merchant"
        store = "binding__store"

    class Meta:
        verbose_name = _("safety card")
        verbose_name_plural = _("safety cards")
        ordering = ["binding_id"]

    def __str__(self) -> str:
        return str(self.binding)


class CardMeasure(models.Model):
    """A measure of an upgraded card. Meituan's picture is at `picture`, `content` is our JPEG."""

    card = models.ForeignKey(
        SafetyCard, models.CASCADE, related_name="measures", verbose_name=_("safety card")
    )
    kind = models.PositiveSmallIntegerField(
        pgettext_lazy("safety card", "measure"), choices=Measure
    )
    note = models.CharField(
        pgettext_lazy("safety card", "in your own words"), max_length=LONGEST_NOTE, blank=True
    )
    is_shown = models.BooleanField(pgettext_lazy("safety card", "shown"), default=True)
    picture = models.CharField(max_length=500, blank=True, editable=False)
    content: Any = models.BinaryField(default=b"", editable=False)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "card__binding__store__merchant"
        store = "card__binding__store"

    class Meta:
        verbose_name = pgettext_lazy("safety card", "measure")
        verbose_name_plural = pgettext_lazy("safety card", "measures")
        ordering = ["kind"]
        constraints = [
            models.UniqueConstraint(fields=["card", "kind"], name="takeaway_one_measure_per_kind"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class CardTest(models.Model):
    """The picture of a nucleic acid test (核酸): ours and where it is at Meituan."""

    card = models.ForeignKey(
        SafetyCard, models.CASCADE, related_name="tests", verbose_name=_("safety card")
    )
    day = models.DateField(_("day of the test"))
    note = models.CharField(
        pgettext_lazy("safety card", "in your own words"), max_length=LONGEST_NOTE, blank=True
    )
    picture = models.CharField(max_length=500, editable=False)
    content: Any = models.BinaryField(editable=False)
    made_at = models.DateTimeField(_("uploaded"), default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "card__binding__store__merchant"
        store = "card__binding__store"

    class Meta:
        verbose_name = _("nucleic acid test")
        verbose_name_plural = _("nucleic acid tests")
        ordering = ["-day", "-id"]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"


class SavedCard(models.Model):
    """The whole card that a person filled in for a day: `content` is wire.cards.Card.as_biz().

    It names the staff, and is emptied after the merchant's days.
    """

    STATE_FIELD: ClassVar[str] = "state"
    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        CardState.WAITING: frozenset(
            {CardState.SAVED, CardState.REFUSED, CardState.FAILED, CardState.REPLACED}
        ),
        # A person may put a call that was given up back to work.
        CardState.FAILED: frozenset({CardState.SAVED, CardState.REFUSED}),
        CardState.SAVED: frozenset(),
        CardState.REFUSED: frozenset(),
        CardState.REPLACED: frozenset(),
    }

    card = models.ForeignKey(
        SafetyCard, models.CASCADE, related_name="saved", verbose_name=_("safety card")
    )
    day = models.DateField(_("day"))
    content = EncryptedJSONField(default=dict)
    state = models.CharField(
        _("state"), max_length=10, choices=CardState, default=CardState.WAITING
    )
    error = models.CharField(_("why it was not saved"), max_length=300, blank=True)
    filled_by = models.CharField(_("filled in by"), max_length=150, blank=True)
    filled_at = models.DateTimeField(_("filled in"), default=timezone.now)
    saved_at = models.DateTimeField(_("saved"), null=True)
    emptied_at = models.DateTimeField(_("content removed"), null=True, editable=False)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "card__binding__store__merchant"
        store = "card__binding__store"

    class Meta:
        verbose_name = _("safety card of a day")
        verbose_name_plural = _("safety cards of days")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["card", "day", "-id"], name="takeaway_card_of_day"),
        ]

    def __str__(self) -> str:
        return f"{self.card} {self.day:%Y-%m-%d}"

    @property
    def why_not(self) -> StrOrPromise:
        """Why it was not saved: our own sentence, or Meituan's words."""
        return OURS.get(self.error, self.error)

    @property
    def whole(self) -> Card:
        """What was filled in; an empty card once its content is removed."""
        return Card.of_biz(readable(self, "content", {}))


class CardDelivery(models.Model):
    """One way in which the card of an order got to its customer, or was to; each way only once.

    `message` is the one that we send; until it is made, or `why_not` says why there is none, a
    worker sees to it.
    """

    class WhyNot(models.TextChoices):
        NO_TALK = "no_talk", _("the customer has not written about this order")
        NO_CARD = "no_card", _("there was no card of that day")
        CLOSED = "closed", _("nothing could be written to the customer")

    order = models.ForeignKey(
        Order, models.CASCADE, related_name="card_deliveries", verbose_name=_("takeaway order")
    )
    way = models.CharField(pgettext_lazy("safety card", "way"), max_length=10, choices=CardWay)
    is_over = models.BooleanField(default=True, editable=False)
    message = models.ForeignKey(
        Message, models.SET_NULL, null=True, related_name="+", verbose_name=_("chat message")
    )
    why_not = models.CharField(_("why not"), max_length=10, choices=WhyNot, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "order__store__merchant"
        store = "order__store"

    class Meta:
        verbose_name = _("delivery of a safety card")
        verbose_name_plural = _("deliveries of safety cards")
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "way"], name="takeaway_card_once_per_way"),
        ]
        indexes = [
            models.Index(
                fields=["at"], name="takeaway_card_to_send", condition=models.Q(is_over=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} {self.get_way_display()}"
