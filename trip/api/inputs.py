"""Checks the content of API requests before a service is called."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from stores.api.inputs import MAX_ID, ListFilter, Moment, field_of
from trip.codes import NO_VOUCHER, is_voucher
from trip.models import Order

MAX_REASON = 300
AGREE, REFUSE = "agree", "refuse"


class OrderFilter(ListFilter):
    created_after = Moment(
        required=False, help_text=gettext_lazy("Created at this time or later (ISO 8601).")
    )
    created_before = Moment(
        required=False, help_text=gettext_lazy("Created before this time (ISO 8601).")
    )
    status = serializers.ListField(
        child=serializers.ChoiceField(choices=Order.Status.choices),
        required=False,
        max_length=len(Order.Status),
        help_text=gettext_lazy("One or several: status=issuing&status=issued"),
    )
    store = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    product = serializers.CharField(
        required=False, max_length=60, help_text=gettext_lazy("The partnerDealId.")
    )
    travel_date = serializers.DateField(required=False, help_text=gettext_lazy("The day of visit."))
    # Without allow_null, a query without this parameter would mean false.
    needs_issue = serializers.BooleanField(
        required=False, allow_null=True, help_text=gettext_lazy("Paid, and waiting for your codes.")
    )


class IssueBody(serializers.Serializer[Any]):
    vouchers = serializers.ListField(
        child=serializers.CharField(max_length=20),
        required=False,
        help_text=gettext_lazy("As many codes as the order needs: one per ticket, one, or none."),
    )
    failed = serializers.CharField(
        required=False,
        max_length=MAX_REASON,
        help_text=gettext_lazy("Instead: the true reason why you cannot issue. Meituan refunds."),
    )


class ConsumeBody(serializers.Serializer[Any]):
    vouchers = serializers.ListField(
        child=serializers.CharField(max_length=20),
        required=False,
        help_text=gettext_lazy("Codes of this order: all tickets that are left on them are used."),
    )
    quantity = serializers.IntegerField(
        required=False,
        min_value=1,
        help_text=gettext_lazy("Instead: so many tickets of the order."),
    )


class DecisionBody(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(choices=[AGREE, REFUSE])
    reason = serializers.CharField(
        required=False,
        max_length=MAX_REASON,
        help_text=gettext_lazy("Needed to refuse; Meituan shows it to the buyer."),
    )


def either(body: Any, first: str, second: str) -> str:
    """Returns the name of the field that is given. Raises ValidationError for none or both."""
    given = [name for name in (first, second) if isinstance(body, dict) and name in body]
    if len(given) != 1:
        raise ValidationError(
            {"body": [_("Give an object with either %(a)s or %(b)s.") % {"a": first, "b": second}]}
        )
    return given[0]


def codes_in(body: Any) -> list[str]:
    """Returns the codes in `vouchers`, each only once. Raises ValidationError."""
    given = field_of(body, "vouchers")
    if not isinstance(given, list) or not all(isinstance(code, str) for code in given):
        raise ValidationError({"vouchers": [_("Give a list of strings.")]})
    if len(set(given)) != len(given):
        raise ValidationError({"vouchers": [_("A code is listed twice.")]})
    return given


def new_codes_in(body: Any) -> list[str]:
    """Returns the codes in `vouchers`, all in the form of a voucher code. Raises
    ValidationError.
    """
    given = codes_in(body)
    if not all(is_voucher(code) for code in given):
        raise ValidationError({"vouchers": [NO_VOUCHER]})
    return given


def used_codes_in(body: Any) -> list[str]:
    """Returns the codes in `vouchers`, at least one, because none would mean every ticket. Raises
    ValidationError.
    """
    given = codes_in(body)
    if not given:
        raise ValidationError({"vouchers": [_("Name at least one code.")]})
    return given


def quantity_in(body: Any) -> int:
    """Returns `quantity`, at least 1. Raises ValidationError."""
    given = field_of(body, "quantity")
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise ValidationError({"quantity": [_("Give a whole number, 1 or more.")]})
    return given


def reason_in(body: Any, name: str) -> str:
    """Returns a text for Meituan and the buyer, at most MAX_REASON characters. Raises
    ValidationError.
    """
    given = field_of(body, name)
    if not isinstance(given, str):
        raise ValidationError({name: [_("Give the reason as a string.")]})
    try:
        return str(serializers.CharField(max_length=MAX_REASON).run_validation(given))
    except ValidationError as error:
        raise ValidationError({name: error.detail}) from error


def decision_in(body: Any) -> tuple[bool, str]:
    """Returns whether to agree to the refund, and the reason if not. Raises ValidationError."""
    decision = field_of(body, "decision")
    if decision not in (AGREE, REFUSE):
        raise ValidationError({"decision": [_("Give agree or refuse.")]})
    needed = decision == REFUSE or body.get("reason") not in (None, "")
    return decision == AGREE, reason_in(body, "reason") if needed else ""
