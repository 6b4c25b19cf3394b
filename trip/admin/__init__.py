"""The admins of trip; importing them registers them."""

from trip.admin import drills, orders, places, products, refunds

__all__ = ["drills", "orders", "places", "products", "refunds"]
