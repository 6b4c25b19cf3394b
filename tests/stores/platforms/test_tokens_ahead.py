"""Tokens that end: renewed ahead of time by one process for all, also when that process is
killed.
"""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from stores.models import Connection
from stores.platforms import tokens
from stores.platforms.client import PlatformClient
from stores.platforms.errors import AuthExpired, LoginRefused, NotSent, Refused, Throttled, Unknown
from stores.platforms.tokens import Token
from tests import children
from tests.canned import Canned, answer
from tests.processes import wait_until

committed = pytest.mark.django_db(transaction=True)
HOURS = timedelta(hours=2)


def login(text: str, lives: timedelta | None = HOURS, **secrets: str) -> Callable[[], Token]:
    return lambda: Token(text, lives, secrets)


def forbidden() -> Token:
    raise AssertionError("nobody has to log in")


def used(connection: Connection, by: Callable[[], Any]) -> str:
    """The token that a call of a fresh process uses."""
    row = Connection.objects.get(pk=connection.pk)
    return tokens.with_token(row, by, lambda token: token)


def move(connection: Connection, *, renew: float, end: float = 300) -> None:
    """The token should be renewed, and ends, so many seconds from now."""
    now = timezone.now()
    Connection.objects.filter(pk=connection.pk).update(
        token_renew_at=now + timedelta(seconds=renew), token_ends_at=now + timedelta(seconds=end)
    )


def test_a_token_far_from_its_end_is_used_as_it_is(connection: Connection) -> None:
    assert used(connection, login("one")) == "one"
    row = Connection.objects.get()
    assert row.token_ends_at
    assert row.token_renew_at
    assert row.token_ends_at - row.token_renew_at == tokens.AHEAD
    assert abs(row.token_ends_at - timezone.now() - HOURS) < timedelta(seconds=20)
    assert used(connection, forbidden) == "one"


def test_a_short_life_is_renewed_in_its_last_quarter(connection: Connection) -> None:
    used(connection, login("one", timedelta(seconds=80)))
    row = Connection.objects.get()
    assert row.token_ends_at
    assert row.token_renew_at
    assert row.token_ends_at - row.token_renew_at == timedelta(seconds=20)


def test_a_token_without_a_known_end_is_used_until_the_platform_rejects_it(
    connection: Connection,
) -> None:
    assert used(connection, login("one", None)) == "one"
    assert used(connection, forbidden) == "one"
    assert Connection.objects.get().token_ends_at is None


def test_a_token_nearly_over_is_renewed_by_the_first_who_sees_it(connection: Connection) -> None:
    used(connection, login("one"))
    move(connection, renew=-1)
    assert used(connection, login("two")) == "two"
    assert used(connection, forbidden) == "two"


def test_others_use_the_old_token_while_one_renews(connection: Connection) -> None:
    used(connection, login("one"))
    move(connection, renew=-1)

    def slow() -> Token:
        assert used(connection, forbidden) == "one"
        return Token("two", HOURS)

    assert used(connection, slow) == "two"


def test_nobody_uses_a_token_after_its_end(connection: Connection) -> None:
    used(connection, login("one"))
    move(connection, renew=-300, end=-1)
    assert used(connection, login("two")) == "two"


@pytest.mark.parametrize(
    "error",
    [
        LoginRefused("40125"),
        AuthExpired("40001"),
        Unknown("reset"),
        Throttled("45009"),
        NotSent("down"),
        Refused("-1", "system error"),
    ],
)
def test_a_renewal_that_fails_leaves_the_old_token_and_is_not_repeated_at_once(
    connection: Connection, error: Exception
) -> None:
    used(connection, login("one"))
    move(connection, renew=-1)
    tried: list[int] = []

    def failing() -> Token:
        tried.append(1)
        raise error

    assert [used(connection, failing) for _ in range(3)] == ["one"] * 3
    row = Connection.objects.get()
    assert (len(tried), row.state, row.last_error == "") == (1, Connection.State.WORKING, False)
    Connection.objects.update(login_lease_until=timezone.now() - timedelta(seconds=1))
    assert used(connection, login("two")) == "two"
    assert Connection.objects.get().last_error == ""


