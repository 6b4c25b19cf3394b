"""Bodies in pieces (chunked) that do not arrive as they should, as gunicorn reads them."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client, RequestFactory
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]

from config.wsgi import application
from stores.models import Store
from tests.api import Api
from tests.meituan import selling

pytestmark = pytest.mark.django_db
BROKEN = {
    "no size": b"zz\r\n",
    "a size below zero": b"-1\r\n",
    "no end of a piece": b'2\r\n{"XX',
    "ended early": b'5\r\n{"',
}
broken = pytest.mark.parametrize("pieces", BROKEN.values(), ids=BROKEN)


@contextmanager
def one_database_connection() -> Iterator[None]:
    """A WSGI request closes the database's connection, and with it the test's transaction."""
    signals = (request_started, request_finished)
    for each in signals:
        each.disconnect(close_old_connections)
    yield
    for each in signals:
        each.connect(close_old_connections)


def send(path: str, pieces: bytes, **environ: Any) -> tuple[int, bytes]:
    """Status and content of the answer to a POST with a body in these pieces."""
    head = f"POST {path} HTTP/1.1\r\nHost: testserver\r\nTransfer-Encoding: chunked\r\n\r\n"
    parsed = next(RequestParser(Config(), iter([head.encode() + pieces]), ("127.0.0.1", 1)))
    made = RequestFactory().post(path, **environ).environ | environ
    made |= {"wsgi.input": parsed.body, "HTTP_TRANSFER_ENCODING": "chunked"}
    del made["CONTENT_LENGTH"]
    statuses: list[str] = []

    def start(status: str, headers: Iterable[Any]) -> None:
        statuses.append(status)

    with one_database_connection():
        content = b"".join(application(made, start))
    return int(statuses[0].split()[0]), content


@broken
def test_the_api_refuses_a_broken_body(api: Api, store: Store, pieces: bytes) -> None:
    path = f"/api/v1/stores/{store.pk}/verifications/"
    status, content = send(
        path, pieces, CONTENT_TYPE="application/json", HTTP_AUTHORIZATION=f"Bearer {api.secret}"
    )
    assert (status, json.loads(content)["code"]) == (400, "invalid")


@broken
def test_an_interface_of_meituan_says_that_the_body_is_incomplete(pieces: bytes) -> None:
    meituan, _product = selling()
    status, content = send(meituan.path("order/create"), pieces)
    answer = json.loads(content)
    assert (status, answer["code"], answer["describe"]) == (200, 499, "请求体不完整")


@broken
def test_a_page_takes_a_broken_form_for_an_empty_one(owner_client: Client, pieces: bytes) -> None:
    """With the token in the header, as htmx sends it; it is not looked for in the form then."""
    owner_client.get("/counter/")
    cookies = owner_client.cookies
    status, _content = send(
        "/counter/",
        pieces,
        CONTENT_TYPE="application/x-www-form-urlencoded",
        HTTP_COOKIE="; ".join(f"{name}={each.value}" for name, each in cookies.items()),
        HTTP_X_CSRFTOKEN=cookies["csrftoken"].value,
    )
    assert status == 200
