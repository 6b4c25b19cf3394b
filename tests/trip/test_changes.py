"""Planned changes: the mail in Meituan's form, three working days ahead, and who was told."""

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from stores.models import AuditEntry, Connection
from stores.platforms.reading import BEIJING
from stores.roles import Role
from tests.pages import english
from tests.stores.factories import StoreFactory, member
from tests.trip.contract import planned
from tests.trip.factories import TicketConnectionFactory, TicketProductFactory
from trip import dashboard
from trip.models import PlannedChange, RegisteredAddress
from trip.services import changes
from trip.services.changes import watch_addresses

pytestmark = pytest.mark.django_db
ADD = "/admin/trip/plannedchange/add/"
FRIDAY = datetime(2026, 11, 27, 10, 0, tzinfo=BEIJING)


@pytest.fixture
def connection() -> Connection:
    made: Connection = TicketConnectionFactory(account="12345")
    store = StoreFactory(merchant=made.merchant)
    TicketProductFactory(connection=made, store=store)
    return made


@pytest.fixture
def owner(connection: Connection) -> User:
    return member(connection.tenant, Role.OWNER)


@pytest.fixture
def client(owner: User) -> Client:
    return english(owner)


def sent(connection: Connection, start: datetime, **fields: object) -> dict[str, object]:
    local = start.astimezone(BEIJING)
    end = local + timedelta(hours=2)
    return {
        "connection": connection.pk,
        "kind": "upgrade",
        "base_url": "",
        "starts_at_0": f"{local:%Y-%m-%d}",
        "starts_at_1": f"{local:%H:%M:%S}",
        "ends_at_0": f"{end:%Y-%m-%d}",
        "ends_at_1": f"{end:%H:%M:%S}",
        "affected": "全部接口",
        "bd_email": "bd@example.com",
        **fields,
    }


def test_the_mail_has_the_form_that_meituan_asks_for(connection: Connection) -> None:
    start = datetime(2026, 12, 5, 2, 0, tzinfo=BEIJING)
    change = planned(connection, starts_at=start, ends_at=start + timedelta(hours=2))
    assert changes.subject_of(change) == "【掌柜】【12345】系统升级"
    assert changes.text_of(change) == (
        "【掌柜】【12345】系统升级\n"
        "升级时间：2026-12-05 02:00，影响范围：全部接口，升级完成（恢复上线时间）：2026-12-05 04:00"
    )
    assert changes.recipients_of(change) == ["hb.trip.api@meituan.com", "ask.api@meituan.com"]


def test_a_new_address_lists_the_interfaces(connection: Connection) -> None:
    change = planned(connection, kind="address", base_url="https://new.example.com/")
    assert changes.subject_of(change) == "【掌柜】【12345】更换接口地址"
    text = changes.text_of(change)
    assert f"https://new.example.com/trip/{connection.pk}/order/create" in text
    assert "com//trip" not in text


def test_the_mail_program_opens_with_the_whole_mail(connection: Connection) -> None:
    change = planned(connection, bd_email="bd+1@example.com")
    parts = urlsplit(changes.mail_link(change))
    known = parse_qs(parts.query)
    assert parts.scheme == "mailto"
    assert parts.path.split(",")[0] == "bd%2B1@example.com"
    assert known["subject"] == [changes.subject_of(change)]
    assert known["body"] == [changes.text_of(change)]


@pytest.mark.parametrize(
    ("start", "is_too_near"),
    [
        (datetime(2026, 12, 2, 9, 59, tzinfo=BEIJING), True),
        (datetime(2026, 12, 2, 10, 0, tzinfo=BEIJING), False),
        (datetime(2026, 11, 30, 2, 0, tzinfo=BEIJING), True),
    ],
)
def test_three_working_days_leave_out_the_weekend(start: datetime, is_too_near: bool) -> None:
    with time_machine.travel(FRIDAY, tick=False):
        assert changes.is_too_near(start) is is_too_near


def test_a_date_that_is_too_near_is_refused_unless_the_person_insists(
    client: Client, connection: Connection
) -> None:
    start = timezone.now() + timedelta(days=1)
    page = client.post(ADD, sent(connection, start))
    assert "three working days ahead" in page.content.decode()
    assert not PlannedChange.objects.exists()
    page = client.post(ADD, sent(connection, start, too_near="on"), follow=True)
    assert "系统升级" in page.content.decode()
    assert PlannedChange.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "address"}, "Give the new address."),
        ({"ends_at_0": "2020-01-01"}, "It ends before it begins."),
    ],
)
def test_what_cannot_be_is_refused(
    client: Client, connection: Connection, fields: dict[str, str], words: str
) -> None:
    start = timezone.now() + timedelta(days=20)
    page = client.post(ADD, sent(connection, start, **fields))
    assert words in page.content.decode()
    assert not PlannedChange.objects.exists()


