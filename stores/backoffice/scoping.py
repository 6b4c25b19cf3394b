"""Whose rows a person sees in the back office, and with which permission."""

from typing import Any, Literal

from django.db import models
from django.http import HttpRequest

from stores.tenancy import Access, TenantQuerySet, access_of

# A permission of some role, OPERATOR for platform operators only, or None for nobody.
OPERATOR: Literal["operator"] = "operator"
Required = str | None


def access_for(request: HttpRequest) -> Access:
    return access_of(request.user)


def visible_to(model: type[models.Model], request: HttpRequest) -> models.QuerySet[Any]:
    """Returns the rows of any model that a person may see; rows of no merchant are for operators
    only.
    """
    rows = model._default_manager.all()
    if isinstance(rows, TenantQuerySet):
        return rows.for_staff(request.user)
    return rows if access_for(request).everything else rows.none()


def where_permitted(
    request: HttpRequest,
    rows: models.QuerySet[Any],
    permission: Required,
    path: str = "merchant",
) -> models.QuerySet[Any]:
    """Of `rows`, those of merchants where the person has the permission; `path` leads to them."""
    access = access_for(request)
    if access.everything:
        return rows
    return rows.filter(**{f"{path}__in": access.merchants_with(permission or "")})
