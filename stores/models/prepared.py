"""The statements that every API request, inbound call or try needs, prepared once per process."""

from django.db.models import Case, F, Q, Value, When

from stores.models.access import ApiKey
from stores.models.connections import Connection
from stores.models.ledger import InboundEvent, OutboundCall
from stores.prepared import Param, Prepared, PreparedUpdate
from stores.transitions import states_before

State = OutboundCall.State

# The active key of an active merchant.
API_KEY = Prepared(
    lambda: ApiKey.objects.filter(digest=Param("digest"), is_active=True, merchant__is_active=True)
)
# The active connection of an active merchant or of the operator.
CONNECTION = Prepared(
    lambda: Connection.objects.filter(
        Q(merchant=None) | Q(merchant__is_active=True),
        pk=Param("pk"),
        platform=Param("platform"),
        is_active=True,
    )
)
# The active connections of the store that a platform names so, below a developer account: each push
# asks for them, so that nothing is read that would have to be decrypted.
STORE_BELOW = Prepared(
    lambda: (
        Connection.objects.filter(
            parent=Param("parent"),
            platform=Param("platform"),
            account=Param("account"),
            is_active=True,
            merchant__is_active=True,
        )
        .order_by()
        .only("platform", "merchant")
    )
)
EARLIER_ANSWER = Prepared(
    lambda: InboundEvent.objects.filter(
        platform=Param("platform"),
        connection=Param("connection"),
        kind=Param("kind"),
        dedup_key=Param("key"),
    ).only("answer", "is_final", "emptied_at")
)
CALL = Prepared(
    lambda: OutboundCall.objects.filter(pk=Param("pk")).select_related("connection", "pace")
)
LOCKED_CALL = Prepared(lambda: OutboundCall.objects.select_for_update().filter(pk=Param("pk")))
# The due call of one account that is served next: by lane (the counter, then others who wait, then
# the background), then by age.
FIRST_IN_LINE = Prepared(
    lambda: (
        OutboundCall.objects.due(Param("now"), refused_since=Param("refused_since"))
        .filter(pace=Param("pace"))
        .order_by("lane", "queued_at", "pk")
        .values_list("pk")[:1]
    )
)
# A claim takes the lease on one due call and counts the try.
CLAIM = PreparedUpdate(
    lambda: OutboundCall.objects.due(Param("now"), refused_since=Param("refused_since")).filter(
        pk=Param("pk")
    ),
    state=Case(
        When(state__in=states_before(OutboundCall, State.SENDING), then=Value(State.SENDING)),
        default=F("state"),
    ),
    lease_until=Param("lease_until"),
    claim=Param("claim"),
    attempts_made=F("attempts_made") + 1,
)