def test_a_wrong_address_is_one_mistake(client: Client, connection: Connection) -> None:
    start = timezone.now() + timedelta(days=20)
    page = client.post(ADD, sent(connection, start, kind="address", base_url="no address"))
    assert len(page.context["adminform"].form.errors["base_url"]) == 1


def press(client: Client, change: PlannedChange, name: str) -> str:
    page = client.post(f"/admin/trip/plannedchange/{change.pk}/do/{name}/", follow=True)
    return page.content.decode()


def test_a_typed_address_is_not_called_the_current_one(
    client: Client, connection: Connection
) -> None:
    typed = sent(connection, FRIDAY, kind="address", base_url="https://new.example.com")
    page = client.post(ADD, typed).content.decode()
    assert (page.count("https://new.example.com"), 'type="url"' in page) == (1, True)


def test_what_a_person_has_sent_is_noted_once(
    client: Client, owner: User, connection: Connection
) -> None:
    change = planned(connection)
    assert "Noted." in press(client, change, "sent")
    change.refresh_from_db()
    assert change.announced_by == (owner.get_full_name() or owner.username)
    entry = AuditEntry.objects.get(verb="trip.change.announced")
    assert (entry.merchant, entry.data["method"]) == (connection.merchant, "by hand")
    press(client, change, "sent")
    assert AuditEntry.objects.filter(verb="trip.change.announced").count() == 1


def test_the_mail_is_sent_where_a_server_is_set(
    client: Client, connection: Connection, settings: Settings
) -> None:
    change = planned(connection, bd_email="bd@example.com")
    page = client.get(f"/admin/trip/plannedchange/{change.pk}/change/").content.decode()
    assert "/do/send/" not in page
    settings.EMAIL_HOST = "smtp.example.com"
    assert "The mail was sent." in press(client, change, "send")
    (message,) = mail.outbox
    assert message.to[0] == "bd@example.com"
    assert message.subject == changes.subject_of(change)


def test_a_mail_that_cannot_be_sent_is_told_and_not_noted(
    client: Client, connection: Connection, settings: Settings
) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    change = planned(connection)
    assert "The mail could not be sent." in press(client, change, "send")
    change.refresh_from_db()
    assert change.announced_at is None


def test_everybody_sees_a_change_before_and_during_it(connection: Connection) -> None:
    store = connection.tenant.stores.get()
    user = member(connection.tenant, Role.CLERK, store)
    change = planned(connection, announced_at=timezone.now())
    words = "tickets may be delayed"
    for hours, is_shown in ((-100, False), (-48, True), (1, True), (3, False)):
        with time_machine.travel(change.starts_at + timedelta(hours=hours), tick=False):
            clerk = english(user)
            for page in ("/admin/", "/counter/"):
                assert (words in clerk.get(page).content.decode()) is is_shown


def test_a_change_that_was_planned_and_not_announced_is_said_at_once_to_who_can_announce_it(
    connection: Connection, owner: User
) -> None:
    store = connection.tenant.stores.get()
    clerk = member(connection.tenant, Role.CLERK, store)
    change = planned(connection)
    words, page = "Meituan was not told yet", f"/admin/trip/plannedchange/{change.pk}/change/"
    assert [alert.until for alert in dashboard.alerts(owner)] == [change.starts_at]
    read = {user: english(user).get("/admin/todo/").content.decode() for user in (owner, clerk)}
    assert [words in read[owner], f'href="{page}"' in read[owner]] == [True, True]
    assert words not in read[clerk]
    changes.change_announced(change=change, actor=owner, method="by hand")
    assert words not in english(owner).get("/admin/todo/").content.decode()


def test_an_address_that_changed_without_notice_raises_an_alert(
    client: Client, connection: Connection, settings: Settings
) -> None:
    words = "our address has changed"
    watch_addresses()
    assert words not in client.get("/admin/").content.decode()
    settings.PUBLIC_BASE_URL = "https://new.example.com"
    watch_addresses()
    page = client.get("/admin/").content.decode()
    assert words in page
    assert re.search(rf"{ADD}\?connection={connection.pk}&(amp;)?kind=address", page)
    planned(connection, kind="address", base_url="https://new.example.com/",
            announced_at=timezone.now())  # fmt: skip
    assert words not in client.get("/admin/").content.decode()
    watch_addresses()
    assert RegisteredAddress.objects.get().base_url == "https://new.example.com"
