"""Where the receiver of a delivery sees how far it is."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

if TYPE_CHECKING:
    from delivery.models import Delivery


def tracking_url(delivery: "Delivery") -> str:
    return f"{settings.PUBLIC_BASE_URL}{reverse('delivery:track', args=[delivery.slug])}"
