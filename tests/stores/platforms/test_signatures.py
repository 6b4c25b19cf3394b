"""BA signatures: the protocol's vectors, dates to the letter, and two secrets while they are
rotated.
"""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trip import signatures
from trip.signatures import Authorization

OFFICIAL = "123456ce8b61f8e608eaf2e9702864a9"
OWN = "0123456789abcdef0123456789abcdef"
VECTORS = [
    (
        OFFICIAL,
        "/rhone/lv/deal/change/notice",
        "Wed, 06 May 2015 10:34:20 GMT",
        "hVQHFpzOXtxzOy5INj2IohJ85Y0=",
    ),
    (OWN, "/meituan/order/create", "Thu, 01 Jan 1970 00:00:00 GMT", "+vr8hJvUqtx9pEhWrbZk/0v+eGU="),
    (
        OWN,
        "/rhone/mtp/api/order/pay/notice",
        "Fri, 17 Feb 2012 23:34:53 GMT",
        "LfNNQ2vNUs7AgeO2jXj6sUJGFmY=",
    ),
]
MOMENT = datetime(2012, 2, 17, 23, 34, 53, tzinfo=UTC)


def signed(
    *secrets: str,
    signature: str = VECTORS[2][3],
    path: str = VECTORS[2][1],
    date: str = VECTORS[2][2],
) -> bool:
    return signatures.is_signed(signature, method="POST", path=path, date=date, secrets=secrets)


@pytest.mark.parametrize(("secret", "path", "date", "signature"), VECTORS)
def test_a_signature_is_the_protocols(secret: str, path: str, date: str, signature: str) -> None:
    assert signatures.string_to_sign(method="post", path=path, date=date) == f"POST {path}\n{date}"
    assert signatures.sign(method="POST", path=path, date=date, secret=secret) == signature


def test_our_own_request_carries_the_protocols_headers() -> None:
    headers = signatures.signed_headers(
        method="POST",
        path=VECTORS[2][1],
        client_id="mt-1001",
        secret=OWN,
        at=MOMENT.astimezone(timezone(timedelta(hours=8))),
    )
    assert headers == {
        "Date": "Fri, 17 Feb 2012 23:34:53 GMT",
        "Authorization": "MWS mt-1001:LfNNQ2vNUs7AgeO2jXj6sUJGFmY=",
    }


def test_either_secret_is_accepted_while_they_are_rotated() -> None:
    assert signed(OWN)
    assert signed("new", OWN)
    assert signed(OWN, "old")


def test_what_was_signed_otherwise_is_not_accepted() -> None:
    assert not signed()
    assert not signed("other")
    assert not signed(OWN, path="/rhone/mtp/api/order/pay/notice/")
    assert not signed(OWN, date="Fri, 17 Feb 2012 23:34:54 GMT")
    assert not signed(OWN, signature=VECTORS[1][3])
    assert not signed(OWN, signature="签名")


def test_an_empty_secret_signs_nothing() -> None:
    made_with_it = signatures.sign(method="POST", path=VECTORS[2][1], date=VECTORS[2][2], secret="")
    assert not signed("", signature=made_with_it)
    assert not signed(OWN, "", signature=made_with_it)


def test_all_secrets_are_tried_even_after_the_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    real = signatures.sign

    def sign(*, method: str, path: str, date: str, secret: str) -> str:
        tried.append(secret)
        return real(method=method, path=path, date=date, secret=secret)

    monkeypatch.setattr(signatures, "sign", sign)
    assert signed(OWN, "previous")
    assert tried == [OWN, "previous"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("MWS mt-1001:LfNN+/g=", Authorization("mt-1001", "LfNN+/g=")),
        ("MWS a.b_c:x", Authorization("a.b_c", "x")),
        ("mws mt-1001:LfNN", None),
        ("MWS  mt-1001:LfNN", None),
        ("MWS mt-1001 :LfNN", None),
        ("MWS mt-1001", None),
        ("MWS :LfNN", None),
        ("MWS mt-1001:", None),
        ("MWS mt:1001:LfNN", None),
        ("MWS mt-1001:LfNN\n", None),
        ("Basic bXQ6eA==", None),
        ("", None),
    ],
)
def test_an_authorization_is_read_to_the_letter(text: str, found: Authorization | None) -> None:
    assert signatures.parse_authorization(text) == found


@given(
    st.datetimes(
        min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.timezones()
    )
)
def test_a_date_that_we_write_we_read(moment: datetime) -> None:
    text = signatures.format_date(moment)
    assert signatures.parse_date(text) == moment.astimezone(UTC).replace(microsecond=0)
    assert len(text) == 29


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sat, 17 Feb 2012 23:34:53 GMT",
        "Fri, 30 Feb 2012 23:34:53 GMT",
        "Fri, 17 Feb 2012 24:00:00 GMT",
        "Fri, 17 Feb 0000 23:34:53 GMT",
        "fri, 17 feb 2012 23:34:53 gmt",
        "Fri, 17 Feb 2012 23:34:53 UTC",
        "Fri, 17 Feb 2012 23:34:53 +0000",
        "Fri, 17 Feb 2012 23:34:53 GMT ",
        "Fri, 17 Feb 2012 23:34:53 GMT\n",
        "Fri, 7 Feb 2012 23:34:53 GMT",
        "Friday, 17-Feb-12 23:34:53 GMT",
        "2012-02-17 23:34:53",
        "周五, 17 二月 2012 23:34:53 GMT",
        "Fri, \u0661\u0667 Feb 2012 23:34:53 GMT",
        "1329521693",
    ],
)
def test_no_other_date_is_read(text: str) -> None:
    assert signatures.parse_date(text) is None


@pytest.mark.parametrize(
    ("seconds", "fresh"), [(0, True), (600, True), (-600, True), (601, False), (-601, False)]
)
def test_a_date_is_fresh_within_the_window_on_both_sides(seconds: int, fresh: bool) -> None:
    assert signatures.is_fresh(MOMENT, now=MOMENT + timedelta(seconds=seconds), window=600) is fresh
