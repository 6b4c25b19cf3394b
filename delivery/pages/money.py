"""At which stores a person sees what couriers charge."""

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404

from delivery.choices import BILLS
from delivery.models import DeliveryStore
from stores.models import Store
from stores.tenancy import access_of


def stores_with_money(user: User) -> list[Store]:
    """Returns the stores that send by couriers and whose bills the person may see.

    Raises PermissionDenied when no role of theirs allows it anywhere.
    """
    access = access_of(user)
    if not access.has_permission(BILLS):
        raise PermissionDenied
    rows = DeliveryStore.objects.for_staff(user).select_related("store__merchant")
    stores = [row.store for row in rows.order_by("store__merchant__name", "store__name", "pk")]
    return [store for store in stores if access.has_permission(BILLS, store.merchant_id)]


def check_money(user: User, store: Store) -> None:
    """Raises Http404 for a store of others, PermissionDenied where no role allows its bills."""
    access = access_of(user)
    if not access.allows(merchant_id=store.merchant_id, store_id=store.pk):
        raise Http404
    if not access.has_permission(BILLS, store.merchant_id):
        raise PermissionDenied


def chosen_store(stores: list[Store], wanted: str | None) -> Store | None:
    """Returns the store that an address names; None for none. Raises Http404 for another's."""
    if not wanted:
        return None
    known = {str(store.pk): store for store in stores}
    if wanted not in known:
        raise Http404
    return known[wanted]
