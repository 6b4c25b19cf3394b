"""The store that a verification is asked for, with what decides whether it can be sent."""

from rest_framework.exceptions import NotFound

from coupons.models import GatewayStore, prepared
from stores.api.serializers import MAX_ID
from stores.models import ApiKey, Store
from stores.tenancy import access_of


def store_with_gateway(key: ApiKey, pk: int) -> tuple[Store, GatewayStore | None]:
    """The active store with this id, if the key reaches it, and its gateway row. Raises NotFound."""
    store = prepared.STORE_WITH_GATEWAY.one(pk=min(pk, MAX_ID))
    if store is None:
        raise NotFound
    if not access_of(key).allows(merchant_id=store.merchant_id, store_id=store.pk):
        raise NotFound
    return store, getattr(store, "gateway", None)
