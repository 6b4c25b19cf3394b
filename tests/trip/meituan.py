"""Meituan's side of a signed call, with a signature made without our code."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.test import Client

from stores.models import Connection
from tests.stores.factories import ConnectionFactory

PARTNER_ID = 1001
CLIENT_ID = "mt-1001"
SECRET = "0123456789abcdef0123456789abcdef"


def ticket_connection(**fields: Any) -> Connection:
    """Returns a merchant's connection for tickets."""
    known = {"client_id": CLIENT_ID, "client_secret": SECRET}
    connection: Connection = ConnectionFactory(
        **{"platform": "trip", "account": str(PARTNER_ID), "credentials": known} | fields
    )
    return connection


def signed(
    path: str, *, method: str = "POST", off: float = 0, secret: str = SECRET
) -> dict[str, str]:
    """Returns the three headers; `off` is the seconds that Meituan's clock is ahead."""
    date = f"{datetime.now(UTC) + timedelta(seconds=off):%a, %d %b %Y %H:%M:%S} GMT"
    mac = hmac.new(secret.encode(), f"{method} {path}\n{date}".encode(), hashlib.sha1)
    return {
        "PartnerId": str(PARTNER_ID),
        "Date": date,
        "Authorization": f"MWS {CLIENT_ID}:{base64.b64encode(mac.digest()).decode()}",
    }


def post(path: str, body: Any, **headers: str | None) -> HttpResponse:
    """Sends a signed POST; `body` is the whole envelope, or bytes. A header that is None is left
    out.
    """
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {name: value for name, value in (signed(path) | headers).items() if value is not None}
    answer = Client(enforce_csrf_checks=True).post(
        path, content, content_type="application/json; charset=utf-8", headers=sent
    )
    assert isinstance(answer, HttpResponse)
    return answer
