"""Checks the content of API requests before the database is queried."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from coupons import codes
from coupons.models import Verification
from coupons.reasons import Reason
from coupons.services.batches import MAX_CODES
from stores.api.inputs import MAX_ID, ListFilter, Moment, field_of
from stores.api.problems import Problem
from stores.web.problems import titles


class VerificationFilter(ListFilter):
    created_after = Moment(
        required=False, help_text=gettext_lazy("Created at this time or later (ISO 8601).")
    )
    created_before = Moment(
        required=False, help_text=gettext_lazy("Created before this time (ISO 8601).")
    )
    settled_after = Moment(
        required=False, help_text=gettext_lazy("Settled at this time or later (ISO 8601).")
    )
    status = serializers.ListField(
        child=serializers.ChoiceField(choices=Verification.Status.choices),
        required=False,
        max_length=5,
        help_text=gettext_lazy("One or several: status=queued&status=sending"),
    )
    store = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    reason = serializers.ChoiceField(choices=Reason.choices, required=False)


class CodeBody(serializers.Serializer[Any]):
    code = serializers.CharField(
        max_length=codes.MAX_INPUT,
        help_text=gettext_lazy(
            "8 to 20 digits; full-width digits, spaces and hyphens are accepted."
        ),
    )


class CodesBody(serializers.Serializer[Any]):
    codes = serializers.ListField(child=serializers.CharField(), min_length=1, max_length=MAX_CODES)


def code_in(body: Any) -> str:
    """Returns the code in digits. Raises ValidationError for a body without one, Problem
    malformed_code for an invalid one.
    """
    given = field_of(body, "code")
    if not isinstance(given, str):
        raise serializers.ValidationError({"code": [_("Give the code as a string.")]})
    try:
        return codes.normalise(given)
    except codes.MalformedCode as error:
        raise Problem("malformed_code", titles()["malformed_code"], status=422) from error


def codes_in(body: Any) -> list[str]:
    """Returns 1 to MAX_CODES strings, valid codes or not. Raises ValidationError."""
    given = field_of(body, "codes")
    if not isinstance(given, list) or not all(isinstance(code, str) for code in given):
        raise serializers.ValidationError({"codes": [_("Give a list of strings.")]})
    if not 1 <= len(given) <= MAX_CODES:
        raise serializers.ValidationError(
            {"codes": [_("Give 1 to %(max)d codes.") % {"max": MAX_CODES}]}
        )
    return given
