"""The ledger of coupon verifications: a row is written before the gateway is called, and gets a
final state, or a person has to decide it.
"""

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from coupons.models.catalogue import Product
from coupons.reasons import UNCLEAR, UNDECIDED, Reason, Texts
from stores.fields import EncryptedTextField
from stores.models import Store
from stores.money import YuanField
from stores.prepared import Literal, literals
from stores.tenancy import Access, TenantQuerySet
from stores.text import deal_name


class Channel(models.TextChoices):
    """The source of a request."""

    GUEST = "guest", _("guest's phone")
    COUNTER = "counter", _("counter")
    API = "api", _("own system")
    BATCH = "batch", _("batch")
    COMMAND = "command", _("command")


class Lookup(models.Model):
    """One reading of the gateway's `detail` for a code; the code itself is stored only while the
    reading is open.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("queued")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    # The index of the code below begins with the store.
    store = models.ForeignKey(
        Store, models.PROTECT, related_name="lookups", db_index=False, verbose_name=_("store")
    )
    code_hash = models.CharField(max_length=64, editable=False)
    code_tail = models.CharField(_("code ends with"), max_length=4)
    code = EncryptedTextField(blank=True, default="", editable=False)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    flow = models.CharField(
        max_length=64, editable=False, help_text="Who reads: only the same flow may reuse it"
    )
    address_hash = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="Of a guest: whom a wrong number counts against",
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    reason = models.CharField(_("reason"), max_length=25, choices=Reason.choices, blank=True)
    gateway_message = models.CharField(_("gateway's words"), max_length=300, blank=True)
    order_id = models.CharField(_("order"), max_length=40, blank=True)
    sku_id = models.CharField(_("SKU"), max_length=40, blank=True)
    sku_name = models.CharField(_("deal"), max_length=200, blank=True)
    price = YuanField(_("price"), null=True)
    is_unused = models.BooleanField(_("unused"), null=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    read_at = models.DateTimeField(_("read"), null=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "store__merchant"

    class Meta:
        verbose_name = _("look-up")
        verbose_name_plural = _("look-ups")
        ordering = ["-id"]
        indexes = [models.Index(fields=["store", "code_hash"], name="lookup_code")]

    def __str__(self) -> str:
        return f"…{self.code_tail}"


class Batch(models.Model):
    """Many codes that were pasted or posted at once, processed in the background lane."""

    store = models.ForeignKey(
        Store, models.PROTECT, related_name="batches", verbose_name=_("store")
    )
    requested_by = models.CharField(_("requested by"), max_length=150)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "store__merchant"

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.store} {timezone.localtime(self.created_at):%Y-%m-%d %H:%M}"


class VerificationQuerySet(TenantQuerySet["Verification"]):
    def live(self) -> Self:
        """Filters the rows without a final state, with their partial index."""
        return self.by_index(Q(status__in=literals(*Verification.LIVE)))

    def with_kept_code(self, *, until: datetime) -> Self:
        """Filters the refused rows, settled until then, whose code is kept, with their partial
        index.
        """
        refused = Q(status=Literal(Verification.Status.REFUSED))
        return self.by_index(refused & Q(code__gt=Literal("")) & Q(settled_at__lte=until))

    def uses_of(self, code_hash: str, *, merchant_of: int) -> Self:
        """Filters the verifications that all stores of this store's merchant made of a code, the
        first one first, with their unique index.
        """
        return self.filter(
            ~Q(status=Literal(Verification.Status.REFUSED)),
            status=Verification.Status.VERIFIED,
            code_hash=code_hash,
            store__merchant__stores=merchant_of,
        ).order_by("settled_at")

    def needing_person(self) -> Self:
        """Filters the rows that a person must settle."""
        return self.live().filter(needs_person=True)


class Verification(models.Model):
    """The spending of one group coupon (团券核销) at one store. `value` is yuan."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("sending")
        VERIFIED = "verified", _("verified")
        REFUSED = "refused", _("refused")
        UNKNOWN = "unknown", _("being clarified")

    STATE_FIELD: ClassVar[str] = "status"
    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        Status.QUEUED: frozenset({Status.SENDING, Status.REFUSED}),
        Status.SENDING: frozenset({Status.QUEUED, Status.VERIFIED, Status.REFUSED, Status.UNKNOWN}),
        Status.UNKNOWN: frozenset({Status.QUEUED, Status.VERIFIED, Status.REFUSED}),
        Status.VERIFIED: frozenset(),
        Status.REFUSED: frozenset(),
    }
    LIVE = (Status.QUEUED, Status.SENDING, Status.UNKNOWN)
    FINAL = (Status.VERIFIED, Status.REFUSED)

    # The index of the time below begins with the store.
    store = models.ForeignKey(
        Store, models.PROTECT, related_name="verifications", db_index=False, verbose_name=_("store")
    )
    code_hash = models.CharField(max_length=64, editable=False)
    code_tail = models.CharField(_("code ends with"), max_length=4, db_index=True)
    code = EncryptedTextField(blank=True, default="", editable=False)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    reason = models.CharField(_("reason"), max_length=25, choices=Reason.choices, blank=True)
    gateway_message = models.CharField(_("gateway's words"), max_length=300, blank=True)
    inferred = models.BooleanField(_("inferred"), default=False)
    needs_person = models.BooleanField(_("needs a person"), default=False)
    duplicate_of = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", verbose_name=_("already verified as")
    )
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, related_name="verifications", verbose_name=_("product")
    )
    order_id = models.CharField(_("order"), max_length=40, blank=True)
    sku_id = models.CharField(_("SKU"), max_length=40, blank=True)
    sku_name = models.CharField(_("deal"), max_length=200, blank=True)
    value = YuanField(_("value"), null=True)
    unmapped = models.BooleanField(_("product not in the list"), default=False)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    flow = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="Whose look-up counts as the first step",
    )
    requested_by = models.CharField(_("requested by"), max_length=150)
    user = models.ForeignKey(
        "auth.User",
        models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("user"),
        editable=False,
    )
    settled_note = models.CharField(_("note of who settled it"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    settled_at = models.DateTimeField(_("settled"), null=True)

    objects = VerificationQuerySet.as_manager()

    class Tenancy:
        merchant = "store__merchant"

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")
        ordering = ["-created_at", "-id"]
        constraints = [
            # The code comes first, so that the index also finds it at the merchant's other stores.
            models.UniqueConstraint(
                fields=["code_hash", "store"],
                condition=~Q(status="refused"),
                name="one_live_verification_per_code",
            ),
        ]
        indexes = [
            models.Index(fields=["store", "-created_at", "-id"], name="verification_by_store"),
            models.Index(fields=["-created_at", "-id"], name="verification_newest"),
            models.Index(
                fields=["created_at"],
                name="verification_live",
                condition=Q(status__in=["queued", "sending", "unknown"]),
            ),
            models.Index(fields=["settled_at"], name="verification_settled"),
            models.Index(
                fields=["settled_at"],
                name="verification_code_kept",
                condition=Q(status="refused", code__gt=""),
            ),
            models.Index(fields=["order_id"], name="verification_order"),
            models.Index(
                fields=["reason", "-created_at", "-id"],
                name="verification_refusals",
                condition=~Q(reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"…{self.code_tail}"

    @property
    def deal(self) -> str:
        """The name of the deal for people; "" while it is unknown."""
        return str(self.product) if self.product else deal_name(self.sku_name)

    @property
    def outcome(self) -> str:
        """The state in a few words; a refusal by its reason.

        A verified row may have a reason too, which is only a remark.
        """
        if self.status == self.Status.REFUSED:
            return self.get_reason_display()
        return self.get_status_display()

    @property
    def unclear(self) -> Texts | None:
        """The texts while it is unknown whether the coupon was spent; None when it is known."""
        if self.status != self.Status.UNKNOWN:
            return None
        return UNDECIDED if self.needs_person else UNCLEAR

    def is_within(self, access: Access) -> bool:
        """Whether for_staff would include this row; for a row that another row links to."""
        return access.allows(merchant_id=self.store.merchant_id, store_id=self.store_id)


class BatchItem(models.Model):
    """One line of a batch: its verification, or the reason why the line is not a code."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    code_tail = models.CharField(max_length=4, blank=True)
    verification = models.ForeignKey(
        Verification, models.PROTECT, null=True, related_name="batch_items"
    )
    reason = models.CharField(max_length=25, choices=Reason.choices, blank=True)
    # What the line holds instead of one code, as Reading.read_as.
    read_as = models.CharField(max_length=25, blank=True, default="", db_default="")

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "batch__store__merchant"
        store = "batch__store"

    class Meta:
        verbose_name = _("batch line")
        verbose_name_plural = _("batch lines")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="one_line_per_position")
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.position}"
