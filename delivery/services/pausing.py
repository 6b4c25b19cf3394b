"""Couriers that rest at a store, because they are sick or the account there is empty."""

from django.db import transaction
from django.utils.translation import gettext as _

from delivery.models import DeliveryStore, StoreCourier
from stores import audit
from stores.audit import Actor
from stores.conflicts import Conflict


@transaction.atomic
def pauses_end(*, place: DeliveryStore, actor: Actor) -> None:
    """Has all couriers of a store called again. Raises Conflict when none is paused."""
    rows = StoreCourier.objects.select_for_update(no_key=True, of=("self",))
    rows = rows.select_related("account")
    paused = [row for row in rows.filter(place=place) if row.is_paused]
    if not paused:
        raise Conflict(_("No courier of this store is paused any more."))
    StoreCourier.objects.filter(pk__in=[row.pk for row in paused]).update(
        paused_until=None, pause_reason=""
    )
    audit.record(
        "wechat.courier.resumed",
        actor=actor,
        store=place.store,
        target=place,
        couriers=[row.account.courier for row in paused],
    )
