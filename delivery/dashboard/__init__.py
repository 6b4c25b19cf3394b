"""What the start pages say of instant delivery."""

from delivery.dashboard.providers import operator_alerts, provider_alerts

__all__ = ["operator_alerts", "provider_alerts"]
