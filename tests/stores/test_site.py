"""The back office beside unfold's: what it leaves out is built nowhere else."""

import pytest
from django.contrib import admin
from django.test import RequestFactory
from unfold.sites import UnfoldAdminSite

from stores.backoffice.site import BackOffice
from stores.roles import Role
from tests.pages import english
from tests.stores.factories import StoreFactory, member

pytestmark = pytest.mark.django_db


def test_the_menu_marks_the_entry_of_the_open_page() -> None:
    store = StoreFactory()
    page = english(member(store.merchant, Role.OWNER)).get("/admin/stores/store/")
    groups = page.context["sidebar_navigation"]
    active = [item["link"] for group in groups for item in group["items"] if item["active"]]
    assert active == ["/admin/stores/store/"]


def test_what_is_replaced_of_unfold_exists_there() -> None:
    """Else an upgrade would bring its comparison of all entries with all tabs back unnoticed."""
    assert "_get_is_tab_active" in vars(UnfoldAdminSite)
    assert "_get_is_tab_active" in vars(BackOffice)


def test_only_the_page_of_an_app_lists_its_tables() -> None:
    owner = member(StoreFactory().merchant, Role.OWNER)
    request = RequestFactory().get("/admin/")
    request.user = owner
    assert admin.site.get_app_list(request) == []
    [app] = admin.site.get_app_list(request, "stores")
    assert app["models"]
