"""Which conversation a page of the chat is about: one of a store where the person takes orders."""

from django.http import Http404, HttpRequest

from messaging.models import Conversation
from messaging.pages.board import stores_of
from stores.backoffice.pages import staff_user
from stores.models import Store
from stores.platforms.reading import MAX_INT64
from stores.text import is_id


def talk_of(request: HttpRequest, pk: int) -> Conversation:
    """Returns the conversation of the address. Raises Http404 for another's and for none."""
    found = talk_among(stores_of(staff_user(request)), pk)
    assert found is not None, "a number that is given is found, or 404"
    return found


def talk_among(mine: list[Store], pk: int | None) -> Conversation | None:
    """Returns the conversation of these stores; None for no number. Raises Http404."""
    if pk is not None and pk > MAX_INT64:
        raise Http404
    rows = Conversation.objects.filter(store__in=[store.pk for store in mine], pk=pk or 0)
    found = rows.select_related("order", "store__merchant", "connection").first()
    if found is None and pk is not None:
        raise Http404
    return found


def whole(text: str | None) -> int | None:
    """Returns the number of an address or form; None for what is none."""
    return int(text) if text and is_id(text) else None
