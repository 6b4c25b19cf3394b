"""The back office itself: signing in, its content policy, staff, keys, connections, and what is
audited.
"""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override
from unfold.admin import ModelAdmin

from stores import audit
from stores.api.authentication import find_key
from stores.backoffice import dashboard
from stores.backoffice.widgets import Alert
from stores.models import (
    ApiKey,
    AuditEntry,
    InboundEvent,
    Merchant,
    RateWindow,
    Staff,
    Store,
)
from stores.roles import Role
from tests.pages import english
from tests.stores.factories import (
    PASSWORD,
    ConnectionFactory,
    MerchantFactory,
    StoreFactory,
    UserFactory,
    api_key,
    member,
)
from tests.trip.factories import TicketProductFactory

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"


def last_entry() -> AuditEntry:
    return AuditEntry.objects.latest("id")


# Stores


def test_the_list_of_stores_takes_the_same_queries_however_many_there_are(
    owner_client: Client, store: Store
) -> None:
    address = reverse("admin:stores_store_changelist")
    owner_client.get(address)
    with CaptureQueriesContext(database) as few:
        owner_client.get(address)
    sellers = [
        TicketProductFactory(connection__merchant=store.merchant).store_id for _time in range(3)
    ]
    with CaptureQueriesContext(database) as many:
        text = owner_client.get(address).content.decode()
    assert len(many) == len(few)
    assert [pk for pk in (store.pk, *sellers) if f"store__id__exact={pk}" in text] == sellers


# Signing in


def test_a_clerk_signs_in_and_lands_at_the_counter(store: Store) -> None:
    member(store.merchant, Role.CLERK, store, username="clerk")
    answer = english().post(
        f"{LOGIN}?next=/admin/", {"username": "clerk", "password": PASSWORD}, follow=True
    )
    assert (answer.status_code, answer.redirect_chain) == (200, [("/counter/", 302)])


def test_the_bare_address_leads_to_the_start_page(owner_client: Client) -> None:
    assert owner_client.get("/")["Location"] == "/admin/"
    assert owner_client.get("/").status_code == 302


@pytest.mark.parametrize(
    ("address", "status"), [("/nothing/here/", 404), ("/admin/auth/user/", 403)]
)
def test_an_error_page_leads_back_to_the_start_page(
    owner_client: Client, address: str, status: int
) -> None:
    answer = owner_client.get(address)
    assert answer.status_code == status
    assert '<a href="/admin/">To the back office</a>' in answer.content.decode()


def test_an_empty_list_offers_only_what_can_be_done(owner_client: Client, store: Store) -> None:
    calls = owner_client.get("/admin/stores/outboundcall/").content.decode()
    assert "Nothing here yet." in calls
    assert "Add " not in calls.partition('id="changelist"')[2]
    assert (
        "Reset filters"
        in owner_client.get("/admin/stores/outboundcall/?state__exact=dead").content.decode()
    )
    keys = owner_client.get("/admin/stores/apikey/").content.decode()
    assert "Nothing here yet." in keys
    assert "Add API key" in keys
    assert "Nothing matches." in owner_client.get("/admin/stores/staff/?q=nobody").content.decode()


def test_somebody_without_a_role_does_not_get_in(merchant: Merchant) -> None:
    user = member(merchant, Role.CLERK, username="gone")
    Staff.objects.filter(user=user).update(is_active=False)
    answer = english(user).get("/admin/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/admin/")


def test_after_eight_wrong_passwords_even_the_right_one_is_refused(merchant: Merchant) -> None:
    member(merchant, Role.OWNER, username="boss")
    client = english()
    for _ in range(8):
        assert (
            "password is not right"
            in client.post(LOGIN, {"username": "boss", "password": "no"}).content.decode()
        )
    answer = client.post(LOGIN, {"username": "boss", "password": PASSWORD})
    assert "Too many wrong passwords. Please try again in" in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_wrong_passwords_of_one_name_do_not_lock_another(merchant: Merchant) -> None:
    member(merchant, Role.OWNER, username="boss")
    client = english()
    for _ in range(8):
        client.post(LOGIN, {"username": "nobody", "password": "no"})
    assert (
        client.post(f"{LOGIN}?next=/admin/", {"username": "boss", "password": PASSWORD}).status_code
        == 302
    )


