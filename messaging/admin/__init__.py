from messaging.admin import missed, orders, refunds, stores

__all__ = ["missed", "orders", "refunds", "stores"]
