"""Two merchants with a row in every table of the back office, and people in every role.

Each merchant's names begin with a word of their own: a page that shows the other's word leaks.
"""

from dataclasses import dataclass

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import models

from stores.models import Merchant, Store
from stores.roles import Role
from tests.contract.collected import call_each
from tests.contract.kinds import Side
from tests.stores.factories import MerchantFactory, StoreFactory, UserFactory, member

MINE, THEIRS, HIDDEN = "alpha", "omega", "alpha-hidden"


@dataclass
class World:
    mine: Side
    theirs: Side
    people: dict[str, User | None]
    shared: dict[str, models.Model]

    def row(self, label: str) -> models.Model:
        """The row of a model at my merchant, or the one that belongs to nobody."""
        found = self.mine.rows.get(label) or self.shared.get(label)
        app = label.partition(".")[0]
        assert found, f"{label} has no row: add it to admin_rows in tests/{app}/contract.py"
        return found


def person(word: str, merchant: Merchant, role: Role, *stores: Store) -> User:
    return member(merchant, role, *stores, username=f"{word}-{role}", password=None)


def side(word: str) -> Side:
    merchant = MerchantFactory(name=f"{word}-merchant")
    store = StoreFactory(merchant=merchant, name=f"{word}-store")
    people = {
        "owner": person(word, merchant, Role.OWNER),
        "manager": person(word, merchant, Role.MANAGER, store),
        "clerk": person(word, merchant, Role.CLERK, store),
    }
    made = Side(word, merchant, store, people)
    made.rows = call_each("admin_rows", made)
    return made


def world() -> World:
    mine, theirs = side(MINE), side(THEIRS)
    # A filter that has only one choice is not applied.
    hidden = StoreFactory(merchant=mine.merchant, name=f"{HIDDEN}-store")
    call_each("hidden_rows", mine, hidden)
    for made in (mine, theirs):
        for row in made.rows.values():
            history(row, made.people["owner"])
    operator = UserFactory(username="operator", is_superuser=True, password=None)
    shared = call_each("shared_rows")
    people: dict[str, User | None] = {
        "operator": operator,
        **mine.people,
        "stranger": theirs.people["owner"],
        "anonymous": None,
    }
    return World(mine, theirs, people, shared)


def history(row: models.Model, user: User) -> None:
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(row, for_concrete_model=False),
        object_id=str(row.pk),
        object_repr=str(row)[:200],
        action_flag=CHANGE,
        change_message=f"{user.username} changed it",
    )


def plainly_named(made: World) -> World:
    """All rows get names that can be told from the words around them."""
    for row in made.shared.values():
        if any(field.name == "name" for field in row._meta.fields):
            type(row)._default_manager.filter(pk=row.pk).update(name="alpha")
    type(made.shared["django_q.Schedule"])._default_manager.update(func="stores.tasks.sweep")
    return made
