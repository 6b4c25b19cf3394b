"""Which conversation or store a page is about: one where the person takes orders."""

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from messaging.models import Conversation, Message
from messaging.pages.board import stores_of
from stores.backoffice.pages import staff_user
from stores.models import Store
from stores.platforms.reading import MAX_INT64
from stores.roles import Permission
from stores.tenancy import has_permission
from stores.text import is_id


def no_store(request: HttpRequest) -> HttpResponse:
    """Returns the page for somebody who handles takeaway of no store: owners can add one there."""
    may_add = has_permission(staff_user(request), Permission.MANAGE_CONNECTIONS)
    return render(request, "messaging/no_desk.html", {"may_add": may_add})


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


def chosen_store(mine: list[Store], wanted: str | None) -> Store:
    """Returns the store that an address or form names, else the first one. Raises Http404 for
    another's.
    """
    if wanted is None:
        return mine[0]
    known = {str(store.pk): store for store in mine}
    if wanted not in known:
        raise Http404
    return known[wanted]


def sees_phones(user: User, store: Store) -> bool:
    """Whether a person sees the phones whole that stand in the messages of a store."""
    return has_permission(user, Permission.VIEW_PERSONAL, store.merchant_id)


def message_url(message: Message) -> str:
    """Returns the address of a conversation that opens at the message."""
    talk = reverse("takeaway:talk", args=[message.conversation_id])
    return f"{talk}?at={message.pk}#m{message.pk}"


def whole(text: str | None) -> int | None:
    """Returns the number of an address or form; None for what is none."""
    return int(text) if text and is_id(text) else None
