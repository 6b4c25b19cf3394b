"""The start page's part of takeaway: today's orders, what has to be answered, what comes next."""

from messaging.dashboard.figures import cards, charts, store_links
from messaging.dashboard.troubles import alerts

__all__ = ["alerts", "cards", "charts", "store_links"]
