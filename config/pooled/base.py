"""Django's PostgreSQL backend for a proxy that pools transactions, as pgbouncer may.

Each transaction may run on another connection of the proxy, so nothing that was set for a session
can be relied on, and the start-up parameter `options` is refused: every transaction sets its own
limit. Directly at PostgreSQL the limit comes with the connection and costs nothing.
"""

from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        self.lock_timeout = params.pop("lock_timeout")
        return params

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]
        if autocommit:
            return
        try:
            with self.wrap_database_errors, self.connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{self.lock_timeout}'")
        except Exception:
            # Neither in a transaction nor outside of one: the next use connects again.
            self.close()
            raise
