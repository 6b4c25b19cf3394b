import re
import secrets
from typing import Any

from django.contrib.auth.models import User
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from stores.roles import Role
from stores.tenancy import Access, MerchantQuerySet, TenantQuerySet
from stores.text import plain

# What parts two numbers, or a number and its extension, in one field.
_NEXT_NUMBER = re.compile("[/,;、|或转]|ext|\\bor\\b", re.IGNORECASE)
_SHORTEST_NUMBER = 3


class Merchant(models.Model):
    """A business (商家): the tenant. Everything else belongs to exactly one."""

    name = models.CharField(_("name"), max_length=100)
    is_active = models.BooleanField(_("active"), default=True)
    personal_data_days = models.PositiveIntegerField(
        _("days until personal data is removed"),
        default=90,
        # A hundred years: beyond the calendar, the removal would fail for every merchant.
        validators=[MaxValueValidator(36_500)],
        help_text=_(
            "Names, phone numbers and certificates of visitors are removed this many days after "
            "their visit."
        ),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = MerchantQuerySet.as_manager()

    class Tenancy:
        merchant = "pk"

    class Meta:
        verbose_name = _("merchant")
        verbose_name_plural = _("merchants")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class StoreQuerySet(TenantQuerySet["Store"]):
    def ids_for(self, actor: Any) -> list[int]:
        """The primary keys of the stores that the actor may see.

        A query of a store's rows by time names the stores as values: with a join instead, the
        databases cannot know how rare a merchant's rows are, and do not read the index.
        """
        return list(self.for_staff(actor).order_by().values_list("pk", flat=True))


def guest_slug() -> str:
    return secrets.token_urlsafe(9)


class Store(models.Model):
    """One shop (门店) of a merchant."""

    class Trade(models.TextChoices):
        CHESS = "chess", _("Chess and card room")
        BILLIARDS = "billiards", _("Billiard hall")
        GYM = "gym", _("Gym")
        CAT_CAFE = "cat_cafe", _("Cat café")
        PET_SHOP = "pet_shop", _("Pet shop")
        COURT = "court", _("Sports court")
        OTHER = "other", _("Other")

    merchant = models.ForeignKey(
        Merchant, models.PROTECT, related_name="stores", verbose_name=_("merchant")
    )
    name = models.CharField(_("name"), max_length=100)
    trade = models.CharField(_("trade"), max_length=20, choices=Trade, default=Trade.OTHER)
    address = models.CharField(_("address"), max_length=200, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    guest_slug = models.CharField(
        _("guest page code"), max_length=32, unique=True, default=guest_slug, editable=False
    )
    guest_page_open = models.BooleanField(_("guest page open"), default=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = StoreQuerySet.as_manager()

    class Tenancy:
        store = "pk"

    class Meta:
        verbose_name = _("store")
        verbose_name_plural = _("stores")
        ordering = ["merchant_id", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def tel(self) -> str:
        """The first telephone number as a link calls it; "" when there is none."""
        first = _NEXT_NUMBER.split(plain(self.phone))[0]
        number = ("+" if first.startswith("+") else "") + re.sub("[^0-9]", "", first)
        return number if len(number) >= _SHORTEST_NUMBER else ""


class StaffQuerySet(TenantQuerySet["Staff"]):
    def access(self) -> Access:
        """Returns what the memberships of one user give together."""
        active = self.filter(is_active=True, merchant__is_active=True).prefetch_related("stores")
        roles = tuple((member.merchant_id, member.role) for member in active)
        whole = frozenset(merchant for merchant, role in roles if role == Role.OWNER)
        stores = frozenset(
            pk for member in active if member.role != Role.OWNER for pk in member.own_store_ids
        )
        owes = any(member.password_is_given for member in active)
        return Access(merchants=whole, stores=stores, roles=roles, owes_password=owes)


class Staff(models.Model):
    """A user's role at a merchant; an owner reaches all stores, the others the stores listed."""

    user = models.ForeignKey(
        User, models.CASCADE, related_name="memberships", verbose_name=_("user")
    )
    merchant = models.ForeignKey(
        Merchant, models.CASCADE, related_name="staff", verbose_name=_("merchant")
    )
    role = models.CharField(
        _("role"),
        max_length=10,
        choices=[(Role.OWNER, _("Owner")), (Role.MANAGER, _("Manager")), (Role.CLERK, _("Clerk"))],
        default=Role.CLERK,
    )
    stores = models.ManyToManyField(
        Store, blank=True, related_name="staff", verbose_name=_("stores")
    )
    is_active = models.BooleanField(_("active"), default=True)
    password_is_given = models.BooleanField(default=False, editable=False)

    objects = StaffQuerySet.as_manager()

    class Tenancy:
        store = None

    class Meta:
        verbose_name = _("staff member")
        verbose_name_plural = _("staff")
        ordering = ["merchant_id", "user__username"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "merchant"], name="one_role_per_user_and_merchant"
            )
        ]

    @property
    def own_store_ids(self) -> list[int]:
        """The member's stores; a store of another merchant, listed by mistake, gives no access."""
        return [store.pk for store in self.stores.all() if store.merchant_id == self.merchant_id]

    def __str__(self) -> str:
        return f"{self.user.get_full_name() or self.user.username} ({self.get_role_display()})"
