"""The state of a guest without an account: a flow in a signed cookie, and addresses that cannot be
guessed.
"""

import json
import re
import time
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from stores import fields

COOKIE = "guest_flow"
COOKIE_SECONDS = 7 * 86_400
# Longer than a guest's look-up may wait in line.
LOOK_SECONDS = 20 * 60
RESULT_SECONDS = 86_400
LONGEST_TOKEN = 600
_SALT = "coupons.pages.result"
_FLOW = re.compile(r"guest:[0-9a-f]{32}")


@dataclass(frozen=True)
class Look:
    """One look-up with its code; the ledger has no code of a finished look-up, so the address
    contains it.
    """

    lookup_id: int
    code: str


def flow_of(request: HttpRequest) -> str:
    """Returns the visitor's flow; a new one when the cookie is missing, old or not ours."""
    flow = request.get_signed_cookie(COOKIE, default="", max_age=COOKIE_SECONDS) or ""
    if _FLOW.fullmatch(flow):
        return flow
    return f"guest:{uuid.uuid4().hex}"


def remember_flow(response: HttpResponse, flow: str) -> HttpResponse:
    response.set_signed_cookie(
        COOKIE,
        flow,
        max_age=COOKIE_SECONDS,
        path="/g/",
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return response


def seal_look(look: Look) -> str:
    """Encrypts the look-up; a signature is not enough, because it contains the coupon code, and
    addresses are logged.
    """
    return fields.encrypt(json.dumps([look.lookup_id, look.code, int(time.time())])).rstrip("=")


def open_look(token: str) -> Look | None:
    """Returns None for a token that we did not make within LOOK_SECONDS."""
    if len(token) > LONGEST_TOKEN or not token.isascii():
        return None
    try:
        lookup_id, code, made = json.loads(fields.decrypt(token + "=" * (-len(token) % 4)))
    except (fields.SecretUnreadable, ValueError, TypeError):
        return None
    if time.time() - made >= LOOK_SECONDS:
        return None
    return Look(lookup_id, code)


def sign_result(verification_id: int) -> str:
    return signing.dumps(verification_id, salt=_SALT)


def read_result(token: str) -> int | None:
    """Returns the verification's id; None for an invalid or old token."""
    if len(token) > LONGEST_TOKEN:
        return None
    try:
        found = signing.loads(token, salt=_SALT, max_age=RESULT_SECONDS)
    except signing.BadSignature:
        return None
    return found if isinstance(found, int) else None
