"""One shared token per connection; a login by one at a time, and none with credentials that were
refused.
"""

import threading
from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone
from pytest_django.fixtures import Settings

from stores.models import Connection
from stores.platforms import tokens
from stores.platforms.errors import (
    AuthExpired,
    LoginRefused,
    NoSlot,
    NotSent,
    Refused,
    Throttled,
    Unknown,
)

State = Connection.State
committed = pytest.mark.django_db(transaction=True)


class Platform:
    """Accepts the newest token it has given out."""

    def __init__(self, *logins: object) -> None:
        self.logins = list(logins)
        self.logged_in = 0
        self.accepted = ""

    def login(self) -> str:
        self.logged_in += 1
        step = self.logins.pop(0) if self.logins else f"token{self.logged_in}"
        if isinstance(step, BaseException):
            raise step
        self.accepted = str(step)
        return self.accepted

    def request(self, token: str) -> str:
        if token != self.accepted:
            raise AuthExpired("old")
        return f"answer to {token}"

    def call(self, connection: Connection) -> str:
        return tokens.with_token(connection, self.login, self.request)


def test_the_first_call_logs_in_and_the_next_ones_share_the_token(connection: Connection) -> None:
    platform = Platform()
    assert [platform.call(connection) for _ in range(3)] == ["answer to token1"] * 3
    assert platform.logged_in == 1
    row = Connection.objects.get()
    assert (row.token, row.token_serial, row.state, row.last_error) == (
        "token1",
        1,
        State.WORKING,
        "",
    )
    assert row.checked_at is not None


def test_an_expired_token_is_renewed_once(connection: Connection) -> None:
    platform = Platform()
    platform.call(connection)
    platform.accepted = "something else"
    assert platform.call(connection) == "answer to token2"
    assert platform.logged_in == 2


def test_a_token_rejected_right_after_login_is_not_renewed_for_ever(connection: Connection) -> None:
    platform = Platform()

    def reject(token: str) -> str:
        raise AuthExpired("never good")

    with pytest.raises(NotSent, match="right after login"):
        tokens.with_token(connection, platform.login, reject)
    assert platform.logged_in == 2


@pytest.mark.parametrize("no", [AuthExpired("401"), LoginRefused("10002: 账号或密码错误")])
def test_refused_credentials_mark_the_connection_and_are_not_tried_again(
    connection: Connection, no: Exception
) -> None:
    platform = Platform(no)
    for _ in range(5):
        with pytest.raises(LoginRefused):
            platform.call(connection)
    row = Connection.objects.get()
    assert (row.state, row.token, row.login_lease_until) == (State.REFUSED, "", None)
    assert row.last_error
    assert platform.logged_in == 1


def test_refused_credentials_are_tried_again_after_a_while(connection: Connection) -> None:
    platform = Platform(LoginRefused("no"))
    with pytest.raises(LoginRefused):
        platform.call(connection)
    Connection.objects.update(checked_at=timezone.now() - tokens.TRY_REFUSED_EVERY)
    assert platform.call(connection) == "answer to token2"
    assert Connection.objects.get().state == State.WORKING


def test_new_credentials_are_tried_at_once(connection: Connection) -> None:
    platform = Platform(LoginRefused("no"))
    with pytest.raises(LoginRefused):
        platform.call(connection)
    tokens.forget(connection)
    assert platform.call(connection) == "answer to token2"


@pytest.mark.parametrize("outcome", ["the old account's token", LoginRefused("wrong password")])
def test_a_login_with_the_old_credentials_leaves_the_new_ones_alone(
    connection: Connection, outcome: object
) -> None:
    def overtaken() -> str:
        tokens.forget(Connection.objects.get())
        return Platform(outcome).login()

    with pytest.raises(NotSent):
        tokens.with_token(connection, overtaken, lambda token: pytest.fail(f"sent with {token}"))
    row = Connection.objects.get()
    assert (row.token, row.state, row.login_lease_until, row.last_error) == (
        "",
        State.NEW,
        None,
        "",
    )
    assert Platform().call(row) == "answer to token1"


def test_whoever_knows_only_the_old_credentials_does_not_log_in(connection: Connection) -> None:
    platform = Platform()
    tokens.forget(Connection.objects.get())
    with pytest.raises(NoSlot):
        platform.call(connection)
    assert platform.logged_in == 0


def test_new_credentials_do_not_wait_for_a_login_with_the_old_ones(connection: Connection) -> None:
    Connection.objects.update(login_lease_until=timezone.now() + timedelta(seconds=30))
    tokens.forget(connection)
    assert Platform().call(connection) == "answer to token1"


def test_a_login_whose_answer_is_lost_sent_no_call(connection: Connection) -> None:
    with pytest.raises(NotSent, match="login: reset") as caught:
        Platform(Unknown("reset")).call(connection)
    assert not isinstance(caught.value, LoginRefused)
    row = Connection.objects.get()
    assert (row.state, row.login_lease_until) == (State.NEW, None)


def test_a_login_refused_in_words_that_blame_nobody_is_tried_again(connection: Connection) -> None:
    platform = Platform(Refused("50000", "服务开小差了"))
    with pytest.raises(NotSent, match="login: 50000") as caught:
        platform.call(connection)
    assert not isinstance(caught.value, LoginRefused)
    row = Connection.objects.get()
    assert (row.state, row.last_error) == (State.NEW, "50000: 服务开小差了")
    assert platform.call(connection) == "answer to token2"
    assert Connection.objects.get().last_error == ""


@pytest.mark.parametrize("error", [Throttled("429"), NotSent("down"), ZeroDivisionError()])
def test_a_login_that_fails_leaves_the_next_one_free(
    connection: Connection, error: Exception
) -> None:
    platform = Platform(error)
    with pytest.raises(type(error)):
        platform.call(connection)
    assert platform.call(connection) == "answer to token2"


def test_whoever_waits_for_anothers_login_gives_up_in_the_end(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "LOGIN_PATIENCE", 0.3)
    Connection.objects.update(login_lease_until=timezone.now() + timedelta(seconds=30))
    platform = Platform()
    with pytest.raises(NoSlot):
        platform.call(connection)
    assert platform.logged_in == 0


def test_a_login_left_by_a_dead_process_is_taken_over(connection: Connection) -> None:
    Connection.objects.update(login_lease_until=timezone.now() - timedelta(seconds=1))
    assert Platform().call(connection) == "answer to token1"


def test_whoever_comes_late_with_a_refusal_does_not_undo_anothers_login(
    connection: Connection,
) -> None:
    def late() -> str:
        Connection.objects.update(token="new", token_serial=1, state=State.WORKING)
        raise LoginRefused("no")

    with pytest.raises(LoginRefused):
        tokens.with_token(connection, late, lambda token: token)
    row = Connection.objects.get()
    assert (row.token, row.state) == ("new", State.WORKING)


@committed
def test_many_threads_with_an_expired_token_log_in_once(
    connection: Connection, settings: Settings
) -> None:
    platform = Platform()
    platform.call(connection)
    platform.accepted = "something else"
    answers: list[str] = []

    def call() -> None:
        answers.append(platform.call(connection))
        database.close()

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["answer to token2"] * 6
    assert platform.logged_in == 2
