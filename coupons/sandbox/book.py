"""The gateway's data: accounts, their stores and products, and every coupon."""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from stores.sandbox import ControlError, given

T = TypeVar("T")

STATES = ("unused", "used", "expired", "refunded", "not_yet_valid", "not_on_this_day", "locked")


@dataclass
class Product:
    sku_id: str
    sku_name: str = ""
    product_name: str = ""
    actual_amount: str = "0.0"
    origin_amount: str = "0.0"


@dataclass
class Coupon:
    """One code; `verifies` counts the verify calls for it, `applied` those that consumed it.
    `price` is yuan.

    `also_at` are the other stores of a chain that accept it.
    """

    code: str
    store_id: int
    sku_id: str = ""
    detail_name: str = ""
    order_id: str = ""
    state: str = "unused"
    price: str = "0.0"
    verifies: int = 0
    applied: int = 0
    also_at: list[int] = field(default_factory=list)

    def is_for(self, store_id: int) -> bool:
        return store_id == self.store_id or store_id in self.also_at


@dataclass
class Store:
    """`status` 1 not authorised, 2 authorised, 3 authorisation expired; `request_count` is the
    calls left.
    """

    store_id: int
    store_name: str = ""
    address: str = ""
    status: int = 2
    request_count: int = 9983
    area_id: int = 310115
    city_id: int = 310100
    province_id: int = 310000
    products: dict[str, Product] = field(default_factory=dict)

    def public(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "products"}


@dataclass
class Account:
    email: str
    password: str = ""
    id: int = 1
    username: str = ""
    phone: str = ""
    stores: dict[int, Store] = field(default_factory=dict)


class Book:
    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.coupons: dict[str, Coupon] = {}

    def merged(self, data: Any, *, states_too: bool = False) -> Book:
        """Returns a copy with the seed applied; values of known rows that the seed does not mention
        stay.

        State and counters of a known code are not changed, so that a second seeding never makes a
        spent coupon unused again; with `states_too` (a snapshot) they are. Raises ControlError with
        the name of the wrong value, and then changes nothing.
        """
        book = copy.deepcopy(self)
        for row in given.rows(given.mapping(data, "the seed"), "accounts"):
            book._merge_account(row, states_too)
        return book

    def find_store(self, store_id: int) -> Store | None:
        for account in self.accounts.values():
            if store_id in account.stores:
                return account.stores[store_id]
        return None

    def dump(self) -> dict[str, Any]:
        """Returns the seed that produces this book again."""
        codes: dict[int, list[dict[str, Any]]] = {}
        for coupon in self.coupons.values():
            codes.setdefault(coupon.store_id, []).append(dict(vars(coupon)))
        return {
            "accounts": [
                {
                    **vars(account),
                    "stores": [
                        {
                            **store.public(),
                            "products": [
                                dict(vars(product)) for product in store.products.values()
                            ],
                            "codes": codes.get(store.store_id, []),
                        }
                        for store in account.stores.values()
                    ],
                }
                for account in self.accounts.values()
            ]
        }

    def _merge_account(self, row: dict[str, Any], states_too: bool) -> None:
        email = _key(row, "email", str)
        account = self.accounts.setdefault(email, Account(email, id=10_000 + len(self.accounts)))
        _lay_over(account, row, password=str, id=int, username=str, phone=str)
        for store in given.rows(row, "stores"):
            self._merge_store(account, store, states_too)

    def _merge_store(self, account: Account, row: dict[str, Any], states_too: bool) -> None:
        store_id = _key(row, "store_id", int)
        store = account.stores.setdefault(store_id, Store(store_id))
        _lay_over(
            store, row, store_name=str, address=str, area_id=int, city_id=int, province_id=int
        )
        change_store(store, row)
        for product_row in given.rows(row, "products"):
            sku_id = _key(product_row, "sku_id", str)
            product = store.products.setdefault(sku_id, Product(sku_id))
            _lay_over(product, product_row, sku_name=str, product_name=str)
            _lay_amounts_over(product, product_row, "actual_amount", "origin_amount")
        for code_row in given.rows(row, "codes"):
            self._merge_coupon(store, code_row, states_too)

    def _merge_coupon(self, store: Store, row: dict[str, Any], states_too: bool) -> None:
        code = _key(row, "code", str)
        known = code in self.coupons
        coupon = self.coupons.setdefault(
            code, Coupon(code, store.store_id, order_id=_order_id(code))
        )
        coupon.store_id = store.store_id
        _lay_over(coupon, row, sku_id=str, detail_name=str, order_id=str, also_at=list)
        _lay_amounts_over(coupon, row, "price")
        if states_too:
            _lay_over(coupon, row, verifies=int, applied=int)
        if states_too or not known:
            change_coupon(coupon, row)
        _complete(coupon, row, store.products.get(coupon.sku_id))


def change_store(store: Store, row: Mapping[str, Any]) -> None:
    if "status" in row and row["status"] not in (1, 2, 3):
        raise ControlError(
            "status is 1 (not authorised), 2 (authorised) or 3 (authorisation expired)"
        )
    _lay_over(store, row, status=int, request_count=int)


def change_coupon(coupon: Coupon, row: Mapping[str, Any]) -> None:
    if "state" in row and row["state"] not in STATES:
        raise ControlError(f"state is one of {', '.join(STATES)}")
    _lay_over(coupon, row, state=str)


def _complete(coupon: Coupon, row: Mapping[str, Any], product: Product | None) -> None:
    """Fills in price and deal name; detail names a product without the 【…】 of the list, and with
    price and sku after it.
    """
    if product is None:
        return
    if "price" not in row and coupon.price == "0.0":
        coupon.price = product.actual_amount
    if not coupon.detail_name:
        plain = re.sub(r"^【[^】]*】", "", product.sku_name or product.product_name)
        coupon.detail_name = f"{plain}[{Decimal(coupon.price):.2f}元][{coupon.sku_id}]"


def _order_id(code: str) -> str:
    """Returns 19 digits, more than a double holds exactly, always equal for one code."""
    number = int.from_bytes(hashlib.sha256(code.encode("utf-8", "replace")).digest()[:8], "big")
    return str(4_900_000_000_000_000_000 + number % 100_000_000_000_000_000)


def _key(row: Mapping[str, Any], name: str, kind: type[T]) -> T:
    value = row.get(name)
    if type(value) is not kind or not value:
        raise ControlError(f"{name} must be {kind.__name__} and not empty, not {value!r}")
    return value


def _lay_over(target: object, row: Mapping[str, Any], **kinds: type) -> None:
    for name, kind in kinds.items():
        if name in row:
            if type(row[name]) is not kind:
                raise ControlError(f"{name} must be {kind.__name__}, not {row[name]!r}")
            setattr(target, name, row[name])


def _lay_amounts_over(target: object, row: Mapping[str, Any], *names: str) -> None:
    """Stores yuan in the gateway's form: a string with one decimal, or with two if there are fen
    ("78.0", "78.55").
    """
    for name in names:
        if name in row:
            try:
                amount = Decimal(str(row[name]))
                text = f"{amount:.1f}" if amount == round(amount, 1) else f"{amount:.2f}"
            except InvalidOperation as error:
                raise ControlError(
                    f"{name} must be an amount in yuan, not {row[name]!r}"
                ) from error
            setattr(target, name, text)
