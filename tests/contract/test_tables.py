"""Every table that leads to a merchant is scoped by for_staff, and every table of transitions is
complete.

A new table needs an entry in ROWS of its app's tests/<app>/contract.py.
"""

import ast
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.db.models import Model

from coupons.models import Verification
from stores.models import Merchant, OutboundCall
from stores.roles import Role
from stores.tenancy import MerchantQuerySet
from stores.transitions import ImpossibleTransition, move, move_rows
from tests.contract.collected import APPS, dicts, without_entry
from tests.contract.source import name, nodes, sources
from tests.stores.factories import StoreFactory, UserFactory, member

ROWS: dict[type[Model], Any] = dicts("ROWS")


def models_of_ours() -> list[type[Model]]:
    """Tables; a proxy has none of its own."""
    return [
        model
        for model in apps.get_models()
        if model._meta.app_label in APPS and not model._meta.proxy
    ]


def leads_to_a_merchant(model: type[Model], seen: frozenset[type[Model]] = frozenset()) -> bool:
    """By its foreign keys, however long the way; accounts of people lead nowhere."""
    if model is Merchant:
        return True
    targets = [
        field.related_model
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey) and isinstance(field.related_model, type)
    ]
    return any(
        leads_to_a_merchant(target, seen | {model})
        for target in targets
        if target not in seen | {model} and target._meta.app_label in APPS
    )


TENANTED = sorted(
    (model for model in models_of_ours() if leads_to_a_merchant(model)),
    key=lambda model: model.__name__,
)
# A table without an entry fails once, in the test below.
KNOWN = [model for model in TENANTED if model in ROWS]


def test_every_table_with_a_merchant_or_with_states_has_an_entry() -> None:
    tables = {*TENANTED, *(model for model, *_ in TRANSITIONS)}
    needed = [(model._meta.app_label, model._meta.label) for model in tables]
    assert without_entry("ROWS", needed, [model._meta.label for model in ROWS]) == []


@pytest.mark.parametrize("model", KNOWN, ids=lambda model: model.__name__)
def test_rows_of_another_merchant_are_never_seen(model: type[Model], db: None) -> None:
    mine, other = StoreFactory(), StoreFactory()
    owner = member(mine.merchant, Role.OWNER)
    my_row, other_row = ROWS[model](mine), ROWS[model](other)
    seen = set(model._default_manager.for_staff(owner).values_list("pk", flat=True))  # type: ignore[attr-defined]
    assert my_row.pk in seen
    assert other_row.pk not in seen


@pytest.mark.parametrize("model", KNOWN, ids=lambda model: model.__name__)
def test_strangers_see_nothing_and_operators_everything(model: type[Model], db: None) -> None:
    row = ROWS[model](StoreFactory())
    rows: Any = model._default_manager
    assert not rows.for_staff(UserFactory()).exists()
    assert not rows.for_staff(UserFactory(is_active=False, is_superuser=True)).exists()
    assert rows.for_staff(UserFactory(is_superuser=True)).filter(pk=row.pk).exists()


# All of a merchant's people see these, whatever their stores.
OF_ALL_STORES = [
    model for model in KNOWN if isinstance(model._default_manager.all(), MerchantQuerySet)
]


@pytest.mark.parametrize(
    "model", sorted(set(KNOWN) - {*OF_ALL_STORES}, key=str), ids=lambda model: model.__name__
)
def test_rows_of_another_store_of_the_merchant_are_not_seen_by_its_clerk(
    model: type[Model], db: None
) -> None:
    mine = StoreFactory()
    other = StoreFactory(merchant=mine.merchant)
    clerk = member(mine.merchant, Role.CLERK, mine)
    rows: Any = model._default_manager
    row = ROWS[model](other)
    assert not rows.for_staff(clerk).filter(pk=row.pk).exists()


def _transitions() -> Iterator[tuple[type[Model], str, dict[str, frozenset[str]]]]:
    for model in models_of_ours():
        table = getattr(model, "TRANSITIONS", None)
        if table is not None:
            yield model, model.STATE_FIELD, table  # type: ignore[attr-defined]


TRANSITIONS = list(_transitions())
every_table = pytest.mark.parametrize(
    ("model", "field", "table"), TRANSITIONS, ids=[row[0].__name__ for row in TRANSITIONS]
)


@every_table
def test_a_table_of_transitions_names_every_state(
    model: type[Model], field: str, table: dict[str, frozenset[str]]
) -> None:
    states = {value for value, _ in model._meta.get_field(field).choices or ()}  # type: ignore[union-attr]
    assert set(table) == states
    for targets in table.values():
        assert targets <= states


@every_table
def test_every_state_is_reached_from_the_first_and_no_state_leads_to_itself(
    model: type[Model], field: str, table: dict[str, frozenset[str]]
) -> None:
    default = model._meta.get_field(field).default  # type: ignore[union-attr]
    # A row that may begin in several states begins in those that no other leads to.
    led_to = set().union(*table.values())
    reached = set(table) - led_to if default is models.NOT_PROVIDED else {default}
    assert reached
    queue = list(reached)
    while queue:
        new = table[queue.pop()] - reached
        reached |= new
        queue += new
    assert reached == set(table)
    assert all(state not in targets for state, targets in table.items())


def test_both_ledgers_have_a_table_of_transitions() -> None:
    assert {model for model, _, _ in TRANSITIONS} >= {OutboundCall, Verification}


@pytest.mark.parametrize(
    ("model", "field", "table"),
    [row for row in TRANSITIONS if row[0] in ROWS],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_row_moves_only_as_its_table_says(
    model: Any, field: str, table: dict[str, frozenset[str]], db: None
) -> None:
    row = ROWS[model](StoreFactory())
    rows = model.objects.filter(pk=row.pk)
    for before, after in itertools.product(table, repeat=2):
        rows.update(**{field: before})
        row.refresh_from_db()
        if after in table[before]:
            move(row, after)
            assert getattr(rows.get(), field) == after
            rows.update(**{field: before})
            assert move_rows(rows, before, after) == 1
            assert move_rows(rows, before, after) == 0
            continue
        with pytest.raises(ImpossibleTransition, match=f"from {before} to {after}"):
            move(row, after)
        with pytest.raises(ImpossibleTransition):
            move_rows(rows, before, after)
        assert getattr(rows.get(), field) == before


def test_a_move_writes_its_changes_and_nothing_else(db: None) -> None:
    row = ROWS[Verification](StoreFactory())
    Verification.objects.update(status="queued")
    row.refresh_from_db()
    row.requested_by = "not written"
    move(row, "sending", gateway_message="written")
    stored = Verification.objects.get()
    assert (stored.status, stored.gateway_message) == ("sending", "written")
    assert stored.requested_by != "not written"


def test_only_one_module_assigns_states() -> None:
    fields = {field for _, field, _ in TRANSITIONS}
    # These models' states have no table: each may follow each.
    free = {"product", "connection", "self"}
    assigning = {
        f"{name(path)}:{node.lineno}"
        for path in sources("stores/platforms", "coupons/services", "trip/services")
        for node in nodes(path)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and node.attr in fields
        and getattr(node.value, "id", "") not in free
    }
    assert assigning == set()
