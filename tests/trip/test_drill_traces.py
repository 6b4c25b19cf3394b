"""A drill leaves nothing in lists, figures, alerts, exports and ledgers unless it is asked for, and
one line in the audit log.
"""

import os
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from stores.backoffice.exporting import ExportsAdmin
from stores.backoffice.filters import EVERYTHING, DefaultedFilter
from stores.models import AuditEntry, InboundEvent, OutboundCall
from stores.roles import Role
from tests.contract.visible import visible
from tests.stores.factories import member
from tests.trip.drilling import drilled, every_kind
from trip.drill import Drill
from trip.drill.sample_products import new_order_id
from trip.models import Order, Refund

pytestmark = pytest.mark.django_db(transaction=True)
# The drills themselves, what is noted of them, and the queue, which workers empty.
LEFT_OUT = {"trip.DrillRun", "stores.AuditEntry", "django_q.OrmQ"}
# Each leaves other rows than the others.
GROUPS = ("create", "pay", "query", "issue", "refund", "refunded", "consume", "close")
WITH_DRILLS = {
    "trip.Order": Order,
    "trip.Refund": Refund,
    "stores.InboundEvent": InboundEvent,
    "stores.OutboundCall": OutboundCall,
}


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def list_of(label: str) -> str:
    return reverse(f"admin:{label.replace('.', '_').lower()}_changelist")


def queries(made: Any) -> list[str]:
    """What chooses everything in a list: filters that narrow by default would hide the rest."""
    kinds = [each for each in made.list_filter if isinstance(each, type)]
    wide = [
        f"?{kind.parameter_name}={EVERYTHING}"
        for kind in kinds
        if issubclass(kind, DefaultedFilter) and EVERYTHING in dict(kind.options)
    ]
    return ["", *wide]


def rows(client: Client, address: str) -> list[Any]:
    answer: Any = client.get(address)
    shown = (answer.context_data or {}).get("cl") if answer.status_code == 200 else None
    return [row.pk for row in shown.result_list] if shown else []


def seen(user: User) -> dict[str, Any]:
    """What a person finds in each list, in each file and on the pages with figures."""
    client = client_of(user)
    found: dict[str, Any] = {}
    for model, made in admin.site._registry.items():
        label = model._meta.label
        if label in LEFT_OUT:
            continue
        for query in queries(made):
            found[list_of(label) + query] = rows(client, list_of(label) + query)
        if isinstance(made, ExportsAdmin):
            answer: Any = client.get(f"{list_of(label)}export.csv")
            found[f"{label} as a file"] = b"".join(answer)
    for name in ("admin:index", "admin:todo", "counter"):
        found[name] = visible(client.get(reverse(name)).content.decode())
    return found


def test_a_drill_leaves_nothing_that_was_not_asked_for(live_server: LiveServer) -> None:
    connection = every_kind()
    assert connection.merchant
    people = [
        member(connection.merchant, Role.OWNER, username="owner"),
        User.objects.create_superuser("operator"),
    ]
    # The first drill is a step of the start page.
    drilled(connection, live_server, "support.balance")
    before = [seen(user) for user in people]
    last = AuditEntry.objects.latest("pk").pk
    drilled(connection, live_server, *Drill.checklist.chosen(GROUPS))
    noted = list(AuditEntry.objects.filter(pk__gt=last).values_list("verb", flat=True))
    after = [seen(user) for user in people]
    assert len(before[0]) > 12
    for earlier, later in zip(before, after, strict=True):
        assert {name: later[name] for name in later if later[name] != earlier[name]} == {}
    assert noted == ["trip.drill.started"]
    for user in people:
        for label, model in WITH_DRILLS.items():
            query = "?drill=only&status__exact=all" if label == "trip.Refund" else "?drill=only"
            shown = rows(client_of(user), list_of(label) + query)
            assert len(shown) == min(model._default_manager.count(), 50) > 0, label


def test_processes_forked_from_one_make_different_order_numbers() -> None:
    # The parts of a run are done by several workers, all forked from one process.
    numbers = []
    for _child in range(2):
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            os.write(writing, str(new_order_id()).encode())
            os._exit(0)
        os.waitpid(child, 0)
        numbers.append(os.read(reading, 20).decode())
        os.close(reading)
        os.close(writing)
    assert numbers[0] != numbers[1]
    assert all(number.startswith("9999") and len(number) == 15 for number in numbers)
