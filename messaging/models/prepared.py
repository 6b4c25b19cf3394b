"""The statement that every open page needs every 1.5 seconds, prepared once per process."""

from django.db.models import Exists, Max, OuterRef, Subquery

from messaging.choices import RefundState
from messaging.models.chat import ChatRevision
from messaging.models.orders import Order
from messaging.models.printing import Printer
from messaging.models.refunds import Refund
from stores.models import Store
from stores.prepared import Literal, Param, Prepared, literals

# A statement has a fixed number of stores; places that are not needed are filled with 0.
PLACES = tuple(f"store{number}" for number in range(8))

# In the statement itself, for the partial index.
OPEN_REFUND = Literal(RefundState.OPEN.value)
# Of each of these stores when an order and when a printer changed last, whether time changes
# anything, and its merchant's number of the chat; by key.
LAST_CHANGES = Prepared(
    lambda: (
        Store.objects.filter(pk__in=[Param(name) for name in PLACES])
        .order_by("pk")
        .values_list(
            Subquery(
                Order.objects.filter(store=OuterRef("pk"))
                .order_by("-changed_at")
                .values("changed_at")[:1]
            ),
            Subquery(
                Printer.objects.filter(store=OuterRef("pk"), is_active=True)
                .order_by()
                .values("store")
                .annotate(last=Max("state_at"))
                .values("last")
            ),
            Exists(Order.objects.filter(store=OuterRef("pk"), state__in=literals(*Order.OPEN))),
            Exists(
                Order.objects.filter(
                    store=OuterRef("pk"),
                    pk__in=Refund.objects.filter(state=OPEN_REFUND).order_by().values("order"),
                )
            ),
            Subquery(ChatRevision.objects.filter(pk=OuterRef("merchant")).values("number")),
        )
    )
)