def test_right_passwords_are_not_counted(merchant: Merchant) -> None:
    member(merchant, Role.OWNER, username="boss")
    english().post(f"{LOGIN}?next=/admin/", {"username": "boss", "password": PASSWORD})
    assert set(RateWindow.objects.values_list("count", flat=True)) == {0}


def test_the_admin_policy_is_for_the_admin_alone(owner_client: Client) -> None:
    strict = "default-src 'self'"
    for address in ("/admin/", LOGIN, reverse("admin:stores_store_changelist")):
        policy = owner_client.get(address)["Content-Security-Policy"]
        assert strict in policy
        assert "script-src 'self' 'unsafe-eval' 'unsafe-inline'" in policy
    assert "unsafe" not in owner_client.get("/counter/")["Content-Security-Policy"]


def test_an_admin_that_is_not_scoped_is_refused() -> None:
    class Unscoped(ModelAdmin):  # type: ignore[misc]
        pass

    with pytest.raises(ImproperlyConfigured, match="Unscoped must be a"):
        admin.site.register(Staff, Unscoped)


# Stores


def test_a_changed_store_is_audited_by_field(owner_client: Client, store: Store) -> None:
    address = reverse("admin:stores_store_change", args=[store.pk])
    answer = owner_client.post(
        address, {"name": "新名字", "trade": "gym", "is_active": "on", "guest_page_open": "on"}
    )
    assert answer.status_code == 302
    store.refresh_from_db()
    entry = last_entry()
    assert (store.name, entry.verb, entry.store, entry.data) == (
        "新名字",
        "store changed",
        store,
        {"fields": ["Name", "Trade"]},
    )


def test_an_owner_cannot_make_a_store_for_another_merchant(owner_client: Client) -> None:
    other = MerchantFactory()
    answer = owner_client.post(
        reverse("admin:stores_store_add"), {"merchant": other.pk, "name": "x", "trade": "gym"}
    )
    assert (answer.status_code, Store.objects.count()) == (200, 0)


def test_the_own_merchant_is_filled_in(owner_client: Client, merchant: Merchant) -> None:
    page = owner_client.get(reverse("admin:stores_store_add")).content.decode()
    assert f'<input type="hidden" name="merchant" value="{merchant.pk}"' in page


# Staff


def add_staff(client: Client, merchant: Merchant, *stores: Store, **fields: object) -> Any:
    data = {"username": "xiaowang", "full_name": "小王", "merchant": merchant.pk}
    data |= {"role": "clerk", "stores": [store.pk for store in stores]}
    return client.post(reverse("admin:stores_staff_add"), data | fields)


def shown_password(answer: Any) -> str:
    """Returns the password that a page shows once, with a button to copy it."""
    page = answer.content.decode()
    found = re.search(r'id="secret">([a-z2-9-]{14})<', page)
    assert found, page
    assert 'data-copy="#secret"' in page
    assert "no-store" in answer["Cache-Control"]
    return found[1]


def test_a_new_member_signs_in_with_the_password_that_is_shown_once(
    owner_client: Client, merchant: Merchant, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    password = shown_password(add_staff(owner_client, merchant, store))
    staff = Staff.objects.get(user__username="xiaowang")
    assert (staff.role, list(staff.stores.all()), staff.user.is_staff, staff.user.is_superuser) == (
        "clerk",
        [store],
        True,
        False,
    )
    assert (staff.user.check_password(password), staff.password_is_given) == (True, True)
    assert (last_entry().verb, last_entry().merchant) == ("staff added", merchant)
    noted = f"{list(AuditEntry.objects.values())} {list(LogEntry.objects.values())} {caplog.text}"
    assert password not in noted
    again = owner_client.get(reverse("admin:stores_staff_change", args=[staff.pk]))
    assert password not in again.content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"username": "owner"},
        {"username": "OWNER"},
        {"role": "king"},
        {"stores": []},
    ],
)
def test_a_member_that_is_not_right_is_not_made(
    owner_client: Client, merchant: Merchant, store: Store, fields: dict[str, object]
) -> None:
    assert add_staff(owner_client, merchant, store, **fields).status_code == 200
    assert list(User.objects.values_list("username", flat=True)) == ["owner"]


def test_a_member_cannot_be_given_a_store_of_another_merchant(
    owner_client: Client, merchant: Merchant
) -> None:
    assert add_staff(owner_client, merchant, StoreFactory()).status_code == 200
    assert Staff.objects.count() == 1


