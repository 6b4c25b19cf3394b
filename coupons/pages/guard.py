"""What a guest's request is limited by before a look-up is asked for (coupons/services/guessing.py)."""

from django.http import HttpRequest

from coupons.services import guessing
from stores.fields import keyed_hash
from stores.models import Store
from stores.web.limits import Limit, client_network

LOOKUPS_PER_ADDRESS = Limit("guest-lookups", 60, 300)
LOOKUPS_PER_STORE = Limit("guest-store-lookups", 300, 300)


def address_of(request: HttpRequest, store: Store) -> str:
    """Whom failures are counted for: the caller's network, unreadable, and for each merchant another, so that nobody's
    guessing at one shop closes another's page to the same mobile carrier."""
    return keyed_hash(f"{store.merchant_id}:{client_network(request)}")


def locked(request: HttpRequest, store: Store) -> int:
    """Seconds until the next try is allowed; 0 when it is allowed now. Counts nothing."""
    return guessing.locked(store.pk, address_of(request, store))


def refused(request: HttpRequest, store: Store) -> int:
    """Counts one look-up that is about to be asked; the seconds to wait when it is one too many, else 0."""
    return guessing.counted(
        store.pk, address_of(request, store), LOOKUPS_PER_ADDRESS, LOOKUPS_PER_STORE
    )
