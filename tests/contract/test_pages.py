"""Every page outside the lists of the back office and the API, for every kind of person, and with
the ids of another merchant in its address and in its forms.

A new address needs a row in PAGES (tests/contract/pages.py).
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from stores.domains import merged
from stores.platforms.inbound.endpoint import Inbound
from tests.contract.pages import EVERYBODY, NOBODY_THERE, PAGES
from tests.contract.test_admins import ROLES, leaks, signed_in
from tests.contract.two_merchants import World

pytestmark = pytest.mark.usefixtures("made")
# What holds another merchant's rows, beside what everybody may read.
OF_MERCHANTS = ("stores", "coupons", "trip", "messaging", "delivery")
every_page = pytest.mark.parametrize("route", PAGES)


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """Every address but those of the API and of the lists and rows of the back office, which
    test_admins and test_api_routes know, and those that platforms call (test_endpoints).
    """
    models = {f"{kind._meta.app_label}/{kind._meta.model_name}/" for kind in admin.site._registry}
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        below = path.removeprefix("admin/")
        view: Any = getattr(pattern.callback, "view_class", object)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, path)
        elif path.startswith("api/v1/") or issubclass(view, Inbound):
            continue
        elif any(below.startswith(name) for name in models):
            yield from own_pages(pattern, path)
        else:
            yield "admin/app" if "<app_label>" in path else path.replace("^(?P<url>", "(?P<url>")


def own_pages(pattern: URLPattern, path: str) -> Iterator[str]:
    """Pages that an admin has beside its lists and rows."""
    known = ("changelist", "add", "history", "delete", "change", "do", "csv", "xlsx", "calendar")
    name = str(pattern.name or "")
    if name and not name.endswith(tuple(f"_{each}" for each in known)) and "password" not in name:
        yield path


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    found = set(routes(get_resolver()))
    assert sorted(found - PAGES.keys()) == []
    assert sorted(PAGES.keys() - found) == []


def contents() -> dict[str, list[dict[str, Any]]]:
    models = [model for label in OF_MERCHANTS for model in apps.get_app_config(label).get_models()]
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for model in models
        if model._meta.label != "stores.RateWindow"
    }


@every_page
def test_each_person_gets_what_the_table_says(route: str, made: World) -> None:
    page = PAGES[route]
    address = f"/{page.address(made)}"
    answers = {role: signed_in(made.people[role]).get(address) for role in ROLES}
    found = {role: answer.status_code for role, answer in answers.items()}
    assert found == dict(zip(ROLES, page.answers, strict=True))
    # What a guest of my store reads, a stranger reads too.
    is_public = page.answers in (EVERYBODY, NOBODY_THERE)
    for role, answer in answers.items():
        if role != "anonymous" and not is_public:
            text = answer.getvalue().decode(errors="replace")
            assert (role, leaks(text, role)) == (role, [])


@pytest.mark.parametrize("route", [route for route, page in PAGES.items() if page.theirs])
@pytest.mark.parametrize("role", ["clerk", "manager", "owner"])
def test_anothers_row_is_not_found(route: str, role: str, made: World) -> None:
    theirs = PAGES[route].theirs
    assert theirs
    client = signed_in(made.people[role])
    for method in (client.get, client.post):
        answer = method(f"/{theirs(made)}")
        assert answer.status_code in (404, 405)
        assert leaks(answer.content.decode(), role) == []


@pytest.mark.parametrize(
    ("route", "number"),
    [(route, number) for route, page in PAGES.items() for number in range(len(page.forms))],
)
@pytest.mark.parametrize("role", ["clerk", "manager", "owner"])
def test_a_form_with_anothers_id_changes_nothing(
    route: str, number: int, role: str, made: World
) -> None:
    page = PAGES[route]
    client: Client = signed_in(made.people[role])
    before = contents()
    answer = client.post(f"/{page.address(made)}", page.forms[number](made))
    assert answer.status_code in (403, 404, 405)
    assert leaks(answer.content.decode(), role) == []
    assert contents() == before


@pytest.mark.parametrize("role", ["clerk", "manager", "owner"])
def test_forms_of_the_back_office_take_no_choice_of_another_merchant(
    role: str, made: World
) -> None:
    """Every choice of every form, sent with the id of the other merchant's row."""
    client = signed_in(made.people[role])
    before = foreign(contents(), made)
    for model in admin.site._registry:
        for related in [field for field in model._meta.get_fields() if field.is_relation]:
            target = getattr(related.related_model, "_meta", None)
            theirs = made.theirs.rows.get(target.label) if target else None
            mine = made.mine.rows.get(model._meta.label)
            if theirs is None or mine is None or not hasattr(related, "attname"):
                continue
            base = f"/admin/{model._meta.app_label}/{model._meta.model_name}"
            for address in (f"{base}/add/", f"{base}/{mine.pk}/change/"):
                answer = client.post(address, {related.name: theirs.pk})
                assert answer.status_code in (200, 302, 403, 404, 405), address
                assert leaks(answer.content.decode(), role) == [], address
            assert foreign(contents(), made) == before, (model, related.name)


def foreign(found: dict[str, list[dict[str, Any]]], made: World) -> list[Any]:
    """Rows that name the other merchant or its store."""
    return [
        (label, row)
        for label, rows in found.items()
        for row in rows
        if row.get("merchant_id") == made.theirs.merchant.pk
        or row.get("store_id") == made.theirs.store.pk
    ]


@pytest.mark.parametrize("path", merged("early"))
def test_what_is_answered_early_is_the_address_of_a_page(path: str) -> None:
    assert resolve(path)