def test_the_last_owner_cannot_be_taken_away(
    owner_client: Client, owner: User, store: Store
) -> None:
    staff = owner.memberships.get()
    address = reverse("admin:stores_staff_change", args=[staff.pk])
    answer = owner_client.post(address, {"role": "clerk", "stores": [store.pk], "is_active": "on"})
    assert "at least one active owner" in answer.content.decode()
    staff.refresh_from_db()
    assert staff.role == "owner"


def test_a_changed_role_is_audited_with_the_new_role(owner_client: Client, store: Store) -> None:
    staff = member(store.merchant, Role.CLERK, store, password=None).memberships.get()
    address = reverse("admin:stores_staff_change", args=[staff.pk])
    assert (
        owner_client.post(
            address, {"role": "manager", "stores": [store.pk], "is_active": "on"}
        ).status_code
        == 302
    )
    assert (last_entry().verb, last_entry().data["role"]) == ("staff changed", "manager")


def renew_password(client: Client, user: User, store: Store) -> Any:
    staff = user.memberships.get(merchant=store.merchant)
    return client.post(reverse("admin:stores_staff_do", args=[staff.pk, "renew_password"]))


def test_an_owner_gets_a_new_password_for_who_forgot_it(owner_client: Client, store: Store) -> None:
    clerk = member(store.merchant, Role.CLERK, store)
    password = shown_password(renew_password(owner_client, clerk, store))
    clerk.refresh_from_db()
    assert (clerk.check_password(password), clerk.memberships.get().password_is_given) == (
        True,
        True,
    )
    assert (last_entry().verb, last_entry().data["fields"]) == ("staff changed", ["Password"])
    assert password not in f"{list(AuditEntry.objects.values())} {list(LogEntry.objects.values())}"


def test_nobody_gets_the_password_of_somebody_who_reaches_more_or_of_oneself(
    owner_client: Client, owner: User, store: Store
) -> None:
    elsewhere = member(store.merchant, Role.CLERK, store)
    Staff.objects.create(user=elsewhere, merchant=MerchantFactory(), role=Role.OWNER)
    operator = member(store.merchant, Role.CLERK, store, is_superuser=True)
    for user in (elsewhere, operator, owner):
        before = user.password
        answer = renew_password(owner_client, user, store)
        user.refresh_from_db()
        assert ('id="secret"' in answer.content.decode(), user.password) == (False, before)


# API keys


def test_a_new_key_is_shown_once_and_works(owner_client: Client, merchant: Merchant) -> None:
    data = {"merchant": merchant.pk, "name": "till", "scopes": ["read", "verify"]}
    page = owner_client.post(reverse("admin:stores_apikey_add"), data).content.decode()
    found = re.search(r'id="secret">(zg_[^<]+)<', page)
    assert found
    key = find_key(found[1])
    assert key
    assert (key.name, key.scopes, key.merchant) == ("till", ["read", "verify"], merchant)
    assert (
        found[1]
        not in owner_client.get(
            reverse("admin:stores_apikey_change", args=[key.pk])
        ).content.decode()
    )
    assert found[1] not in str(list(AuditEntry.objects.values()))


def test_a_key_for_some_stores_needs_stores(owner_client: Client, merchant: Merchant) -> None:
    data = {"merchant": merchant.pk, "name": "till", "scopes": ["read"], "limited_to_stores": "on"}
    answer = owner_client.post(reverse("admin:stores_apikey_add"), data)
    assert "the key opens nothing" in answer.content.decode()
    answer = owner_client.post(reverse("admin:stores_apikey_add"), data | {"stores": ["0"]})
    assert len(answer.context["adminform"].form.errors["stores"]) == 1
    assert ApiKey.objects.count() == 0


def test_a_revoked_key_opens_nothing(owner_client: Client, merchant: Merchant) -> None:
    key, secret = api_key(merchant)
    address = reverse("admin:stores_apikey_do", args=[key.pk, "revoke"])
    assert "refused at once" in owner_client.get(address).content.decode()
    assert find_key(secret) == key
    assert owner_client.post(address).status_code == 302
    assert (find_key(secret), last_entry().verb) == (None, "apikey revoked")


# Ledgers


