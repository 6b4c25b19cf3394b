"""A delivery from an order in WeChat's words (docs/platforms/wechat_delivery.md §2.3).

What WeChat would answer with 930561 or 930570 alone is found before anything is sent, and named.
"""

import json
import re
import secrets
import string
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from delivery.models import Delivery, DeliveryStore
from delivery.services import arriving, life
from delivery.services.orders import is_same_order
from delivery.services.places import Finding, Place, examine, from_baidu
from delivery.services.refusals import DeliveryConflict
from delivery.wire.categories import CATEGORIES, is_known
from delivery.wire.couriers import COURIERS, courier_of
from delivery.wire.orders import BOOKED, LARGEST_SIZE, Good
from stores import audit
from stores.audit import Actor, name_of
from stores.models import Store
from stores.text import listed

Given = Mapping[str, Any]
# Field of the order, as ("cargo", "cargo_first_class") or ("arrive_by", "") → what is wrong.
Problems = Iterator[tuple[tuple[str, str], StrOrPromise]]
LONGEST_GOODS = 10_240
_EXTENSION = re.compile(
    r"(?:转|分机|ext\.?|[_#*,])\s*[0-9]+$|(?<=[0-9]{11})-[0-9]{1,6}$", re.IGNORECASE
)
_WEB_PAGE = re.compile(r"https?://\S+")
BAIDU = 1
# The time of a booked order, by WeChat's name for it, and how long ahead it may be: at least, at
# most. Where nobody says it, as far as the courier who says the most.
EXPECTED = {courier.expected: courier.booking for courier in COURIERS.values() if courier.expected}
# Clocks may be apart by so much.
NEAR = timedelta(minutes=1)
FARTHEST = max(booking[1] for booking in EXPECTED.values() if booking)
FLAGS = {
    "is_direct_delivery": "is_direct",
    "is_pickup_code_needed": "needs_pickup_code",
    "is_finish_code_needed": "needs_finish_code",
}


class WrongOrder(Exception):
    """An order that no courier would take. `errors` says what is wrong with which field, as
    {"cargo": {"cargo_first_class": [text]}} or {"arrive_by": [text]}; `meant` is the place that is
    probably meant.
    """

    def __init__(self, errors: Mapping[str, Any], meant: Place | None = None) -> None:
        super().__init__(errors)
        self.errors = errors
        self.meant = meant


def delivery_create(*, store: Store, given: Given, actor: Actor, is_ready: bool = True) -> Delivery:
    """Returns a new delivery; `given` is an order as `OrderBody` of the API validates it.

    An order whose reference is known returns the delivery that it has, with `is_repeat`. Raises
    WrongOrder; Conflict when the reference stands for another order, or the store sends nothing.
    """
    row, is_new = order_read(store=store, given=given)
    if not is_new:
        return row
    row.slug = secrets.token_urlsafe(16)
    row.created_by = name_of(actor)
    row.ready_at = timezone.now() if is_ready else None
    arriving.plan_note(row)
    try:
        with transaction.atomic():
            row.save()
            audit.record("delivery.create", actor=actor, store=store, target=row)
            if is_ready or row.is_arrival:
                life.wake(row)
    except IntegrityError:
        # The same order came twice at once.
        if earlier := _earlier(row):
            return earlier
        raise
    return row


def order_read(*, store: Store, given: Given) -> tuple[Delivery, bool]:
    """Returns the delivery that an order would become, unsaved, and True; or the one that has its
    reference already, and False. Raises as `delivery_create` does.
    """
    place = _place_of(store)
    row = _row(store, given)
    if earlier := _earlier(row):
        return earlier, False
    _check(given, place)
    return row, True


def order_checked(*, store: Store, given: Given) -> Delivery:
    """Returns the delivery that an order would become, unsaved; its reference is not looked at.
    Raises WrongOrder, and Conflict when the store sends nothing.
    """
    _check(given, _place_of(store))
    return _row(store, given)


def _place_of(store: Store) -> DeliveryStore:
    place = DeliveryStore.objects.filter(store=store).first()
    if place is None:
        raise DeliveryConflict(_("This store has no address from which it delivers."))
    return place


