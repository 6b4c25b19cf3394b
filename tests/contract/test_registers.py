"""A domain names in `registers` the modules of its operations and handlers.

A process that serves no pages imports nothing else of it: an operation would be missing there, and
a notice without a handler counts as handled.
"""

from collections.abc import Iterable

from django.apps import apps

from stores.platforms.inbound import inbox
from stores.platforms.outbox import operations
from tests.contract.collected import DOMAINS


def unnamed(modules: Iterable[str]) -> list[str]:
    """A line for each module of a domain that is named neither itself nor by its package."""
    found = []
    for module in sorted(set(modules)):
        app = module.partition(".")[0]
        if app not in DOMAINS:
            continue
        named = getattr(apps.get_app_config(app), "registers", ())
        if not any(f"{module}.".startswith(f"{name}.") for name in named):
            found.append(f"{module} registers something: add it to `registers` in {app}/apps.py")
    return found


def test_what_registers_something_is_named() -> None:
    modules = [type(made).__module__ for made in operations.by_name.values()]
    modules += [handler.__module__ for handler in inbox._handlers.values()]
    assert unnamed(modules) == []


def test_a_module_that_is_unnamed_is_found() -> None:
    assert unnamed(["coupons.services.operations.spend", "trip.services.notices", "tests.x"]) == []
    assert unnamed(["trip.webhooks"]) == [
        "trip.webhooks registers something: add it to `registers` in trip/apps.py"
    ]


def test_every_kind_of_notice_that_is_handled_has_a_title() -> None:
    titles = {
        (getattr(config, "platform", ""), kind)
        for config in apps.get_app_configs()
        for kind in getattr(config, "event_titles", {})
    }
    handled = {
        key
        for key, handler in inbox._handlers.items()
        if handler.__module__.partition(".")[0] in DOMAINS
    }
    assert handled - titles == set(), "give each a title in `event_titles` of apps.py"
