"""Runs of drills: who started one, how far it is, and what it found."""

from datetime import timedelta
from typing import Self

from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stores.models.connections import Connection
from stores.tenancy import TenantQuerySet


class DrillRunQuerySet(TenantQuerySet["DrillRun"]):
    def under_way(self) -> Self:
        """Runs that a process is still working on."""
        return self.filter(finished_at=None, worked_at__gte=timezone.now() - DrillRun.ABANDONED)


class DrillRun(models.Model):
    """One run of a drill (验收演练).

    `kind` names its checklist, `checks` are the names to run, `results` the results so far in the
    same order: [{"name", "title", "outcome", "detail", "details", "exchanges"}]; `details` hold
    `detail` by language.
    """

    # After this long without a result no process is working on it any more.
    ABANDONED = timedelta(minutes=10)

    connection = models.ForeignKey(
        Connection, models.CASCADE, related_name="drills", verbose_name=_("connection")
    )
    kind = models.CharField(_("kind"), max_length=40)
    started_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("started by")
    )
    base_url = models.URLField(_("address"), max_length=300)
    checks = models.JSONField(_("checks"), default=list)
    results = models.JSONField(_("results"), default=list)
    error = models.TextField(_("error"), blank=True)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    lease_until = models.DateTimeField(null=True, editable=False)
    worked_at = models.DateTimeField(_("last result"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)

    objects = DrillRunQuerySet.as_manager()

    class Tenancy:
        merchant = "connection__merchant"
        store = None

    class Meta:
        verbose_name = _("drill")
        verbose_name_plural = _("drills")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind"],
                condition=models.Q(finished_at=None),
                name="stores_one_drill_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection} {timezone.localtime(self.started_at):%Y-%m-%d %H:%M}"

    def count(self, outcome: str) -> int:
        """How many checks ended so: passed, failed or left_out."""
        return sum(1 for result in self.results if result["outcome"] == outcome)

    @property
    def has_passed(self) -> bool:
        """Whether the run came to its end and no check failed."""
        is_whole = len(self.results) == len(self.checks)
        has_ended = self.finished_at is not None and not self.error
        return is_whole and has_ended and not self.count("failed")
