"""The gateway with a shared token: every call logs in once more when the token has expired."""

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings

from coupons.client import UmemberClient
from stores.models import Connection
from stores.platforms.errors import LoginRefused
from stores.platforms.tokens import with_token

T = TypeVar("T")


class Gateway:
    """The calls of one connection; `wait_for_slot` waits for the account's slot before every
    request, logins included.
    """

    def __init__(self, connection: Connection, wait_for_slot: Callable[[], None]) -> None:
        self.connection = connection
        self.client = UmemberClient(
            connection.base_url or settings.UMEMBER_BASE_URL,
            timeout=settings.UMEMBER_TIMEOUT,
            wait_for_slot=wait_for_slot,
        )

    def call(self, request: Callable[[UmemberClient, str], T]) -> T:
        """Calls `request(client, token)`. Raises PlatformError."""
        return with_token(self.connection, self.login, lambda token: request(self.client, token))

    def login(self) -> str:
        credentials = self.connection.credentials
        if not credentials.get("password"):
            raise LoginRefused("no password stored")
        return self.client.login(self.connection.account, credentials["password"])
