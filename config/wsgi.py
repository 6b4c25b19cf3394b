"""The WSGI application for gunicorn."""

import os
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Gives Django the length of a chunked body, which it would not read otherwise."""
    if (
        "CONTENT_LENGTH" not in environ
        and "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    ):
        environ["CONTENT_LENGTH"] = str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    return _django(environ, start_response)
