"""The input and output of the delivery API, declared once for the code and for OpenAPI."""

from typing import Any

from django.utils.translation import gettext_lazy
from rest_framework import serializers

from delivery.addresses import tracking_url
from delivery.api.fields import Line, YuanText
from delivery.choices import Basis, ForPerson
from delivery.choices import Moment as DeliveryMoment
from delivery.models import Attempt, Delivery, Quote
from delivery.services import arriving
from delivery.services.costing import cost_of
from delivery.services.dispatching import OURSELVES
from delivery.services.persons import reasons_of
from delivery.services.quoting import offer_of
from delivery.services.showing import receiver_of, rider_of
from stores.api.serializers import MAX_ID, AnswerSerializer, Body, ListFilter, YuanField
from stores.api.times import Moment
from stores.fields import readable
from stores.money import yuan_json

MASKED = gettext_lazy("Masked, unless the key may see personal data")


class DeliveryFilter(ListFilter):
    lookups = {"state": "state__in", "reference": "reference", "since": "created_at__gte"}

    state = serializers.ListField(
        child=serializers.ChoiceField(choices=Delivery.State.choices),
        required=False,
        max_length=len(Delivery.State),
        help_text=gettext_lazy("One or several: `state=waiting&state=running`"),
    )
    store = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    reference = serializers.CharField(
        required=False, max_length=64, help_text=gettext_lazy("Your number of the order.")
    )
    since = Moment(
        required=False, help_text=gettext_lazy("Created at this time or later (ISO 8601).")
    )


class NoDeliveryBody(Body):
    """Nothing is needed; an empty object is fine."""


class DispatchBody(Body):
    courier = Line(
        64,
        allow_null=True,
        help_text=gettext_lazy(
            "A courier's id as in `quotes/`; `null`: whom the store's rule chooses; `OURSELVES`:"
            " your own people"
        ),
    )


class TipBody(Body):
    tip = YuanText()


class CancelDeliveryBody(Body):
    max_fee = YuanText(allow_null=True)


class DeliveryQuoteSerializer(AnswerSerializer):
    courier = serializers.CharField()
    fee = YuanField(allow_null=True)
    distance = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("metres"))
    seconds = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField(
        help_text=gettext_lazy(
            "Why the courier does not take it. Empty without a `fee`: it does, and names no price."
        )
    )
    expires_at = serializers.DateTimeField(allow_null=True)

    def get_courier(self, row: Quote) -> str:
        return row.courier.account.delivery_id

    def get_reason(self, row: Quote) -> str:
        return offer_of(row).refusal


class DeliveryQuotesSerializer(AnswerSerializer):
    results = DeliveryQuoteSerializer(many=True)


class RiderSerializer(AnswerSerializer):
    name = serializers.CharField()
    phone = serializers.CharField(help_text=MASKED)
    lng = serializers.CharField(allow_null=True)
    lat = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField(
        allow_null=True, help_text=gettext_lazy("When the rider was there")
    )


# Context: `whole` shows phones and the hand-over code.
class DeliveryAttemptSerializer(AnswerSerializer):
    courier = serializers.CharField(help_text=gettext_lazy("`OURSELVES`: your own people"))
    shop_order_id = serializers.CharField()
    order_status = serializers.IntegerField(
        source="waybill_state",
        allow_null=True,
        help_text=gettext_lazy("WeChat's number; `null` before anything was heard"),
    )
    state = serializers.ChoiceField(choices=Attempt.State.choices)
    fee = YuanField(allow_null=True)
    tip = YuanField()
    deduction = YuanField(allow_null=True)
    distance = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("metres"))
    seconds = serializers.IntegerField(allow_null=True)
    waybill_id = serializers.CharField()
    refusal = serializers.CharField(help_text=gettext_lazy("The courier's words"))
    pickup_code = serializers.CharField()
    finish_code = serializers.CharField(
        allow_null=True, help_text=gettext_lazy("`null` unless the key may see personal data")
    )
    rider = RiderSerializer(allow_null=True)
    called_at = serializers.DateTimeField()
    accepted_at = serializers.DateTimeField(allow_null=True)
    arrives_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)

    def get_courier(self, row: Attempt) -> str:
        return row.courier_code or OURSELVES

    def get_pickup_code(self, row: Attempt) -> str:
        return str(readable(row, "pickup_code", ""))

    def get_finish_code(self, row: Attempt) -> str | None:
        return str(readable(row, "finish_code", "")) if self.context["whole"] else None

    def get_rider(self, row: Attempt) -> dict[str, Any] | None:
        return rider_of(row, whole=self.context["whole"])


class DeliveryReceiverSerializer(AnswerSerializer):
    name = serializers.CharField()
    phone = serializers.CharField(help_text=MASKED)
    city = serializers.CharField()
    address = serializers.CharField()
    address_detail = serializers.CharField()
    lng = serializers.CharField(help_text=gettext_lazy("In `GCJ-02`"))
    lat = serializers.CharField()


