"""Parsers of Meituan's calls about orders (docs/platforms/trip.md §3.1 to §3.6).

Each one takes the envelope's `body` and raises Malformed.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from stores.platforms.reading import (
    Malformed,
    listed,
    moment,
    needed,
    optional_day,
    optional_text,
    text,
    texts,
    whole,
    yuan,
)
from stores.text import plain
from trip.choices import CloseType, CredentialType, RefundedBecause
from trip.wire.problems import TripProblem
from trip.wire.values import MAX_QUANTITY

_MOBILE = re.compile(r"(?:(?:\+|00)?86)?(1[0-9]{10})", re.ASCII)
# Hong Kong, Macau and Taiwan (Taiwan's trunk prefix 0 is not part of the number).
_MOBILE_BEYOND = re.compile(r"(?:\+|00)?(?:(85[23])([0-9]{8})|(886)0?([0-9]{9}))", re.ASCII)
# E.164 of all other countries.
_MOBILE_ABROAD = re.compile(r"(?:\+|00)((?!86|85[23]|886)[1-9][0-9]{6,14})", re.ASCII)
_IDENTITY_CARD = re.compile(r"[0-9]{17}[0-9X]|[0-9]{15}", re.ASCII)
_CREDENTIAL = re.compile(r"[0-9A-Z\-]{3,30}", re.ASCII)
# For example 军字第2001988号
_OFFICER = re.compile(r"[0-9A-Z\-\u4e00-\u9fff]{3,30}")
LONGEST_NUMBER = 60
_FORMS = {CredentialType.IDENTITY_CARD: _IDENTITY_CARD, CredentialType.MILITARY_OFFICER: _OFFICER}
# What people write between the digits of a number: blanks and brackets, in phones also dashes.
_BETWEEN = re.compile(r"[\s()\[\]{}<>【】〔〕「」『』《》〈〉]")
_BETWEEN_DIGITS = re.compile(r"[\s()\[\]{}<>【】〔〕./\-\u2010-\u2015\u2212]")


@dataclass(frozen=True)
class Asked:
    """What a product asks each visitor for; `credentials` are the CredentialTypes that it accepts,
    of which a visitor needs one.
    """

    name: bool
    mobile: bool
    credentials: tuple[int, ...]


@dataclass(frozen=True)
class VisitorData:
    """One visitor; `credentials` maps CredentialType values to numbers, and missing values are
    empty.
    """

    name: str = ""
    mobile: str = ""
    credentials: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CreateRequest:
    """§3.1 order create; prices are yuan per ticket.

    `visitors` is unparsed: it is ignored when the product asks for none, else `parse_visitors`
    reads it.
    """

    order_id: int
    deal_id: str
    buy_price: Decimal
    unit_price: Decimal
    total_price: Decimal
    quantity: int
    visitors: Any
    travel_date: date | None


@dataclass(frozen=True)
class OrderRef:
    """§3.2 pay and §3.3 query: the order's numbers; `partner_order_id` may be empty."""

    order_id: int
    partner_order_id: str


@dataclass(frozen=True)
class RefundRequest:
    """§3.4 order refund; `price` is paid to the buyer, `fee` is kept, both in yuan."""

    order_id: int
    partner_order_id: str
    refund_id: str
    deal_id: str
    codes: tuple[str, ...]
    quantity: int
    unit_price: Decimal
    price: Decimal
    fee: Decimal
    applied_at: datetime


@dataclass(frozen=True)
class RefundedMessage:
    """§3.5 already refunded; `price` is yuan per ticket, None for the full price.

    `serial` is Meituan's number of the message, or made from its content when it has none.
    """

    order_id: int
    partner_order_id: str
    serial: str
    is_numbered: bool
    codes: tuple[str, ...]
    quantity: int
    price: Decimal | None
    because: int
    reason: str
    refunded_at: datetime


@dataclass(frozen=True)
class CloseMessage:
    """§3.6 order closed."""

    order_id: int
    partner_order_id: str
    close_type: int


def parse_create(body: Mapping[str, Any]) -> CreateRequest:
    whole(body, "mtDealId", least=1)
    return CreateRequest(
        order_id=whole(body, "orderId", least=1),
        deal_id=text(body, "partnerDealId", most=60),
        # The quantity is checked before the prices, because an absurd number of tickets makes the
        # total invalid.
        quantity=whole(body, "quantity", least=1, most=MAX_QUANTITY),
        buy_price=yuan(body, "buyPrice"),
        unit_price=yuan(body, "unitPrice"),
        total_price=yuan(body, "totalPrice"),
        visitors=body.get("visitors"),
        travel_date=optional_day(body, "travelDate"),
    )


def parse_visitors(given: Any, asked: Asked) -> tuple[VisitorData, ...]:
    """Reads what was asked for, and names and mobiles that are fine; ignores everything else."""
    return tuple(_visitor(item, asked) for item in listed({"visitors": given}, "visitors"))


def parse_order(body: Mapping[str, Any]) -> OrderRef:
    return OrderRef(**_ids(body))


