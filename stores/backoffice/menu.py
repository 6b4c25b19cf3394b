"""Lines of the side menu that open an admin list, for `Domain.menu`; imports no tables."""

from collections.abc import Callable

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django_stubs_ext import StrOrPromise

from stores.domains import MenuItem


def may_view(label: str) -> Callable[[HttpRequest], bool]:
    """For MenuItem.shown: whether a person may open the list of "app.Model"."""

    def shown(request: HttpRequest) -> bool:
        return bool(admin.site.get_model_admin(apps.get_model(label)).has_view_permission(request))

    return shown


def list_item(
    section: StrOrPromise, label: str, title: StrOrPromise, icon: str, query: str = ""
) -> MenuItem:
    """A line of the menu that is shown to those who may see the list of "app.Model"."""
    name = f"admin:{label.replace('.', '_').lower()}_changelist"
    return MenuItem(section, title, icon, name, may_view(label), query)
