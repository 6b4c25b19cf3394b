"""A drill leaves nothing in lists, figures, alerts and ledgers unless it is asked for."""

from django.contrib.auth.models import User

from delivery.drill import Drill
from stores.drills import runner
from stores.models import AuditEntry, InboundEvent
from stores.roles import Role
from tests.contract.traces import client_of, list_of, rows, seen
from tests.delivery.town import Town
from tests.stores.factories import member


def test_a_drill_leaves_nothing_that_was_not_asked_for(shop: Town) -> None:
    connection = shop.place.connection
    assert connection.merchant
    people = [
        member(connection.merchant, Role.OWNER, username="owner"),
        User.objects.create_superuser("operator"),
    ]
    before = [seen(user) for user in people]
    last = AuditEntry.objects.latest("pk").pk if AuditEntry.objects.exists() else 0
    run = runner.start(Drill.checklist, connection=connection, base_url="http://127.0.0.1:1")
    drill = Drill(run)
    # Also while it runs.
    drill.rider("states")
    during = [seen(user) for user in people]
    runner.run(drill)
    after = [seen(user) for user in people]
    accounts = list_of("delivery.CourierAccount")
    for earlier, meanwhile, later in zip(before, during, after, strict=True):
        assert {name: later[name] for name in later if later[name] != earlier[name]} == {}
        # The account of the test courier is listed as long as the drill runs.
        assert {name for name in meanwhile if meanwhile[name] != earlier[name]} <= {accounts}
    # Files are noted as well.
    entries = AuditEntry.objects.filter(pk__gt=last, verb__startswith="delivery.")
    entries = entries.exclude(verb="delivery.deliveries.exported")
    noted = entries.values_list("verb", flat=True)
    assert list(noted) == ["delivery.drill.started"]
    for user in people:
        ledger = f"{list_of('stores.InboundEvent')}?drill=only"
        assert len(rows(client_of(user), ledger)) == InboundEvent.objects.count() > 0
