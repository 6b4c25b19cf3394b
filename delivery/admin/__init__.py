from delivery.admin import accounts, deliveries, drills, stores

__all__ = ["accounts", "deliveries", "drills", "stores"]