def _earlier(row: Delivery) -> Delivery | None:
    """Returns the delivery that has the reference already. Raises Conflict if it is another."""
    if not row.reference:
        return None
    earlier = Delivery.objects.filter(store=row.store, reference=row.reference).first()
    if earlier is None:
        return None
    if not is_same_order(earlier, row):
        raise DeliveryConflict(_("Another order of this store has this number."))
    earlier.is_repeat = True
    return earlier


def _row(store: Store, given: Given) -> Delivery:
    receiver, wishes = given["receiver"], given.get("order_info", {})
    cargo, shop = given["cargo"], given["shop"]
    point = _point(receiver)
    phone = receiver["phone"]
    return Delivery(
        store=store,
        reference=given.get("reference", ""),
        openid=given["openid"],
        receiver={
            "name": receiver["name"],
            "phone": phone,
            "city": receiver["city"],
            "address": receiver["address"],
            "detail": receiver["address_detail"],
            "lng": str(point.lng),
            "lat": str(point.lat),
        },
        phone_tail=_digits(_EXTENSION.sub("", phone))[-4:],
        note=wishes.get("note", ""),
        value=cargo["goods_value"],
        weight=cargo["goods_weight"],
        cargo={
            "first_class": cargo["cargo_first_class"],
            "second_class": cargo["cargo_second_class"],
            "goods": [
                {
                    "name": good.name,
                    "count": good.count,
                    "price": None if good.price is None else str(good.price),
                    "unit": good.unit,
                }
                for good in _goods(cargo)
            ],
            "pickup_info": cargo.get("goods_pickup_info", ""),
            "delivery_info": cargo.get("goods_delivery_info", ""),
            **_size(cargo),
        },
        notice={
            "page": shop["wxa_path"],
            "picture": shop["img_url"],
            "goods": shop["goods_name"],
            "count": shop["goods_count"],
        },
        wishes=_wishes(given),
        wanted_at=given.get("arrive_by") or next((at for _name, at in _expected(wishes)), None),
    )


def _size(cargo: Given) -> dict[str, Any]:
    size = {name: str(cargo[name]) for name in LARGEST_SIZE if name in cargo}
    return {"size": size} if size else {}


def _point(receiver: Given) -> Place:
    """Returns where the receiver is, in GCJ-02."""
    read = from_baidu if receiver.get("coordinate_type") == BAIDU else Place.of
    return read(receiver["lng"], receiver["lat"])


def _digits(phone: str) -> str:
    return "".join(sign for sign in phone if sign in string.digits)


def _goods(cargo: Given) -> list[Good]:
    return [
        Good(
            name=good["good_name"],
            count=good["good_count"],
            price=good.get("good_price"),
            unit=good.get("good_unit", ""),
        )
        for good in cargo.get("goods_detail", {}).get("goods", [])
    ]


def _wishes(given: Given) -> dict[str, Any]:
    """What is not said is left out, so that the courier decides it."""
    wishes = given.get("order_info", {})
    found: dict[str, Any] = {
        ours: bool(wishes[name]) for name, ours in FLAGS.items() if name in wishes
    }
    texts = {"number": "poi_seq", "service": "delivery_service_code"}
    found |= {ours: wishes[name] for ours, name in texts.items() if wishes.get(name)}
    if method := wishes.get("rider_pick_method"):
        found["pick_method"] = method
    if given.get("arrive_by"):
        found["is_arrival"] = True
    if wishes.get("is_insured"):
        insured: Decimal = wishes.get("declared_value") or given["cargo"]["goods_value"]
        found["insured_for"] = str(insured)
    return found


def _expected(wishes: Given) -> list[tuple[str, datetime]]:
    """Returns the times of a booked order, each with WeChat's name for it."""
    if wishes.get("order_type") != BOOKED:
        return []
    said = {name: wishes.get(name) for name in EXPECTED}
    return [(name, datetime.fromtimestamp(at, UTC)) for name, at in said.items() if at]


# What is wrong with an order


