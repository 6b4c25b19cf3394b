from messaging.admin import missed, orders, printers, refunds, stores

__all__ = ["missed", "orders", "printers", "refunds", "stores"]
