"""The JSON of rows in the API. Plain functions instead of serializers, because they run hundreds of
times a second.
"""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse

from coupons.models import Batch, BatchItem, Lookup, Product, Verification
from coupons.reasons import HELD_UP, TEXTS
from coupons.services import batch_lines, batch_progress
from stores.models import Store
from stores.money import yuan_json
from stores.platforms.outbox.place import PlaceInLine
from stores.tenancy import Access


def store_shown(store: Store) -> dict[str, Any]:
    gateway = getattr(store, "gateway", None)
    page = settings.PUBLIC_BASE_URL + reverse("coupons:guest", args=[store.guest_slug])
    return {
        "id": store.pk,
        "name": store.name,
        "trade": store.trade,
        "remote_id": gateway.remote_id if gateway else None,
        "authorisation": gateway.authorisation if gateway else None,
        "requests_left": gateway.request_count if gateway else None,
        "guest_page": page if store.guest_page_open else None,
    }


def product_shown(product: Product) -> dict[str, Any]:
    return {
        "sku_id": product.sku_id,
        "name": product.name,
        "price": yuan_json(product.price),
        "list_price": yuan_json(product.list_price),
        "on_sale": product.vanished_at is None,
        "synced_at": product.synced_at,
    }


def verification_shown(
    row: Verification, place: PlaceInLine | None, access: Access
) -> dict[str, Any]:
    """Needs `product`, and `duplicate_of` with its store if there is one, to be read with the row.

    `access` is the access of the caller who gets the JSON.
    """
    data = {
        "id": row.pk,
        "store": row.store_id,
        "status": row.status,
        "reason": row.reason or None,
        "message": _verification_message(row, place),
        "needs_person": row.needs_person,
        "gateway_message": row.gateway_message,
        "product": _deal(row, row.product, row.value),
        "order_id": row.order_id,
        "code_tail": row.code_tail,
        "inferred": row.inferred,
        "queue": _queue(place),
        "requested_by": row.requested_by,
        "created_at": row.created_at,
        "settled_at": row.settled_at,
    }
    if first := row.duplicate_of:
        data["duplicate_of"] = _first_shown(first, access)
    return data


def _first_shown(first: Verification, access: Access) -> dict[str, Any]:
    """Returns the time of the first verification; its id, store and user only with access to that
    store.
    """
    seen = first.is_within(access)
    return {
        "id": first.pk if seen else None,
        "store": first.store_id if seen else None,
        "requested_by": first.requested_by if seen else None,
        "settled_at": first.settled_at,
    }


def lookup_shown(row: Lookup, product: Product | None, place: PlaceInLine | None) -> dict[str, Any]:
    return {
        "id": row.pk,
        "store": row.store_id,
        "status": row.status,
        "unused": row.is_unused,
        "reason": row.reason or None,
        "message": _message(row.reason, place),
        "gateway_message": row.gateway_message,
        "product": _deal(row, product, row.price),
        "order_id": row.order_id,
        "code_tail": row.code_tail,
        "queue": _queue(place),
        "created_at": row.created_at,
        "read_at": row.read_at,
    }


def batch_shown(batch: Batch) -> dict[str, Any]:
    progress = batch_progress(batch)
    return {
        "id": batch.pk,
        "store": batch.store_id,
        "requested_by": batch.requested_by,
        "created_at": batch.created_at,
        "total": progress.total,
        "settled": progress.settled,
        "percent": progress.percent,
        "verified": progress.verified,
        "refused": progress.refused,
        "malformed": progress.malformed,
        "repeated": progress.repeated,
        "waiting": progress.waiting,
        "unknown": progress.unknown,
        "lines": [_line(item, same_as) for item, same_as in batch_lines(batch)],
    }


def _line(item: BatchItem, same_as: int | None) -> dict[str, Any]:
    row = item.verification
    reason = row.reason if row else item.reason
    return {
        "position": item.position,
        "code_tail": item.code_tail,
        "verification": item.verification_id,
        "status": row.status if row else "malformed",
        "reason": reason or None,
        "message": _verification_message(row) if row else _message(reason),
        "same_as": same_as,
    }


def _verification_message(row: Verification, place: PlaceInLine | None = None) -> str:
    if row.unclear:
        return str(row.unclear.staff)
    return _message(row.reason, place)


def _message(reason: str, place: PlaceInLine | None = None) -> str:
    if place and place.is_held_up:
        return str(HELD_UP.staff)
    return str(TEXTS[reason].staff) if reason else ""


def _queue(place: PlaceInLine | None) -> dict[str, int | None] | None:
    if place is None:
        return None
    return {"position": place.position, "seconds": place.seconds}


def _deal(
    row: Verification | Lookup, product: Product | None, price: Decimal | None
) -> dict[str, Any] | None:
    """Returns the deal with our name for it, or else with the gateway's; None while nothing is
    known.
    """
    if product:
        price = product.price if price is None else price
        return {"sku_id": product.sku_id, "name": product.name, "price": yuan_json(price)}
    if not row.sku_id:
        return None
    return {"sku_id": row.sku_id, "name": row.sku_name, "price": yuan_json(price)}
