"""The back office: its sign-in, its content policy, and the admins that it takes."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, cast

from django.conf import settings
from django.contrib.admin import ModelAdmin
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from unfold.sites import UnfoldAdminSite

from stores.tenancy import access_of

# Where a person gets who must change a password first.
OPEN_TO_ALL = ("login", "logout", "password_change", "password_change_done", "jsi18n")
THIRD_PARTIES = ("django.", "django_q.")


class BackOffice(UnfoldAdminSite):
    """Lets people with an active role at a merchant sign in.

    ScopedAdmin decides what they may do.
    """

    # What stands in place of an empty value, on every page.
    empty_value_display = "–"

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

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Lists the tables of an app on its own page only: the menu of all pages is ours, and 170
        permissions would be asked for each of them.
        """
        return super().get_app_list(request, app_label) if app_label else []

    def _get_is_tab_active(self, *_of_a_menu: object) -> bool:
        """Our menu says itself what is active. Unfold would compare each entry with each tab: a
        quarter of a page's time.
        """
        return False

    def extra_urls(self) -> list[URLPattern]:
        """The pages that belong to no table; unfold asks for them."""
        from stores.backoffice import own_pages

        return [
            path("todo/", self.admin_view(own_pages.todo), name="todo"),
            path("me/", self.admin_view(own_pages.me), name="me"),
            path("find/", self.admin_view(own_pages.find), name="find"),
            path("viewing/", self.admin_view(own_pages.viewing), name="viewing"),
        ]

    def admin_view(
        self, view: Callable[..., HttpResponse], cacheable: bool = False
    ) -> Callable[..., HttpResponse]:
        guarded = _with_admin_policy(super().admin_view(view, cacheable))

        def after_the_password(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            match = request.resolver_match
            is_open = match is not None and match.url_name in OPEN_TO_ALL
            if access_of(request.user).owes_password and not is_open:
                return HttpResponseRedirect(reverse("admin:password_change"))
            return guarded(request, *args, **kwargs)

        return update_wrapper(after_the_password, view)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's page with our form; unfold's names its own form and takes no other."""
        from stores.backoffice.signin import OwnPasswordForm

        owes = access_of(request.user).owes_password
        told = {"owes_password": owes} | self.each_context(request) | (extra_context or {})
        request.current_app = self.name
        view = PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=reverse("admin:password_change_done"),
            extra_context=told,
            template_name="stores/backoffice/own_password.html",
        )
        return cast(HttpResponse, view(request))

    @method_decorator(sensitive_post_parameters())
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Unfold's way to the site would lead back to this page.
        context = {"site_url": ""} | (extra_context or {})
        answer = _with_admin_policy(super().login)(request, context)
        starts = reverse("admin:index"), reverse("home")
        leads_there = answer.status_code == 302 and answer["Location"] in starts
        if leads_there and access_of(request.user).is_clerk:
            answer["Location"] = reverse("counter")
        return answer


def _with_admin_policy(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Relaxes the content policy for the admin: Alpine, used by unfold, evaluates expressions."""

    def wrapped(*args: Any, **kwargs: Any) -> HttpResponse:
        response = view(*args, **kwargs)
        response._csp_update = settings.ADMIN_CSP  # type: ignore[attr-defined]
        return response

    return wrapped
