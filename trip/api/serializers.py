"""The input and output of the trip API, declared once for the code and for OpenAPI."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from stores.api.serializers import (
    LONG_NUMBER,
    MAX_ID,
    AnswerSerializer,
    Body,
    Decision,
    ListFilter,
    LongNumberField,
    TextsField,
    YuanField,
    decision_field,
    reason_field,
)
from stores.api.times import Day, Moment
from trip.choices import Trouble, VoucherType
from trip.codes import NO_VOUCHER, VOUCHER_PATTERN, is_voucher
from trip.models import Consumption, Order, Refund, tally
from trip.services import visitors

MAX_REASON = 300


class OrderFilter(ListFilter):
    lookups = {
        "created_after": "created_at__gte",
        "created_before": "created_at__lt",
        "status": "status__in",
        "product": "product__deal_id",
        "travel_date": "travel_date",
    }

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
        required=False,
        min_length=1,
        max_length=60,
        help_text=gettext_lazy("The `partnerDealId`."),
    )
    travel_date = Day(required=False, help_text=gettext_lazy("The day of visit."))
    # Without allow_null, a query without this parameter would mean false.
    needs_issue = serializers.BooleanField(
        required=False, allow_null=True, help_text=gettext_lazy("Paid, and waiting for your codes.")
    )
    needs_person = serializers.BooleanField(
        required=False,
        allow_null=True,
        help_text=gettext_lazy("For a person; closed_while_issuing: stop preparing the tickets."),
    )


class CodesField(TextsField):
    """Codes of vouchers, each only once."""

    limits: dict[str, Any] = {
        "uniqueItems": True,
        "items": {"type": "string", "minLength": 1, "maxLength": 20, "pattern": r"\S"},
    }

    def run_validation(self, data: Any = empty) -> Any:
        given = super().run_validation(data)
        if len(set(given)) != len(given):
            raise ValidationError([_("A code is listed twice.")])
        return given


class NewCodesField(CodesField):
    """Codes in the form of a voucher code."""

    limits = CodesField.limits | {
        "items": {"type": "string", "maxLength": 20, "pattern": VOUCHER_PATTERN}
    }

    def run_validation(self, data: Any = empty) -> Any:
        given = super().run_validation(data)
        if not all(is_voucher(code) for code in given):
            raise ValidationError([NO_VOUCHER])
        return given


class UsedCodesField(CodesField):
    """At least one code, because none would mean every ticket."""

    limits = CodesField.limits | {"minItems": 1}

    def run_validation(self, data: Any = empty) -> Any:
        given = super().run_validation(data)
        if not given:
            raise ValidationError([_("Name at least one code.")])
        return given


class QuantityField(serializers.IntegerField):
    """A whole number, 1 or more; neither a string nor a boolean."""

    def run_validation(self, data: Any = empty) -> Any:
        if data is empty:
            return super().run_validation(data)
        if not isinstance(data, int) or isinstance(data, bool) or data < 1:
            raise ValidationError([_("Give a whole number, 1 or more.")])
        return data


class IssueBody(Body):
    either = ("vouchers", "failed")
    vouchers = NewCodesField(
        child=serializers.CharField(max_length=20),
        required=False,
        help_text=gettext_lazy("As many codes as the order needs: one per ticket, one, or none."),
    )
    failed = reason_field(
        gettext_lazy("Instead: the true reason why you cannot issue. Meituan refunds."),
        max_length=MAX_REASON,
    )


class ConsumeBody(Body):
    either = ("vouchers", "quantity")
    vouchers = UsedCodesField(
        child=serializers.CharField(max_length=20),
        required=False,
        help_text=gettext_lazy("Codes of this order: all tickets that are left on them are used."),
    )
    quantity = QuantityField(
        required=False,
        min_value=1,
        help_text=gettext_lazy("Instead: so many tickets of the order."),
    )


class DecisionBody(Decision):
    decision = decision_field("refuse", gettext_lazy("refuse"))
    reason = reason_field(
        gettext_lazy("Needed to refuse; Meituan shows it to the buyer."), max_length=MAX_REASON
    )


class TicketProductSerializer(AnswerSerializer):
    partner_deal_id = serializers.CharField(source="deal_id")
    title = serializers.CharField()


class TicketVoucherSerializer(AnswerSerializer):
    code = serializers.CharField()
    quantity = serializers.IntegerField(
        help_text=gettext_lazy("How many tickets the code stands for")
    )
    used = serializers.IntegerField()
    refunded = serializers.IntegerField()
    voided = serializers.IntegerField(help_text=gettext_lazy("Worthless without having been used"))


class VisitorSerializer(AnswerSerializer):
    name = serializers.CharField(
        help_text=gettext_lazy("Masked, unless the key may see personal data")
    )
    mobile = serializers.CharField()
    credentials = serializers.DictField(
        child=serializers.CharField(), help_text=gettext_lazy("Number by Meituan's credentialType")
    )


class TicketRefundSerializer(AnswerSerializer):
    refund_id = serializers.CharField()
    status = serializers.ChoiceField(choices=Refund.Status.choices)
    quantity = serializers.IntegerField()
    vouchers = serializers.ListField(
        source="codes",
        child=serializers.CharField(),
        help_text=gettext_lazy("The codes that it names, if any"),
    )
    price = YuanField(allow_null=True)
    fee = YuanField(allow_null=True)
    applied_at = serializers.DateTimeField()
    deadline = serializers.DateTimeField(
        allow_null=True, help_text=gettext_lazy("After this, Meituan agrees by itself")
    )
    reason = serializers.CharField()
    decided_by = serializers.CharField()
    decided_at = serializers.DateTimeField(allow_null=True)


# Needs product, vouchers, refunds and visitors to be read with the row. Context: `whole` shows
# visitors unmasked.
class TicketOrderSerializer(AnswerSerializer):
    order_id = LongNumberField(help_text=LONG_NUMBER)
    partner_order_id = serializers.CharField(help_text=gettext_lazy("Our number"))
    status = serializers.ChoiceField(choices=Order.Status.choices)
    failure = serializers.CharField(help_text=gettext_lazy("Why no tickets could be issued"))
    store = serializers.IntegerField(source="store_id")
    product = TicketProductSerializer()
    quantity = serializers.IntegerField()
    used = serializers.IntegerField()
    refunded = serializers.IntegerField()
    voided = serializers.IntegerField()
    voucher_type = serializers.ChoiceField(choices=VoucherType.choices)
    vouchers = TicketVoucherSerializer(many=True)
    travel_date = serializers.DateField(allow_null=True)
    unit_price = YuanField()
    settlement_price = YuanField(source="buy_price")
    total_price = YuanField()
    visitors = VisitorSerializer(many=True)
    refunds = TicketRefundSerializer(many=True)
    needs_person = serializers.ChoiceField(choices=Trouble.choices, allow_null=True)
    created_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    issued_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(
        allow_null=True, help_text=gettext_lazy("When Meituan closed it")
    )

    def to_representation(self, row: Order) -> dict[str, Any]:
        # Counted once for the four fields that use it.
        self._vouchers = list(row.vouchers.all())
        self._counts = tally(self._vouchers)
        return super().to_representation(row)

    def get_used(self, row: Order) -> int:
        return self._counts.used

    def get_refunded(self, row: Order) -> int:
        return self._counts.refunded

    def get_voided(self, row: Order) -> int:
        return self._counts.voided

    def get_vouchers(self, row: Order) -> list[dict[str, Any]]:
        show = TicketVoucherSerializer().to_representation
        return [show(voucher) for voucher in self._vouchers if voucher.code]

    def get_visitors(self, row: Order) -> list[dict[str, Any]]:
        whole = self.context["whole"]
        return [visitors.readable(visitor, whole=whole) for visitor in row.visitors.all()]

    def get_needs_person(self, row: Order) -> str | None:
        return row.needs_person or None


class UsedVoucherSerializer(AnswerSerializer):
    code = serializers.CharField()
    quantity = serializers.IntegerField()


# Contains only values that never change, so that a repeated request gets the first answer. Context:
# the `order`.
class ConsumptionSerializer(AnswerSerializer):
    order_id = LongNumberField(help_text=LONG_NUMBER)
    quantity = serializers.IntegerField(help_text=gettext_lazy("How many tickets were used"))
    vouchers = UsedVoucherSerializer(many=True)
    used_by = serializers.CharField(source="by")
    used_at = serializers.DateTimeField(source="at")

    def get_order_id(self, row: Consumption) -> str:
        order: Order = self.context["order"]
        return str(order.order_id)

    def get_vouchers(self, row: Consumption) -> list[dict[str, Any]]:
        return [
            {"code": item["voucher"], "quantity": item["quantity"]}
            for item in row.tickets
            if item["voucher"]
        ]
