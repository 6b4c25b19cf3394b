"""For which stores a person sends goods, and what was entered there last."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Prefetch, prefetch_related_objects

from delivery.choices import SEND
from delivery.models import Delivery, StoreCourier
from stores.models import Store
from stores.tenancy import has_permission


def sending_stores(user: User) -> list[Store]:
    """Returns the stores for which a person may send goods."""
    rows = Store.objects.for_staff(user).filter(
        delivery_store__isnull=False, is_active=True, merchant__is_active=True
    )
    found = rows.select_related("merchant").order_by("name", "pk")
    return [store for store in found if has_permission(user, SEND, store.merchant_id)]


def with_couriers(stores: Sequence[Store]) -> None:
    """Reads for all stores at once from where they send, and with which couriers."""
    couriers = StoreCourier.objects.select_related("account").defer("secret")
    prefetch_related_objects(
        stores, "delivery_store", Prefetch("delivery_store__couriers", couriers)
    )


def last_entered(store: Store) -> dict[str, Any]:
    """Returns kind of goods, page and picture of the store's last delivery; {} without one."""
    rows = Delivery.objects.filter(store=store).order_by("-created_at", "-pk")
    last = rows.values("cargo", "notice").first()
    if last is None:
        return {}
    return {
        "first_class": last["cargo"].get("first_class", ""),
        "second_class": last["cargo"].get("second_class", ""),
        "page": last["notice"].get("page", ""),
        "picture": last["notice"].get("picture", ""),
    }
