"""Asking a shop's administrator for an authorisation, and exchanging the code for tokens, once."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from delivery.client.provider import authorisation_page
from delivery.models import Authorisation
from delivery.services.providing import claim, digest_of, give_to, locked, put_below, turn
from delivery.services.wechat import Provider, as_stored
from delivery.wire.providers import Granted
from stores import audit
from stores.audit import Actor
from stores.conflicts import Conflict
from stores.models import Connection, Merchant
from stores.platforms import tokens
from stores.platforms.errors import PlatformError, Refused
from stores.transitions import move_rows

State = Authorisation.State
SALT = "delivery.authorise"
# How long somebody may take on WeChat's page.
LINK_SECONDS = 3600
# WeChat takes a code for ten minutes; somewhat later nothing can come of it.
CODE_LIVES, LEASE = timedelta(minutes=20), timedelta(seconds=60)
CLOCKS_APART = timedelta(minutes=1)


def page_address(*, provider: Connection, merchant: Merchant, user_id: int, back_path: str) -> str:
    """Returns WeChat's page for an administrator; it leads back with what we have signed.

    Raises PlatformError.
    """
    code = Provider(provider).call(
        lambda client, token: client.pre_auth_code(token, provider.account)
    )
    state = signing.dumps([provider.pk, merchant.pk, user_id], salt=SALT)
    back_to = f"{settings.PUBLIC_BASE_URL}{back_path}?{urlencode({'state': state})}"
    return authorisation_page(appid=provider.account, code=code, back_to=back_to)


def read_state(state: str, *, user_id: int) -> tuple[Connection, Merchant]:
    """Returns for whom the authorisation was asked. Raises Conflict for a link that is not ours,
    too old, or another person's.
    """
    try:
        found = signing.loads(state, salt=SALT, max_age=LINK_SECONDS)
        provider_id, merchant_id, asked_by = (int(each) for each in found)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise Conflict(_("This link is too old. Please authorise again.")) from error
    provider = Connection.objects.filter(pk=provider_id, merchant=None, is_active=True).first()
    merchant = Merchant.objects.filter(pk=merchant_id, is_active=True).first()
    if provider is None or merchant is None or asked_by != user_id:
        raise Conflict(_("This link is too old. Please authorise again."))
    return provider, merchant


def came_back(
    *, provider: Connection, merchant: Merchant, code: str, actor: Actor
) -> Authorisation:
    """Takes the code that the redirect brings, which the push may have brought already.

    Raises Conflict with what a person does then, and PlatformError when WeChat does not answer.
    """
    # WeChat's clock may be behind: its next withdrawal must not look older.
    started_at = timezone.now() - CLOCKS_APART
    row = _by_code(provider, code)
    if row is None or row.state == State.OWED:
        try:
            granted = _ask(provider, code)
        except Refused as error:
            # The push came at the same moment, and its code was exchanged.
            row = _by_code(provider, code)
            if row is None:
                raise Conflict(
                    _("WeChat does not take this authorisation. Please authorise again.")
                ) from error
        else:
            with transaction.atomic():
                give_to(locked(provider, granted.appid, started_at), merchant, actor=actor)
                row = granted_now(
                    provider=provider, granted=granted, code=code, at=started_at, is_told=False
                )
    claim(row, merchant, actor=actor)
    row.refresh_from_db()
    return row


def exchange(authorisation_id: int) -> None:
    """Exchanges the code of a push. What fails for now is tried again while the code lives."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    owed = Authorisation.objects.owed().filter(free, pk=authorisation_id)
    if not owed.update(lease_until=now + LEASE):
        return
    row = Authorisation.objects.select_related("provider").get(pk=authorisation_id)
    if row.told_at < now - CODE_LIVES:
        _failed(row, _("The code was not exchanged in time. Please authorise again."))
        return
    try:
        granted = _ask(row.provider, row.code)
    except Refused as error:
        _failed(row, error.detail)
    except PlatformError as error:
        Authorisation.objects.filter(pk=row.pk, code_digest=row.code_digest).update(
            problem=error.detail[:200]
        )
    else:
        granted_now(
            provider=row.provider, granted=granted, code=row.code, at=row.told_at, is_told=True
        )


def owed() -> list[int]:
    """Returns the authorisations whose code waits to be exchanged."""
    return list(Authorisation.objects.owed().values_list("pk", flat=True)[:100])


def granted_now(
    *, provider: Connection, granted: Granted, code: str, at: datetime, is_told: bool
) -> Authorisation:
    """Keeps the tokens of a shop, at its connection if it has one. Of a code that a push told
    nothing is kept when there was a withdrawal or a newer code since.
    """
    with transaction.atomic():
        row = locked(provider, granted.appid, at)
        is_other = row.code_digest != digest_of(code)
        if is_told and (is_other or row.state == State.WITHDRAWN):
            return row
        if not (is_other and row.state == State.OWED):
            problem = "" if granted.may_deliver else _("Instant delivery was not granted.")
            changes: dict[str, Any] = {
                "code": "",
                "code_digest": digest_of(code),
                "lease_until": None,
            }
            changes |= {"may_deliver": granted.may_deliver, "problem": problem}
            turn(row, State.GRANTED, told_at=max(at, row.told_at), **changes)
        _keep(row, granted)
    return row


def _keep(row: Authorisation, granted: Granted) -> None:
    """Puts the tokens where they are used; those of nobody's shop wait with the authorisation."""
    refresh, is_again = granted.token.refresh, row.connection is not None
    if row.merchant is not None and row.connection is None:
        try:
            put_below(row, refresh_token=refresh)
        except Conflict as conflict:
            row.problem = str(conflict.reason)[:200]
    if row.connection is None:
        row.refresh_token = refresh
        row.save(update_fields=["refresh_token", "problem"])
        return
    tokens.given(row.connection, as_stored(granted.token))
    if is_again:
        audit.record("wechat.authorised", actor=None, merchant=row.merchant, target=row.appid)


def _by_code(provider: Connection, code: str) -> Authorisation | None:
    return Authorisation.objects.filter(provider=provider, code_digest=digest_of(code)).first()


def _ask(provider: Connection, code: str) -> Granted:
    """Raises PlatformError, without the code in its words."""
    try:
        return Provider(provider).call(
            lambda client, token: client.grant(token, provider.account, code)
        )
    except PlatformError as error:
        error.hide(code)
        raise


def _failed(row: Authorisation, problem: str) -> None:
    """Gives a code up, unless it was exchanged by the redirect or there is a newer one."""
    rows = Authorisation.objects.filter(pk=row.pk, code_digest=row.code_digest)
    move_rows(rows, State.OWED, State.FAILED, problem=problem[:200], code="", lease_until=None)
