"""Alerts of the start page about the chat: messages that came nowhere."""

from collections.abc import Collection, Iterator
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from messaging.models import ChatStore
from stores.backoffice import actions
from stores.backoffice.widgets import Alert
from stores.clock import short_moment

# What was missed longer ago, a customer no longer waits for; the store's page still says it.
SHOWN_FOR = timedelta(days=1)
MOST = 10


def chat_alerts(stores: Collection[int]) -> Iterator[Alert]:
    """Names the stores to which customers wrote while nothing was heard here."""
    rows = ChatStore.objects.filter(
        binding__store__in=stores, missed__gt=0, missed_at__gt=timezone.now() - SHOWN_FOR
    )
    for chat in rows.select_related("binding__store").order_by("pk")[:MOST]:
        text = ngettext(
            "%(store)s: messages of %(count)d customer did not arrive in the half hour before "
            "%(at)s. Look in Meituan's own app and answer there.",
            "%(store)s: messages of %(count)d customers did not arrive in the half hour before "
            "%(at)s. Look in Meituan's own app and answer there.",
            chat.missed,
        ) % {"store": chat.binding, "count": chat.missed, "at": short_moment(chat.missed_at)}
        url = reverse("admin:messaging_chatstore_change", args=[chat.pk])
        yield Alert("error", text, url, actions.LOOK)
