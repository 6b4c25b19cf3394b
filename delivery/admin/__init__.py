from delivery.admin import accounts, deliveries, stores

__all__ = ["accounts", "deliveries", "stores"]
