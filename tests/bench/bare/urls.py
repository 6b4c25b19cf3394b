import hashlib
import hmac
import os
from typing import Any

from django.conf import settings
from django.urls import path
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.bench.bare.models import Note

KEY_DIGEST = os.environ["BARE_KEY_DIGEST"]


class Notes(APIView):
    """Checks the same header in the same way as our API, inserts one row, reads one row."""

    def post(self, request: Request) -> Response:
        secret = request.headers.get("Authorization", "").removeprefix("Bearer ")
        digest = hmac.new(settings.HASH_KEY.encode(), secret.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(digest, KEY_DIGEST):
            raise PermissionDenied
        given: dict[str, Any] = request.data  # type: ignore[assignment]
        written = Note._default_manager.create(code=given["code"])
        row = Note._default_manager.get(pk=written.pk)
        return Response({"id": row.pk, "code": row.code, "created_at": row.created_at}, status=201)


urlpatterns = [path("notes/", Notes.as_view())]
