"""Access to rows.

`for_staff` is the only place that scopes rows; admin, API and pages all use it.
"""

from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from django.db import models
from django.db.models import Q

from stores.domains import role_permissions
from stores.roles import Permission, Role

# What an operator is not shown who views a merchant as its owner does.
HIDDEN_FROM_VIEWERS = frozenset({Permission.VIEW_PERSONAL})

Row = TypeVar("Row", bound=models.Model, covariant=True)


@dataclass(frozen=True)
class Access:
    """The rows that an actor reaches: everything, whole merchants, or single stores of
    merchants.
    """

    everything: bool = False
    merchants: frozenset[int] = frozenset()
    stores: frozenset[int] = frozenset()
    roles: tuple[tuple[int, str], ...] = ()
    # Somebody else chose the password: the first thing that the person does is to change it.
    owes_password: bool = False
    # An operator views the merchant as its owner does (stores/web/viewing.py).
    is_viewing: bool = False

    @classmethod
    def of_viewer(cls, merchant_id: int) -> "Access":
        """The access of the merchant's owner, for an operator who views it."""
        return cls(
            merchants=frozenset({merchant_id}),
            roles=((merchant_id, Role.OWNER),),
            is_viewing=True,
        )

    @property
    def merchants_in_part(self) -> frozenset[int]:
        """The merchants that the actor belongs to, wholly or for some stores only."""
        return self.merchants | {merchant for merchant, _ in self.roles}

    @property
    def is_clerk(self) -> bool:
        """Whether all that the actor does is the work of a clerk."""
        roles = {role for _merchant, role in self.roles}
        return not self.everything and roles == {Role.CLERK}

    def allows(self, *, merchant_id: int, store_id: int) -> bool:
        """Returns whether for_staff would find this store; for a store that was read already."""
        return self.everything or merchant_id in self.merchants or store_id in self.stores

    def merchants_with(self, permission: str) -> frozenset[int]:
        """The merchants that the actor belongs to with a role that has the permission."""
        return frozenset(m for m in self.merchants_in_part if self.has_permission(permission, m))

    def has_permission(self, permission: str, merchant_id: int | None = None) -> bool:
        """Returns whether a role of the actor (at that merchant, when given) has the permission."""
        if self.everything:
            return True
        if self.is_viewing and permission in HIDDEN_FROM_VIEWERS:
            return False
        return any(
            permission in role_permissions(role)
            for merchant, role in self.roles
            if merchant_id in (None, merchant)
        )


def access_of(actor: Any) -> Access:
    """Returns the access of a user or an API key, computed once per object (one request)."""
    known: Access | None = getattr(actor, "_access", None)
    if known is None:
        known = actor._access = _access_of(actor)
    return known


def _access_of(actor: Any) -> Access:
    """The actor knows its own rows: a key has `access()`, a user has memberships that have it."""
    if hasattr(actor, "access"):
        access: Access = actor.access()
        return access
    if not actor.is_authenticated or not actor.is_active:
        return Access()
    if actor.is_superuser:
        viewed: int | None = getattr(actor, "viewed_merchant_id", None)
        return Access.of_viewer(viewed) if viewed else Access(everything=True)
    memberships: Access = actor.memberships.access()
    return memberships


def has_permission(actor: Any, permission: str, merchant_id: int | None = None) -> bool:
    return access_of(actor).has_permission(permission, merchant_id)


class TenantQuerySet(models.QuerySet[Row], Generic[Row]):
    """Rows that belong to a merchant, and to a store where the model says so.

    `class Tenancy` of a model names the lookups that lead there: `merchant` ("merchant" where it
    is not given) and `store` ("store" where it is not given, None for rows of no store).
    """

    @property
    def merchant_path(self) -> str:
        return getattr(self._tenancy, "merchant", "merchant")

    @property
    def store_path(self) -> str | None:
        return getattr(self._tenancy, "store", "store")

    @property
    def _tenancy(self) -> object:
        return getattr(self.model, "Tenancy", None)

    def one(self) -> Row | None:
        """Returns the row of a query that finds at most one. Unlike first() it sorts nothing."""
        return next(iter(self.order_by()), None)

    def by_index(self, condition: Q) -> Self:
        """Returns the rows that meet a condition made of Literals, found by its partial index.

        SQLite would otherwise prefer the index of the merchant or store.
        """
        found = self.model._default_manager.filter(condition).order_by().values("pk")
        return self.filter(pk__in=found)

    def for_staff(self, actor: Any) -> Self:
        """Returns the rows that this user or API key may see; rows without a store need the whole
        merchant.
        """
        access = access_of(actor)
        if access.everything:
            return self
        seen = Q(**{f"{self.merchant_path}__in": access.merchants})
        if self.store_path and access.stores:
            seen |= Q(**{f"{self.store_path}__in": access.stores})
        return self.filter(seen)


class MerchantQuerySet(TenantQuerySet[Row]):
    """Rows that all people of a merchant may see, whatever their stores."""

    def for_staff(self, actor: Any) -> Self:
        access = access_of(actor)
        return (
            self
            if access.everything
            else self.filter(**{f"{self.merchant_path}__in": access.merchants_in_part})
        )
