"""What people find in all lists, files and pages with figures, before and after a drill."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from stores.backoffice.exporting import ExportsAdmin
from stores.backoffice.filters import EVERYTHING, DefaultedFilter
from tests.contract.visible import visible

# The drills themselves, what is noted of them, and the queue, which workers empty.
LEFT_OUT = {"trip.DrillRun", "delivery.DrillRun", "stores.AuditEntry", "django_q.OrmQ"}


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def list_of(label: str) -> str:
    return reverse(f"admin:{label.replace('.', '_').lower()}_changelist")


def rows(client: Client, address: str) -> list[Any]:
    answer: Any = client.get(address)
    shown = (answer.context_data or {}).get("cl") if answer.status_code == 200 else None
    return [row.pk for row in shown.result_list] if shown else []


def seen(user: User) -> dict[str, Any]:
    """What a person finds in each list, in each file and on the pages with figures."""
    client = client_of(user)
    found: dict[str, Any] = {}
    for model, made in admin.site._registry.items():
        label = model._meta.label
        if label in LEFT_OUT:
            continue
        for query in _queries(made):
            found[list_of(label) + query] = rows(client, list_of(label) + query)
        if isinstance(made, ExportsAdmin):
            answer: Any = client.get(f"{list_of(label)}export.csv")
            found[f"{label} as a file"] = b"".join(answer)
    for name in ("admin:index", "admin:todo", "counter"):
        found[name] = visible(client.get(reverse(name)).content.decode())
    return found


def _queries(made: Any) -> list[str]:
    """What chooses everything in a list: filters that narrow by default would hide the rest."""
    kinds = [each for each in made.list_filter if isinstance(each, type)]
    wide = [
        f"?{kind.parameter_name}={EVERYTHING}"
        for kind in kinds
        if issubclass(kind, DefaultedFilter) and EVERYTHING in dict(kind.options)
    ]
    return ["", *wide]
