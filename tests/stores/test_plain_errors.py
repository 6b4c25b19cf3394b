"""What people read of errors and of values that only programs keep."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from stores.backoffice.plain_errors import explained, in_words
from stores.models import Connection, Heartbeat, OutboundCall, Pace
from stores.roles import Role
from tests.coupons.factories import Shop
from tests.pages import english
from tests.stores.factories import UserFactory, member

pytestmark = pytest.mark.usefixtures("in_english")


@pytest.mark.parametrize(
    ("original", "sentence"),
    [
        ("connect timed out", "The platform could not be reached."),
        ("ConnectionError: NameResolutionError", "The platform could not be reached."),
        ("ReadTimeout", "The platform did not answer in time."),
        ("HTTP 504: Gateway Time-out", "The platform did not answer in time."),
        ("HTTP 502: Bad Gateway", "The platform's server has a fault."),
        ("HTTP 429: slow down", "The platform asked us to slow down."),
        ("HTML: <html>", "The platform asked us to slow down."),
        ("HTTP 200, not JSON: <html>", "The platform's answer could not be understood."),
        ("wrong password", "The platform refused the login. Check the credentials."),
        (
            "no password stored",
            "The connection has no complete credentials. Enter them in its form.",
        ),
        (
            "PartnerId, client id or client secret is missing",
            "The connection has no complete credentials. Enter them in its form.",
        ),
        (
            "The client secret is missing.",
            "The connection has no complete credentials. Enter them in its form.",
        ),
        ("The platform limits calls, and too many are on their way. Try again in a minute.", ""),
        (
            "SSLError: SSLError: self-signed certificate",
            "The certificate of the platform's address is not valid, so nothing was sent. Check the"
            " address; if it is right, the platform has to renew its certificate.",
        ),
        (
            "HTTP 404, not JSON: <html>",
            "The server at the platform's address does not have this interface (404). Check the"
            " address.",
        ),
        ("The platform did not answer in time. Try again later.", ""),
        ("E1000", "The platform answered with an error."),
        ("该券码已使用", ""),
    ],
)
def test_an_error_is_said_in_a_sentence(original: str, sentence: str) -> None:
    assert in_words(original) == sentence


def test_the_original_is_one_click_away_and_holds_no_codes() -> None:
    shown = explained("HTTP 502: <b>939850325291</b>")
    assert "<summary>The platform&#x27;s server has a fault.</summary>" in shown
    assert "HTTP 502: &lt;b&gt;…5291&lt;/b&gt;" in shown
    assert (explained("该券码已使用"), explained("")) == ("该券码已使用", "–")


def test_a_call_that_failed_says_so_in_words(shop: Shop) -> None:
    now = datetime.now(UTC)
    call = OutboundCall.objects.create(
        platform="trip",
        operation="ticket.used",
        key="k",
        connection=shop.connection,
        pace=shop.connection.pace,
        store=shop.store,
        subject_id=1,
        state=OutboundCall.State.DEAD,
        last_error="HTTP 502: Bad Gateway",
        queued_at=now,
        expires_at=now,
        settled_at=now,
    )
    owner = english(member(shop.merchant, Role.OWNER, password=None))
    for page in (
        reverse("admin:stores_outboundcall_changelist"),
        reverse("admin:stores_outboundcall_change", args=[call.pk]),
    ):
        assert "The platform&#x27;s server has a fault." in owner.get(page).content.decode()


@pytest.mark.django_db
def test_an_operator_reads_the_time_of_the_next_call_and_names_as_they_are_written() -> None:
    operator = english(UserFactory(is_superuser=True, is_staff=True, password=None))
    Pace.objects.create(platform="umember", account="a@example.com", next_at=1795934530.9269931)
    page = operator.get(reverse("admin:stores_pace_changelist")).content.decode()
    assert ("1795934530" in page, "2026-11-29" in page) == (False, True)
    beat = Heartbeat.objects.create(name="vm:1969/results", at=datetime.now(UTC))
    page = operator.get(reverse("admin:stores_heartbeat_change", args=[beat.pk])).content.decode()
    assert "<h1>vm:1969/results</h1>" in page


def test_a_secret_that_is_not_stored_yet_cannot_be_kept(shop: Shop) -> None:
    owner = english(member(shop.merchant, Role.OWNER, password=None))
    keep = "Leave empty to keep the stored one."
    new = owner.get(reverse("admin:stores_connection_add"), {"platform": "umember"})
    known = owner.get(reverse("admin:stores_connection_change", args=[shop.connection.pk]))
    assert (keep in new.content.decode(), keep in known.content.decode()) == (False, True)


def test_a_form_has_one_button_to_save_and_a_list_one_to_add(shop: Shop) -> None:
    owner = english(member(shop.merchant, Role.OWNER, password=None))
    form = owner.get(reverse("admin:stores_store_change", args=[shop.store.pk])).content.decode()
    assert ("_save" in form, "_continue" in form, "_addanother" in form) == (True, False, False)
    page = owner.get(reverse("admin:stores_store_changelist")).content.decode()
    assert "Add store</a>" in page


def test_what_is_empty_looks_the_same_everywhere(shop: Shop) -> None:
    Connection.objects.filter(pk=shop.connection.pk).update(last_error="", checked_at=None)
    owner = english(member(shop.merchant, Role.OWNER, password=None))
    page = owner.get(reverse("admin:stores_connection_changelist")).content.decode()
    assert ">–<" in page
    assert ">-<" not in page
