from delivery.admin import accounts, stores

__all__ = ["accounts", "stores"]
