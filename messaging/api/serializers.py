"""The input and output of the takeaway API, declared once for the code and for OpenAPI."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from messaging.choices import DeliveryState, OrderState, RefundState
from messaging.models import Order, Refund
from messaging.reasons import CHOICES
from messaging.services import customers
from messaging.services.acting import ACTIONS
from messaging.services.deadlines import What, deadlines_for
from messaging.services.deciding import REASON_LENGTH
from stores.api.serializers import (
    MAX_ID,
    AnswerSerializer,
    Body,
    ListFilter,
    LongNumberField,
    Moment,
    OneOfField,
    TextField,
    YuanField,
)
from stores.models import OutboundCall

AGREE, REJECT = "agree", "reject"
LONG_NUMBER = gettext_lazy(
    "Meituan's number. Up to 19 digits and more than JavaScript's numbers hold: a string"
)
CALL_NAMES = [kind.name for kind in ACTIONS]


def _yuan(fen: int | None) -> Decimal | None:
    return None if fen is None else customers.yuan_of(fen)


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


def _reason(help_text: Any) -> TextField:
    return TextField(
        required=False,
        max_length=REASON_LENGTH,
        help_text=help_text,
        not_text=gettext_lazy("Give the reason as a string."),
    )


class NoBody(Body):
    """Nothing is needed; an empty object is fine."""


class CancelBody(Body):
    reason_code = OneOfField(
        choices=CHOICES, help_text=gettext_lazy("Why, as Meituan numbers reasons.")
    )
    reason = _reason(gettext_lazy("The same in your words; the customer reads it."))


class DecideBody(Body):
    decision = OneOfField(
        choices=[(AGREE, gettext_lazy("agree")), (REJECT, gettext_lazy("reject"))]
    )
    reason = _reason(gettext_lazy("Needed to reject; the customer reads it."))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["decision"] == REJECT and not attrs.get("reason", "").strip():
            raise ValidationError({"reason": [_("This field is required.")]})
        return attrs


class TakeawayDishSerializer(AnswerSerializer):
    name = serializers.CharField()
    spec = serializers.CharField()
    wishes = serializers.CharField()
    quantity = serializers.IntegerField()
    price = YuanField()
    boxes = serializers.IntegerField(help_text=gettext_lazy("Boxes of the whole line"))
    bag = serializers.IntegerField(help_text=gettext_lazy("In which bag, from 1"))


class TakeawayRefundSerializer(AnswerSerializer):
    id = serializers.CharField(help_text=gettext_lazy("Meituan's number; empty until it is known"))
    state = serializers.ChoiceField(choices=RefundState.choices)
    is_part = serializers.BooleanField()
    is_appeal = serializers.BooleanField(
        help_text=gettext_lazy("Customer service decides, the shop cannot")
    )
    amount = YuanField(allow_null=True)
    reason = serializers.CharField()
    decide_until = serializers.DateTimeField(allow_null=True)


class TakeawayDeadlineSerializer(AnswerSerializer):
    what = serializers.ChoiceField(choices=What.choices)
    until = serializers.DateTimeField()


class TakeawayCallSerializer(AnswerSerializer):
    name = serializers.CharField(help_text=gettext_lazy("What Meituan is asked to do"))
    state = serializers.ChoiceField(choices=OutboundCall.State.choices)
    error = serializers.CharField(help_text=gettext_lazy("Meituan's words when it refused"))


class TakeawayCustomerSerializer(AnswerSerializer):
    recipient = serializers.CharField()
    phones = serializers.ListField(
        child=serializers.CharField(),
        help_text=gettext_lazy("Masked, unless the key may see personal data"),
    )
    address = serializers.CharField()


# A row of the list.
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
    paid = YuanField(allow_null=True)
    received = YuanField(allow_null=True)

    def get_paid(self, row: Order) -> Any:
        return YuanField().to_representation(_yuan(row.paid))

    def get_received(self, row: Order) -> Any:
        return YuanField().to_representation(_yuan(row.received))


# Needs refunds to be read with the row. Context: `whole` shows the customer unmasked, `calls` are
# the calls to Meituan, the newest of each kind.
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
    shipping_fee = YuanField(allow_null=True)
    refunds = TakeawayRefundSerializer(many=True)
    deadlines = TakeawayDeadlineSerializer(many=True)
    calls = TakeawayCallSerializer(many=True)

    def to_representation(self, row: Order) -> dict[str, Any]:
        self._customer = customers.shown(row, whole=self.context["whole"])
        return super().to_representation(row)

    def get_shipping_fee(self, row: Order) -> Any:
        return YuanField().to_representation(_yuan(row.shipping_fee))

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
        price = YuanField().to_representation
        return [
            {name: dish[name] for name in names} | {"price": price(_yuan(dish["price"]))}
            for dish in row.dishes
        ]

    def get_refunds(self, row: Order) -> list[dict[str, Any]]:
        return [_refund(refund) for refund in row.refunds.all()]

    def get_deadlines(self, row: Order) -> list[dict[str, Any]]:
        moment = serializers.DateTimeField().to_representation
        return [
            {"what": each.what.value, "until": moment(each.until)} for each in deadlines_for(row)
        ]

    def get_calls(self, row: Order) -> list[dict[str, Any]]:
        return [
            {"name": call.operation, "state": call.state, "error": call.last_error}
            for call in self.context["calls"]
        ]


def _refund(refund: Refund) -> dict[str, Any]:
    moment = serializers.DateTimeField().to_representation
    return {
        "id": refund.refund_id,
        "state": refund.state,
        "is_part": refund.is_part,
        "is_appeal": refund.is_appeal,
        "amount": YuanField().to_representation(_yuan(refund.money)),
        "reason": customers.reason_of(refund),
        "decide_until": refund.decide_until and moment(refund.decide_until),
    }
