from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class IdempotencyKey(models.Model):
    """A key that a caller chose, and the row of its first request (stores.idempotency)."""

    # Of the caller and the key.
    digest = models.CharField(max_length=64, primary_key=True)
    # Of what the request asked for.
    fingerprint = models.CharField(max_length=100)
    # The label of the row's model, and its primary key.
    kind = models.CharField(max_length=50)
    subject_id = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"
