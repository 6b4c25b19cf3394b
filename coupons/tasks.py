"""The tasks of coupons that the queue runs."""

from coupons import services
from coupons.choices import PLATFORM
from coupons.models import GatewayStore
from stores.models import Connection, Store
from stores.platforms.workers import queue


def sync_stores(connection_id: int) -> None:
    services.stores_sync(connection=Connection.objects.get(pk=connection_id))


def sync_products(store_id: int) -> None:
    services.products_sync(store=Store.objects.get(pk=store_id))


def sync_all_stores() -> None:
    active = Connection.objects.filter(platform=PLATFORM, is_active=True, merchant__is_active=True)
    for pk in active.exclude(state=Connection.State.REFUSED).values_list("pk", flat=True):
        queue.wake_worker("coupons.tasks.sync_stores", pk)


def sync_all_products() -> None:
    stores = GatewayStore.objects.read_regularly()
    works = stores.exclude(connection__state=Connection.State.REFUSED)
    for store_id in works.values_list("store_id", flat=True):
        queue.wake_worker("coupons.tasks.sync_products", store_id)


def prune_lookups() -> None:
    services.prune_lookups()


def forget_codes() -> None:
    services.forget_codes()
