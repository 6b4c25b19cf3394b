"""WeChat with a shared token, for a shop's own mini-program and for one that a service provider
acts for: the provider's connection is then its parent.
"""

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings

from delivery.client.provider import ProviderClient
from delivery.client.shop import WechatClient
from delivery.wire.providers import RemoteToken
from stores.models import Connection
from stores.platforms.errors import LoginRefused
from stores.platforms.tokens import Token, with_token

T = TypeVar("T")


class Wechat:
    """The calls of one mini-program; `wait_for_slot` waits for its slot before each request."""

    def __init__(
        self, connection: Connection, wait_for_slot: Callable[[], None] = lambda: None
    ) -> None:
        self.connection = connection
        self._wait = wait_for_slot
        self.client = WechatClient(
            _address(connection), timeout=settings.WECHAT_TIMEOUT, wait_for_slot=wait_for_slot
        )

    def call(self, request: Callable[[WechatClient, str], T]) -> T:
        """Calls `request(client, token)`. Raises PlatformError."""
        return with_token(self.connection, self.login, lambda token: request(self.client, token))

    def login(self) -> Token:
        """Returns a new token. Raises PlatformError."""
        if self.connection.parent:
            return self._by_provider(self.connection.parent)
        secret = self.connection.credentials.get("secret")
        if not secret:
            raise LoginRefused("no AppSecret stored")
        return _kept(self.client.login(self.connection.account, secret))

    def _by_provider(self, provider: Connection) -> Token:
        refresh = self.connection.credentials.get("refresh_token")
        if not refresh:
            raise LoginRefused("the shop has not authorised the service provider")
        client = ProviderClient(
            _address(provider), timeout=settings.WECHAT_TIMEOUT, wait_for_slot=self._wait
        )

        def ask(token: str) -> RemoteToken:
            return client.shop_token(
                token, provider.account, shop=self.connection.account, refresh=refresh
            )

        return _kept(with_token(provider, lambda: _provider_login(client, provider), ask))


def _provider_login(client: ProviderClient, provider: Connection) -> Token:
    given = provider.credentials
    if not given.get("secret"):
        raise LoginRefused("no AppSecret stored")
    return _kept(client.login(provider.account, given["secret"], given.get("ticket", "")))


def _address(connection: Connection) -> str:
    return connection.base_url or str(settings.WECHAT_BASE_URL)


def _kept(token: RemoteToken) -> Token:
    """Returns a token as it is stored, its refresh token with the credentials."""
    secrets = {"refresh_token": token.refresh} if token.refresh else {}
    return Token(token.text, token.lives, secrets)