class DeliveryCallSerializer(AnswerSerializer):
    at = serializers.DateTimeField()
    arrive_by = serializers.DateTimeField()
    by_itself = serializers.BooleanField(
        help_text=gettext_lazy("`false`: ask for `dispatch/` at this time")
    )
    is_overdue = serializers.BooleanField()
    courier = serializers.CharField(
        source="plan.courier", help_text=gettext_lazy("Empty: no particular one")
    )
    basis = serializers.ChoiceField(
        source="plan.source",
        choices=Basis.choices,
        help_text=gettext_lazy(
            "`learned` from your own orders, `quoted` by the courier, or what is `usual`"
        ),
    )
    acceptance_seconds = serializers.IntegerField(source="plan.acceptance")
    ride_seconds = serializers.IntegerField(source="plan.ride")
    margin_seconds = serializers.IntegerField(source="plan.margin")
    because = serializers.CharField(help_text=gettext_lazy("For people, in their language"))

    def get_because(self, call: arriving.Call) -> str:
        return str(call.plan)


class PersonReasonSerializer(AnswerSerializer):
    reason = serializers.ChoiceField(source="why", choices=ForPerson.choices)
    words = serializers.CharField(help_text=gettext_lazy("For people, in their language"))
    what_to_do = serializers.CharField(help_text=gettext_lazy("For people, in their language"))


class DeliveryMomentSerializer(AnswerSerializer):
    kind = serializers.ChoiceField(choices=DeliveryMoment.choices)
    at = serializers.DateTimeField()


# Needs moments and attempts to be read with the row. Context: `whole` shows people unmasked.
class DeliverySerializer(AnswerSerializer):
    id = serializers.IntegerField()
    reference = serializers.CharField()
    store = serializers.IntegerField(source="store_id")
    status = serializers.ChoiceField(source="state", choices=Delivery.State.choices)
    needs_person = serializers.BooleanField()
    person_reasons = PersonReasonSerializer(
        many=True,
        help_text=gettext_lazy("Why somebody has to look at it, or at the rider who was called"),
    )
    created_at = serializers.DateTimeField()
    ready_at = serializers.DateTimeField(
        allow_null=True, help_text=gettext_lazy("`null`: the goods are not ready")
    )
    wanted_at = serializers.DateTimeField(
        allow_null=True, help_text=gettext_lazy("`null` means at once")
    )
    call = DeliveryCallSerializer(
        allow_null=True,
        help_text=gettext_lazy(
            "When a rider is called so that the goods arrive by a wished time, while nobody is"
            " called"
        ),
    )
    ended_at = serializers.DateTimeField(allow_null=True)
    goods_value = YuanField(source="value")
    goods_weight = serializers.CharField(help_text=gettext_lazy("kilograms"))
    receiver = DeliveryReceiverSerializer()
    moments = DeliveryMomentSerializer(many=True)
    live_attempt = DeliveryAttemptSerializer(allow_null=True)
    attempts = DeliveryAttemptSerializer(many=True)
    cost = YuanField()
    tracking_url = serializers.CharField(
        help_text=gettext_lazy("The page of the receiver: give it to nobody else")
    )

    def to_representation(self, row: Delivery) -> dict[str, Any]:
        self._attempts = list(row.attempts.all())
        shape = DeliveryAttemptSerializer(context=self.context)
        self._shown = [shape.to_representation(each) for each in self._attempts]
        return super().to_representation(row)

    def get_goods_weight(self, row: Delivery) -> str:
        return f"{row.weight:.2f}"

    def get_receiver(self, row: Delivery) -> dict[str, Any]:
        found = receiver_of(row, whole=self.context["whole"])
        names = {"address_detail": "detail"}
        return {
            name: found.get(names.get(name, name), "")
            for name in DeliveryReceiverSerializer._declared_fields
        }

    def get_call(self, row: Delivery) -> dict[str, Any] | None:
        call = arriving.call_of(row, getattr(row.store, "delivery_store", None))
        shape = DeliveryCallSerializer(context=self.context)
        return shape.to_representation(call) if call else None

    def get_person_reasons(self, row: Delivery) -> list[dict[str, Any]]:
        shape = PersonReasonSerializer(context=self.context)
        return [shape.to_representation(each) for each in reasons_of(row, self._attempts)]

    def get_moments(self, row: Delivery) -> list[dict[str, Any]]:
        return [{"kind": moment.kind, "at": moment.at} for moment in row.moments.all()]

    def get_live_attempt(self, row: Delivery) -> dict[str, Any] | None:
        pairs = zip(self._attempts, self._shown, strict=True)
        return next((shown for attempt, shown in pairs if attempt.is_live), None)

    def get_attempts(self, row: Delivery) -> list[dict[str, Any]]:
        return self._shown

    def get_cost(self, row: Delivery) -> str | None:
        return yuan_json(cost_of(self._attempts))

    def get_tracking_url(self, row: Delivery) -> str:
        return tracking_url(row)
