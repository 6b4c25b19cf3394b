"""A delivery in the words of WeChat, for one courier."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from delivery.client.shop import CourierAccount
from delivery.models import Attempt, Delivery, DeliveryStore, StoreCourier
from delivery.wire.couriers import Courier, courier_of
from delivery.wire.orders import Cargo, Good, Notice, Order, Party, Wishes
from stores.conflicts import Conflict
from stores.fields import readable

# What makes up an order.
CONTENT = (
    "openid", "receiver", "note", "value", "weight", "cargo", "notice", "wishes", "wanted_at",
)  # fmt: skip


def place_of(delivery: Delivery) -> DeliveryStore:
    """Returns from where it is sent. Raises Conflict when the store sends no longer."""
    place = DeliveryStore.objects.filter(store=delivery.store_id).first()
    if place is None:
        raise Conflict(_("This store has no address from which it delivers."))
    return place


def is_same_order(one: Delivery, other: Delivery) -> bool:
    """Whether two rows are about the same goods for the same receiver, under the same wishes."""
    return all(readable(one, name, None) == readable(other, name, None) for name in CONTENT)


def check_receiver(delivery: Delivery) -> None:
    """Raises Conflict when it is no longer known where the goods go (services/forgetting.py)."""
    if delivery.emptied_at is not None:
        raise Conflict(_("The receiver's address was removed. Enter a new delivery."))


def check_callable(delivery: Delivery, as_read: Delivery | None = None) -> None:
    """Raises Conflict when the receiver is not known any more, while somebody may ride for an
    earlier call that had ended, and when the order is another than it was when it was read.
    """
    check_receiver(delivery)
    if as_read and not is_same_order(delivery, as_read):
        raise Conflict(_("Somebody has corrected this order meanwhile."))
    if delivery.attempts.revived().exists():
        raise Conflict(_("A rider took an earlier call after its end and is not gone yet."))


def account_of(courier: StoreCourier) -> CourierAccount:
    """Returns what signs calls to the courier."""
    return CourierAccount(
        delivery_id=courier.account.delivery_id,
        shopid=courier.account.shopid,
        secret=courier.secret,
        shop_no=courier.shop_no,
    )


def account_of_attempt(attempt: Attempt) -> CourierAccount:
    """Raises ValueError for one of the shop's own people."""
    if attempt.courier is None:
        raise ValueError("nobody is asked about the shop's own people")
    return account_of(attempt.courier)


def order_of(delivery: Delivery, courier: StoreCourier, *, tip: Decimal = Decimal(0)) -> Order:
    known = courier_of(courier.account.delivery_id, courier.account.name)
    place = courier.place
    sender = _sender(place) if known.needs_sender or not courier.shop_no else None
    return Order(
        openid=delivery.openid,
        sender=sender,
        receiver=_receiver(delivery.receiver),
        cargo=_cargo(delivery),
        wishes=_wishes(delivery, courier, known, tip),
        notice=Notice(**delivery.notice),
    )


def _sender(place: DeliveryStore) -> Party:
    return Party(
        name=place.contact,
        city=place.city,
        address=place.address,
        detail=place.detail,
        phone=place.phone,
        lng=place.lng,
        lat=place.lat,
    )


def _receiver(given: Mapping[str, Any]) -> Party:
    return Party(
        name=given["name"],
        city=given["city"],
        address=given["address"],
        detail=given["detail"],
        phone=given["phone"],
        lng=Decimal(given["lng"]),
        lat=Decimal(given["lat"]),
    )


def _cargo(delivery: Delivery) -> Cargo:
    given = delivery.cargo
    goods = [
        Good(
            name=row["name"],
            count=row["count"],
            price=Decimal(row["price"]) if row.get("price") else None,
            unit=row.get("unit", ""),
        )
        for row in given.get("goods", [])
    ]
    return Cargo(
        value=delivery.value,
        weight=delivery.weight,
        first_class=given["first_class"],
        second_class=given["second_class"],
        goods=goods,
        pickup_info=given.get("pickup_info", ""),
        delivery_info=given.get("delivery_info", ""),
        size={name: Decimal(length) for name, length in given.get("size", {}).items()},
    )


def _service_of(wanted: str, courier: StoreCourier, known: Courier) -> str:
    """Returns the service that is wanted, where this courier has it; else the store's usual one."""
    if wanted in known.service_codes:
        return wanted
    return courier.service_code or known.usual_service


def _wishes(delivery: Delivery, courier: StoreCourier, known: Courier, tip: Decimal) -> Wishes:
    given = delivery.wishes
    insured = given.get("insured_for")
    booked = None
    if delivery.wanted_at and known.expected and not delivery.is_arrival:
        booked = (known.expected, delivery.wanted_at)
    return Wishes(
        ordered_at=delivery.created_at,
        service_code=_service_of(given.get("service", ""), courier, known),
        pick_method=given.get("pick_method"),
        number=given.get("number", ""),
        note=delivery.note,
        booked=booked,
        insured_for=Decimal(insured) if insured and known.can_insure else None,
        tip=tip or None,
        is_direct=known.is_direct if known.is_direct is not None else given.get("is_direct"),
        needs_pickup_code=bool(given.get("needs_pickup_code")) and known.has_pickup_code,
        needs_finish_code=bool(given.get("needs_finish_code")) and known.has_finish_code,
    )