def _ids(body: Mapping[str, Any]) -> dict[str, Any]:
    """Returns Meituan's number of the order and, if it is given, ours."""
    return {
        "order_id": whole(body, "orderId", least=1),
        "partner_order_id": optional_text(body, "partnerOrderId", most=60),
    }


def parse_refund(body: Mapping[str, Any]) -> RefundRequest:
    needed(body, "voucherList")
    return RefundRequest(
        order_id=whole(body, "orderId", least=1),
        partner_order_id=text(body, "partnerOrderId", most=60),
        refund_id=text(body, "refundId", most=80),
        deal_id=text(body, "partnerDealId", most=60),
        codes=texts(body, "voucherList"),
        quantity=whole(body, "refundQuantity", least=1, most=MAX_QUANTITY),
        unit_price=yuan(body, "unitPrice"),
        price=yuan(body, "refundPrice", least=0),
        fee=yuan(body, "refundFee", least=0),
        applied_at=moment(body, "refundTime"),
    )


def parse_refunded(body: Mapping[str, Any]) -> RefundedMessage:
    # An empty reason is accepted: the buyer has the money back, so the ticket must become invalid.
    needed(body, "reason")
    price = yuan(body, "refundPrice")
    refunded_at = moment(body, "refundTime")
    codes = texts(body, "voucherList")
    quantity = whole(body, "count", least=1, most=MAX_QUANTITY)
    number = optional_text(body, "refundSerialNo", most=80)
    return RefundedMessage(
        **_ids(body),
        serial=number or _serial(refunded_at, codes, quantity),
        is_numbered=bool(number),
        codes=codes,
        quantity=quantity,
        price=None if price < 0 else price,
        because=_one_of(
            whole(body, "refundMessageType"), "refundMessageType", RefundedBecause.values
        ),
        reason=optional_text(body, "reason", most=300),
        refunded_at=refunded_at,
    )


def _serial(at: datetime, codes: tuple[str, ...], quantity: int) -> str:
    """Identifies messages without a number: by time, number of tickets, and vouchers."""
    serial = f"{at:%Y%m%d%H%M%S}-{quantity}"
    if codes:
        serial += f"-{hashlib.sha256(','.join(sorted(codes)).encode()).hexdigest()[:12]}"
    return serial


def parse_close(body: Mapping[str, Any]) -> CloseMessage:
    close_type = _one_of(whole(body, "closeType"), "closeType", CloseType.values)
    return CloseMessage(**_ids(body), close_type=close_type)


def _one_of(value: int, name: str, known: list[int]) -> int:
    if value not in known:
        raise Malformed(name, TripProblem.NOT_AGREED)
    return value


def _visitor(item: Any, asked: Asked) -> VisitorData:
    if not isinstance(item, dict):
        raise Malformed("visitors", TripProblem.ITEM_NO_OBJECT)
    return VisitorData(
        name=_read(lambda: plain(optional_text(item, "name", most=60)), needed=asked.name),
        mobile=_read(
            lambda: mobile_of(optional_text(item, "mobile", most=60)), needed=asked.mobile
        ),
        credentials=_credentials(item.get("credentials"), asked.credentials),
    )


def _read(read: Callable[[], str], *, needed: bool) -> str:
    """Returns "" for a malformed value that nobody asked for."""
    try:
        return read()
    except Malformed:
        if needed:
            raise
        return ""


def mobile_of(given: str) -> str:
    """Normalises a number without blanks, brackets and dashes: eleven digits, or +852… for other
    regions and countries; "" stays empty.

    Raises Malformed.
    """
    digits = _BETWEEN_DIGITS.sub("", plain(given))
    if not digits:
        return ""
    if mainland := _MOBILE.fullmatch(digits):
        return mainland[1]
    if beyond := _MOBILE_BEYOND.fullmatch(digits) or _MOBILE_ABROAD.fullmatch(digits):
        return "+" + "".join(filter(None, beyond.groups()))
    raise Malformed("mobile", TripProblem.NO_MOBILE)


def _credentials(value: Any, kinds: Iterable[int]) -> dict[int, str]:
    """Returns the numbers of these kinds. A number that is none of its kind is left out if another
    one is right.
    """
    if not kinds or value in (None, "", {}):
        return {}
    if not isinstance(value, dict):
        raise Malformed("credentials", TripProblem.NOT_AN_OBJECT)
    given = {kind: value[str(kind)] for kind in kinds if value.get(str(kind))}
    read = {kind: _credential_number(kind, number) for kind, number in given.items()}
    right = {kind: number for kind, number in read.items() if number}
    if given and not right:
        raise Malformed("credentials", TripProblem.NO_CREDENTIAL)
    return right


def _credential_number(kind: int, value: Any) -> str:
    """Returns the number without blanks and brackets; "" if it is none of its kind."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    if len(str(value)) > LONGEST_NUMBER:
        return ""
    number = _BETWEEN.sub("", plain(str(value))).upper()
    form = _FORMS.get(CredentialType(kind), _CREDENTIAL)
    return number if form.fullmatch(number) else ""
