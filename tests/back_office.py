"""Helpers for tests that work in the back office as a person does."""

from typing import Any

from django.contrib import admin
from django.test import Client
from django.urls import reverse

from stores.models import Store
from stores.roles import Role
from tests.pages import english
from tests.stores.factories import member


def at_work(store: Store, role: Role = Role.MANAGER) -> Client:
    """Returns the browser of a user of the store, signed in."""
    return english(member(store.merchant, role, store, password=None))


def page(row: Any, name: str = "change", *more: str) -> str:
    """Returns the address of a row's page: change, history, or do with the name of a button.

    The page of a row may be that of a proxy of its model.
    """
    concrete = row._meta.concrete_model
    pages = [model for model in admin.site._registry if model._meta.concrete_model is concrete]
    meta = (type(row) if type(row) in pages else pages[0])._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{name}", args=[row.pk, *more])


def press(client: Client, row: Any, button: str, **answers: Any) -> str:
    """Presses a button, answers its questions and returns what the page says."""
    answer = client.post(page(row, "do", button), answers, follow=True)
    assert answer.status_code == 200
    return (
        " ".join(str(message) for message in answer.context.get("messages", ()))
        or answer.content.decode()
    )


def shown(client: Client, row: Any) -> str:
    """Returns the page of a row."""
    answer = client.get(page(row))
    assert answer.status_code == 200
    return str(answer.content.decode())


def listed(client: Client, label: str, **query: Any) -> list[Any]:
    """Returns the rows that a list shows; `label` is as in trip_order."""
    answer = client.get(reverse(f"admin:{label}_changelist"), query)
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)
