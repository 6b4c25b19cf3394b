"""Limits that all processes count together."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone
from pytest_django.fixtures import Settings

from stores.models import RateWindow
from stores.web import limits
from stores.web.addresses import client_ip, client_network
from stores.web.limits import Limit, peek, take
from tests import children

# A window so long that no test meets its end.
THREE = Limit("test", 3, 10**8)


def test_tries_within_the_limit_are_allowed_and_no_more(db: None) -> None:
    assert [take(THREE, "a").allowed for _ in range(5)] == [True, True, True, False, False]
    assert take(THREE, "a").retry_after > 0
    assert take(THREE, "b").allowed
    assert take(Limit("other", 3, 10**8), "a").allowed


def test_looking_does_not_count(db: None) -> None:
    assert all(peek(THREE, "a").allowed for _ in range(5))
    assert not RateWindow.objects.exists()
    for _ in range(3):
        take(THREE, "a")
    assert not peek(THREE, "a").allowed


def test_a_new_window_starts_from_nothing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000_000.0]
    monkeypatch.setattr("stores.web.limits.time.time", lambda: now[0])
    monkeypatch.setattr(limits, "WINDOWS_FROM", 0)
    minute = Limit("test", 1, 60)
    assert [take(minute, "a").allowed, take(minute, "a").allowed] == [True, False]
    assert take(minute, "a").retry_after == 20
    now[0] += 20
    assert take(minute, "a").allowed


def test_who_it_was_is_not_stored(db: None) -> None:
    take(THREE, "203.0.113.9")
    assert "203.0.113.9" not in RateWindow.objects.get().bucket


def test_anybody_can_be_counted(db: None) -> None:
    for who in ("", "汉" * 500, "a\x00b", "'; --"):
        assert take(THREE, who).allowed


def test_past_windows_are_forgotten(db: None) -> None:
    take(THREE, "a")
    RateWindow.objects.create(bucket="old", count=1, ends_at=timezone.now() - timedelta(hours=2))
    assert limits.forget_past_windows() == 1
    assert RateWindow.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_threads_count_together() -> None:
    allowed: list[bool] = []

    def many() -> None:
        allowed.extend(take(Limit("test", 25, 10**8), "a").allowed for _ in range(10))
        connection.close()

    threads = [threading.Thread(target=many) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (allowed.count(True), allowed.count(False)) == (25, 25)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_processes_count_together() -> None:
    code = """
        from stores.web.limits import Limit, take
        print(sum(take(Limit("test", 25, 10**8), "a").allowed for _ in range(20)))
    """
    assert sum(int(said) for said in children.outputs(code, code)) == 25


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.1", "10.0.0.1"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 10.0.0.9", "198.51.100.1"),
        (2, "198.51.100.1", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, " , ", "10.0.0.1"),
    ],
)
def test_a_caller_cannot_choose_the_own_address(
    settings: Settings, proxies: int, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)
    assert client_ip(request) == address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("unix:", "unix:"),
        ("", ""),
    ],
)
def test_all_addresses_of_one_phone_count_together(address: str, network: str) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=address)
    assert (client_network(request), client_ip(request)) == (network, address)


def test_a_packet_of_tries_never_exceeds_the_limit(db: None) -> None:
    limit = Limit("prepaid", 100, 10**8)
    assert [limits.take_prepaid(limit, "a").allowed for _ in range(120)].count(True) == 100
