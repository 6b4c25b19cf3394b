"""Roles of a merchant's people, and which permissions each role has. Imports nothing of ours."""

from django.db import models


class Role(models.TextChoices):
    OWNER = "owner"
    MANAGER = "manager"
    CLERK = "clerk"


class Permission(models.TextChoices):
    """The permissions that every domain shares; a domain adds its own (`Domain.permissions`)."""

    VIEW = "view"
    VERIFY = "verify"
    EXPORT = "export"
    SETTLE = "settle"
    MANAGE_STORES = "manage_stores"
    MANAGE_STAFF = "manage_staff"
    MANAGE_CONNECTIONS = "manage_connections"
    VIEW_AUDIT = "view_audit"
    VIEW_PERSONAL = "view_personal"


ROLE_PERMISSIONS: dict[str, frozenset[str]] = {
    Role.CLERK: frozenset({Permission.VIEW, Permission.VERIFY}),
    Role.MANAGER: frozenset(
        {
            Permission.VIEW,
            Permission.VERIFY,
            Permission.EXPORT,
            Permission.SETTLE,
            Permission.MANAGE_STORES,
            Permission.VIEW_PERSONAL,
        }
    ),
    Role.OWNER: frozenset(Permission),
}
