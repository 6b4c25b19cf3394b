"""The start page's part of coupons: figures, problems for a person, the chart, the latest rows."""

from coupons.dashboard.figures import cards, charts, store_links, tables
from coupons.dashboard.first_steps import first_steps, steps
from coupons.dashboard.health import health
from coupons.dashboard.troubles import alerts

__all__ = ["alerts", "cards", "charts", "first_steps", "health", "steps", "store_links", "tables"]
