"""Forms of takeaway offer the stores that have takeaway."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from messaging.models import QuickReply, TakeawayStore
from stores.models import Store
from stores.roles import Role
from tests.back_office import page
from tests.messaging.factories import TakeawayStoreFactory
from tests.pages import english
from tests.stores.factories import StoreFactory, member

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(binding: TakeawayStore) -> Client:
    return english(member(binding.store.merchant, Role.OWNER, password=None))


@pytest.fixture
def without(binding: TakeawayStore) -> Store:
    made: Store = StoreFactory(merchant=binding.store.merchant, name="没有外卖的店")
    return made


def offered(client: Client, address: str) -> set[str]:
    """The keys of the stores in the form's select."""
    html = client.get(address).content.decode()
    select = re.search(r'<select name="store".*?</select>', html, re.DOTALL)
    assert select
    return set(re.findall(r'<option value="(\d+)"', select[0]))


@pytest.mark.parametrize("model", ["printer", "quickreply"])
def test_only_stores_with_takeaway_are_offered(
    owner: Client, binding: TakeawayStore, without: Store, model: str
) -> None:
    other = TakeawayStoreFactory(store=StoreFactory(merchant=without.merchant), state="waiting")
    TakeawayStoreFactory(store=StoreFactory(merchant=without.merchant, is_active=False))
    add = reverse(f"admin:messaging_{model}_add")
    assert offered(owner, add) == {str(binding.store_id), str(other.store_id)}
    assert without.name not in owner.post(add, {"store": without.pk}).content.decode()


def test_a_row_keeps_the_store_that_it_has(
    owner: Client, binding: TakeawayStore, without: Store
) -> None:
    reply = QuickReply.objects.create(
        merchant=without.merchant, store=without, title="催单", text="马上好"
    )
    assert offered(owner, page(reply)) == {str(binding.store_id), str(without.pk)}
    typed = {"store": without.pk, "title": "催单", "text": "稍等", "position": 10}
    owner.post(page(reply), typed)
    reply.refresh_from_db()
    assert (reply.text, reply.store) == ("稍等", without)
