"""Who may see and do what. `for_staff` is the only place that scopes rows; admin, API and pages all go through it."""

from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

from django.db import models
from django.db.models import Q

Row = TypeVar("Row", bound=models.Model, covariant=True)


class Role(models.TextChoices):
    OWNER = "owner"
    MANAGER = "manager"
    CLERK = "clerk"


class Permission(models.TextChoices):
    """What a person does; ROLE_PERMISSIONS says which role may."""

    VIEW = "view"
    VERIFY = "verify"
    EXPORT = "export"
    SETTLE = "settle"
    MANAGE_STORES = "manage_stores"
    MANAGE_STAFF = "manage_staff"
    MANAGE_CONNECTIONS = "manage_connections"
    VIEW_AUDIT = "view_audit"
    VIEW_PERSONAL = "view_personal"
    # Manages ticket products and their stock, and decides refunds.
    SELL = "sell"


ROLE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.CLERK: frozenset({Permission.VIEW, Permission.VERIFY}),
    Role.MANAGER: frozenset(
        {
            Permission.VIEW,
            Permission.VERIFY,
            Permission.EXPORT,
            Permission.SETTLE,
            Permission.MANAGE_STORES,
            Permission.VIEW_PERSONAL,
            Permission.SELL,
        }
    ),
    Role.OWNER: frozenset(Permission),
}


@dataclass(frozen=True)
class Access:
    """What an actor reaches: everything, whole merchants, or single stores of merchants."""

    everything: bool = False
    merchants: frozenset[int] = frozenset()
    stores: frozenset[int] = frozenset()
    roles: tuple[tuple[int, str], ...] = ()

    @property
    def merchants_in_part(self) -> frozenset[int]:
        """Merchants that the actor belongs to, wholly or for some stores only."""
        return self.merchants | {merchant for merchant, _ in self.roles}

    def allows(self, *, merchant_id: int, store_id: int) -> bool:
        """Whether for_staff would find this store: for one that was read already."""
        return self.everything or merchant_id in self.merchants or store_id in self.stores

    def has_permission(self, verb: Permission, merchant_id: int | None = None) -> bool:
        """Whether some role of the actor (at that merchant, when given) includes the verb."""
        if self.everything:
            return True
        return any(
            verb in ROLE_PERMISSIONS[role]
            for merchant, role in self.roles
            if merchant_id in (None, merchant)
        )


def access_of(actor: Any) -> Access:
    """Computed once per user or key object, which lives for one request."""
    known: Access | None = getattr(actor, "_reach", None)
    if known is None:
        known = actor._reach = _reach_of(actor)
    return known


def _reach_of(actor: Any) -> Access:
    from stores.models import ApiKey, Staff

    if isinstance(actor, ApiKey):
        if not actor.limited_to_stores:
            return Access(merchants=frozenset({actor.merchant_id}))
        own = actor.stores.filter(merchant_id=actor.merchant_id).values_list("pk", flat=True)
        return Access(stores=frozenset(own))
    if not actor.is_authenticated or not actor.is_active:
        return Access()
    if actor.is_superuser:
        return Access(everything=True)
    memberships = Staff.objects.filter(
        user=actor, is_active=True, merchant__is_active=True
    ).prefetch_related("stores")
    roles = tuple((member.merchant_id, member.role) for member in memberships)
    whole = frozenset(merchant for merchant, role in roles if role == Role.OWNER)
    stores = frozenset(
        pk for member in memberships if member.role != Role.OWNER for pk in _stores_of(member)
    )
    return Access(merchants=whole, stores=stores, roles=roles)


def _stores_of(member: Any) -> list[int]:
    """The member's stores; one of another merchant, listed by mistake, gives nobody access."""
    return [store.pk for store in member.stores.all() if store.merchant_id == member.merchant_id]


def has_permission(actor: Any, verb: Permission, merchant_id: int | None = None) -> bool:
    return access_of(actor).has_permission(verb, merchant_id)


class TenantQuerySet(models.QuerySet[Row], Generic[Row]):
    """Rows that belong to a merchant. Subclasses name the lookups that lead to the merchant and, if any, the store."""

    merchant_path: ClassVar[str] = "merchant"
    store_path: ClassVar[str | None] = "store"

    def one(self) -> Row | None:
        """The row of a query that finds at most one. Unlike first() it has nothing sorted."""
        return next(iter(self.order_by()), None)

    def by_index(self, condition: Q) -> Self:
        """The rows that meet a condition made of Literals, found by the partial index that has it.

        SQLite would otherwise prefer the index of the merchant or store.
        """
        found = self.model._default_manager.filter(condition).order_by().values("pk")
        return self.filter(pk__in=found)

    def for_staff(self, actor: Any) -> Self:
        """The rows that this user or API key may see; those of no store need the whole merchant."""
        access = access_of(actor)
        if access.everything:
            return self
        seen = Q(**{f"{self.merchant_path}__in": access.merchants})
        if self.store_path and access.stores:
            seen |= Q(**{f"{self.store_path}__in": access.stores})
        return self.filter(seen)


class MerchantQuerySet(TenantQuerySet[Row]):
    """Rows that everybody of a merchant may see, whatever their stores."""

    store_path = None

    def for_staff(self, actor: Any) -> Self:
        access = access_of(actor)
        return (
            self
            if access.everything
            else self.filter(**{f"{self.merchant_path}__in": access.merchants_in_part})
        )
