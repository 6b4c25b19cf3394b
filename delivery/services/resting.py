"""Couriers that step aside by themselves: the account is empty, or nothing answers.

They are asked again when the pause is over, or when a person ends it.
"""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from delivery.choices import PLATFORM
from delivery.models import Attempt, Quote, StoreCourier
from stores.models import OutboundAttempt

# Words of couriers for an account without money.
EMPTY_WORDS = ("余额不足", "余额不够", "账户欠费", "balance")
EMPTY, SILENT = gettext_noop("the account has no money"), gettext_noop("no answers")
# A silent courier is tried again while its silence still counts: one more lost answer is enough.
EMPTY_PAUSE, SILENT_PAUSE = timedelta(hours=2), timedelta(minutes=5)
# So many answers that did not come within this time, and at least one in so many: among hundreds of
# good answers some are lost.
MOST_UNKNOWN, WITHIN, ONE_IN = 5, timedelta(minutes=10), 4


def note_refusal(courier: StoreCourier, words: str) -> None:
    """Pauses a courier whose account is empty, for all stores that use it."""
    if any(word in words.lower() for word in EMPTY_WORDS):
        _pause(courier, EMPTY_PAUSE, EMPTY)


def note_silence(courier: StoreCourier) -> None:
    """Pauses a courier that has not answered several times."""
    since = timezone.now() - WITHIN
    quotes = Quote.objects.filter(courier__account=courier.account_id, asked_at__gte=since)
    attempts = Attempt.objects.filter(courier__account=courier.account_id)
    recent = attempts.filter(called_at__gte=since - timedelta(hours=1)).values_list("pk", flat=True)
    outcome = OutboundAttempt.Outcome
    tries = OutboundAttempt.objects.filter(
        call__platform=PLATFORM,
        call__operation="rider.call",
        call__subject_id__in=list(recent),
        started_at__gte=since,
    )
    lost = Q(outcome=outcome.UNKNOWN) | Q(outcome=outcome.TIMED_OUT)
    unknown = quotes.filter(is_silent=True).count() + tries.filter(lost).count()
    if unknown >= MOST_UNKNOWN and unknown * ONE_IN >= quotes.count() + tries.count():
        _pause(courier, SILENT_PAUSE, SILENT)


def is_silent(courier: StoreCourier) -> bool:
    """Whether a courier is paused because it did not answer."""
    return courier.is_paused and courier.pause_reason == SILENT


def note_answer(courier: StoreCourier) -> None:
    """Ends the pause of a courier that did not answer and does now."""
    if is_silent(courier):
        rows = StoreCourier.objects.filter(account=courier.account_id, pause_reason=SILENT)
        rows.update(paused_until=None, pause_reason="")
        courier.paused_until, courier.pause_reason = None, ""


def _pause(courier: StoreCourier, span: timedelta, reason: str) -> None:
    now = timezone.now()
    rows = StoreCourier.objects.filter(account=courier.account_id)
    rows.filter(Q(paused_until=None) | Q(paused_until__lt=now)).update(
        paused_until=now + span, pause_reason=reason
    )
