"""Alerts of the start page about the chat: messages that came nowhere."""

from collections.abc import Collection, Iterator
from datetime import timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from messaging.models import ChatStore, TakeawayStore
from stores.backoffice import actions
from stores.backoffice.widgets import Alert
from stores.clock import short_moment

# What was missed longer ago, a customer no longer waits for; the store's page still says it.
SHOWN_FOR = timedelta(days=1)
# A socket gives a sign of life every few seconds.
DEAF_AFTER = timedelta(minutes=5)
MOST = 10


def chat_alerts(stores: Collection[int]) -> Iterator[Alert]:
    """Names the stores to which customers wrote while nothing was heard here, and those of which
    nothing is heard now.
    """
    yield from _deaf(stores)
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
        ) % {"store": chat.binding.store, "count": chat.missed, "at": short_moment(chat.missed_at)}
        url = reverse("admin:messaging_chatstore_change", args=[chat.pk])
        yield Alert("error", text, url, actions.LOOK)


def _deaf(stores: Collection[int]) -> Iterator[Alert]:
    before = timezone.now() - DEAF_AFTER
    is_deaf = Q(socket_at__lt=before) | Q(socket_at=None, binding__bound_at__lt=before)
    rows = ChatStore.objects.filter(
        is_deaf, binding__store__in=stores, binding__state=TakeawayStore.State.BOUND, is_on=True
    )
    # Of these stores pushes bring the messages, too.
    rows = rows.exclude(is_subscribed=True)
    for chat in rows.select_related("binding__store").order_by("pk")[:MOST]:
        text = _(
            "%(store)s: what customers write is not heard at once. Look in Meituan's own app; who "
            "runs this system sees to the program im_listen."
        ) % {"store": chat.binding.store}
        url = reverse("admin:messaging_chatstore_change", args=[chat.pk])
        yield Alert("error", text, url, actions.LOOK)
