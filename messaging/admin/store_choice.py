"""Which stores the forms of takeaway offer."""

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from messaging.models import TakeawayStore
from stores.backoffice.scoping import Required, where_permitted
from stores.models import Store


def takeaway_stores(request: HttpRequest, permission: Required) -> QuerySet[Store]:
    """Returns the active stores with a takeaway connection where a person has the permission."""
    rows = Store.objects.for_staff(request.user).filter(
        is_active=True, pk__in=TakeawayStore.objects.values("store")
    )
    return where_permitted(request, rows, permission)


def with_present(offered: QuerySet[Store], store_id: int | None) -> QuerySet[Store]:
    """Adds the store that a row has already, whether or not it is offered to others."""
    return Store.objects.filter(Q(pk__in=offered.values("pk")) | Q(pk=store_id))
