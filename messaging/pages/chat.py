"""The chat page: conversations on one side, one of them open on the other.

What is new comes as JSON: {"cursor", "list": HTML, "head": HTML, "replies": HTML, "bubbles":
[{"id", "html"}], "key": of the person's next message, "anew": the page has to be loaded again}.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from messaging.choices import Direction
from messaging.models import Conversation, Message, QuickReply
from messaging.pages.board import stores_of
from messaging.pages.talks import no_store, sees_phones, talk_among, talk_of, whole
from messaging.services import customers
from messaging.services.chat import (
    closing,
    keys,
    listing,
    pictures,
    presence,
    quick_replies,
    sending,
    switching,
    texts,
)
from messaging.services.deadlines import clock, left_text, urgency_of
from stores.backoffice.pages import request_key, staff_page, staff_user
from stores.conflicts import Conflict, KeyReused
from stores.models import Store
from stores.roles import Permission
from stores.tenancy import access_of, has_permission
from stores.web.uploads import longer_form

# Conversations in the list beside those that wait, and how far a person can lengthen it.
ANSWERED_SHOWN, MOST_SHOWN = 40, 1000
# The answer to the first text was lost, or it was sent in another tab.
OTHER_TEXT = _(
    "Another text of yours was taken meanwhile. It stands above; press Send to send this one too."
)
# A little more than a picture may have, so that a larger one gets a sentence.
LONGEST_FORM = pictures.MOST_BYTES + 2_000_000


@dataclass(frozen=True)
class Line:
    """One conversation in the list."""

    row: Conversation
    is_open: bool
    preview: str

    @property
    def left(self) -> str:
        return left_text(self.row.reply_until - timezone.now()) if self.row.reply_until else ""

    @property
    def urgency(self) -> str:
        return urgency_of(self.row.reply_until - timezone.now()) if self.row.reply_until else ""


@dataclass(frozen=True)
class Bubble:
    """One message as the thread shows it."""

    row: Message
    is_read: bool
    text: str

    @property
    def is_whole(self) -> bool:
        """Whether the text is as it was written: what is masked is not sent again."""
        return self.text == texts.text_of(self.row, whole=True)

    @property
    def at(self) -> str:
        """Where it stands in the thread, as text in whose order the bubbles are."""
        return f"{self.row.at.timestamp():020.6f} {self.row.tie:020} {self.row.pk:020}"

    @property
    def picture(self) -> str:
        """The path of a picture that we sent, "" for others: they stand at other hosts."""
        base = f"{settings.PUBLIC_BASE_URL}/"
        return "/" + self.text.removeprefix(base) if self.text.startswith(base) else ""

    @property
    def link(self) -> str:
        """Where somebody else's picture can be opened; "" for what is no address."""
        return self.text if self.text.startswith(("http://", "https://")) else ""


@dataclass(frozen=True)
class Reply:
    """A quick reply, filled in; `trouble` says what it lacks."""

    title: str
    text: str
    trouble: str


