"""The admins of trip; importing them registers them."""

from trip.admin import changes, drills, notices, orders, places, products, refunds, uses

__all__ = ["changes", "drills", "notices", "orders", "places", "products", "refunds", "uses"]
