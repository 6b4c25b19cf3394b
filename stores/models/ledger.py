"""The ledgers: messages from platforms, calls to platforms, and every try."""

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from stores.fields import (
    EncryptedJSONField,
    EncryptedListField,
    EncryptedTextField,
    readable,
)
from stores.models.connections import Connection, Pace
from stores.models.people import Store
from stores.prepared import Literal, Param, literals
from stores.tenancy import TenantQuerySet


class InboundQuerySet(TenantQuerySet["InboundEvent"]):
    def live(self) -> Self:
        """Returns the events that are not handled, by their partial index."""
        return self.by_index(~Q(state=Literal(InboundEvent.State.HANDLED)))


class InboundEvent(models.Model):
    """A notice or a question of a platform, stored once; only authenticated requests are stored.

    Body and answers are encrypted, and emptied after the merchant's days (platforms/retention.py).
    """

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        HANDLING = "handling", _("handling")
        HANDLED = "handled", _("handled")
        FAILED = "failed", _("failed")

    platform = models.CharField(_("platform"), max_length=20)
    # Indexed together with the key and with what it concerns.
    connection = models.ForeignKey(
        Connection,
        models.PROTECT,
        related_name="inbound",
        db_index=False,
        verbose_name=_("connection"),
    )
    kind = models.CharField(_("kind"), max_length=60)
    dedup_key = models.CharField(_("deduplication key"), max_length=200)
    # The account by which a notice to a developer account names its store; "" when it names none.
    store_name = models.CharField(_("store at the platform"), max_length=200, blank=True)
    body = EncryptedJSONField(_("body"), default=dict)
    answer = EncryptedTextField(_("answer"), blank=True)
    is_final = models.BooleanField(
        _("final"),
        default=True,
        help_text=_("A repetition gets the same answer; otherwise it is judged anew"),
    )
    subject_id = models.BigIntegerField(
        _("concerns"),
        null=True,
        blank=True,
        help_text=_("Primary key of the row that this is about"),
    )
    is_drill = models.BooleanField(_("drill"), default=False, db_default=False, editable=False)
    # Answers before this one, while it was not final: [{"at", "body", "answer"}].
    earlier = EncryptedListField(default=list, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RECEIVED)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    repeats = models.PositiveIntegerField(_("repeats"), default=0)
    error = EncryptedTextField(_("error"), blank=True)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    received_at = models.DateTimeField(_("received at"), auto_now_add=True)
    handled_at = models.DateTimeField(_("handled at"), null=True, blank=True)
    emptied_at = models.DateTimeField(_("content removed"), null=True, blank=True, editable=False)

    objects = InboundQuerySet.as_manager()

    class Tenancy:
        merchant = "connection__merchant"
        store = None

    class Meta:
        verbose_name = _("inbound event")
        verbose_name_plural = _("inbound events")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["platform", "connection", "kind", "dedup_key"],
                name="one_inbound_event_per_key",
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="inbound_open", condition=~Q(state="handled")),
            models.Index(
                fields=["connection", "subject_id"],
                name="inbound_subject",
                condition=Q(subject_id__isnull=False),
            ),
            models.Index(
                fields=["connection", "received_at"],
                name="inbound_kept",
                condition=Q(emptied_at=None),
            ),
        ]

    @property
    def may_be_replayed(self) -> bool:
        """Whether a person may queue it again: its handler failed, or there was none."""
        if self.emptied_at:
            return False
        return self.state == self.State.FAILED or bool(
            self.state == self.State.HANDLED and readable(self, "error", "")
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.dedup_key}"


class OutboundQuerySet(TenantQuerySet["OutboundCall"]):
    def live(self) -> Self:
        """Calls that are not settled, by their partial index."""
        return self.by_index(self.model.is_live())

    def failed_since(self, moment: datetime) -> Self:
        """Returns the calls that were refused or given up since then."""
        return self.by_index(self.model.has_failed() & Q(settled_at__gte=moment))

    def due(self, now: datetime | Param, *, refused_since: datetime | Param) -> Self:
        """Calls that can be sent now, or asked about; of a series only the first.

        A call is not sent after its time is over, but it is still asked about. Calls rest whose
        connection's login was refused after `refused_since`.
        """
        state = OutboundCall.State
        is_free = Q(lease_until=None) | Q(lease_until__lt=now)
        in_time = Q(state=state.UNKNOWN) | Q(expires_at__gt=now)
        login_refused = Connection.objects.filter(
            pk=OuterRef("connection"),
            state=Connection.State.REFUSED,
            checked_at__gt=refused_since,
        )
        earlier = OutboundCall.objects.filter(
            OutboundCall.is_live(),
            series__gt=Literal(""),
            series=OuterRef("series"),
            pk__lt=OuterRef("pk"),
        )
        return self.filter(
            OutboundCall.is_live()
            & ~Q(state=state.SENDING)
            & Q(due_at__lte=now)
            & is_free
            & in_time,
            ~Exists(login_refused),
            Q(series="") | ~Exists(earlier),
        )


