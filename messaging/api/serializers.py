"""The input and output of the takeaway API, declared once for the code and for OpenAPI."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from messaging.choices import DeliveryState, OrderState, PaperState, ReceiptCopy, RefundState
from messaging.models import Order, Refund
from messaging.reasons import CHOICES, OTHER
from messaging.services import customers, income
from messaging.services.acting import ACTIONS
from messaging.services.deadlines import OF_CONVERSATIONS, What, deadlines_for
from messaging.services.deciding import REASON_LENGTH
from stores.api.serializers import (
    LONG_NUMBER,
    MAX_ID,
    AnswerSerializer,
    Body,
    Decision,
    FenField,
    ListFilter,
    LongNumberField,
    OneOfField,
    decision_field,
    reason_field,
)
from stores.api.times import Moment
from stores.models import OutboundCall
from stores.money import yuan_json, yuan_of

CALL_NAMES = [kind.name for kind in ACTIONS]


class TakeawayFilter(ListFilter):
    lookups = {"state": "state__in", "since": "ordered_at__gte"}

    state = serializers.ListField(
        child=serializers.ChoiceField(choices=OrderState.choices),
        required=False,
        max_length=len(OrderState),
        help_text=gettext_lazy("One or several: `state=new&state=confirmed`"),
    )
    store = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    since = Moment(
        required=False, help_text=gettext_lazy("Ordered at this time or later (ISO 8601).")
    )


class NoBody(Body):
    """Nothing is needed; an empty object is fine."""


class CancelBody(Body):
    reason_code = OneOfField(
        choices=CHOICES,
        required=False,
        help_text=gettext_lazy("Why, as Meituan numbers reasons; 2007 where only words are given."),
    )
    reason = reason_field(
        gettext_lazy("The same in your words; the customer reads it."), max_length=REASON_LENGTH
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.keys() & {"reason_code", "reason"}:
            raise ValidationError({"reason_code": [_("This field is required.")]})
        return {"reason_code": OTHER} | attrs


class TakeawayDecisionBody(Decision):
    decision = decision_field("reject", gettext_lazy("reject"))
    reason = reason_field(
        gettext_lazy("Needed to reject; the customer reads it."), max_length=REASON_LENGTH
    )


class TakeawayDishSerializer(AnswerSerializer):
    name = serializers.CharField()
    spec = serializers.CharField()
    wishes = serializers.CharField()
    quantity = serializers.IntegerField()
    price = FenField()
    boxes = serializers.IntegerField(help_text=gettext_lazy("Boxes of the whole line"))
    bag = serializers.IntegerField(help_text=gettext_lazy("In which bag, from 1"))


class TakeawayRefundSerializer(AnswerSerializer):
    id = serializers.CharField(
        source="refund_id", help_text=gettext_lazy("Meituan's number; empty until it is known")
    )
    state = serializers.ChoiceField(choices=RefundState.choices)
    is_part = serializers.BooleanField()
    is_appeal = serializers.BooleanField(
        help_text=gettext_lazy("Customer service decides, the shop cannot")
    )
    amount = FenField(source="money", allow_null=True)
    reason = serializers.CharField()
    decide_until = serializers.DateTimeField(allow_null=True)

    def get_reason(self, row: Refund) -> str:
        return customers.reason_of(row)


class TakeawayDeadlineSerializer(AnswerSerializer):
    what = serializers.ChoiceField(
        choices=[choice for choice in What.choices if choice[0] not in OF_CONVERSATIONS]
    )
    until = serializers.DateTimeField()


class TakeawayCallSerializer(AnswerSerializer):
    name = serializers.CharField(help_text=gettext_lazy("What Meituan is asked to do"))
    state = serializers.ChoiceField(choices=OutboundCall.State.choices)
    error = serializers.CharField(help_text=gettext_lazy("Meituan's words when it refused"))


class TakeawayPaperSerializer(AnswerSerializer):
    copy = serializers.ChoiceField(choices=ReceiptCopy.choices)
    state = serializers.ChoiceField(
        choices=PaperState.choices,
        help_text=gettext_lazy(
            "`confirmed`: the printer says that it is printed. `unknown`: it may be printed, and "
            "is not printed again by itself"
        ),
    )
    printer = serializers.IntegerField(help_text=gettext_lazy("That has it, or printed it"))
    is_reprint = serializers.BooleanField()


class TakeawayCustomerSerializer(AnswerSerializer):
    recipient = serializers.CharField()
    phones = serializers.ListField(
        child=serializers.CharField(),
        help_text=gettext_lazy("Masked, unless the key may see personal data"),
    )
    address = serializers.CharField()


# A row of the list. Needs refunds to be read with the row.
class TakeawayOrderSerializer(AnswerSerializer):
    order_id = LongNumberField(help_text=LONG_NUMBER)
    view_id = LongNumberField(help_text=gettext_lazy("The number that the customer sees"))
    day_number = serializers.IntegerField(allow_null=True)
    state = serializers.ChoiceField(choices=OrderState.choices)
    delivery = serializers.ChoiceField(choices=DeliveryState.choices)
    store = serializers.IntegerField(source="store_id")
    ordered_at = serializers.DateTimeField()
    wanted_at = serializers.DateTimeField(
        allow_null=True, help_text=gettext_lazy("`null` means at once")
    )
    paid = FenField(allow_null=True)
    received = FenField(allow_null=True)
    received_before_refunds = serializers.BooleanField(
        help_text=gettext_lazy(
            "`received` is without the refunds of parts: what Meituan pays after them, it says only"
            " with its settlement"
        )
    )
    # None where Meituan has not said one of the sums.
    refunded_in_part = FenField(allow_null=True)

    def get_received_before_refunds(self, row: Order) -> bool:
        return income.is_before_refunds(row, row.refunds.all())

    def get_refunded_in_part(self, row: Order) -> str | None:
        return yuan_json(yuan_of(income.sum_of(income.agreed_parts(row.refunds.all()))))


# Needs refunds and receipts to be read with the row. Context: `whole` shows the customer unmasked,
# `calls` are the calls to Meituan, the newest of each kind.
class TakeawayOrderDetailSerializer(TakeawayOrderSerializer):
    accepted_at = serializers.DateTimeField(allow_null=True)
    ready_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    cancel_code = serializers.CharField()
    cancel_reason = serializers.CharField()
    remark = serializers.CharField()
    customer = TakeawayCustomerSerializer()
    dishes = TakeawayDishSerializer(many=True)
    shipping_fee = FenField(allow_null=True)
    refunds = TakeawayRefundSerializer(many=True)
    deadlines = TakeawayDeadlineSerializer(many=True)
    papers = TakeawayPaperSerializer(
        many=True, help_text=gettext_lazy("Its receipts: one for each copy and printer")
    )
    calls = TakeawayCallSerializer(many=True)

    def to_representation(self, row: Order) -> dict[str, Any]:
        self._customer = customers.shown(row, whole=self.context["whole"])
        return super().to_representation(row)

    def get_remark(self, row: Order) -> str:
        return str(self._customer.get("remark", ""))

    def get_customer(self, row: Order) -> dict[str, Any]:
        known = self._customer
        return {
            "recipient": known.get("recipient", ""),
            "phones": list(known.get("phones", [])),
            "address": known.get("address", ""),
        }

    def get_dishes(self, row: Order) -> list[dict[str, Any]]:
        names = ("name", "spec", "wishes", "quantity", "boxes", "bag")
        return [
            {name: dish[name] for name in names} | {"price": yuan_json(yuan_of(dish["price"]))}
            for dish in row.dishes
        ]

    def get_deadlines(self, row: Order) -> list[dict[str, Any]]:
        return [{"what": each.what.value, "until": each.until} for each in deadlines_for(row)]

    def get_papers(self, row: Order) -> list[dict[str, Any]]:
        jobs = sorted(row.print_jobs.all(), key=lambda job: job.pk)
        return [
            {
                "copy": job.copy,
                "state": job.state,
                "printer": job.printed_by_id or job.printer_id,
                "is_reprint": job.is_reprint,
            }
            for job in jobs
        ]

    def get_calls(self, row: Order) -> list[dict[str, Any]]:
        return [
            {
                "name": call.operation,
                "state": call.state,
                # Of a call that got no answer it is a technical word, or a page of a proxy's.
                "error": call.last_error if call.state == OutboundCall.State.REFUSED else "",
            }
            for call in self.context["calls"]
        ]
