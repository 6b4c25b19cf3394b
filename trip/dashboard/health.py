"""What is counted of all merchants that sell tickets, for the operators' start page."""

from django.utils import timezone

from stores.backoffice.health import Counted, done, waiting
from stores.models import OutboundCall
from trip.choices import PLATFORM
from trip.dashboard.troubles import WEEK
from trip.models import Order, Refund
from trip.services.deadlines import SOON


def health() -> list[Counted]:
    now = timezone.now()
    orders = Order.objects.filter(is_drill=False)
    refunds = Refund.objects.filter(status=Refund.Status.REVIEW, order__is_drill=False)
    notices = OutboundCall.objects.filter(platform=PLATFORM, is_drill=False)
    return [
        *done(orders.filter(paid_at__isnull=False), at="created_at"),
        *waiting(orders.needing_person()),
        *waiting(refunds.filter(deadline__lt=now + SOON)),
        *waiting(notices.failed_since(now - WEEK)),
    ]
