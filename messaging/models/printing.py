"""Receipt printers of a store, and what they are to print."""

from datetime import timedelta
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from messaging.choices import (
    PAPER_KINDS,
    TEST_PAGE,
    OrderState,
    PaperState,
    PrinterReach,
    PrinterState,
    ReceiptCopy,
)
from messaging.models.chat import Message
from messaging.models.orders import Order
from stores.models import Store
from stores.tenancy import TenantQuerySet

MOST_COPIES = 5


class Printer(models.Model):
    """An ESC/POS printer in the network. `busy_until` is the lease of the process that talks with
    it: one at a time does. `agent_seen_at` is when the agent asked last whether something waits.
    """

    class Width(models.IntegerChoices):
        MM58 = 58, _("58 mm")
        MM80 = 80, _("80 mm")

    # What a person has to see to.
    IN_TROUBLE: ClassVar[frozenset[str]] = frozenset(
        {
            PrinterState.PAPER,
            PrinterState.HALTED,
            PrinterState.AWAY,
            PrinterState.FORBIDDEN,
            PrinterState.SILENT,
        }
    )

    store = models.ForeignKey(
        Store, models.PROTECT, related_name="printers", verbose_name=_("store")
    )
    name = models.CharField(_("name"), max_length=50)
    address = models.CharField(
        _("address"),
        max_length=100,
        help_text=_("Host and port, for example 192.168.1.50:9100."),
    )
    reach = models.CharField(
        pgettext_lazy("printer", "reached"),
        max_length=10,
        choices=PrinterReach,
        default=PrinterReach.DIRECT,
        help_text=_(
            "A printer behind the shop's own router is reached by a machine in the shop, on "
            "which the print agent runs with an API key of this store."
        ),
    )
    width = models.PositiveSmallIntegerField(_("paper"), choices=Width, default=Width.MM58)
    kitchen = models.PositiveSmallIntegerField(
        _("copies for the kitchen"), default=1, validators=[MaxValueValidator(MOST_COPIES)]
    )
    customer = models.PositiveSmallIntegerField(
        _("copies for the customer"), default=1, validators=[MaxValueValidator(MOST_COPIES)]
    )
    rider = models.PositiveSmallIntegerField(
        _("copies for the rider"), default=0, validators=[MaxValueValidator(MOST_COPIES)]
    )
    beeps = models.PositiveSmallIntegerField(
        _("beeps"),
        default=0,
        validators=[MaxValueValidator(9)],
        help_text=_("So often the printer's buzzer sounds with a receipt."),
    )
    old_minutes = models.PositiveSmallIntegerField(
        _("minutes until a receipt is old"),
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(1440)],
        help_text=_("What could not be printed for so long is not printed by itself any more."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=PrinterState,
        default=PrinterState.UNTRIED,
        editable=False,
    )
    state_at = models.DateTimeField(_("since"), null=True, editable=False)
    checked_at = models.DateTimeField(_("asked last"), null=True, editable=False)
    agent_seen_at = models.DateTimeField(null=True, editable=False)
    # Whether it answers questions about its paper; None: not known yet.
    answers = models.BooleanField(null=True, editable=False)
    last_error = models.CharField(max_length=200, blank=True, editable=False)
    busy_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "store__merchant"

    class Meta:
        verbose_name = _("receipt printer")
        verbose_name_plural = _("receipt printers")
        ordering = ["store_id", "name", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def has_agent(self) -> bool:
        return self.reach == PrinterReach.AGENT

    @property
    def in_trouble(self) -> bool:
        return self.state in self.IN_TROUBLE

    @property
    def old_after(self) -> timedelta:
        return timedelta(minutes=self.old_minutes)

    def copies(self) -> dict[ReceiptCopy, int]:
        """Returns how many of which copies it prints of each order."""
        counts = {copy: int(getattr(self, copy.value)) for copy in ReceiptCopy}
        return {copy: count for copy, count in counts.items() if count}


class PrintJobQuerySet(TenantQuerySet["PrintJob"]):
    def needing_person(self) -> "PrintJobQuerySet":
        """Those of orders under way that may not be on paper, and were not printed again."""
        again = PrintJob.objects.filter(
            order=models.OuterRef("order"),
            copy=models.OuterRef("copy"),
            is_reprint=True,
            pk__gt=models.OuterRef("pk"),
            state__in=[PaperState.QUEUED, PaperState.SENT, PaperState.CONFIRMED],
        )
        # Of a printer that never says whether it has printed, nobody can know more.
        is_mute = Q(state=PaperState.UNKNOWN, printed_by__answers=False)
        return self.filter(
            ~models.Exists(again) & ~is_mute,
            state__in=[PaperState.UNKNOWN, PaperState.FAILED],
            order__state=OrderState.CONFIRMED,
        )


class PrintJob(models.Model):
    """One piece of paper: a copy of an order's receipt, a slip that calls the shop to an urgent
    chat message, or a test page that an agent prints. Its bytes are made from the order or the
    message when it is printed.

    `printed_by` is the printer that took it: another one of the store when its own is in trouble.
    `wanted_at` is since when it is to be printed: a person who asks for an old one renews it.
    `claim` is the name that an agent gave to its fetching of the receipt.
    """

    STATE_FIELD: ClassVar[str] = "state"
    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        PaperState.QUEUED: frozenset({PaperState.SENT, PaperState.FAILED, PaperState.SKIPPED}),
        # Back to the queue: an agent says that it sent nothing of it.
        PaperState.SENT: frozenset({PaperState.CONFIRMED, PaperState.UNKNOWN, PaperState.QUEUED}),
        # A process that was slow may still learn how it ended.
        PaperState.UNKNOWN: frozenset({PaperState.CONFIRMED}),
        PaperState.CONFIRMED: frozenset(),
        PaperState.FAILED: frozenset(),
        PaperState.SKIPPED: frozenset(),
    }
    # What nothing more happens to by itself: a person may have it printed again.
    SETTLED: ClassVar[frozenset[str]] = frozenset(
        {PaperState.UNKNOWN, PaperState.CONFIRMED, PaperState.FAILED, PaperState.SKIPPED}
    )

    printer = models.ForeignKey(
        Printer, models.PROTECT, related_name="jobs", verbose_name=_("receipt printer")
    )
    order = models.ForeignKey(
        Order,
        models.CASCADE,
        null=True,
        related_name="print_jobs",
        verbose_name=_("takeaway order"),
    )
    message = models.ForeignKey(
        Message, models.CASCADE, null=True, related_name="slips", verbose_name=_("chat message")
    )
    copy = models.CharField(_("copy"), max_length=10, choices=PAPER_KINDS)
    number = models.PositiveSmallIntegerField(_("number"), default=1)
    is_reprint = models.BooleanField(_("printed again"), default=False)
    state = models.CharField(
        _("state"), max_length=10, choices=PaperState, default=PaperState.QUEUED
    )
    printed_by = models.ForeignKey(
        Printer, models.PROTECT, null=True, related_name="printed", verbose_name=_("printed by")
    )
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    claim = models.UUIDField(null=True, editable=False)
    error = models.CharField(_("error"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    wanted_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(_("sent"), null=True)
    settled_at = models.DateTimeField(_("settled"), null=True)

    objects = PrintJobQuerySet.as_manager()

    class Tenancy:
        merchant = "printer__store__merchant"
        store = "printer__store"

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "printer", "copy", "number"], name="takeaway_paper_once"
            ),
            models.UniqueConstraint(fields=["message"], name="takeaway_slip_once"),
            models.CheckConstraint(
                condition=Q(order__isnull=False, message__isnull=True)
                | Q(order__isnull=True, message__isnull=False)
                | Q(order__isnull=True, message__isnull=True, copy=TEST_PAGE),
                name="takeaway_paper_of_order_or_message",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "printer"], name="takeaway_paper_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.about or ''} {self.get_copy_display()}".strip()

    @property
    def about(self) -> Order | None:
        """The order; of a message the one that it names, None before an order."""
        return self.message.order if self.message else self.order
