"""The back office: its sign-in, its content policy, and the admins that it takes."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.admin import ModelAdmin
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from unfold.sites import UnfoldAdminSite

from stores.tenancy import access_of

THIRD_PARTIES = ("django.", "django_q.")


class BackOffice(UnfoldAdminSite):
    """Lets people with an active role at a merchant sign in.

    ScopedAdmin decides what they may do.
    """

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not (user.is_active and getattr(user, "is_staff", False)):
            return False
        access = access_of(user)
        return access.everything or bool(access.roles)

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Takes only admins that scope their rows: others would show every merchant's rows."""
        from stores.backoffice.base import ScopedAdmin

        admin_class = admin_class or ModelAdmin
        if issubclass(admin_class, ScopedAdmin):
            super().register(model_or_iterable, admin_class, **options)
        elif not admin_class.__module__.startswith(THIRD_PARTIES):
            raise ImproperlyConfigured(
                f"{admin_class.__name__} must be a stores.backoffice.base.ScopedAdmin"
            )

    def admin_view(
        self, view: Callable[..., HttpResponse], cacheable: bool = False
    ) -> Callable[..., HttpResponse]:
        return _with_admin_policy(super().admin_view(view, cacheable))

    @method_decorator(sensitive_post_parameters())
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return _with_admin_policy(super().login)(request, extra_context)


def _with_admin_policy(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Relaxes the content policy for the admin: Alpine, used by unfold, evaluates expressions."""

    def wrapped(*args: Any, **kwargs: Any) -> HttpResponse:
        response = view(*args, **kwargs)
        response._csp_update = settings.ADMIN_CSP  # type: ignore[attr-defined]
        return response

    return wrapped
