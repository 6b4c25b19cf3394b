"""The API's views: check the request, call a service, return the row."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from coupons import services
from coupons.api import schema
from coupons.api.batch_serializers import BatchSerializer, batch_report
from coupons.api.serializers import (
    CodeBody,
    CodesBody,
    LookupSerializer,
    ProductSerializer,
    StoreSerializer,
    VerificationFilter,
    VerificationSerializer,
    represent_verification,
)
from coupons.api.stores import store_with_gateway
from coupons.choices import LOOKUP, VERIFY
from coupons.models import Batch, Channel, Lookup, Product, Verification
from stores.api.paging import PagesById
from stores.api.views import ApiDetail, ApiList, ApiView
from stores.models import ApiKey, Store
from stores.tenancy import access_of

READ = ApiKey.Scope.READ


def flow_of(key: ApiKey) -> str:
    return f"key:{key.pk}"


@extend_schema_view(get=schema.LIST_STORES)
class Stores(ApiList):
    scopes = {"GET": (READ,)}
    pagination_class = PagesById
    serializer = StoreSerializer

    def rows(self, given: dict[str, Any]) -> QuerySet[Store]:
        return Store.objects.for_staff(self.key).filter(is_active=True).select_related("gateway")


@extend_schema_view(get=schema.LIST_PRODUCTS)
class Products(ApiList):
    scopes = {"GET": (READ,)}
    pagination_class = PagesById
    serializer = ProductSerializer

    def rows(self, given: dict[str, Any]) -> QuerySet[Product]:
        return Product.objects.filter(store=self.store(self.kwargs["store_id"]))


class LookupView(ApiView):
    parameters = ("wait",)

    def answer(self, row: Lookup) -> Response:
        products = Product.objects.filter(store_id=row.store_id, sku_id=row.sku_id)
        context = {
            "product": products.first() if row.sku_id else None,
            "place": services.lookup_place(row),
        }
        is_waiting = row.status == Lookup.Status.QUEUED
        return Response(
            LookupSerializer(row, context=context).data, status=202 if is_waiting else 200
        )


class Lookups(LookupView):
    scopes = {"POST": (LOOKUP,)}

    @schema.CREATE_LOOKUP
    def post(self, request: Request, store_id: int) -> Response:
        store, wait = self.store(store_id), self.wait_seconds()
        row = services.lookup_request(
            store=store,
            code=self.body(CodeBody)["code"],
            channel=Channel.API,
            flow=flow_of(self.key),
        )
        return self.answer(services.lookup_process(row, wait=wait, in_background=True))


@extend_schema_view(get=schema.READ_LOOKUP)
class LookupDetail(LookupView, ApiDetail):
    scopes = {"GET": (LOOKUP, READ)}

    def rows(self) -> QuerySet[Lookup]:
        return Lookup.objects.for_staff(self.key)

    def process(self, row: Lookup, wait: float) -> None:
        services.lookup_process(row, wait=wait, wake=False, in_background=True)


class StoreVerifications(ApiView):
    scopes = {"POST": (VERIFY,)}
    parameters = ("wait",)

    @schema.CREATE_VERIFICATION
    def post(self, request: Request, store_id: int) -> Response:
        store, gateway = store_with_gateway(self.key, store_id)
        wait, request_key = self.wait_seconds(), self.idempotency_key()
        requested = services.verification_request(
            store=store,
            code=self.body(CodeBody)["code"],
            channel=Channel.API,
            actor=self.key,
            flow=flow_of(self.key),
            request_key=request_key,
            gateway=gateway,
        )
        row = services.verification_process(
            requested.verification, wait=wait, call=requested.call, in_background=True
        )
        place = services.place_of(row, requested.call)
        return Response(
            represent_verification(row, place, access_of(self.key)),
            status=201 if requested.created else 200,
            headers={"Location": reverse("api:verification", args=[row.pk])},
        )


@extend_schema_view(get=schema.LIST_VERIFICATIONS)
class Verifications(ApiList):
    scopes = {"GET": (READ,)}
    filters = VerificationFilter
    serializer = VerificationSerializer

    def rows(self, given: dict[str, Any]) -> QuerySet[Verification]:
        stores = self.store_ids(given.get("store"))
        return with_shown(Verification.objects.filter(store_id__in=stores))

    def context(self, rows: Sequence[Verification]) -> dict[str, Any]:
        return {"access": access_of(self.key), "places": services.places_of(rows)}


def with_shown(rows: QuerySet[Verification]) -> QuerySet[Verification]:
    """Reads the fields of the JSON, but not the codes, which would be decrypted without need."""
    return rows.select_related("product", "duplicate_of__store").defer("code", "duplicate_of__code")


@extend_schema_view(get=schema.READ_VERIFICATION)
class VerificationDetail(ApiDetail):
    scopes = {"GET": (READ, VERIFY)}
    parameters = ("wait",)

    def rows(self) -> QuerySet[Verification]:
        return with_shown(Verification.objects.for_staff(self.key))

    def process(self, row: Verification, wait: float) -> None:
        services.verification_process(row, wait=wait, wake=False, in_background=True)

    def answer(self, row: Verification) -> Response:
        place = services.place_of(row)
        return Response(represent_verification(row, place, access_of(self.key)))


class Batches(ApiView):
    scopes = {"POST": (VERIFY,)}

    @schema.CREATE_BATCH
    def post(self, request: Request, store_id: int) -> Response:
        store, request_key = self.store(store_id), self.idempotency_key()
        batch, is_new = services.batch_request(
            store=store,
            raw_codes=self.body(CodesBody)["codes"],
            actor=self.key,
            request_key=request_key,
        )
        return Response(
            BatchSerializer(batch_report(batch)).data,
            status=201 if is_new else 200,
            headers={"Location": reverse("api:verification-batch", args=[batch.pk])},
        )


@extend_schema_view(get=schema.READ_BATCH)
class BatchDetail(ApiDetail):
    scopes = {"GET": (READ, VERIFY)}

    def rows(self) -> QuerySet[Batch]:
        return Batch.objects.for_staff(self.key)

    def answer(self, row: Batch) -> Response:
        return Response(BatchSerializer(batch_report(row)).data)
