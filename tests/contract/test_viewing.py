"""An operator who views a merchant: sees what its owner sees, and can change nothing at any
address.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from stores.platforms.inbound.endpoint import Inbound
from tests.contract.collected import DOMAINS, call_each, dicts
from tests.contract.pages import PAGES
from tests.contract.source import name, sources
from tests.contract.test_admins import ADMINS, EXPECTED, leaks, signed_in, url
from tests.contract.test_api_routes import ROUTES, Scene
from tests.contract.test_endpoints import ENDPOINTS, every_endpoint
from tests.contract.two_merchants import World, world
from tests.stores.factories import StoreFactory

pytestmark = pytest.mark.django_db
UNSAFE = ("post", "put", "patch", "delete")
SHOWS_WHOLE_PHONES = ("/do/show_visitors/", "/do/show_customer/", "/do/show_receiver/")


def viewing(made: World) -> Client:
    """The operator's browser, in which my merchant is viewed."""
    operator = signed_in(made.people["operator"])
    page = url("stores.Merchant", "change", made.mine.merchant)
    answer = operator.post(f"{page.removesuffix('change/')}do/view_as_owner/")
    assert (answer.status_code, answer["Location"]) == (302, reverse("admin:index"))
    return operator


def rows_of_all_tables() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, but the cookie's session and counted tries."""
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for model in apps.get_models()
        if model._meta.label not in ("sessions.Session", "stores.RateWindow")
    }


def everything() -> tuple[World, list[str]]:
    """Two merchants, and every address of the product but those that end a view."""
    scene = Scene({}, call_each("api_ids", StoreFactory()))
    made = world()
    return made, sorted({*addresses(made), *(f"/api/v1/{scene.path(each)}" for each in ROUTES)})


def addresses(made: World) -> Iterator[str]:
    """Pages, lists, rows, buttons and exports."""
    leaves = (reverse("admin:viewing"), reverse("admin:logout"))
    pages = (f"/{page.address(made)}" for page in PAGES.values())
    yield from (page for page in pages if page not in leaves)
    for label, source in ADMINS.items():
        row = made.row(label)
        yield from (url(label, page) for page in ("changelist", "add"))
        yield from (url(label, page, row) for page in ("change", "history", "delete"))
        yield from (url(label, page, row) for page in EXPECTED[label].pages)
        of_row = url(label, "change", row).removesuffix("change/")
        yield from (f"{of_row}do/{name}/" for name in getattr(source, "buttons", ()))
        if label in dicts("EXPORTS"):
            yield from (url(label, kind) for kind in ("csv", "xlsx"))


@pytest.mark.parametrize("method", UNSAFE)
def test_no_address_takes_anything_from_a_viewer(method: str) -> None:
    made, asked = everything()
    viewer = viewing(made)
    before = rows_of_all_tables()
    found = {address: getattr(viewer, method)(address).status_code for address in asked}
    assert len(found) > 150
    taken = {address for address, status in found.items() if status != 403}
    # Only the language and the counter's store, which are the browser's.
    assert taken == {reverse("set_language"), reverse("counter-store")}
    assert rows_of_all_tables() == before


@every_endpoint
def test_an_address_of_a_platform_takes_nothing_from_a_viewer(
    endpoint: type[Inbound], monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, viewer = ENDPOINTS[endpoint].caller(), viewing(world())
    send = Client.request

    def as_viewer(client: Client, **request: Any) -> Any:
        client.cookies = viewer.cookies
        return send(client, **request)

    before = rows_of_all_tables()
    monkeypatch.setattr(Client, "request", as_viewer)
    assert (caller.post().status_code, rows_of_all_tables()) == (403, before)


def test_a_viewer_sees_what_the_owner_sees() -> None:
    """The same answer at every address, and nothing of the other merchant."""
    made, asked = everything()
    viewer, owner = viewing(made), signed_in(made.people["owner"])
    for address in asked:
        seen, by_owner = viewer.get(address), owner.get(address).status_code
        # A button that shows whole phones is closed to viewers; others are not got.
        expected = 403 if address.endswith(SHOWS_WHOLE_PHONES) else by_owner
        assert (address, seen.status_code) == (address, expected)
        text = seen.getvalue().decode(errors="replace")
        assert (address, leaks(text, "owner")) == (address, [])
        # The description of the API is no page of the back office.
        if "<body" in text and address != reverse("api-docs"):
            assert (address, 'class="zg-viewing"' in text) == (address, True)


def test_looking_writes_nothing_but_that_an_export_was_made() -> None:
    made, asked = everything()
    viewer = viewing(made)
    before = rows_of_all_tables()
    for address in asked:
        viewer.get(address).getvalue()
    after = rows_of_all_tables()
    noted = after.pop("stores.AuditEntry")[len(before.pop("stores.AuditEntry")) :]
    assert [row["verb"] for row in noted if "exported" not in row["verb"]] == []
    assert {row["merchant_id"] for row in noted} == {made.mine.merchant.pk}
    assert after == before


def test_only_tenancy_asks_whether_somebody_is_an_operator() -> None:
    """Elsewhere it would be true for one who views a merchant as its owner does."""
    # What shows or edits the flag of others, and who may start a view and go on with it.
    others = {"stores/admin/system.py", "stores/admin/people.py", "stores/web/viewing.py"}
    asking = {
        name(path)
        for path in sources("config", "stores", *DOMAINS)
        if "is_superuser" in path.read_text(encoding="utf-8") and "migrations" not in path.parts
    }
    assert asking == others | {"stores/tenancy.py"}
