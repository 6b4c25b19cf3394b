"""What a store has set for its chat: when it answers, and what it says without a person."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise

from messaging.admin.chat_forms import ChatForm, HoursForm
from messaging.choices import TAKE
from messaging.models import ChatHours, ChatStore, TakeawayStore
from messaging.services.chat import switching
from stores.backoffice.base import ScopedAdmin
from stores.backoffice.buttons import Button, ButtonsAdmin, button
from stores.backoffice.filters import ScopedRelatedFilter
from stores.backoffice.inlines import ScopedInline
from stores.backoffice.labels import badge_column, moment_column
from stores.backoffice.pages import staff_user
from stores.platforms.tools import as_conflicts
from stores.roles import Permission
from stores.text import listed

ON_COLOURS = {"True": "success", "False": "danger", "None": "info"}
ON_TITLES: dict[bool | None, StrOrPromise] = {
    True: pgettext_lazy("chat", "on"),
    False: pgettext_lazy("chat", "off"),
    None: _("not asked yet"),
}
# Four periods for each day of the week.
MOST_PERIODS = 28


def _on_title(chat: ChatStore) -> tuple[StrOrPromise, str]:
    return ON_TITLES[chat.is_on], str(chat.is_on)


def _may_ask(chat: ChatStore) -> bool:
    return chat.binding.state == TakeawayStore.State.BOUND


class HoursInline(ScopedInline):
    model = ChatHours
    form = HoursForm
    fields = ("day", "opens", "closes")
    verbose_name_plural = _(
        "Business hours: without any the shop always answers; the same time twice is a whole day"
    )
    extra = 0
    max_num = MOST_PERIODS

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        bounds = {"validate_max": True, "absolute_max": MOST_PERIODS}
        return super().get_formset(request, obj, **(kwargs | bounds))


@admin.register(ChatStore)
class ChatStoreAdmin(ButtonsAdmin, ScopedAdmin):
    change_permission = Permission.MANAGE_STORES
    form = ChatForm
    buttons = ("missed_seen", "ask_meituan", "turn_on", "turn_off")
    inlines = (HoursInline,)
    list_display = ("name", "is_on_label", "hours_text", "greets", "answers_away", "asked")
    list_select_related = ("binding__store__merchant",)
    list_filter = (("binding__store", ScopedRelatedFilter), "is_on")
    search_fields = ("binding__store__name", "binding__poi_name")
    readonly_fields = ("is_on_label", "asked")
    empty_text = _("No chat yet: it comes when a store is bound to Meituan takeaway.")
    is_on_label = badge_column("is_on", ON_COLOURS, _("chat at Meituan"), special=_on_title)
    asked = moment_column("socket_at", _("messages heard"))
    fieldsets = (
        (None, {"fields": (("is_on_label", "asked"),)}),
        (
            _("Greeting"),
            {
                "fields": ("greets", "greeting"),
                "description": _(
                    "In business hours a customer who begins to write gets this at once, so that "
                    "nobody waits in front of an empty page. A person still has to answer: "
                    "our reply rate does not count it."
                ),
            },
        ),
        (
            _("Outside business hours"),
            {
                "fields": ("answers_away", "away"),
                "description": _("Say when you are back, and how urgent things reach you."),
            },
        ),
        (
            _("Deadlines"),
            {"fields": (("reply_minutes", "urgent_seconds"), ("open_hours", "margin_minutes"))},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("hours")

    @display(description=_("store"), ordering="binding__store")
    def name(self, chat: ChatStore) -> str:
        return str(chat.binding)

    @display(description=_("business hours"))
    def hours_text(self, chat: ChatStore) -> str:
        periods = [
            f"{row.get_day_display()} {row}" if row.day is not None else str(row)
            for row in chat.hours.all()
        ]
        return listed(periods) or str(_("always"))

    @button(
        Button(
            title=_("Missed messages are looked after"),
            icon="done",
            permission=TAKE,
            form=forms.Form,
            text=_(
                "Meituan sends such messages no second time: open the store's messages in "
                "Meituan's own app and answer there what is not here. Then the alert goes."
            ),
            done=_("Noted."),
            shown=lambda chat: chat.missed > 0,
        )
    )
    def missed_seen(
        self, request: HttpRequest, row: ChatStore, cleaned_data: dict[str, Any]
    ) -> None:
        switching.missed_settle(chat=row, actor=staff_user(request))

    @button(
        Button(
            title=_("Ask Meituan again"),
            icon="refresh",
            permission=Permission.MANAGE_STORES,
            busy=_("Being asked …"),
            done=_("Asked: the page shows what Meituan says."),
            shown=_may_ask,
        )
    )
    def ask_meituan(
        self, request: HttpRequest, row: ChatStore, cleaned_data: dict[str, Any]
    ) -> None:
        with as_conflicts():
            switching.chat_check(binding=row.binding)

    @button(
        Button(
            title=_("Switch the chat on"),
            icon="chat",
            permission=Permission.MANAGE_STORES,
            form=forms.Form,
            text=_(
                "Customers can then write to this store at Meituan. Somebody has to answer: "
                "Meituan counts how many are answered in time."
            ),
            done=_("The chat is on."),
            shown=lambda chat: _may_ask(chat) and chat.is_on is not True,
        )
    )
    def turn_on(self, request: HttpRequest, row: ChatStore, cleaned_data: dict[str, Any]) -> None:
        self._switch(request, row, is_on=True)

    @button(
        Button(
            title=_("Switch the chat off"),
            icon="chat_error",
            permission=Permission.MANAGE_STORES,
            form=forms.Form,
            text=_(
                "Customers can then no longer write to this store, and nothing can be answered "
                "here any more. A food safety card that shows the chat needs it on."
            ),
            done=_("The chat is off."),
            shown=lambda chat: _may_ask(chat) and chat.is_on is not False,
        )
    )
    def turn_off(self, request: HttpRequest, row: ChatStore, cleaned_data: dict[str, Any]) -> None:
        self._switch(request, row, is_on=False)

    def _switch(self, request: HttpRequest, row: ChatStore, *, is_on: bool) -> None:
        with as_conflicts():
            switching.chat_switch(binding=row.binding, is_on=is_on, actor=staff_user(request))
