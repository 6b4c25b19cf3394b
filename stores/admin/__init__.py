"""The admins of stores; importing them registers them."""

from stores.admin import audit_log, connections, keys, ledgers, people, system

__all__ = ["audit_log", "connections", "keys", "ledgers", "people", "system"]
