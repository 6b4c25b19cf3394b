"""The input and output of the coupons API, declared once for the code and for OpenAPI."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.fields import empty

from coupons import codes
from coupons.choices import Authorisation
from coupons.models import Lookup, Product, Verification
from coupons.reasons import HELD_UP, READ, TEXTS, Reason, Texts
from coupons.services.batches import MAX_CODES
from stores.api.problems import Problem
from stores.api.serializers import (
    MAX_ID,
    AnswerSerializer,
    Body,
    ListFilter,
    TextsField,
    TrueOrFalse,
    YuanField,
)
from stores.api.times import Moment
from stores.models import Store
from stores.money import yuan_json
from stores.platforms.outbox.place import PlaceInLine
from stores.tenancy import Access


class VerificationFilter(ListFilter):
    lookups = {
        "created_after": "created_at__gte",
        "created_before": "created_at__lt",
        "settled_after": "settled_at__gte",
        "status": "status__in",
        "reason": "reason",
    }

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


class CodeField(serializers.CharField):
    """Text that must be a JSON string, in which a code is read afterwards."""

    default_error_messages = {"not_text": gettext_lazy("Give the code as a string.")}

    def run_validation(self, data: Any = empty) -> Any:
        if data is empty:
            return super().run_validation(data)
        if not isinstance(data, str):
            self.fail("not_text")
        return data


class CodesField(TextsField):
    """1 to MAX_CODES strings, valid codes or not."""

    def run_validation(self, data: Any = empty) -> Any:
        given = super().run_validation(data)
        if not 1 <= len(given) <= MAX_CODES:
            raise serializers.ValidationError([_("Give 1 to %(max)d codes.") % {"max": MAX_CODES}])
        return given


# One coupon code; validation turns `code` into its digits. Raises Problem malformed_code.
class CodeBody(Body):
    code = CodeField(
        max_length=codes.MAX_INPUT,
        help_text=gettext_lazy(
            "8 to 20 digits, or a text that holds one code: full-width digits, groups in one"
            " printed pattern and what scanners and messengers add are read. Digits that may not"
            " belong together are never joined."
        ),
    )
    confirmed = TrueOrFalse(
        default=False,
        help_text=gettext_lazy("A person says that this number, which an error offered, is one."),
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            code = codes.one_code(attrs["code"], confirmed=attrs["confirmed"])
        except codes.MalformedCode as malformed:
            raise _malformed(malformed.reading) from malformed
        return {**attrs, "code": code}


def malformed_detail(texts: Texts) -> str:
    return _("%(what)s. %(next_step)s") % {"what": texts.staff, "next_step": texts.next_step}


def _malformed(reading: codes.Reading) -> Problem:
    return Problem(
        "malformed_code",
        malformed_detail(READ[reading.read_as]),
        status=422,
        read_as=reading.read_as,
        offered=list(reading.choices),
    )


class CodesBody(Body):
    codes = CodesField(child=serializers.CharField(), min_length=1, max_length=MAX_CODES)


# A store with its gateway row. Needs `gateway` to be read with the row.
class StoreSerializer(AnswerSerializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    trade = serializers.ChoiceField(choices=Store.Trade.choices)
    remote_id = serializers.IntegerField(
        allow_null=True, help_text=gettext_lazy("The store's number at the gateway")
    )
    authorisation = serializers.ChoiceField(choices=Authorisation.choices, allow_null=True)
    requests_left = serializers.IntegerField(
        allow_null=True, help_text=gettext_lazy("Calls left at the gateway")
    )
    guest_page = serializers.URLField(
        allow_null=True, help_text=gettext_lazy("null while the page is closed")
    )

    def get_remote_id(self, row: Store) -> int | None:
        return row.gateway.remote_id if hasattr(row, "gateway") else None

    def get_authorisation(self, row: Store) -> str | None:
        return row.gateway.authorisation if hasattr(row, "gateway") else None

    def get_requests_left(self, row: Store) -> int | None:
        return row.gateway.request_count if hasattr(row, "gateway") else None

    def get_guest_page(self, row: Store) -> str | None:
        if not row.guest_page_open:
            return None
        return settings.PUBLIC_BASE_URL + reverse("coupons:guest", args=[row.guest_slug])


class ProductSerializer(AnswerSerializer):
    sku_id = serializers.CharField()
    name = serializers.CharField()
    price = YuanField(max_digits=10, allow_null=True)
    list_price = YuanField(max_digits=10, allow_null=True)
    on_sale = serializers.BooleanField()
    synced_at = serializers.DateTimeField(allow_null=True)

    def get_on_sale(self, row: Product) -> bool:
        return row.vanished_at is None


class DealSerializer(AnswerSerializer):
    sku_id = serializers.CharField()
    name = serializers.CharField()
    price = YuanField(max_digits=10, allow_null=True)


class QueueSerializer(AnswerSerializer):
    position = serializers.IntegerField(help_text=gettext_lazy("1 is next"))
    seconds = serializers.IntegerField(
        allow_null=True,
        help_text=gettext_lazy(
            "An estimate; null while Meituan does not answer and is tried again"
        ),
    )


# An earlier verification; its store and user are only for keys that have access to the store.
class DuplicateSerializer(AnswerSerializer):
    id = serializers.IntegerField(
        allow_null=True, help_text=gettext_lazy("null for a store that the key does not reach")
    )
    store = serializers.IntegerField(allow_null=True)
    requested_by = serializers.CharField(allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True)

    def get_id(self, row: Verification) -> int | None:
        return row.pk if self._is_seen(row) else None

    def get_store(self, row: Verification) -> int | None:
        return row.store_id if self._is_seen(row) else None

    def get_requested_by(self, row: Verification) -> str | None:
        return row.requested_by if self._is_seen(row) else None

    def _is_seen(self, row: Verification) -> bool:
        access: Access = self.context["access"]
        return row.is_within(access)


# Needs `product`, and `duplicate_of` with its store, to be read with the row. Context: `access` of
# the reader, and `places` in line by the keys of the rows.
class VerificationSerializer(AnswerSerializer):
    id = serializers.IntegerField()
    store = serializers.IntegerField(source="store_id")
    status = serializers.ChoiceField(choices=Verification.Status.choices)
    reason = serializers.ChoiceField(choices=Reason.choices, allow_null=True)
    message = serializers.CharField(
        help_text=gettext_lazy(
            "The reason, or what it waits for, in words, in the language of Accept-Language"
        )
    )
    needs_person = serializers.BooleanField(
        help_text=gettext_lazy(
            "The answer was lost and asking has not helped: somebody decides in the back office"
        )
    )
    gateway_message = serializers.CharField(
        help_text=gettext_lazy("The gateway's own words, verbatim")
    )
    product = DealSerializer(allow_null=True)
    order_id = serializers.CharField(
        help_text=gettext_lazy("Up to 19 digits and more than JavaScript's numbers hold: a string")
    )
    code_tail = serializers.CharField(help_text=gettext_lazy("The last four digits of the code"))
    inferred = serializers.BooleanField(
        help_text=gettext_lazy("Known by asking afterwards, because the answer was lost")
    )
    queue = QueueSerializer(allow_null=True)
    requested_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)
    duplicate_of = DuplicateSerializer(
        required=False,
        help_text=gettext_lazy("Only with already_used: the merchant's own earlier verification"),
    )

    def get_reason(self, row: Verification) -> str | None:
        return row.reason or None

    def get_message(self, row: Verification) -> str:
        return verification_message(row, self._place_of(row))

    def get_product(self, row: Verification) -> dict[str, Any] | None:
        return deal_of(row, row.product, row.value)

    def get_queue(self, row: Verification) -> dict[str, int | None] | None:
        return queue_of(self._place_of(row))

    def get_duplicate_of(self, row: Verification) -> dict[str, Any] | None:
        if row.duplicate_of is None:
            return None
        return DuplicateSerializer(context=self.context).to_representation(row.duplicate_of)

    def _place_of(self, row: Verification) -> PlaceInLine | None:
        places: Mapping[int, PlaceInLine | None] = self.context["places"]
        return places.get(row.pk)


# Context: the `product` of our list, and the `place` in line.
class LookupSerializer(AnswerSerializer):
    id = serializers.IntegerField()
    store = serializers.IntegerField(source="store_id")
    status = serializers.ChoiceField(choices=Lookup.Status.choices)
    unused = serializers.BooleanField(
        source="is_unused", allow_null=True, help_text=gettext_lazy("null while nothing is known")
    )
    reason = serializers.ChoiceField(choices=Reason.choices, allow_null=True)
    message = serializers.CharField()
    gateway_message = serializers.CharField()
    product = DealSerializer(allow_null=True)
    order_id = serializers.CharField()
    code_tail = serializers.CharField()
    queue = QueueSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)

    def get_reason(self, row: Lookup) -> str | None:
        return row.reason or None

    def get_message(self, row: Lookup) -> str:
        return message_of(row.reason, self.context["place"])

    def get_product(self, row: Lookup) -> dict[str, Any] | None:
        return deal_of(row, self.context["product"], row.price)

    def get_queue(self, row: Lookup) -> dict[str, int | None] | None:
        return queue_of(self.context["place"])


def represent_verification(
    row: Verification, place: PlaceInLine | None, access: Access
) -> dict[str, Any]:
    """Returns the JSON of one verification with its place in line, for a reader with this
    access.
    """
    context = {"access": access, "places": {row.pk: place}}
    return VerificationSerializer(context=context).to_representation(row)


def verification_message(row: Verification, place: PlaceInLine | None = None) -> str:
    if row.unclear:
        return str(row.unclear.staff)
    return message_of(row.reason, place)


def message_of(reason: str, place: PlaceInLine | None = None) -> str:
    """Returns the reason, or the cause of waiting, in the reader's language."""
    if place and place.is_held_up:
        return str(HELD_UP.staff)
    return str(TEXTS[reason].staff) if reason else ""


def queue_of(place: PlaceInLine | None) -> dict[str, int | None] | None:
    if place is None:
        return None
    return {"position": place.position, "seconds": place.seconds}


def deal_of(
    row: Verification | Lookup, product: Product | None, price: Decimal | None
) -> dict[str, Any] | None:
    """Returns the deal with our name for it, or else with the gateway's; None while nothing is
    known.
    """
    if product:
        price = product.price if price is None else price
        return {"sku_id": product.sku_id, "name": product.name, "price": yuan_json(price)}
    if not row.sku_id:
        return None
    return {"sku_id": row.sku_id, "name": row.sku_name, "price": yuan_json(price)}
