"""The ledgers, read-only: calls to platforms, every try, and messages from platforms."""

import json
import re
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from stores.backoffice.buttons import Button, ButtonsAdmin, button
from stores.backoffice.filters import (
    CallDrillFilter,
    DayFilter,
    DrillFilter,
    OperationFilter,
    PlatformFilter,
    ScopedRelatedFilter,
)
from stores.backoffice.labels import (
    badge_column,
    connection_column,
    labelled,
    opened,
    platform_column,
)
from stores.backoffice.plain_errors import explained, plain_text
from stores.backoffice.read_only import LedgerAdmin
from stores.clock import format_moment
from stores.conflicts import Conflict
from stores.models import InboundEvent, OutboundAttempt, OutboundCall
from stores.platforms.inbound import inbox
from stores.platforms.outbox import operations, retry_dead
from stores.platforms.outbox.operations import title_of
from stores.platforms.tools import event_title
from stores.roles import Permission
from stores.text import mask_codes, without_marks

CALL_COLOURS = {
    "pending": "info",
    "sending": "info",
    "done": "success",
    "refused": "warning",
    "unknown": "warning",
    "dead": "danger",
}
OUTCOME_COLOURS = {
    "answered": "success",
    "refused": "warning",
    "throttled": "info",
    "unknown": "danger",
    "timed_out": "danger",
}
EVENT_COLOURS = {"received": "info", "handling": "info", "handled": "success", "failed": "danger"}
_SECRET_NAMES = re.compile(r"token|secret|password|sign|key|code|phone|address", re.IGNORECASE)
# In requests: a code there is the platform's word for how something ended.
_PRIVATE_NAMES = re.compile(
    r"token|secret|password|_sign|phone|address|openid|^receiver$|^note$|(?:pickup|delivery)_info$",
    re.IGNORECASE,
)
_FIELD = re.compile(r'"(\w+)":')


def pretty_json(value: Any) -> str:
    """Returns a stored body as it is shown, in the direction of its page."""
    return without_marks(json.dumps(value, ensure_ascii=False, indent=2))


def masked_json(value: Any) -> str:
    """Returns a stored body for people, without secrets (by name) and long numbers."""
    return mask_codes(pretty_json(without_secrets(value)))


