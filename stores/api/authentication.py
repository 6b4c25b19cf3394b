"""API keys: `Authorization: Bearer <key>`, scoped, and limited in rate per key and per address."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from stores.api.problems import Problem, needs_one_of
from stores.fields import keyed_hash
from stores.models import ApiKey, prepared
from stores.web.addresses import client_network
from stores.web.limits import Limit, if_not_busy, take
from stores.web.problems import titles

if TYPE_CHECKING:
    from rest_framework.views import APIView

WRONG_KEYS = Limit("api-wrong-key", 30, 60)
LAST_USED_EVERY = timedelta(minutes=5)


class ApiKeyAuthentication(BaseAuthentication):
    """Sets request.user and request.auth to the ApiKey; tenancy.for_staff takes either."""

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        key = find_key(secret.strip())
        if key is None:
            self._wrong_key(request)
            raise AuthenticationFailed()
        self._note_use(key)
        return key, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    @staticmethod
    def _wrong_key(request: Request) -> None:
        taken = take(WRONG_KEYS, client_network(request._request))
        if not taken.allowed:
            raise Problem(
                "too_many_tries",
                titles()["too_many_tries"],
                status=429,
                retry_after=taken.retry_after,
            )

    @staticmethod
    def _note_use(key: ApiKey) -> None:
        now = timezone.now()
        if key.last_used_at is None or now - key.last_used_at > LAST_USED_EVERY:
            with if_not_busy():
                ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)


def find_key(secret: str) -> ApiKey | None:
    """Returns the active key with this secret, of an active merchant."""
    return prepared.API_KEY.one(digest=keyed_hash(secret)) if secret.isascii() else None


class HasScope(BasePermission):
    """Answers 403 unless the key has one of the scopes that the view names per method in
    `scopes`; the answer names them.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not isinstance(request.auth, ApiKey):
            return False
        if request.method not in view.allowed_methods:
            # The view answers 405.
            return True
        method = "GET" if request.method == "HEAD" else request.method
        needed = getattr(view, "scopes", {}).get(method, ())
        if not any(scope in request.auth.scopes for scope in needed):
            raise Problem("forbidden", needs_one_of(needed), status=403)
        return True


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "stores.api.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": _(
                "A key of the merchant's own systems, made in the back office and shown once: "
                "`zg_…`"
            ),
        }
