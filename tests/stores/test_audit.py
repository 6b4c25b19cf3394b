from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from stores import audit
from stores.models import AuditEntry, Staff, Store
from stores.roles import Role
from stores.web.middleware import address_for_the_audit
from tests.pages import english
from tests.stores.factories import api_key, member


def test_an_entry_says_who_did_what_to_which_row_and_from_where(store: Store) -> None:
    user = member(store.merchant, Role.CLERK, store, first_name="王", last_name="小")
    entry = audit.record("opened the till", actor=user, store=store, target=store, amount=5)
    entry.refresh_from_db()
    assert (entry.user, entry.actor, entry.verb, entry.target) == (
        user,
        user.get_full_name(),
        "opened the till",
        store.name,
    )
    assert (entry.merchant, entry.store, entry.ip, entry.data) == (
        store.merchant,
        store,
        None,
        {"amount": 5},
    )


def test_a_key_and_the_system_act_under_their_own_names(store: Store) -> None:
    key, _ = api_key(store.merchant)
    by_key, by_system = [
        audit.record("x", actor=actor, merchant=store.merchant) for actor in (key, None)
    ]
    assert (by_key.actor, by_key.user) == ("API 收银系统", None)
    assert (by_system.actor, by_system.user) == ("system", None)


@pytest.mark.parametrize(
    ("given_as", "stored"),
    [
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", None),
        ("unknown", None),
        ("1.2.3.4:5678", None),
        ("'; DROP TABLE stores_auditentry; --", None),
    ],
)
def test_an_address_that_is_none_does_not_lose_the_entry(
    store: Store, given_as: str, stored: str | None
) -> None:
    said = audit.caller_ip.set(given_as)
    try:
        audit.record("x", actor=None, store=store)
    finally:
        audit.caller_ip.reset(said)
    assert AuditEntry.objects.get().ip == stored


def test_what_a_request_does_is_done_from_its_address(store: Store) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        audit.record("in a request", actor=None, store=store)
        return HttpResponse()

    address_for_the_audit(view)(RequestFactory().get("/", REMOTE_ADDR="2001:db8::1"))
    audit.record("after it", actor=None, store=store)
    assert dict(AuditEntry.objects.values_list("verb", "ip")) == {
        "in a request": "2001:db8::1",
        "after it": None,
    }


def test_a_long_or_odd_target_does_not_lose_the_entry(store: Store) -> None:
    audit.record("x", actor=None, store=store, target="a\x00" * 300)
    assert len(AuditEntry.objects.get().target) == 200


def test_an_entry_outlives_its_user(store: Store) -> None:
    user = member(store.merchant, Role.OWNER, username="leaving")
    audit.record("x", actor=user, store=store)
    user.delete()
    entry = AuditEntry.objects.get()
    assert (entry.user, entry.actor) == (None, "leaving")


def history(client: Client, row: Any) -> Any:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_history"
    return client.get(reverse(name, args=[row.pk]))


def test_who_may_not_see_the_audit_log_gets_no_way_there_from_a_history(store: Store) -> None:
    answer = history(english(member(store.merchant, Role.MANAGER, store)), store)
    assert (answer.status_code, answer.context["audit_log"]) == (200, "")
    assert "auditentry" not in answer.content.decode()


def test_a_members_history_leads_to_what_was_done_in_another_role(
    owner_client: Client, store: Store
) -> None:
    row = member(store.merchant, Role.CLERK, store).memberships.get()
    audit.record("staff changed", actor=None, merchant=store.merchant, target=row)
    Staff.objects.filter(pk=row.pk).update(role=Role.MANAGER)
    answer: Any = owner_client.get(history(owner_client, row).context["audit_log"])
    assert [entry.verb for entry in answer.context["cl"].result_list] == ["staff changed"]