def event(merchant: Merchant, state: str) -> InboundEvent:
    return InboundEvent.objects.create(
        platform="umember",
        connection=ConnectionFactory(merchant=merchant),
        kind="notice",
        dedup_key="1",
        state=state,
        body={
            "code": "700000000001",
            "text": "券 700000000001",
            "token": "abc",
            "list": [{"sign": "x", "n": 1}],
        },
        error="Traceback\nValueError: 700000000001",
    )


def test_a_failed_event_can_be_handled_again(owner_client: Client, merchant: Merchant) -> None:
    row = event(merchant, "failed")
    assert (
        owner_client.post(
            reverse("admin:stores_inboundevent_do", args=[row.pk, "replay"])
        ).status_code
        == 302
    )
    row.refresh_from_db()
    assert (row.state, last_entry().verb) == ("received", "inboundevent replayed")


def test_a_handled_event_is_left_alone(owner_client: Client, merchant: Merchant) -> None:
    row = event(merchant, "handled")
    InboundEvent.objects.update(error="")
    owner_client.post(reverse("admin:stores_inboundevent_do", args=[row.pk, "replay"]))
    row.refresh_from_db()
    assert (row.state, AuditEntry.objects.count()) == ("handled", 0)


def test_ledgers_show_neither_codes_nor_secrets(owner_client: Client, merchant: Merchant) -> None:
    page = owner_client.get(
        reverse("admin:stores_inboundevent_change", args=[event(merchant, "failed").pk])
    ).content.decode()
    assert ("700000000001" in page, "abc" in page, "…0001" in page) == (False, False, True)


@pytest.mark.parametrize(
    ("language", "term"),
    [("zh-hans", "测试平台"), ("en", "tested a conn"), ("en", "door"), ("en", "clerk li")],
)
def test_the_audit_log_is_searched_by_what_it_shows(
    owner_client: Client, merchant: Merchant, language: str, term: str
) -> None:
    found = audit.record("connection tested", actor=None, merchant=merchant, target="door")
    AuditEntry.objects.filter(pk=found.pk).update(actor="Clerk Li")
    audit.record("store changed", actor=None, merchant=merchant, target="hall")
    owner_client.cookies["django_language"] = language
    page = owner_client.get(
        reverse("admin:stores_auditentry_changelist"), {"q": term}
    ).content.decode()
    assert ("door" in page, "hall" in page) == (True, False)


def test_what_is_most_urgent_comes_first_whatever_the_domain(
    owner_client: Client, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [
        Alert("info", "a", ""),
        Alert("warning", "b", ""),
        Alert("error", "c", ""),
        Alert("warning", "d", ""),
    ]
    monkeypatch.setattr(
        dashboard, "contributed_to", lambda what, *to: said if what == "alerts" else []
    )
    start = owner_client.get(reverse("admin:index"))
    assert [alert.text for alert in start.context["alerts"]] == ["c", "b", "d"]
    assert "and 1 more" in start.content.decode()
    everything = owner_client.get(reverse("admin:todo")).context["alerts"]
    assert [alert.text for alert in everything] == ["c", "b", "d", "a"]


def test_days_beyond_the_calendar_are_refused() -> None:
    """The nightly removal of personal data would fail for every merchant."""
    operator = english(UserFactory(is_superuser=True, is_staff=True, password=None))
    page = reverse("admin:stores_merchant_change", args=[MerchantFactory().pk])
    answer = operator.post(page, {"name": "x", "personal_data_days": "1000000"})
    assert "less than or equal to 36500" in answer.content.decode()


def test_refused_credentials_of_any_platform_are_announced_to_who_may_correct_them(
    owner: User, owner_client: Client
) -> None:
    merchant = owner.memberships.get().merchant
    refused = ConnectionFactory(merchant=merchant, platform="trip", name="lockers", state="refused")
    ConnectionFactory(merchant=merchant, state="refused", is_active=False)
    ConnectionFactory(state="refused")
    manager = member(merchant, Role.MANAGER)
    page = reverse("admin:stores_connection_change", args=[refused.pk])
    with override("en"):
        assert [(str(alert.text), alert.url) for alert in dashboard.alerts(owner)] == [
            ("lockers: the login is refused. Enter the credentials again.", page)
        ]
        assert dashboard.alerts(manager) == []
    assert owner_client.get(page).status_code == 200
