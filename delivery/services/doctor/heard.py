"""Asks WeChat for couriers and accounts, and each courier for a price, all at once."""

import secrets
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, TypeVar

from delivery.client.shop import WechatClient
from delivery.models import DeliveryStore, StoreCourier
from delivery.services.orders import account_of, order_of
from delivery.services.samples import sample
from delivery.services.wechat import Wechat
from delivery.wire.bindings import RemoteAccount, RemoteCourier
from delivery.wire.orders import RemoteQuote
from stores.models import Connection
from stores.platforms import tokens
from stores.platforms.errors import AuthExpired, NotSent, PlatformError

# Seconds of one exchange: connect, whole answer.
TIMEOUT = (2.0, 4.0)
T = TypeVar("T")


@dataclass
class Heard:
    """Answers or errors; None for what was not asked. `quotes` are by courier of the store. Below a
    service provider other people put things right, at another console.
    """

    has_provider: bool = False
    login: PlatformError | None = None
    couriers: list[RemoteCourier] | PlatformError | None = None
    accounts: list[RemoteAccount] | PlatformError | None = None
    quotes: dict[int, RemoteQuote | PlatformError] = field(default_factory=dict)


class QuickClient(WechatClient):
    """Waits less long than calls that matter: somebody looks at the page."""

    def __init__(self, base_url: str, **usual: Any) -> None:
        super().__init__(base_url, **usual | {"timeout": TIMEOUT})


def ask(
    place: DeliveryStore,
    couriers: list[StoreCourier],
    *,
    until: float,
    signed_in: Callable[[], None],
) -> Heard:
    """Signs in anew and asks everything, until a moment of the monotonic clock."""
    heard = Heard(has_provider=place.connection.parent is not None)
    delivery = sample(place)
    questions: dict[int, Any] = {
        each.pk: (
            account_of(each),
            f"ZGQ{place.pk}-{secrets.token_hex(5)}",
            order_of(delivery, each),
        )
        for each in couriers
        if each.has_secret
    }

    def at_once(client: WechatClient, token: str) -> None:
        signed_in()
        pool = ThreadPoolExecutor(len(questions) + 2)
        listed = pool.submit(client.couriers, token)
        bound = pool.submit(client.accounts, token)
        quoted: dict[int, Future[Any]] = {
            pk: pool.submit(client.quote, token, *each) for pk, each in questions.items()
        }
        pending: list[Future[Any]] = [listed, bound, *quoted.values()]
        wait(pending, timeout=max(0.0, until - time.monotonic()))
        pool.shutdown(wait=False, cancel_futures=True)
        heard.couriers, heard.accounts = _answer(listed), _answer(bound)
        heard.quotes = {pk: _answer(each) for pk, each in quoted.items()}
        # The token is everybody's: one that is over is over for all.
        for answer in (heard.couriers, heard.accounts, *heard.quotes.values()):
            if isinstance(answer, AuthExpired):
                raise answer

    tokens.forget(place.connection)
    provider = place.connection.parent
    if provider and provider.state == Connection.State.REFUSED:
        # What was put right at WeChat meanwhile counts at once.
        tokens.forget(provider)
    try:
        Wechat(place.connection, client=QuickClient).call(at_once)
    except PlatformError as error:
        heard.login = error
    return heard


def _answer(asked: Future[T]) -> T | PlatformError:
    """Raises what is no PlatformError: a check that breaks must not look like an answer."""
    if not asked.done() or asked.cancelled():
        return NotSent("no answer in time")
    try:
        return asked.result()
    except PlatformError as error:
        return error
