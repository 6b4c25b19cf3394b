"""Renews tokens before they end, whichever process sees it first; the others use the old ones."""

import logging

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from delivery.choices import PLATFORM
from delivery.services.wechat import Provider, Wechat, is_provider
from stores.fields import SecretUnreadable
from stores.models import Connection
from stores.platforms import tokens
from stores.platforms.errors import LoginRefused
from stores.platforms.tokens import Token

log = logging.getLogger(__name__)
# At once; the next run goes on.
MOST = 200


def renew_all() -> int:
    """Renews what is nearly over, providers first: the tokens of their shops need theirs."""
    providers_first = F("parent").asc(nulls_first=True)
    return sum(_renewed(each) for each in _due().order_by(providers_first, "pk")[:MOST])


def _due() -> QuerySet[Connection]:
    since = timezone.now() - tokens.TRY_REFUSED_EVERY
    refused = Q(state=Connection.State.REFUSED, checked_at__gt=since)
    at_work = Q(merchant=None) | Q(merchant__is_active=True)
    # Not with their parents: those of the shops are read once they are renewed.
    return tokens.nearly_over(PLATFORM).filter(at_work).exclude(refused)


def _renewed(connection: Connection) -> bool:
    def login() -> Token:
        try:
            return _login(connection)
        except LoginRefused as error:
            # As long as the old token lives, calls go on with it.
            if connection.token_ends_at and connection.token_ends_at <= timezone.now():
                tokens.note_refused(connection, error.detail)
            raise

    try:
        return tokens.renew_ahead(connection, login)
    except SecretUnreadable as error:
        log.warning("the token of connection %s was not renewed: %s", connection.pk, error)
        return False


def _login(connection: Connection) -> Token:
    maker = Provider(connection) if is_provider(connection) else Wechat(connection)
    return maker.login()