def _check(given: Given, place: DeliveryStore) -> None:
    receiver, wishes = given["receiver"], given.get("order_info", {})
    shop = Place.of(place.lng, place.lat)
    finding = examine(receiver["lng"], receiver["lat"], shop=shop)
    found = [
        *_of_cargo(given["cargo"]),
        *_of_times(wishes),
        *_of_arrival(given),
        *_of_service(wishes, place),
    ]
    if finding:
        found.append((("receiver", "lng"), words_of(finding)))
    if not _WEB_PAGE.fullmatch(given["shop"]["img_url"]):
        found.append((("shop", "img_url"), _("Give an address that begins with https://")))
    if not _digits(receiver["phone"]):
        found.append((("receiver", "phone"), _("A phone number has digits.")))
    errors: dict[str, Any] = {}
    for (part, name), words in found:
        if name:
            errors.setdefault(part, {}).setdefault(name, []).append(str(words))
        else:
            errors[part] = [str(words)]
    if errors:
        raise WrongOrder(errors, finding.meant if finding else None)


def words_of(finding: Finding) -> str:
    """Returns what is wrong with coordinates, and which ones are probably meant."""
    meant = finding.meant
    if meant is None:
        return str(finding.wrong.label)
    words = _("%(wrong)s Probably meant: lng %(lng)s, lat %(lat)s.")
    return words % {"wrong": finding.wrong.label, "lng": meant.lng, "lat": meant.lat}


def _of_cargo(cargo: Given) -> Problems:
    first, second = cargo["cargo_first_class"], cargo["cargo_second_class"]
    if first not in CATEGORIES:
        words = _("WeChat knows these kinds of goods: %(names)s")
        yield ("cargo", "cargo_first_class"), words % {"names": listed(CATEGORIES)}
    elif not is_known(first, second):
        words = _("Within %(first)s WeChat knows: %(names)s")
        names = {"first": first, "names": listed(CATEGORIES[first])}
        yield ("cargo", "cargo_second_class"), words % names
    goods = {"goods": [good.as_json() for good in _goods(cargo)]}
    if len(json.dumps(goods, ensure_ascii=False)) > LONGEST_GOODS:
        words = _("The list of goods has more than %(count)d characters.")
        yield ("cargo", "goods_detail"), words % {"count": LONGEST_GOODS}


def _of_service(wishes: Given, place: DeliveryStore) -> Problems:
    """A code that no courier of the store knows would be sent to nobody."""
    code = wishes.get("delivery_service_code")
    if not code:
        return
    couriers = list(place.couriers.filter(is_active=True).select_related("account"))
    known = {each.service_code for each in couriers if each.service_code}
    known |= {
        one for each in couriers for one in courier_of(each.account.delivery_id).service_codes
    }
    if code not in known:
        words = _("No courier of this store has this service; there are: %(names)s")
        names = listed(sorted(known)) or "–"
        yield ("order_info", "delivery_service_code"), words % {"names": names}


def _of_times(wishes: Given) -> Problems:
    is_booked = wishes.get("order_type") == BOOKED
    named = [name for name in EXPECTED if wishes.get(name)]
    if is_booked and len(named) != 1:
        words = _("A booked order has one of these times: %(names)s")
        yield ("order_info", "order_type"), words % {"names": listed(sorted(EXPECTED))}
    elif named and not is_booked:
        yield ("order_info", named[0]), _("Only booked orders have a time (order_type 1).")
    now = timezone.now()
    for name, at in _expected(wishes):
        least, most = EXPECTED[name] or (timedelta(0), FARTHEST)
        if not now + least - NEAR <= at <= now + most + NEAR:
            words = _("Book %(least)s to %(most)s ahead.")
            shown = {"least": _duration(least), "most": _duration(most)}
            yield ("order_info", name), words % shown


def _of_arrival(given: Given) -> Problems:
    at, now = given.get("arrive_by"), timezone.now()
    if at is None:
        return
    if given.get("order_info", {}).get("order_type") == BOOKED:
        yield ("arrive_by", ""), _("Give a time to arrive, or book at the courier, not both.")
    elif not now < at <= now + FARTHEST:
        words = _("It has to lie ahead, by %(most)s at most.")
        yield ("arrive_by", ""), words % {"most": _duration(FARTHEST)}


def _duration(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    if minutes % 60 or not minutes:
        return _("%(count)d min") % {"count": minutes}
    return _("%(count)d h") % {"count": minutes // 60}
