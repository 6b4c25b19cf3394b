"""The forms of a store's chat; each says what contradicts itself."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from messaging.models import ChatHours, ChatStore
from stores.backoffice.dependent_fields import DependentFields, Rule, mark_needed

# What is said by itself, and the text that it needs.
SAID = {"greets": "greeting", "answers_away": "away"}


class ChatForm(DependentFields, forms.ModelForm[ChatStore]):
    shown_with = tuple(Rule((text,), switch, (True,)) for switch, text in SAID.items())

    class Meta:
        model = ChatStore
        fields = (
            "greets",
            "greeting",
            "answers_away",
            "away",
            "reply_minutes",
            "urgent_seconds",
            "open_hours",
            "margin_minutes",
        )
        widgets = {text: UnfoldAdminTextareaWidget(attrs={"rows": 3}) for text in SAID.values()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mark_needed(self.fields, *SAID.values())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for switch, text in SAID.items():
            if data.get(switch) and text not in self.errors and not data.get(text):
                self.add_error(text, _("Write what is said to the customer."))
        hours, margin = data.get("open_hours"), data.get("margin_minutes")
        if hours and margin and margin >= hours * 60:
            self.add_error("margin_minutes", _("This leaves no time in which the shop may write."))
        return data


class HoursForm(forms.ModelForm[ChatHours]):
    class Meta:
        model = ChatHours
        fields = ("day", "opens", "closes")
        labels = {"day": pgettext_lazy("of the week", "day")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        day: Any = self.fields["day"]
        day.choices = [("", _("every day")), *ChatHours.Day.choices]
        day.help_text = ""
