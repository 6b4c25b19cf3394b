"""The API's views: check the request, call a service, return its result."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from coupons import services
from coupons.api import schema
from coupons.api.inputs import VerificationFilter, code_in, codes_in
from coupons.api.shown import (
    batch_shown,
    lookup_shown,
    product_shown,
    store_shown,
    verification_shown,
)
from coupons.api.stores import store_with_gateway
from coupons.choices import LOOKUP, VERIFY
from coupons.models import Batch, Channel, Lookup, Product, Verification
from stores.api.inputs import ListFilter
from stores.api.paging import Pages, PagesById
from stores.api.views import ApiView
from stores.models import ApiKey, Store
from stores.tenancy import Access, access_of

READ = ApiKey.Scope.READ


def flow_of(key: ApiKey) -> str:
    return f"key:{key.pk}"


class Stores(ApiView):
    scopes = {"GET": (READ,)}
    pagination_class = PagesById

    @schema.LIST_STORES
    def get(self, request: Request) -> Response:
        self.asked_for(ListFilter)
        stores = Store.objects.for_staff(self.key).filter(is_active=True).select_related("gateway")
        pages = PagesById()
        rows = pages.paginate_queryset(stores, request) or ()
        return pages.get_paginated_response([store_shown(row) for row in rows])


class Products(ApiView):
    scopes = {"GET": (READ,)}
    pagination_class = PagesById

    @schema.LIST_PRODUCTS
    def get(self, request: Request, store_id: int) -> Response:
        self.asked_for(ListFilter)
        products = Product.objects.filter(store=self.store(store_id))
        pages = PagesById()
        rows = pages.paginate_queryset(products, request) or ()
        return pages.get_paginated_response([product_shown(row) for row in rows])


class Lookups(ApiView):
    scopes = {"POST": (LOOKUP,)}
    parameters = ("wait",)

    @schema.CREATE_LOOKUP
    def post(self, request: Request, store_id: int) -> Response:
        store, wait = self.store(store_id), self.wait_seconds()
        row = services.lookup_request(
            store=store, code=code_in(request.data), channel=Channel.API, flow=flow_of(self.key)
        )
        return lookup_response(services.lookup_process(row, wait=wait, in_background=True))


class LookupDetail(ApiView):
    scopes = {"GET": (LOOKUP, READ)}
    parameters = ("wait",)

    @schema.READ_LOOKUP
    def get(self, request: Request, pk: int) -> Response:
        wait = self.wait_seconds()
        row = Lookup.objects.for_staff(self.key).filter(pk=pk).first()
        if row is None:
            raise NotFound
        if wait:
            services.lookup_process(row, wait=wait, wake=False, in_background=True)
        return lookup_response(row)


def lookup_response(row: Lookup) -> Response:
    product = None
    if row.sku_id:
        product = Product.objects.filter(store_id=row.store_id, sku_id=row.sku_id).first()
    status = 202 if row.status == Lookup.Status.QUEUED else 200
    return Response(lookup_shown(row, product, services.lookup_place(row)), status=status)


class StoreVerifications(ApiView):
    scopes = {"POST": (VERIFY,)}
    parameters = ("wait",)

    @schema.CREATE_VERIFICATION
    def post(self, request: Request, store_id: int) -> Response:
        store, gateway = store_with_gateway(self.key, store_id)
        wait, request_key, code = self.wait_seconds(), self.idempotency_key(), code_in(request.data)
        requested = services.verification_request(
            store=store,
            code=code,
            channel=Channel.API,
            actor=self.key,
            flow=flow_of(self.key),
            request_key=request_key,
            gateway=gateway,
        )
        row = services.verification_process(
            requested.verification, wait=wait, call=requested.call, in_background=True
        )
        return Response(
            verification_shown(row, services.place_of(row, requested.call), access_of(self.key)),
            status=201 if requested.created else 200,
            headers={"Location": reverse("api:verification", args=[row.pk])},
        )


class Verifications(ApiView):
    scopes = {"GET": (READ,)}
    pagination_class = Pages

    @schema.LIST_VERIFICATIONS
    def get(self, request: Request) -> Response:
        pages = Pages()
        rows = pages.paginate_queryset(self._wanted(), request) or []
        return pages.get_paginated_response(list(verifications_shown(rows, access_of(self.key))))

    def _wanted(self) -> QuerySet[Verification]:
        given = self.asked_for(VerificationFilter)
        lookups = {
            "created_after": "created_at__gte",
            "created_before": "created_at__lt",
            "settled_after": "settled_at__gte",
            "status": "status__in",
            "reason": "reason",
        }
        rows = Verification.objects.filter(store_id__in=self.store_ids(given.get("store")))
        rows = rows.filter(
            **{lookups[name]: value for name, value in given.items() if name in lookups}
        )
        return shown_rows(rows)


def shown_rows(rows: QuerySet[Verification]) -> QuerySet[Verification]:
    """Reads the fields of the JSON, but not the codes, which would be decrypted without need."""
    return rows.select_related("product", "duplicate_of__store").defer("code", "duplicate_of__code")


def verifications_shown(rows: Iterable[Verification], access: Access) -> Iterable[dict[str, Any]]:
    places = services.places_of(rows)
    return (verification_shown(row, places.get(row.pk), access) for row in rows)


class VerificationDetail(ApiView):
    scopes = {"GET": (READ, VERIFY)}
    parameters = ("wait",)

    @schema.READ_VERIFICATION
    def get(self, request: Request, pk: int) -> Response:
        wait = self.wait_seconds()
        row = shown_rows(Verification.objects.for_staff(self.key).filter(pk=pk)).first()
        if row is None:
            raise NotFound
        if wait:
            services.verification_process(row, wait=wait, wake=False, in_background=True)
        return Response(verification_shown(row, services.place_of(row), access_of(self.key)))


class Batches(ApiView):
    scopes = {"POST": (VERIFY,)}

    @schema.CREATE_BATCH
    def post(self, request: Request, store_id: int) -> Response:
        store, request_key, raw_codes = (
            self.store(store_id),
            self.idempotency_key(),
            codes_in(request.data),
        )
        batch, created = services.batch_request(
            store=store, raw_codes=raw_codes, actor=self.key, request_key=request_key
        )
        return Response(
            batch_shown(batch),
            status=201 if created else 200,
            headers={"Location": reverse("api:verification-batch", args=[batch.pk])},
        )


class BatchDetail(ApiView):
    scopes = {"GET": (READ, VERIFY)}

    @schema.READ_BATCH
    def get(self, request: Request, pk: int) -> Response:
        batch = Batch.objects.for_staff(self.key).filter(pk=pk).first()
        if batch is None:
            raise NotFound
        return Response(batch_shown(batch))
