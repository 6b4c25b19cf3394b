"""The admins of trip; importing them registers them."""

from trip.admin import drills, notices, orders, places, products, refunds

__all__ = ["drills", "notices", "orders", "places", "products", "refunds"]