def without_secrets(value: Any, names: re.Pattern[str] = _SECRET_NAMES) -> Any:
    """Returns a stored value with dots in place of what is secret or private by its name."""
    if isinstance(value, dict):
        return {
            k: "•••" if names.search(str(k)) else without_secrets(v, names)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [without_secrets(item, names) for item in value]
    return value


def _sent_text(attempt: OutboundAttempt) -> str:
    """What was sent as people may read it: without codes, and without whom it concerns."""
    return mask_codes(
        "\n".join(_without_people(line) for line in opened(attempt, "sent").split("\n"))
    )


def _without_people(line: str) -> str:
    """Returns a line that ends with a JSON object without what is private in it."""
    path, brace, rest = line.partition("{")
    try:
        sent = json.loads(brace + rest)
    except ValueError:
        # Cut where the ledger's column ends: what of it is private cannot be told any more.
        is_private = any(_PRIVATE_NAMES.search(name) for name in _FIELD.findall(line))
        return f"{path}…" if is_private else line
    return path + json.dumps(without_secrets(sent, _PRIVATE_NAMES), ensure_ascii=False)


def preformatted(text: str) -> SafeString:
    return format_html('<pre class="zg-pre">{}</pre>', text)


def _text(row: InboundEvent | OutboundAttempt, name: str) -> str:
    """An encrypted text as people may read it: without whole codes."""
    return mask_codes(opened(row, name))


def _in_words(attempt: OutboundAttempt) -> str:
    """How a try ended, in a sentence; its own page has the original."""
    text = _text(attempt, "detail")
    if attempt.outcome == OutboundAttempt.Outcome.ANSWERED or not text:
        return text
    return plain_text(text)


def removed_text(at: datetime) -> str:
    """What a page shows in place of content that retention removed."""
    return gettext("Removed on %(day)s: personal data is not kept for longer.") % {
        "day": format_moment(at)
    }


def _may_be_sent_again(call: OutboundCall) -> bool:
    """A call that does no harm when it is sent twice, was given up, and still has something to
    do.
    """
    known = operations.by_name.get((call.platform, call.operation))
    if call.state != OutboundCall.State.DEAD or call.emptied_at or known is None:
        return False
    return known.repeatable and known.may_retry(call, ask_first=False)


def _name_of(call: OutboundCall) -> str:
    return f"{title_of(call)} {call.key}"


@admin.register(OutboundCall)
class OutboundCallAdmin(ButtonsAdmin, LedgerAdmin):
    view_permission = Permission.SETTLE
    buttons = ("send_again",)
    list_display = (
        "title",
        "store",
        "about",
        "state_label",
        "attempts_made",
        "error",
        "queued_at",
        "due_at",
    )
    list_select_related = ("store", "connection__merchant")
    list_filter: Any = (
        ("store", ScopedRelatedFilter),
        PlatformFilter,
        OperationFilter,
        "state",
        DrillFilter,
        ("queued_at", DayFilter),
    )
    fields = (
        ("platform_label", "title"),
        ("account", "store"),
        ("about", "state_label"),
        ("lane", "attempts_made"),
        ("queued_at", "due_at"),
        ("expires_at", "settled_at"),
        ("was_unknown", "error"),
        "tries",
    )
    platform_label, account = platform_column, connection_column
    state_label = badge_column("state", CALL_COLOURS, _("state"))

    def heading(self, row: OutboundCall) -> str:
        return _name_of(row)

    @button(
        Button(
            title=_("Send again"),
            icon="replay",
            permission=Permission.SETTLE,
            done=_("It will be sent again at once."),
            shown=_may_be_sent_again,
        )
    )
    @transaction.atomic
    def send_again(
        self, request: HttpRequest, row: OutboundCall, cleaned_data: dict[str, Any]
    ) -> None:
        if not (_may_be_sent_again(row) and retry_dead(row, ask_first=False)):
            raise Conflict(_("This need not be sent any more, or is on its way already."))
        self.audit(request, "resent", row)

    @display(description=_("operation"))
    def title(self, call: OutboundCall) -> str:
        return title_of(call)

    @display(description=_("concerns"))
    def about(self, call: OutboundCall) -> int:
        return call.subject_id

    @display(description=_("last error"))
    def error(self, call: OutboundCall) -> SafeString | str:
        return explained(call.last_error)

    @display(description=pgettext_lazy("rows", "attempts"))
    def tries(self, call: OutboundCall) -> SafeString:
        lines = [
            labelled(
                f"{format_moment(row.started_at)} {row.get_kind_display()}",
                f"{row.get_outcome_display()} {_in_words(row)}",
            )
            for row in call.attempts.order_by("id")[:100]
        ]
        return preformatted("\n".join(lines))


@admin.register(OutboundAttempt)
class OutboundAttemptAdmin(LedgerAdmin):
    view_permission = Permission.SETTLE
    list_display = (
        "started_at",
        "operation",
        "store",
        "kind",
        "outcome_label",
        "answer",
        "ended_at",
    )
    list_select_related = ("call__store", "call__connection__merchant")
    list_filter = (
        ("call__store", ScopedRelatedFilter),
        "kind",
        "outcome",
        CallDrillFilter,
        ("started_at", DayFilter),
    )
    fields = ("of_call", "kind", "outcome_label", "started_at", "ended_at", "message", "answer")
    outcome_label = badge_column("outcome", OUTCOME_COLOURS, _("outcome"))

    def heading(self, row: OutboundAttempt) -> str:
        return labelled(_name_of(row.call), row.get_outcome_display())

    @display(description=_("call"))
    def of_call(self, attempt: OutboundAttempt) -> SafeString:
        url = reverse("admin:stores_outboundcall_change", args=[attempt.call_id])
        return format_html('<a href="{}" class="text-link">{}</a>', url, _name_of(attempt.call))

    @display(description=_("operation"))
    def operation(self, attempt: OutboundAttempt) -> str:
        return title_of(attempt.call)

    @display(description=_("store"))
    def store(self, attempt: OutboundAttempt) -> str:
        return str(attempt.call.store or "")

    @display(description=_("what was sent"))
    def message(self, attempt: OutboundAttempt) -> SafeString | str:
        sent = _sent_text(attempt)
        return preformatted(sent) if sent else "–"

    @display(description=_("detail"))
    def answer(self, attempt: OutboundAttempt) -> SafeString | str:
        text = _text(attempt, "detail")
        if attempt.outcome == OutboundAttempt.Outcome.ANSWERED:
            return text or "–"
        return explained(text)


@admin.register(InboundEvent)
class InboundEventAdmin(ButtonsAdmin, LedgerAdmin):
    view_permission = Permission.SETTLE
    buttons = ("replay",)
    list_display = (
        "received_at",
        "platform_label",
        "title",
        "about",
        "connection",
        "state_label",
        "attempts",
        "repeats",
        "handled_at",
    )
    list_select_related = ("connection__merchant",)
    list_filter = (
        ("connection", ScopedRelatedFilter),
        PlatformFilter,
        "state",
        DrillFilter,
        ("received_at", DayFilter),
    )
    search_fields = ("dedup_key__startswith",)
    search_help_text = _("What the message is about, as an order's number")
    fields = (
        ("platform_label", "title"),
        ("account", "state_label"),
        ("received_at", "handled_at"),
        ("attempts", "repeats"),
        "content",
        "failure",
    )
    platform_label = platform_column
    state_label = badge_column("state", EVENT_COLOURS, _("state"))

    def heading(self, row: InboundEvent) -> str:
        return f"{event_title(row)} {row.dedup_key}"

    @button(
        Button(
            title=_("Handle again"),
            icon="replay",
            permission=Permission.SETTLE,
            done=_("The event will be handled again."),
            shown=lambda event: event.may_be_replayed,
        )
    )
    @transaction.atomic
    def replay(self, request: HttpRequest, row: InboundEvent, cleaned_data: dict[str, Any]) -> None:
        inbox.replay(row)
        self.audit(request, "replayed", row)

    @display(description=_("connection"))
    def account(self, event: InboundEvent) -> str:
        """Returns the account with the name of the store while no connection has it."""
        if event.store_name and event.connection.parent_id is None:
            return f"{event.connection} · {event.store_name}"
        return str(event.connection)

    @display(description=_("number"))
    def about(self, event: InboundEvent) -> str:
        return event.dedup_key

    @display(description=_("message"))
    def title(self, event: InboundEvent) -> str:
        return str(event_title(event))

    @display(description=_("content"))
    def content(self, event: InboundEvent) -> SafeString | str:
        if event.emptied_at:
            return removed_text(event.emptied_at)
        return preformatted(masked_json(opened(event, "body")))

    @display(description=_("error"))
    def failure(self, event: InboundEvent) -> SafeString | str:
        """Returns the last line of the error; the lines above it are for engineers, in the log."""
        last = _text(event, "error").strip().rsplit("\n", 1)[-1]
        return explained(last, _("Our system could not handle this message."))
