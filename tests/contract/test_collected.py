"""A missing entry names the file that it belongs into, and no app replaces another app's entry."""

from types import ModuleType

import pytest

from tests.contract import collected


def contract(name: str, **entries: object) -> ModuleType:
    module = ModuleType(f"tests.{name}.contract")
    vars(module).update(entries)
    return module


def test_a_missing_entry_says_where_to_add_it() -> None:
    needed = [("trip", "trip.Order"), ("trip", "trip.Boat")]
    assert collected.without_entry("ADMINS", needed, {"trip.Order": 1}) == [
        "trip.Boat has no entry: add it to ADMINS in tests/trip/contract.py"
    ]


def test_every_app_with_tables_is_collected() -> None:
    assert {"stores", "coupons", "trip"} <= set(collected.APPS)
    assert {module.__name__ for module in collected.contracts()} >= {
        "tests.stores.contract",
        "tests.coupons.contract",
        "tests.trip.contract",
    }


def test_two_apps_with_the_same_key_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [contract("a", ADMINS={"x": 1}, ENGLISH={"A"}), contract("b", ADMINS={"x": 2})]
    monkeypatch.setattr(collected, "contracts", lambda: both)
    assert collected.sets("ENGLISH") == {"A"}
    with pytest.raises(AssertionError, match="repeats a key"):
        collected.dicts("ADMINS")
