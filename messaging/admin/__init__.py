from messaging.admin import missed, orders, printers, quick_replies, refunds, stores

__all__ = ["missed", "orders", "printers", "quick_replies", "refunds", "stores"]
