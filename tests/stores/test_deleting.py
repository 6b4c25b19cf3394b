"""A connection that was never used is deleted by its owner; a used one says what keeps it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import CASCADE, ManyToOneRel
from django.test import Client
from django.urls import reverse

from stores.models import AuditEntry, Connection, Merchant
from stores.roles import Role
from tests.contract.collected import dicts
from tests.pages import english
from tests.stores.factories import ConnectionFactory, StoreFactory, member
from trip.models import RegisteredAddress

pytestmark = pytest.mark.django_db
ROWS: dict[type, Any] = dicts("ROWS")
RELATIONS = [
    relation
    for relation in Connection._meta.get_fields(include_hidden=True)
    if isinstance(relation, ManyToOneRel)
]
KEEPING = [each for each in RELATIONS if each.on_delete is not CASCADE]


def page_of(connection: Connection) -> str:
    return reverse("admin:stores_connection_change", args=[connection.pk])


def button_of(connection: Connection) -> str:
    return reverse("admin:stores_connection_do", args=[connection.pk, "remove"])


def removed(client: Client, connection: Connection) -> Any:
    return client.post(button_of(connection), follow=True)


def owner_of(merchant: Any) -> Client:
    return english(member(merchant, Role.OWNER, password=None))


def test_an_unused_connection_is_deleted_after_a_question(merchant: Merchant) -> None:
    owner, unused = owner_of(merchant), ConnectionFactory(merchant=merchant, name="wrong one")
    RegisteredAddress.objects.create(connection=unused, base_url="https://a.example")
    assert button_of(unused) in owner.get(page_of(unused)).content.decode()
    question = owner.get(button_of(unused)).content.decode()
    assert "Deleted with it: Registered address: 1." in question
    assert Connection.objects.exists()
    answer = owner.post(button_of(unused), follow=True)
    assert [str(message) for message in answer.context["messages"]] == [
        "The connection was deleted."
    ]
    assert not Connection.objects.exists()
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.target, entry.merchant) == (
        "connection deleted",
        "wrong one",
        merchant,
    )


@pytest.mark.parametrize("relation", KEEPING, ids=lambda each: each.related_model.__name__)
def test_what_depends_on_a_connection_keeps_it(relation: ManyToOneRel) -> None:
    name, store = relation.field.name, StoreFactory()
    if relation.related_model is Connection:
        used = ConnectionFactory(merchant=store.merchant)
        ConnectionFactory(merchant=store.merchant, parent=used)
    else:
        used = getattr(ROWS[relation.related_model](store), name)
    if used.merchant is None:
        # The operator's own account.
        operator = User.objects.create_superuser("operator")
        assert "it was used" in str(*removed(english(operator), used).context["messages"])
        assert Connection.objects.filter(pk=used.pk).exists()
        return
    owner = owner_of(store.merchant)
    if used.parent_id:
        # Its page may be that of the store; nothing is deleted there.
        owner.post(button_of(used))
        assert Connection.objects.filter(pk=used.pk).exists()
        return
    page = owner.get(page_of(used)).content.decode()
    assert (button_of(used) in page, "switch off" in page) == (False, True)
    assert str(relation.related_model._meta.verbose_name_plural).lower() in page.lower()
    refused = removed(owner, used)
    assert "it was used" in str(*refused.context["messages"])
    assert refused.redirect_chain == [(page_of(used), 302)]
    assert Connection.objects.filter(pk=used.pk).exists()
    assert not AuditEntry.objects.filter(verb="connection deleted").exists()


def test_the_question_is_not_asked_about_a_used_connection(merchant: Merchant) -> None:
    owner, used = owner_of(merchant), ConnectionFactory(merchant=merchant)
    ConnectionFactory(merchant=merchant, parent=used)
    answer = owner.get(button_of(used), follow=True)
    assert answer.redirect_chain == [(page_of(used), 302)]
    assert "This can no longer be done." in answer.content.decode()
    assert "was never used" not in answer.content.decode()


def test_what_comes_while_it_is_deleted_keeps_it(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, unused = owner_of(merchant), ConnectionFactory(merchant=merchant)
    monkeypatch.setattr("stores.admin.connections.kept_by", lambda row: [])
    ConnectionFactory(merchant=merchant, parent=unused)
    assert "It is in use by now" in owner.post(button_of(unused), follow=True).content.decode()
    assert Connection.objects.filter(pk=unused.pk).exists()
    assert not AuditEntry.objects.filter(verb="connection deleted").exists()


def test_only_owners_of_the_merchant_delete_a_connection(merchant: Merchant) -> None:
    unused = ConnectionFactory(merchant=merchant)
    store = StoreFactory(merchant=merchant)
    for role, status in ((Role.MANAGER, 403), (Role.CLERK, 403)):
        client = english(member(merchant, role, store, password=None))
        assert client.post(button_of(unused)).status_code == status
    assert owner_of(StoreFactory().merchant).post(button_of(unused)).status_code == 404
    assert Connection.objects.filter(pk=unused.pk).exists()
