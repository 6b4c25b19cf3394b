from messaging.admin import chat, missed, orders, printers, quick_replies, refunds, stores

__all__ = ["chat", "missed", "orders", "printers", "quick_replies", "refunds", "stores"]
