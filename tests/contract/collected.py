"""Collects tests/<app>/contract.py of every installed app of ours; a long one is a package.

A contract.py may hold:

    ROWS         model → function that makes one row for a store
    ADMINS       admin label → Expect
    admin_rows   makes one row for each admin of a Side, by label; texts and accounts begin with its
                 `word`, by which the tests know whose row they see
    hidden_rows  makes rows in another store of the Side, which its clerk may not see
    shared_rows  makes one row for each admin whose rows belong to no merchant, by label
    EXPORTS      admin label → word that stands in its export
    ROUTES       list of API routes
    api_ids      makes rows for a store, and returns the ids for the routes' paths (kinds.id_for)
    PROBLEMS     (operation of the API, problem code) → what provokes it, given a function that asks
    OPERATIONS   (platform, operation) → OperationContract
    ENDPOINTS    class of an address that a platform calls → EndpointContract
    ENGLISH      English words that may stand on Chinese pages
"""

from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from django.apps import apps
from django.conf import settings

# Our own apps, stores first.
APPS = [
    config.label
    for config in apps.get_app_configs()
    if Path(config.path).parent == settings.BASE_DIR
]
DOMAINS = [label for label in APPS if label != "stores"]


def contracts() -> list[ModuleType]:
    names = [f"tests.{label}.contract" for label in APPS if find_spec(f"tests.{label}")]
    return [import_module(name) for name in names if find_spec(name)]


def dicts(name: str) -> dict[Any, Any]:
    """The entries of all apps. Raises AssertionError for a key that two apps have."""
    found: dict[Any, Any] = {}
    for contract in contracts():
        entries = getattr(contract, name, {})
        assert not found.keys() & entries.keys(), f"{contract.__name__}.{name} repeats a key"
        found |= entries
    return found


def lists(name: str) -> list[Any]:
    return [entry for contract in contracts() for entry in getattr(contract, name, ())]


def sets(name: str) -> set[Any]:
    return set(lists(name))


def call_each(name: str, *given: Any) -> dict[str, Any]:
    """Calls the function of this name in each contract.py, and returns all their results."""
    found: dict[str, Any] = {}
    for contract in contracts():
        if hasattr(contract, name):
            found |= getattr(contract, name)(*given)
    return found


def without_entry(
    name: str, needed: Iterable[tuple[str, Any]], entries: Iterable[Any]
) -> list[str]:
    """A line for each (app, key) in `needed` that has no entry, which says where to add it."""
    known = set(entries)
    return [
        f"{key} has no entry: add it to {name} in tests/{app}/contract.py"
        for app, key in needed
        if key not in known
    ]
