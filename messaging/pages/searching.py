"""Searching the messages of a store; a hit opens its conversation at that message."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from messaging.models import Message
from messaging.pages.board import stores_of
from messaging.pages.talks import chosen_store, message_url, no_store, sees_phones, whole
from messaging.services.chat import searching, texts
from stores.backoffice.pages import staff_page, staff_user
from stores.platforms.reading import MAX_INT64
from stores.text import clean_text

# Characters of what is searched for, and of a message before the first word that was found.
LONGEST, BEFORE, SHOWN = 100, 30, 120


@dataclass(frozen=True)
class Hit:
    row: Message
    excerpt: str

    @property
    def url(self) -> str:
        return message_url(self.row)


@staff_page
@require_safe
def found(request: HttpRequest) -> HttpResponse:
    user = staff_user(request)
    mine = stores_of(user)
    if not mine:
        return no_store(request)
    store = chosen_store(mine, request.GET.get("store"))
    words = clean_text(request.GET.get("q", ""), LONGEST).strip()
    before = whole(request.GET.get("before"))
    if before is not None and before > MAX_INT64:
        raise Http404
    sees = sees_phones(user, store)
    result = searching.search(store_id=store.pk, words=words, before=before, whole=sees)
    further = {"q": words, "store": store.pk, "before": result.before}
    context = {
        "mine": mine,
        "store": store,
        "words": words,
        "hits": [
            Hit(row, _excerpt(texts.text_of(row, whole=sees), words)) for row in result.messages
        ],
        "is_further": before is not None,
        "further": urlencode(further) if result.before else "",
    }
    return render(request, "messaging/chat_search.html", context)


def _excerpt(text: str, words: str) -> str:
    """Returns what stands around the first of the words that comes in the text."""
    folded = text.casefold()
    places = [folded.find(word.casefold()) for word in words.split()]
    first = min((place for place in places if place >= 0), default=0)
    begin = max(0, first - BEFORE)
    end = begin + SHOWN
    return f"{'…' if begin else ''}{text[begin:end]}{'…' if len(text) > end else ''}"