def test_a_schedule_renews_what_nobody_uses(connection: Connection) -> None:
    used(connection, login("one"))
    assert list(tokens.nearly_over("umember")) == []
    move(connection, renew=-1)
    [row] = tokens.nearly_over("umember")
    assert tokens.renew_ahead(row, login("two"))
    assert not tokens.renew_ahead(Connection.objects.get(), forbidden)
    assert list(tokens.nearly_over("umember")) == []
    assert used(connection, forbidden) == "two"


def test_a_renewal_keeps_the_next_refresh_token(connection: Connection) -> None:
    before = connection.credentials
    used(connection, login("one", refresh_token="r1"))
    assert Connection.objects.get().credentials == before | {"refresh_token": "r1"}
    move(connection, renew=-1)
    used(connection, login("two", refresh_token="r2"))
    assert Connection.objects.get().credentials == before | {"refresh_token": "r2"}


def test_a_renewal_with_old_credentials_changes_neither_token_nor_new_ones(
    connection: Connection,
) -> None:
    used(connection, login("one"))
    move(connection, renew=-1)

    def overtaken() -> Token:
        row = Connection.objects.get()
        Connection.objects.update(token="")
        row.credentials = {"password": "new"}
        row.save(update_fields=["credentials"])
        tokens.forget(row)
        return Token("old", HOURS, {"refresh_token": "old"})

    used(connection, overtaken)
    row = Connection.objects.get()
    assert (row.token, row.credentials) == ("", {"password": "new"})
    assert (row.token_renew_at, row.token_ends_at) == (None, None)


def test_a_ticket_that_the_platform_tells_is_added_to_the_credentials(
    connection: Connection,
) -> None:
    before = connection.credentials
    tokens.remember(connection, ticket="t1")
    tokens.remember(connection, ticket="t2")
    assert Connection.objects.get().credentials == before | {"ticket": "t2"}


@committed
def test_many_threads_renew_once_and_nobody_waits(connection: Connection) -> None:
    used(connection, login("one"))
    move(connection, renew=-1)
    logins: list[int] = []
    answers: list[str] = []

    def slow() -> Token:
        logins.append(1)
        time.sleep(0.5)
        return Token("two", HOURS)

    def call() -> None:
        answers.append(used(connection, slow))
        database.close()

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(logins) == 1
    assert answers.count("two") >= 1
    assert set(answers) <= {"one", "two"}


def lease_is_over() -> bool:
    until = Connection.objects.get().login_lease_until
    return until is not None and until < timezone.now()


RENEWER = """
from datetime import timedelta
from stores.models import Connection
from stores.platforms import tokens
from stores.platforms.client import PlatformClient

tokens.LOGIN_LEASE = timedelta(seconds=6)
row = Connection.objects.get()

def login():
    answer = PlatformClient(row.base_url, timeout=(5, 30)).request("POST", "/token").json_object()
    return tokens.Token(answer["access_token"], timedelta(seconds=answer["expires_in"]))

print(tokens.with_token(row, login, lambda token: token), flush=True)
"""


@committed
@pytest.mark.slow
def test_another_process_takes_over_when_the_one_that_renews_is_killed(
    connection: Connection,
) -> None:
    used(connection, login("one"))
    move(connection, renew=-1)
    new = answer('{"access_token": "two", "expires_in": 7200}')
    with Canned(lambda _: time.sleep(30), new) as server:
        Connection.objects.update(base_url=server.url)
        with children.running(RENEWER) as [first]:
            wait_until(lambda: server.requests, about=lambda: str(first.poll()))
            # While it renews, and after it was killed, others go on with the old token.
            assert used(connection, forbidden) == "one"
            first.kill()
        assert used(connection, forbidden) == "one"
        wait_until(lease_is_over)
        assert sorted(children.outputs(RENEWER, RENEWER))[-1] == "two\n"
    assert len(server.requests) == 2
    assert used(connection, forbidden) == "two"
    assert Connection.objects.get().token_serial == 2


def test_a_token_with_an_end_comes_from_a_real_answer(connection: Connection) -> None:
    with Canned(answer('{"access_token": "t", "expires_in": 7200}', kind="text/plain")) as server:
        client = PlatformClient(server.url, timeout=(1, 1))

        def login() -> Token:
            told = client.request("GET", "/cgi-bin/token").json_object()
            return Token(told["access_token"], timedelta(seconds=told["expires_in"]))

        assert used(connection, login) == "t"
    assert Connection.objects.get().token_ends_at is not None
