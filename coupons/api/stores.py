"""The store of a requested verification, with the gateway row that decides whether it can be
sent.
"""

from rest_framework.exceptions import NotFound

from coupons.models import GatewayStore, prepared
from stores.api.serializers import MAX_ID
from stores.models import ApiKey, Store
from stores.tenancy import access_of


def store_with_gateway(key: ApiKey, pk: int) -> tuple[Store, GatewayStore | None]:
    """Returns the active store with this id and its gateway row. Raises NotFound if the key has no
    access to it.
    """
    store = prepared.STORE_WITH_GATEWAY.one(pk=min(pk, MAX_ID))
    if store is None:
        raise NotFound
    if not access_of(key).allows(merchant_id=store.merchant_id, store_id=store.pk):
        raise NotFound
    return store, getattr(store, "gateway", None)