class OutboundCall(models.Model):
    """One call that is owed to a platform. stores/transitions.py alone changes its state."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        SENDING = "sending", _("sending")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")
        UNKNOWN = "unknown", _("unknown")
        DEAD = "dead", _("given up")

    class Lane(models.IntegerChoices):
        COUNTER = -1, _("counter")
        INTERACTIVE = 0, _("somebody is waiting")
        BACKGROUND = 1, _("background")

    STATE_FIELD: ClassVar[str] = "state"
    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.PENDING: frozenset({State.SENDING, State.DEAD}),
        State.SENDING: frozenset(
            {State.PENDING, State.DONE, State.REFUSED, State.UNKNOWN, State.DEAD}
        ),
        State.UNKNOWN: frozenset({State.PENDING, State.DONE, State.REFUSED, State.DEAD}),
        State.DEAD: frozenset({State.PENDING, State.UNKNOWN, State.DONE, State.REFUSED}),
        State.DONE: frozenset(),
        State.REFUSED: frozenset(),
    }
    LIVE = (State.PENDING, State.SENDING, State.UNKNOWN)
    FAILED = (State.REFUSED, State.DEAD)

    platform = models.CharField(_("platform"), max_length=20)
    operation = models.CharField(_("operation"), max_length=40)
    key = models.CharField(_("idempotency key"), max_length=100)
    connection = models.ForeignKey(
        Connection, models.PROTECT, related_name="outbound", verbose_name=_("connection")
    )
    pace = models.ForeignKey(
        Pace, models.PROTECT, related_name="calls", db_index=False, verbose_name=_("pace")
    )
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("store")
    )
    subject_id = models.BigIntegerField(
        _("concerns"), help_text=_("Primary key of the row this call is owed for")
    )
    payload = EncryptedJSONField(_("payload"), default=dict, blank=True)
    # Calls of the same series are made one after the other, as they were owed; "" for none.
    series = models.CharField(max_length=60, blank=True, default="", editable=False)
    lane = models.SmallIntegerField(_("lane"), choices=Lane, default=Lane.BACKGROUND)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    queued_at = models.DateTimeField(pgettext_lazy("time", "queued"), default=timezone.now)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    expires_at = models.DateTimeField(_("give up after"))
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    claim = models.CharField(max_length=32, blank=True, editable=False)
    was_unknown = models.BooleanField(_("an answer was lost"), default=False)
    attempts_made = models.PositiveIntegerField(_("attempts"), default=0)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    emptied_at = models.DateTimeField(_("content removed"), null=True, blank=True, editable=False)
    is_drill = models.BooleanField(_("drill"), default=False, db_default=False, editable=False)

    objects = OutboundQuerySet.as_manager()

    class Tenancy:
        merchant = "connection__merchant"

    class Meta:
        verbose_name = _("outbound call")
        verbose_name_plural = _("outbound calls")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["platform", "operation", "key"], name="one_outbound_call_per_key"
            ),
        ]
        indexes = [
            models.Index(
                fields=["pace", "lane", "queued_at"],
                name="outbound_live",
                condition=Q(state__in=["pending", "sending", "unknown"]),
            ),
            models.Index(
                fields=["settled_at"],
                name="outbound_failed",
                condition=Q(state__in=["refused", "dead"]),
            ),
            models.Index(fields=["operation", "subject_id"], name="outbound_subject"),
            models.Index(
                fields=["connection", "settled_at"],
                name="outbound_kept",
                condition=Q(settled_at__isnull=False, emptied_at=None),
            ),
            models.Index(
                fields=["series"],
                name="outbound_series",
                condition=Q(state__in=["pending", "sending", "unknown"], series__gt=""),
            ),
        ]

    @classmethod
    def is_live(cls) -> Q:
        """The condition of the index outbound_live."""
        return Q(state__in=literals(*cls.LIVE))

    @classmethod
    def has_failed(cls) -> Q:
        """The condition of the index outbound_failed."""
        return Q(state__in=literals(*cls.FAILED))

    def __str__(self) -> str:
        return f"{self.operation} {self.key}"


class OutboundAttempt(models.Model):
    """One try at a call: what was sent and what came back, encrypted and without secrets."""

    class Outcome(models.TextChoices):
        STARTED = "started", _("no answer recorded")
        ANSWERED = "answered", _("answered")
        REFUSED = "refused", _("refused")
        NOT_SENT = "not_sent", _("not sent")
        THROTTLED = "throttled", _("throttled")
        UNKNOWN = "unknown", _("answer lost")
        TIMED_OUT = "timed_out", _("no answer in time")

    class Kind(models.TextChoices):
        SEND = "send", _("send")
        ASK = "ask", _("ask what became of it")

    call = models.ForeignKey(
        OutboundCall, models.CASCADE, related_name="attempts", verbose_name=_("call")
    )
    kind = models.CharField(_("kind"), max_length=5, choices=Kind, default=Kind.SEND)
    outcome = models.CharField(
        _("outcome"), max_length=10, choices=Outcome, default=Outcome.STARTED
    )
    sent = EncryptedTextField(_("what was sent"), blank=True)
    detail = EncryptedTextField(_("detail"), blank=True)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "call__connection__merchant"
        store = "call__store"

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = pgettext_lazy("rows", "attempts")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.call}: {self.get_outcome_display()}"

    @property
    def seconds(self) -> float | None:
        """How long the try took; None until it has ended."""
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at else None


class Heartbeat(models.Model):
    """The last time a cluster's worker ran something; the watchdog restarts a cluster whose row is
    old.
    """

    name = models.CharField(_("cluster"), max_length=120, unique=True)
    at = models.DateTimeField(_("seen"))

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.name


class RateWindow(models.Model):
    """The number of tries in one fixed window (stores/web/limits.py)."""

    bucket = models.CharField(max_length=160, primary_key=True)
    count = models.PositiveIntegerField(default=0)
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("rate window")
        verbose_name_plural = _("rate windows")

    def __str__(self) -> str:
        return self.bucket
