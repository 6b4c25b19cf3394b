"""An order as people type it, in a form or as a row of a table: one text for each field.

It is made an order in WeChat's words and validated as one that comes over the API; what is wrong is
said of the field that was typed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from delivery.api.order_bodies import OrderBody
from delivery.models import Delivery
from delivery.services import creating
from delivery.services.places import Finding, Place, Wrong, examine
from delivery.services.reaching import reach_words
from delivery.services.wished_times import dated
from delivery.wire.categories import CATEGORIES
from stores.conflicts import Conflict
from stores.models import Store
from stores.text import plain

Path = tuple[str, ...]
# Typed field → where it stands in WeChat's order.
PATHS: Mapping[str, Path] = {
    "reference": ("reference",),
    "openid": ("openid",),
    "name": ("receiver", "name"),
    "phone": ("receiver", "phone"),
    "city": ("receiver", "city"),
    "address": ("receiver", "address"),
    "detail": ("receiver", "address_detail"),
    "lng": ("receiver", "lng"),
    "lat": ("receiver", "lat"),
    "goods": ("cargo", "goods_detail", "goods", "good_name"),
    "count": ("cargo", "goods_detail", "goods", "good_count"),
    "value": ("cargo", "goods_value"),
    "weight": ("cargo", "goods_weight"),
    "kind": ("cargo", "cargo_first_class"),
    "note": ("order_info", "note"),
    "wanted": ("arrive_by",),
    "page": ("shop", "wxa_path"),
    "picture": ("shop", "img_url"),
}
# Errors that are said of what stands elsewhere, too.
ALSO: Mapping[Path, str] = {
    ("cargo", "cargo_second_class"): "kind",
    ("cargo", "goods_detail"): "goods",
    ("shop", "goods_name"): "goods",
    ("shop", "goods_count"): "count",
}
FLAGS = {"pickup_code": "is_pickup_code_needed", "finish_code": "is_finish_code_needed"}
TOGETHER = " / "
# Pairs as they are shown and typed → as WeChat has them.
KINDS: Mapping[str, tuple[str, str]] = {
    f"{first}{TOGETHER}{second}": (first, second)
    for first, seconds in CATEGORIES.items()
    for second in seconds
}
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,12})?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
# A spreadsheet has made a number of a phone: 1.38E+10.
_ROUNDED = re.compile(r"[0-9]+(?:\.[0-9]+)?[Ee]\+?[0-9]+", re.ASCII)
_BETWEEN = re.compile(r"[\s|>›,，;；\-]+")
_SECONDS_OFF = re.compile(r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})")


@dataclass(frozen=True)
class Typed:
    """What became of a typed order: `given` is in WeChat's words, None where `errors` (typed field
    → texts; "" for the whole) has some. `meant` are coordinates that are probably meant; `earlier`
    is the delivery that the order has already.
    """

    given: Mapping[str, Any] | None = None
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    meant: Place | None = None
    earlier: Delivery | None = None


def read_typed(store: Store, typed: Mapping[str, str], *, corrects: bool = False) -> Typed:
    """Returns what an order would become; nothing is saved. Empty fields are as if left out.
    `corrects`: there is a delivery of it already.
    """
    body = OrderBody(data=order_of(typed))
    errors: dict[str, list[str]] = {}
    if _ROUNDED.fullmatch(plain(typed.get("phone", ""))):
        words = _("A spreadsheet has rounded this number: make the column a text there.")
        errors["phone"] = [words]
    if (wanted := typed.get("wanted", "")) and moment_of(wanted) is None:
        words = _("Write a time, like 2026-12-31 18:00, 今天 18:00, 明天 12:30 or 18:00.")
        errors["wanted"] = [words]
    finding = finding_of(store, typed)
    if not body.is_valid():
        _collect(errors, body.errors)
    if finding and "lng" not in errors and "lat" not in errors:
        errors["lng"] = [str(creating.words_of(finding))]
    meant = finding.meant if finding else None
    if errors:
        return Typed(errors=errors, meant=meant)
    given: Mapping[str, Any] = body.validated_data
    try:
        if corrects:
            creating.order_checked(store=store, given=given)
            return Typed(given)
        row, is_new = creating.order_read(store=store, given=given)
    except creating.WrongOrder as wrong:
        return refused_as(wrong)
    except Conflict as conflict:
        return Typed(errors={"" if corrects else "reference": [str(conflict.reason)]})
    return Typed(given, earlier=None if is_new else row)


def refused_as(wrong: creating.WrongOrder) -> Typed:
    """Returns what is said of the fields that were typed, also where it is wrong only since it was
    read: a wished time may just be over.
    """
    errors: dict[str, list[str]] = {}
    _collect(errors, wrong.errors)
    return Typed(errors=errors, meant=wrong.meant)


def finding_of(store: Store, typed: Mapping[str, str]) -> Finding | None:
    """Returns what is wrong with typed coordinates; None where they are no numbers or right."""
    lng, lat = (_degrees(typed.get(name, "")) for name in ("lng", "lat"))
    place = getattr(store, "delivery_store", None)
    if lng is None or lat is None or place is None:
        return None
    shop, is_baidu = Place.of(place.lng, place.lat), bool(typed.get("is_baidu"))
    found = examine(lng, lat, shop=shop, is_baidu=is_baidu)
    if found and found.wrong == Wrong.BAIDU and found.meant:
        # What is converted may be wrong still.
        return examine(found.meant.lng, found.meant.lat, shop=shop) or found
    return found


def warning_of(store: Store, typed: Mapping[str, str]) -> str:
    """Returns what is said of typed coordinates that may be right; "" for nothing."""
    lng, lat = (_degrees(typed.get(name, "")) for name in ("lng", "lat"))
    place = getattr(store, "delivery_store", None)
    if lng is None or lat is None or place is None or finding_of(store, typed):
        return ""
    return reach_words(place, Place.of(lng, lat))


def order_of(typed: Mapping[str, str]) -> dict[str, Any]:
    """Returns a typed order in WeChat's words, numbers as JSON has them; not validated."""
    order: dict[str, Any] = {"receiver": {}, "cargo": {}, "order_info": {}, "shop": {}}
    for name, path in PATHS.items():
        if name in ("goods", "count", "kind", "wanted") or not (text := typed.get(name, "")):
            continue
        part = order if len(path) == 1 else order[path[0]]
        part[path[-1]] = number_of(text) if name in ("lng", "lat", "value", "weight") else text
    if typed.get("kind", ""):
        kind = kind_of(typed["kind"])
        order["cargo"] |= dict(zip(("cargo_first_class", "cargo_second_class"), kind, strict=True))
    goods, count = typed.get("goods", ""), whole_of(typed.get("count", "") or "1")
    if goods:
        rows = [{"good_name": goods, "good_count": count}]
        order["cargo"]["goods_detail"] = {"goods": rows}
        order["shop"]["goods_name"] = goods
    order["shop"]["goods_count"] = count
    # What is no time is told of its own field (read_typed).
    if at := moment_of(typed.get("wanted", "")):
        order["arrive_by"] = at
    for name, flag in FLAGS.items():
        order["order_info"][flag] = int(bool(typed.get(name)))
    return order


