"""What the start pages say of instant delivery."""

from delivery.dashboard.figures import cards, store_links
from delivery.dashboard.first_steps import steps
from delivery.dashboard.providers import operator_alerts, provider_alerts
from delivery.dashboard.troubles import alerts

__all__ = ["alerts", "cards", "operator_alerts", "provider_alerts", "steps", "store_links"]
