"""The admins of stores; importing them registers them."""

from stores.admin import connections, keys, ledgers, people, system

__all__ = ["connections", "keys", "ledgers", "people", "system"]
