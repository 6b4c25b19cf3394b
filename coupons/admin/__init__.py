"""The admins of coupons; importing them registers them."""

from coupons.admin import batches, gateway, verifications

__all__ = ["batches", "gateway", "verifications"]
