"""A key of CREDENTIAL_KEYS is lost: pages still open, and credentials can be entered again."""

import pytest
from cryptography.fernet import Fernet
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from stores.models import Connection, InboundEvent, OutboundAttempt, OutboundCall
from stores.roles import Role
from tests.stores.factories import ConnectionFactory, api_key, member

LOCKED = "没有能打开这段内容的密钥"
PAGES = (
    "/admin/",
    "/admin/stores/connection/",
    "/admin/stores/connection/{connection.pk}/change/",
    "/admin/stores/inboundevent/",
    "/admin/stores/outboundcall/",
)
LOCKED_PAGES = (
    "/admin/stores/inboundevent/{event.pk}/change/",
    "/admin/stores/outboundcall/{call.pk}/change/",
    "/admin/stores/outboundattempt/",
    "/admin/stores/outboundattempt/{attempt.pk}/change/",
)


@pytest.fixture(params=["umember", "trip"])
def connection(db: None, settings: Settings, request: pytest.FixtureRequest) -> Connection:
    """A connection with rows in all ledgers; the key of all of them is lost."""
    secrets = {"password": "geheim", "client_id": "c", "client_secret": "geheim"}
    row: Connection = ConnectionFactory(
        platform=request.param, account="1@b.cn", credentials=secrets, token="jwt"
    )
    InboundEvent.objects.create(
        platform=row.platform, connection=row, kind="k", dedup_key="1", state="handled",
        body={"a": 1}, error="no handler",
    )  # fmt: skip
    call = OutboundCall.objects.create(
        platform=row.platform, operation="x", key="k", connection=row, pace=row.pace, subject_id=1,
        payload={"a": 1}, expires_at=timezone.now(),
    )  # fmt: skip
    OutboundAttempt.objects.create(call=call, sent="sent", detail="answer")
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    return row


@pytest.mark.parametrize("page", PAGES + LOCKED_PAGES)
def test_every_page_opens_and_says_what_no_key_opens(
    client: Client, connection: Connection, page: str
) -> None:
    client.force_login(member(connection.tenant, Role.OWNER))
    rows = {
        "connection": connection,
        "event": InboundEvent.objects.defer("body", "error").get(),
        "call": OutboundCall.objects.get(),
        "attempt": OutboundAttempt.objects.get(),
    }
    answer = client.get(page.format(**rows))
    assert answer.status_code == 200
    assert (LOCKED in answer.content.decode()) == (page in LOCKED_PAGES)


def test_the_credentials_are_entered_again(client: Client, connection: Connection) -> None:
    client.force_login(member(connection.tenant, Role.OWNER))
    page = f"/admin/stores/connection/{connection.pk}/change/"
    account = {"umember": "1@b.cn", "trip": "12"}[connection.platform]
    typed = {"account": account, "is_active": "on", "client_id": "c", "name": ""}
    assert client.post(page, typed).status_code == 200
    secret = {"umember": "password", "trip": "client_secret"}[connection.platform]
    assert client.post(page, typed | {secret: "new"}).status_code == 302
    row = Connection.objects.get()
    assert (row.credentials[secret], row.token) == ("new", "")


@pytest.mark.parametrize("path", ["/admin/", "/api/v1/stores/"])
def test_where_a_secret_is_needed_that_no_key_opens_the_page_says_so(
    client: Client, connection: Connection, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def needs_it(*args: object, **kwargs: object) -> None:
        Connection.objects.get().credentials  # noqa: B018

    client.force_login(member(connection.tenant, Role.OWNER))
    _, secret = api_key(connection.tenant)
    monkeypatch.setattr("stores.backoffice.site.BackOffice.has_permission", needs_it)
    monkeypatch.setattr("stores.api.authentication.find_key", needs_it)
    answer = client.get(path, headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 503
    told = answer.json()["code"] if path.startswith("/api/") else answer.content.decode()
    assert "key_missing" in told or "这台服务器缺少打开密文的密钥" in told
