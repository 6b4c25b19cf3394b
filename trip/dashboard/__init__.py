"""The start page's part of trip: tickets sold and used, problems for a person, refunds that
wait.
"""

from trip.dashboard.figures import cards, charts, store_links, tables
from trip.dashboard.first_steps import selling_steps, steps
from trip.dashboard.health import health
from trip.dashboard.troubles import alerts, operator_alerts

__all__ = [
    "alerts",
    "cards",
    "charts",
    "health",
    "operator_alerts",
    "selling_steps",
    "steps",
    "store_links",
    "tables",
]
