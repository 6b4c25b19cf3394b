"""What the set-up check of a store has found the last time."""

from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from delivery.models.accounts import DeliveryStore
from stores.tenancy import TenantQuerySet


class DoctorRun(models.Model):
    """The last set-up check of a store; the next one takes its place.

    `results` are what was found so far: [{"name", "verdict", "said", "todo", "copy"}]; `said` and
    `todo` are lists of texts by language.
    """

    # A run that is older has lost its process.
    ABANDONED = timedelta(minutes=1)

    place = models.OneToOneField(
        DeliveryStore, models.CASCADE, related_name="doctor_run", verbose_name=_("store")
    )
    with_order = models.BooleanField(_("with a test order"), default=False)
    results = models.JSONField(_("results"), default=list)
    started_by = models.CharField(_("started by"), max_length=150, blank=True)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "place__store__merchant"
        store = "place__store"

    class Meta:
        verbose_name = _("set-up check")
        verbose_name_plural = _("set-up checks")

    def __str__(self) -> str:
        return str(self.place)

    @property
    def is_clean(self) -> bool:
        """Whether the run came to its end and found nothing wrong."""
        is_right = all(row["verdict"] != "wrong" for row in self.results)
        return self.finished_at is not None and is_right

    @property
    def is_under_way(self) -> bool:
        is_fresh = self.started_at > timezone.now() - self.ABANDONED
        return self.finished_at is None and is_fresh