def number_of(text: str) -> float | str:
    """Returns a number, or the text that is none."""
    found = plain(text)
    return float(found) if _NUMBER.fullmatch(found) else found


def whole_of(text: str) -> int | str:
    found = plain(text)
    return int(found) if _WHOLE.fullmatch(found) else found


def moment_of(text: str) -> str | None:
    """Returns a local time as the API takes it, or None for what is no time."""
    found = _SECONDS_OFF.sub(r"\1-\2-\3", plain(dated(text))[:40])
    date, _space, time = found.replace("T", " ").partition(" ")
    padded = "-".join(part.zfill(2) for part in date.split("-"))
    try:
        at: datetime | None = parse_datetime(f"{padded} {time.strip().zfill(5)}")
        if at is None:
            return None
        aware = timezone.make_aware(at) if timezone.is_naive(at) else at
        return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None


def kind_text(cargo: Mapping[str, Any]) -> str:
    """Returns the kind of goods of a delivery as it is shown and typed."""
    return f"{cargo.get('first_class', '')}{TOGETHER}{cargo.get('second_class', '')}"


def kind_of(text: str) -> tuple[str, str]:
    """Returns the pair of a typed kind of goods, which may be its second half alone where that says
    it; else the text as a first class that does not exist.
    """
    typed = " ".join(part for part in _BETWEEN.split(plain(text).replace(TOGETHER, " ")) if part)
    for first, second in KINDS.values():
        if typed == f"{first} {second}":
            return first, second
    alone = [pair for pair in KINDS.values() if typed in (pair[1], pair[1].partition("/")[0])]
    return alone[0] if len(alone) == 1 else (typed, typed)


def _degrees(text: str) -> Decimal | None:
    found = plain(text)
    return Decimal(found) if _NUMBER.fullmatch(found) else None


def _collect(errors: dict[str, list[str]], found: Any) -> None:
    """Sorts nested errors under the fields that were typed, each text once."""
    for path, text in _texts(found):
        name = _name_of(path)
        texts = errors.setdefault(name, [])
        if text not in texts:
            texts.append(text)


def _texts(found: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(found, Mapping):
        for name, inner in found.items():
            # Goods are numbered; there is only one.
            is_number = isinstance(name, int) or str(name).isdecimal()
            yield from _texts(inner, path if is_number else (*path, str(name)))
    elif isinstance(found, list | tuple):
        for inner in found:
            yield from _texts(inner, path)
    else:
        yield path, str(found)


def _name_of(path: Path) -> str:
    if path in ALSO:
        return ALSO[path]
    return next((name for name, known in PATHS.items() if known == path), "")
