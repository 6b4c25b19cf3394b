"""Which order a page is about."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from messaging.models import Order
from stores.backoffice.pages import staff_user
from stores.tenancy import has_permission


def order_of(request: HttpRequest, pk: int, permission: str) -> Order:
    """Returns the order of the address. Raises Http404 for another's, and PermissionDenied."""
    user = staff_user(request)
    rows = Order.objects.for_staff(user).select_related(
        "store__merchant", "connection__parent", "connection__takeaway_store"
    )
    order = get_object_or_404(rows, pk=pk)
    if not has_permission(user, permission, order.store.merchant_id):
        raise PermissionDenied
    return order
