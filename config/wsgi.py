"""The WSGI application for gunicorn."""

import os
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_django = get_wsgi_application()


class ChunkedBody:
    """A chunked body whose every error is an OSError, which Django takes for a body that ended
    early; gunicorn's own errors of a body in wrong pieces are none.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, *size: int) -> bytes:
        return self._asked(self._stream.read, *size)

    def readline(self, *size: int) -> bytes:
        return self._asked(self._stream.readline, *size)

    @staticmethod
    def _asked(reader: Any, *size: int) -> bytes:
        try:
            content: bytes = reader(*size)
        except OSError:
            raise
        except Exception as error:
            raise OSError(f"the body cannot be read: {error}") from error
        return content


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Gives Django the length of a chunked body, which it would not read otherwise."""
    if (
        "CONTENT_LENGTH" not in environ
        and "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    ):
        environ["CONTENT_LENGTH"] = str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        environ["wsgi.input"] = ChunkedBody(environ["wsgi.input"])
    return _django(environ, start_response)
