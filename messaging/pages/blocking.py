"""Blocking a customer who abuses the chat, with pictures as evidence, and letting them in again.

A picture is uploaded as the body of a request of its own, because no form of ours takes files; the
form then names it.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from messaging.models import ChatPicture, Conversation
from messaging.pages.chat import LONGEST_FORM
from messaging.pages.talks import talk_of, whole
from messaging.services.chat import pictures, switching
from stores.backoffice.pages import staff_page, staff_user
from stores.conflicts import Conflict
from stores.platforms.tools import as_conflicts
from stores.text import clean_text
from stores.web.uploads import longer_form


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def block(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks why, and blocks the customer of a conversation."""
    talk = talk_of(request, pk)
    if request.method != "POST":
        return _page(request, talk, [])
    chosen = _pictures(request, talk)
    try:
        with as_conflicts():
            switching.customer_block(
                conversation=talk,
                code=whole(request.POST.get("code")) or 0,
                reason=clean_text(request.POST.get("reason", ""), switching.LONGEST_REASON),
                pictures=[bytes(picture.content) for picture in chosen],
                actor=staff_user(request),
            )
    except Conflict as conflict:
        return _page(request, talk, chosen, trouble=conflict.reason, status=409)
    return redirect("takeaway:talk", talk.pk)


@staff_page
@require_POST
def unblock(request: HttpRequest, pk: int) -> HttpResponse:
    talk = talk_of(request, pk)
    try:
        with as_conflicts():
            switching.customer_unblock(conversation=talk, actor=staff_user(request))
    except Conflict as conflict:
        return _page(request, talk, [], trouble=conflict.reason, status=409)
    return redirect("takeaway:talk", talk.pk)


@longer_form(LONGEST_FORM)
@staff_page
@require_POST
def evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """Keeps a picture; answers {"slug", "url"}, or {"trouble"}."""
    talk = talk_of(request, pk)
    try:
        if reason := switching.why_not_block(talk):
            raise Conflict(reason)
        content = request.read(pictures.MOST_BYTES + 1)
        kept = pictures.picture_store(store=talk.store, content=content)
    except Conflict as conflict:
        return JsonResponse({"trouble": str(conflict.reason)}, status=409)
    return JsonResponse({"slug": kept.slug, "url": _url(kept)})


def _pictures(request: HttpRequest, talk: Conversation) -> list[ChatPicture]:
    """Returns the pictures of the store that the form names, one more than may be at most."""
    named = request.POST.getlist("picture")[: switching.MOST_PICTURES + 1]
    slugs = [clean_text(slug, 64) for slug in named]
    known = ChatPicture.objects.filter(store=talk.store_id, slug__in=slugs)
    return list(known.order_by("pk"))


def _url(picture: ChatPicture) -> str:
    return pictures.address_of(picture).removeprefix(settings.PUBLIC_BASE_URL)


def _page(
    request: HttpRequest,
    talk: Conversation,
    chosen: list[ChatPicture],
    *,
    trouble: Any = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "talk": talk,
        "reasons": switching.BLOCK_CODES.items(),
        "other_code": switching.OTHER_CODE,
        "chosen_code": whole(request.POST.get("code")),
        "reason": request.POST.get("reason", "")[: switching.LONGEST_REASON],
        "longest": switching.LONGEST_REASON,
        "most": switching.MOST_PICTURES,
        "most_bytes": pictures.MOST_BYTES,
        "too_heavy": pictures.too_heavy(),
        "pictures": [(picture.slug, _url(picture)) for picture in chosen],
        "why_not": "" if talk.blocked_at else switching.why_not_block(talk) or "",
        "trouble": trouble,
    }
    return render(request, "messaging/block.html", context, status=status)
