"""WeChat with a shared token, for a shop's own mini-program and for one that a service provider
acts for: the provider's connection is then its parent.
"""

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.db.models import QuerySet

from delivery.choices import PLATFORM
from delivery.client.provider import ProviderClient
from delivery.client.shop import WechatClient
from delivery.reasons import OF_PROVIDER
from delivery.services import losses
from delivery.wire.answers import is_about_provider
from delivery.wire.providers import RemoteToken
from stores.models import Connection
from stores.platforms.errors import LoginRefused, NotSent
from stores.platforms.tokens import Token, with_token

T = TypeVar("T")
NOT_AUTHORISED = "the shop has not authorised the service provider"


class Wechat:
    """The calls of one mini-program; `wait_for_slot` waits for its slot before each request, and
    `note` is given what is sent.
    """

    def __init__(
        self,
        connection: Connection,
        wait_for_slot: Callable[[], None] = lambda: None,
        client: type[WechatClient] = WechatClient,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.connection = connection
        self._wait = wait_for_slot
        self.client = client(
            _address(connection),
            timeout=settings.WECHAT_TIMEOUT,
            wait_for_slot=wait_for_slot,
            note=note,
        )

    def call(self, request: Callable[[WechatClient, str], T]) -> T:
        """Calls `request(client, token)`. Raises PlatformError."""
        return with_token(
            self.connection,
            self.login,
            losses.noticed(self.connection, lambda token: request(self.client, token)),
        )

    def login(self) -> Token:
        """Returns a new token. Raises PlatformError."""
        if self.connection.parent:
            return self._by_provider(self.connection.parent)
        secret = self.connection.credentials.get("secret")
        if not secret:
            raise LoginRefused("no AppSecret stored")
        return as_stored(self.client.login(self.connection.account, secret))

    def _by_provider(self, provider: Connection) -> Token:
        refresh = self.connection.credentials.get("refresh_token")
        if not refresh:
            raise LoginRefused(NOT_AUTHORISED)
        shop = self.connection.account
        try:
            return as_stored(
                Provider(provider, self._wait).call(
                    lambda client, token: client.shop_token(
                        token, provider.account, shop=shop, refresh=refresh
                    )
                )
            )
        except NotSent as error:
            if is_about_provider(error):
                raise type(error)(f"{OF_PROVIDER}{error.detail}") from error
            raise


class Provider:
    """The calls of a service provider."""

    def __init__(
        self, connection: Connection, wait_for_slot: Callable[[], None] = lambda: None
    ) -> None:
        self.connection = connection
        self.client = ProviderClient(
            _address(connection), timeout=settings.WECHAT_TIMEOUT, wait_for_slot=wait_for_slot
        )

    def call(self, request: Callable[[ProviderClient, str], T]) -> T:
        """Calls `request(client, token)`. Raises PlatformError."""
        return with_token(
            self.connection,
            self.login,
            losses.noticed(self.connection, lambda token: request(self.client, token)),
        )

    def login(self) -> Token:
        """Returns a new token, for the ticket that WeChat pushed last. Raises PlatformError."""
        # A ticket comes every ten minutes, and this row may be older.
        self.connection.refresh_from_db(fields=["credentials"])
        given = self.connection.credentials
        if not given.get("secret"):
            raise LoginRefused("no AppSecret stored")
        account = self.connection.account
        return as_stored(self.client.login(account, given["secret"], given.get("ticket", "")))

    def start_tickets(self) -> None:
        """Has WeChat push tickets again. Raises PlatformError."""
        secret = self.connection.credentials.get("secret")
        if not secret:
            raise LoginRefused("no AppSecret stored")
        self.client.start_tickets(self.connection.account, secret)


def is_provider(connection: Connection) -> bool:
    """Whether it is the account of a service provider, and no mini-program: the operator's."""
    return connection.merchant_id is None


def providers() -> QuerySet[Connection]:
    """Returns the accounts of service providers that are in use."""
    rows = Connection.objects.filter(platform=PLATFORM, merchant=None, parent=None, is_active=True)
    return rows.order_by("pk")


def _address(connection: Connection) -> str:
    return connection.base_url or str(settings.WECHAT_BASE_URL)


def as_stored(token: RemoteToken) -> Token:
    """Returns a token as it is stored, its refresh token with the credentials."""
    secrets = {"refresh_token": token.refresh} if token.refresh else {}
    return Token(token.text, token.lives, secrets)