@staff_page
@require_safe
def chats(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    user = staff_user(request)
    mine = stores_of(user)
    if not mine:
        return no_store(request)
    opened = talk_among(mine, pk)
    context = _list(request, mine, opened) | {
        "cursor": listing.cursor_now(_merchants(mine)),
        "mine": mine,
        "clock": clock(),
    }
    if opened:
        context |= _thread(opened, user, whole(request.GET.get("at")))
        if not access_of(user).is_viewing:
            presence.look(conversation=opened, user=user)
            presence.read_mark_ask(opened)
    return render(request, "messaging/chat.html", context)


@staff_page
@require_safe
def news(request: HttpRequest) -> HttpResponse:
    """Answers 204 while nothing has changed since the cursor; time alone closes the box that is
    `writable` on the page.
    """
    user = staff_user(request)
    mine = stores_of(user)
    opened = talk_among(mine, whole(request.GET.get("open")))
    cursor = request.GET.get("cursor", "")
    found = listing.news(
        merchant_ids=_merchants(mine),
        store_ids=[store.pk for store in mine],
        cursor=cursor,
        conversation_id=opened.pk if opened else None,
    )
    if found is None:
        is_over = opened and "writable" in request.GET and closing.why_closed(opened)
        if not is_over:
            return HttpResponse(status=204)
        found = listing.News(cursor, [], [])
    answer: dict[str, Any] = {"cursor": found.cursor, "anew": not found.is_whole}
    answer["list"] = render_to_string(
        "messaging/_conversations.html", _list(request, mine, opened), request
    )
    if opened:
        answer["head"] = render_to_string(
            "messaging/_talk_head.html", _about(opened, user), request
        )
        answer["replies"] = render_to_string(
            "messaging/_replies.html", _replies(opened, user), request
        )
        answer["bubbles"] = _rendered(found.messages, opened, request)
        answer["key"] = keys.next_key(opened, user)
    return JsonResponse(answer)


@staff_page
@require_safe
def earlier(request: HttpRequest, pk: int) -> HttpResponse:
    """Returns the page of messages before one of them."""
    opened = talk_of(request, pk)
    first = get_object_or_404(opened.messages, pk=whole(request.GET.get("before")) or 0)
    rows = listing.thread(opened, before=listing.Place.of(first))
    return JsonResponse({"bubbles": _rendered(rows, opened, request)})


@staff_page
@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Owes a message; the same `request_key` again is the same message. The answer has the key of
    the next one.
    """
    opened = talk_of(request, pk)
    user = staff_user(request)
    presence.typing_end(conversation=opened, user=user)
    try:
        message, _is_new = sending.message_send(
            conversation=opened,
            actor=user,
            text=request.POST.get("text", ""),
            key=request_key(request),
        )
    except Conflict as conflict:
        trouble = OTHER_TEXT if isinstance(conflict, KeyReused) else conflict.reason
        said = {"trouble": str(trouble), "key": keys.next_key(opened, user)}
        return JsonResponse(said, status=409)
    presence.draft_save(conversation=opened, user=user, text="")
    sending.send_now(message)
    message.refresh_from_db()
    bubbles = _rendered([message], opened, request)
    return JsonResponse({"bubbles": bubbles, "key": keys.next_key(opened, user)})


@longer_form(LONGEST_FORM)
@staff_page
@require_POST
def send_picture(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a picture as the body itself: no form of ours takes files. The same `Idempotency-Key`
    again is the same picture. `again` names one that has failed instead.
    """
    opened = talk_of(request, pk)
    user = staff_user(request)
    try:
        if again := whole(request.GET.get("again")):
            lost = get_object_or_404(opened.messages, pk=again, direction=Direction.SHOP)
            message, _is_new = sending.picture_send_again(message=lost, actor=user)
        else:
            message, _is_new = sending.picture_send(
                conversation=opened,
                actor=user,
                content=request.read(pictures.MOST_BYTES + 1),
                key=request.headers.get("Idempotency-Key", ""),
            )
    except Conflict as conflict:
        return JsonResponse({"trouble": str(conflict.reason)}, status=409)
    sending.send_now(message)
    message.refresh_from_db()
    return JsonResponse({"bubbles": _rendered([message], opened, request)})


@staff_page
@require_POST
def here(request: HttpRequest, pk: int) -> HttpResponse:
    """Notes that a person looks, types, has read up to a message, and what is written so far.

    Answers {"others": HTML of who else is here, "key": of the next message, "is_sent": the draft
    was sent under its `request_key`, in another tab perhaps}.
    """
    opened = talk_of(request, pk)
    user = staff_user(request)
    if "leaves" not in request.POST:
        presence.look(conversation=opened, user=user, is_typing="typing" in request.POST)
        presence.read_mark_watch(opened)
    is_sent = False
    if (draft := request.POST.get("draft")) is not None:
        is_sent = keys.is_sent(
            conversation=opened, actor=user, text=draft, key=request.POST.get("request_key", "")
        )
        if not is_sent:
            presence.draft_save(conversation=opened, user=user, text=draft)
    if read := whole(request.POST.get("read")):
        presence.messages_read(conversation=opened, until=read)
    others = {"others_here": presence.others(opened, user)}
    return JsonResponse(
        {
            "others": render_to_string("messaging/_others.html", others, request),
            "key": keys.next_key(opened, user),
            "is_sent": is_sent,
        }
    )


@staff_page
@require_POST
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """Notes that nothing needs to be answered."""
    presence.conversation_dismiss(conversation=talk_of(request, pk), actor=staff_user(request))
    return HttpResponse(status=204)


def _merchants(mine: list[Store]) -> list[int]:
    return sorted({store.merchant_id for store in mine})


def _list(request: HttpRequest, mine: list[Store], opened: Conversation | None) -> dict[str, Any]:
    shown = min(whole(request.GET.get("list")) or ANSWERED_SHOWN, MOST_SHOWN)
    ids, user = [store.pk for store in mine], staff_user(request)

    def lines(rows: Iterable[Conversation]) -> list[Line]:
        return [
            Line(
                row,
                is_open=opened is not None and row.pk == opened.pk,
                preview=texts.preview_of(row, whole=sees_phones(user, row.store)),
            )
            for row in rows
        ]

    waiting = listing.unanswered(ids).select_related("store", "order")
    others = listing.answered(ids).select_related("store", "order")[: shown + 1]
    found = lines(others)
    return {
        "waiting": lines(waiting),
        "others": found[:shown],
        "list_length": shown,
        "longer": shown + ANSWERED_SHOWN if len(found) > shown and shown < MOST_SHOWN else None,
        "shows_store": len(mine) > 1,
        "opened": opened,
    }


def _about(opened: Conversation, user: User) -> dict[str, Any]:
    """What stands above the thread: the order, who else is here, and until when one can write."""
    order = opened.order
    return {
        "opened": opened,
        "order": order,
        "customer": customers.shown(order, whole=False) if order else {},
        "others_here": presence.others(opened, user),
        "closed": closing.why_closed(opened) or "",
        "closes_in": _closes_in(opened),
        "answer_in": _clock(opened.reply_until) if opened.reply_until else "",
        "may_block": bool(opened.open_user_id),
        "review_words": switching.review_words(opened),
    }


def _closes_in(opened: Conversation) -> str:
    ends = closing.closes_at(opened)
    return _clock(ends) if ends and ends > timezone.now() else ""


def _clock(ends: datetime) -> str:
    """Returns the time that is left as HTML: it runs down on the page."""
    words = left_text(ends - timezone.now())
    return format_html('<time data-until="{}">{}</time>', ends.timestamp(), words)


def _thread(opened: Conversation, user: User, at: int | None) -> dict[str, Any]:
    """What stands in the thread: the newest messages, or those around the one with the key `at`."""
    if at is None:
        rows = listing.thread(opened)
        has_earlier, is_past = len(rows) == listing.PAGE, False
    else:
        place = listing.Place.of(get_object_or_404(opened.messages, pk=at))
        rows, has_earlier, is_past = listing.around(opened, place)
    return {
        **_about(opened, user),
        **_replies(opened, user),
        "bubbles": _bubbles(rows, opened, user),
        "has_earlier": has_earlier,
        "is_past": is_past,
        "last_shown": rows[-1].pk if rows else 0,
        "draft": presence.draft_of(opened, user),
        "request_key": keys.next_key(opened, user),
        "longest": sending.LONGEST,
        "most_bytes": pictures.MOST_BYTES,
        "too_heavy": pictures.too_heavy(),
    }


def _replies(opened: Conversation, user: User) -> dict[str, Any]:
    merchant_id = opened.store.merchant_id
    rows = quick_replies.replies_of(opened.store_id, merchant_id)
    return {
        "replies": [_reply(row, opened) for row in rows],
        "may_set_up": has_permission(user, Permission.MANAGE_STORES, merchant_id),
    }


def _reply(row: QuickReply, opened: Conversation) -> Reply:
    try:
        return Reply(str(row), quick_replies.filled(row.text, opened), "")
    except Conflict as conflict:
        return Reply(str(row), "", str(conflict.reason))


def _bubbles(rows: Iterable[Message], opened: Conversation, user: User) -> list[Bubble]:
    sees = sees_phones(user, opened.store)
    return [
        Bubble(row, row.is_read(opened.customer_read_at), texts.text_of(row, whole=sees))
        for row in rows
    ]


def _rendered(
    rows: Iterable[Message], opened: Conversation, request: HttpRequest
) -> list[dict[str, Any]]:
    return [
        {
            "id": bubble.row.pk,
            "html": render_to_string("messaging/_bubble.html", {"bubble": bubble}, request),
        }
        for bubble in _bubbles(rows, opened, staff_user(request))
    ]
