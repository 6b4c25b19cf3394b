"""Helpers for the back office of a shop that sells tickets."""

from typing import Any

from django.test import Client
from django.urls import reverse

from stores.models import OutboundCall, Store
from stores.roles import Role
from tests.pages import english
from tests.stores.factories import member
from trip.models import Product


def at_work(store: Store, role: Role = Role.MANAGER) -> Client:
    """Returns the browser of a user of the store, signed in."""
    return english(member(store.merchant, role, store, password=None))


def page(row: Any, name: str = "change", *more: str) -> str:
    """Returns the address of a row's page: change, calendar, or do with the name of a button."""
    return reverse(f"admin:trip_{row._meta.model_name}_{name}", args=[row.pk, *more])


def press(client: Client, row: Any, button: str, **answers: Any) -> str:
    """Presses a button, answers its questions and returns the page."""
    answer = client.post(page(row, "do", button), answers, follow=True)
    assert answer.status_code == 200
    return (
        " ".join(str(message) for message in answer.context.get("messages", ()))
        or answer.content.decode()
    )


def listed(client: Client, model: str, **query: Any) -> list[Any]:
    """Returns the rows that a list shows."""
    answer = client.get(reverse(f"admin:trip_{model}_changelist"), query)
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)


def product_notices(product: Product) -> list[int]:
    """Returns the statuses of the enqueued product notices, oldest first."""
    calls = OutboundCall.objects.filter(operation="ticket.product", subject_id=product.pk).order_by(
        "id"
    )
    return [call.payload["status"] for call in calls]
