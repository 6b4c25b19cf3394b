"""A drill leaves nothing in lists, figures, alerts, exports and ledgers unless it is asked for, and
one line in the audit log.
"""

import os

import pytest
from django.contrib.auth.models import User
from pytest_django.live_server_helper import LiveServer

from stores.models import AuditEntry, InboundEvent, OutboundCall
from stores.roles import Role
from tests.contract.traces import client_of, list_of, rows, seen
from tests.stores.factories import member
from tests.trip.drilling import drilled, every_kind
from trip.drill import Drill
from trip.drill.sample_products import new_order_id
from trip.models import Order, Refund

pytestmark = pytest.mark.django_db(transaction=True)
# Each leaves other rows than the others.
GROUPS = ("create", "pay", "query", "issue", "refund", "refunded", "consume", "close")
WITH_DRILLS = {
    "trip.Order": Order,
    "trip.Refund": Refund,
    "stores.InboundEvent": InboundEvent,
    "stores.OutboundCall": OutboundCall,
}


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
