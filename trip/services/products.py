"""Changes of products by their merchant: edit, pause, sell again. Meituan is told of each."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stores import audit
from stores.audit import Actor
from trip.models import Product
from trip.services.notices import (
    CHANGED,
    OFF_SHELF,
    ON_SHELF,
    enqueue_product_notice,
)


def wrong_prices(data: Mapping[str, Any]) -> Iterator[tuple[str, StrOrPromise]]:
    """Yields (field, text) for prices that contradict each other; used by the forms of offer and
    calendar.
    """
    market, sale, settled = (
        data.get(name) for name in ("market_price", "sale_price", "settlement_price")
    )
    if market is not None and sale is not None and sale > market:
        yield "sale_price", _("More than the market price.")
    if sale is not None and settled is not None and settled > sale:
        yield "settlement_price", _("More than the buyer pays.")


def product_saved(*, product: Product, is_new: bool) -> None:
    """Enqueues the product notice. Runs in the transaction that wrote the product, its price and
    its steps.
    """
    enqueue_product_notice(product, ON_SHELF if is_new else CHANGED)


def product_pause(*, product: Product, actor: Actor) -> None:
    """Stops new orders of the product; existing orders are not changed."""
    _set_state(product, Product.State.PAUSED, OFF_SHELF, "trip.product.paused", actor)


def product_resume(*, product: Product, actor: Actor) -> None:
    _set_state(product, Product.State.ON_SALE, ON_SHELF, "trip.product.resumed", actor)


def _set_state(product: Product, state: str, status: int, verb: str, actor: Actor) -> None:
    with transaction.atomic():
        if not Product.objects.filter(pk=product.pk).exclude(state=state).update(state=state):
            return
        product.state = state
        audit.record(verb, actor=actor, store=product.store, target=product.title)
        enqueue_product_notice(product, status)
