"""Values for each prepared statement with which it finds a row, which is created here."""

from typing import Any

from django.utils import timezone

from messaging.models import ChatRevision
from messaging.models.prepared import PLACES
from tests.messaging.factories import OrderFactory, PrinterFactory, TakeawayStoreFactory


def two_stores() -> dict[str, Any]:
    """Creates a store with an order, a printer and a chat, and one without any."""
    binding, bare = TakeawayStoreFactory(), TakeawayStoreFactory()
    for _ in range(2):
        OrderFactory(binding=binding)
        PrinterFactory(store=binding.store, state_at=timezone.now())
    ChatRevision.objects.create(merchant=binding.store.merchant, number=7)
    places = dict.fromkeys(PLACES, 0)
    return places | {PLACES[0]: binding.store_id, PLACES[1]: bare.store_id}


EXAMPLES = {"LAST_CHANGES": two_stores}
