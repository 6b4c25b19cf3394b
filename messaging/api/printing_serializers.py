"""The input and output of the API for print agents, declared once for the code and for OpenAPI."""

from base64 import b64encode
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from messaging.choices import PAPER_KINDS, PaperState, PrinterState, PrintResult
from messaging.models import Printer
from messaging.services.printing.leasing import READY, TROUBLES, Fetched, is_to_be_asked
from stores.api.serializers import (
    LONG_NUMBER,
    MAX_ID,
    AnswerSerializer,
    Body,
    ListFilter,
    LongNumberField,
    OneOfField,
    TextField,
)

LONGEST_DETAIL = 100


class PrinterFilter(ListFilter):
    lookups = {"store": "store"}

    store = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID)


class ClaimField(serializers.UUIDField):
    """A UUID as a JSON string."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class FetchBody(Body):
    claim = ClaimField(
        help_text=gettext_lazy(
            "Your name for this fetching, a new `UUID` each time; the same one to repeat a request "
            "whose answer was lost."
        )
    )
    state = OneOfField(
        choices=[
            (state.value, state.label) for state in PrinterState if state in (*READY, *TROUBLES)
        ],
        help_text=gettext_lazy(
            "What the printer says; a receipt comes only with `ready`, and with `mute` for a "
            "printer that has never answered a question."
        ),
    )


class ReportBody(Body):
    claim = ClaimField(help_text=gettext_lazy("That with which the receipt was fetched."))
    result = OneOfField(
        choices=PrintResult.choices,
        help_text=gettext_lazy(
            "`confirmed`: the printer says that it is printed. `sent`: it may be. `failed`: "
            "nothing of it was sent to the printer; it waits again."
        ),
    )
    state = OneOfField(
        choices=[(state.value, state.label) for state in (PrinterState.MUTE, *TROUBLES)],
        required=False,
        help_text=gettext_lazy("Why it is not confirmed; needed then."),
    )
    detail = TextField(
        required=False,
        allow_blank=True,
        max_length=LONGEST_DETAIL,
        help_text=gettext_lazy("What else was seen; for people."),
        not_text=gettext_lazy("Give the text as a string."),
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["result"] != PrintResult.CONFIRMED and "state" not in attrs:
            raise ValidationError({"state": [_("This field is required.")]})
        return attrs


class PrinterSerializer(AnswerSerializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    store = serializers.IntegerField(source="store_id")
    address = serializers.CharField(
        help_text=gettext_lazy("Host, and port unless it is 9100, in the shop's network")
    )
    state = serializers.ChoiceField(choices=PrinterState.choices)
    answers = serializers.BooleanField(
        allow_null=True,
        help_text=gettext_lazy("Whether it answers questions; `null`: not known yet"),
    )
    to_be_asked = serializers.BooleanField(
        help_text=gettext_lazy("Whether to connect to it now and ask how it is")
    )

    def get_to_be_asked(self, row: Printer) -> bool:
        return is_to_be_asked(row)


class FetchedReceiptSerializer(AnswerSerializer):
    id = serializers.IntegerField(source="job.pk")
    order_id = LongNumberField(allow_null=True, help_text=LONG_NUMBER)
    copy = serializers.ChoiceField(source="job.copy", choices=PAPER_KINDS)
    content = serializers.CharField(help_text=gettext_lazy("`ESC/POS` bytes in `base64`"))
    seconds = serializers.FloatField(
        help_text=gettext_lazy("How long you have to print and report it")
    )

    def get_order_id(self, row: Fetched) -> str | None:
        """A test page and an urgent message before an order have none."""
        return row.job.about.order_id if row.job.about else None

    def get_content(self, row: Fetched) -> str:
        return b64encode(row.content).decode()

    def get_seconds(self, row: Fetched) -> float:
        return round(row.seconds_left(), 1)


class NextReceiptSerializer(AnswerSerializer):
    receipt = FetchedReceiptSerializer(
        allow_null=True, help_text=gettext_lazy("`null`: nothing is to be printed now")
    )


class ReportedReceiptSerializer(AnswerSerializer):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=PaperState.choices)
