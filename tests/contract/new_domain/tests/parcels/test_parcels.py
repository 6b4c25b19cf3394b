"""What a new domain gets, asked in a copy of the repository that has one."""

import importlib

import pytest
import requests
from django.test import Client, RequestFactory

from parcels.models import Parcel
from stores.backoffice.menu import ORDERS, menu
from stores.domains import contributed, schedules
from stores.models import ApiKey, Connection
from stores.platforms import pace
from stores.platforms.tools import connection_form, platform_tools
from stores.sandbox import SandboxServer
from stores.roles import Role
from stores.tenancy import has_permission
from stores.web.problems import titles
from tests.stores.factories import StoreFactory, member

pytestmark = pytest.mark.django_db


def test_its_list_stands_in_the_menu_of_those_who_may_see_it():
    store = StoreFactory()
    for user, shown in ((member(store.merchant, Role.CLERK, store), True),):
        request = RequestFactory().get("/admin/")
        request.user = user
        tabs = [entry.tabs for entry in menu(request) if entry.entry == ORDERS]
        lines = [tab.link for tab in tabs[0]]
        assert ("/admin/parcels/parcel/" in lines) is shown


def test_its_scopes_permissions_codes_and_schedules_are_known():
    clerk = member((store := StoreFactory()).merchant, Role.CLERK, store)
    assert "parcels" in ApiKey.all_scopes()
    assert has_permission(clerk, "hand_out") and not has_permission(clerk, "settle")
    assert titles()["parcel_gone"]
    assert "parcels.tasks.remind" in [schedule.task for schedule in schedules()]


def test_its_platform_can_be_connected_and_is_paced():
    store = StoreFactory()
    row = Connection(merchant=store.merchant, platform="parcels", account="p")
    row.save()
    assert row.get_platform_display() != "parcels"
    assert platform_tools("parcels").test(connection=row, user=None) == ""
    assert connection_form("parcels").__name__ == "ParcelConnectionForm"
    assert pace.interval("parcels") == 0.2


def test_its_card_stands_on_the_start_page(client: Client):
    store = StoreFactory()
    Parcel.objects.create(store=store, number="P00000007")
    client.force_login(member(store.merchant, Role.OWNER))
    assert "parcels that wait" in client.get("/admin/").content.decode()


def test_the_counter_hands_its_parcels_out(client: Client):
    store = StoreFactory()
    Parcel.objects.create(store=store, number="P00000007")
    client.force_login(member(store.merchant, Role.CLERK, store))
    scanned = {"text": "Box P00000007 please", "store": store.pk}
    page = client.post("/counter/", scanned, headers={"HX-Request": "true"}).content.decode()
    assert "parcel ok" in page
    assert Parcel.objects.get().is_handed_out


def test_its_sandbox_is_served_and_controlled():
    with SandboxServer([sandbox() for sandbox in contributed("sandbox")]) as server:
        url = server.url
        assert requests.get(f"{url}/parcels/hi", timeout=30).json() == {"say": "hello"}
        changed = requests.post(
            f"{url}/_control/parcels/settings", json={"greeting": "hi"}, timeout=30
        ).json()
        assert changed == {"greeting": "hi"}


def test_its_part_of_the_demo_is_filled():
    from stores.demo.preparing import _parts

    [part] = [part for part in _parts() if part.fact == "parcels"]
    StoreFactory()

    class World:
        facts: dict = {}

    part.fill(World())
    assert World.facts["parcels"] == ["P00000001"]
    assert importlib.import_module("parcels.demo").info(World.facts, {}) == World.facts


def test_its_drill_runs_on_the_shared_runner():
    from parcels.drill import CHECKLIST, ParcelDrill
    from stores.drills import runner

    row = Connection(merchant=StoreFactory().merchant, platform="parcels", account="p")
    row.save()
    run = runner.start(CHECKLIST, connection=row, base_url="http://127.0.0.1:1")
    assert runner.run(ParcelDrill(run)) is True
    run.refresh_from_db()
    assert [result["outcome"] for result in run.results] == ["passed", "failed"]
