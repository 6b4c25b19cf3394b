"""The addresses that people outside of the shop open."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

if TYPE_CHECKING:
    from delivery.models import Delivery


def tracking_url(delivery: "Delivery") -> str:
    """Returns the address of the page on which the receiver follows a delivery."""
    return f"{settings.PUBLIC_BASE_URL}{reverse('delivery:track', args=[delivery.slug])}"
